"""How schedulers look in pictures.

Colours are those of M. Okabe and K. Ito (*Color universal design*, 2002), which people with any
colour vision can tell apart; line styles differ, too.
"""

from __future__ import annotations

from typing import Final

COLOURS: Final = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#E69F00",
    "#000000",
    "#8A8A8A",
)
DASHES: Final[tuple[tuple[float, ...], ...]] = ((), (5, 1.5), (1, 1), (4, 1.2, 1, 1.2))
"""Lengths of strokes and gaps in widths of the line; none for a solid one."""


def colour_of(number: int) -> str:
    """The colour of scheduler ``number``."""
    return COLOURS[number % len(COLOURS)]


def style_of(number: int, styles: int) -> int:
    """Which of so many line styles or markers scheduler ``number`` has: no two of 8 schedulers
    share the colour, and no two of 32 the colour and the style if there are 4 styles."""
    return (number + number // len(COLOURS)) % styles

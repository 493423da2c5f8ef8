"""Performance profiles as coordinates of a drawing, for pages that draw them without matplotlib."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vliwc.lab.results.palette import DASHES, colour_of, style_of
from vliwc.lab.results.profile import Profile, last_factor, round_factors

WIDTH, HEIGHT = 640.0, 260.0
"""Of the plane that the curves lie in, in pixels; texts stand outside."""
STROKE: Final = 2.0


@dataclass(frozen=True)
class Tick:
    """A text at a place of an axis, in pixels from the left or from the top."""

    place: float
    text: str


@dataclass(frozen=True)
class Curve:
    """A profile: ``path`` is data of an SVG path, ``dashes`` its dash array, empty for a solid
    line; ``first`` and ``last`` are the shares at factor 1 and at the right end, in per cent."""

    scheduler: str
    colour: str
    dashes: str
    path: str
    first: float
    last: float


@dataclass(frozen=True)
class Chart:
    """Curves with the ticks of their axes."""

    factors: tuple[Tick, ...]
    shares: tuple[Tick, ...]
    curves: tuple[Curve, ...]
    width: float = WIDTH
    height: float = HEIGHT
    stroke: float = STROKE


def chart(profiles: Sequence[Profile]) -> Chart:
    """Profiles over a logarithmic axis of factors that begins with 1."""
    end = last_factor(profiles)

    def x(factor: float) -> float:
        return WIDTH * math.log(factor) / math.log(end)

    def y(share: float) -> float:
        return HEIGHT * (1 - share)

    curves: list[Curve] = []
    for at, profile in enumerate(profiles):
        path = [f"M{x(1):.1f} {y(profile.shares[0]):.1f}"]
        for ratio, share in zip(profile.ratios[1:], profile.shares[1:], strict=True):
            path.append(f"H{x(ratio):.1f}V{y(share):.1f}")
        path.append(f"H{WIDTH:.1f}")
        dashes = " ".join(f"{STROKE * part:g}" for part in DASHES[style_of(at, len(DASHES))])
        first, last = 100 * profile.shares[0], 100 * profile.shares[-1]
        curves.append(Curve(profile.scheduler, colour_of(at), dashes, "".join(path), first, last))
    return Chart(
        tuple(Tick(x(factor), f"{factor:g}") for factor in round_factors(end)),
        tuple(Tick(y(share / 100), str(share)) for share in (0, 25, 50, 75, 100)),
        tuple(curves),
    )

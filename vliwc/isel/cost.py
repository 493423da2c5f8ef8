"""Engine demand: what operations ask of the engines."""

from __future__ import annotations

from typing import NamedTuple


class Cost(NamedTuple):
    """Vector operations by the engines that can take them.

    ``either``: flow, valu or alu (choices between constants); ``flow``; ``valu`` (multiply_add);
    ``plain``: valu or alu; ``lanes``: alu only; ``loads``: load slots (not vector operations).
    """

    either: int = 0
    flow: int = 0
    valu: int = 0
    plain: int = 0
    lanes: int = 0
    loads: int = 0

    def __add__(self, other: tuple[int, ...]) -> Cost:  # pyright: ignore[reportIncompatibleMethodOverride]
        return Cost(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def operations(self) -> int:
        """Vector operations, wherever they run."""
        return self.either + self.flow + self.valu + self.plain + self.lanes

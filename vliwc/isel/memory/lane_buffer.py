"""A few words of memory through which groups move words from lane to lane.

Where ``store`` is idle, ``vlen`` scalar stores and one ``vload`` move the words of a vector however
its lanes stand, without arithmetic.  All groups of a loop take turns at the same words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vliwc.mir.operation import InGroup, MOp, Operand, Source


@dataclass(frozen=True)
class LaneBuffer:
    """Words of memory, one for each lane, for the groups of loop number ``loop``."""

    loop: int


@dataclass(frozen=True, eq=False)
class Turn:
    """One use of a lane buffer: ``stores`` fill it, each after the one before; ``load`` empties
    it."""

    stores: tuple[MOp, ...]
    load: MOp


@dataclass(frozen=True, eq=False)
class Landed:
    """The words that a record has to choose from as vectors, complete after ``last``."""

    arms: tuple[Operand, Operand]
    last: MOp


def one_after_the_other(
    turns: Iterable[tuple[int, Turn]],
) -> list[tuple[Source, Source, int]]:
    """Order edges: a use fills the buffer when the one before has emptied it, or then."""
    edges: list[tuple[Source, Source, int]] = []
    before: InGroup | None = None
    for group, turn in turns:
        if before is not None:
            edges.append((before, InGroup(group, turn.stores[0]), 0))
        before = InGroup(group, turn.load)
    return edges

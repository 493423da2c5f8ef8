"""Vectors of which a lane or two are done anew.

At the edge of a row a lane reads another word than the one beside its neighbours'.  Read lane by
lane, all words of such a vector take alu, the engine that does one lane a slot.  Instead the whole
vector is computed from the words that stand side by side, wrong in the lanes at the edge, and each
of these is written again by an operation of its own before anything reads the vector.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from vliwc.mir.operation import Form, InGroup, MOp, Operand, PerGroup, Source, operand_sources

MIN_LANES_A_REPAIR = 4
"""At most one lane in so many is done anew: with more there is little left of what that saves."""


class Run(NamedTuple):
    """Words side by side, and the lanes ``elsewhere`` whose word is another one."""

    vector: Operand
    elsewhere: tuple[int, ...]


def longest_run(words: Sequence[Operand], vlen: int) -> Run | None:
    """The vector that has the words of most lanes in place; None if it is not all in one result."""
    starts = Counter((word.source, word.offset - lane) for lane, word in enumerate(words))
    (source, start), _ = max(starts.items(), key=lambda item: item[1])
    if not 0 <= start <= width(source) - vlen:
        return None
    elsewhere = (
        lane
        for lane, word in enumerate(words)
        if (word.source, word.offset - lane) != (source, start)
    )
    return Run(Operand(source, start), tuple(elsewhere))


def width(source: Source) -> int:
    """Scratch words of a result."""
    members = source.members if isinstance(source, PerGroup) else [source]
    return min((m.op.width if isinstance(m, InGroup) else m.width for m in members), default=0)


def repair(
    whole: Operand, lane: int, opcode: str, words: tuple[Operand, Operand], name: str
) -> MOp:
    """Write one lane of ``whole`` anew."""
    form = Form("alu", opcode, words)
    found = MOp(name, (form,), 1, 0, into=whole.source, start=whole.offset + lane)
    found.order.append((whole.source, 1))
    return found


def order_readers(ops: Sequence[MOp], repairs: Mapping[Source, Sequence[MOp]]) -> None:
    """Let what reads a vector wait until its lanes are right."""
    for op in ops:
        for source in operand_sources(op):
            op.order.extend((done, 1) for done in repairs.get(source, ()) if done is not op)

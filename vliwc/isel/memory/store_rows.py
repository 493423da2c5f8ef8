"""Rows of stored words: scattered stores at known addresses that together fill whole vectors.

The words that the stores of a loop (or of the top level) write to neighbouring addresses, in
whatever lanes and groups they are computed, are copied side by side in scratch and stored by one
``vstore``.  So strides, transpositions, reversed orders and records written field by field cost one
slot of the store engine for a vector and one scalar copy for a word, and no address vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vliwc.analysis.lane_words import Words
from vliwc.ir.value import Value
from vliwc.isel.scalar import Uniform
from vliwc.mir.operation import Form, MOp, Operand, Source


class Word(NamedTuple):
    """What iteration ``lane`` of a loop stores by ``store``."""

    store: Value
    lane: int


class Row(NamedTuple):
    """The words of one vector of memory from address ``base`` on."""

    base: int
    words: tuple[Word, ...]


@dataclass(frozen=True, eq=False)
class StoreRows:
    """``stores`` are done by ``rows``, and by nothing else.

    A row that starts before the one before it ends writes the words they share once more.
    """

    stores: frozenset[Value]
    rows: tuple[Row, ...]


def plan_rows(writes: Mapping[Value, Words], vlen: int) -> StoreRows:
    """Rows for those stores all words of which lie in runs of at least ``vlen`` words.

    ``writes`` are the ``(extent,)`` addresses of each store, all of them distinct.
    """
    kept = {value: words.tolist() for value, words in writes.items()}
    while True:
        words = {
            address: Word(value, lane)
            for value, addresses in kept.items()
            for lane, address in enumerate(addresses)
        }
        runs = _runs(words)
        short = {words[at].store for run in runs if len(run) < vlen for at in run}
        if not short:
            break
        kept = {value: addresses for value, addresses in kept.items() if value not in short}
    rows = tuple(
        Row(base, tuple(words[base + k] for k in range(vlen)))
        for run in runs
        for base in _starts(run, vlen)
    )
    return StoreRows(frozenset(kept), rows)


def _runs(addresses: Iterable[int]) -> list[range]:
    """Neighbouring addresses, ascending."""
    found: list[range] = []
    for address in sorted(addresses):
        if found and found[-1].stop == address:
            found[-1] = range(found[-1].start, address + 1)
        else:
            found.append(range(address, address + 1))
    return found


def _starts(run: range, vlen: int) -> list[int]:
    """Where the vectors begin that cover a run; the last two may overlap."""
    starts = list(range(run.start, run.stop - vlen + 1, vlen))
    return starts if len(run) % vlen == 0 else [*starts, run.stop - vlen]


def emit_row(
    uniform: Uniform,
    row: Row,
    operand: Callable[[Word], Operand],
    before: MOp | None,
    written: Sequence[Source] = (),
) -> MOp:
    """The shared operation that stores ``row``, whose words stand where ``operand`` says once the
    operations ``written`` have put them there.

    It comes after ``before``, the store of the row that it overlaps.
    """
    words = [operand(word) for word in row.words]
    first = words[0]
    name = f"row{row.base}"
    copy: MOp | None = None
    if all(word == first for word in words):
        data = uniform.splat(first, name)
    elif all(
        word.source == first.source and word.offset == first.offset + lane
        for lane, word in enumerate(words)
    ):
        data = Operand(first.source, first.offset)
    else:
        lanes = tuple((word, word) for word in words)
        form = Form("alu", "|", scalarised=True, per_lane=lanes)
        copy = uniform.add(MOp(name, (form,), len(words), len(words)))
        data = Operand(copy)
    store = Form("store", "vstore", (uniform.word(row.base), data))
    op = MOp(f"{name}=", (store,), width=0)
    (copy or op).order.extend((source, 1) for source in written)
    if before is not None:
        op.order.append((before, 1))
    return uniform.add(op)

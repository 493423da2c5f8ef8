"""Rows of stored words that the operations of a group write where the row is stored from.

Where the lanes of a group store whole rows, the vectors of their words need not be copied side by
side (:mod:`vliwc.isel.memory.store_rows`): a *buffer* in scratch mirrors the memory words that the
group stores, and what computes a vector writes its lanes there, a stride apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from vliwc.analysis.lane_words import Words
from vliwc.ir.graph import is_uniform
from vliwc.ir.value import Value
from vliwc.isel.group import CONTIGUOUS, Group
from vliwc.isel.memory.store_rows import StoreRows
from vliwc.mir.operation import Form, MOp, Operand, Source


class Lay(NamedTuple):
    """Where a buffer has the words of a store: lane ``k`` writes word ``start + stride * k``."""

    store: Value
    start: int
    stride: int


@dataclass(frozen=True)
class RowBuffer:
    """A buffer of ``words`` words, every one of which is written by one lane of one store."""

    words: int
    lays: tuple[Lay, ...]


@dataclass(frozen=True, eq=False)
class Filled:
    """The operations that write the words of each store in a buffer, and where that is."""

    writers: tuple[MOp, ...]
    vectors: dict[Value, Operand]


def row_buffers(
    rows: Iterable[StoreRows], indices: Mapping[Value, Words], group: int, vlen: int
) -> tuple[RowBuffer, ...]:
    """The buffers of one group of a loop, one for each of the sets of ``rows`` whose words there
    lie side by side; ``indices`` has the ``(extent,)`` words of the index of each store."""
    found: list[RowBuffer] = []
    for each in rows:
        if all(is_uniform(store.args[1]) for store in each.stores):
            continue  # such words are broadcast, or copied once for all groups
        own = {
            s: indices[s.args[0]][group * vlen : (group + 1) * vlen].tolist() for s in each.stores
        }
        lowest = min(min(words) for words in own.values())
        lays: list[Lay] = []
        for store in sorted(own, key=lambda store: store.id):
            words = own[store]
            stride = words[1] - words[0] if len(words) > 1 else 1
            if any(b - a != stride for a, b in zip(words, words[1:], strict=False)):
                break
            lays.append(Lay(store, words[0] - lowest, stride))
        else:
            taken = [word for words in own.values() for word in words]
            if max(taken) - lowest + 1 == len(taken):
                found.append(RowBuffer(len(taken), tuple(lays)))
    return tuple(found)


def fill(group: Group, buffer: RowBuffer, kept: Iterable[Operand]) -> Filled:
    """Let the operations of ``group`` write the words of ``buffer``, or copies of them do where
    others want the vector as it is; ``kept`` are vectors that what comes later reads."""
    writers: list[MOp] = []
    able = _able(group, buffer, {operand.source for operand in kept})
    for store, start, stride in buffer.lays:
        word = store.args[1]
        vector = None if is_uniform(word) else group.vector(word)
        op = able.get(word)
        if op is None or op in writers:
            if vector is None:
                vector = Operand(group.uniform.scalar(word).source, stride=0)
            copy = Form("alu", "|", (vector, vector), scalarised=True)
            op = MOp(f"{store.array}={store.id}", (copy,), group.lanes, 0)
            group.template.ops.append(op)
        op.start = start
        op.forms = tuple(replace(f, dest_stride=stride) for f in op.forms if f.scalarised)
        writers.append(op)
    position = {op: number for number, op in enumerate(group.template.ops)}
    owner = min(writers, key=lambda op: position[op])
    vectors: dict[Value, Operand] = {}
    for (store, start, stride), op in zip(buffer.lays, writers, strict=True):
        vectors[store] = Operand(owner, start, stride)
        op.width = buffer.words if op is owner else 0
        op.into = None if op is owner else owner
    moved = {op: vectors[lay.store] for lay, op in zip(buffer.lays, writers, strict=True)}
    for reader in group.template.ops:
        follow(reader, moved)
    return Filled(tuple(writers), vectors)


def _able(group: Group, buffer: RowBuffer, kept: set[Source]) -> dict[Value, MOp]:
    """The operations that can write their words anywhere: lane by lane, and what reads them can do
    without a vector, or is of these operations itself."""
    own = set(group.template.ops)
    found: dict[Value, MOp] = {}
    for word in (lay.store.args[1] for lay in buffer.lays):
        vector = None if is_uniform(word) else group.vector(word)
        if vector is None or (vector.offset, vector.stride) != (0, CONTIGUOUS):
            continue
        op = vector.source
        if isinstance(op, MOp) and op in own and op not in kept and op.into is None:
            steps = [f.dest_stride for f in op.forms if f.scalarised and f.engine == "alu"]
            if op.width == group.vlen and steps == [1]:
                found[word] = op
    while True:
        able = set(found.values())
        whole = {
            operand.source
            for reader in own - able
            for form in reader.forms
            if not form.scalarised
            for operand in form.operands
        }
        if able.isdisjoint(whole):
            return found
        found = {word: op for word, op in found.items() if op not in whole}


def follow(reader: MOp, moved: Mapping[MOp, Operand]) -> None:
    """Let ``reader`` find words where they are now, and come after what writes them."""
    met: dict[MOp, None] = {}

    def place(operand: Operand) -> Operand:
        op = operand.source
        if not isinstance(op, MOp) or op not in moved:
            return operand
        met[op] = None
        vector = moved[op]
        start = vector.offset + operand.offset * vector.stride
        return Operand(vector.source, start, operand.stride * vector.stride)

    forms: list[Form] = []
    for form in reader.forms:
        lanes = form.per_lane
        if lanes is not None:
            lanes = tuple(tuple(place(operand) for operand in lane) for lane in lanes)
        operands = tuple(place(operand) for operand in form.operands)
        forms.append(replace(form, operands=operands, per_lane=lanes))
    if met:
        reader.forms = tuple(forms)
        reader.order.extend((op, 1) for op in met if op is not reader)

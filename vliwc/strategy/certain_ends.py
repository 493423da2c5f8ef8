"""What comes before and after the work of an engine in every program.

An operation that waits for a load cannot start in the first cycles, and one whose result is still
stored cannot be among the last: what must be done between takes as many cycles as its engine needs
for it, and the chains before and after come on top (Carlier's heads and tails, 1982).

Other than in :mod:`vliwc.sched.problem.bounds` there is no DAG yet.  So only what every strategy
has counts, and an operation has only the head and the tail that each of its lanes has.  Loops with
table reads, whose users may work before a word is chosen, and machine loops are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from math import ceil
from typing import NamedTuple

import numpy as np

from isa.machine import MachineSpec
from vliwc.ir.graph import is_uniform
from vliwc.ir.value import Op, Value
from vliwc.isel.cost import EngineDemand
from vliwc.isel.select import Selected
from vliwc.mir.operation import Form, MOp, Operand, Source
from vliwc.sched.problem.bounds import SLACK, best_window
from vliwc.strategy.least_latency import is_move

Word = tuple[Source, int]
"""A word of a result in scratch."""
Fewest = Callable[[Collection[int]], int]
"""The fewest operations that load or store some words of memory, and maybe others."""


class Ends(NamedTuple):
    """The cycles before the one in which something is executed, and those behind it."""

    head: int
    tail: int


NO_ENDS = Ends(0, 0)


@dataclass
class CertainWork:
    """The work of all groups with its heads and tails.

    ``read``, ``written``: the words of memory at known addresses, with the ends of the loads that
    bring them and of the stores; ``others``: how many operations have such ends and such a demand.
    """

    machine: MachineSpec
    read: dict[int, Ends] = field(default_factory=dict[int, Ends])
    written: dict[int, Ends] = field(default_factory=dict[int, Ends])
    others: Counter[tuple[Ends, EngineDemand]] = field(
        default_factory=Counter[tuple[Ends, EngineDemand]]
    )

    def reads(self, words: Iterable[int | None], tails: Iterable[int]) -> None:
        """Lanes need ``words``, which ``tails`` follow: there is a load before the longest one."""
        for word, tail in zip(words, tails, strict=False):
            if word is not None:
                known = self.read.get(word, NO_ENDS)
                self.read[word] = Ends(first_load(word, self.machine.vlen), max(tail, known.tail))

    def writes(self, words: Iterable[int | None], heads: Iterable[int]) -> None:
        """Lanes store ``words``; of several stores of a word the last one counts."""
        for word, head in zip(words, heads, strict=False):
            if word is not None:
                known = self.written.get(word, NO_ENDS)
                self.written[word] = Ends(max(head, known.head), 0)

    def cycles(self, windows: Fewest, stores: Fewest) -> int:
        """The cycles of every program, by the engine that makes them most.

        ``windows``: operations that use at least some words and maybe others; ``stores``: such as
        store these and nothing else.
        """
        slots, vlen = self.machine.slots, self.machine.vlen
        lanes = slots["alu"] + slots["valu"] * vlen
        return max(
            self._busy(lambda demand: demand.compute, lanes),
            self._busy(lambda demand: demand.valu, slots["valu"]),
            self._busy(lambda demand: demand.alu, slots["alu"]),
            self._busy(lambda demand: demand.flow, slots["flow"]),
            self._moved(self.read, windows, windows, slots["load"], lambda at: at.load),
            self._moved(self.written, stores, windows, slots["store"], lambda at: at.store),
        )

    def _busy(self, part: Callable[[EngineDemand], int], slots: int) -> int:
        work = [(ends, n * part(at) / slots) for (ends, at), n in self.others.items() if part(at)]
        if not work:
            return 0
        ends = np.array([ends for ends, _ in work], dtype=np.float64)
        cycles = np.array([cycles for _, cycles in work])
        return ceil(best_window(cycles, ends[:, 0], ends[:, 1])[0] - SLACK)

    def _moved(
        self,
        words: Mapping[int, Ends],
        fewest: Fewest,
        windows: Fewest,
        slots: int,
        part: Callable[[EngineDemand], int],
    ) -> int:
        others = [(ends, n * part(at)) for (ends, at), n in self.others.items() if part(at)]
        every = [*words.values(), *(ends for ends, _ in others)]
        best = 0
        for head in {ends.head for ends in every}:
            for tail in {ends.tail for ends in every}:
                inside = [w for w, at in words.items() if at.head >= head and at.tail >= tail]
                count = fewest(inside) if len(inside) == len(words) else windows(inside)
                count += sum(n for at, n in others if at.head >= head and at.tail >= tail)
                if count:
                    best = max(best, head + -(-count // slots) + tail)
        return best


def first_load(word: int, vlen: int) -> int:
    """The first cycle in which a word of memory can be loaded: only the words behind address 0 can
    be before an address has been put into scratch."""
    return int(word >= vlen)


class GroupEnds:
    """Heads and tails of what a group does.

    ``start``: no load at a known address is executed before this cycle.
    """

    def __init__(self, lanes: Selected, places: Mapping[Value, Sequence[int]], start: int) -> None:
        self.lanes = lanes
        self.places = places
        self.start = start
        self.memory = {op: value for value, ops in lanes.memory.items() for op in ops}
        self.heads: dict[MOp, int] = {}
        self.tails: dict[MOp, int] = {}
        self._ready: dict[Word, int] = {}
        self._left: dict[Word, int] = {}
        self._forwards()
        self._backwards()

    def of(self, op: MOp) -> Ends:
        """The ends that each lane of an operation of the template has."""
        return Ends(self.heads.get(op, 0), self.tails.get(op, 0))

    def after_load(self, value: Value) -> Iterable[int]:
        """The cycles behind whatever brings the words of a load at a known address, by lane."""
        if is_uniform(value):
            return repeat(0)
        return [self._left.get(word, 0) for word in self._words(value)]

    def before_store(self, value: Value) -> Iterable[int]:
        """The cycles before whatever stores the words of a store at a known address, by lane."""
        stored = value.args[1]
        if is_uniform(stored):
            return repeat(0)
        return [self._ready.get(word, 0) for word in self._words(stored)]

    def _words(self, value: Value) -> list[Word]:
        """Where the lanes of ``value`` stand; nowhere if no operation of the group needs it."""
        group = self.lanes.group
        if is_uniform(value) or (value not in group.vectors and value not in group.scattered):
            return []
        return _read(group.stands(value), group.lanes)

    def _needed(self, op: MOp) -> list[list[list[Word]]]:
        """For each form of an operation, and for each lane, the words that it waits for."""
        lanes = self.lanes.group.lanes
        value = self.memory.get(op)
        if value is None:
            return [_operands(form, op.lanes) for form in op.forms]
        index = self.lanes.group.forms[value.args[0]]
        needed = [] if value in self.places else [self._words(atom) for atom in index.atoms]
        if value.op is Op.STORE:
            needed.append(self._words(value.args[1]))
        return [[[words[lane] for words in needed if words] for lane in range(lanes)]]

    def _forwards(self) -> None:
        for value in self.places:
            if value.op is Op.LOAD and value.loop == self.lanes.group.loop.number:
                self._ready.update(dict.fromkeys(self._words(value), self.start + 1))
        for op in self.lanes.template.ops:
            if self.memory.get(op) in self.places:
                continue
            by_lane = [words for form in self._needed(op) for words in form]
            ready = [max((self._ready.get(word, 0) for word in at), default=0) for at in by_lane]
            self.heads[op] = min(ready, default=0)
            after = self.heads[op] + (not is_move(self.lanes, op))
            self._ready.update(dict.fromkeys(_written(op), after))

    def _backwards(self) -> None:
        lanes, loop = self.lanes, self.lanes.group.loop
        # What is combined with other words is stored then.
        more = 1 + (loop.extent > 1)
        for stored, left in ((lanes.reduced, more), (lanes.stored, 1)):
            for operand in stored.values():
                for word in _read(operand, lanes.group.lanes):
                    self._left[word] = max(left, self._left.get(word, 0))
        for op in reversed(lanes.template.ops):
            value = self.memory.get(op)
            loaded = value is not None and value.op is Op.LOAD
            if value is not None and loaded and value in self.places:
                continue
            words = self._words(value) if value is not None and loaded else _written(op)
            left = self.tails[op] = min((self._left.get(word, 0) for word in words), default=0)
            by_form = [{word for at in form for word in at} for form in self._needed(op)]
            for word in set[Word]().union(*by_form).intersection(*by_form):
                before = left + (not is_move(lanes, op))
                self._left[word] = max(before, self._left.get(word, 0))


def _read(stands: Operand | tuple[Operand, ...], lanes: int) -> list[Word]:
    """The word of each lane."""
    if isinstance(stands, Operand):
        return [(stands.source, stands.offset + lane * stands.stride) for lane in range(lanes)]
    return [(operand.source, operand.offset) for operand in stands]


def _operands(form: Form, lanes: int) -> list[list[Word]]:
    """The words that each lane reads."""
    if form.per_lane is not None:
        return [[(word.source, word.offset) for word in words] for words in form.per_lane]
    read = [_read(operand, lanes) for operand in form.operands]
    return [[words[lane] for words in read] for lane in range(lanes)]


def _written(op: MOp) -> list[Word]:
    """The words that an operation writes, none if that depends on its form."""
    strides = {form.dest_stride for form in op.forms}
    if len(strides) != 1 or (op.into is None and not op.width):
        return []
    (stride,) = strides
    return [(op.into or op, op.start + lane * stride) for lane in range(op.lanes)]

"""The longest chain of operations through several loops, that every strategy has.

:func:`vliwc.strategy.least_latency.least_latency` follows the chains within one group of lanes.
Where a loop reads what an earlier one has stored at known addresses, or takes words of its results,
chains go on: lane by lane, for scalarised operations wait for their own lane only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vliwc.analysis.known_addresses import words_asked
from vliwc.ir.graph import Loop
from vliwc.ir.value import TOP_LEVEL, Op, Value
from vliwc.isel.instantiate import Instance
from vliwc.isel.program import LaneProgram
from vliwc.isel.select import Selected
from vliwc.mir.operation import Form, InGroup, MOp, Operand, PerGroup
from vliwc.strategy.least_latency import is_move
from vliwc.strategy.tuning import TUNING

Times = list[int]
"""For each word of a result the cycles that the chain up to it takes."""


def chain_over_loops(
    program: LaneProgram, instance: Instance, places: Mapping[Value, Sequence[int]]
) -> int:
    """Cycles of the longest chain through loops, as far as it is certain.

    ``places``: the addresses of loads and stores that follow from lane numbers alone.  Copies take
    no cycle; set-up and reads at run-time addresses end a chain.  0 for machine loops, for kernels
    with one loop, and for such with more operations than ``TUNING.chain_operations``.
    """
    loops = program.function.loops
    size = sum(len(lanes.template.ops) for lanes in instance.selected)
    if len(loops) < 2 or program.trips > 1 or size > TUNING.chain_operations:
        return 0
    chains = _Chains(program, instance, places)
    for loop in loops:
        chains.follow(loop)
    return chains.longest


@dataclass
class _Chains:
    program: LaneProgram
    instance: Instance
    places: Mapping[Value, Sequence[int]]
    longest: int = 0
    written: dict[int, int] = field(default_factory=dict[int, int])
    """The chain up to the store that wrote a word of memory."""
    results: dict[InGroup, Times] = field(default_factory=dict[InGroup, Times])

    def __post_init__(self) -> None:
        at_top = (v for v in self.places if v.op is Op.STORE and v.loop == TOP_LEVEL)
        self.set_between = {word for value in at_top for word in self.places[value]}

    def follow(self, loop: Loop) -> None:
        """All groups of ``loop``; what they store is for the loops behind."""
        first = self.instance.first_group[loop.number]
        known = [v for v in self.places if v.loop == loop.number]
        stored: dict[int, int] = {}
        for group in range(first, first + self.program.groups(loop)):
            lanes = self.instance.selected[group]
            start = (group - first) * self.program.machine.vlen
            at = _Group(self, lanes, group)
            for value in (v for v in known if v.op is Op.LOAD):
                words = self._words(value, loop, start, lanes)
                at.loaded(value, [self._loaded(word) for word in words])
            at.walk()
            for value in (v for v in known if v.op is Op.STORE):
                for lane, word in enumerate(self._words(value, loop, start, lanes)):
                    if word is not None and word not in self.set_between:
                        stored[word] = max(stored.get(word, 0), at.word(value.args[1], lane) + 1)
        self.written.update(stored)
        self.longest = max([self.longest, *stored.values()])

    def _words(self, value: Value, loop: Loop, start: int, lanes: Selected) -> list[int | None]:
        cases = self.program.cases(loop)
        return words_asked(self.places, value, cases, start, lanes.group.lanes)

    def _loaded(self, word: int | None) -> int:
        return 0 if word is None else self.written.get(word, 0) + 1


def _word(stands: Operand | tuple[Operand, ...], lane: int) -> Operand:
    """The word of one lane, as a scalar operand."""
    if isinstance(stands, Operand):
        return Operand(stands.source, stands.offset + lane * stands.stride, 0)
    return stands[lane]


class _Group:
    """The chains within one group, from the words that it loads and takes."""

    def __init__(self, chains: _Chains, lanes: Selected, group: int) -> None:
        self.results = chains.results
        self.lanes = lanes
        self.group = group
        self.operands: dict[Operand, int] = {}
        self.times: dict[MOp, Times] = {}
        self.buffers = {op.into for op in lanes.template.ops if op.into is not None}

    def loaded(self, value: Value, times: Times) -> None:
        """The words of a load, wherever they stand."""
        group = self.lanes.group
        if not any(times) or (value not in group.vectors and value not in group.scattered):
            return
        stands = group.stands(value)
        for lane, time in enumerate(times):
            word = _word(stands, lane)
            # A word that several lanes read is there for the first one.
            self.operands[word] = min(self.operands.get(word, time), time)

    def word(self, value: Value, lane: int) -> int:
        """The chain up to the word of ``value`` in one lane."""
        return self.lane(_word(self.lanes.group.stands(value), lane), 0)

    def walk(self) -> None:
        """The operations of the template in their order."""
        memory = {op for ops in self.lanes.memory.values() for op in ops}
        for op in self.lanes.template.ops:
            if op in memory or op.into is not None or op in self.buffers or op.start:
                continue
            if not op.forms or op.width < op.lanes or any(f.dest_stride != 1 for f in op.forms):
                continue
            forms = [self._form(form, op.lanes) for form in op.forms]
            delay = not is_move(self.lanes, op)
            times = [min(found) + delay for found in zip(*forms, strict=True)]
            self.times[op] = self.results[InGroup(self.group, op)] = times

    def _form(self, form: Form, lanes: int) -> Times:
        """When the operands of each lane are there."""
        found = [
            max((self.lane(operand, lane) for operand in form.operands), default=0)
            if form.per_lane is None
            else max((self.lane(operand, 0) for operand in form.per_lane[lane]), default=0)
            for lane in range(lanes)
        ]
        return found if form.scalarised else [max(found)] * lanes

    def lane(self, operand: Operand, lane: int) -> int:
        """The chain up to the word of ``operand`` that ``lane`` reads; 0 if none is certain."""
        source, at = operand.source, operand.offset + lane * operand.stride
        known = self.operands.get(Operand(source, at, 0))
        if known is not None:
            return known
        if isinstance(source, PerGroup):
            source = source.member(self.group)
        if isinstance(source, MOp):
            times = self.times.get(source)
            if times is None:
                return self._broadcast(source)
        else:
            times = self.results.get(source)
        return times[at] if times is not None and at < len(times) else 0

    def _broadcast(self, op: MOp) -> int:
        """The chain up to the word of another group that a shared operation copies to all lanes."""
        if not op.forms or op.forms[0].opcode != "vbroadcast":
            return 0
        (copied,) = op.forms[0].operands
        times = self.results.get(copied.source) if isinstance(copied.source, InGroup) else None
        return times[copied.offset] if times is not None and copied.offset < len(times) else 0

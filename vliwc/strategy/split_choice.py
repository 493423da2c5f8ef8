"""Which table reads can be done by the bits of their index, and what that costs.

See :mod:`vliwc.isel.reads.split_reads`.  Operations that only compute the index of one read are
part of what its other ways cost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from vliwc.analysis.linear import BitFacts
from vliwc.ir.graph import Loop
from vliwc.ir.value import Op, Value
from vliwc.isel.cost import NOTHING, EngineDemand, vector_demand
from vliwc.isel.program import LaneProgram
from vliwc.isel.reads.fold import Fold, Folds
from vliwc.isel.reads.index_bits import Operations, SplitIndex, split_index
from vliwc.isel.reads.split_reads import BitTree, PackedRead, Packing, packed_run, touched
from vliwc.strategy.tuning import TUNING


class Entry(NamedTuple):
    """A vector that reads of a loop want in scratch: word ``index`` of ``array``, with ``fold``
    applied, with others in one by ``packing``, or as a coefficient of ``products`` of bits."""

    array: str
    word: int
    fold: Fold | None = None
    products: tuple[int, ...] = ()
    packing: Packing | None = None

    def indices(self) -> list[int]:
        """The table words that are needed for certain, as far as they exist."""
        return [self.word] if self.packing is None else self.packing.indices(self.word)

    def setup(self, vlen: int) -> EngineDemand:
        """What making the vector asks of the engines."""
        # A broadcast, and a difference of scalars for some.
        demand = vector_demand(vlen, plain=2)
        scalars = 2 * (len(self.indices()) - 1)
        return demand.plus(EngineDemand(compute=scalars, alu=scalars))


@dataclass(frozen=True)
class SplitReads:
    """``indices``: the bits of the index of each read that can be done by them; ``own``: vector
    operations that compute the index of a read and nothing else, and that its bits do not need."""

    indices: Mapping[Value, SplitIndex] = field(default_factory=dict[Value, SplitIndex])
    own: Mapping[Value, int] = field(default_factory=dict[Value, int])


class SplitWay(NamedTuple):
    """A way to do a read, under the ``name`` of its step; ``shareable`` is what part of ``demand``
    other reads of the loop may ask for as well, and do together."""

    name: str
    read: BitTree | PackedRead
    demand: EngineDemand
    entries: tuple[Entry, ...]
    shareable: EngineDemand


def split_reads(
    program: LaneProgram,
    loop: Loop,
    table: Sequence[Value],
    folds: Folds,
    known: Collection[Value],
) -> SplitReads:
    """Find the reads of ``table``, those of ``loop`` that are a choice, whose index is a sum of few
    bits.  The reads in ``known`` need no index at all."""
    facts, forms = program.facts, program.forms
    most = (TUNING.packed_words(program.machine.vlen) - 1).bit_length()

    def split(kept: Container[Value]) -> dict[Value, SplitIndex]:
        found: dict[Value, SplitIndex] = {}
        for value in table:
            if facts.hi(value.args[0]) < program.function.arrays[value.array].length:
                index = split_index(forms[value.args[0]], facts, folds.aliases, most, kept)
                if index is not None and index.bits:
                    found[value] = index
        return found

    inputs = {value: index.sources for value, index in split(()).items()}
    inputs.update(dict.fromkeys(known, ()))
    kept = _needed(program, loop, inputs, folds)
    indices = split(kept)
    cones = {
        value: _cone(forms[value.args[0]].atoms, {*kept, *index.sources})
        for value, index in indices.items()
    }
    uses = Counter(value for cone in cones.values() for value in cone)
    # What the lane number makes something else in some groups is not computed there.
    same = program.cases(loop) is None
    own = {value: sum(uses[v] == 1 for v in cone) for value, cone in cones.items() if same}
    return SplitReads(indices, own)


def _needed(
    program: LaneProgram, loop: Loop, inputs: Mapping[Value, Sequence[Value]], folds: Folds
) -> set[Value]:
    """What a group computes if each of some reads needs no more than its ``inputs``."""
    live = program.function.computed()
    needed = {
        value
        for value in program.function.values
        if value in live
        and (
            (value.op is Op.STORE and value.loop == loop.number)
            or (value.op is Op.REDUCE and value.imm == loop.number)
        )
    }
    for value in reversed(program.function.values):
        if value in needed:
            if value in folds.aliases:
                needed.add(folds.aliases[value])
            elif value in inputs:
                needed.update(inputs[value])
            elif value.is_memory:
                needed.update(program.forms[value.args[0]].atoms)
                needed.update(value.args[1:])
            else:
                needed.update(value.args)
    return needed


def _cone(atoms: Sequence[Value], kept: Container[Value]) -> set[Value]:
    """What ``atoms`` are computed from, themselves included, up to what is ``kept``."""
    found: set[Value] = set()
    stack = [atom for atom in atoms if atom not in kept]
    while stack:
        value = stack.pop()
        found.add(value)
        stack.extend(
            arg for arg in value.args if arg not in kept and arg not in found and not arg.is_const
        )
    return found


def split_ways(
    program: LaneProgram, splits: SplitReads, table: Sequence[Value], folds: Folds
) -> dict[Value, list[SplitWay]]:
    """The ways to do each read of ``table`` by the bits of its index."""
    by_array: dict[str, set[Fold | None]] = {}
    for value in table:
        by_array.setdefault(value.array, set()).add(folds.of.get(value))
    found = {
        value: [
            *_trees(program, value, index, folds.of.get(value), len(by_array[value.array]) > 1),
            *_packed(program, value, index, value in folds.of),
        ]
        for value, index in splits.indices.items()
    }
    facts, vlen = program.facts, program.machine.vlen
    extracted = {
        (value, number): _extracted(way.read, facts)
        for value, ways in found.items()
        for number, way in enumerate(ways)
    }
    readers: dict[Value, set[_Prefix]] = {}
    for (value, _), prefixes in extracted.items():
        readers.setdefault(value, set()).update(prefixes)
    uses = Counter(prefix for prefixes in readers.values() for prefix in prefixes)
    for value, ways in found.items():
        for number, way in enumerate(ways):
            prefixes = extracted[value, number]
            ways[number] = way._replace(
                demand=way.demand.plus(vector_demand(vlen, plain=len(prefixes))),
                shareable=vector_demand(vlen, plain=sum(uses[p] > 1 for p in prefixes)),
            )
    return found


_Prefix = tuple[Value, Operations]
"""The word that comes of some operations on a value."""


def _extracted(read: BitTree | PackedRead, facts: BitFacts) -> set[_Prefix]:
    """The words that a read makes of those its bits stand in, to select and to shift by."""
    index = read.index if isinstance(read, BitTree) else read.rest
    found: list[_Prefix] = []
    for level, bit in enumerate(index.bits):
        unit = level < read.arithmetic
        found.append((bit.source, bit.unit(facts) if unit else bit.flag(facts)))
    if isinstance(read, PackedRead):
        found.append((read.run[0].source, read.shift_count(facts)))
    return {(v, ops[:length]) for v, ops in found for length in range(1, len(ops) + 1)}


def _trees(
    program: LaneProgram, value: Value, index: SplitIndex, fold: Fold | None, several: bool
) -> Iterator[SplitWay]:
    """Trees over all words; the words are shared by reads whose constants differ, if there are
    ``several``."""
    array, vlen = program.function.arrays[value.array], program.machine.vlen
    words = touched(index, array)
    if len(words) > TUNING.select_words(vlen):
        return
    late = several and fold is not None
    early = None if late else fold
    for arithmetic in range(len(index.bits) + 1):
        weights = tuple(bit.weight for bit in index.bits[:arithmetic])
        products = weights if arithmetic > 1 else ()
        entries = tuple(Entry(array.name, word, early, products) for word in words)
        demand = _selections(words, arithmetic, vlen)
        demand = demand.plus(vector_demand(vlen, plain=int(late)))
        read = BitTree(index, arithmetic, late)
        yield SplitWay(f"{read.name} {arithmetic}", read, demand, entries, NOTHING)


def _packed(
    program: LaneProgram, value: Value, index: SplitIndex, folded: bool
) -> Iterator[SplitWay]:
    """Trees over words that each hold several words of a table of narrow ones."""
    array, vlen = program.function.arrays[value.array], program.machine.vlen
    found = packed_run(index, array.below)
    if found is None:
        return
    run, log_width = found
    rest = SplitIndex(index.const, tuple(bit for bit in index.bits if bit not in run))
    packing = Packing(log_width, tuple(bit.weight for bit in run))
    firsts = rest.combinations()
    if len(firsts) > TUNING.select_words(vlen):
        return
    for arithmetic in range(len(rest.bits) + 1):
        demand = _selections(firsts, arithmetic, vlen)
        demand = demand.plus(vector_demand(vlen, plain=2 + folded))
        weights = tuple(bit.weight for bit in rest.bits[:arithmetic])
        products = weights if arithmetic > 1 else ()
        entries = tuple(Entry(array.name, first, None, products, packing) for first in firsts)
        read = PackedRead(rest, run, packing, arithmetic)
        yield SplitWay(f"{read.name} {arithmetic}", read, demand, entries, NOTHING)


def _selections(words: Sequence[object], arithmetic: int, vlen: int) -> EngineDemand:
    """The choices of :func:`vliwc.isel.reads.split_reads.choose_word`; there is none between
    equals.
    """
    if arithmetic > 1:
        lower = len(words) - (len(words) >> arithmetic)
        return vector_demand(vlen, valu=lower, flow=len(words) - 1 - lower)
    levels: list[int] = []
    while len(words) > 1:
        pairs = list(zip(words[::2], words[1::2], strict=True))
        levels.append(sum(zero != one for zero, one in pairs))
        words = [zero if zero == one else object() for zero, one in pairs]
    either = levels[0] if arithmetic else 0
    return vector_demand(vlen, either=either, flow=sum(levels) - either)

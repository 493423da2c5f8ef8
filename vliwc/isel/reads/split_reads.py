"""Table reads by the bits of the index: selections, sums of products, words packed into a word.

All three need only the words that the index bits stand in (:mod:`vliwc.isel.reads.index_bits`), not
the index, and differ in the engines that they ask for.

A function of bits is a sum of products of them, uniquely so (its algebraic normal form over the
integers modulo 2**32, by Moebius inversion): ``f(b, c) = f00 + b * d + c * (e + b * g)``.  The
coefficients are differences of table words, the same for all lanes, so that a tree over ``n`` words
takes ``n - 1`` multiply_adds of a group and no difference of arms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vliwc.analysis.linear import BitFacts, Linear
from vliwc.ir.graph import Array
from vliwc.ir.value import MASK, WORD_BITS, Value
from vliwc.isel.group import Group
from vliwc.isel.reads.fold import Fold
from vliwc.isel.reads.index_bits import IndexBit, Operations, SplitIndex, apply
from vliwc.isel.reads.table_reads import Alternatives, ReadSite, folded
from vliwc.isel.scalar import Uniform
from vliwc.mir.operation import Form, Operand


@dataclass(frozen=True)
class BitTree:
    """All words that the read can touch wait in scratch; the bits of the index select one.

    Of the levels of the tree, one for each bit, the first ``arithmetic`` ones take valu instead of
    flow; if it is only one, whatever is free.  ``late``: a constant is applied to the word chosen,
    not to the words in scratch, which other reads then can share.
    """

    index: SplitIndex
    arithmetic: int
    late: bool = False

    @property
    def name(self) -> str:
        """A short name for reports."""
        return "bit sum" if self.arithmetic > 1 else "bit select"

    def emit(self, site: ReadSite, value: Value, fold: Fold | None) -> Operand:
        group = site.group
        array = group.function.arrays[value.array]
        early = None if self.late else fold
        words = [
            group.uniform.table_word(array, index, early) for index in touched(self.index, array)
        ]
        chosen = choose_word(group, words, self.index.bits, self.arithmetic, f"{value.id}b")
        return folded(group, chosen, fold if self.late else None)

    def needs(self, index: Linear) -> tuple[Value, ...]:
        """The words that the bits stand in."""
        return self.index.sources

    def in_place(self, site: ReadSite, fold: Fold | None) -> Alternatives | None:
        """None: the word read is chosen by selections."""
        return None


def touched(index: SplitIndex, array: Array) -> list[int]:
    """The index for each combination of bits; where it lies outside the array, so that the bits
    never are like that, some index inside."""
    found = index.combinations()
    inside = next(k for k in found if k < array.length)
    return [k if k < array.length else inside for k in found]


def choose_word(
    group: Group, words: Sequence[Operand], bits: Sequence[IndexBit], arithmetic: int, name: str
) -> Operand:
    """The vector of those of the scalar ``words`` whose number has the ``bits``, the lowest first;
    ``arithmetic``: see :class:`BitTree`."""
    uniform = group.uniform
    vectors: list[Operand] = []
    for level, bit in enumerate(bits):
        source = group.vector(bit.source)
        step = f"{name}{level}"
        if level == 0 and arithmetic == 1:
            unit = apply(group, source, bit.unit(group.facts))
            pairs = zip(words[1::2], words[::2], strict=True)
            vectors = [group.word_choice(unit, one, zero, step) for one, zero in pairs]
            continue
        if level == 0:
            coefficients = _coefficients(uniform, words, arithmetic)
            vectors = [uniform.splat(word, "entry") for word in coefficients]
        pairs = zip(vectors[1::2], vectors[::2], strict=True)
        if level < arithmetic:
            unit = apply(group, source, bit.unit(group.facts))
            vectors = [group.madd(unit, one, zero, step) for one, zero in pairs]
        else:
            flag = apply(group, source, bit.flag(group.facts))
            vectors = [
                zero if one == zero else group.select(flag, one, zero, step) for one, zero in pairs
            ]
    return vectors[0] if bits else uniform.splat(words[0], "entry")


def _coefficients(uniform: Uniform, words: Sequence[Operand], levels: int) -> list[Operand]:
    """What the products of the first ``levels`` bits are multiplied by, the first bit lowest."""
    found = list(words)
    for level in range(levels):
        for number in range(len(found)):
            if number >> level & 1:
                zero = found[number ^ 1 << level]
                found[number] = uniform.scalar_op("-", found[number], zero, "step")
    return found


class Packing(NamedTuple):
    """How table words of ``2**log_width`` bits stand in one word: the word whose index is that of
    the first one plus the ``weights`` of the bits set in ``k`` from bit ``k << log_width`` on."""

    log_width: int
    weights: tuple[int, ...]

    @property
    def width(self) -> int:
        """Bits for each table word."""
        return 1 << self.log_width

    def indices(self, first: int) -> list[int]:
        """The indices of the words packed together, that at ``first`` lowest."""
        found = [first]
        for weight in self.weights:
            found += [(index + weight) & MASK for index in found]
        return found

    def word(self, uniform: Uniform, array: Array, first: int) -> Operand:
        """The scalar that holds the words from index ``first`` on."""
        parts = [
            uniform.table_word(array, index)
            if number == 0
            else uniform.scalar_op(
                "<<", uniform.table_word(array, index), uniform.word(self.width * number), "packed"
            )
            for number, index in enumerate(self.indices(first))
            if index < array.length
        ]
        while len(parts) > 1:
            pairs = zip(parts[::2], parts[1::2], strict=False)
            merged = [uniform.scalar_op("|", a, b, "packed") for a, b in pairs]
            parts = merged + ([parts[-1]] if len(parts) % 2 else [])
        return parts[0] if parts else uniform.word(0)


@dataclass(frozen=True)
class PackedRead:
    """Several narrow words stand in each word in scratch: ``rest`` selects one of these, and the
    bits of the ``run``, neighbours in one source, say how far to shift it.

    ``arithmetic``: levels of the selection without flow, see :class:`BitTree`.
    """

    rest: SplitIndex
    run: tuple[IndexBit, ...]
    packing: Packing
    arithmetic: int
    name: str = "packed"

    def emit(self, site: ReadSite, value: Value, fold: Fold | None) -> Operand:
        group = site.group
        uniform = group.uniform
        array = group.function.arrays[value.array]
        words = [self.packing.word(uniform, array, first) for first in self.rest.combinations()]
        name = f"{value.id}p"
        chosen = choose_word(group, words, self.rest.bits, self.arithmetic, name)
        source = group.vector(self.run[0].source)
        count = apply(group, source, self.shift_count(group.facts))
        if group.lanes < group.vlen:
            # Lanes past the end hold garbage, which may be no shift count.
            shift = Form("alu", ">>", (chosen, count), scalarised=True)
            shifted = group.emit(name, shift)
        else:
            shifted = group.elementwise(">>", chosen, count, name)
        mask = uniform.vector((1 << self.packing.width) - 1)
        return folded(group, group.elementwise("&", shifted, mask, name), fold)

    def shift_count(self, facts: BitFacts) -> Operations:
        """From the word that the run stands in to the number of places to shift by."""
        first, log_width = self.run[0], self.packing.log_width
        mask = ((1 << len(self.run)) - 1) << log_width
        possible = MASK & ~facts.known_zero(first.source)
        down = first.position - log_width
        operations: Operations = ()
        if down > 0:
            operations, possible = ((">>", down),), possible >> down
        elif down < 0:
            operations, possible = (("<<", -down),), possible << -down & MASK
        return operations if possible & ~mask == 0 else (*operations, ("&", mask))

    def needs(self, index: Linear) -> tuple[Value, ...]:
        """The words that the bits stand in."""
        return tuple(dict.fromkeys((*self.rest.sources, self.run[0].source)))

    def in_place(self, site: ReadSite, fold: Fold | None) -> Alternatives | None:
        """None: the word read is shifted out of another one."""
        return None


def packed_run(index: SplitIndex, below: int) -> tuple[tuple[IndexBit, ...], int] | None:
    """The longest run of neighbouring bits that words less than ``below`` can be shifted by, with
    the logarithm of their width; of equally long ones the one known last.  None if words are too
    wide for two of them in one."""
    log_width = max((below - 1).bit_length() - 1, 0).bit_length()
    places = (WORD_BITS - 1).bit_length() - log_width
    if places <= 0:
        return None
    runs: list[tuple[IndexBit, ...]] = []
    bits = sorted(index.bits, key=lambda bit: (bit.source.id, bit.position))
    for start in range(len(bits)):
        run = bits[start : start + 1]
        for bit in bits[start + 1 :]:
            if bit.source is run[-1].source and bit.position == run[-1].position + 1:
                run.append(bit)
        runs.append(tuple(run[:places]))
    best = max(runs, key=lambda run: (len(run), run[0].source.id), default=())
    return (best, log_width) if best else None

"""The bits of a table index, each where it stands in a word that the kernel computes anyway.

A read at ``(s >> 12) & 15`` needs neither the shift nor the mask if its tree selects by bits of
``s``: a condition only has to be zero or not, so ``s & (1 << 12)`` will do.  Arithmetic needs bits
that are 0 or 1, which takes one operation more for most of them.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass

from vliwc.analysis.linear import BitFacts, Linear
from vliwc.ir.value import MASK, WORD_BITS, Op, Value
from vliwc.isel.group import Group
from vliwc.mir.operation import Operand

Operations = tuple[tuple[str, int], ...]
"""Machine operations with their constants, to be applied one after the other."""


@dataclass(frozen=True)
class IndexBit:
    """Bit ``position`` of ``source``; where it is set, it adds ``weight`` to an index."""

    source: Value
    position: int
    weight: int

    def flag(self, facts: BitFacts) -> Operations:
        """From the source to a word that is zero where the bit is not set, and only there."""
        if MASK & ~facts.known_zero(self.source) == 1 << self.position:
            return ()
        unit = self.unit(facts)
        return unit if len(unit) == 1 else (("&", 1 << self.position),)

    def unit(self, facts: BitFacts) -> Operations:
        """From the source to a word that is 1 where the bit is set, else 0."""
        possible = MASK & ~facts.known_zero(self.source)
        down: Operations = ((">>", self.position),) if self.position else ()
        return down if possible >> self.position == 1 else (*down, ("&", 1))


@dataclass(frozen=True)
class SplitIndex:
    """An index as ``const`` plus the weights of the ``bits`` that are set."""

    const: int
    bits: tuple[IndexBit, ...]

    def combinations(self) -> list[int]:
        """The index for every combination; bit ``j`` of a combination's number is ``bits[j]``."""
        found = [self.const]
        for bit in self.bits:
            found += [(index + bit.weight) & MASK for index in found]
        return found

    @property
    def sources(self) -> tuple[Value, ...]:
        """The words that the bits stand in, each once."""
        return tuple(dict.fromkeys(bit.source for bit in self.bits))


def split_index(
    form: Linear,
    facts: BitFacts,
    opaque: Container[Value],
    most: int,
    kept: Container[Value] = (),
) -> SplitIndex | None:
    """The bits of an index, or None if more than ``most`` of them can differ.

    A bit is looked for where the fewest operations give it: in the word furthest back that has it,
    or on the way from there to the index in words that are ``kept`` anyway.  What the words
    ``opaque`` are made of is not what it seems.
    """
    const = form.const
    weights: dict[tuple[Value, int], int] = {}
    for atom, coefficient in form.terms:
        ones = facts.known_one(atom)
        const += coefficient * ones
        unknown = MASK & ~(facts.known_zero(atom) | ones)
        if len(weights) + unknown.bit_count() > most:
            return None
        for position in (p for p in range(WORD_BITS) if unknown >> p & 1):
            way = list(_way_back(atom, position, opaque))
            places = [*(place for place in way[:-1] if place[0] in kept), way[-1]]
            place = min(places, key=lambda at: _operations(IndexBit(*at, 0), facts))
            weights[place] = weights.get(place, 0) + (coefficient << position)
    bits = [IndexBit(*place, weight & MASK) for place, weight in weights.items() if weight & MASK]
    bits.sort(key=lambda bit: (bit.source.id, bit.weight))
    return SplitIndex(const & MASK, tuple(bits))


def _operations(bit: IndexBit, facts: BitFacts) -> int:
    return len(bit.unit(facts)) + len(bit.flag(facts))


def _way_back(atom: Value, position: int, opaque: Container[Value]) -> Iterator[tuple[Value, int]]:
    """The words, with the position in each, through which a bit of ``atom`` comes unchanged."""
    value = atom
    while True:
        yield value, position
        if value in opaque or len(value.args) != 2 or not value.args[1].is_const:
            return
        constant = value.args[1].imm
        if value.op is Op.SHR and position + constant < WORD_BITS:
            position += constant
        elif value.op is Op.SHL and constant <= position:
            position -= constant
        elif not (
            (value.op is Op.AND and constant >> position & 1)
            or (value.op in (Op.OR, Op.XOR) and not constant >> position & 1)
        ):
            return
        value = value.args[0]


def apply(group: Group, vector: Operand, operations: Operations) -> Operand:
    """``operations`` done to a vector, each once for all that ask for it."""
    for opcode, constant in operations:
        vector = group.once(opcode, vector, group.uniform.vector(constant))
    return vector

"""Linear forms: a word as ``constant + sum(coefficient * atom)`` modulo 2**32.

Atoms are values that no linear operation produces.  Index arithmetic of table-driven kernels is
linear in a few *path bits*; knowing the form tells which table words a read can touch, how two
reads are related, and how to compute an address from whatever was computed before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Protocol

from vliwc.ir.graph import Function, is_uniform
from vliwc.ir.value import MASK, Op, Value

MAX_TERMS = 32
"""Sums with more atoms than this are treated as atoms themselves."""


class BitFacts(Protocol):
    """The facts about values this analysis uses (see :mod:`vliwc.analysis.facts`)."""

    def lo(self, value: Value, /) -> int: ...
    def hi(self, value: Value, /) -> int: ...
    def known_zero(self, value: Value, /) -> int: ...
    def known_one(self, value: Value, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Linear:
    """``const + sum(coefficient * atom)`` modulo 2**32; terms sorted by atom id, none zero."""

    const: int
    terms: tuple[tuple[Value, int], ...] = ()

    @staticmethod
    def of(const: int, terms: Mapping[Value, int]) -> Linear:
        """The form with ``const`` and ``terms``, reduced and in canonical order."""
        kept = [(atom, c & MASK) for atom, c in terms.items() if c & MASK]
        kept.sort(key=lambda term: term[0].id)
        return Linear(const & MASK, tuple(kept))

    @property
    def atoms(self) -> tuple[Value, ...]:
        """The atoms, by ascending id."""
        return tuple(atom for atom, _ in self.terms)

    @property
    def is_consecutive(self) -> bool:
        """The lane number plus a constant: as an index, neighbouring lanes touch neighbouring
        words."""
        return len(self.terms) == 1 and self.terms[0][0].op is Op.LANE and self.terms[0][1] == 1

    @property
    def is_row(self) -> bool:
        """The lane number plus what is the same for all lanes: neighbouring words as well, from a
        place on that may be known at run time only."""
        lanes = [c for atom, c in self.terms if not is_uniform(atom)]
        return lanes == [1] and any(atom.op is Op.LANE for atom in self.atoms)

    @property
    def uniform_terms(self) -> tuple[tuple[Value, int], ...]:
        """The terms that are the same for all lanes."""
        return tuple(term for term in self.terms if is_uniform(term[0]))

    def coefficient(self, atom: Value) -> int:
        """The coefficient of ``atom``, 0 if it does not occur."""
        for other, c in self.terms:
            if other is atom:
                return c
        return 0

    def plus(self, other: Linear) -> Linear:
        """The sum of two forms."""
        terms = dict(self.terms)
        for atom, c in other.terms:
            terms[atom] = terms.get(atom, 0) + c
        return Linear.of(self.const + other.const, terms)

    def times(self, factor: int) -> Linear:
        """The form times a constant."""
        return Linear.of(self.const * factor, {atom: c * factor for atom, c in self.terms})

    def minus(self, other: Linear) -> Linear:
        """The difference of two forms."""
        return self.plus(other.times(MASK))

    def without(self, atom: Value) -> Linear:
        """The form without its term in ``atom``."""
        return Linear(self.const, tuple(term for term in self.terms if term[0] is not atom))


def linear_forms(function: Function, facts: BitFacts) -> dict[Value, Linear]:
    """The linear form of every value that produces a word; one sweep in topological order.

    Apart from sums, differences and products with constants it sees through ``xor`` of a bit with
    1, through ``or``/``xor`` of words without common bits, and through a selection by a bit
    between forms that differ by a constant.
    """
    forms: dict[Value, Linear] = {}
    for value in function.values:
        if not value.info.produces:
            continue
        form = _form(value, forms, facts)
        if form is None or len(form.terms) > MAX_TERMS:
            form = Linear(0, ((value, 1),))
        forms[value] = form
    return forms


def _form(value: Value, forms: dict[Value, Linear], facts: BitFacts) -> Linear | None:
    if value.op is Op.CONST:
        return Linear(value.imm)
    args = [forms[arg] for arg in value.args]
    match value.op:
        case Op.ADD:
            return args[0].plus(args[1])
        case Op.SUB:
            return args[0].minus(args[1])
        case Op.MUL:
            return _product(args[0], args[1])
        case Op.MADD:
            scaled = _product(args[0], args[1])
            return None if scaled is None else scaled.plus(args[2])
        case Op.SHL if not args[1].terms:
            return args[0].times(1 << args[1].const) if args[1].const < 32 else Linear(0)
        case Op.OR | Op.XOR:
            x, y = value.args
            if (facts.known_zero(x) | facts.known_zero(y)) == MASK:
                return args[0].plus(args[1])
            if value.op is Op.XOR and y.is_const and y.imm == 1 and facts.hi(x) <= 1:
                return Linear(1).minus(args[0])
            return None
        case Op.SELECT if facts.hi(value.args[0]) <= 1:
            difference = args[1].minus(args[2])
            if difference.terms:
                return None
            return args[2].plus(args[0].times(difference.const))
        case _:
            return None


def _product(a: Linear, b: Linear) -> Linear | None:
    if not b.terms:
        return a.times(b.const)
    if not a.terms:
        return b.times(a.const)
    return None


def domain(atom: Value, facts: BitFacts, limit: int = 4) -> tuple[int, ...] | None:
    """All values ``atom`` can take, ascending, if they are at most ``limit``; else None."""
    lo, hi = facts.lo(atom), facts.hi(atom)
    if hi - lo < limit:
        return tuple(range(lo, hi + 1))
    ones = facts.known_one(atom)
    unknown = MASK & ~(facts.known_zero(atom) | ones)
    if unknown and unknown & (unknown - 1) == 0:
        return (ones, ones | unknown)
    return None


def combinations(
    form: Linear, domains: Mapping[Value, tuple[int, ...]]
) -> Iterator[tuple[tuple[int, ...], int]]:
    """Every assignment of the atoms (in the order of ``form.terms``) with the form's word."""
    for words in product(*(domains[atom] for atom in form.atoms)):
        total = form.const
        for word, (_, c) in zip(words, form.terms, strict=True):
            total += word * c
        yield words, total & MASK


def multiplier(have: int, want: int) -> int | None:
    """An ``m`` with ``m * have == want`` modulo 2**32, or None.

    Both are taken as signed and divided by the power of two in ``have``, whose odd rest has a
    modular inverse; of several solutions this is the one that scales forms such as ``-8x - 4y``
    to ``-16x - 8y`` as a whole.
    """
    have, want = signed(have), signed(want)
    if have == 0:
        return None
    twos = (have & -have).bit_length() - 1
    if want & ((1 << twos) - 1):
        return None
    return (want >> twos) * pow(have >> twos, -1, 1 << 32) & MASK


def beyond_multiple(form: Linear, base: Linear) -> tuple[Linear, int] | None:
    """What ``form`` is more than a multiple of ``base``, and the factor: the first one, other than
    zero, that makes a term of ``base`` that of ``form``; None if none does."""
    for atom, have in base.terms:
        factor = multiplier(have, form.coefficient(atom))
        if factor:
            return form.minus(base.times(factor)), factor
    return None


def signed(word: int) -> int:
    """The word as a two's complement number."""
    return word - (1 << 32) if word >> 31 else word

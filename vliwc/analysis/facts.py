"""Facts about values: the reduced product of unsigned intervals and known bits.

One forward sweep in topological order.  Assumptions of the function and bounds of input arrays
narrow the values they speak of; loads after stores see what the stores wrote.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

from vliwc.analysis import knownbits, ranges
from vliwc.analysis.assumptions import Assumed, Constraint, Relation, assumed
from vliwc.ir.graph import Array, Function
from vliwc.ir.value import MASK, Op, Reduction, Value


class Fact(NamedTuple):
    """A set of words: ``lo .. hi`` (both included) without those that contradict a known bit."""

    lo: int
    hi: int
    zeros: int
    ones: int

    @property
    def word(self) -> int | None:
        """The word if there is only one."""
        return self.lo if self.lo == self.hi else None


ANY = Fact(0, MASK, 0, 0)
BIT = Fact(0, 1, MASK ^ 1, 0)


def exactly(word: int) -> Fact:
    """The set of one word."""
    return Fact(word, word, MASK ^ word, word)


def between(lo: int, hi: int) -> Fact:
    """The words ``lo .. hi``."""
    return reduced(lo, hi, 0, 0) or ANY


def reduced(lo: int, hi: int, zeros: int, ones: int) -> Fact | None:
    """Let interval and known bits narrow each other; None if nothing is left."""
    lo = max(lo, ones)
    hi = min(hi, MASK ^ zeros)
    if lo > hi or zeros & ones:
        return None
    if lo == hi:
        return exactly(lo) if not (lo & zeros or ~lo & ones) else None
    # The ends agree above their first differing bit, and so does everything between them.
    common = MASK & ~((1 << (lo ^ hi).bit_length()) - 1)
    zeros |= ~lo & common
    ones |= lo & common
    if zeros & ones:
        return None
    return Fact(max(lo, ones), min(hi, MASK ^ zeros), zeros, ones)


def meet(a: Fact, b: Fact) -> Fact:
    """The words in both sets.  If there are none, no valid run computes the value: then ``a``."""
    if a == b or b == ANY:
        return a
    lo, hi = max(a.lo, b.lo), min(a.hi, b.hi)
    return reduced(lo, hi, a.zeros | b.zeros, a.ones | b.ones) or a


def join(a: Fact, b: Fact) -> Fact:
    """A set that contains both."""
    return Fact(min(a.lo, b.lo), max(a.hi, b.hi), a.zeros & b.zeros, a.ones & b.ones)


def transfer(op: Op, args: Sequence[Fact]) -> Fact:
    """A set of the results of the arithmetic operation ``op``, for runs without a trap."""
    lo, hi = ranges.transfer(op, [(arg.lo, arg.hi) for arg in args])
    zeros, ones = knownbits.transfer(op, [(arg.zeros, arg.ones) for arg in args])
    return reduced(lo, hi, zeros, ones) or ANY


class Facts:
    """Facts about every value of a function.

    :meth:`add` extends them to values of a new version of it that a pass is building.
    """

    def __init__(self, function: Function) -> None:
        self.assumed: Assumed = assumed(function)
        self._arrays = function.arrays
        self._loops = function.loops
        self._facts: dict[Value, Fact] = {}
        self._content: dict[Value, Fact] = {}
        for value in function.graph.nodes:
            self.add(value)

    def __contains__(self, value: Value) -> bool:
        return value in self._facts

    def of(self, value: Value) -> Fact:
        """The fact about ``value``."""
        return self._facts[value]

    def array(self, name: str) -> Array:
        """The declaration of an array."""
        return self._arrays[name]

    def lo(self, value: Value, /) -> int:
        """The smallest word ``value`` can be."""
        return self._facts[value].lo

    def hi(self, value: Value, /) -> int:
        """The largest word ``value`` can be."""
        return self._facts[value].hi

    def known_zero(self, value: Value, /) -> int:
        """The mask of bits that are 0 on every valid input."""
        return self._facts[value].zeros

    def known_one(self, value: Value, /) -> int:
        """The mask of bits that are 1 on every valid input."""
        return self._facts[value].ones

    def is_bit(self, value: Value, /) -> bool:
        """Whether ``value`` is 0 or 1."""
        return self._facts[value].hi <= 1

    def add(self, value: Value) -> Fact:
        """Derive and record the fact about ``value`` from those about its operands."""
        fact = self._derive(value)
        for constraint in self.assumed.constraints.get(value, ()):
            fact = self._constrain(value, fact, constraint)
        self._facts[value] = fact
        return fact

    def narrow(self, value: Value, fact: Fact) -> None:
        """Record that ``fact`` also holds of ``value``."""
        self._facts[value] = meet(self._facts[value], fact)

    def _derive(self, value: Value) -> Fact:
        match value.op:
            case Op.CONST:
                return exactly(value.imm)
            case Op.LANE:
                return between(0, max(0, self._loops[value.imm].extent - 1))
            case Op.LOAD | Op.STORE:
                return self._memory(value)
            case Op.REDUCE:
                return self._reduce(value)
            case Op.SCAN:
                return self._scan(value)
            case Op.SELECT:
                return self._select(value)
            case Op.MOVE:
                return functools.reduce(join, (self._facts[arg] for arg in value.args))
            case _:
                return transfer(value.op, [self._facts[arg] for arg in value.args])

    def _memory(self, value: Value) -> Fact:
        """What the array's words can be once ``value`` is done; for a load, what it reads."""
        fact = between(0, self._arrays[value.array].below - 1)
        for before in value.order:
            fact = join(fact, self._content[before])
        if value.op is Op.STORE:
            fact = join(fact, self._facts[value.args[1]])
        self._content[value] = fact
        return fact

    def _reduce(self, value: Value) -> Fact:
        extent = self._loops[value.imm].extent
        fact = self._facts[value.args[0]]
        kind = value.reduction
        if extent == 0:
            return exactly(MASK if kind is Reduction.MIN else 0)
        if kind is Reduction.MIN or kind is Reduction.MAX:
            return fact
        if kind is Reduction.XOR or kind is Reduction.OR:
            return reduced(0, MASK, fact.zeros, 0) or ANY
        if fact.hi * extent > MASK:
            return ANY
        return between(fact.lo * extent, fact.hi * extent)

    def _scan(self, value: Value) -> Fact:
        extent = self._loops[value.loop].extent
        fact = self._facts[value.args[0]]
        match value.reduction:
            case Reduction.XOR | Reduction.OR:
                return reduced(0, MASK, fact.zeros, 0) or ANY
            case Reduction.SUM if fact.hi * extent <= MASK:
                return between(0 if value.imm else fact.lo, fact.hi * extent)
            case Reduction.MIN | Reduction.MAX:
                nothing = exactly(MASK if value.reduction is Reduction.MIN else 0)
                return join(fact, nothing) if value.imm else fact
            case _:
                return ANY

    def _select(self, value: Value) -> Fact:
        """``c ? a : b``; if ``c`` compares ``a`` or ``b``, each arm knows how it came out."""
        condition, left, right = value.args
        facts = [self._facts[condition], self._facts[left], self._facts[right]]
        if condition.op is Op.LT:
            x, y = condition.args
            for arm, value_of_arm in ((1, left), (2, right)):
                taken = arm == 1
                if value_of_arm is x:
                    relation = Relation.BELOW if taken else Relation.AT_LEAST
                    facts[arm] = self._constrain(x, facts[arm], Constraint(relation, y))
                elif value_of_arm is y:
                    relation = Relation.ABOVE if taken else Relation.AT_MOST
                    facts[arm] = self._constrain(y, facts[arm], Constraint(relation, x))
        return transfer(Op.SELECT, facts)

    def _constrain(self, value: Value, fact: Fact, constraint: Constraint) -> Fact:
        other = constraint.other
        if constraint.relation is Relation.NONZERO:
            return meet(fact, between(1, MASK))
        bound = exactly(other.imm) if other.is_const else self._facts.get(other)
        if bound is None or other is value:
            return fact
        match constraint.relation:
            case Relation.BELOW:
                return meet(fact, between(0, max(0, bound.hi - 1)))
            case Relation.ABOVE:
                return meet(fact, between(min(MASK, bound.lo + 1), MASK))
            case Relation.AT_LEAST:
                return meet(fact, between(bound.lo, MASK))
            case Relation.AT_MOST:
                return meet(fact, between(0, bound.hi))
            case Relation.EQUAL:
                zeros, ones = bound.zeros & constraint.mask, bound.ones & constraint.mask
                if constraint.mask == MASK:
                    return meet(fact, bound)
                return meet(fact, reduced(0, MASK, zeros, ones) or ANY)
            case Relation.DIFFERENT:
                return _without(fact, bound)


def _without(fact: Fact, bound: Fact) -> Fact:
    """``fact`` for a value that differs from the single word of ``bound``."""
    if bound.word is None or fact.word is not None:
        return fact
    if fact.lo == bound.word:
        return meet(fact, between(fact.lo + 1, MASK))
    if fact.hi == bound.word:
        return meet(fact, between(0, fact.hi - 1))
    return fact

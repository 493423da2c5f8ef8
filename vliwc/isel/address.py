"""Address arithmetic: linear forms computed from bits and from addresses computed earlier."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vliwc.analysis.linear import Linear, beyond_multiple
from vliwc.ir.value import MASK, Op, Value
from vliwc.isel.cost import EngineDemand, vector_demand
from vliwc.isel.group import Group
from vliwc.mir.operation import Operand

Term = tuple[Value, int]


@dataclass(frozen=True)
class Flip:
    """``1 - bit`` for nothing: ``bit`` is a bit of ``word``, and ``word ^ mask``, in which it is
    the other way round, is computed anyway."""

    bit: Value
    word: Value
    mask: int

    def vector(self, group: Group) -> Operand:
        """The vector with ``1 - bit``: what takes the bit out of the word, done to the other."""
        uniform = group.uniform
        other = group.once("^", group.vector(self.word), uniform.vector(self.mask))
        opcode = {Op.AND: "&", Op.SHR: ">>"}[self.bit.op]
        return group.once(opcode, other, uniform.vector(self.bit.args[1].imm))


@dataclass(frozen=True)
class Sum:
    """How to compute a linear form.

    Start with a constant chosen by the bits in ``choice`` (none: the constant itself), add
    ``factor * base`` and then each of ``steps``.  ``start``, a vector that is there, takes the
    place of the constant: a value of which one is to be added, or one minus a bit.
    """

    const: int
    choice: tuple[Term, ...]
    base: Linear | None
    factor: int
    steps: tuple[Term, ...]
    start: Value | Flip | None = None

    @property
    def operations(self) -> int:
        """Vector operations, wherever they run."""
        demand = self.demand(1)
        return demand.compute + demand.either + demand.flow

    def demand(self, vlen: int) -> EngineDemand:
        """What the sum asks of the engines."""
        either = flow = valu = plain = 0
        started = self.const != 0 or bool(self.choice) or self.start is not None
        if self.choice:
            # Two bits: two choices by the first one, then one between them.
            choices = len(self.choice)
            arithmetic = self.choice[0][1] in (1, MASK)
            either += choices if arithmetic else 0
            flow += (0 if arithmetic else choices) + choices - 1
        factors = [] if self.base is None else [self.factor]
        for factor in [*factors, *(c for _, c in self.steps)]:
            simple = factor in (1, MASK) if started else factor != 1
            plain += simple
            valu += started and not simple
            started = True
        return vector_demand(vlen, either=either, flow=flow, valu=valu, plain=plain)

    def constants(self, origin: object) -> list[tuple[object, int]]:
        """The constants of which the sum needs vectors.

        Those that contain the address of a table are marked with ``origin``.
        """
        found: list[tuple[object, int]] = []
        totals = [self.const]
        for _, c in self.choice:
            totals += [total + c for total in totals]
        if self.const or self.choice:
            found += [(origin, total & MASK) for total in totals]
        factors = [c for _, c in self.steps]
        if self.base is not None:
            factors.append(self.factor)
        found += [(None, factor) for factor in factors]
        return [item for item in found if item[0] is not None or item[1] not in (1, MASK)]


def plan_sum(
    form: Linear,
    known: Iterable[Linear],
    is_bit: Callable[[Value], bool],
    choice_bits: int,
    flip: Flip | None = None,
) -> Sum:
    """The sum for ``form`` with the fewest operations, from one of the ``known`` forms or none.

    Its constant rides on the choice by up to ``choice_bits`` (0, 1 or 2) left-over bits: one bit
    chooses between two constants, which saves one addition, two bits between four by three flow
    selects, which saves two.  ``flip`` says of which bit the opposite is there.
    """
    best = _plan_rest(form, None, 0, is_bit, choice_bits, flip)
    for base in known:
        found = beyond_multiple(form, base)
        if found is None:
            continue
        rest, factor = found
        plan = _plan_rest(rest, base, factor, is_bit, choice_bits, flip)
        if plan.operations < best.operations:
            best = plan
    return best


def _plan_rest(
    rest: Linear,
    base: Linear | None,
    factor: int,
    is_bit: Callable[[Value], bool],
    choice_bits: int,
    flip: Flip | None,
) -> Sum:
    if rest.const == 1 and flip is not None and rest.coefficient(flip.bit) == MASK:
        return Sum(0, (), base, factor, rest.without(flip.bit).terms, flip)
    if not rest.const:
        start = next((atom for atom, c in rest.terms if c == 1), None)
        steps = rest.terms if start is None else rest.without(start).terms
        return Sum(0, (), base, factor, steps, start)
    bits = [term for term in rest.terms if is_bit(term[0])]
    choice = tuple(bits[:choice_bits])
    steps = tuple(term for term in rest.terms if term not in choice)
    return Sum(rest.const, choice, base, factor, steps)


class AddressBook:
    """The vectors of linear forms that a group has computed, to compute the next ones from."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self._known: dict[Linear, Operand] = {}

    def address(self, form: Linear, choice_bits: int = 1, flip: Flip | None = None) -> Operand:
        """The vector with the words of ``form``; see :func:`plan_sum`."""
        found = self._known.get(form)
        if found is None:
            found = self._known[form] = self._compute(form, choice_bits, flip)
        return found

    def _compute(self, form: Linear, choice_bits: int, flip: Flip | None) -> Operand:
        group = self._group
        if not form.terms:
            return group.uniform.vector(form.const)
        known = self._known
        plan = plan_sum(form, known, lambda atom: group.facts.hi(atom) <= 1, choice_bits, flip)
        total: Operand | None = None
        if isinstance(plan.start, Flip):
            total = plan.start.vector(group)
        elif plan.start is not None:
            total = group.vector(plan.start)
        if len(plan.choice) == 2:
            total = self._constant_tree(plan.choice[0], plan.choice[1], plan.const)
        elif plan.choice:
            atom, c = plan.choice[0]
            total = group.bit_choice(
                group.vector(atom), plan.const + c, plan.const, "k", multiply=False
            )
        elif plan.const:
            total = group.uniform.vector(plan.const)
        if plan.base is not None:
            total = self._step(self._known[plan.base], plan.factor, total)
        for atom, c in plan.steps:
            total = self._step(group.vector(atom), c, total)
        assert total is not None
        return total

    def _constant_tree(self, early: Term, late: Term, const: int) -> Operand:
        """A choice between four constants by two bits."""
        group = self._group
        (x, a), (y, b) = early, late
        bit = group.vector(x)
        high = group.bit_choice(bit, const + a + b, const + b, "k", multiply=False)
        low = group.bit_choice(bit, const + a, const, "k", multiply=False)
        return group.select(group.vector(y), high, low, "k")

    def _step(self, vector: Operand, factor: int, total: Operand | None) -> Operand:
        """``vector * factor + total``."""
        group = self._group
        if total is None:
            if factor == 1:
                return vector
            if factor & (factor - 1) == 0:
                shift = group.uniform.vector(factor.bit_length() - 1)
                return group.elementwise("<<", vector, shift, "a")
            return group.elementwise("*", vector, group.uniform.vector(factor), "a")
        if factor == 1:
            return group.elementwise("+", vector, total, "a")
        if factor == MASK:
            return group.elementwise("-", total, vector, "a")
        return group.madd(vector, group.uniform.vector(factor), total, "a")

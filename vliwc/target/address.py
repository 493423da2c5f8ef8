"""Address arithmetic: linear forms computed from bits and from addresses computed earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vliwc.analysis.linear import Linear, multiplier
from vliwc.ir.value import MASK, Value
from vliwc.target.mops import Operand

if TYPE_CHECKING:
    from vliwc.target.lanes import Lanes


class AddressBook:
    """The vectors of linear forms that a group has computed, to compute the next ones from.

    A form costs one operation per atom that is left over after subtracting a multiple of an
    earlier form; its constant rides on the choice by one of the left-over bits, which is a flow
    select of two constants or a subtraction.
    """

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._known: dict[Linear, Operand] = {}

    def address(self, form: Linear) -> Operand:
        """The vector with the words of ``form``."""
        found = self._known.get(form)
        if found is None:
            found = self._known[form] = self._compute(form)
        return found

    def _compute(self, form: Linear) -> Operand:
        if not form.terms:
            return self._lanes.uniform.vector(form.const)
        base, factor, rest = self._best_base(form)
        if base is None:
            return self._sum(rest, None)
        return self._sum(rest, (base, factor))

    def _best_base(self, form: Linear) -> tuple[Operand | None, int, Linear]:
        """The earlier form that leaves the fewest operations, with its factor and the rest."""
        best: tuple[Operand | None, int, Linear] = (None, 0, form)
        best_cost = self._cost(form, based=False)
        for known, operand in self._known.items():
            for atom, have in known.terms:
                factor = multiplier(have, form.coefficient(atom))
                if not factor:
                    continue
                rest = form.minus(known.times(factor))
                cost = self._cost(rest, based=True)
                if cost < best_cost:
                    best, best_cost = (operand, factor, rest), cost
                break
        return best

    def _cost(self, rest: Linear, *, based: bool) -> int:
        carries = any(self._is_bit(atom) for atom in rest.atoms)
        constant = int(rest.const != 0 and not carries and not (based and not rest.terms))
        return len(rest.terms) + int(based) + constant

    def _is_bit(self, atom: Value) -> bool:
        return self._lanes.facts.hi(atom) <= 1

    def _sum(self, rest: Linear, base: tuple[Operand, int] | None) -> Operand:
        lanes = self._lanes
        terms = list(rest.terms)
        total: Operand | None = None
        bits = [term for term in terms if self._is_bit(term[0])]
        wide = lanes.plan.constant_selects
        if rest.const and len(bits) >= 2 and wide >= 2:
            total = self._constant_tree(bits[:2], rest.const)
            terms = [term for term in terms if term not in bits[:2]]
        elif rest.const and bits:
            atom, c = bits[0]
            total = lanes.bit_choice(lanes.vector(atom), rest.const + c, rest.const, "k")
            terms.remove(bits[0])
        elif rest.const:
            total = lanes.uniform.vector(rest.const)
        if base is not None:
            total = self._step(base[0], base[1], total)
        for atom, c in terms:
            total = self._step(lanes.vector(atom), c, total)
        assert total is not None
        return total

    def _constant_tree(self, bits: list[tuple[Value, int]], const: int) -> Operand:
        """A choice between four constants by two bits: three flow selects."""
        lanes = self._lanes
        (x, a), (y, b) = bits
        early, late = lanes.vector(x), lanes.vector(y)
        high = lanes.bit_choice(early, const + a + b, const + b, "k")
        low = lanes.bit_choice(early, const + a, const, "k")
        return lanes.select(late, high, low, "k")

    def _step(self, vector: Operand, factor: int, total: Operand | None) -> Operand:
        """``vector * factor + total``."""
        lanes = self._lanes
        factor &= MASK
        if total is None:
            if factor == 1:
                return vector
            if factor & (factor - 1) == 0:
                shift = lanes.uniform.vector(factor.bit_length() - 1)
                return lanes.elementwise("<<", vector, shift, "a")
            return lanes.elementwise("*", vector, lanes.uniform.vector(factor), "a")
        if factor == 1:
            return lanes.elementwise("+", vector, total, "a")
        if factor == MASK:
            return lanes.elementwise("-", total, vector, "a")
        return lanes.madd(vector, lanes.uniform.vector(factor), total, "a")


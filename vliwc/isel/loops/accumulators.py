"""Reductions of a machine loop: accumulators that stay in scratch while groups add to them.

``total (op)= result of each group``, where the total stands: a vector whose lanes are combined
after the loop.  The groups of one part add one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vliwc.diagnostics import InternalError
from vliwc.ir.value import Reduction, Value
from vliwc.isel.scalar import Uniform
from vliwc.mir.operation import Form, MOp, Operand

OPCODES = {Reduction.SUM: "+", Reduction.XOR: "^", Reduction.OR: "|"}
"""What combines two words, if it is one operation."""


class Accumulators:
    """The accumulators of some reductions.

    ``made``: the operations of the part that is being made; ``place``: for each of them that
    changes an accumulator, the operation whose words it changes.
    """

    def __init__(self, uniform: Uniform) -> None:
        self._uniform = uniform
        self.totals: dict[Value, MOp] = {}
        self.made: list[MOp] = []
        self.place: dict[MOp, MOp] = {}
        self._first: dict[Value, MOp] = {}

    def begin(self, value: Value) -> None:
        """An accumulator for ``value``, with nothing in it."""
        uniform = self._uniform
        nothing = uniform.word(0xFFFF_FFFF if value.reduction is Reduction.MIN else 0)
        forms = (
            Form("valu", "vbroadcast", (nothing,)),
            Form("alu", "|", (nothing, nothing), scalarised=True),
        )
        op = uniform.add(MOp("total", forms, lanes=uniform.vlen, width=uniform.vlen))
        op.origin = value
        self._first[value] = self.totals[value] = op

    def new_part(self) -> None:
        """What follows is another part, which begins with what the one before has left."""
        self.made = []

    def add(self, value: Value, result: Operand, lanes: int) -> None:
        """Add the first ``lanes`` lanes of a group's ``result``."""
        total = Operand(self._first[value])
        kind = value.reduction
        if kind is None:
            raise InternalError(f"{value!r} has no reduction operator")
        if kind in OPCODES:
            self._change(value, OPCODES[kind], total, result, lanes)
            return
        less = self._step(value, "less", "<", total, result, lanes)
        if lanes == self._uniform.vlen:
            arms = (total, result) if kind is Reduction.MIN else (result, total)
            select = Form("flow", "vselect", (less, *arms))
            self._keep(value, self._op(value, "total", (select,), lanes))
            return
        # total if less (or result, for the greatest), by arithmetic on single lanes.
        one, other = (total, result) if kind is Reduction.MIN else (result, total)
        difference = self._step(value, "step", "-", one, other, lanes)
        change = self._step(value, "step", "*", less, difference, lanes)
        self._change(value, "+", other, change, lanes)

    def _step(
        self, value: Value, name: str, opcode: str, a: Operand, b: Operand, lanes: int
    ) -> Operand:
        return Operand(self._op(value, name, self._forms(opcode, a, b, lanes), lanes))

    def _change(self, value: Value, opcode: str, a: Operand, b: Operand, lanes: int) -> None:
        self._keep(value, self._op(value, "total", self._forms(opcode, a, b, lanes), lanes))

    def _forms(self, opcode: str, a: Operand, b: Operand, lanes: int) -> tuple[Form, ...]:
        scalarised = Form("alu", opcode, (a, b), scalarised=True)
        if lanes < self._uniform.vlen:
            return (scalarised,)
        return Form("valu", opcode, (a, b)), scalarised

    def _op(self, value: Value, name: str, forms: tuple[Form, ...], lanes: int) -> MOp:
        """An operation after the last change of the total, in this part."""
        op = MOp(name, forms, lanes, self._uniform.vlen, origin=value)
        last = self.totals[value]
        if last in self.made:
            op.order.append((last, 1))
        self.made.append(op)
        return op

    def _keep(self, value: Value, op: MOp) -> None:
        self.place[op] = self._first[value]
        self.totals[value] = op

    def fixed(self, places: Mapping[MOp, int]) -> dict[MOp, int]:
        """The addresses of all results that stand in an accumulator."""
        return {op: places[first] for op, first in self.place.items()}


def combine(uniform: Uniform, kind: Reduction, words: Sequence[Operand]) -> Operand:
    """One word of several, pair by pair."""
    if not words:
        return uniform.word(0xFFFF_FFFF if kind is Reduction.MIN else 0)
    left = list(words)
    while len(left) > 1:
        pairs = zip(left[::2], left[1::2], strict=False)
        left = [_pair(uniform, kind, a, b) for a, b in pairs] + left[len(left) & ~1 :]
    return left[0]


def _pair(uniform: Uniform, kind: Reduction, a: Operand, b: Operand) -> Operand:
    if kind in OPCODES:
        return uniform.scalar_op(OPCODES[kind], a, b, "acc")
    less = uniform.scalar_op("<", a, b, "less")
    first, second = (a, b) if kind is Reduction.MIN else (b, a)
    return uniform.select(less, first, second)

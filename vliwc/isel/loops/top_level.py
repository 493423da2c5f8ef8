"""What stands at the top level of a kernel around its machine loop: before it, or after it."""

from __future__ import annotations

from collections.abc import Collection

from vliwc.diagnostics import InternalError
from vliwc.ir.graph import Function
from vliwc.ir.value import TOP_LEVEL, Op, Value
from vliwc.isel.loops.accumulators import Accumulators, combine
from vliwc.isel.loops.loop_order import ordered_before
from vliwc.isel.scalar import Uniform
from vliwc.mir.operation import MOp, Operand, Source


class TopLevel:
    """The loads and stores at the top level of a function with one parallel loop.

    What the loop has to wait for comes before it, everything else after it.  ``reductions``: those
    of the loop; ``late``: whether anything is done after it.
    """

    def __init__(self, function: Function, uniform: Uniform) -> None:
        self._uniform = uniform
        live = function.computed()
        values = [value for value in function.values if value in live]
        self.reductions = [value for value in values if value.op is Op.REDUCE]
        self._memory = [v for v in values if v.is_memory and v.loop == TOP_LEVEL]
        self._early = _awaited(values)
        self.late = any(v.op is Op.STORE and v not in self._early for v in self._memory)

    def before(self) -> None:
        """Load and store what the loop waits for."""
        for value in self._memory:
            if value in self._early:
                self._do(value)

    def after(self, totals: Accumulators) -> None:
        """Combine the lanes of the reductions' totals, then do what is left."""
        uniform = self._uniform
        for value in self.reductions:
            if value.reduction is None:
                raise InternalError(f"{value!r} has no reduction operator")
            uniform.origin = value
            words = [Operand(totals.totals[value], lane, 0) for lane in range(uniform.vlen)]
            uniform.define(value, combine(uniform, value.reduction, words))
            uniform.origin = None
        for value in self._memory:
            if value not in self._early and value.op is Op.STORE:
                self._do(value)

    def order(self, ops: Collection[MOp]) -> list[tuple[Source, Source, int]]:
        """The order edges between loads and stores of a part, which executes ``ops``."""
        made = self._uniform.memory
        return [
            (first, second, int(before.op is Op.STORE))
            for value in self._memory
            for before in ordered_before(value)
            if before.loop == TOP_LEVEL
            for first in made.get(before, ())
            for second in made.get(value, ())
            if first in ops and second in ops
        ]

    def _do(self, value: Value) -> None:
        if value.op is Op.STORE:
            self._uniform.store(value)
        else:
            self._uniform.scalar(value)


def _awaited(values: list[Value]) -> set[Value]:
    """The memory operations at the top level that must be done before some of the loop."""
    found: set[Value] = set()
    for value in reversed(values):
        if value.loop != TOP_LEVEL or value in found:
            found.update(value.order)
    return found

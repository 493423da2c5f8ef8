"""Redundant load elimination: two loads of one word with no store in between become one.

``x = load a[i]; store a[j] = w; y = load a[i]`` -> ``y = x`` if ``j`` can never be ``i``.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.analysis.facts import Facts
from vliwc.analysis.memory import MemoryOrder
from vliwc.ir.graph import Function
from vliwc.ir.rebuild import Rebuild
from vliwc.ir.value import Op, Value


@dataclass(frozen=True, slots=True)
class RedundantLoads:
    """Replace a load by an earlier one that the same stores reach."""

    name: str = "redundant-loads"

    def run(self, function: Function) -> Function:
        """The function with one load for each word and content."""
        order = MemoryOrder(function, Facts(function))
        rebuild = Rebuild(function)
        first: dict[tuple[object, ...], Value] = {}
        for value in function:
            if value.op is not Op.LOAD:
                rebuild.keep(value)
                continue
            content = tuple(store.id for store in order.reaching(value))
            key = (value.array, value.args[0].id, content)
            earlier = first.setdefault(key, value)
            if earlier is value:
                rebuild.keep(value)
            else:
                rebuild.replace(value, rebuild.new[earlier])
        return rebuild.finish()

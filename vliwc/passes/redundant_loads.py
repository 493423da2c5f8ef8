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
        earlier = _earlier(function)
        if not earlier:
            return function
        rebuild = Rebuild(function)
        for value in function:
            if value in earlier:
                rebuild.replace(value, rebuild.new[earlier[value]])
            else:
                rebuild.keep(value)
        return rebuild.finish()


def _earlier(function: Function) -> dict[Value, Value]:
    """For each redundant load the first one of the same word."""
    loads = [value for value in function if value.op is Op.LOAD]
    if len({(load.array, load.args[0]) for load in loads}) == len(loads):
        return {}
    order = MemoryOrder(function, Facts(function))
    found: dict[Value, Value] = {}
    first: dict[tuple[object, ...], Value] = {}
    for load in loads:
        content = tuple(store.id for store in order.reaching(load))
        known = first.setdefault((load.array, load.args[0], content), load)
        if known is not load:
            found[load] = known
    return found

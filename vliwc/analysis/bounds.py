"""Array bounds: which accesses are proved to stay inside their declared array."""

from __future__ import annotations

from vliwc.analysis.facts import Facts
from vliwc.ir.graph import Function
from vliwc.ir.value import Value


def check_bounds(function: Function, facts: Facts) -> list[Value]:
    """The loads and stores, in topological order, whose index may be outside the array."""
    return [
        value
        for value in function
        if value.is_memory and facts.hi(value.args[0]) >= function.arrays[value.array].length
    ]

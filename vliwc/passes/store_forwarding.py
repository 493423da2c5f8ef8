"""Store-to-load forwarding: a load of a word that was just stored becomes that word.

``store a[i] = x; y = load a[i]`` -> ``y = x``, if no other store in between may write the word
and the load runs in the same iteration as the store.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.analysis.facts import Facts
from vliwc.analysis.memory import MemoryOrder, same_iteration
from vliwc.ir.graph import Function
from vliwc.ir.rebuild import Rebuild
from vliwc.ir.value import Op, Value


@dataclass(frozen=True, slots=True)
class StoreForwarding:
    """Replace loads by the words that the last store before them wrote."""

    name: str = "store-forwarding"

    def run(self, function: Function) -> Function:
        """The function without loads of known words."""
        sources = _sources(function)
        if not sources:
            return function
        rebuild = Rebuild(function)
        for value in function:
            if value in sources:
                rebuild.replace(value, rebuild.new[sources[value].args[1]])
            else:
                rebuild.keep(value)
        return rebuild.finish()


def _sources(function: Function) -> dict[Value, Value]:
    """The store that each load gets its word from, where that is known."""
    loads = [value for value in function if value.op is Op.LOAD and value.order]
    if not loads:
        return {}
    order = MemoryOrder(function, Facts(function))
    found = {load: _source(load, order) for load in loads}
    return {load: store for load, store in found.items() if store is not None}


def _source(load: Value, order: MemoryOrder) -> Value | None:
    """The store whose word ``load`` reads, if that is known."""
    reaching = order.reaching(load)
    if not reaching:
        return None
    last = reaching[-1]
    overwritten = all(order.before(last) & order.bit(store) for store in reaching[:-1])
    return last if overwritten and same_iteration(last, load) else None

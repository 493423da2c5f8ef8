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
        order = MemoryOrder(function, Facts(function))
        rebuild = Rebuild(function)
        for value in function:
            store = _source(value, order) if value.op is Op.LOAD else None
            if store is not None:
                rebuild.replace(value, rebuild.new[store.args[1]])
            else:
                rebuild.keep(value)
        return rebuild.finish()


def _source(load: Value, order: MemoryOrder) -> Value | None:
    """The store whose word ``load`` reads, if that is known."""
    reaching = order.reaching(load)
    if not reaching:
        return None
    last = reaching[-1]
    overwritten = all(order.before(last) & order.bit(store) for store in reaching[:-1])
    return last if overwritten and same_iteration(last, load) else None

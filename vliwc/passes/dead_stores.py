"""Dead store elimination: stores of words that nobody reads disappear.

``store a[i] = x; store a[i] = y`` -> ``store a[i] = y``.

A store is dead if the same word is stored again before any load may read it, or if the array's
content does not matter at exit (its role is ``scratch`` or ``in scratch``) and no load that is
needed itself may read the word.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.analysis.facts import Facts
from vliwc.analysis.memory import MemoryOrder
from vliwc.ir.graph import Function
from vliwc.ir.rebuild import Rebuild
from vliwc.ir.value import Op, Value


@dataclass(frozen=True, slots=True)
class DeadStores:
    """Remove stores whose words are never seen."""

    name: str = "dead-stores"

    def run(self, function: Function) -> Function:
        """The function without dead stores (what only they needed is left to ``dce``)."""
        if not _candidates(function):
            return function
        live = _live(function)
        rebuild = Rebuild(function)
        for value in function:
            if value.op is Op.STORE and value not in live:
                rebuild.drop(value)
            else:
                rebuild.keep(value)
        return rebuild.finish()


def _candidates(function: Function) -> bool:
    """Whether any store could be dead: two of one word, or one to an array that is not seen."""
    words = {(store.array, store.args[0]) for store in function.roots}
    seen = all(function.arrays[store.array].role.observable for store in function.roots)
    return len(words) < len(function.roots) or not seen


def _live(function: Function) -> set[Value]:
    """The values that the memory at exit depends on, and those of the assumptions.

    Optimistic: a store is dead until something that is live itself may see its word.
    """
    order = MemoryOrder(function, Facts(function))
    overwritten = _overwritten(order)
    live: set[Value] = set()
    pending = [
        store
        for store in function.roots
        if function.arrays[store.array].role.observable and store not in overwritten
    ]
    pending += function.assumptions
    while pending:
        value = pending.pop()
        if value in live:
            continue
        live.add(value)
        pending += value.args
        if value.op is Op.LOAD:
            pending += (
                store
                for store in order.reaching(value)
                if store not in overwritten
                or not order.before(value) & order.bit(overwritten[store])
            )
    return live


def _overwritten(order: MemoryOrder) -> dict[Value, Value]:
    """For a store, the next one that writes the very same word in the same iteration."""
    found: dict[Value, Value] = {}
    last: dict[tuple[str, Value], Value] = {}
    for store in order.stores:
        index = store.args[0]
        if store.loop != index.loop:
            continue
        earlier = last.get((store.array, index))
        if earlier is not None and order.before(store) & order.bit(earlier):
            found[earlier] = store
        last[store.array, index] = store
    return found

"""Global value numbering: operations that must give the same result become one value.

The builder interns pure operations whenever a function is rebuilt.  What is left are loads that
differ only in their order edges: a load has to come after stores, never after loads, and not
twice after one store.  ``load a[i] after load, store`` -> ``load a[i] after store``.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.ir.graph import Function
from vliwc.ir.rebuild import Rebuild
from vliwc.ir.value import Op, Value


@dataclass(frozen=True, slots=True)
class GlobalValueNumbering:
    """Merge equal operations, after reducing the order edges of loads to the last stores."""

    name: str = "gvn"

    def run(self, function: Function) -> Function:
        """The function without repeated operations."""
        rebuild = Rebuild(function)
        before: dict[Value, int] = {}
        loads: dict[Value, dict[Value, None]] = {}
        for value in function:
            if value.is_memory:
                before[value] = _transitive(value, before)
            if value.op is Op.LOAD:
                stores, loads[value] = _last_stores(value, before)
                order = tuple(rebuild.new[store] for store in stores)
                args = rebuild.args(value)
                rebuild.move(value, rebuild.builder.rebuild(value, args, order))
            elif value.op is Op.STORE:
                rebuild.move(value, self._store(rebuild, value, loads))
            else:
                rebuild.keep(value)
        return rebuild.finish()

    def _store(
        self, rebuild: Rebuild, store: Value, loads: dict[Value, dict[Value, None]]
    ) -> Value:
        """The store, ordered directly after the loads it was ordered after through others."""
        order = dict.fromkeys(rebuild.order(store))
        for before in store.order:
            order.update(dict.fromkeys(rebuild.new[load] for load in loads.get(before, ())))
        return rebuild.builder.rebuild(store, rebuild.args(store), order)


def _transitive(value: Value, before: dict[Value, int]) -> int:
    """The memory operations that come before ``value``, as a mask of ids."""
    mask = 0
    for each in value.order:
        mask |= before[each] | 1 << each.id
    return mask


def _last_stores(load: Value, before: dict[Value, int]) -> tuple[list[Value], dict[Value, None]]:
    """The stores that ``load`` directly comes after, and the loads on the way to them."""
    stores: dict[Value, None] = {}
    passed: dict[Value, None] = {}
    stack = list(load.order)
    while stack:
        each = stack.pop()
        if each.op is Op.STORE:
            stores[each] = None
        elif each not in passed:
            passed[each] = None
            stack.extend(each.order)
    covered = 0
    for store in stores:
        covered |= before[store]
    return [store for store in stores if not covered >> store.id & 1], passed

"""Memory dependences: which stores a memory operation comes after, and which accesses may meet."""

from __future__ import annotations

from vliwc.analysis.facts import Facts
from vliwc.ir.graph import Function
from vliwc.ir.value import MASK, Op, Value


class MemoryOrder:
    """The order edges of a function, transitively closed over stores as bit masks.

    Bit ``k`` of a mask stands for the ``k``-th store of the function (``stores[k]``).
    """

    def __init__(self, function: Function, facts: Facts) -> None:
        self.stores: list[Value] = []
        self._facts = facts
        self._bit: dict[Value, int] = {}
        self._before: dict[Value, int] = {}
        for value in function:
            if not value.is_memory:
                continue
            mask = 0
            for before in value.order:
                mask |= self._before[before] | self._bit.get(before, 0)
            self._before[value] = mask
            if value.op is Op.STORE:
                self._bit[value] = 1 << len(self.stores)
                self.stores.append(value)

    def bit(self, store: Value) -> int:
        """The mask of ``store`` alone."""
        return self._bit[store]

    def before(self, value: Value) -> int:
        """The stores that are complete before the memory operation ``value``."""
        return self._before[value]

    def reaching(self, value: Value) -> list[Value]:
        """The stores before ``value`` that may write a word it accesses, in topological order."""
        mask = self._before[value]
        found: list[Value] = []
        while mask:
            lowest = mask & -mask
            store = self.stores[lowest.bit_length() - 1]
            if may_meet(store, value, self._facts):
                found.append(store)
            mask ^= lowest
        return found


def may_meet(a: Value, b: Value, facts: Facts) -> bool:
    """Whether two accesses of one array may touch the same word, in any two iterations.

    Iterations of one parallel loop are independent, so that two accesses in the same loop can
    only meet within one iteration.
    """
    i, j = a.args[0], b.args[0]
    while True:
        if facts.hi(i) < facts.lo(j) or facts.hi(j) < facts.lo(i):
            return False
        if facts.known_zero(i) & facts.known_one(j) or facts.known_one(i) & facts.known_zero(j):
            return False
        (base, offset), (other, other_offset) = _split(i), _split(j)
        if base is other:  # the same iteration, or a uniform base
            return offset == other_offset
        if offset != other_offset or not _both_distinct(base, other, facts):
            return True
        i, j = base.args[0], other.args[0]  # different places hold different words


def _both_distinct(a: Value, b: Value, facts: Facts) -> bool:
    """Whether `a` and `b` are words at entry of one array whose words are all different."""
    return (
        a.op is Op.LOAD
        and b.op is Op.LOAD
        and a.array == b.array
        and not (a.order or b.order)
        and facts.array(a.array).distinct
    )


def _split(index: Value) -> tuple[Value, int]:
    """``index`` as a value plus a constant."""
    if index.op is Op.ADD and index.args[1].is_const:
        return index.args[0], index.args[1].imm & MASK
    return index, 0


def same_iteration(store: Value, load: Value) -> bool:
    """Whether a store and a load of the very same index run in the same iteration.

    Not if the index is uniform but the store stands in a loop: then which iteration wrote last
    is not known.
    """
    return store.args[0] is load.args[0] and store.loop == store.args[0].loop

"""Memory order: an access waits only for accesses that may touch the same word.

``store a[p] = x; y = load a[p + 1] after store`` -> ``y = load a[p + 1]``; likewise where the
indices are two words of an array whose words are ``distinct``.  This runs after the passes on
memory, which follow the order of the program.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.analysis.facts import Facts
from vliwc.analysis.memory import may_meet
from vliwc.ir.graph import Function
from vliwc.ir.rebuild import Rebuild
from vliwc.ir.value import Op, Value

MAX_ACCESSES = 256
"""Arrays with more accesses keep their order: all pairs are compared."""


@dataclass(frozen=True, slots=True)
class MemoryOrderRelaxation:
    """Replace the order edges by the fewest that keep accesses of one word in order."""

    name: str = "memory-order"

    def run(self, function: Function) -> Function:
        """The function without order edges between accesses that cannot meet."""
        order = _relaxed(function)
        if all(order[value] == list(value.order) for value in order):
            return function
        rebuild = Rebuild(function)
        for value in function:
            if value in order:
                before = [rebuild.new[each] for each in order[value]]
                new = rebuild.builder.rebuild(value, rebuild.args(value), before)
                rebuild.move(value, new)
            else:
                rebuild.keep(value)
        return rebuild.finish()


def _relaxed(function: Function) -> dict[Value, list[Value]]:
    """What each access of an array with stores has to follow directly, in topological order."""
    accesses: dict[str, list[Value]] = {}
    for value in function:
        if value.is_memory:
            accesses.setdefault(value.array, []).append(value)
    facts: Facts | None = None
    found: dict[Value, list[Value]] = {}
    for group in accesses.values():
        if len(group) <= MAX_ACCESSES and any(value.order for value in group):
            facts = facts or Facts(function)
            found |= _relax(group, facts)
    return found


def _relax(accesses: list[Value], facts: Facts) -> dict[Value, list[Value]]:
    """The same for the accesses of one array; masks have bit ``k`` for ``accesses[k]``."""
    position = {value: k for k, value in enumerate(accesses)}
    old: list[int] = []
    new: list[int] = []
    found: dict[Value, list[Value]] = {}
    for value in accesses:
        earlier = 0
        for before in value.order:
            earlier |= old[position[before]] | 1 << position[before]
        old.append(earlier)
        direct: list[Value] = []
        covered = 0
        for k in reversed(range(len(old) - 1)):
            before = accesses[k]
            if earlier >> k & 1 and not covered >> k & 1 and _conflict(before, value, facts):
                direct.append(before)
                covered |= new[k] | 1 << k
        new.append(covered)
        found[value] = direct[::-1]
    return found


def _conflict(a: Value, b: Value, facts: Facts) -> bool:
    return Op.STORE in (a.op, b.op) and may_meet(a, b, facts)

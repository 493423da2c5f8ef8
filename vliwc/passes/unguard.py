"""Unguarding: a selection whose other arm no one can see becomes its first arm.

``select c, (load a[select c, i, 0]), 0`` -> ``select c, (load a[i]), 0`` if ``i`` is in bounds
anyway; likewise for a divisor that is never zero.  Lowering guards indices and divisors of
conditional code, because both arms of a selection are computed.

For each value the pass knows conditions under which alone it matters, from its users backwards:
the arm of a selection matters only if its condition chose it, and so does everything that is used
for nothing else.  Where its conditions do not hold, a value may change; where they hold, it stays
the same, because whatever the conditions were computed from stays the same there as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.analysis.facts import Facts
from vliwc.ir.graph import Function
from vliwc.ir.rebuild import Rebuild
from vliwc.ir.value import Op, Value

Conditions = dict[Value, bool]
"""Values that are known to be nonzero (true) or zero (false)."""

MAX_DEPTH = 8
"""How deep into a condition made of other conditions the pass looks."""


@dataclass(frozen=True, slots=True)
class Unguard:
    """Remove selections that only keep unused code from trapping, where it cannot trap.

    ``conditions``: no more nested ones than this are looked at, to keep the pass linear.
    """

    name: str = "unguard"
    conditions: int = 16

    def run(self, function: Function) -> Function:
        """The function without superfluous guards."""
        arms = _superfluous(function, self.conditions)
        if not arms:
            return function
        rebuild = Rebuild(function)
        for value in function:
            if value in arms:
                rebuild.replace(value, rebuild.new[arms[value]])
            else:
                rebuild.keep(value)
        return rebuild.finish()


def _superfluous(function: Function, limit: int) -> dict[Value, Value]:
    """The selections that need not select, with the arm that can stand for each of them."""
    selections = [value for value in function if value.op is Op.SELECT]
    if not selections:
        return {}
    facts = Facts(function)
    users = function.users()
    matters = _matters(function, users, facts, limit)
    traps = _feeds_a_trap(function, users)
    found: dict[Value, Value] = {}
    for value in selections:
        arm = _only_arm(value, matters[value], facts)
        if arm is not None and value not in traps and _safe(function, users, value, arm, facts):
            found[value] = arm
    return found


# Conditions


def _matters(
    function: Function, users: dict[Value, list[Value]], facts: Facts, limit: int
) -> dict[Value, Conditions]:
    """For each value, what holds whenever its word has any effect, up to ``limit`` conditions."""
    found: dict[Value, Conditions] = {}
    assumed = set(function.assumptions)
    for value in reversed(function.values):
        common: Conditions | None = {}
        if value not in assumed:
            common = None
            for user in users[value]:
                wanted = _wanted(user, value, found[user], facts, limit)
                if common is None:
                    common = wanted
                else:
                    common = {c: t for c, t in common.items() if wanted.get(c) is t}
        found[value] = common or {}
    return found


def _wanted(
    user: Value, value: Value, conditions: Conditions, facts: Facts, limit: int
) -> Conditions:
    """What holds when ``user``, which matters under ``conditions``, looks at ``value``."""
    if user.op in (Op.REDUCE, Op.SCAN, Op.MOVE):
        # They mix iterations with different conditions.
        return {}
    condition, truth = user.args[0], True
    match user.op:
        case Op.SELECT if value is not condition and user.args[1] is not user.args[2]:
            truth = value is user.args[1]
        case Op.AND if value is not condition:
            # `0 & x` is 0 for any x.  Only one operand may count on the other.
            pass
        case Op.OR if value is not condition and {condition.op, value.op} <= {Op.LT, Op.EQ}:
            truth = False
        case _:
            return conditions
    if len(conditions) >= limit:
        return conditions
    return conditions | _consequences(condition, truth, facts, limit)


def _consequences(condition: Value, truth: bool, facts: Facts, limit: int) -> Conditions:
    """``condition`` is true (or false), and what follows for the conditions it is made of."""
    found: Conditions = {}
    stack = [(condition, truth)]
    while stack and len(found) < limit:
        condition, truth = stack.pop()
        found[condition] = truth
        negated = _negated(condition, facts)
        if negated is not None:
            stack.append((negated, not truth))
        elif condition.op is (Op.AND if truth else Op.OR):
            stack += [(arg, truth) for arg in condition.args]
    return found


def _negated(condition: Value, facts: Facts) -> Value | None:
    """``x`` if the condition means that ``x`` is zero."""
    if condition.op in (Op.EQ, Op.XOR) and condition.args[1].is_const:
        x, word = condition.args[0], condition.args[1].imm
        if word == 0 and condition.op is Op.EQ:
            return x
        if word == 1 and condition.op is Op.XOR and facts.is_bit(x):
            return x
    return None


def _truth(
    condition: Value, known: Conditions, facts: Facts, depth: int = MAX_DEPTH
) -> bool | None:
    """Whether ``condition`` is nonzero where all of ``known`` holds, if that can be told."""
    if condition in known or depth == 0:
        return known.get(condition)
    negated = _negated(condition, facts)
    if negated is not None:
        truth = _truth(negated, known, facts, depth - 1)
        return None if truth is None else not truth
    if condition.op not in (Op.AND, Op.OR):
        return None
    decisive = condition.op is Op.OR
    parts = [_truth(arg, known, facts, depth - 1) for arg in condition.args]
    if decisive in parts:
        return decisive
    bits = all(facts.is_bit(arg) for arg in condition.args)
    return (not decisive) if None not in parts and (bits or decisive) else None


# Selections


def _only_arm(value: Value, known: Conditions, facts: Facts) -> Value | None:
    """The arm of a selection that is chosen whenever the selection matters."""
    truth = _truth(value.args[0], known, facts) if known else None
    return None if truth is None else value.args[1 if truth else 2]


def _trapping_operand(user: Value) -> Value | None:
    """The operand that makes ``user`` trap if it is a bad one."""
    if user.is_memory:
        return user.args[0]
    return user.args[1] if user.op in (Op.DIV, Op.MOD) else None


def _feeds_a_trap(function: Function, users: dict[Value, list[Value]]) -> set[Value]:
    """Values that indices or divisors are computed from (being one does not count)."""
    operands = {_trapping_operand(user) for user in function}
    found: set[Value] = set()
    for value in reversed(function.values):
        if any(u.info.arithmetic and (u in found or u in operands) for u in users[value]):
            found.add(value)
    return found


def _safe(
    function: Function, users: dict[Value, list[Value]], value: Value, arm: Value, facts: Facts
) -> bool:
    """Whether ``arm`` in the place of ``value`` is a good index and divisor on every input."""
    for user in users[value]:
        if _trapping_operand(user) is not value:
            continue
        if user.is_memory:
            array = function.arrays[user.array]
            if not array.placed or facts.hi(arm) >= array.length:
                return False
        elif facts.lo(arm) == 0:
            return False
    return True

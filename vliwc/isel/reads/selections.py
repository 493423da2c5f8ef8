"""Selections between words of lanes: what each costs on which engine.

A ``vselect`` takes the only flow slot of a cycle.  With a bit as condition the same choice is
``b + c * (a - b)`` on valu and alu, and there are shorter forms where an arm is zero or is the
condition itself.  How many selections of a loop leave flow is for the balance to say.
"""

from __future__ import annotations

from collections.abc import Collection

from vliwc.analysis.linear import BitFacts
from vliwc.ir.value import Op, Value


def masks(value: Value, facts: BitFacts) -> bool:
    """Whether a selection is the product of a bit and a word."""
    condition, _, otherwise = value.args
    return otherwise.is_const and otherwise.imm == 0 and facts.hi(condition) <= 1


def arithmetic_operations(selects: Collection[Value], facts: BitFacts) -> dict[Value, int]:
    """Vector operations that each of ``selects`` takes on valu and alu in place of a flow slot.

    What several of them need (the comparison of a condition with zero, the difference of the arms)
    counts for the first one.
    """
    found: dict[Value, int] = {}
    done: set[tuple[Op, Value, Value | None]] = set()

    def once(op: Op, a: Value, b: Value | None = None) -> int:
        new = (op, a, b) not in done
        done.add((op, a, b))
        return int(new)

    for value in selects:
        c, a, b = value.args
        if a is c:
            found[value] = 1 + once(Op.EQ, c)
        else:
            bit = facts.hi(c) <= 1
            found[value] = 1 + once(Op.SUB, a, b) + (0 if bit else once(Op.LT, c))
    return found

"""Selections that an operation makes superfluous: it gives the other arm by itself.

Where the condition is 0, an operation with the condition as its operand changes nothing
(``x + p``) or gives 0 (``x * p``), and a division that is guarded by the divisor 1 gives the
remainder 0 and the quotient ``x``.  With a divisor that no dividend reaches it is the other way
around.
"""

from __future__ import annotations

from vliwc.rules.rule import table

GUARDS = table(
    "guards",
    """
    same-add:    select(p, x + p, x) => x + p
    same-sub:    select(p, x - p, x) => x - p
    same-or:     select(p, x | p, x) => x | p
    same-xor:    select(p, x ^ p, x) => x ^ p
    same-shl:    select(p, x << p, x) => x << p
    same-shr:    select(p, x >> p, x) => x >> p
    same-madd:   select(p, madd(x, p, y), y) => madd(x, p, y)

    zero-mul:    select(p, x * p, 0) => x * p
    zero-and:    select(p, x & p, 0) => x & p
    zero-shl:    select(p, p << x, 0) => p << x
    zero-shr:    select(p, p >> x, 0) => p >> x
    zero-div:    select(p, p // x, 0) => p // x
    zero-mod:    select(p, p % x, 0) => p % x

    guarded-mod: select(p, x % select(p, y, 1), 0) => x % select(p, y, 1)
    guarded-div: select(p, x // select(p, y, 1), x) => x // select(p, y, 1)
    mod-or-self: select(p, [x % [select(p, y, 1)]], x) => x % select(p, y, 0 - 1)  given x < 0 - 1
    div-or-zero: select(p, [x // [select(p, y, 1)]], 0) => x // select(p, y, 0 - 1)  given x < 0 - 1
    """,
)

"""Selections: decided or negated conditions, nested and equal arms, arithmetic instead of flow.

``condition-…`` rewrites what decides, ``arms-…`` takes out what both arms have in common, and
``select-…`` does without the selection or with a simpler one.
"""

from __future__ import annotations

from vliwc.rules.rule import table

SELECT = table(
    "select",
    """
    select-never:      select(0, x, y) => y
    select-always:     select(p, x, y) => x  given p > 0
    select-same:       select(p, x, x) => x
    condition-not:     select(p == 0, x, y) => select(p, y, x)
    condition-flip:    select(p ^ 1, x, y) => select(p, y, x)  given p < 2
    condition-nonzero: select(0 < p, x, y) => select(p, x, y)
    select-equal:      select(x == y, x, y) => y
    select-unequal:    select(x == y, y, x) => x
    select-self:       select(p, p, 0) => p
    select-zero:       select(p, x, p) => select(p, x, 0)

    # Neighbouring constants
    select-bit:        select(p, 1, 0) => p  given p < 2
    select-truth:      select(p, 1, 0) => 0 < p
    select-falsehood:  select(p, 0, 1) => p == 0
    select-step-up:    select(p, C, D) => p + D  given p < 2 when C == D + 1
    select-step-down:  select(p, C, D) => D - p  given p < 2 when D == C + 1
    select-increment:  select(p, x + 1, x) => x + p  given p < 2
    select-decrement:  select(p, x, x + 1) => (x + 1) - p  given p < 2

    # Arms that differ by what the condition decides about: one multiply-add, or a shift by it
    select-offset:     select(p, [x + y], y) => madd(p, x, y)  given p < 2
    select-doubled:    select(p, [x << 1], x) => x << p  given p < 2
    select-halved:     select(p, [x >> 1], x) => x >> p  given p < 2
    select-both-bits:  select(x < y, x, y) => x & y  given x < 2 and y < 2
    select-any-bit:    select(x < y, y, x) => x | y  given x < 2 and y < 2

    # Nested selections
    select-then:       select(p, select(p, x, y), z) => select(p, x, z)
    select-else:       select(p, x, select(p, y, z)) => select(p, x, z)
    condition-or:      select(p, x, [select(q, x, y)]) => select(p | q, x, y)
    condition-and:     select(p, [select(q, x, y)], y) => select(p & q, x, y)  given p < 2 and q < 2

    # Common parts of both arms
    arms-add:          select(p, [x + y], [x + z]) => x + select(p, y, z)
    arms-xor:          select(p, [x ^ y], [x ^ z]) => x ^ select(p, y, z)
    arms-xor-zero:     select(p, [x ^ y], y) => y ^ select(p, x, 0)
    arms-or-zero:      select(p, [x | y], y) => y | select(p, x, 0)
    arms-sub-zero:     select(p, [y - x], y) => y - select(p, x, 0)
    arms-madd:         select(p, [madd(x, y, z)], [madd(x, y, w)]) => madd(x, y, select(p, z, w))
    """,
)

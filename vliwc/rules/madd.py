"""Multiply-adds: forming them, and distributing products and shifts over them.

``(a + c) + (a << k)`` is one operation.  Where a multiply-add of constants is only used by sums,
shifts and products with constants, each use becomes a multiply-add of its own and the first one
disappears.
"""

from __future__ import annotations

from vliwc.rules.rule import table

MADD = table(
    "madd",
    """
    # Formation
    add-shl-to-madd:   (x + C) + (x << K) => madd(x, 1 + (1 << K), C)
    add-mul-to-madd:   (x + C) + x * D => madd(x, 1 + D, C)
    sum-shl-to-madd:   [x + y] + (x << K) => madd(x, 1 + (1 << K), y)
    sum-mul-to-madd:   [x + y] + x * D => madd(x, 1 + D, y)
    mul-add:           [x * y] + z => madd(x, y, z)
    shl-add:           [x << K] + y => madd(x, 1 << K, y)
    sub-mul:           x - [y * C] => madd(y, 0 - C, x)
    sub-shl:           x - [y << K] => madd(y, 0 - (1 << K), x)
    add-select:        [select(p, x, 0)] + y => madd(p, x, y)  given p < 2

    # Distribution
    madd-plus:         [madd(x, M, C)] + D => madd(x, M, C + D)
    madd-minus:        D - [madd(x, M, C)] => madd(x, 0 - M, D - C)
    madd-shl:          [madd(x, M, C)] << K => madd(x, M << K, C << K)
    madd-times:        [madd(x, M, C)] * D => madd(x, M * D, C * D)
    madd-madd:         madd([madd(x, M, C)], N, D) => madd(x, M * N, C * N + D)
    add-times:         [x + C] * D => madd(x, D, C * D)
    add-shl:           [x + C] << K => madd(x, 1 << K, C << K)
    sub-times:         [C - x] * D => madd(x, 0 - D, C * D)
    sub-shl-out:       [C - x] << K => madd(x, 0 - (1 << K), C << K)

    # Multiples of one value
    madd-add-self:     [madd(x, C, y)] + x => madd(x, C + 1, y)
    madd-sub-self:     [madd(x, C, y)] - x => madd(x, C - 1, y)
    madd-add-madd:     madd(x, C, [madd(x, D, y)]) => madd(x, C + D, y)
    madd-add-sum:      madd(x, C, [x + y]) => madd(x, C + 1, y)
    """,
)

"""Comparisons: simpler operands, and negations absorbed.

Comparisons that the ranges of their operands decide become constants without a rule.
"""

from __future__ import annotations

from vliwc.rules.rule import table

COMPARE = table(
    "compare",
    """
    lt-self:           x < x => 0
    lt-one:            x < 1 => x == 0
    eq-self:           (x == x) => 1
    eq-add:            (x + C == D) => x == D - C
    eq-sub:            (C - x == D) => x == C - D
    eq-xor:            ((x ^ C) == D) => x == (C ^ D)
    eq-difference:     (x - y == 0) => x == y
    eq-xor-zero:       ((x ^ y) == 0) => x == y
    eq-add-common:     (x + y == x + z) => y == z
    eq-xor-common:     ((x ^ y) == (x ^ z)) => y == z

    # Words that are 0 or 1
    bit-is-zero:       (x == 0) => x ^ 1  given x < 2
    bit-is-one:        (x == 1) => x  given x < 2
    bit-above-zero:    0 < x => x  given x < 2
    one-minus-bit:     1 - x => x ^ 1  given x < 2

    # Negations; `x >= n` arrives as `(x < n) == 0`
    not-below:         (x < C) ^ 1 => C - 1 < x  when C != 0
    not-above:         (C < x) ^ 1 => x < C + 1  when C != 0xFFFFFFFF
    not-zero:          (x == 0) ^ 1 => 0 < x
    """,
)

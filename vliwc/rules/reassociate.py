"""Reassociation: constants merge with constants and move outwards, to where they can merge.

Moving a constant out of a value that stays in use elsewhere would add an operation; such values
stand in brackets: the rule applies if all their uses let go of them, and not more than one of the
uses gets longer.  Flipping a bit counts as nothing: selections, comparisons and sums absorb it.
"""

from __future__ import annotations

from vliwc.rules.rule import table

REASSOCIATE = table(
    "reassociate",
    """
    sub-constant:          x - C => x + (0 - C)

    # Two constants become one
    add-merge:             (x + C) + D => x + (C + D)
    add-merge-negated:     (C - x) + D => (C + D) - x
    sub-merge:             C - (x + D) => (C - D) - x
    sub-merge-negated:     C - (D - x) => x + (C - D)
    mul-merge:             (x * C) * D => x * (C * D)
    mul-shl-merge:         (x << K) * C => x * (C << K)
    shl-mul-merge:         (x * C) << K => x * (C << K)
    and-merge:             (x & C) & D => x & (C & D)
    or-merge:              (x | C) | D => x | (C | D)
    xor-merge:             (x ^ C) ^ D => x ^ (C ^ D)
    shl-merge:             (x << K) << L => x << (K + L)  when K < 32 and L < 32 - K
    shr-merge:             (x >> K) >> L => x >> (K + L)  when K < 32 and L < 32
    madd-add-merge:        madd(x + C, M, D) => madd(x, M, C * M + D)
    madd-sub-merge:        madd(C - x, M, D) => madd(x, 0 - M, C * M + D)
    madd-mul-merge:        madd(x * C, M, y) => madd(x, C * M, y)
    madd-shl-merge:        madd(x << K, M, y) => madd(x, M << K, y)

    # One constant moves out of a sum
    madd-out-merge:        [madd(x, M, y + C)] + D => madd(x, M, y) + (C + D)
    madd-factor-out-merge: [madd(x + C, M, y)] + D => madd(x, M, y) + (C * M + D)
    madd-both-out:         madd(x + C, M, [y + D]) => madd(x, M, y) + (C * M + D)
    madd-both-out-negated: madd(C - x, M, [D - y]) => (C * M + D) - madd(x, M, y)
    madd-out-flipped-bit:  madd(C - x, M, [y ^ 1]) => (C * M + 1) - madd(x, M, y)  given y < 2
    madd-flipped-bits:     madd(x ^ 1, M, [y ^ 1]) => (M + 1) - madd(x, M, y)  given x < 2 and y < 2
    madd-flipped-bit:      [madd(x, M, [y ^ 1])] + D => madd(x, M, (D + 1) - y)  given y < 2
    madd-out:              madd(x, M, [y + C]) => madd(x, M, y) + C
    madd-factor-out:       madd([x + C], M, y) => madd(x, M, y) + C * M
    add-out:               [x + C] + y => (x + y) + C
    add-out-negated:       [C - x] + y => (y - x) + C
    sub-out:               [x + C] - y => (x - y) + C
    sub-out-right:         x - [y + C] => (x - y) + (0 - C)
    sub-out-negated:       [C - x] - y => C - (x + y)
    sub-out-right-negated: x - [C - y] => (x + y) + (0 - C)
    sub-of-difference:     C - [x - y] => (y - x) + C
    flipped-bit-add:       (x ^ 1) + C => (C + 1) - x  given x < 2
    flipped-bit-sub:       C - (x ^ 1) => x + (C - 1)  given x < 2

    # ... out of bitwise operations
    xor-out:               [x ^ C] ^ y => (x ^ y) ^ C
    and-out:               [x & C] & y => (x & y) & C
    or-out:                [x | C] | y => (x | y) | C
    bit-xor-out:           [x ^ C] & 1 => (x & 1) ^ 1  when (C & 1) == 1  free
    and-xor-out:           [x ^ C] & D => (x & D) ^ (C & D)
    shl-xor-out:           [x ^ C] << K => (x << K) ^ (C << K)
    shr-xor-out:           [x ^ C] >> K => (x >> K) ^ (C >> K)
    shr-and-out:           [x & C] >> K => (x >> K) & (C >> K)
    """,
)

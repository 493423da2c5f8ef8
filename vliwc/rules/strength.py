"""Strength reduction: shifts and masks instead of products, quotients and remainders, and one
product instead of several shifts (the machine multiplies in one cycle)."""

from __future__ import annotations

from vliwc.rules.rule import table

STRENGTH = table(
    "strength",
    """
    mul-pow2:          x * C => x << log2(C)  when pow2(C)
    div-pow2:          x // C => x >> log2(C)  when pow2(C)
    mod-pow2:          x % C => x & (C - 1)  when pow2(C)
    mul-minus-one:     x * 0xFFFFFFFF => 0 - x
    add-self:          x + x => x << 1
    mod-from-div:      x - (x // y) * y => x % y
    mod-from-madd:     madd(x // C, D, x) => x % C  when D == 0 - C
    div-mod:           (x // y) * y + x % y => x
    div-mod-madd:      madd(x // y, y, x % y) => x
    div-mod-out:       madd(x // C, C, D) + x % C => x + D
    div-mod-add:       madd(x // C, C, z + x % C) => x + z
    shr-mask-madd:     madd(x >> K, M, x & C) => x  when M == 1 << K and C == M - 1
    shr-mask-out:      madd(x >> K, M, D) + (x & C) => x + D  when M == 1 << K and C == M - 1
    shr-mask-add:      madd(x >> K, M, z + (x & C)) => x + z  when M == 1 << K and C == M - 1

    # A count of any size: `31 - y` wraps where y is 32 or more, and `>>` then gives 0
    shl-any-count:     [x << [y & 31]] * [y < 32] => x * (0x80000000 >> (31 - y))
    shl-small-count:   x * [0x80000000 >> [31 - y]] => x << y  given y < 32

    # Multiples of one value
    shl-add-self:      (x << K) + x => x * (1 + (1 << K))
    shl-sub-self:      (x << K) - x => x * ((1 << K) - 1)
    self-sub-shl:      x - (x << K) => x * (1 - (1 << K))
    mul-add-self:      x * C + x => x * (C + 1)
    mul-sub-self:      x * C - x => x * (C - 1)
    self-sub-mul:      x - x * C => x * (1 - C)
    shl-add-shl:       (x << K) + (x << L) => x * ((1 << K) + (1 << L))
    shl-sub-shl:       (x << K) - (x << L) => x * ((1 << K) - (1 << L))
    mul-add-shl:       x * C + (x << K) => x * (C + (1 << K))
    mul-sub-shl:       x * C - (x << K) => x * (C - (1 << K))
    shl-sub-mul:       (x << K) - x * C => x * ((1 << K) - C)
    mul-add-mul:       x * C + x * D => x * (C + D)
    mul-sub-mul:       x * C - x * D => x * (C - D)
    madd-self:         madd(x, C, x) => x * (C + 1)
    madd-of-mul:       madd(x, C, x * D) => x * (C + D)
    madd-of-shl:       madd(x, C, x << K) => x * (C + (1 << K))
    """,
)

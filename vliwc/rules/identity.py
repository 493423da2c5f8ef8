"""Identities: operations that do nothing, cancel, or have a constant result."""

from __future__ import annotations

from vliwc.rules.rule import table

IDENTITY = table(
    "identity",
    """
    add-zero:        x + 0 => x
    sub-zero:        x - 0 => x
    sub-self:        x - x => 0
    mul-one:         x * 1 => x
    div-one:         x // 1 => x
    div-self:        x // x => 1
    mod-self:        x % x => 0
    mod-small:       x % y => x  given x < y
    and-self:        x & x => x
    and-ones:        x & 0xFFFFFFFF => x
    or-zero:         x | 0 => x
    or-self:         x | x => x
    xor-zero:        x ^ 0 => x
    xor-self:        x ^ x => 0
    shl-zero:        x << 0 => x
    shr-zero:        x >> 0 => x
    madd-zero:       madd(x, 0, y) => y
    madd-one:        madd(x, 1, y) => x + y
    madd-minus-one:  madd(x, 0xFFFFFFFF, y) => y - x
    madd-no-addend:  madd(x, y, 0) => x * y
    madd-constants:  madd(C, D, x) => x + C * D

    # Cancellation
    add-sub:         (x - y) + y => x
    sub-add:         (x + y) - y => x
    sub-sub:         x - (x - y) => y
    sub-sub-left:    (x - y) - x => 0 - y
    sub-add-self:    x - (x + y) => 0 - y
    sub-common:      (x + y) - (x + z) => y - z
    neg-neg:         0 - (0 - x) => x
    neg-sub:         0 - (x - y) => y - x
    add-neg:         x + (0 - y) => x - y
    sub-neg:         x - (0 - y) => x + y
    xor-xor:         (x ^ y) ^ y => x
    xor-common:      (x ^ y) ^ (x ^ z) => y ^ z
    and-and:         (x & y) & y => x & y
    or-or:           (x | y) | y => x | y
    and-absorbs:     (x | y) & y => y
    or-absorbs:      (x & y) | y => y
    """,
)

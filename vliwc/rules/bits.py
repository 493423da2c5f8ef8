"""Bitwise operations: masks, shifts, and what known bits make superfluous."""

from __future__ import annotations

from vliwc.rules.rule import table

BITS = table(
    "bits",
    """
    and-known:         x & C => x  given (x & ~C) == 0
    or-known:          x | C => x  given (x & C) == C
    or-disjoint:       x | y => x + y  given (x & y) == 0

    # Bits that a mask does not let through
    and-or:            (x | C) & D => x & D  when (C & D) == 0
    and-xor:           (x ^ C) & D => x & D  when (C & D) == 0
    and-add:           (x + C) & D => x & D  when D < (C & -C)
    and-shl-add:       ((x << K) + y) & D => y & D  when D < (1 << K)
    and-mul-add:       (x * M + y) & D => y & D  when D < (M & -M)
    and-madd:          madd(x, M, y) & D => y & D  when D < (M & -M)

    # Two masks of one word
    and-xor-and:       (x & C) ^ (x & D) => x & (C ^ D)
    and-or-and:        (x & C) | (x & D) => x & (C | D)
    and-add-and:       (x & C) + (x & D) => x & (C | D)  when (C & D) == 0
    self-xor-and:      (x & C) ^ x => x & ~C
    self-sub-and:      x - (x & C) => x & ~C

    # Shifts there and back
    shr-of-shl:        (x << K) >> K => x & (0xFFFFFFFF >> K)
    shl-of-shr:        (x >> K) << K => x & (0xFFFFFFFF << K)
    """,
)

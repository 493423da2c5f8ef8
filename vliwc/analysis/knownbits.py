"""Known bits: which bits of a word are always 0 and which are always 1.

Sums and differences follow the tristate numbers of Vishwanathan, Shachnai, Narayana and
Nagarakatte, "Sound, Precise, and Fast Abstract Interpretation with Tristate Numbers", CGO 2022.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vliwc.ir.value import MASK, Op

Bits = tuple[int, int]
"""``(zeros, ones)``: disjoint masks of the bits known to be 0 and known to be 1."""

UNKNOWN: Bits = (0, 0)
BIT: Bits = (MASK ^ 1, 0)
ZERO: Bits = (MASK, 0)


def transfer(op: Op, args: Sequence[Bits]) -> Bits:
    """The known bits of ``op`` on operands with known bits ``args``, for runs without a trap.

    ``op`` must be an arithmetic operation.
    """
    if len(args) == 2:
        return _BINARY[op](args[0], args[1])
    return _TERNARY[op](args[0], args[1], args[2])


def constant(word: int) -> Bits:
    """All bits of ``word``."""
    return (MASK ^ word, word)


def join(a: Bits, b: Bits) -> Bits:
    """What is known of a word that is one of the two."""
    return (a[0] & b[0], a[1] & b[1])


def _word(a: Bits) -> int | None:
    """The word if all its bits are known."""
    return a[1] if a[0] | a[1] == MASK else None


def _tristate(value: int, unknown: int) -> Bits:
    ones = value & ~unknown & MASK
    return (MASK & ~(ones | unknown), ones)


def _add(a: Bits, b: Bits) -> Bits:
    a_unknown, b_unknown = MASK ^ (a[0] | a[1]), MASK ^ (b[0] | b[1])
    least = a[1] + b[1]
    carries = (least + a_unknown + b_unknown) ^ least
    return _tristate(least, (carries | a_unknown | b_unknown) & MASK)


def _sub(a: Bits, b: Bits) -> Bits:
    a_unknown, b_unknown = MASK ^ (a[0] | a[1]), MASK ^ (b[0] | b[1])
    value = a[1] - b[1]
    borrows = (value + a_unknown) ^ (value - b_unknown)
    return _tristate(value, (borrows | a_unknown | b_unknown) & MASK)


def _trailing(mask: int) -> int:
    """The number of 1 bits at the low end of ``mask``, at most 32."""
    return min(32, (~mask & (mask + 1)).bit_length() - 1)


def _mul(a: Bits, b: Bits) -> Bits:
    # With a = A + 2^i u and b = B + 2^j w, where the low parts A and B are known, the product is
    # A B + 2^j w A + 2^i u B + 2^(i+j) u w: known below 2^min(j + twos(A), i + twos(B)).
    known_a, known_b = _trailing(a[0] | a[1]), _trailing(b[0] | b[1])
    count = min(known_a + _trailing(b[0]), known_b + _trailing(a[0]), 32)
    low = (1 << count) - 1
    return _tristate(a[1] * b[1] & low, MASK ^ low)


def _madd(a: Bits, b: Bits, c: Bits) -> Bits:
    return _add(_mul(a, b), c)


def _div(a: Bits, b: Bits) -> Bits:
    del a, b
    return UNKNOWN


def _mod(a: Bits, b: Bits) -> Bits:
    # Subtracting multiples of a divisor that is itself a multiple of 2^n keeps the low n bits.
    low = (1 << _trailing(b[0])) - 1
    word = _word(b)
    above = MASK & ~low if word is not None and word == low + 1 else 0
    return (a[0] & low | above, a[1] & low)


def _and(a: Bits, b: Bits) -> Bits:
    return (a[0] | b[0], a[1] & b[1])


def _or(a: Bits, b: Bits) -> Bits:
    return (a[0] & b[0], a[1] | b[1])


def _xor(a: Bits, b: Bits) -> Bits:
    return (a[0] & b[0] | a[1] & b[1], a[0] & b[1] | a[1] & b[0])


def _shl(a: Bits, b: Bits) -> Bits:
    count = _word(b)
    if count is None:
        return ((1 << _trailing(a[0])) - 1, 0)
    if count >= 32:
        return ZERO
    return ((a[0] << count | (1 << count) - 1) & MASK, a[1] << count & MASK)


def _shr(a: Bits, b: Bits) -> Bits:
    count = _word(b)
    if count is None:
        return UNKNOWN
    if count >= 32:
        return ZERO
    return (a[0] >> count | MASK & ~(MASK >> count), a[1] >> count)


def _lt(a: Bits, b: Bits) -> Bits:
    del a, b
    return BIT


def _eq(a: Bits, b: Bits) -> Bits:
    return ZERO if a[0] & b[1] | a[1] & b[0] else BIT


def _select(c: Bits, a: Bits, b: Bits) -> Bits:
    if c[1]:
        return a
    return b if c[0] == MASK else join(a, b)


_BINARY: dict[Op, Callable[[Bits, Bits], Bits]] = {
    Op.ADD: _add,
    Op.SUB: _sub,
    Op.MUL: _mul,
    Op.DIV: _div,
    Op.MOD: _mod,
    Op.AND: _and,
    Op.OR: _or,
    Op.XOR: _xor,
    Op.SHL: _shl,
    Op.SHR: _shr,
    Op.LT: _lt,
    Op.EQ: _eq,
}
_TERNARY: dict[Op, Callable[[Bits, Bits, Bits], Bits]] = {
    Op.SELECT: _select,
    Op.MADD: _madd,
}

"""Unsigned intervals: a word lies in ``lo .. hi``, both included.

Transfer functions compute with unbounded integers and reduce modulo 2**32 at the end: as long as
both ends fall into the same window of 2**32 numbers, wrapping around keeps the interval exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from vliwc.ir.value import MASK, Op

Range = tuple[int, int]
"""``(lo, hi)`` with ``0 <= lo <= hi < 2**32``."""

FULL: Range = (0, MASK)
BIT: Range = (0, 1)
TRUE: Range = (1, 1)
FALSE: Range = (0, 0)


def transfer(op: Op, args: Sequence[Range]) -> Range:
    """An interval of the results of ``op`` on operands from ``args``, for runs without a trap.

    ``op`` must be an arithmetic operation.
    """
    if len(args) == 2:
        return _BINARY[op](args[0], args[1])
    return _TERNARY[op](args[0], args[1], args[2])


def join(a: Range, b: Range) -> Range:
    """The smallest interval that contains both."""
    return (min(a[0], b[0]), max(a[1], b[1]))


def meet(a: Range, b: Range) -> Range | None:
    """The words in both intervals, None if there are none."""
    lo, hi = max(a[0], b[0]), min(a[1], b[1])
    return (lo, hi) if lo <= hi else None


def _window(lo: int, hi: int) -> Range | None:
    """The integers ``lo .. hi`` modulo 2**32, None if that is no interval of words."""
    return (lo & MASK, hi & MASK) if lo >> 32 == hi >> 32 else None


def _or_full(found: Range | None) -> Range:
    return FULL if found is None else found


def _add(a: Range, b: Range) -> Range:
    return _or_full(_window(a[0] + b[0], a[1] + b[1]))


def _sub(a: Range, b: Range) -> Range:
    return _or_full(_window(a[0] - b[1], a[1] - b[0]))


def _products(a: Range, b: Range) -> Iterator[Range]:
    """Integer intervals of the product, taking factors above 2**31 as negative or as they are."""
    for x in _readings(a):
        for y in _readings(b):
            corners = (x[0] * y[0], x[0] * y[1], x[1] * y[0], x[1] * y[1])
            yield min(corners), max(corners)


def _readings(a: Range) -> Iterator[Range]:
    yield a
    if a[0] >> 31:
        yield (a[0] - (1 << 32), a[1] - (1 << 32))


def _mul(a: Range, b: Range) -> Range:
    return _madd(a, b, FALSE)


def _madd(a: Range, b: Range, c: Range) -> Range:
    for lo, hi in _products(a, b):
        found = _window(lo + c[0], hi + c[1])
        if found is not None:
            return found
    return FULL


def _div(a: Range, b: Range) -> Range:
    if b[1] == 0:
        return FULL
    return (a[0] // b[1], a[1] // max(1, b[0]))


def _mod(a: Range, b: Range) -> Range:
    if b[1] == 0:
        return FULL
    if b[0] == b[1] and a[0] // b[0] == a[1] // b[0]:
        return (a[0] % b[0], a[1] % b[0])
    if a[1] < b[0]:
        return a
    return (0, min(a[1], b[1] - 1))


def _filled(word: int) -> int:
    """The largest word with as many bits as ``word``."""
    return (1 << word.bit_length()) - 1


def _and(a: Range, b: Range) -> Range:
    return (0, min(a[1], b[1]))


def _or(a: Range, b: Range) -> Range:
    return (max(a[0], b[0]), _filled(a[1] | b[1]))


def _xor(a: Range, b: Range) -> Range:
    return (0, _filled(a[1] | b[1]))


def _shl(a: Range, b: Range) -> Range:
    if b[0] >= 32:
        return FALSE
    if b[0] == b[1]:
        return _or_full(_window(a[0] << b[0], a[1] << b[0]))
    if b[1] < 32 and a[1] << b[1] <= MASK:
        return (a[0] << b[0], a[1] << b[1])
    return FULL


def _shr(a: Range, b: Range) -> Range:
    return (a[0] >> min(b[1], 32), a[1] >> min(b[0], 32))


def _lt(a: Range, b: Range) -> Range:
    if a[1] < b[0]:
        return TRUE
    return FALSE if a[0] >= b[1] else BIT


def _eq(a: Range, b: Range) -> Range:
    if meet(a, b) is None:
        return FALSE
    return TRUE if a[0] == a[1] == b[0] == b[1] else BIT


def _select(c: Range, a: Range, b: Range) -> Range:
    if c[0] > 0:
        return a
    return b if c[1] == 0 else join(a, b)


_BINARY: dict[Op, Callable[[Range, Range], Range]] = {
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
_TERNARY: dict[Op, Callable[[Range, Range, Range], Range]] = {
    Op.SELECT: _select,
    Op.MADD: _madd,
}

"""Exact arithmetic on compile-time values, shared by everything that evaluates them.

Compile-time integers are unbounded, so nothing wraps: `2 ** 40` and `3 - 5` are what they say.
A value must fit 32 bits only where it becomes a run-time one.
"""

from __future__ import annotations

from vliwc.ir.value import MASK
from vliwc.lang import ast

Static = int | bool
"""A compile-time value; a truth value is a Python bool."""

MAX_BITS = 4096
"""Size limit of a compile-time integer, so that no expression can exhaust memory."""


class ConstantError(Exception):
    """A compile-time operation without a result: error code, message, hint and guilty node."""

    def __init__(
        self, code: str, message: str, hint: str | None = None, node: ast.Expr | None = None
    ) -> None:
        super().__init__(message)
        self.node = node
        self.code = code
        self.message = message
        self.hint = hint


def unary(op: str, x: Static) -> Static:
    """`op x`."""
    match op:
        case "!":
            return not x
        case "-":
            return -x
        case _:
            return ~int(x)


def binary(op: str, a: Static, b: Static) -> Static:
    """`a op b` for every infix operator but `&&` and `||`; raises `ConstantError`."""
    match op:
        case "+":
            return _limited(a + b)
        case "-":
            return _limited(a - b)
        case "*":
            return _limited(a * b)
        case "/" | "%":
            if b == 0:
                raise ConstantError("E0509", "division by zero")
            return a // b if op == "/" else a % b
        case "**":
            return _power(a, b)
        case "<<" | ">>":
            return _shift(op, a, b)
        case "&":
            return a & b
        case "|":
            return a | b
        case "^":
            return a ^ b
        case _:
            return compare(op, a, b)


def compare(op: str, a: Static, b: Static) -> bool:
    """The comparison `a op b`."""
    match op:
        case "==":
            return a == b
        case "!=":
            return a != b
        case "<":
            return a < b
        case "<=":
            return a <= b
        case ">":
            return a > b
        case _:
            return a >= b


def builtin(name: str, a: int, b: int) -> int:
    """`name(a, b)` for the builtins on integers; raises `ConstantError`."""
    match name:
        case "min":
            return min(a, b)
        case "max":
            return max(a, b)
        case _:
            value, count = word(a), word(b) % 32
            if name == "rotr":
                count = -count % 32
            return (value << count | value >> (32 - count)) & MASK


def bits(value: int) -> int:
    """The number of binary digits of `value`, 0 for 0; raises `ConstantError` if it is negative."""
    if value < 0:
        raise ConstantError("E0510", f"`bits` of negative {show(value)}")
    return value.bit_length()


def word(value: int) -> int:
    """`value` as a run-time word; raises `ConstantError` (E0507) if it does not fit."""
    if 0 <= value <= MASK:
        return value
    hint = "reduce it explicitly: `… % 2 ** 32`"
    raise ConstantError("E0507", f"{show(value)} does not fit u32", hint)


def show(value: int) -> str:
    """`value` in decimal, or its approximate size if that is long."""
    if value.bit_length() <= 128:
        return str(value)
    return f"a {value.bit_length()}-bit integer"


def _limited(value: int) -> int:
    if value.bit_length() > MAX_BITS:
        raise ConstantError("E0510", f"compile-time integer of more than {MAX_BITS} bits")
    return value


def _power(a: int, b: int) -> int:
    if b < 0:
        raise ConstantError("E0510", f"negative exponent {show(b)}")
    if abs(a) > 1 and b * (a.bit_length() - 1) > MAX_BITS:
        raise ConstantError("E0510", f"compile-time integer of more than {MAX_BITS} bits")
    return _limited(a**b) if abs(a) > 1 else a ** (b if b == 0 else 2 - b % 2)


def _shift(op: str, a: int, b: int) -> int:
    if b < 0:
        raise ConstantError("E0510", f"negative shift count {show(b)}")
    if op == ">>":
        return a >> min(b, MAX_BITS + 1)
    if a != 0 and b > MAX_BITS:
        raise ConstantError("E0510", f"compile-time integer of more than {MAX_BITS} bits")
    return _limited(a << b) if a != 0 else 0

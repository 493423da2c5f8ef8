"""Reassociation that gathers uniform operands, so that they combine once for all lanes.

``(x op g) op h`` -> ``x op (g op h)`` where ``g`` and ``h`` are uniform, ``x`` is not, and nothing
else uses ``x op g``.  This runs last: rules that move constants outwards would undo it.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.ir.builder import Builder
from vliwc.ir.graph import Function, is_uniform
from vliwc.ir.value import Op, Value

ASSOCIATIVE = (Op.ADD, Op.XOR, Op.AND, Op.OR, Op.MUL)


@dataclass(frozen=True)
class Hoist:
    """The pass; see the module."""

    name: str = "hoist"

    def run(self, function: Function) -> Function:
        """The function with uniform operands of associative chains combined first."""
        users = function.users()
        out = Builder.like(function)
        new: dict[Value, Value] = {}
        for value in function.values:
            order = [new[before] for before in value.order]
            inner = _chain(value, users)
            if inner is None:
                new[value] = out.rebuild(value, tuple(new[arg] for arg in value.args), order)
            else:
                x, g = _split(inner)
                h = next(arg for arg in value.args if arg is not inner)
                uniform = out.op(value.op, new[g], new[h], span=value.span)
                new[value] = out.op(value.op, new[x], uniform, span=value.span)
        for assumption in function.assumptions:
            out.assume(new[assumption])
        return out.finish()


def _split(value: Value) -> tuple[Value, Value]:
    """The varying and the uniform operand."""
    a, b = value.args
    return (b, a) if is_uniform(a) else (a, b)


def _chain(value: Value, users: dict[Value, list[Value]]) -> Value | None:
    """The operand ``x op g`` of ``(x op g) op h`` if the rewrite applies."""
    if value.op not in ASSOCIATIVE or is_uniform(value):
        return None
    x, h = _split(value)
    if not is_uniform(h) or x.op is not value.op or len(users[x]) != 1:
        return None
    inner, g = _split(x)
    return x if is_uniform(g) and not is_uniform(inner) else None

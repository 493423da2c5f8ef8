"""Words that depend on nothing but the lane number: known for every lane when compiling.

Strides, rows, transpositions and ``/``, ``%``, ``>>``, ``^`` of lane numbers are all of this kind.
Where an index is known, so is every address, however it was written in the kernel.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vliwc.ir.graph import Function, Loop
from vliwc.ir.value import MASK, WORD_BITS, Op, Value

Words = NDArray[np.uint64]
MAX_LANES = 1 << 22
"""Of loops with more iterations nothing is known: all of them are machine loops, a few operations
that may run 10^9 times, and words of each iteration would take gigabytes."""


def lane_words(function: Function, loop: Loop) -> dict[Value, Words]:
    """``(extent,)`` words of every value of ``loop`` that follows from the lane number alone.

    Values whose evaluation would trap in some lane are left out, and so is all that needs them.
    Nothing of a loop of more than `MAX_LANES`. One sweep in topological order.
    """
    found: dict[Value, Words] = {}
    if loop.extent > MAX_LANES:
        return found
    for value in function.values:
        if value.op is Op.CONST:
            found[value] = np.full(loop.extent, value.imm, dtype=np.uint64)
        elif value.op is Op.LANE:
            if value.imm == loop.number:
                found[value] = np.arange(loop.extent, dtype=np.uint64)
        elif value.info.arithmetic and all(arg in found for arg in value.args):
            words = _evaluate(value.op, [found[arg] for arg in value.args])
            if words is not None:
                found[value] = words & np.uint64(MASK)
    return found


def _evaluate(op: Op, args: list[Words]) -> Words | None:
    a, b = args[0], args[1]
    match op:
        case Op.ADD:
            return a + b
        case Op.SUB:
            return a - b
        case Op.MUL:
            return a * b
        case Op.MADD:
            return a * b + args[2]
        case Op.DIV | Op.MOD:
            if not b.all():
                return None
            return a // b if op is Op.DIV else a % b
        case Op.AND:
            return a & b
        case Op.OR:
            return a | b
        case Op.XOR:
            return a ^ b
        case Op.SHL | Op.SHR:
            inside = b < WORD_BITS
            count = np.where(inside, b, 0)
            shifted = a << count if op is Op.SHL else a >> count
            return np.where(inside, shifted, 0).astype(np.uint64)
        case Op.LT:
            return (a < b).astype(np.uint64)
        case Op.EQ:
            return (a == b).astype(np.uint64)
        case Op.SELECT:
            return np.where(a != 0, b, args[2]).astype(np.uint64)
        case _:
            return None

"""The reference interpreter of the lane IR: all iterations of all loops, over NumPy arrays.

Values are evaluated once each, in topological order, for all iterations of their loop together.
That is a valid order because iterations are independent and because conflicting memory operations
are connected by order edges.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vliwc.diagnostics import InternalError
from vliwc.ir.graph import Function, Where
from vliwc.ir.rebuild import executed, reachable, runs
from vliwc.ir.value import MASK, OPS, TOP_LEVEL, Op, Reduction, Value

Words = NDArray[np.uint64]
"""One 32-bit word per iteration, held in 64 bits so that products and shifts do not overflow."""

Datum = int | Words
"""A uniform value is a Python int, a value that varies in a loop an array over its iterations."""


class IrTrap(Exception):
    """The machine would stop here: ``value`` is the operation, the message says why."""

    def __init__(self, value: Value, reason: str) -> None:
        self.value = value
        self.reason = reason
        super().__init__(f"{value!r}: {reason}")


@dataclass(frozen=True, slots=True)
class Execution:
    """The memory at exit, and the word or words of every value that was executed."""

    memory: list[int]
    data: dict[Value, Datum]

    def words(self, value: Value) -> list[int]:
        """The words of ``value``, one for each iteration; one if it is uniform."""
        datum = self.data[value]
        return [datum] if isinstance(datum, int) else [int(word) for word in datum]


def interpret(
    function: Function, memory: Sequence[int], *, check_assumptions: bool = True
) -> list[int]:
    """Run ``function`` on the memory image and return the image at exit; see :func:`execute`."""
    return execute(function, memory, check_assumptions=check_assumptions).memory


def execute(
    function: Function,
    memory: Sequence[int],
    *,
    check_assumptions: bool = True,
    scratch: dict[str, int] | None = None,
) -> Execution:
    """Run ``function`` on the memory image and keep what its values were.

    ``scratch``: the words of its arrays in scratch by name, which are changed in place.

    Only what a store needs is executed, as in the compiled program; with ``check_assumptions``
    the assumptions are evaluated as well.  Raises :class:`IrTrap` for a zero divisor, an access
    outside the declared array or the image, and for an assumption that does not hold.
    """
    image = np.array(list(memory), dtype=np.uint64)
    kept = {} if scratch is None else scratch
    wanted = executed(function)
    assumed: frozenset[Value] = frozenset()
    if check_assumptions:
        assumed = frozenset(value for value in function.assumptions if runs(function, value))
        wanted |= {value for value in reachable(list(assumed)) if runs(function, value)}
    data: dict[Value, Datum] = {}
    for value in function:
        if value not in wanted:
            continue
        if value.is_memory and function.arrays[value.array].where is Where.SCRATCH:
            if value.op is Op.LOAD:
                data[value] = kept[value.array]
            else:
                kept[value.array] = _only(data[value.args[1]])
            continue
        if value.op is Op.STORE:
            _store(function, image, value, data)
            continue
        result = _evaluate(function, image, value, data)
        data[value] = result
        if value in assumed and not np.all(np.asarray(result) != 0):
            raise IrTrap(value, "the assumption does not hold")
    return Execution([int(word) for word in image], data)


def _only(datum: Datum) -> int:
    if not isinstance(datum, int):
        raise InternalError("a word in scratch is stored by all iterations of a loop")
    return datum


def _evaluate(function: Function, image: Words, value: Value, data: dict[Value, Datum]) -> Datum:
    match value.op:
        case Op.CONST:
            return value.imm
        case Op.LANE:
            return np.arange(function.loops[value.imm].extent, dtype=np.uint64)
        case Op.LOAD:
            where = _addresses(function, image, value, data[value.args[0]])
            return int(image[where]) if isinstance(where, int) else image[where]
        case Op.REDUCE:
            return _reduce(value, function.loops[value.imm].extent, data)
        case Op.SCAN:
            return _scan(value, function.loops[value.loop].extent, data)
        case Op.MOVE:
            return _move(value, [data[arg] for arg in value.args])
        case _:
            return _arithmetic(value, [data[arg] for arg in value.args])


def _arithmetic(value: Value, args: list[Datum]) -> Datum:
    if value.op in (Op.DIV, Op.MOD) and not np.all(np.asarray(args[1]) != 0):
        raise IrTrap(value, "the divisor is zero")
    words = [arg for arg in args if isinstance(arg, int)]
    if len(words) < len(args):
        arrays = [np.asarray(arg, dtype=np.uint64) for arg in args]
        if len(arrays) == 2:
            return _VECTOR_BINARY[value.op](arrays[0], arrays[1])
        return _VECTOR_TERNARY[value.op](arrays[0], arrays[1], arrays[2])
    evaluate = OPS[value.op].evaluate
    if evaluate is None:
        raise InternalError(f"{value!r} cannot be evaluated")
    return evaluate(*words)


def _reduce(value: Value, extent: int, data: dict[Value, Datum]) -> int:
    kind = value.reduction
    if extent == 0:
        return MASK if kind is Reduction.MIN else 0
    datum = data[value.args[0]]
    words = datum if not isinstance(datum, int) else np.full(extent, datum, dtype=np.uint64)
    match kind:
        case Reduction.SUM:
            return int(np.sum(words)) & MASK
        case Reduction.XOR:
            return int(np.bitwise_xor.reduce(words))
        case Reduction.OR:
            return int(np.bitwise_or.reduce(words))
        case Reduction.MIN:
            return int(np.min(words))
        case Reduction.MAX:
            return int(np.max(words))
        case None:
            raise InternalError(f"{value!r} has no reduction operator")


def _scan(value: Value, extent: int, data: dict[Value, Datum]) -> Words:
    kind = value.reduction
    if kind is None:
        raise InternalError(f"{value!r} has no operator")
    datum = data[value.args[0]]
    words = datum if not isinstance(datum, int) else np.full(extent, datum, dtype=np.uint64)
    found = _ACCUMULATE[kind](words) & _M
    if value.imm:
        first = np.array([MASK if kind is Reduction.MIN else 0], dtype=np.uint64)
        found = np.concatenate([first, found[:-1]])[:extent]
    return found


def _move(value: Value, args: Sequence[Datum]) -> Datum:
    words = [
        int(datum if isinstance(datum, int) else datum[at])
        for datum, at in ((args[number], at) for number, at in value.picks)
    ]
    return words[0] if value.loop == TOP_LEVEL else np.array(words, dtype=np.uint64)


def _store(function: Function, image: Words, value: Value, data: dict[Value, Datum]) -> None:
    index, word = data[value.args[0]], data[value.args[1]]
    where = _addresses(function, image, value, index)
    if isinstance(where, int):
        # A uniform address in a loop: independent iterations can only store the same word.
        image[where] = word if isinstance(word, int) else word[-1]
    else:
        image[where] = word


def _addresses(
    function: Function, image: Words, value: Value, index: Datum
) -> int | NDArray[np.int64]:
    array = function.arrays[value.array]
    highest = int(np.max(index)) if not isinstance(index, int) else index
    if highest >= array.length:
        raise IrTrap(value, f"index {highest} of {array.name}[{array.length}]")
    if array.base + highest >= len(image):
        raise IrTrap(value, f"address {array.base + highest} of {len(image)} words")
    if isinstance(index, int):
        return array.base + index
    return index.astype(np.int64) + array.base


_M = np.uint64(MASK)
_WIDTH = np.uint64(32)

_VECTOR_BINARY: dict[Op, Callable[[Words, Words], Words]] = {
    Op.ADD: lambda a, b: (a + b) & _M,
    Op.SUB: lambda a, b: (a - b) & _M,
    Op.MUL: lambda a, b: (a * b) & _M,
    Op.DIV: lambda a, b: a // b,
    Op.MOD: lambda a, b: a % b,
    Op.AND: lambda a, b: a & b,
    Op.OR: lambda a, b: a | b,
    Op.XOR: lambda a, b: a ^ b,
    Op.SHL: lambda a, b: (a << np.minimum(b, _WIDTH)) & _M,
    Op.SHR: lambda a, b: a >> np.minimum(b, _WIDTH),
    Op.LT: lambda a, b: (a < b).astype(np.uint64),
    Op.EQ: lambda a, b: (a == b).astype(np.uint64),
}
_VECTOR_TERNARY: dict[Op, Callable[[Words, Words, Words], Words]] = {
    Op.SELECT: lambda c, a, b: np.where(c != 0, a, b),
    Op.MADD: lambda a, b, c: (a * b + c) & _M,
}
"""The operations of :data:`OPS` on arrays; a test compares the tables on random words."""

_ACCUMULATE: dict[Reduction, Callable[[Words], Words]] = {
    # Sums of 64 bits wrap at a multiple of 2**32.
    Reduction.SUM: np.add.accumulate,
    Reduction.XOR: np.bitwise_xor.accumulate,
    Reduction.OR: np.bitwise_or.accumulate,
    Reduction.MIN: np.minimum.accumulate,
    Reduction.MAX: np.maximum.accumulate,
}

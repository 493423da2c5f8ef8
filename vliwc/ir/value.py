"""Values of the lane IR and the one table of operations they are made of.

A :class:`Value` is one node of the SSA DAG.  Identity is equality: two values are the same only
if they are the same object; the builder interns pure values, so that structural equality *is*
identity for them (global value numbering for free).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from vliwc.diagnostics import Span

MASK = 0xFFFF_FFFF
"""All words are unsigned 32-bit; arithmetic is modulo 2**32."""

WORD_BITS = 32
"""Shifting by so many places or more gives 0."""


class Op(StrEnum):
    """Operation names, as printed in the text form."""

    CONST = "const"
    LANE = "lane"
    ADD = "add"
    SUB = "sub"
    MUL = "mul"
    DIV = "div"
    MOD = "mod"
    AND = "and"
    OR = "or"
    XOR = "xor"
    SHL = "shl"
    SHR = "shr"
    LT = "lt"
    EQ = "eq"
    SELECT = "select"
    MADD = "madd"
    LOAD = "load"
    STORE = "store"
    REDUCE = "reduce"
    SCAN = "scan"
    MOVE = "move"


class Reduction(StrEnum):
    """The associative, commutative operators a parallel loop may reduce with."""

    SUM = "sum"
    XOR = "xor"
    OR = "or"
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True, slots=True)
class OpInfo:
    """What the rest of the compiler may assume of an operation.

    ``evaluate`` maps operand words to the result word and raises ``ZeroDivisionError`` where the
    machine traps; it is ``None`` for operations whose result is not a function of operand words.
    ``commutative``: the first two operands may be exchanged (the factors of a ``madd``, too).
    """

    arity: int
    evaluate: Callable[..., int] | None = None
    commutative: bool = False
    produces: bool = True
    can_trap: bool = False

    @property
    def arithmetic(self) -> bool:
        """Whether the result is a function of the operand words alone."""
        return self.evaluate is not None


def _shl(a: int, b: int) -> int:
    return (a << b) & MASK if b < WORD_BITS else 0


def _shr(a: int, b: int) -> int:
    return a >> b if b < WORD_BITS else 0


def _binary(
    evaluate: Callable[[int, int], int], *, commutative: bool = False, can_trap: bool = False
) -> OpInfo:
    return OpInfo(2, evaluate, commutative, can_trap=can_trap)


def _ternary(evaluate: Callable[[int, int, int], int], *, commutative: bool = False) -> OpInfo:
    return OpInfo(3, evaluate, commutative)


ANY_NUMBER = -1
"""The arity of operations that have one operand or more."""

OPS: dict[Op, OpInfo] = {
    Op.CONST: OpInfo(0),
    Op.LANE: OpInfo(0),
    Op.ADD: _binary(lambda a, b: (a + b) & MASK, commutative=True),
    Op.SUB: _binary(lambda a, b: (a - b) & MASK),
    Op.MUL: _binary(lambda a, b: (a * b) & MASK, commutative=True),
    Op.DIV: _binary(lambda a, b: a // b, can_trap=True),
    Op.MOD: _binary(lambda a, b: a % b, can_trap=True),
    Op.AND: _binary(lambda a, b: a & b, commutative=True),
    Op.OR: _binary(lambda a, b: a | b, commutative=True),
    Op.XOR: _binary(lambda a, b: a ^ b, commutative=True),
    Op.SHL: _binary(_shl),
    Op.SHR: _binary(_shr),
    Op.LT: _binary(lambda a, b: int(a < b)),
    Op.EQ: _binary(lambda a, b: int(a == b), commutative=True),
    Op.SELECT: _ternary(lambda c, a, b: a if c else b),
    Op.MADD: _ternary(lambda a, b, c: (a * b + c) & MASK, commutative=True),
    Op.LOAD: OpInfo(1, can_trap=True),
    Op.STORE: OpInfo(2, produces=False, can_trap=True),
    Op.REDUCE: OpInfo(1),
    Op.SCAN: OpInfo(1),
    Op.MOVE: OpInfo(ANY_NUMBER),
}
"""``select(c, a, b)`` is ``a`` if ``c != 0`` else ``b``; ``madd(a, b, c)`` is ``a * b + c``;
``load(i)`` reads word ``i`` of ``array``; ``store(i, v)`` writes it; ``reduce(v)`` combines ``v``
over all iterations of loop ``imm`` and is uniform; ``scan(v)`` combines ``v`` over the iterations
of its loop up to its own, that one left out if ``imm`` is 1; ``move(a, b, …)`` has in each
iteration of its loop (once at the top level) the word of one of its operands in some iteration of
that one's loop, as ``picks`` says: values go from loop to loop without memory."""

TOP_LEVEL = -1
"""The loop number of code that stands outside every parallel loop and runs once."""


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """One SSA value (or store) of the lane IR.

    ``loop`` is the parallel loop the value varies in, ``TOP_LEVEL`` for uniform values.  A store
    always carries the loop it is executed in, even if all its operands are uniform.  ``order``
    lists memory operations of the same array that must be complete before this one.  ``picks``, of
    a ``move``: for each iteration the number of an operand and one of its iterations (0 if it is
    uniform).
    """

    id: int
    op: Op
    args: tuple[Value, ...] = ()
    imm: int = 0
    array: str = ""
    reduction: Reduction | None = None
    order: tuple[Value, ...] = ()
    loop: int = TOP_LEVEL
    span: Span | None = field(default=None, repr=False)
    picks: tuple[tuple[int, int], ...] = ()

    @property
    def info(self) -> OpInfo:
        """The operation's row of :data:`OPS`."""
        return OPS[self.op]

    @property
    def is_const(self) -> bool:
        """Whether the value is a compile-time constant (then ``imm`` is it)."""
        return self.op is Op.CONST

    @property
    def is_memory(self) -> bool:
        """Whether the value reads or writes memory."""
        return self.op is Op.LOAD or self.op is Op.STORE

    def __repr__(self) -> str:
        return f"%{self.id}:{self.op}"

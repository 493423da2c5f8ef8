"""Operations of the lane IR for the nodes of a program, those of the language that take several.

They are counted: a kernel that unrolls to more than its limit of them is refused (E0512).
"""

from __future__ import annotations

from typing import NoReturn

from vliwc.diagnostics import Diagnostic, KernelError
from vliwc.ir.builder import Builder
from vliwc.ir.value import WORD_BITS, Op, Value
from vliwc.lang import ast
from vliwc.lang.binding import CheckedKernel


class Operations:
    """Makes operations of `kernel` in `builder`; `unrolling` are the loops around them, with the
    number of their iterations."""

    def __init__(self, kernel: CheckedKernel, limit: int) -> None:
        self.kernel = kernel
        self.facts = kernel.facts
        self.limit = limit
        self.operations = 0
        self.unrolling: list[tuple[ast.For | ast.While, int]] = []
        self.builder = Builder(
            kernel.name,
            dict(kernel.arrays),
            memory_words=kernel.memory_words,
            params=dict(kernel.params),
        )

    def count(self, node: ast.Node) -> None:
        """Count one operation against the limit."""
        self.operations += 1
        if self.operations > self.limit:
            message = f"kernel `{self.kernel.name}` unrolls to more than {self.limit} operations"
            hint = "its functions are called too often"
            if self.unrolling:
                loop, trips = max(self.unrolling, key=lambda entry: entry[1])
                node = loop.most if isinstance(loop, ast.While) else loop.name
                hint = f"this loop has {trips} iterations; use fewer, or a parallel loop"
            self.fail("E0512", message, node, hint)

    def fail(self, code: str, message: str, node: ast.Node, hint: str | None = None) -> NoReturn:
        """Refuse the kernel."""
        raise KernelError([Diagnostic(code, message, node.span, hint)], self.kernel.source)

    def op(self, op: Op, node: ast.Node, *args: Value) -> Value:
        """An arithmetic operation."""
        self.count(node)
        return self.builder.op(op, *args, span=node.span)

    def word(self, word: int, node: ast.Node) -> Value:
        """A constant."""
        return self.builder.const(word, node.span)

    def select(self, condition: Value, then: Value, otherwise: Value, node: ast.Node) -> Value:
        """`then` where `condition` is not zero, else `otherwise`."""
        if then is otherwise:
            return then
        return self.op(Op.SELECT, node, condition, then, otherwise)

    def invert(self, flag: Value, node: ast.Node) -> Value:
        """1 where `flag` is 0, else 0."""
        return self.op(Op.EQ, node, flag, self.word(0, node))

    def left_shift(self, node: ast.Node, word: Value, count: Value) -> Value:
        """`word << count`, which is 0 for a count of 32 or more, without executing such a shift:
        the original machine computes it exactly first, and a huge count exhausts its memory."""
        if count.is_const:
            return self.word(0, node)
        low = self.op(Op.AND, node, count, self.word(31, node))
        inside = self.op(Op.LT, node, count, self.word(32, node))
        return self.op(Op.MUL, node, self.op(Op.SHL, node, word, low), inside)

    def rotation(self, leftward: bool, node: ast.Node, word: Value, by: Value) -> Value:
        """`word` rotated; like `left_shift` it never shifts left by 32 or more."""
        if by.is_const and by.imm % WORD_BITS == 0:
            return word
        count = self.op(Op.AND, node, by, self.word(31, node))
        if leftward or by.is_const:
            # A right shift by 32 gives 0, so a rotation by 0 needs no special case.
            rest = self.op(Op.SUB, node, self.word(32, node), count)
            up, down = (count, rest) if leftward else (rest, count)
            high, low = self.op(Op.SHL, node, word, up), self.op(Op.SHR, node, word, down)
            return self.op(Op.OR, node, high, low)
        # `word << (32 - count)` as a product, whose sum with the rest is one operation.
        power = self.op(Op.SHR, node, self.word(0x8000_0000, node), count)
        high = self.op(Op.MUL, node, self.op(Op.SHL, node, word, self.word(1, node)), power)
        return self.op(Op.ADD, node, high, self.op(Op.SHR, node, word, count))

    def least(self, name: str, node: ast.Node, left: Value, right: Value) -> Value:
        """The smaller of two words for `min`, the greater for `max`."""
        less = self.op(Op.LT, node, left, right)
        if name == "max":
            left, right = right, left
        return self.select(less, left, right, node)

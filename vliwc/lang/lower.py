"""Lowering: a bound kernel becomes a function of the lane IR.

Sequential loops are unrolled, functions inlined, and each parallel loop becomes the code of one
lane. Conditionals compute both sides, so whatever could trap on the side not taken is guarded: a
load reads `select(taken, index, 0)`, a division divides by `select(taken, divisor, 1)`. Passes
remove the guards that are not needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import NoReturn

from vliwc.diagnostics import Diagnostic, KernelError
from vliwc.ir.builder import Builder
from vliwc.ir.graph import Function
from vliwc.ir.value import MASK, TOP_LEVEL, WORD_BITS, Op, Reduction, Value
from vliwc.lang import ast
from vliwc.lang.ast import Type
from vliwc.lang.binding import CheckedKernel
from vliwc.lang.constants import Static
from vliwc.lang.elaborate import MAX_UNROLLED
from vliwc.lang.indexing import Iterations
from vliwc.lang.order import MemoryOrder
from vliwc.lang.static import Evaluator, misplaced
from vliwc.lang.symbols import BUILTINS, WORD_OPS, Symbol

_IDENTITY = {Reduction.SUM: 0, Reduction.XOR: 0, Reduction.MIN: MASK, Reduction.MAX: 0}


State = dict[Symbol, Value]
"""The values of the variables that a loop assigns to and that are declared before it."""


@dataclass(frozen=True, eq=False)
class Unrolled:
    """A function with the states of a loop before its first round and after each; values that are
    first needed after a state have the id in ``ids`` or a greater one.  No states: the loop is not
    reached."""

    function: Function
    states: list[State]
    ids: list[int]


def lower(
    kernel: CheckedKernel,
    limit: int = MAX_UNROLLED,
    rounds: Mapping[ast.For, int] | None = None,
) -> Function:
    """The kernel as an IR function; loops in `rounds` have so many rounds instead of their own.

    Raises `KernelError`: E0512 if unrolling takes more than `limit` operations, E0511 if an
    assumption turns out to be false on every input.
    """
    lowering = _Lowering(kernel, limit, rounds or {})
    lowering.block(kernel.program.kernel.body, None)
    return lowering.builder.finish()


def lower_rounds(kernel: CheckedKernel, limit: int, loop: ast.For, rounds: int) -> Unrolled:
    """The kernel with so many `rounds` of `loop`; raises as `lower` does."""
    lowering = _Lowering(kernel, limit, {loop: rounds})
    lowering.block(kernel.program.kernel.body, None)
    return Unrolled(lowering.builder.finish(), lowering.states, lowering.ids)


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """The condition under which an expression is evaluated: `flag` is `wanted`, and `outer`."""

    outer: Path | None
    flag: Value
    wanted: bool


class _Lowering:
    """The state of lowering. `path` is the condition under which an expression is evaluated,
    None if it always is; `values` are the run-time values of the symbols in scope."""

    def __init__(self, kernel: CheckedKernel, limit: int, rounds: Mapping[ast.For, int]) -> None:
        self.kernel = kernel
        self.rounds = rounds
        self.states: list[State] = []
        self.ids: list[int] = []
        self.facts = kernel.facts
        self.limit = limit
        self.operations = 0
        self.builder = Builder(
            kernel.name,
            dict(kernel.arrays),
            memory_words=kernel.memory_words,
            params=dict(kernel.params),
        )
        self.static = Evaluator(kernel.facts, dict(kernel.constants), kernel.tables, kernel.arrays)
        self.values: dict[Symbol, Value] = {}
        self.contributions: dict[Symbol, Value] = {}
        self.order = MemoryOrder()
        self.reached: set[tuple[str, Value]] = set()
        self.loop = TOP_LEVEL
        self.iterations: Iterations | None = None
        self.unrolling: list[tuple[ast.For, int]] = []

    def count(self, node: ast.Node) -> None:
        """Count one operation against the limit."""
        self.operations += 1
        if self.operations > self.limit:
            message = f"kernel `{self.kernel.name}` unrolls to more than {self.limit} operations"
            hint = "its functions are called too often"
            if self.unrolling:
                loop, trips = max(self.unrolling, key=lambda entry: entry[1])
                node = loop.name
                hint = f"this loop has {trips} iterations; use fewer, or a parallel loop"
            self.fail("E0512", message, node, hint)

    # --- statements ---------------------------------------------------------------------------

    def block(self, statements: Iterable[ast.Stmt], path: Path | None) -> None:
        for statement in statements:
            self.statement(statement, path)

    def statement(self, statement: ast.Stmt, path: Path | None) -> None:
        match statement:
            case ast.Let():
                self.let(statement, path)
            case ast.Var():
                if statement.value is not None:
                    self.values[self.facts.symbols[statement.name]] = self.value(
                        statement.value, path
                    )
            case ast.Assign():
                value = self.value(statement.value, path)
                self.values[self.facts.symbols[statement.target]] = value
            case ast.Store():
                self.store(statement)
            case ast.For():
                self.unroll(statement, path)
            case ast.ParallelFor():
                self.parallel(statement)
            case ast.Reduce():
                self.contribute(statement)
            case ast.Scan():
                self.scan(statement)
            case ast.Assume():
                self.assume(statement, path)

    def let(self, statement: ast.Let, path: Path | None) -> None:
        symbol = self.facts.symbols[statement.name]
        if symbol.type is not None and symbol.type.static:
            self.static.env[symbol] = self.static.evaluate(statement.value)
        else:
            self.values[symbol] = self.value(statement.value, path)

    def store(self, statement: ast.Store) -> None:
        array = statement.array.text
        index = self.element(array, statement, None)
        word = self.value(statement.value, None)
        self.count(statement)
        before = self.order.before_store(array)
        store = self.builder.store(array, index, word, before, loop=self.loop, span=statement.span)
        self.order.stored(array, store)

    def unroll(self, loop: ast.For, path: Path | None) -> None:
        if loop in self.facts.idle:
            return
        low, high = self.static.integer(loop.low), self.static.integer(loop.high)
        symbol = self.facts.symbols[loop.name]
        self.unrolling.append((loop, high - low))
        watched = loop in self.rounds
        if watched:
            high = low + self.rounds[loop]
            self.states.append(self.state(loop))
            self.ids.append(self.builder.next_id)
        for counter in range(low, high):
            self.count(loop)
            self.static.env[symbol] = counter
            self.block(loop.body, path)
            if watched:
                self.states.append({each: self.values[each] for each in self.states[0]})
                self.ids.append(self.builder.next_id)
        self.unrolling.pop()

    def state(self, loop: ast.For) -> State:
        """The values of the variables that `loop` assigns to and that have one before it."""
        targets = [
            self.facts.symbols[statement.target]
            for statement in ast.walk_statements(loop.body)
            if isinstance(statement, ast.Assign)
        ]
        return {each: self.values[each] for each in targets if each in self.values}

    def parallel(self, loop: ast.ParallelFor) -> None:
        bounds = [[self.static.integer(b) for b in ast.bounds(each)] for each in loop.ranges]
        extents = [high - low for low, high in bounds]
        self.contributions = {}
        if min(extents) > 0 and loop not in self.facts.idle:
            name = ".".join(counter.name.text for counter in loop.ranges)
            declared = self.builder.loop(prod(extents), name)
            self.loop = declared.number
            lane = self.builder.lane(declared.number, loop.name.span)
            self.iterations = Iterations(self.builder, lane, extents, loop.name.span)
            for counter, digit, (low, _) in zip(
                loop.ranges, self.iterations.digits, bounds, strict=True
            ):
                value = digit
                if low != 0:
                    value = self.op(Op.ADD, counter.name, digit, self.word(low, counter.name))
                self.values[self.facts.symbols[counter.name]] = value
            self.block(loop.body, None)
        for reduction in loop.reductions:
            symbol = self.facts.symbols[reduction.name]
            kind = Reduction(reduction.operator.text)
            result = self.builder.const(_IDENTITY[kind], reduction.span)
            if reduction.scan and symbol in self.contributions:
                # What all iterations together give, the last one has.
                contribution, span = self.contributions[symbol], reduction.span
                last = self.builder.scan(kind, self.loop, contribution, span)
                result = self.builder.move(TOP_LEVEL, [(last, prod(extents) - 1)], span)
            elif symbol in self.contributions:
                contribution = self.contributions[symbol]
                result = self.builder.reduce(kind, self.loop, contribution, reduction.span)
            self.values[symbol] = result
        self.loop = TOP_LEVEL
        self.iterations = None

    def contribute(self, statement: ast.Reduce) -> None:
        value = self.value(statement.value, None)
        symbol = self.facts.symbols[statement.target]
        if symbol in self.contributions:
            assert isinstance(symbol.declaration, ast.ReductionDecl)
            so_far = self.contributions[symbol]
            match Reduction(symbol.declaration.operator.text):
                case Reduction.SUM:
                    value = self.op(Op.ADD, statement, so_far, value)
                case Reduction.XOR:
                    value = self.op(Op.XOR, statement, so_far, value)
                case Reduction.MIN:
                    value = self.least("min", statement, so_far, value)
                case Reduction.MAX:
                    value = self.least("max", statement, so_far, value)
        self.contributions[symbol] = value

    def scan(self, statement: ast.Scan) -> None:
        value = self.value(statement.value, None)
        symbol = self.facts.symbols[statement.target]
        declaration = symbol.declaration
        assert isinstance(declaration, ast.ReductionDecl)
        self.count(statement)
        kind = Reduction(declaration.operator.text)
        self.contributions[symbol] = value
        self.values[symbol] = self.builder.scan(
            kind, self.loop, value, statement.span, before=declaration.before
        )

    def assume(self, statement: ast.Assume, path: Path | None) -> None:
        for conjunct in ast.conjuncts(statement.condition):
            holds = self.value(conjunct, path)
            if path is not None:
                skipped = self.invert(self.holds(path, statement), statement)
                holds = self.op(Op.OR, statement, skipped, holds)
            if holds.is_const and holds.imm == 0:
                self.fail("E0511", "this assumption is false on every input", conjunct)
            self.builder.assume(holds)

    # --- expressions --------------------------------------------------------------------------

    def op(self, op: Op, node: ast.Node, *args: Value) -> Value:
        self.count(node)
        return self.builder.op(op, *args, span=node.span)

    def word(self, word: int, node: ast.Node) -> Value:
        return self.builder.const(word, node.span)

    def select(self, condition: Value, then: Value, otherwise: Value, node: ast.Node) -> Value:
        if then is otherwise:
            return then
        return self.op(Op.SELECT, node, condition, then, otherwise)

    def invert(self, flag: Value, node: ast.Node) -> Value:
        return self.op(Op.EQ, node, flag, self.word(0, node))

    def holds(self, path: Path, node: ast.Node) -> Value:
        """The value that is 1 where `path` is taken; made only where a guard needs it."""
        links: list[Path] = []
        link: Path | None = path
        while link is not None:
            links.append(link)
            link = link.outer
        taken: Value | None = None
        for link in reversed(links):
            flag = link.flag if link.wanted else self.invert(link.flag, node)
            taken = flag if taken is None else self.op(Op.AND, node, taken, flag)
        assert taken is not None
        return taken

    def value(self, node: ast.Expr, path: Path | None) -> Value:
        """The run-time value of `node`; a truth value is 0 or 1."""
        if self.facts.types[node].static:
            return self.word(self.constant(node), node)
        match node:
            case ast.Name():
                return self.values[self.facts.symbols[node]]
            case ast.Unary():
                return self.unary(node, path)
            case ast.Binary():
                return self.chain(node, path)
            case ast.Conditional():
                return self.conditional(node, path)
            case ast.Index():
                return self.load(node, path)
            case ast.Call():
                args = [self.argument(arg, path) for arg in node.args]
                if node.callee.text in BUILTINS:
                    return self.builtin(node, args)
                return self.inline(node, args, path)
            case ast.Integer() | ast.Bool():
                raise AssertionError("literals are compile-time values")

    def constant(self, node: ast.Expr) -> int:
        return self.static.word(node)

    def unary(self, node: ast.Unary, path: Path | None) -> Value:
        operand = self.value(node.operand, path)
        match node.op:
            case "!":
                return self.invert(operand, node)
            case "-":
                return self.op(Op.SUB, node, self.word(0, node), operand)
            case _:
                return self.op(Op.XOR, node, operand, self.word(MASK, node))

    def chain(self, node: ast.Binary, path: Path | None) -> Value:
        """`a + b + c + …`, from the left."""
        links = [link for link in ast.left_spine(node) if not self.facts.types[link].static]
        value = self.value(links[0].left, path)
        for link in links:
            combine = self.logic if link.op in ("&&", "||") else self.binary
            value = combine(link, value, path)
        return value

    def logic(self, node: ast.Binary, left: Value, path: Path | None) -> Value:
        if left.is_const:
            decided = (left.imm == 0) is (node.op == "&&")
            return left if decided else self.value(node.right, path)
        right = self.value(node.right, Path(path, left, node.op == "&&"))
        return self.op(Op.AND if node.op == "&&" else Op.OR, node, left, right)

    def binary(self, node: ast.Binary, left: Value, path: Path | None) -> Value:
        right = self.value(node.right, path)
        if node.op in WORD_OPS:
            op = WORD_OPS[node.op]
            if op is Op.SHL and (not right.is_const or right.imm >= WORD_BITS):
                return self.left_shift(node, left, right)
            if op in (Op.DIV, Op.MOD):
                if path is None and right.is_const and right.imm == 0:
                    self.fail("E0509", "division by zero on every input", node)
                if path is not None and not (right.is_const and right.imm != 0):
                    right = self.select(self.holds(path, node), right, self.word(1, node), node)
            return self.op(op, node, left, right)
        match node.op:
            case "==":
                return self.op(Op.EQ, node, left, right)
            case "!=" if self.facts.types[node.left].runtime is Type.BOOL:
                return self.op(Op.XOR, node, left, right)
            case "!=":
                return self.invert(self.op(Op.EQ, node, left, right), node)
            case "<":
                return self.op(Op.LT, node, left, right)
            case ">":
                return self.op(Op.LT, node, right, left)
            case "<=":
                return self.invert(self.op(Op.LT, node, right, left), node)
            case _:
                return self.invert(self.op(Op.LT, node, left, right), node)

    def left_shift(self, node: ast.Node, word: Value, count: Value) -> Value:
        """`word << count`, which is 0 for a count of 32 or more, without executing such a shift:
        the original machine computes it exactly first, and a huge count exhausts its memory."""
        if count.is_const:
            return self.word(0, node)
        low = self.op(Op.AND, node, count, self.word(31, node))
        inside = self.op(Op.LT, node, count, self.word(32, node))
        return self.op(Op.MUL, node, self.op(Op.SHL, node, word, low), inside)

    def conditional(self, node: ast.Conditional, path: Path | None) -> Value:
        condition = self.value(node.condition, path)
        if condition.is_const:
            return self.value(node.then if condition.imm else node.otherwise, path)
        then = self.value(node.then, Path(path, condition, True))
        otherwise = self.value(node.otherwise, Path(path, condition, False))
        return self.select(condition, then, otherwise, node)

    def load(self, node: ast.Index, path: Path | None) -> Value:
        array = node.base.text
        index = self.element(array, node, path)
        length = self.kernel.arrays[array].length
        if path is not None and length == 0:
            return self.word(0, node)  # there is nothing to read, so the path is never taken
        if path is None:
            self.reached.add((array, index))
        elif not self.within(array, index):
            index = self.select(self.holds(path, node), index, self.word(0, node), node)
        self.count(node)
        load = self.builder.load(array, index, self.order.before_load(array), span=node.span)
        self.order.loaded(array, load)
        return load

    def within(self, array: str, index: Value) -> bool:
        """Whether `index` is plainly an index of `array`, so that reading there needs no guard."""
        length = self.kernel.arrays[array].length
        return (
            self.plainly_below(index, length) or (array, index) in self.reached
        )  # a wrong index has stopped the run already

    def element(self, array: str, node: ast.Index | ast.Store, path: Path | None) -> Value:
        """The row-major index of an element; refuses one that is out of bounds on every input."""
        lengths = self.kernel.arrays[array].dimensions
        flat: Value | None = None
        for dimension, (position, length) in enumerate(zip(node.indices, lengths, strict=True)):
            index = self.value(position, path)
            if path is None and index.is_const:
                message = misplaced(index.imm, array, lengths, dimension)
                if message is not None:
                    self.fail("E0508", message, position)
            elif path is None and len(lengths) > 1 and not self.plainly_below(index, length):
                self.builder.assume(self.op(Op.LT, position, index, self.word(length, position)))
            if flat is not None:
                row = self.op(Op.MUL, position, flat, self.word(length, position))
                index = self.op(Op.ADD, position, row, index)
            flat = index
        assert flat is not None
        return flat if self.iterations is None else self.iterations.index(flat)

    def plainly_below(self, index: Value, length: int) -> bool:
        """Whether `index` is a constant or counter that is always below `length`."""
        if index.is_const:
            return index.imm < length
        return self.iterations is not None and self.iterations.extent(index) <= length

    def fail(self, code: str, message: str, node: ast.Node, hint: str | None = None) -> NoReturn:
        raise KernelError([Diagnostic(code, message, node.span, hint)], self.kernel.source)

    def argument(self, node: ast.Expr, path: Path | None) -> Value | Static:
        """An argument: exact if it is a compile-time value that stays one."""
        if self.facts.types[node].static and node not in self.facts.coerced:
            return self.static.evaluate(node)
        return self.value(node, path)

    def inline(self, node: ast.Call, args: list[Value | Static], path: Path | None) -> Value:
        function = self.facts.symbols[node.callee].declaration
        assert isinstance(function, ast.FunctionDef)
        self.count(node)
        for parameter, arg in zip(function.parameters, args, strict=True):
            symbol = self.facts.symbols[parameter.name]
            if isinstance(arg, Value):
                self.values[symbol] = arg
            else:
                self.static.env[symbol] = arg
        self.block(function.body, path)
        return self.value(function.result, path)

    def builtin(self, node: ast.Call, args: list[Value | Static]) -> Value:
        left, right = (a if isinstance(a, Value) else self.word(int(a), node) for a in args)
        if node.callee.text in ("min", "max"):
            return self.least(node.callee.text, node, left, right)
        return self.rotation(node.callee.text == "rotl", node, left, right)

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

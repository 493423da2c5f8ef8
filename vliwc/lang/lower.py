"""Lowering: a bound kernel becomes a function of the lane IR.

Sequential loops are unrolled, functions inlined, and each parallel loop becomes the code of one
lane. Conditionals compute both sides, so whatever could trap on the side not taken is guarded: a
load reads `select(taken, index, 0)`, a division divides by `select(taken, divisor, 1)`. Passes
remove the guards that are not needed. Loops that a lane may leave early are masked (`leaving`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

from vliwc.diagnostics import Diagnostic, KernelError
from vliwc.ir.graph import Function
from vliwc.ir.value import MASK, TOP_LEVEL, WORD_BITS, Op, Reduction, Value
from vliwc.lang import ast
from vliwc.lang.ast import Type
from vliwc.lang.binding import CheckedKernel
from vliwc.lang.constants import Static
from vliwc.lang.elaborate import MAX_UNROLLED
from vliwc.lang.indexing import Iterations
from vliwc.lang.leaving import Leaving, OwnWords, Path, State, Word
from vliwc.lang.operations import Operations
from vliwc.lang.order import MemoryOrder
from vliwc.lang.static import Evaluator, misplaced
from vliwc.lang.symbols import BUILTINS, WORD_OPS, Symbol

IDENTITY = {**dict.fromkeys(Reduction, 0), Reduction.MIN: MASK}
"""What reductions over no iterations give."""


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
    assumption turns out to be false on every input, E0516 if its sizes are known at run time.
    """
    if kernel.run_time:
        name, message = kernel.words[0].symbol, "sizes that are known at run time"
        hint = "such a kernel becomes several functions: `vliwc compile` and `check` take it"
        raise KernelError([Diagnostic("E0516", message, name.span, hint)], kernel.source)
    lowering = Lowering(kernel, limit, rounds or {})
    lowering.block(kernel.program.kernel.body, None)
    return lowering.builder.finish()


def lower_stated(kernel: CheckedKernel, limit: int = MAX_UNROLLED) -> tuple[Function, list[Value]]:
    """The kernel as `lower` makes it, and which of its assumptions its text states."""
    lowering = Lowering(kernel, limit, {})
    lowering.block(kernel.program.kernel.body, None)
    return lowering.builder.finish(), list(dict.fromkeys(lowering.stated))


def lower_rounds(kernel: CheckedKernel, limit: int, loop: ast.For, rounds: int) -> Unrolled:
    """The kernel with so many `rounds` of `loop`; raises as `lower` does."""
    lowering = Lowering(kernel, limit, {loop: rounds})
    lowering.block(kernel.program.kernel.body, None)
    return Unrolled(lowering.builder.finish(), lowering.states, lowering.ids)


class Lowering(Operations):
    """The state of lowering. `path` is the condition under which an expression is evaluated,
    None if it always is; `values` are the run-time values of the symbols in scope. `active` is 1
    in lanes that have not left a loop that they are in, None where there is none to leave."""

    def __init__(self, kernel: CheckedKernel, limit: int, rounds: Mapping[ast.For, int]) -> None:
        super().__init__(kernel, limit)
        self.rounds = rounds
        self.states: list[State] = []
        self.ids: list[int] = []
        self.static = Evaluator(kernel.facts, dict(kernel.constants), kernel.tables, kernel.arrays)
        self.values: dict[Symbol, Value] = {}
        self.contributions: dict[Symbol, Value] = {}
        self.order = MemoryOrder()
        self.reached: set[tuple[str, Value]] = set()
        self.loop = TOP_LEVEL
        self.iterations: Iterations | None = None
        self.active: Value | None = None
        self.own = OwnWords(1)
        self.stated: list[Value] = []

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
                self.store(statement, path)
            case ast.For() if not ast.has_break(statement):
                self.unroll(statement, path)
            case ast.For() | ast.While():
                self.early(statement, path)
            case ast.Break():
                raise AssertionError("`early` looks after the breaks of its loop")
            case ast.ParallelFor():
                self.parallel(statement)
            case ast.Reduce():
                self.contribute(statement, path)
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

    def store(self, statement: ast.Store, path: Path | None) -> None:
        array = statement.array.text
        index = self.element(array, statement, path)
        word = self.value(statement.value, path)
        self.count(statement)
        if self.iterations is not None:
            length = self.kernel.arrays[array].length
            first, factor = self.iterations.own_word(index, length)
            masked = self.active is not None
            self.own.words.setdefault(array, []).append(Word(first, factor, masked, statement))
        elif self.active is not None and not self.within(array, index):
            index = self.select(self.active, index, self.word(0, statement), statement)
        if self.active is not None:
            there = self.builder.load(
                array, index, self.order.before_load(array), span=statement.span
            )
            self.order.loaded(array, there)
            word = self.select(self.active, word, there, statement)
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

    def state(self, loop: ast.For | ast.While) -> State:
        """The values of the variables that `loop` assigns to and that have one before it."""
        inside = list(ast.walk_statements(loop.body))
        own = {self.facts.symbols[s.name] for s in inside if isinstance(s, ast.Var)}
        targets = [self.facts.symbols[s.target] for s in inside if isinstance(s, ast.Assign)]
        known = (each for each in targets if each in self.values and each not in own)
        return {each: self.values[each] for each in known}

    def early(self, loop: ast.For | ast.While, path: Path | None) -> None:
        """Unroll a loop that a lane may leave before its last iteration."""
        outer, breaks = self.active, ast.has_break(loop)
        base = path
        if path is not None and path.flag is outer:
            base = path.outer  # who is in this loop is in the enclosing one
        leaving = Leaving(self, self.values, outer, self.state(loop))
        counters = range(self.static.integer(loop.most) if isinstance(loop, ast.While) else 0)
        if isinstance(loop, ast.For):
            counters = range(self.static.integer(loop.low), self.static.integer(loop.high))
        self.unrolling.append((loop, len(counters)))
        for counter in counters:
            self.count(loop)
            if isinstance(loop, ast.For):
                self.static.env[self.facts.symbols[loop.name]] = counter
            elif breaks:
                condition = self.value(loop.condition, leaving.path(base))
                leaving.stay(condition, leaving.active, loop.condition)
            else:
                # Where the condition was false it still is: nothing that it reads has changed.
                leaving.stay(self.value(loop.condition, path), outer, loop.condition)
            self.early_body(loop, leaving, base)
            if leaving.over:
                break
        self.unrolling.pop()
        self.active = outer

    def early_body(self, loop: ast.For | ast.While, leaving: Leaving, base: Path | None) -> None:
        """One iteration of it, up to where all lanes have left."""
        for statement in () if leaving.over else loop.body:
            self.active, path = leaving.active, leaving.path(base)
            if isinstance(statement, ast.Break):
                leaving.leave(self.value(statement.condition, path), statement)
                if leaving.over:
                    return
            else:
                self.statement(statement, path)
        leaving.merge(loop)

    def parallel(self, loop: ast.ParallelFor) -> None:
        bounds = [[self.static.integer(b) for b in ast.bounds(each)] for each in loop.ranges]
        extents = [high - low for low, high in bounds]
        self.contributions = {}
        self.own = OwnWords(prod(extents))
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
            for word in self.own.shared():
                message = f"an iteration may skip this store to `{word.node.array.text}`, whose "
                message += "word may belong to another one"
                hint = "store behind the loop, or to a word `a * i + b` of each iteration `i`"
                self.fail("E0515", message, word.node, hint)
        for reduction in loop.reductions:
            symbol = self.facts.symbols[reduction.name]
            kind = Reduction(reduction.operator.text)
            result = self.builder.const(IDENTITY[kind], reduction.span)
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

    def contribute(self, statement: ast.Reduce, path: Path | None) -> None:
        value = self.value(statement.value, path)
        symbol = self.facts.symbols[statement.target]
        assert isinstance(symbol.declaration, ast.ReductionDecl)
        kind = Reduction(symbol.declaration.operator.text)
        if self.active is not None:
            none = self.word(IDENTITY[kind], statement)
            value = self.select(self.active, value, none, statement)
        if symbol in self.contributions:
            value = self.combine(kind, statement, self.contributions[symbol], value)
        self.contributions[symbol] = value

    def combine(self, kind: Reduction, node: ast.Node, left: Value, right: Value) -> Value:
        """What a reduction makes of two words."""
        match kind:
            case Reduction.SUM:
                return self.op(Op.ADD, node, left, right)
            case Reduction.XOR:
                return self.op(Op.XOR, node, left, right)
            case Reduction.OR:
                return self.op(Op.OR, node, left, right)
            case Reduction.MIN:
                return self.least("min", node, left, right)
            case Reduction.MAX:
                return self.least("max", node, left, right)

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
            if not holds.is_const:
                self.stated.append(holds)

    # --- expressions --------------------------------------------------------------------------

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
        # Its variables are its own: nobody looks at those of a lane that has left a loop outside.
        active, self.active = self.active, None
        self.block(function.body, path)
        result = self.value(function.result, path)
        self.active = active
        return result

    def builtin(self, node: ast.Call, args: list[Value | Static]) -> Value:
        left, right = (a if isinstance(a, Value) else self.word(int(a), node) for a in args)
        if node.callee.text in ("min", "max"):
            return self.least(node.callee.text, node, left, right)
        return self.rotation(node.callee.text == "rotl", node, left, right)

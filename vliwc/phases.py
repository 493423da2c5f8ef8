"""Lowering of kernels whose sizes or addresses are known at run time: one function for each phase.

A parallel loop over a number of iterations that only the program knows is a phase of its own: the
code for *some* iterations, those from `loop.start` on, which is executed again and again. What
stands before, between and behind such loops are phases as well, executed once each. Words that one
phase hands on to another are arrays of one word that keep a place in scratch
(`Where.SCRATCH`), read when a phase begins and written when it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from vliwc.analysis.facts import Facts
from vliwc.ir.builder import Builder
from vliwc.ir.graph import Array, Function, Role, Where
from vliwc.ir.value import TOP_LEVEL, Op, Reduction, Value
from vliwc.lang import ast
from vliwc.lang.binding import CheckedKernel
from vliwc.lang.elaborate import MAX_UNROLLED
from vliwc.lang.leaving import Path
from vliwc.lang.lower import IDENTITY, Lowering
from vliwc.lang.order import MemoryOrder
from vliwc.lang.symbols import Kind, Symbol

COUNT, START, TRIPS = "loop.count", "loop.start", "loop.trips"
"""Words in scratch: the iterations of the next loop, the first one that a block executes, and how
often the largest block is executed."""
WORDS = "words"
"""The array that the words of the kernel are read from: all of memory."""
NOMINAL_LANES = 8
"""Iterations of a loop's function as it is lowered; any other number will do."""

_DEAD = (Role.SCRATCH, Role.IN_SCRATCH)


@dataclass(frozen=True, eq=False)
class Phase:
    """A part of the kernel. If it is a loop of `count` iterations, the function executes as many of
    them as its own loop has, from `loop.start` on, and adds their number to `loop.start`.
    `as_long`: the arrays that have as many words as it has iterations, with their addresses, if
    these are known."""

    name: str
    function: Function
    count: SizeOf | None = None
    as_long: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, eq=False)
class SizeOf:
    """A number of iterations: a value made of the words of the kernel, which `symbols` names where
    they are read from scratch."""

    value: Value
    symbols: dict[str, Symbol]

    def of(self, kernel: CheckedKernel) -> int:
        """The number in a kernel whose words are known."""
        words = {word.address: (kernel.sizes or {})[word.name] for word in kernel.words}
        found: dict[Value, int] = {}
        stack = [self.value]
        while stack:
            value = stack[-1]
            missing = [arg for arg in value.args if arg not in found]
            if missing:
                stack += missing
                continue
            stack.pop()
            evaluate = value.info.evaluate
            if value.is_const:
                found[value] = value.imm
            elif evaluate is not None:
                found[value] = evaluate(*(found[arg] for arg in value.args))
            elif value.array == WORDS:
                found[value] = words[value.args[0].imm]
            else:
                found[value] = int(kernel.constants[self.symbols[value.array]])
        return found[self.value]


def lower_phases(kernel: CheckedKernel, limit: int = MAX_UNROLLED) -> list[Phase]:
    """The phases of a kernel that reads words when it starts, in order.

    Raises `KernelError` as `lower` does, and for what cannot be done with a number of iterations
    that is known at run time (E0516).
    """
    lowering = _Phases(kernel, limit)
    lowering.begin()
    lowering.block(kernel.program.kernel.body, None)
    lowering.end_phase("end")
    return [phase for phase in lowering.phases if phase.function.roots]


class _Phases(Lowering):
    def __init__(self, kernel: CheckedKernel, limit: int) -> None:
        super().__init__(kernel, limit, {})
        body = kernel.program.kernel.body
        self.phases: list[Phase] = []
        self.declarations = {each.name.text: each for each in kernel.program.kernel.arrays}
        named = [kernel.facts.symbols.get(node) for node in ast.all_expressions(body)]
        named += [
            kernel.facts.symbols[statement.target]
            for statement in ast.walk_statements(body)
            if isinstance(statement, ast.Assign)
        ]
        self.named = {symbol for symbol in named if symbol is not None}
        self.kept: dict[Symbol, Array] = {}
        self.arrays = _of_phases(kernel)
        self.new_builder()

    # --- phases -------------------------------------------------------------------------------

    def new_builder(self) -> None:
        kernel = self.kernel
        memory, params = kernel.memory_words, dict(kernel.params)
        self.builder = Builder(kernel.name, self.arrays, memory_words=memory, params=params)
        self.order = MemoryOrder()
        self.loaded: dict[str, Value] = {}
        self.reached.clear()

    def begin(self) -> None:
        """Read the words, and compute what stands before the memory block."""
        for word in self.kernel.words:
            index = self.builder.const(word.address, word.symbol.span)
            self.values[word.symbol] = self.builder.load(WORDS, index, span=word.symbol.span)
        for statement in self.kernel.program.kernel.header:
            if isinstance(statement, ast.Let):
                symbol = self.facts.symbols[statement.name]
                if symbol not in self.kernel.constants:
                    self.values[symbol] = self.value(statement.value, None)
            elif isinstance(statement, ast.Assume):
                if not self.facts.types[statement.condition].static:
                    self.assume(statement, None)

    def end_phase(
        self, name: str, count: SizeOf | None = None, as_long: dict[str, int] | None = None
    ) -> None:
        """Put what is needed later into scratch, and go on with another function."""
        handed_on: dict[Symbol, Value] = {}
        for symbol, value in self.values.items():
            size = symbol.kind is Kind.WORD or symbol in self.sizes
            if value.loop == TOP_LEVEL and (size or symbol in self.named) and not symbol.parallel:
                handed_on[symbol] = value
        for symbol, value in handed_on.items():
            if not value.is_const:
                self.keep(self.kept_word(symbol), value)
        before = self.builder
        self.phases.append(Phase(name, before.finish(), count, as_long or {}))
        self.new_builder()
        self.values = {
            symbol: self.builder.const(value.imm, value.span)
            if value.is_const
            else self.word_in_scratch(self.kept_word(symbol).name)
            for symbol, value in handed_on.items()
        }

    @property
    def sizes(self) -> set[Symbol]:
        """What `let`s before the memory block name."""
        header = self.kernel.program.kernel.header
        return {self.facts.symbols[each.name] for each in header if isinstance(each, ast.Let)}

    def kept_word(self, symbol: Symbol) -> Array:
        """The word in scratch that hands the value of `symbol` on."""
        if symbol not in self.kept:
            high = next((w.high for w in self.kernel.words if w.symbol is symbol), (1 << 32) - 1)
            self.kept[symbol] = self.in_scratch(f"{symbol.name}.{len(self.kept)}", high + 1)
        return self.kept[symbol]

    def in_scratch(self, name: str, below: int = 1 << 32) -> Array:
        """The word in scratch with this name."""
        array = Array(name, 0, 1, Role.INOUT, below, where=Where.SCRATCH)
        self.arrays[name] = self.builder.arrays[name] = array
        return array

    def word_in_scratch(self, name: str) -> Value:
        """What the phase before has left there."""
        load = self.builder.load(name, self.builder.const(0, None), span=None)
        self.loaded[name] = load
        return load

    def keep(self, array: Array, value: Value) -> None:
        """Leave a word to the next phase."""
        if value.array == array.name:
            return  # it stands there
        zero = self.builder.const(0, None)
        before = [self.loaded[array.name]] if array.name in self.loaded else []
        self.builder.store(array.name, zero, value, before, span=value.span)

    # --- loops --------------------------------------------------------------------------------

    def parallel(self, loop: ast.ParallelFor) -> None:
        bounds = [bound for each in loop.ranges for bound in ast.bounds(each)]
        if all(self.facts.types[bound].static for bound in bounds) or loop in self.facts.idle:
            super().parallel(loop)
            return
        self.refuse_scans(loop)
        counted = self.product(self.extents(loop), loop)
        self.keep_count(counted)
        as_long = {
            name: self.static.integer(each.address)
            for name, each in self.declarations.items()
            if len(each.lengths) == 1
            and self.facts.types[each.address].static
            and not self.facts.types[each.lengths[0]].static
            and self.size(each.lengths[0]) is counted
        }
        for reduction in loop.reductions:
            symbol = self.facts.symbols[reduction.name]
            kind = Reduction(reduction.operator.text)
            identity = self.builder.const(IDENTITY[kind], reduction.span)
            self.keep(self.kept_word(symbol), identity)
        self.end_phase("before")
        for reduction in loop.reductions:
            symbol = self.facts.symbols[reduction.name]
            self.values[symbol] = self.word_in_scratch(self.kept_word(symbol).name)
        self.iterate(loop)
        name = ".".join(each.name.text for each in loop.ranges)
        symbols = {array.name: symbol for symbol, array in self.kept.items()}
        self.end_phase(name, SizeOf(counted, symbols), as_long)

    def refuse_scans(self, loop: ast.ParallelFor) -> None:
        scan = next((each for each in loop.reductions if each.scan), None)
        if scan is not None:
            message = "a running reduction over a number of iterations that is known at run time"
            hint = "make the number a parameter, or reduce instead"
            self.fail("E0516", message, scan, hint)

    def store(self, statement: ast.Store, path: Path | None) -> None:
        if self.loop != TOP_LEVEL and self.iterations is None and self.active is not None:
            message = "a store that an iteration may skip, in a loop over a number of iterations "
            message += "that is known at run time"
            self.fail("E0516", message, statement, "store behind the loop that it may leave")
        super().store(statement, path)

    def keep_count(self, count: Value) -> None:
        self.in_scratch(COUNT)
        zero = self.builder.const(0, None)
        self.builder.store(COUNT, zero, count, span=count.span)
        most = Facts(self.builder.finish()).hi(count)
        for name, below in ((COUNT, most + 1), (START, max(most, 1)), (TRIPS, 1 << 32)):
            self.in_scratch(name, below)

    def iterate(self, loop: ast.ParallelFor) -> None:
        """The iterations from `loop.start` on, as many as the function's loop has."""
        builder, span = self.builder, loop.name.span
        declared = builder.loop(NOMINAL_LANES, ".".join(each.name.text for each in loop.ranges))
        self.loop = declared.number
        self.contributions = {}
        start, zero = self.word_in_scratch(START), builder.const(0, span)
        lane = builder.lane(declared.number, span)
        number = builder.op(Op.ADD, start, lane, span=span)
        count = self.word_in_scratch(COUNT)
        builder.assume(builder.op(Op.LT, number, count, span=span))
        self.counters(loop, number)
        self.block(loop.body, None)
        for reduction in loop.reductions:
            symbol = self.facts.symbols[reduction.name]
            if symbol in self.contributions:
                kind = Reduction(reduction.operator.text)
                total = builder.reduce(kind, self.loop, self.contributions[symbol], reduction.span)
                self.values[symbol] = self.combine(kind, reduction, self.values[symbol], total)
        # All iterations together are as many as there are.
        done = builder.reduce(Reduction.SUM, self.loop, builder.const(1, span), span)
        after = builder.op(Op.ADD, start, done, span=span)
        builder.store(START, zero, after, [start], span=span)
        trips = self.word_in_scratch(TRIPS)
        left = builder.op(Op.SUB, trips, builder.const(1, span), span=span)
        builder.store(TRIPS, zero, left, [trips], span=span)
        self.loop = TOP_LEVEL

    def counters(self, loop: ast.ParallelFor, number: Value) -> None:
        """Give the counters of `loop` their values in the iteration `number`."""
        extents = self.extents(loop)
        for position, each in enumerate(loop.ranges):
            inner = self.product(extents[position + 1 :], each)
            digit = number if _is_one(inner) else self.op(Op.DIV, each, number, inner)
            if position:
                digit = self.op(Op.MOD, each, digit, extents[position])
            low = self.size(each.low)
            counter = digit if low.is_const and not low.imm else self.op(Op.ADD, each, digit, low)
            self.values[self.facts.symbols[each.name]] = counter

    def extents(self, loop: ast.ParallelFor) -> list[Value]:
        """The iterations of each range."""
        found: list[Value] = []
        for each in loop.ranges:
            low, high = self.size(each.low), self.size(each.high)
            if low.is_const and not low.imm:
                found.append(high)
            else:
                some = self.op(Op.LT, each, low, high)
                extent = self.op(Op.SUB, each, high, low)
                found.append(self.select(some, extent, self.word(0, each), each))
        return found

    def product(self, extents: Sequence[Value], node: ast.Node) -> Value:
        total = self.builder.const(1, node.span)
        for extent in extents:
            total = extent if _is_one(total) else self.op(Op.MUL, node, total, extent)
        return total

    # --- arrays -------------------------------------------------------------------------------

    def size(self, node: ast.Expr) -> Value:
        """The value of a length, an address or a bound."""
        if self.facts.types[node].static:
            return self.word(self.static.integer(node), node)
        return self.value(node, None)

    def within(self, array: str, index: Value) -> bool:
        if self.kernel.arrays[array].placed:
            return super().within(array, index)
        return (array, index) in self.reached

    def element(self, array: str, node: ast.Index | ast.Store, path: Path | None) -> Value:
        if self.kernel.arrays[array].placed:
            return super().element(array, node, path)
        declared = self.declarations[array]
        flat: Value | None = None
        for position, length in zip(node.indices, declared.lengths, strict=True):
            index = self.value(position, path)
            if flat is not None:
                self.require_inside(index, length, path, position)
                row = self.op(Op.MUL, position, flat, self.size(length))
                index = self.op(Op.ADD, position, row, index)
            flat = index
        assert flat is not None
        address = self.size(declared.address)
        if address.is_const and not address.imm:
            return flat
        return self.op(Op.ADD, node, flat, address)

    def require_inside(
        self, index: Value, length: ast.Expr, path: Path | None, node: ast.Expr
    ) -> None:
        """Refuse an index that always lies outside an inner dimension; believe others."""
        least = self.static.integer(length)
        if path is None and index.is_const and index.imm >= least:
            self.fail("E0508", f"index {index.imm} is out of bounds: the length is {least}", node)
        if path is None and not index.is_const:
            self.builder.assume(self.op(Op.LT, node, index, self.word(least, node)))


def _is_one(value: Value) -> bool:
    return value.is_const and value.imm == 1


def _of_phases(kernel: CheckedKernel) -> dict[str, Array]:
    """The arrays as each phase sees them: others may have stored words before it, or read them
    after it."""
    body = kernel.program.kernel.body
    stored = {
        statement.array.text
        for statement in ast.walk_statements(body)
        if isinstance(statement, ast.Store)
    }
    used = {node.base.text for node in ast.all_expressions(body) if isinstance(node, ast.Index)}
    found = {WORDS: Array(WORDS, 0, 1 << 32, Role.IN, where=Where.RUN_TIME)}
    for name, array in kernel.arrays.items():
        role = Role.INOUT if array.role in _DEAD and name in stored | used else array.role
        if name in stored:
            array = replace(array, below=1 << 32, distinct=False)
        found[name] = replace(array, role=role)
    return found

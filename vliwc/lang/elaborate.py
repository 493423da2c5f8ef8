"""Evaluation of everything in a program that is known once the parameters are.

The elaborator walks the program as it will be unrolled and checks what depends on values: constant
indices, integers that must fit 32 bits, constant divisors, loop bounds, constant assumptions. A
loop whose body does not mention its counter is walked once, whatever its length, and a function
once for the same compile-time arguments.

On the way it counts what unrolling will make, so that a kernel that is too large is refused before
anything is built: `unrolled` operations of the top level and one iteration of each parallel loop,
and `work`, the operations of all iterations of the parallel loops.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vliwc.diagnostics import Diagnostic, Note, Span
from vliwc.ir.graph import Array
from vliwc.ir.value import MASK
from vliwc.lang import ast, constants
from vliwc.lang.constants import ConstantError, Static
from vliwc.lang.static import Evaluator, UnknownValue
from vliwc.lang.steady import steady_loops
from vliwc.lang.symbols import BUILTINS, Facts, Symbol

MAX_UNROLLED = 50_000
"""Operations that the top level and one iteration of each parallel loop may unroll to together."""

LONG = 64
"""Rounds that are counted of a loop that need not be unrolled."""
VISITS = 10
"""Expressions that may be looked at while elaborating, for each operation that is allowed."""

AT_RUN_TIME = 256
"""Iterations that are counted of a parallel loop whose number is known at run time only."""

MANY_TRIPS = 1000
"""Iterations from which on a loop that does nothing at run time is looked at only in its first and
last one, if its values exist for any counter."""

_TOTAL = {"+", "-", "*", "&", "|", "^", "&&", "||", "==", "!=", "<", "<=", ">", ">="}
"""Operators that have a value for all compile-time operands."""


class Elaborator:
    """Evaluates compile-time expressions in `env` and collects errors in `found`.

    After `kernel_body`, `unrolled` and `work` say how large the kernel is, and `largest` which
    parallel loop has most of the work; `long` is the loop that would be too long to be unrolled.
    """

    def __init__(self, program: ast.Program, facts: Facts, limit: int = MAX_UNROLLED) -> None:
        self.limit = limit
        self.work = 0
        self.long: ast.For | None = None
        self._steady = steady_loops(program, facts)
        self.largest: tuple[int, ast.ParallelFor | None] = (0, None)
        self.program = program
        self.facts = facts
        self.tables: dict[Symbol, tuple[int, ...]] = {}
        self.arrays: dict[str, Array] = {}
        self.evaluator = Evaluator(facts, {}, self.tables, self.arrays)
        self.found: dict[tuple[str, Span], Diagnostic] = {}
        self._calls: list[Span] = []
        self._counters: list[tuple[str, int]] = []
        self.unrolled = 0
        self._left = False  # the loop being walked ends here, whatever the input
        self._visits = 0
        self._sizes: dict[ast.Expr, int] = {}
        self._elaborated: dict[tuple[Symbol, tuple[Static, ...]], int] = {}
        self._mentions: dict[ast.For, bool] = {}

    @property
    def env(self) -> dict[Symbol, Static]:
        """The values of the compile-time symbols in scope."""
        return self.evaluator.env

    def report(
        self, code: str, message: str, node: ast.Node, hint: str | None = None, *notes: Note
    ) -> None:
        """Record an error, once per code and place."""
        where = [Note("in the function called here", span) for span in reversed(self._calls)]
        if self._counters:
            values = ", ".join(f"{name} = {value}" for name, value in self._counters)
            where.insert(0, Note(f"when {values}"))
        key = (code, node.span)
        if key not in self.found:
            self.found[key] = Diagnostic(code, message, node.span, hint, (*notes, *where))

    # --- declarations -------------------------------------------------------------------------

    def constants(self) -> None:
        """Evaluate the file's constants and tables."""
        for constant in self.program.constants:
            symbol = self.facts.symbols[constant.name]
            if isinstance(constant, ast.Table):
                values = [self.integer(value) for value in constant.values]
                self.tables[symbol] = tuple(value or 0 for value in values)
            else:
                self._define(symbol, constant.value)

    def header(self, params: Mapping[str, int], words: Mapping[str, int]) -> None:
        """Bind the kernel's parameters, and its words as far as they are known, and evaluate the
        statements before its memory block."""
        kernel = self.program.kernel
        for name in kernel.parameters:
            self.env[self.facts.symbols[name]] = params[name.text]
        for statement in kernel.header:
            if not isinstance(statement, ast.Word):
                self._statement(statement)
            elif statement.name.text in words:
                self.env[self.facts.symbols[statement.name]] = words[statement.name.text]
            if isinstance(statement, ast.Let):
                symbol = self.facts.symbols[statement.name]
                if symbol.type is ast.Type.U32:
                    value = self.size(statement.value)
                    if value is not None:
                        self.env[symbol] = value

    def kernel_body(self) -> None:
        """Elaborate the kernel's body; `env` is left as it was."""
        kept = dict(self.env)
        self._block(self.program.kernel.body)
        self.evaluator.env = kept

    # --- compile-time values ------------------------------------------------------------------

    def integer(self, node: ast.Expr) -> int | None:
        """The value of a compile-time integer expression, or None after reporting an error."""
        value = self._value(node)
        return None if value is None else int(value)

    def size(self, node: ast.Expr) -> int | None:
        """The value of a length, an address or a bound; None after reporting an error, or if it is
        not known when compiling."""
        if self.facts.types[node].static:
            return self.integer(node)
        try:
            return self.evaluator.size(node)
        except UnknownValue:
            return None

    def _value(self, node: ast.Expr) -> Static | None:
        if node not in self._sizes:
            self._sizes[node] = sum(1 for _ in ast.walk_expressions((node,)))
        self._visits += self._sizes[node]
        try:
            return self.evaluator.evaluate(node)
        except ConstantError as error:
            self.report(error.code, error.message, error.node or node, error.hint)
        except UnknownValue:
            pass
        return None

    def _define(self, symbol: Symbol, node: ast.Expr) -> None:
        value = self._value(node)
        if value is not None:
            self.env[symbol] = value
        else:
            self.env.pop(symbol, None)

    # --- run-time code ------------------------------------------------------------------------

    def _visit(self, node: ast.Expr) -> Static | None:
        """Check the compile-time parts of `node`; its value if it is one itself and known."""
        if self.facts.types[node].static:
            value = self._value(node)
            if value is not None and node in self.facts.coerced and not isinstance(value, bool):
                return self._fitting(node)
            return value
        self._visits += 1
        self.unrolled += not isinstance(node, ast.Name)
        match node:
            case ast.Conditional() if self.facts.types[node.condition].static:
                condition = self._value(node.condition)
                if condition is not None:
                    self._visit(node.then if condition else node.otherwise)
            case ast.Binary():
                self._chain(node)
            case ast.Index():
                self._element(node)
            case ast.Call() if node.callee.text not in BUILTINS:
                self._call(node)
            case _:
                for child in ast.children(node):
                    self._visit(child)
        return None

    def _chain(self, node: ast.Binary) -> None:
        """Check the operands of `a + b + c + …`, which is a run-time value."""
        links = [link for link in ast.left_spine(node) if not self.facts.types[link].static]
        self.unrolled += len(links) - 1
        self._visits += len(links) - 1
        first = links[0]
        if first.op in ("&&", "||") and self.facts.types[first.left].static:
            if self._value(first.left) is (first.op == "&&"):
                self._visit(first.right)
            links = links[1:]
        else:
            self._visit(first.left)
        for link in links:
            if self._visit(link.right) == 0 and link.op in ("/", "%"):
                self.report("E0509", "division by zero", link)
            elif link.op in ("<<", ">>") and self.facts.types[link.right].static:
                count = self._value(link.right)
                if count is not None and count < 0:
                    message = f"negative shift count {constants.show(int(count))}"
                    self.report("E0510", message, link.right)

    def _fitting(self, node: ast.Expr) -> int | None:
        try:
            return self.evaluator.word(node)
        except ConstantError as error:
            self.report(error.code, error.message, error.node or node, error.hint)
            return None

    def _element(self, node: ast.Index | ast.Store) -> None:
        symbol = self.facts.symbols[node.base if isinstance(node, ast.Index) else node.array]
        for dimension, position in enumerate(node.indices):
            index = self._visit(position)
            if index is None:
                continue
            try:
                self.evaluator.within(int(index), symbol, dimension, position)
            except ConstantError as error:
                self.report(error.code, error.message, position)

    def _call(self, node: ast.Call) -> None:
        symbol = self.facts.symbols[node.callee]
        function = symbol.declaration
        assert isinstance(function, ast.FunctionDef)
        statics: dict[Symbol, Static] = {}
        for arg, parameter in zip(node.args, function.parameters, strict=True):
            value = self._visit(arg)
            if parameter.type.static:
                if value is None:
                    return
                statics[self.facts.symbols[parameter.name]] = value
        key = (symbol, tuple(statics.values()))
        if key not in self._elaborated:
            before = self.unrolled
            outer = self.env
            self.evaluator.env = {**outer, **statics}
            counters, self._counters = self._counters, []
            self._calls.append(node.span)
            self._block(function.body)
            self._visit(function.result)
            self._calls.pop()
            self.evaluator.env, self._counters = outer, counters
            self._elaborated[key] = self.unrolled - before
        else:
            self.unrolled += self._elaborated[key]
        if self.unrolled > self.limit:
            self._too_long(node, "functions are inlined, and called too often")

    # --- statements ---------------------------------------------------------------------------

    def _block(self, statements: tuple[ast.Stmt, ...]) -> None:
        for statement in statements:
            self._statement(statement)
            if self._left:
                break

    def _statement(self, statement: ast.Stmt) -> None:
        match statement:
            case ast.Let():
                symbol = self.facts.symbols[statement.name]
                if symbol.type is not None and symbol.type.static:
                    self._define(symbol, statement.value)
                else:
                    self._visit(statement.value)
            case ast.Store():
                self.unrolled += 1
                self._element(statement)
                self._visit(statement.value)
            case ast.For():
                self._for(statement)
            case ast.While():
                self._while(statement)
            case ast.Break():
                self._left = self._visit(statement.condition) is True
            case ast.ParallelFor():
                self._parallel(statement)
            case ast.Assume():
                if self._visit(statement.condition) is False:
                    message = "this assumption is false for these parameters"
                    self.report("E0511", message, statement)
            case _:
                self.unrolled += isinstance(statement, ast.Reduce | ast.Scan)
                for node in ast.expressions(statement):
                    self._visit(node)

    def _for(self, loop: ast.For) -> None:
        low, high = self.integer(loop.low), self.integer(loop.high)
        if low is None or high is None or high <= low:
            return
        symbol = self.facts.symbols[loop.name]
        trips = high - low
        before = self.unrolled, self.work
        walked = self._walked(loop, symbol, low, high)
        self._counters.append((loop.name.text, low))
        for counter in walked:
            self.env[symbol] = counter
            self._counters[-1] = (loop.name.text, counter)
            self.unrolled += loop not in self.facts.idle
            self._block(loop.body)
            if self._left:
                self._left, trips = False, counter - low + 1
                break
            if self._over_limit():
                break
        else:
            once = self.unrolled - before[0], self.work - before[1]
            if before[0] + once[0] * trips > self.limit and loop in self._steady:
                # Some rounds, again and again, may do (vliwc.analysis.rounds).
                self.long, trips = loop, min(trips, LONG)
            self.unrolled += once[0] * (trips - len(walked))
            self.work += once[1] * (trips - len(walked))
        self._counters.pop()
        if self._over_limit():
            self._too_long(loop.name, f"this loop has {trips} iterations; a parallel loop or fewer")

    def _while(self, loop: ast.While) -> None:
        """Walk one iteration, which stands for as many as there may be."""
        trips = self.integer(loop.most)
        if trips is None or trips <= 0:
            return
        before = self.unrolled
        self.unrolled += 1
        if self._visit(loop.condition) is not False:
            self._block(loop.body)
            # Variables keep their words where an iteration has left the loop.
            self.unrolled += sum(isinstance(s, ast.Assign) for s in loop.body)
            trips, self._left = 1 if self._left else trips, False
            self.unrolled += (self.unrolled - before) * (trips - 1)
        if self._over_limit():
            self._too_long(loop.most, f"this loop has up to {trips} iterations; a lower limit")

    def _walked(self, loop: ast.For, symbol: Symbol, low: int, high: int) -> Sequence[int]:
        """The iterations to look at; what one of them takes stands for those left out."""
        if not self._mentioned(loop, symbol):
            return range(low, low + 1)
        if loop in self.facts.idle and high - low > MANY_TRIPS and _always_defined(loop):
            return (low, high - 1)
        return range(low, high)

    def _over_limit(self) -> bool:
        return self.unrolled > self.limit or self._visits > VISITS * self.limit

    def _too_long(self, node: ast.Node, hint: str) -> None:
        if not any(code == "E0512" for code, _ in self.found):
            name = self.program.kernel.name.text
            message = f"kernel `{name}` unrolls to more than {self.limit} operations"
            self.report("E0512", message, node, f"{hint}, or raise the limit by --max-operations")

    def _mentioned(self, loop: ast.For, symbol: Symbol) -> bool:
        if loop not in self._mentions:
            names = ast.all_expressions(loop.body)
            self._mentions[loop] = any(self.facts.symbols.get(n) is symbol for n in names)
        return self._mentions[loop]

    def _parallel(self, loop: ast.ParallelFor) -> None:
        iterations = 1
        fits = True
        for counter in loop.ranges:
            low, high = self.size(counter.low), self.size(counter.high)
            if low is None or high is None:
                known = all(self.facts.types[bound].static for bound in ast.bounds(counter))
                iterations *= 0 if known else AT_RUN_TIME
                continue
            iterations *= max(0, high - low)
            if low < high and (low < 0 or high > MASK):
                shown = f"{constants.show(low)} .. {constants.show(high)}"
                message = f"parallel loop bounds {shown} do not fit u32"
                self.report("E0507", message, counter.name)
                fits = False
        if fits and iterations > MASK:
            shown = constants.show(iterations)
            self.report("E0507", f"{shown} iterations of a parallel loop do not fit u32", loop.name)
        elif fits and iterations:
            before = self.unrolled
            self.unrolled += loop not in self.facts.idle
            self._block(loop.body)
            work = (self.unrolled - before) * iterations
            self.work += work
            self.largest = max(self.largest, (work, loop), key=lambda entry: entry[0])


def _always_defined(loop: ast.For) -> bool:
    """Whether everything in a loop that does nothing at run time has a value for any counter."""
    for node in ast.all_expressions(loop.body):
        match node:
            case ast.Binary():
                constant = isinstance(node.right, ast.Integer) and node.right.value > 0
                exact = constant and isinstance(node.left, ast.Integer)
                if not (node.op in _TOTAL or (node.op in ("/", "%", ">>") and constant) or exact):
                    return False
            case ast.Call():
                if node.callee.text not in ("min", "max"):
                    return False
            case ast.Index():
                return False
            case _:
                pass
    return True

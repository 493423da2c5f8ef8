"""Evaluation of everything in a program that is known once the parameters are.

The elaborator walks the program as it will be unrolled and checks what depends on values: constant
indices, integers that must fit 32 bits, constant divisors, loop bounds, constant assumptions. A
loop whose body does not mention its counter is walked once, whatever its length.
"""

from __future__ import annotations

from collections.abc import Mapping

from vliwc.diagnostics import Diagnostic, Note, Span
from vliwc.ir.graph import Array
from vliwc.ir.value import MASK
from vliwc.lang import ast, constants
from vliwc.lang.constants import ConstantError, Static
from vliwc.lang.static import Evaluator, UnknownValue
from vliwc.lang.symbols import BUILTINS, Facts, Symbol

MAX_STEPS = 1_000_000_000
"""Limit on the operations of one run of the top level or of one parallel iteration."""

MAX_VISITS = 5_000_000
"""Limit on the expressions looked at while elaborating."""


class Elaborator:
    """Evaluates compile-time expressions in `env` and collects errors in `found`."""

    def __init__(self, program: ast.Program, facts: Facts) -> None:
        self.program = program
        self.facts = facts
        self.tables: dict[Symbol, tuple[int, ...]] = {}
        self.arrays: dict[str, Array] = {}
        self.evaluator = Evaluator(facts, {}, self.tables, self.arrays)
        self.found: dict[tuple[str, Span], Diagnostic] = {}
        self._calls: list[Span] = []
        self._counters: list[tuple[str, int]] = []
        self._steps = 0
        self._visits = 0
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

    def header(self, params: Mapping[str, int]) -> None:
        """Bind the kernel's parameters and evaluate the statements before its memory block."""
        kernel = self.program.kernel
        for name in kernel.parameters:
            self.env[self.facts.symbols[name]] = params[name.text]
        for statement in kernel.header:
            self._statement(statement)

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

    def _value(self, node: ast.Expr) -> Static | None:
        self._visits += 1
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
        self._steps += 1
        self._visits += 1
        if self.facts.types[node].static:
            value = self._value(node)
            if value is not None and node in self.facts.coerced and not isinstance(value, bool):
                return self._fitting(node)
            return value
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
        self._steps += len(links) - 1
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
            before = self._steps
            outer = self.env
            self.evaluator.env = {**outer, **statics}
            counters, self._counters = self._counters, []
            self._calls.append(node.span)
            self._block(function.body)
            self._visit(function.result)
            self._calls.pop()
            self.evaluator.env, self._counters = outer, counters
            self._elaborated[key] = self._steps - before
        else:
            self._steps += self._elaborated[key]
        if self._steps > MAX_STEPS:
            self._too_long(node, f"this call of `{symbol.name}` inlines too many operations")

    # --- statements ---------------------------------------------------------------------------

    def _block(self, statements: tuple[ast.Stmt, ...]) -> None:
        for statement in statements:
            self._statement(statement)

    def _statement(self, statement: ast.Stmt) -> None:
        match statement:
            case ast.Let():
                symbol = self.facts.symbols[statement.name]
                if symbol.type is not None and symbol.type.static:
                    self._define(symbol, statement.value)
                else:
                    self._visit(statement.value)
            case ast.Store():
                self._element(statement)
                self._visit(statement.value)
            case ast.For():
                self._for(statement)
            case ast.ParallelFor():
                self._parallel(statement)
            case ast.Assume():
                if self._visit(statement.condition) is False:
                    message = "this assumption is false for these parameters"
                    self.report("E0511", message, statement)
            case _:
                for node in ast.expressions(statement):
                    self._visit(node)

    def _for(self, loop: ast.For) -> None:
        low, high = self.integer(loop.low), self.integer(loop.high)
        if low is None or high is None or high <= low:
            return
        symbol = self.facts.symbols[loop.name]
        before = self._steps
        walked = high - low if self._mentioned(loop, symbol) else 1
        self._counters.append((loop.name.text, low))
        for counter in range(low, low + walked):
            self.env[symbol] = counter
            self._counters[-1] = (loop.name.text, counter)
            self._steps += 1
            self._block(loop.body)
            if self._visits > MAX_VISITS or self._steps > MAX_STEPS:
                break
        else:
            self._steps += (self._steps - before) * (high - low - walked)
        self._counters.pop()
        if self._visits > MAX_VISITS or self._steps > MAX_STEPS:
            message = f"this loop runs too long: {high - low} iterations of its body"
            self._too_long(loop.name, message)

    def _too_long(self, node: ast.Node, message: str) -> None:
        if not any(code == "E0512" for code, _ in self.found):
            hint = f"a kernel is unrolled; it may do at most {MAX_STEPS} operations per element"
            self.report("E0512", message, node, hint)

    def _mentioned(self, loop: ast.For, symbol: Symbol) -> bool:
        if loop not in self._mentions:
            names = ast.all_expressions(loop.body)
            self._mentions[loop] = any(self.facts.symbols.get(n) is symbol for n in names)
        return self._mentions[loop]

    def _parallel(self, loop: ast.ParallelFor) -> None:
        iterations = 1
        fits = True
        for counter in loop.ranges:
            low, high = self.integer(counter.low), self.integer(counter.high)
            if low is None or high is None:
                iterations = 0
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
            self._block(loop.body)

"""Translation of a kernel to Python source, for the reference interpreter.

The translation is direct: loops stay loops, functions stay functions, compile-time integers are
Python's exact integers, run-time words are masked after each operation that can leave 32 bits.
`runtime.Runtime` provides the functions that the generated code calls to access memory.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.diagnostics import Span
from vliwc.ir.value import MASK, Reduction
from vliwc.lang import ast
from vliwc.lang.binding import CheckedKernel
from vliwc.lang.faults import Site
from vliwc.lang.static import Evaluator
from vliwc.lang.symbols import BUILTINS, Kind, Symbol

_COMPARISONS = {"==", "!=", "<", "<=", ">", ">="}
_WRAPPING = {"+", "-", "*"}
_PYTHON = {"/": "//", "&&": "and", "||": "or"}
_QUOTED = 60
"""Longer expressions are quoted in part where messages give their values."""
_IDENTITY = {Reduction.MIN: MASK}
_COMBINE = {
    Reduction.SUM: "{0} + {1} & 4294967295",
    Reduction.XOR: "{0} ^ {1}",
    Reduction.OR: "{0} | {1}",
    Reduction.MIN: "min({0}, {1})",
    Reduction.MAX: "max({0}, {1})",
}


@dataclass(frozen=True, slots=True)
class Translation:
    """Python source that defines `run()`, and the places its site numbers refer to."""

    text: str
    sites: tuple[Site, ...]


def translate(kernel: CheckedKernel) -> Translation:
    """The kernel as a Python program."""
    writer = _Writer(kernel)
    for function in kernel.program.functions:
        writer.function(function)
    writer.line("def run():")
    writer.block(kernel.program.kernel.body)
    return Translation("\n".join(writer.lines) + "\n", tuple(writer.sites))


class _Writer:
    def __init__(self, kernel: CheckedKernel) -> None:
        self.kernel = kernel
        self.facts = kernel.facts
        self.lines: list[str] = []
        self.sites: list[Site] = []
        self.depth = 0
        self.chains = 0
        self.names: dict[Symbol, str] = {}

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def name(self, symbol: Symbol) -> str:
        """A Python name of its own for every declaration, so that Python's scoping is no matter."""
        return self.names.setdefault(symbol, f"v{len(self.names)}_{symbol.name}")

    def declared(self, ident: ast.Node) -> str:
        return self.name(self.facts.symbols[ident])

    def site(self, span: Span, *nodes: ast.Node) -> int:
        self.sites.append(Site(span, tuple(self.text(node.span) for node in nodes)))
        return len(self.sites) - 1

    def text(self, span: Span) -> str:
        """The source text of a span (its first line), cut where it is long."""
        line = self.kernel.source.line(span.start_line)
        start = span.start_col - 1
        end = span.end_col - 1 if span.end_line == span.start_line else len(line)
        cut = start + _QUOTED if end - start > _QUOTED else end
        return line[start:cut] + "…" * (cut < end)

    # --- statements ---------------------------------------------------------------------------

    def function(self, function: ast.FunctionDef) -> None:
        parameters = ", ".join(self.declared(p.name) for p in function.parameters)
        self.line(f"def {self.declared(function.name)}({parameters}):")
        self.block(function.body)
        self.line(f"    return {self.expr(function.result)}")

    def block(self, statements: tuple[ast.Stmt, ...]) -> None:
        self.depth += 1
        self.line("pass")
        for statement in statements:
            self.statement(statement)
        self.depth -= 1

    def statement(self, statement: ast.Stmt) -> None:
        match statement:
            case ast.Let():
                self.line(f"{self.declared(statement.name)} = {self.expr(statement.value)}")
            case ast.Var():
                if statement.value is not None:
                    self.line(f"{self.declared(statement.name)} = {self.expr(statement.value)}")
            case ast.Assign():
                self.line(f"{self.declared(statement.target)} = {self.expr(statement.value)}")
            case ast.Store():
                indices = ", ".join(self.expr(index) for index in statement.indices)
                value = self.expr(statement.value)
                site = self.site(statement.span, *statement.indices)
                self.line(f"store_{statement.array.text}({indices}, {value}, {site})")
            case ast.For():
                if statement not in self.facts.idle:
                    self.line(self.loop(statement))
                    self.block(statement.body)
            case ast.While():
                self.line(f"for _ in range({self.expr(statement.most)}):")
                self.line(f"    if not {self.expr(statement.condition)}: break")
                self.block(statement.body)
            case ast.Break():
                self.line(f"if {self.expr(statement.condition)}: break")
            case ast.ParallelFor():
                self.parallel(statement)
            case ast.Reduce():
                symbol = self.facts.symbols[statement.target]
                assert isinstance(symbol.declaration, ast.ReductionDecl)
                operator = Reduction(symbol.declaration.operator.text)
                target = self.name(symbol)
                combined = _COMBINE[operator].format(target, self.expr(statement.value))
                self.line(f"{target} = {combined}")
            case ast.Scan():
                self.scan(statement)
            case ast.Assume():
                for conjunct in ast.conjuncts(statement.condition):
                    self.assume(conjunct)

    def scan(self, statement: ast.Scan) -> None:
        """Keep the total of all iterations so far beside what the iteration sees of it."""
        symbol = self.facts.symbols[statement.target]
        declaration = symbol.declaration
        assert isinstance(declaration, ast.ReductionDecl)
        target = self.name(symbol)
        operator = Reduction(declaration.operator.text)
        combined = _COMBINE[operator].format(f"{target}_all", self.expr(statement.value))
        if declaration.before:
            self.line(f"{target} = {target}_all")
        self.line(f"{target}_all = {combined}")
        if not declaration.before:
            self.line(f"{target} = {target}_all")

    def loop(self, counter: ast.For | ast.Range) -> str:
        low, high = self.expr(counter.low), self.expr(counter.high)
        return f"for {self.declared(counter.name)} in range({low}, {high}):"

    def parallel(self, loop: ast.ParallelFor) -> None:
        for reduction in loop.reductions:
            identity = _IDENTITY.get(Reduction(reduction.operator.text), 0)
            name = self.declared(reduction.name)
            self.line(f"{name} = {identity}")
            if reduction.scan:
                self.line(f"{name}_all = {identity}")
        if loop in self.facts.idle:
            return
        names = tuple(counter.name.text for counter in loop.ranges)
        self.line(f"enter({names!r})")
        for counter in loop.ranges:
            self.line(self.loop(counter))
            self.depth += 1
        counters = "".join(f"{self.declared(counter.name)}, " for counter in loop.ranges)
        self.line(f"element(({counters}))")
        self.depth -= 1
        self.block(loop.body)
        self.depth -= len(loop.ranges) - 1
        for reduction in loop.reductions:
            if reduction.scan:
                name = self.declared(reduction.name)
                self.line(f"{name} = {name}_all")
        self.line("leave()")

    def assume(self, condition: ast.Expr) -> None:
        """Test one condition; on failure pass on the values that it compared or names."""
        shown: list[ast.Expr] = []
        if isinstance(condition, ast.Binary) and condition.op in _COMPARISONS:
            shown = [condition.left, condition.right]
        else:
            # Elements of arrays are left out: the condition may not have evaluated them.
            for node in ast.walk_expressions((condition,)):
                if isinstance(node, ast.Name) and node in self.facts.types:
                    shown.append(node)
        shown = [node for node in shown if not isinstance(node, ast.Integer | ast.Bool)]
        values = "".join(f"{self.expr(node)}, " for node in shown)
        site = self.site(condition.span, *shown)
        self.line(f"if not {self.expr(condition)}: violated({site}, ({values}))")

    # --- expressions --------------------------------------------------------------------------

    def expr(self, node: ast.Expr) -> str:
        """`node` as a Python expression in at most two pairs of parentheses."""
        text = self.exact(node)
        if isinstance(node, ast.Unary | ast.Conditional) and node in self.facts.coerced:
            # `Evaluator.word` says when a negative number becomes a word.
            return f"({text} & {MASK})" if self.facts.types[node] is ast.Type.INT else text
        return text

    def exact(self, node: ast.Expr) -> str:
        """`node` as a Python expression; a compile-time value is not made a word."""
        match node:
            case ast.Integer() | ast.Bool():
                return str(node.value)
            case ast.Name():
                symbol = self.facts.symbols[node]
                if symbol in self.kernel.constants:
                    return f"({self.kernel.constants[symbol]})"
                return self.name(symbol)
            case ast.Unary():
                return self.unary(node)
            case ast.Binary():
                return self.binary(node)
            case ast.Conditional():
                condition, then = self.expr(node.condition), self.expr(node.then)
                return f"({then} if {condition} else {self.expr(node.otherwise)})"
            case ast.Index():
                return self.index(node)
            case ast.Call():
                return self.call(node)

    def static(self, node: ast.Expr) -> bool:
        return self.facts.types[node].static

    def unary(self, node: ast.Unary) -> str:
        operand = self.expr(node.operand)
        if node.op == "!":
            return f"(not {operand})"
        masked = "" if self.static(node) else f" & {MASK}"
        return f"({node.op}{operand}{masked})"

    def binary(self, node: ast.Binary) -> str:
        """A chain `a + b + c` becomes `(t := a + b, t := t + c)[-1]`, because Python can neither
        parse nor compile many parentheses within one another."""
        first, *rest = ast.left_spine(node)
        text = self.link(first, self.expr(first.left))
        if not rest:
            return f"({text})"
        name = f"t{self.chains}"
        self.chains += 1
        parts = [text, *(self.link(link, name) for link in rest)]
        return f"({', '.join(f'{name} := {part}' for part in parts)})[-1]"

    def link(self, node: ast.Binary, left: str) -> str:
        """`node` without parentheses when its left operand is written `left`."""
        right = self.expr(node.right)
        operator = _PYTHON.get(node.op, node.op)
        if self.static(node) or node.op in _COMPARISONS:
            return f"{left} {operator} {right}"
        if node.op in _WRAPPING:
            return f"{left} {operator} {right} & {MASK}"
        if node.op in ("/", "%") and not self.static(node.right):
            helper = "divide" if node.op == "/" else "modulo"
            return f"{helper}({left}, {right}, {self.site(node.span, node.left, node.right)})"
        if node.op == "<<":
            return f"shift_left({left}, {right})"
        return f"{left} {operator} {right}"

    def index(self, node: ast.Index) -> str:
        symbol = self.facts.symbols[node.base]
        indices = ", ".join(self.expr(index) for index in node.indices)
        if symbol.kind is Kind.TABLE:
            return f"{self.kernel.tables[symbol]!r}[{indices}]"
        return f"load_{symbol.name}({indices}, {self.site(node.span, *node.indices)})"

    def call(self, node: ast.Call) -> str:
        name = node.callee.text
        if name == "len":
            kernel = self.kernel
            evaluator = Evaluator(self.facts, {}, kernel.tables, kernel.arrays)
            return str(evaluator.length(node.args[0]))
        if name == "bits":
            return f"({self.expr(node.args[0])}).bit_length()"
        callee = name if name in BUILTINS else self.declared(node.callee)
        return f"{callee}({', '.join(self.expr(arg) for arg in node.args)})"

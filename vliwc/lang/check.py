"""Static checks that need no parameter values: names, types, assignment, roles, loop structure.

`check` looks at the whole program and raises one `KernelError` with everything it found. What
depends on the sizes (bounds, overlaps, literals that do not fit) is checked in `elaborate`.
"""

from __future__ import annotations

from vliwc.diagnostics import Diagnostic, KernelError, Note
from vliwc.ir.graph import Role
from vliwc.ir.value import Reduction
from vliwc.lang import ast
from vliwc.lang.ast import Type
from vliwc.lang.infer import Inference
from vliwc.lang.symbols import BUILTINS, Facts, Kind, Scopes, Symbol

MAX_ERRORS = 50
"""Errors of one program that are reported together; what follows is rarely news."""

_INPUTS = {Role.IN, Role.INOUT, Role.IN_SCRATCH}
_FIXED_HINTS = {
    Kind.LET: "declare it with `var` to assign it",
    Kind.COUNTER: "loop counters belong to their loop",
    Kind.LANE: "loop counters belong to their loop",
    Kind.PARAMETER: "copy it into a `var` first",
    Kind.WORD: "copy it into a `var` first",
}


def check(program: ast.Program) -> Facts:
    """Check `program`.

    Raises `KernelError` with all errors found (E02xx, E03xx, E04xx), at most `MAX_ERRORS`.
    """
    checker = _Checker(program)
    checker.run()
    if checker.found:
        raise KernelError(checker.found, program.source)
    return checker.facts


class _Checker:
    def __init__(self, program: ast.Program) -> None:
        self.program = program
        self.facts = Facts()
        self.scopes = Scopes()
        self.found: dict[Diagnostic, None] = {}
        self.infer = Inference(self.scopes, self.facts, self.report)
        self.parallel: ast.ParallelFor | None = None
        self.loops: list[ast.For | ast.While | ast.ParallelFor] = []
        self.in_function = False
        self.stores: dict[Symbol, ast.Store] = {}

    def report(self, diagnostic: Diagnostic) -> None:
        self.found[diagnostic] = None
        if len(self.found) == MAX_ERRORS:
            raise KernelError(self.found, self.program.source)

    def error(
        self, code: str, message: str, node: ast.Node, hint: str | None = None, *notes: Note
    ) -> None:
        self.report(Diagnostic(code, message, node.span, hint, notes))

    def run(self) -> None:
        constants, kernel = self.program.constants, self.program.kernel
        hidden = self.infer.hidden
        hidden.update((c.name.text, "it is declared further down") for c in constants)
        for constant in constants:
            self.constant(constant)
        for function in self.program.functions:
            self.declare(function.name, Kind.FUNCTION, function.type, function)
        local = [*kernel.parameters, *(array.name for array in kernel.arrays)]
        local += [statement.name for statement in kernel.header if isinstance(statement, ast.Let)]
        hint = "functions see constants and their parameters; pass it as an argument"
        hidden.update((name.text, hint) for name in local)
        for function in self.program.functions:
            self.function(function)
        hidden.clear()
        self.kernel(kernel)

    # --- declarations -------------------------------------------------------------------------

    def declare(
        self,
        ident: ast.Ident,
        kind: Kind,
        type_: Type | None = None,
        declaration: ast.Node | None = None,
    ) -> Symbol:
        inside = self.parallel is not None
        symbol = Symbol(ident.text, kind, ident.span, type_, inside, declaration)
        other = self.scopes.find(ident.text)
        if ident.text in BUILTINS:
            message = f"`{ident.text}` is a builtin function"
            self.error("E0206", message, ident, "choose another name")
        elif other is not None:
            note = Note(f"`{ident.text}` is declared here", other.span)
            self.error("E0202", f"`{ident.text}` is already declared", ident, None, note)
        self.scopes.declare(symbol)
        self.facts.symbols[ident] = symbol
        return symbol

    def constant(self, constant: ast.Constant | ast.Table) -> None:
        if isinstance(constant, ast.Table):
            for value in constant.values:
                self.infer.want_static(value, "a table entry")
            self.declare(constant.name, Kind.TABLE, Type.INT, constant)
            return
        found = self.infer.infer(constant.value)
        if found is not None and not found.static:
            self.infer.want_static(constant.value, "a constant")
        self.declare(constant.name, Kind.CONSTANT, found, constant)

    def function(self, function: ast.FunctionDef) -> None:
        self.scopes.push()
        for parameter in function.parameters:
            self.declare(parameter.name, Kind.PARAMETER, parameter.type, parameter)
        self.in_function = True
        for statement in function.body:
            self.statement(statement)
        self.in_function = False
        self.infer.want(function.result, function.type)
        self.scopes.pop()

    def not_in_function(self, statement: ast.Stmt, doing: str) -> None:
        if self.in_function:
            hint = "functions compute a value from values; do this in the kernel"
            self.error("E0208", f"a function cannot {doing}", statement, hint)

    def kernel(self, kernel: ast.KernelDef) -> None:
        self.scopes.push()
        for name in kernel.parameters:
            self.declare(name, Kind.PARAMETER, Type.INT, kernel)
        for statement in kernel.header:
            self.header(statement)
        for array in kernel.arrays:
            for length in array.lengths:
                self.infer.want_size(length, "an array length")
            self.infer.want_size(array.address, "an address")
            self.domain(array)
        for array in kernel.arrays:
            self.declare(array.name, Kind.ARRAY, None, array)
        self.block(kernel.body)
        self.roles(kernel)

    def header(self, statement: ast.Let | ast.Assume | ast.Word) -> None:
        if isinstance(statement, ast.Word):
            self.infer.want_static(statement.address, "the address of a word")
            symbol = self.declare(statement.name, Kind.WORD, Type.U32, statement)
            self.infer.sizes.add(symbol)
            return
        self.statement(statement)
        (value,) = ast.expressions(statement)
        run_time = isinstance(statement, ast.Let) and not self.infer.is_size(value)
        if run_time or (isinstance(statement, ast.Let) and statement.type is not None):
            hint = "before `memory` there are compile-time values and words; leave out the type"
            self.error("E0303", "a run-time value before the memory block", statement, hint)
        elif isinstance(statement, ast.Let):
            self.infer.sizes.add(self.facts.symbols[statement.name])

    def domain(self, array: ast.ArrayDecl) -> None:
        if array.below is not None:
            self.infer.want_static(array.below, "a `below` bound")
        stated = {
            "below": array.below is not None,
            "ascending": array.ascending,
            "distinct": array.distinct,
        }
        clause = next((word for word, is_stated in stated.items() if is_stated), None)
        if clause is not None and array.role not in _INPUTS:
            message = f"`{clause}` on `{array.name.text}`, which has no input content"
            hint = f"`{clause}` describes the words at entry; this array's role is `{array.role}`"
            self.error("E0410", message, array, hint)

    # --- statements ---------------------------------------------------------------------------

    def block(self, statements: tuple[ast.Stmt, ...]) -> None:
        self.scopes.push()
        for statement in statements:
            self.statement(statement)
        self.scopes.pop()

    def statement(self, statement: ast.Stmt) -> None:
        match statement:
            case ast.Let():
                self.declare(statement.name, Kind.LET, self.initial(statement), statement)
            case ast.Var():
                self.var(statement)
            case ast.Assign():
                self.assign(statement)
            case ast.Store():
                self.not_in_function(statement, "store to memory")
                self.store(statement)
            case ast.For():
                self.for_(statement)
            case ast.While():
                self.infer.want(statement.condition, Type.BOOL)
                self.infer.want_static(statement.most, "the limit of a loop")
                self.loop_body(statement)
            case ast.Break():
                self.break_(statement)
            case ast.ParallelFor():
                self.not_in_function(statement, "contain a parallel loop")
                self.parallel_for(statement)
            case ast.Reduce():
                self.not_in_function(statement, "contribute to a reduction")
                self.reduce(statement)
            case ast.Scan():
                self.not_in_function(statement, "contribute to a running reduction")
                self.scan(statement)
            case ast.Assume():
                found = self.infer.infer(statement.condition)
                if found is not None and not found.static:
                    self.infer.want(statement.condition, Type.BOOL)
                elif found is Type.INT:
                    self.error("E0301", f"expected bool, found {found.value}", statement.condition)

    def initial(self, statement: ast.Let | ast.Var) -> Type | None:
        """The type of a `let` or `var` that has a value."""
        if statement.value is None:
            return statement.type
        if statement.type is not None:
            self.infer.want(statement.value, statement.type)
            return statement.type
        return self.infer.infer(statement.value)

    def var(self, statement: ast.Var) -> None:
        found = self.initial(statement)
        if statement.value is None and statement.type is None:
            name = statement.name.text
            hint = f"write `var {name}: u32;` or give it a value"
            self.error("E0305", f"`var {name}` has neither a type nor a value", statement, hint)
        elif statement.value is not None and statement.type is None and found is not None:
            found = found.runtime
            self.infer.want(statement.value, found)
        symbol = self.declare(statement.name, Kind.VAR, found, statement)
        if statement.value is not None or found is None:
            self.infer.assigned[symbol] = None

    def assign(self, statement: ast.Assign) -> None:
        name = statement.target.text
        symbol = self.infer.resolve(statement.target, name)
        if symbol is None or symbol.kind is not Kind.VAR:
            self.infer.infer(statement.value)
            if symbol is not None:
                hint = _FIXED_HINTS.get(symbol.kind)
                message = f"cannot assign to {symbol.kind.value} `{name}`"
                note = Note(f"`{name}` is declared here", symbol.span)
                self.error("E0403", message, statement.target, hint, note)
            return
        if symbol.type is not None:
            self.infer.want(statement.value, symbol.type)
        else:
            self.infer.infer(statement.value)
        if self.parallel is not None and not symbol.parallel:
            self.error(
                "E0404",
                f"assignment to `{name}`, which is declared outside the parallel loop",
                statement.target,
                "iterations are independent; combine their values with a reduction: "
                "`reduce sum total` in the loop's head and `reduce … into total`",
                Note(f"`{name}` is declared here", symbol.span),
            )
        self.infer.assigned[symbol] = None

    def store(self, statement: ast.Store) -> None:
        self.infer.want(statement.value, Type.U32)
        name = statement.array.text
        symbol = self.infer.resolve(statement.array, name)
        for node in statement.indices:
            index = self.infer.infer(node)
            if index is not None and index.runtime is not Type.U32:
                self.error("E0301", f"expected u32, found {index.value}", node)
        if symbol is None:
            return
        if not isinstance(symbol.declaration, ast.ArrayDecl):
            message = f"{symbol.kind.value} `{name}` is not an array"
            self.error("E0204", message, statement.array)
            return
        self.infer.count_indices(symbol, statement.indices, statement.array)
        if symbol.declaration.role is Role.IN:
            self.error(
                "E0401",
                f"store to `{name}`, whose role is `in`",
                statement.array,
                "an `in` array is intact at exit; declare it `inout` or `in scratch`",
                Note(f"`{name}` is declared here", symbol.span),
            )
        self.stores.setdefault(symbol, statement)

    def for_(self, statement: ast.For) -> None:
        for bound in ast.bounds(statement):
            self.infer.want_static(bound, "a loop bound")
        self.scopes.push()
        self.declare(statement.name, Kind.COUNTER, Type.INT, statement)
        self.loop_body(statement)
        self.scopes.pop()

    def break_(self, statement: ast.Break) -> None:
        self.infer.want(statement.condition, Type.BOOL)
        if not self.loops:
            self.error("E0411", "`break` outside of a loop", statement)
        elif isinstance(self.loops[-1], ast.ParallelFor):
            hint = "its iterations are independent, and all of them run; a `break` stands directly "
            hint += "in a `for` or `while` inside one"
            self.error("E0411", "a parallel loop cannot be left", statement, hint)

    def loop_body(self, statement: ast.For | ast.While | ast.ParallelFor) -> None:
        # The loop may run no iteration at all, so what it assigns does not count after it.
        before = len(self.infer.assigned)
        self.loops.append(statement)
        self.block(statement.body)
        self.loops.pop()
        while len(self.infer.assigned) > before:
            self.infer.assigned.popitem()
        if not isinstance(statement, ast.While) and all(self.idle(s) for s in statement.body):
            self.facts.idle.add(statement)

    def idle(self, statement: ast.Stmt) -> bool:
        """Whether a statement does nothing at run time."""
        if isinstance(statement, ast.Let):
            type_ = self.facts.symbols[statement.name].type
            return type_ is not None and type_.static
        return statement in self.facts.idle

    def parallel_for(self, statement: ast.ParallelFor) -> None:
        outer = self.parallel
        if outer is not None:
            self.error(
                "E0406",
                "a parallel loop inside a parallel loop",
                statement,
                "make one loop of them, `parallel for i in …, j in … {`, "
                "or the inner one a sequential `for`",
                Note("the outer loop is here", outer.name.span),
            )
        for loop in self.loops:
            if isinstance(loop, ast.While) or (isinstance(loop, ast.For) and ast.has_break(loop)):
                message = "a parallel loop inside a loop that may be left early"
                hint = "whether it goes on is decided for each lane; use a `for` without `break`"
                self.error("E0412", message, statement, hint, Note("it is here", loop.span))
        opened: list[Symbol] = []
        for reduction in statement.reductions:
            operator = reduction.operator.text
            if operator not in list(Reduction):
                hint = f"there are {', '.join(Reduction)}"
                self.error("E0408", f"unknown reduction `{operator}`", reduction.operator, hint)
            opened.append(self.declare(reduction.name, Kind.REDUCTION, Type.U32, reduction))
        self.parallel = statement
        self.scopes.push()
        for counter in statement.ranges:
            for bound in ast.bounds(counter):
                self.infer.want_size(bound, "a loop bound")
            self.declare(counter.name, Kind.LANE, Type.U32, counter)
        self.infer.open_reductions.update(opened)
        self.loop_body(statement)
        for symbol in self.infer.open_reductions.intersection(opened):
            declaration = symbol.declaration
            if isinstance(declaration, ast.ReductionDecl) and declaration.scan:
                message = f"nothing is contributed to the running reduction `{symbol.name}`"
                hint = f"write `scan … into {symbol.name};` in the loop's body"
                self.error("E0407", message, declaration.name, hint)
        self.infer.open_reductions.difference_update(opened)
        self.scopes.pop()
        self.parallel = outer

    def reduce(self, statement: ast.Reduce) -> None:
        self.infer.want(statement.value, Type.U32)
        symbol = self.infer.resolve(statement.target, statement.target.text)
        declaration = None if symbol is None else symbol.declaration
        scanned = isinstance(declaration, ast.ReductionDecl) and declaration.scan
        if symbol is not None and (symbol not in self.infer.open_reductions or scanned):
            name = statement.target.text
            message = f"`{name}` is not a reduction of the enclosing parallel loop"
            hint = f"declare it in the loop's head: `parallel for … reduce sum {name} {{`"
            self.error("E0407", message, statement.target, hint)

    def scan(self, statement: ast.Scan) -> None:
        self.infer.want(statement.value, Type.U32)
        name = statement.target.text
        symbol = self.infer.resolve(statement.target, name)
        if symbol is None:
            return
        declaration = symbol.declaration
        loop = self.parallel
        if (
            not isinstance(declaration, ast.ReductionDecl)
            or not declaration.scan
            or loop is None
            or declaration not in loop.reductions
        ):
            message = f"`{name}` is not a running reduction of the enclosing parallel loop"
            hint = f"declare it in the loop's head: `parallel for … scan sum {name} {{`"
            self.error("E0407", message, statement.target, hint)
        elif statement not in loop.body:
            message = f"a contribution to `{name}` inside another loop"
            hint = "each iteration contributes once: combine the words first"
            self.error("E0407", message, statement, hint)
        elif symbol not in self.infer.open_reductions:
            self.error("E0407", f"a second contribution to `{name}`", statement)
        else:
            self.infer.open_reductions.discard(symbol)

    # --- roles --------------------------------------------------------------------------------

    def roles(self, kernel: ast.KernelDef) -> None:
        read: set[Symbol] = set()
        for symbol, node in self.infer.reads:
            array = symbol.declaration
            if (
                isinstance(array, ast.ArrayDecl)
                and array.role not in _INPUTS
                and symbol not in self.stores
                and symbol not in read
            ):
                message = f"`{symbol.name}` is read but never written"
                hint = f"an array with role `{array.role}` has no content at entry"
                note = Note(f"`{symbol.name}` is declared here", symbol.span)
                self.error("E0402", message, node, hint, note)
            read.add(symbol)
        for array in kernel.arrays:
            symbol = self.facts.symbols[array.name]
            if array.role is Role.OUT and symbol not in self.stores and symbol not in read:
                message = f"`out` array `{symbol.name}` is never written"
                self.error("E0409", message, array.name, "store to it, or remove it")

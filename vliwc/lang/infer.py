"""Types of expressions: names, operators, array and table elements, calls.

Every operator takes either compile-time operands and gives a compile-time value, or converts its
compile-time operands to run-time ones. `u32` and `bool` never mix.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable

from vliwc.diagnostics import Diagnostic, Note
from vliwc.lang import ast
from vliwc.lang.ast import Type
from vliwc.lang.habits import FOREIGN_NAMES
from vliwc.lang.symbols import BUILTINS, Facts, Kind, Scopes, Symbol

_COMPARISONS = {"==", "!=", "<", "<=", ">", ">="}
_LOGIC = {"&&", "||"}

Report = Callable[[Diagnostic], None]


def dimensions(symbol: Symbol) -> int:
    """The number of indices of an element of an array or table."""
    declaration = symbol.declaration
    return len(declaration.lengths) if isinstance(declaration, ast.ArrayDecl) else 1


class Inference:
    """Types expressions in the current scopes, reporting errors as it goes.

    `open_reductions` are the accumulators of the parallel loop being checked, `assigned` the
    variables that certainly have a value, in the order of assignment, `hidden` hints for names that
    are declared elsewhere, `sizes` the words of memory that are read when the program starts and
    what is made of them; the statement checker maintains all four.
    """

    def __init__(self, scopes: Scopes, facts: Facts, report: Report) -> None:
        self.scopes = scopes
        self.facts = facts
        self.report = report
        self.open_reductions: set[Symbol] = set()
        self.assigned: dict[Symbol, None] = {}
        self.hidden: dict[str, str] = {}
        self.sizes: set[Symbol] = set()
        self.reads: list[tuple[Symbol, ast.Index]] = []
        self._failed: set[ast.Node] = set()

    def error(
        self, code: str, message: str, node: ast.Node, hint: str | None = None, *notes: Note
    ) -> None:
        self.report(Diagnostic(code, message, node.span, hint, notes))

    # --- what a place wants -------------------------------------------------------------------

    def want(self, node: ast.Expr, wanted: Type) -> None:
        """Check that `node` can be a `wanted` (a run-time type) and note a conversion."""
        found = self.infer(node)
        if found is None:
            return
        if found.runtime is not wanted:
            hint = "write `if c then 1 else 0` to turn a bool into a number"
            if wanted is Type.BOOL:
                hint = "compare with something, such as `x != 0`"
            self.error("E0301", f"expected {wanted.value}, found {found.value}", node, hint)
        elif found.static:
            self.facts.coerced.add(node)

    def want_static(self, node: ast.Expr, what: str) -> bool:
        """Check that `node` is a compile-time integer; `what` names its use in the message."""
        found = self.infer(node)
        if found is None:
            return False
        if found.runtime is Type.BOOL:
            self.error("E0301", f"{what} must be an integer, found {found.value}", node)
            return False
        if found is Type.U32:
            culprit = self._runtime_name(node)
            because = f"`{culprit}` is a run-time value" if culprit else None
            self.error("E0303", f"{what} must be known at compile time", node, because)
            return False
        return True

    def want_size(self, node: ast.Expr, what: str) -> bool:
        """Check that `node` is a compile-time integer, or made of words of memory that are read
        when the program starts."""
        if self.infer(node) is Type.U32 and self.is_size(node):
            return True
        return self.want_static(node, what)

    def is_size(self, node: ast.Expr) -> bool:
        """Whether nothing but constants and words of memory decide what `node` is."""
        found = self.infer(node)
        if found is None or found.static:
            return True
        for part in ast.walk_expressions((node,)):
            if self.facts.types[part].static:
                continue
            if isinstance(part, ast.Name) and self.facts.symbols[part] not in self.sizes:
                return False
            foreign = isinstance(part, ast.Call) and part.callee.text not in BUILTINS
            if foreign or isinstance(part, ast.Index):
                return False
        return True

    def _runtime_name(self, node: ast.Expr) -> str | None:
        for part in ast.walk_expressions((node,)):
            named = part.base if isinstance(part, ast.Index) else part
            symbol = self.facts.symbols.get(named)
            if symbol is not None and not (symbol.type is not None and symbol.type.static):
                return symbol.name
        return None

    def _want_integers(self, *operands: ast.Expr) -> Type | None:
        """The common type of integer operands, converting compile-time ones if they differ."""
        found = [self.infer(operand) for operand in operands]
        good = True
        for operand, type_ in zip(operands, found, strict=True):
            if type_ is not None and type_.runtime is not Type.U32:
                hint = "join conditions by `&&`, `||`, `!=`; make a number of one by "
                hint += "`if c then 1 else 0`"
                self.error("E0301", f"expected u32, found {type_.value}", operand, hint)
                good = False
        if not good or None in found:
            return None
        return self._join(found, operands)

    def _want_bools(self, *operands: ast.Expr) -> Type | None:
        found = [self.infer(operand) for operand in operands]
        for operand, type_ in zip(operands, found, strict=True):
            if type_ is not None and type_.runtime is not Type.BOOL:
                hint = "compare with something, such as `x != 0`"
                self.error("E0301", f"expected bool, found {type_.value}", operand, hint)
                return None
        return None if None in found else self._join(found, operands)

    def _join(self, found: list[Type | None], operands: tuple[ast.Expr, ...]) -> Type | None:
        types = [type_ for type_ in found if type_ is not None]
        if all(type_.static for type_ in types):
            return types[0]
        self.facts.coerced.update(
            operand for operand, type_ in zip(operands, types, strict=True) if type_.static
        )
        return types[0].runtime

    # --- inference ----------------------------------------------------------------------------

    def infer(self, node: ast.Expr) -> Type | None:
        """The type of `node`, or None if an error in it has been reported."""
        if node not in self.facts.types and node not in self._failed:
            for link in ast.left_spine(node) if isinstance(node, ast.Binary) else [node]:
                found = self._infer(link)  # the left operand is known already: no recursion
                if found is not None:
                    self.facts.types[link] = found
                else:
                    self._failed.add(link)
        return self.facts.types.get(node)

    def _infer(self, node: ast.Expr) -> Type | None:
        match node:
            case ast.Integer():
                return Type.INT
            case ast.Bool():
                return Type.FLAG
            case ast.Name():
                return self._name(node)
            case ast.Unary():
                if node.op == "!":
                    return self._want_bools(node.operand)
                return self._want_integers(node.operand)
            case ast.Binary():
                return self._binary(node)
            case ast.Conditional():
                return self._conditional(node)
            case ast.Index():
                return self._index(node)
            case ast.Call():
                return self._call(node)

    def _binary(self, node: ast.Binary) -> Type | None:
        if node.op in _LOGIC:
            return self._want_bools(node.left, node.right)
        if node.op in _COMPARISONS:
            equality = node.op in ("==", "!=")
            left = self.infer(node.left) if equality else None
            if left is not None and left.runtime is Type.BOOL:
                joined = self._want_bools(node.left, node.right)
            else:
                joined = self._want_integers(node.left, node.right)
            return None if joined is None else Type.FLAG if joined.static else Type.BOOL
        if node.op == "**":
            good = [
                self.want_static(side, "an operand of `**`") for side in (node.left, node.right)
            ]
            return Type.INT if all(good) else None
        return self._want_integers(node.left, node.right)

    def _conditional(self, node: ast.Conditional) -> Type | None:
        condition = self._want_bools(node.condition)
        sides = [self.infer(node.then), self.infer(node.otherwise)]
        then, otherwise = sides
        if condition is None or then is None or otherwise is None:
            return None
        if then.runtime is not otherwise.runtime:
            message = (
                f"the sides of `if` differ: {then.runtime.value} and {otherwise.runtime.value}"
            )
            self.error("E0301", message, node)
            return None
        if condition.static:
            return self._join(sides, (node.then, node.otherwise))
        for side, type_ in ((node.then, then), (node.otherwise, otherwise)):
            if type_.static:
                self.facts.coerced.add(side)
        return then.runtime

    def _name(self, node: ast.Name) -> Type | None:
        symbol = self.resolve(node, node.text)
        if symbol is None:
            return None
        if symbol.kind in (Kind.ARRAY, Kind.TABLE, Kind.FUNCTION):
            what = f"{symbol.kind.value} `{symbol.name}`"
            hint = f"call it: `{symbol.name}(…)`"
            if symbol.kind is not Kind.FUNCTION:
                hint = f"read one element: `{symbol.name}[…]`"
            self.error("E0204", f"{what} used as a value", node, hint)
            return None
        if symbol in self.open_reductions:
            declaration = symbol.declaration
            if isinstance(declaration, ast.ReductionDecl) and declaration.scan:
                message = f"`{symbol.name}` has no value before `scan … into {symbol.name};`"
                self.error("E0407", message, node)
                return None
            self.error(
                "E0407",
                f"reduction `{symbol.name}` has no value inside its parallel loop",
                node,
                "it can be read after the loop; use `reduce … into` to contribute",
            )
            return None
        if symbol.kind is Kind.VAR and symbol not in self.assigned:
            self.error("E0405", f"`{symbol.name}` may be used before it is assigned", node)
            self.assigned[symbol] = None  # one report per variable is enough
        return symbol.type

    def _index(self, node: ast.Index) -> Type | None:
        symbol = self.resolve(node.base, node.base.text)
        if symbol is not None and symbol.kind is Kind.TABLE:
            return self._table_entry(symbol, node)
        types = [self._want_integers(index) for index in node.indices]
        if symbol is None or None in types:
            return None
        if symbol.kind is not Kind.ARRAY:
            self.error("E0204", f"{symbol.kind.value} `{symbol.name}` is not an array", node.base)
            return None
        self.count_indices(symbol, node.indices, node)
        self.reads.append((symbol, node))
        return Type.U32

    def _table_entry(self, symbol: Symbol, node: ast.Index) -> Type | None:
        index = node.indices[0]
        self.count_indices(symbol, node.indices, node)
        if self.infer(index) is Type.U32:
            self.error(
                "E0304",
                f"table `{symbol.name}` read at a run-time index",
                index,
                "tables exist at compile time only; put the data into an `in` array",
            )
            return None
        return Type.INT if self.want_static(index, "a table index") else None

    def count_indices(self, symbol: Symbol, indices: tuple[ast.Expr, ...], place: ast.Node) -> None:
        """Check that an access of an array or table has one index for each dimension."""
        wanted, given = dimensions(symbol), len(indices)
        if given != wanted:
            has = "1 dimension" if wanted == 1 else f"{wanted} dimensions"
            form = f"`{symbol.name}{'[…]' * wanted}`"
            found = "1 index" if given == 1 else f"{given} indices"
            message = f"`{symbol.name}` has {has}, {found} given"
            note = Note(f"`{symbol.name}` is declared here", symbol.span)
            self.error("E0306", message, place, f"an element of it is {form}", note)

    def _call(self, node: ast.Call) -> Type | None:
        name = node.callee.text
        if name in BUILTINS:
            return self._builtin(node)
        symbol = self.resolve(node.callee, name)
        if symbol is None or not isinstance(symbol.declaration, ast.FunctionDef):
            if symbol is not None:
                self.error("E0204", f"{symbol.kind.value} `{name}` is not a function", node.callee)
            for arg in node.args:
                self.infer(arg)
            return None
        function = symbol.declaration
        if self._arity(node, len(function.parameters)):
            for arg, parameter in zip(node.args, function.parameters, strict=True):
                if parameter.type is Type.INT:
                    self.want_static(arg, f"`const` argument `{parameter.name.text}`")
                else:
                    self.want(arg, parameter.type)
        return function.type

    def _builtin(self, node: ast.Call) -> Type | None:
        if not self._arity(node, BUILTINS[node.callee.text]):
            return None
        if node.callee.text == "bits":
            known = self.want_static(node.args[0], "the argument of `bits`")
            return Type.INT if known else None
        if node.callee.text != "len":
            return self._want_integers(*node.args)
        return self._length(node.args[0])

    def _length(self, arg: ast.Expr) -> Type | None:
        """`len(a)`, or of a part of `a`: `len(a[i])` is the length of its second dimension."""
        named = arg.base if isinstance(arg, ast.Index) else arg
        indices = arg.indices if isinstance(arg, ast.Index) else ()
        if not isinstance(named, ast.Name | ast.Ident):
            self.error("E0204", "`len` takes the name of an array or a table", arg)
            return None
        symbol = self.resolve(named, named.text)
        types = [self._want_integers(index) for index in indices]
        if symbol is None or None in types:
            return None
        if symbol.kind not in (Kind.ARRAY, Kind.TABLE) or len(indices) >= dimensions(symbol):
            self.error("E0204", "`len` takes the name of an array or a table", arg)
            return None
        declaration = symbol.declaration
        if isinstance(declaration, ast.ArrayDecl):
            length = declaration.lengths[len(indices)]
            if self.infer(length) is Type.U32:
                message = f"the length of `{symbol.name}` is not known at compile time"
                self.error("E0303", message, arg, "write the word or the expression itself")
                return None
        return Type.INT

    def _arity(self, node: ast.Call, wanted: int) -> bool:
        given = len(node.args)
        if given == wanted:
            return True
        plural = "" if wanted == 1 else "s"
        message = f"`{node.callee.text}` takes {wanted} argument{plural}, {given} given"
        self.error("E0302", message, node)
        for arg in node.args:
            if node.callee.text != "len":
                self.infer(arg)
        return False

    def resolve(self, node: ast.Node, name: str) -> Symbol | None:
        """The symbol `name` at `node`, recorded; reports E0201 if there is none."""
        symbol = self.scopes.find(name)
        if symbol is None:
            near = difflib.get_close_matches(name, [*self.scopes.names(), *BUILTINS], 1)
            hint = f"did you mean `{near[0]}`?" if near else None
            if name in BUILTINS:
                hint = f"`{name}` is a builtin function: call it"
            hint = self.hidden.get(name, FOREIGN_NAMES.get(name, hint))
            self.error("E0201", f"unknown name `{name}`", node, hint)
            return None
        self.facts.symbols[node] = symbol
        return symbol

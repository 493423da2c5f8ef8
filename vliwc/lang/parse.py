"""Text to abstract syntax tree: the Lark grammar and the conversion of its trees.

`parse_text` raises `KernelError` with an `E01xx` code on the first syntax error. Trees are
converted bottom-up without recursion; nesting beyond `MAX_NESTING` is refused, which is what
allows the later stages to be written recursively.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeVar, cast

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken

from vliwc.diagnostics import Diagnostic, KernelError, SourceFile, Span
from vliwc.ir.graph import Role
from vliwc.lang import ast
from vliwc.lang.habits import advice, reserved
from vliwc.lang.nesting import MAX_OPEN, Brackets, TooDeep, check_nesting

_TOKENS = {
    "NAME": "a name",
    "INT": "an integer",
    "COMPARE": "a comparison",
    "$END": "the end of the file",
}
_PRECEDENCE = (
    *(("OR",), ("AND",), ("COMPARE",), ("BITOR",), ("BITXOR",), ("BITAND",), ("SHIFT",)),
    *(("PLUS", "MINUS"), ("PRODUCT",), ("POWER",)),
)
"""Binary operators, loosest first."""
_BINDING = {name: strength for strength, names in enumerate(_PRECEDENCE) for name in names}
_ITEM_STARTS = {"CONST", "FN", "KERNEL"}

_Built = ast.Node | tuple["_Built", ...] | ast.Type | Role | None
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, eq=False)
class _Clause(ast.Node):
    """A clause about an array's content on its way into an `ArrayDecl`."""

    word: str
    bound: ast.Expr | None = None


@cache
def _parser() -> Lark:
    grammar = resources.files("vliwc.lang").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(
        grammar,
        start="program",
        parser="lalr",
        lexer="basic",
        propagate_positions=True,
        postlex=Brackets(),
    )


def parse_text(source: SourceFile) -> ast.Program:
    """Parse one kernel file; raises `KernelError` (E01xx)."""
    parser: Any = _parser()  # lark's `parse` is only partly typed
    try:
        tree: Tree[Token] = parser.parse(source.text)
    except TooDeep as error:
        message = f"more than {MAX_OPEN} brackets and conditionals inside one another"
        span = _token_span(source, error.token)
        raise KernelError(
            [Diagnostic("E0106", message, span, "split it with `let`")], source
        ) from None
    except UnexpectedCharacters as error:
        at = cast("int | None", error.pos_in_stream) or 0
        found = source.text[at]
        span = Span(source.name, error.line, error.column, error.line, error.column + 1)
        hint = advice(source.text, at, set())
        diagnostic = Diagnostic("E0101", f"unexpected character {found!r}", span, hint)
        raise KernelError([diagnostic], source) from None
    except UnexpectedToken as error:
        token = cast("Token", error.token)
        accepted: set[str] = set(error.accepts or error.expected)
        raise KernelError([_unexpected(source, token, accepted)], source) from None
    except UnexpectedEOF as error:
        raise KernelError([_unexpected(source, None, set(error.expected))], source) from None
    program = _Converter(source).program(tree)
    check_nesting(program)
    return program


def _unexpected(source: SourceFile, token: Token | None, accepted: set[str]) -> Diagnostic:
    if token is None or token.type == "$END":
        line = source.text.rstrip().count("\n") + 1
        col = len(source.line(line).rstrip()) + 1
        span = Span(source.name, line, col, line, col + 1)
        return Diagnostic("E0103", "unexpected end of file", span, _expected(accepted))
    span, at = _token_span(source, token), token.start_pos or 0
    hint = advice(source.text, at, accepted)
    if hint is None and reserved(source.text, at, token, token.type, accepted):
        hint = f"choose another name, such as `{token}_`"
        return Diagnostic("E0102", f"`{token}` is a reserved word", span, hint)
    if hint is None and token.type == "COMPARE" and "AND" in accepted:
        hint = "comparisons cannot be chained; join them with `&&`"
    hint = hint or _expected(accepted)
    return Diagnostic("E0102", f"unexpected `{token}`", span, hint)


def _expected(accepted: set[str]) -> str | None:
    """A hint from what the parser would have accepted."""
    wanted = sorted(_describe(name) for name in accepted)
    if accepted >= _ITEM_STARTS:
        return "a file consists of `const`, `fn` and one `kernel`"
    if len(wanted) <= 6:
        return f"expected {_one_of(wanted)}"
    if "SEMICOLON" in accepted:
        return "expected `;` or more of the expression"
    if {"INT", "NAME", "LPAR"} <= accepted:
        return "expected an expression"
    return "expected a statement" if {"LET", "VAR", "FOR"} <= accepted else None


def _one_of(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def _describe(name: str) -> str:
    if name in _TOKENS:
        return _TOKENS[name]
    pattern = _parser().get_terminal(name).pattern
    return f"`{pattern.value}`" if pattern.type == "str" else name.lower()


def _token_span(source: SourceFile, token: Token) -> Span:
    line, column = token.line or 1, token.column or 1
    return Span(source.name, line, column, token.end_line or line, token.end_column or column + 1)


class _Converter:
    """Lark trees to AST nodes, children before parents."""

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.built: dict[int, _Built] = {}

    def program(self, tree: Tree[Token]) -> ast.Program:
        for subtree in tree.iter_subtrees():
            if subtree is not tree:
                self.built[id(subtree)] = self.convert(subtree)
        items = self.items(tree, ast.Node)
        kernels = [item for item in items if isinstance(item, ast.KernelDef)]
        if not kernels:
            raise KernelError([Diagnostic("E0104", f"{self.source.name} declares no kernel")])
        if len(kernels) > 1:
            raise KernelError(
                [
                    Diagnostic(
                        "E0104",
                        "a second kernel in one file",
                        k.name.span,
                        "put each kernel into a file of its own",
                    )
                    for k in kernels[1:]
                ],
                self.source,
            )
        return ast.Program(
            self.source,
            tuple(item for item in items if isinstance(item, ast.Constant | ast.Table)),
            tuple(item for item in items if isinstance(item, ast.FunctionDef)),
            kernels[0],
        )

    def convert(self, tree: Tree[Token]) -> _Built:
        span = self.span(tree)
        # Expressions first: there are most of them.
        found = self.expression(tree, span) or self.statement(tree, span)
        return found if found is not None else self.part(tree, span)

    def part(self, tree: Tree[Token], span: Span) -> _Built:
        match str(tree.data):
            case "constant":
                return ast.Constant(span, self.ident(tree, 0), self.expr(tree, 1))
            case "table":
                return ast.Table(span, self.ident(tree, 0), self.exprs(tree, 1))
            case "function":
                return self.function(tree, span)
            case "parameter":
                return ast.Parameter(span, self.ident(tree, 0), self.child(tree, 1, ast.Type))
            case "const_parameter":
                return ast.Parameter(span, self.ident(tree, 0), ast.Type.INT)
            case "type":
                return ast.Type(str(tree.children[0]))
            case "kernel":
                return self.kernel(tree, span)
            case "memory":
                return self.items(tree, ast.ArrayDecl)
            case "word":
                return self.word(tree, span)
            case "array":
                return self.array(tree, span)
            case "role":
                return Role(" ".join(str(word) for word in tree.children))
            case "below":
                return _Clause(span, "below", self.expr(tree, 0))
            case "ascending" | "distinct":
                return _Clause(span, str(tree.data))
            case "block":
                return self.items(tree, ast.Node)
            case "reductions" | "scans":
                return self.items(tree, ast.ReductionDecl)
            case "range":
                low, high = self.expr(tree, 1), self.expr(tree, 2)
                return ast.Range(span, self.ident(tree, 0), low, high)
            case "reduction":
                return ast.ReductionDecl(span, self.ident(tree, 0), self.ident(tree, 1))
            case "scanned":
                return self.scanned(tree, span)
            case other:
                raise AssertionError(f"grammar rule {other} has no conversion")

    def scanned(self, tree: Tree[Token], span: Span) -> ast.ReductionDecl:
        """`sum name` or `sum before name`."""
        before = _children(tree)[2] is not None
        if before and self.ident(tree, 1).text != "before":
            word = self.ident(tree, 1)
            message = f"expected `before` or the end of the declaration, found `{word.text}`"
            raise KernelError([Diagnostic("E0102", message, word.span)], self.source)
        name = self.ident(tree, 1 + before)
        return ast.ReductionDecl(span, self.ident(tree, 0), name, scan=True, before=before)

    def word(self, tree: Tree[Token], span: Span) -> ast.Word:
        """`word name at address;`"""
        head = self.ident(tree, 0)
        if head.text != "word":
            message = f"unexpected `{head.text}`"
            hint = "before `memory` there may be `let`, `assume` and `word … at …;`"
            raise KernelError([Diagnostic("E0102", message, head.span, hint)], self.source)
        return ast.Word(span, self.ident(tree, 1), self.expr(tree, 2))

    def statement(self, tree: Tree[Token], span: Span) -> ast.Stmt | None:
        match str(tree.data):
            case "let":
                return ast.Let(span, self.ident(tree, 0), self.type(tree), self.expr(tree, 2))
            case "var":
                value = self.expr(tree, 2) if _children(tree)[2] is not None else None
                return ast.Var(span, self.ident(tree, 0), self.type(tree), value)
            case "assign":
                return ast.Assign(span, self.ident(tree, 0), self.expr(tree, 1))
            case "store":
                *indices, value = self.exprs(tree, 1)
                return ast.Store(span, self.ident(tree, 0), tuple(indices), value)
            case "for":
                low, high = self.expr(tree, 1), self.expr(tree, 2)
                return ast.For(span, self.ident(tree, 0), low, high, self.block(tree))
            case "while":
                return ast.While(span, self.expr(tree, 0), self.expr(tree, 1), self.block(tree))
            case "break":
                return ast.Break(span, self.expr(tree, 0))
            case "parallel":
                head = [self.get(child) for child in tree.children[:-1]]
                ranges = tuple(part for part in head if isinstance(part, ast.Range))
                reductions = tuple(
                    _as(decl, ast.ReductionDecl)
                    for part in head
                    if isinstance(part, tuple)
                    for decl in part
                )
                return ast.ParallelFor(span, ranges, reductions, self.block(tree))
            case "reduce":
                return ast.Reduce(span, self.expr(tree, 0), self.ident(tree, 1))
            case "scan":
                return ast.Scan(span, self.expr(tree, 0), self.ident(tree, 1))
            case "assume":
                return ast.Assume(span, self.expr(tree, 0))
            case _:
                return None

    def expression(self, tree: Tree[Token], span: Span) -> ast.Expr | None:
        match str(tree.data):
            case "name":
                return ast.Name(span, str(tree.children[0]))
            case "integer":
                return ast.Integer(span, self.integer(str(tree.children[0]), span))
            case "index":
                return ast.Index(span, self.ident(tree, 0), self.exprs(tree, 1))
            case "operations":
                return self.operations(tree)
            case "parenthesised":
                return self.expr(tree, 0)
            case "call":
                return ast.Call(span, self.ident(tree, 0), self.exprs(tree, 1))
            case "unary":
                return ast.Unary(span, str(tree.children[0]), self.expr(tree, 1))
            case "conditional":
                condition, then = self.expr(tree, 0), self.expr(tree, 1)
                return ast.Conditional(span, condition, then, self.expr(tree, 2))
            case "true":
                return ast.Bool(span, True)
            case "false":
                return ast.Bool(span, False)
            case _:
                return None

    def operations(self, tree: Tree[Token]) -> ast.Expr:
        """Operands and operators in turn: what binds tighter first, then from left to right."""
        # With the whole extent of each operand: its expression is without parentheses.
        operands: list[tuple[ast.Expr, Span]] = []
        waiting: list[Token] = []

        def combine() -> None:
            (right, last), (left, first) = operands.pop(), operands.pop()
            span = first.to(last)
            operands.append((ast.Binary(span, str(waiting.pop()), left, right), span))

        for child in tree.children:
            if isinstance(child, Token):
                while waiting and _BINDING[waiting[-1].type] >= _BINDING[child.type]:
                    combine()
                waiting.append(child)
            else:
                operands.append((_as_expr(self.get(child)), self.span(child)))
        while waiting:
            combine()
        return operands[0][0]

    def integer(self, text: str, span: Span) -> int:
        digits = text.replace("_", "")
        if digits[:2].lower() in ("0x", "0b"):
            base, digits = (16 if digits[1] in "xX" else 2), digits[2:]
        else:
            base = 10
        if not digits or len(digits) > 1000:
            problem = "no digits" if not digits else "more than 1000 digits"
            raise KernelError(
                [Diagnostic("E0105", f"integer literal with {problem}", span)], self.source
            )
        return int(digits, base)

    def function(self, tree: Tree[Token], span: Span) -> ast.FunctionDef:
        parts = [self.get(child) for child in tree.children[1:]]
        parameters = tuple(part for part in parts if isinstance(part, ast.Parameter))
        (kind,) = (part for part in parts if isinstance(part, ast.Type))
        rest = tuple(part for part in parts if isinstance(part, ast.Node))[len(parameters) :]
        return ast.FunctionDef(
            span,
            self.ident(tree, 0),
            parameters,
            kind,
            tuple(_as_stmt(part) for part in rest[:-1]),
            _as_expr(rest[-1]),
        )

    def kernel(self, tree: Tree[Token], span: Span) -> ast.KernelDef:
        names = tuple(
            self.make_ident(child) for child in tree.children[1:] if isinstance(child, Token)
        )
        parts = [self.get(child) for child in tree.children if isinstance(child, Tree)]
        at = next(k for k, part in enumerate(parts) if isinstance(part, tuple))
        return ast.KernelDef(
            span,
            self.ident(tree, 0),
            names,
            tuple(p for p in parts[:at] if isinstance(p, ast.Let | ast.Assume | ast.Word)),
            tuple(_as(decl, ast.ArrayDecl) for decl in _as_tuple(parts[at])),
            tuple(_as_stmt(part) for part in parts[at + 1 :]),
        )

    def array(self, tree: Tree[Token], span: Span) -> ast.ArrayDecl:
        parts = [self.get(child) for child in tree.children[1:]]
        at = next(k for k, part in enumerate(parts) if isinstance(part, Role))
        clauses: dict[str, _Clause] = {}
        for part in parts[at + 2 :]:
            clause = _as(part, _Clause)
            if clause.word in clauses:
                message = f"a second `{clause.word}` for one array"
                raise KernelError([Diagnostic("E0107", message, clause.span)], self.source)
            clauses[clause.word] = clause
        return ast.ArrayDecl(
            span,
            self.ident(tree, 0),
            tuple(_as_expr(part) for part in parts[:at]),
            _as(parts[at], Role),
            _as_expr(parts[at + 1]),
            clauses["below"].bound if "below" in clauses else None,
            "ascending" in clauses,
            "distinct" in clauses,
        )

    # --- access to children -------------------------------------------------------------------

    def span(self, tree: Tree[Token]) -> Span:
        meta = tree.meta
        if meta.empty:
            return Span(self.source.name, 1, 1, 1, 1)
        return Span(self.source.name, meta.line, meta.column, meta.end_line, meta.end_column)

    def get(self, child: object) -> _Built:
        if isinstance(child, Token):
            return self.make_ident(child)
        return self.built[id(child)] if child is not None else None

    def make_ident(self, token: Token) -> ast.Ident:
        return ast.Ident(_token_span(self.source, token), str(token))

    def child(self, tree: Tree[Token], position: int, kind: type[_T]) -> _T:
        return _as(self.get(tree.children[position]), kind)

    def ident(self, tree: Tree[Token], position: int) -> ast.Ident:
        return self.child(tree, position, ast.Ident)

    def type(self, tree: Tree[Token]) -> ast.Type | None:
        return None if _children(tree)[1] is None else self.child(tree, 1, ast.Type)

    def expr(self, tree: Tree[Token], position: int) -> ast.Expr:
        return _as_expr(self.get(tree.children[position]))

    def exprs(self, tree: Tree[Token], start: int) -> tuple[ast.Expr, ...]:
        found = (self.get(child) for child in _children(tree)[start:] if child is not None)
        return tuple(_as_expr(part) for part in found)

    def items(self, tree: Tree[Token], kind: type[_T]) -> tuple[_T, ...]:
        return tuple(_as(self.get(child), kind) for child in _children(tree) if child is not None)

    def block(self, tree: Tree[Token]) -> tuple[ast.Stmt, ...]:
        return tuple(_as_stmt(part) for part in _as_tuple(self.get(tree.children[-1])))


def _children(tree: Tree[Token]) -> list[Tree[Token] | Token | None]:
    """Lark puts None for an optional part that is absent, which its types do not say."""
    return cast("list[Tree[Token] | Token | None]", tree.children)


def _as(part: object, kind: type[_T]) -> _T:
    """`part`, which the grammar guarantees to be a `kind`."""
    assert isinstance(part, kind), f"grammar and converter disagree about {part!r}"
    return part


def _as_expr(part: object) -> ast.Expr:
    assert isinstance(part, ast.Expr), f"grammar and converter disagree about {part!r}"
    return part


def _as_stmt(part: object) -> ast.Stmt:
    assert isinstance(part, ast.Stmt), f"grammar and converter disagree about {part!r}"
    return part


def _as_tuple(part: _Built) -> tuple[_Built, ...]:
    assert isinstance(part, tuple), f"grammar and converter disagree about {part!r}"
    return part

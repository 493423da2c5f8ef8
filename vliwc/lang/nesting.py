"""Limits on nesting, and the refusal of recursive functions.

Functions are inlined and the stages after parsing walk expressions recursively, so both have to
be bounded. The depth of an expression counts one level per operator on the longest path to a
leaf, plus the levels of the functions called on that path. A chain `a + b + c` of operators that
associate to the left is one level, however long: it is walked along its spine (`ast.left_spine`).

`Brackets` looks at the tokens on their way into the parser and stops at the first that lies too
deep, so that refusing costs no more than reading up to there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lark import Token
from lark.lark import PostLex

from vliwc.diagnostics import Diagnostic, KernelError, Note, Span
from vliwc.lang import ast

MAX_NESTING = 100
"""Operators on the longest path through an expression and the functions it calls."""

MAX_OPEN = 2 * MAX_NESTING
"""Brackets, conditionals and prefix operators that may be open at one place in the text. A level of
an expression takes two at most: a function's parentheses and a conditional in them."""

MAX_LOOPS = 16
"""Loops inside one another, counted within one kernel or function; each range of a parallel loop
is one."""


class TooDeep(Exception):
    """`token` lies inside more than `MAX_OPEN` brackets and conditionals."""

    def __init__(self, token: Token) -> None:
        super().__init__("too deep")
        self.token = token


class Brackets(PostLex):
    """What stands between Lark's lexer and parser: passes tokens on and counts what is open.

    A conditional is open from its `if` to the end of its last part, which is where an enclosing
    bracket closes, or the next `then`, `else`, comma or semicolon of something around it stands.
    `limit` is a name but where it follows the condition of a `while`.
    """

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """The tokens of `stream`; raises `TooDeep`."""
        open_: list[str] = []
        prefixes = 0
        operand = False  # whether the token before ends an operand, so that `-` is infix
        head = False  # whether this is the head of a `while`
        for token in stream:
            if token.type in ("WHILE", "LBRACE"):
                head = token.type == "WHILE"
            elif token.type == "LIMIT" and not (head and operand):
                token.type = "NAME"  # it is a keyword only behind a condition
            match token.type:
                case "LPAR" | "LSQB" | "LBRACE" | "IF":
                    open_.append(token.type)
                case "RPAR" | "RSQB" | "RBRACE" | "COMMA" | "SEMICOLON":
                    _close(open_, ("LPAR", "LSQB", "LBRACE"))
                    if token.type[0] == "R" and open_:
                        open_.pop()
                case "THEN":
                    _close(open_, ("IF", "LPAR", "LSQB", "LBRACE"))
                    _replace(open_, "IF", "THEN")
                case "ELSE":
                    _close(open_, ("THEN", "LPAR", "LSQB", "LBRACE"))
                    _replace(open_, "THEN", "ELSE")
                case _:
                    pass
            prefix = token.type == "NOT" or (token.type == "MINUS" and not operand)
            prefixes = prefixes + 1 if prefix else 0
            if len(open_) + prefixes > MAX_OPEN:
                raise TooDeep(token)
            operand = token.type in ("NAME", "INT", "TRUE", "FALSE", "RPAR", "RSQB")
            yield token


def _close(open_: list[str], until: tuple[str, ...]) -> None:
    """Close conditionals up to the innermost entry that is one of `until`."""
    while open_ and open_[-1] not in until:
        open_.pop()


def _replace(open_: list[str], part: str, following: str) -> None:
    """Go on from one part of the innermost conditional to the next."""
    if open_ and open_[-1] == part:
        open_[-1] = following


def check_nesting(program: ast.Program) -> None:
    """Refuse recursive functions (E0205) and too deep nesting (E0106)."""
    order = _callees_first(program)
    found: list[Diagnostic] = []
    totals: dict[str, int] = {}
    for function in order:
        roots = [(e, 1) for e in _roots(function.body, found)] + [(function.result, 1)]
        totals[function.name.text] = _deepest(roots, totals, found)
    _deepest([(e, 1) for e in _declarations(program)], totals, found)
    _deepest([(e, 1) for e in _roots(program.kernel.body, found)], totals, found)
    if found:
        raise KernelError(found, program.source)


def _callees_first(program: ast.Program) -> list[ast.FunctionDef]:
    """The functions so that each stands after those it calls; raises `KernelError` on a cycle."""
    by_name = {function.name.text: function for function in program.functions}
    done: dict[str, ast.FunctionDef] = {}
    for start in program.functions:
        path: dict[str, Span] = {start.name.text: start.name.span}
        stack = [(start, iter(_calls(start)))]
        while stack:
            function, calls = stack[-1]
            call = next(calls, None)
            if call is None:
                done.setdefault(function.name.text, function)
                path.pop(function.name.text)
                stack.pop()
            elif call.text in path:
                raise KernelError([_recursion(call, path)], program.source)
            elif call.text in by_name and call.text not in done:
                path[call.text] = call.span
                stack.append((by_name[call.text], iter(_calls(by_name[call.text]))))
    return list(done.values())


def _calls(function: ast.FunctionDef) -> list[ast.Ident]:
    everything = [*ast.all_expressions(function.body), *ast.walk_expressions((function.result,))]
    return [node.callee for node in everything if isinstance(node, ast.Call)]


def _recursion(call: ast.Ident, path: dict[str, Span]) -> Diagnostic:
    names = list(path)
    cycle = names[names.index(call.text) :]
    notes = tuple(Note(f"`{name}` is called here", path[name]) for name in cycle[1:])
    return Diagnostic(
        "E0205",
        f"function `{call.text}` calls itself"
        + (f" by way of `{'`, `'.join(cycle[1:])}`" if cycle[1:] else ""),
        call.span,
        "functions are inlined, so recursion is impossible; use a `for` loop",
        notes,
    )


def _declarations(program: ast.Program) -> Iterable[ast.Expr]:
    for constant in program.constants:
        yield from constant.values if isinstance(constant, ast.Table) else (constant.value,)
    for statement in program.kernel.header:
        yield from ast.header_expressions(statement)
    for array in program.kernel.arrays:
        yield from (*array.lengths, array.address)
        if array.below is not None:
            yield array.below


def _roots(statements: tuple[ast.Stmt, ...], found: list[Diagnostic]) -> list[ast.Expr]:
    """All expressions of `statements`, reporting loops nested too deeply."""
    roots: list[ast.Expr] = []
    stack = [(statement, 1) for statement in reversed(statements)]
    while stack:
        statement, depth = stack.pop()
        roots.extend(ast.expressions(statement))
        nested = ast.body(statement)
        if isinstance(statement, ast.ParallelFor):
            depth += len(statement.ranges) - 1
        if isinstance(statement, ast.For | ast.While | ast.ParallelFor) and depth > MAX_LOOPS:
            place = statement if isinstance(statement, ast.While) else statement.name
            message = f"more than {MAX_LOOPS} loops inside one another"
            found.append(Diagnostic("E0106", message, place.span))
        else:
            stack.extend((inner, depth + 1) for inner in reversed(nested))
    return roots


def _deepest(
    stack: list[tuple[ast.Expr, int]], totals: dict[str, int], found: list[Diagnostic]
) -> int:
    """The greatest depth under the expressions on `stack`, each paired with its own depth."""
    deepest = 0
    while stack:
        node, depth = stack.pop()
        inside = totals.get(node.callee.text, 0) if isinstance(node, ast.Call) else 0
        deepest = max(deepest, depth + inside)
        if depth + inside > MAX_NESTING:
            found.append(
                Diagnostic(
                    "E0106",
                    f"expression nested more than {MAX_NESTING} levels deep",
                    node.span,
                    "split it with `let`",
                )
            )
            return MAX_NESTING
        for child in ast.children(node):
            same = isinstance(node, ast.Binary) and child is node.left
            flat = same and isinstance(child, ast.Binary)
            stack.append((child, depth if flat else depth + 1))
    return deepest

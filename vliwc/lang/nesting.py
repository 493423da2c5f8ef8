"""Limits on nesting, and the refusal of recursive functions.

Functions are inlined and the stages after parsing walk expressions recursively, so both have to
be bounded. The depth of an expression counts one level per operator on the longest path to a
leaf, plus the levels of the functions called on that path.
"""

from __future__ import annotations

from collections.abc import Iterable

from vliwc.diagnostics import Diagnostic, KernelError, Note, Span
from vliwc.lang import ast

MAX_NESTING = 100
"""Operators on the longest path through an expression and the functions it calls."""

MAX_LOOPS = 16
"""Loops inside one another, counted within one kernel or function."""


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
        yield from ast.expressions(statement)
    for array in program.kernel.arrays:
        yield from (array.length, array.address)
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
        if isinstance(statement, ast.For | ast.ParallelFor) and depth > MAX_LOOPS:
            message = f"more than {MAX_LOOPS} loops inside one another"
            found.append(Diagnostic("E0106", message, statement.name.span))
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
        stack.extend((child, depth + 1) for child in ast.children(node))
    return deepest

"""Sequential loops whose rounds are all alike: what can be repeated without being unrolled."""

from __future__ import annotations

from vliwc.lang import ast
from vliwc.lang.symbols import Facts


def steady_loops(program: ast.Program, facts: Facts) -> tuple[ast.For, ...]:
    """The loops that stand directly in the only parallel loop of a kernel and whose rounds do not
    use their number and are never left; none if anything happens outside of the parallel loop."""
    body = [s for s in program.kernel.body if not isinstance(s, ast.Let)]
    if len(body) != 1 or not isinstance(body[0], ast.ParallelFor) or body[0].reductions:
        return ()
    return tuple(s for s in body[0].body if isinstance(s, ast.For) and _alike(s, facts))


def _alike(loop: ast.For, facts: Facts) -> bool:
    symbol = facts.symbols[loop.name]
    return not ast.has_break(loop) and all(
        facts.symbols.get(node) is not symbol for node in ast.all_expressions(loop.body)
    )

"""What names stand for, and the facts that checking leaves for the later stages."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from vliwc.diagnostics import Span
from vliwc.ir.value import Op
from vliwc.lang import ast

BUILTINS: dict[str, int] = {"min": 2, "max": 2, "rotl": 2, "rotr": 2, "len": 1, "bits": 1}
"""Builtin functions with the number of their arguments."""
WORD_OPS: dict[str, Op] = {
    "+": Op.ADD,
    "-": Op.SUB,
    "*": Op.MUL,
    "/": Op.DIV,
    "%": Op.MOD,
    "&": Op.AND,
    "|": Op.OR,
    "^": Op.XOR,
    "<<": Op.SHL,
    ">>": Op.SHR,
}
"""Operators that stand for one operation on words."""


class Kind(Enum):
    """What a name was declared as, in words fit for messages."""

    CONSTANT = "constant"
    TABLE = "table"
    PARAMETER = "parameter"
    WORD = "word of memory"
    FUNCTION = "function"
    ARRAY = "array"
    LET = "`let`"
    VAR = "`var`"
    COUNTER = "loop counter"
    LANE = "parallel loop counter"
    REDUCTION = "reduction"


@dataclass(frozen=True, slots=True, eq=False)
class Symbol:
    """One declaration. `parallel` tells whether it stands inside a parallel loop."""

    name: str
    kind: Kind
    span: Span
    type: ast.Type | None = None
    parallel: bool = False
    declaration: ast.Node | None = None


@dataclass(slots=True)
class Facts:
    """The result of checking a program, keyed by node.

    `symbols` maps every name, where declared and where used, to its declaration. `types` gives
    the type of every expression. `coerced` holds the compile-time expressions whose value becomes
    a run-time one: an integer among them must fit 32 bits. `idle` are the loops whose bodies do
    nothing at run time, so that their iterations cost nothing however many they are.
    """

    symbols: dict[ast.Node, Symbol] = field(default_factory=dict[ast.Node, Symbol])
    types: dict[ast.Node, ast.Type] = field(default_factory=dict[ast.Node, ast.Type])
    coerced: set[ast.Node] = field(default_factory=set[ast.Node])
    idle: set[ast.Node] = field(default_factory=set[ast.Node])


class Scopes:
    """Nested scopes. A name visible from an enclosing scope may not be declared again."""

    def __init__(self) -> None:
        self._scopes: list[dict[str, Symbol]] = [{}]

    def push(self) -> None:
        """Open a scope."""
        self._scopes.append({})

    def pop(self) -> None:
        """Close the innermost scope."""
        self._scopes.pop()

    def declare(self, symbol: Symbol) -> None:
        """Make `symbol` visible in the innermost scope."""
        self._scopes[-1][symbol.name] = symbol

    def find(self, name: str) -> Symbol | None:
        """The visible symbol called `name`."""
        return next((scope[name] for scope in reversed(self._scopes) if name in scope), None)

    def names(self) -> list[str]:
        """All visible names, sorted."""
        return sorted({name for scope in self._scopes for name in scope})

"""The abstract syntax tree of the kernel language.

Nodes are frozen and compare by identity, so that later stages can keep facts about them in
dictionaries (`check.Facts`) instead of in the tree. Every node carries the span of its text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from vliwc.diagnostics import SourceFile, Span
from vliwc.ir.graph import Role


class Type(Enum):
    """The type of an expression.

    `INT` and `FLAG` are compile-time values (exact integers and truth values); `U32` and `BOOL`
    are run-time values. A compile-time value may stand wherever its run-time partner is wanted.
    """

    INT = "compile-time integer"
    FLAG = "compile-time bool"
    U32 = "u32"
    BOOL = "bool"

    @property
    def static(self) -> bool:
        """Whether the value is known once the parameters are bound."""
        return self in (Type.INT, Type.FLAG)

    @property
    def runtime(self) -> Type:
        """The run-time type of the same family."""
        return Type.U32 if self in (Type.INT, Type.U32) else Type.BOOL


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Anything with a place in the source."""

    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Ident(Node):
    """A name where it is declared or referred to outside an expression."""

    text: str


# --- expressions ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Integer(Node):
    """An integer literal."""

    value: int


@dataclass(frozen=True, slots=True, eq=False)
class Bool(Node):
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True, eq=False)
class Name(Node):
    """The value of a variable, parameter, constant or reduction."""

    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Unary(Node):
    """`-x`, `~x` or `!x`."""

    op: str
    operand: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Binary(Node):
    """An infix operator, `&&` and `||` included; `op` is its spelling."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Conditional(Node):
    """`if condition then then else otherwise`; only the chosen side is evaluated."""

    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Index(Node):
    """`base[i][j]…`: an element of an array in memory or of a compile-time table."""

    base: Ident
    indices: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Call(Node):
    """A call of a function or builtin."""

    callee: Ident
    args: tuple[Expr, ...]


Expr = Integer | Bool | Name | Unary | Binary | Conditional | Index | Call

# --- statements -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Let(Node):
    """`let name: type = value;`, which never changes."""

    name: Ident
    type: Type | None
    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Var(Node):
    """`var name: type = value;`, which may be assigned; always a run-time value."""

    name: Ident
    type: Type | None
    value: Expr | None


@dataclass(frozen=True, slots=True, eq=False)
class Assign(Node):
    """`name = value;`"""

    target: Ident
    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Store(Node):
    """`array[i][j]… = value;`"""

    array: Ident
    indices: tuple[Expr, ...]
    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class For(Node):
    """`for name in low .. high { body }`, in order, with bounds known at compile time."""

    name: Ident
    low: Expr
    high: Expr
    body: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True, eq=False)
class While(Node):
    """`while condition limit most { body }`, in order, at most `most` times, which is known at
    compile time."""

    condition: Expr
    most: Expr
    body: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Break(Node):
    """`break if condition;`: leave the innermost loop, which is a sequential one."""

    condition: Expr


@dataclass(frozen=True, slots=True, eq=False)
class ReductionDecl(Node):
    """`sum name` in the head of a parallel loop, after `reduce`, or with `scan` after that; then
    `sum before name` leaves the iteration itself out (`before`)."""

    operator: Ident
    name: Ident
    scan: bool = False
    before: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Range(Node):
    """`name in low .. high` in the head of a parallel loop."""

    name: Ident
    low: Expr
    high: Expr


@dataclass(frozen=True, slots=True, eq=False)
class ParallelFor(Node):
    """`parallel for i in low .. high, j in … reduce … scan … { body }`: independent iterations.

    There is one for each combination of the counters' values; the last counter varies fastest.
    ``reductions`` are the running ones as well.
    """

    ranges: tuple[Range, ...]
    reductions: tuple[ReductionDecl, ...]
    body: tuple[Stmt, ...]

    @property
    def name(self) -> Ident:
        """The first counter, which stands for the loop in messages."""
        return self.ranges[0].name


@dataclass(frozen=True, slots=True, eq=False)
class Reduce(Node):
    """`reduce value into target;`: contribute to a reduction of the enclosing parallel loop."""

    value: Expr
    target: Ident


@dataclass(frozen=True, slots=True, eq=False)
class Scan(Node):
    """`scan value into target;`: contribute to a running reduction, which can be read then."""

    value: Expr
    target: Ident


@dataclass(frozen=True, slots=True, eq=False)
class Assume(Node):
    """`assume condition;`: a fact that holds whenever the statement is reached."""

    condition: Expr


Stmt = Let | Var | Assign | Store | For | While | Break | ParallelFor | Reduce | Scan | Assume

# --- declarations -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Constant(Node):
    """`const name = value;`"""

    name: Ident
    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Table(Node):
    """`const name = [values];`, readable at compile-time indices."""

    name: Ident
    values: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Parameter(Node):
    """A function parameter; type `INT` for a `const` parameter."""

    name: Ident
    type: Type


@dataclass(frozen=True, slots=True, eq=False)
class FunctionDef(Node):
    """`fn name(parameters) -> type { body return result; }`"""

    name: Ident
    parameters: tuple[Parameter, ...]
    type: Type
    body: tuple[Stmt, ...]
    result: Expr


@dataclass(frozen=True, slots=True, eq=False)
class ArrayDecl(Node):
    """One line of the memory block; `lengths` are those of the dimensions, outermost first."""

    name: Ident
    lengths: tuple[Expr, ...]
    role: Role
    address: Expr
    below: Expr | None
    ascending: bool
    distinct: bool


@dataclass(frozen=True, slots=True, eq=False)
class Word(Node):
    """`word name at address;`: a word of memory, known when the program runs."""

    name: Ident
    address: Expr


@dataclass(frozen=True, slots=True, eq=False)
class KernelDef(Node):
    """The kernel: parameters, header, memory layout and body."""

    name: Ident
    parameters: tuple[Ident, ...]
    header: tuple[Let | Assume | Word, ...]
    arrays: tuple[ArrayDecl, ...]
    body: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A whole source file: exactly one kernel and what it uses, in source order."""

    source: SourceFile
    constants: tuple[Constant | Table, ...]
    functions: tuple[FunctionDef, ...]
    kernel: KernelDef


def children(node: Expr) -> tuple[Expr, ...]:
    """The operands of an expression, in source order."""
    match node:
        case Integer() | Bool() | Name():
            return ()
        case Unary():
            return (node.operand,)
        case Binary():
            return (node.left, node.right)
        case Conditional():
            return (node.condition, node.then, node.otherwise)
        case Index():
            return node.indices
        case Call():
            return node.args


def expressions(statement: Stmt) -> tuple[Expr, ...]:
    """The expressions that stand directly in a statement, in source order."""
    match statement:
        case Let() | Assign() | Reduce() | Scan():
            return (statement.value,)
        case Var():
            return () if statement.value is None else (statement.value,)
        case Store():
            return (*statement.indices, statement.value)
        case For():
            return (statement.low, statement.high)
        case While():
            return (statement.condition, statement.most)
        case ParallelFor():
            return tuple(bound for range_ in statement.ranges for bound in bounds(range_))
        case Break() | Assume():
            return (statement.condition,)


def header_expressions(statement: Let | Assume | Word) -> tuple[Expr, ...]:
    """The expressions that stand directly in a statement before the memory block."""
    return (statement.address,) if isinstance(statement, Word) else expressions(statement)


def bounds(loop: For | Range) -> tuple[Expr, Expr]:
    """The first value of a counter and the one after its last."""
    return (loop.low, loop.high)


def body(statement: Stmt) -> tuple[Stmt, ...]:
    """The statements nested directly in a statement."""
    return statement.body if isinstance(statement, For | While | ParallelFor) else ()


def has_break(loop: For | While) -> bool:
    """Whether a loop may be left by a `break`: there are no statements for it to stand in but
    other loops, which it would leave instead."""
    return any(isinstance(statement, Break) for statement in loop.body)


def walk_statements(statements: tuple[Stmt, ...]) -> Iterator[Stmt]:
    """All statements, nested ones included, in source order."""
    stack = list(reversed(statements))
    while stack:
        statement = stack.pop()
        yield statement
        stack.extend(reversed(body(statement)))


def without_assumptions(program: Program) -> Program:
    """The program without what it assumes about its input; assumptions about parameters stay."""
    functions = tuple(replace(f, body=_unassuming(f.body)) for f in program.functions)
    kernel = replace(program.kernel, body=_unassuming(program.kernel.body))
    return replace(program, functions=functions, kernel=kernel)


def _unassuming(statements: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    return tuple(
        replace(each, body=_unassuming(each.body))
        if isinstance(each, For | While | ParallelFor)
        else each
        for each in statements
        if not isinstance(each, Assume)
    )


def left_spine(node: Binary) -> list[Binary]:
    """The operators of `a + b + c + …` that end in `node`, innermost first.

    Each but the first has the one before it as its left operand. Chains may be long, so every walk
    over expressions that recurses goes along the spine and recurses into what hangs from it only.
    """
    links = [node]
    while isinstance(links[-1].left, Binary):
        links.append(links[-1].left)
    return links[::-1]


def walk_expressions(roots: tuple[Expr, ...]) -> Iterator[Expr]:
    """All expressions under `roots`, parents before their operands, in source order."""
    stack = list(reversed(roots))
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


def all_expressions(statements: tuple[Stmt, ...]) -> Iterator[Expr]:
    """Every expression anywhere in `statements`."""
    for statement in walk_statements(statements):
        yield from walk_expressions(expressions(statement))


def conjuncts(condition: Expr) -> list[Expr]:
    """The parts of `a && b && …`, in order."""
    return _parts(condition, "&&")


def disjuncts(condition: Expr) -> list[Expr]:
    """The parts of `a || b || …`, in order."""
    return _parts(condition, "||")


def _parts(condition: Expr, op: str) -> list[Expr]:
    found: list[Expr] = []
    stack = [condition]
    while stack:
        node = stack.pop()
        if isinstance(node, Binary) and node.op == op:
            stack += [node.right, node.left]
        else:
            found.append(node)
    return found

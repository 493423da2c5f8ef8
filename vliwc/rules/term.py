"""Terms: what the equations, guards and premises of rewrite rules are made of.

The matcher, the rewriter and the Z3 prover all read the same term objects.  The written form is a
Python expression over 32-bit words: ``+ - * // % & | ^ << >> ~``, unsigned comparisons, calls of
``madd(a, b, c)``, ``select(c, a, b)``, ``log2(C)`` and ``pow2(C)``.  Lower-case names stand for
any value, upper-case names for constants, and ``[...]`` marks an inner value that must have no
other use left after the rewrite.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from vliwc.analysis import facts
from vliwc.analysis.facts import Fact
from vliwc.diagnostics import InternalError
from vliwc.ir.value import MASK, OPS, Op


class Function(StrEnum):
    """Functions of constants that the machine does not have."""

    LOG2 = "log2"
    """The position of the highest bit that is set; 0 for 0."""
    POW2 = "pow2"
    """Whether the word is a power of two."""


@dataclass(frozen=True, slots=True)
class Word:
    """A literal word."""

    word: int


@dataclass(frozen=True, slots=True)
class Variable:
    """A name for any value, or for a constant only."""

    name: str

    @property
    def constant(self) -> bool:
        """Whether the name stands for a compile-time constant."""
        return self.name.isupper()


@dataclass(frozen=True, slots=True)
class Apply:
    """An operation on terms; ``dies``: the value matched must have no use outside the rule."""

    op: Op | Function
    args: tuple[Term, ...]
    dies: bool = False


Term = Word | Variable | Apply


class RuleError(InternalError):
    """A rule is not written correctly."""


def nodes(term: Term) -> Iterator[Term]:
    """``term`` and all terms inside it, outermost first."""
    stack: list[Term] = [term]
    while stack:
        term = stack.pop()
        yield term
        if isinstance(term, Apply):
            stack.extend(reversed(term.args))


def variables(term: Term) -> dict[str, Variable]:
    """The variables in ``term`` by name, in the order they are written."""
    return {node.name: node for node in nodes(term) if isinstance(node, Variable)}


def is_constant(term: Term) -> bool:
    """Whether the term is known once the constants are."""
    return all(variable.constant for variable in variables(term).values())


def evaluate(term: Term, constants: Mapping[str, int]) -> int:
    """The word a constant term stands for."""
    match term:
        case Word(word):
            return word
        case Variable(name):
            return constants[name]
        case Apply(Function.LOG2, (arg,)):
            return max(0, evaluate(arg, constants).bit_length() - 1)
        case Apply(Function.POW2, (arg,)):
            word = evaluate(arg, constants)
            return int(word != 0 and word & (word - 1) == 0)
        case Apply(op, args):
            function = OPS[op].evaluate if isinstance(op, Op) else None
            if function is None:
                raise RuleError(f"{term} cannot be evaluated")
            return function(*(evaluate(arg, constants) for arg in args))


def fact_of(term: Term, facts_of: Mapping[str, Fact]) -> Fact:
    """What is known of a term's word if the facts about its variables are given."""
    match term:
        case Word(word):
            return facts.exactly(word)
        case Variable(name):
            return facts_of[name]
        case Apply(Op() as op, args):
            return facts.transfer(op, [fact_of(arg, facts_of) for arg in args])
        case Apply():
            constants = {name: fact.lo for name, fact in facts_of.items()}
            return facts.exactly(evaluate(term, constants))


_BINARY: dict[type[ast.operator], Op] = {
    ast.Add: Op.ADD,
    ast.Sub: Op.SUB,
    ast.Mult: Op.MUL,
    ast.FloorDiv: Op.DIV,
    ast.Mod: Op.MOD,
    ast.BitAnd: Op.AND,
    ast.BitOr: Op.OR,
    ast.BitXor: Op.XOR,
    ast.LShift: Op.SHL,
    ast.RShift: Op.SHR,
}
_CALLS: dict[str, Op | Function] = {
    "madd": Op.MADD,
    "select": Op.SELECT,
    "log2": Function.LOG2,
    "pow2": Function.POW2,
}


def parse(text: str) -> Term:
    """The term written as ``text``; raises :class:`RuleError`."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise RuleError(f"cannot parse the term {text!r}: {error.msg}") from None
    return _term(tree)


def _term(tree: ast.expr) -> Term:
    match tree:
        case ast.Constant(int() as word) if 0 <= word <= MASK:
            return Word(word)
        case ast.Name(name) if name.isupper() or name.islower():
            return Variable(name)
        case ast.BinOp(left, operator, right) if type(operator) in _BINARY:
            return Apply(_BINARY[type(operator)], (_term(left), _term(right)))
        case ast.UnaryOp(ast.Invert(), operand):
            return Apply(Op.XOR, (_term(operand), Word(MASK)))
        case ast.UnaryOp(ast.USub(), operand):
            return Apply(Op.SUB, (Word(0), _term(operand)))
        case ast.Compare(left, [operator], [right]):
            return _comparison(_term(left), operator, _term(right))
        case ast.Call(ast.Name(name), args, []) if name in _CALLS:
            op = _CALLS[name]
            if len(args) == (OPS[op].arity if isinstance(op, Op) else 1):
                return Apply(op, tuple(_term(arg) for arg in args))
        case ast.List([element]):
            inner = _term(element)
            if isinstance(inner, Apply):
                return Apply(inner.op, inner.args, dies=True)
        case _:
            pass
    raise RuleError(f"{ast.unparse(tree)} is not a term")


def _comparison(left: Term, operator: ast.cmpop, right: Term) -> Term:
    zero = Word(0)
    match operator:
        case ast.Lt():
            return Apply(Op.LT, (left, right))
        case ast.Gt():
            return Apply(Op.LT, (right, left))
        case ast.Eq():
            return Apply(Op.EQ, (left, right))
        case ast.NotEq():
            return Apply(Op.EQ, (Apply(Op.EQ, (left, right)), zero))
        case ast.GtE():
            return Apply(Op.EQ, (Apply(Op.LT, (left, right)), zero))
        case ast.LtE():
            return Apply(Op.EQ, (Apply(Op.LT, (right, left)), zero))
        case _:
            raise RuleError(f"{type(operator).__name__} is not a comparison of words")

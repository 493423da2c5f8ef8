"""Matching: the left sides of rules, compiled to closures and indexed by operations.

Operands of commutative operations may stand either way round, so a rule becomes one *variant* for
each order; the builder puts constants last, which rules most of the orders out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import product

from vliwc.ir.value import OPS, Op, Value
from vliwc.rules.rule import Rule
from vliwc.rules.term import (
    Apply,
    Function,
    RuleError,
    Term,
    Variable,
    Word,
    is_constant,
    variables,
)

Environment = dict[str, Value]
"""What the variables of a rule stand for; inner values have numbers for names."""

Successors = Mapping[Value, Value]
"""What values have become: two values are the same if their successors are."""

_Matcher = Callable[[Value, Environment, Successors], bool]


class Variant:
    """One rule with its left side in one order of commuting operands.

    ``inner`` names the operations below the root in the environment, ``dying`` those of them that
    the rule has in brackets; ``kept`` are the variables that its right side uses.
    """

    def __init__(self, rule: Rule, left: Apply) -> None:
        self.rule = rule
        self.op = _operation(left)
        self.required = tuple(_required(arg) for arg in left.args)
        self.inner: list[str] = []
        self.dying: list[str] = []
        self.kept = tuple(variables(rule.right))
        self.growth = rule.growth
        self.needs_vector = rule.forms_madd
        self._operands = [self._compile(arg) for arg in left.args]

    def match(self, args: tuple[Value, ...], successors: Successors) -> Environment | None:
        """What the variables stand for if ``op(args)`` has the form of the left side."""
        found: Environment = {}
        for matcher, arg in zip(self._operands, args, strict=True):
            if not matcher(arg, found, successors):
                return None
        return found

    def _compile(self, term: Term) -> _Matcher:
        match term:
            case Word(word):
                return lambda value, _found, _map: value.op is Op.CONST and value.imm == word
            case Variable(name):
                return _constant(name) if term.constant else _anything(name)
            case Apply():
                return self._operation(term)

    def _operation(self, term: Apply) -> _Matcher:
        op = _operation(term)
        name = str(len(self.inner))
        self.inner.append(name)
        if term.dies:
            self.dying.append(name)
        operands = [self._compile(arg) for arg in term.args]

        def matches(value: Value, found: Environment, successors: Successors) -> bool:
            if value.op is not op:
                return False
            found[name] = value
            for matcher, arg in zip(operands, value.args, strict=True):
                if not matcher(arg, found, successors):
                    return False
            return True

        return matches


def _operation(term: Apply) -> Op:
    if isinstance(term.op, Function):
        raise RuleError(f"{term} cannot be matched")
    return term.op


def _required(term: Term) -> Op | None:
    """The operation a value must have to match ``term``, None if any will do."""
    match term:
        case Word():
            return Op.CONST
        case Variable():
            return Op.CONST if term.constant else None
        case Apply():
            return _operation(term)


def _constant(name: str) -> _Matcher:
    def matches(value: Value, found: Environment, _successors: Successors) -> bool:
        if value.op is not Op.CONST:
            return False
        return found.setdefault(name, value).imm == value.imm

    return matches


def _anything(name: str) -> _Matcher:
    def matches(value: Value, found: Environment, successors: Successors) -> bool:
        known = found.setdefault(name, value)
        return known is value or successors.get(known, known) is successors.get(value, value)

    return matches


class RuleSet:
    """Rules ready to be matched, in the order in which they are to be tried."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._by_op: dict[Op, list[Variant]] = {}
        self._candidates: dict[tuple[Op, ...], list[Variant]] = {}
        for rule in self.rules:
            for left in _orders(rule.left):
                variant = Variant(rule, left)
                self._by_op.setdefault(variant.op, []).append(variant)

    def candidates(self, op: Op, args: tuple[Value, ...]) -> list[Variant]:
        """The variants that could match ``op(args)``, judging by the operations alone."""
        key = (op, *(arg.op for arg in args))
        found = self._candidates.get(key)
        if found is None:
            found = [
                variant
                for variant in self._by_op.get(op, ())
                if all(
                    required is None or required is arg.op
                    for required, arg in zip(variant.required, args, strict=True)
                )
            ]
            self._candidates[key] = found
        return found


def _orders(left: Apply) -> list[Apply]:
    """``left`` with commuting operands in every order that canonical values can have."""
    distinct: dict[Term, Apply] = {}
    for term in _all_orders(left):
        if isinstance(term, Apply):
            distinct.setdefault(_renamed(term), term)
    return list(distinct.values())


def _all_orders(term: Term) -> list[Term]:
    if not isinstance(term, Apply):
        return [term]
    found: list[Term] = []
    for args in product(*(_all_orders(arg) for arg in term.args)):
        found.append(Apply(term.op, args, term.dies))
        if OPS[_operation(term)].commutative and not is_constant(args[1]):
            found.append(Apply(term.op, (args[1], args[0], *args[2:]), term.dies))
    return [order for order in found if _is_canonical(order)]


def _is_canonical(term: Term) -> bool:
    """Whether no commutative operation has a constant first and something else second."""
    if not isinstance(term, Apply) or not OPS[_operation(term)].commutative:
        return True
    return not is_constant(term.args[0]) or is_constant(term.args[1])


def _renamed(term: Term) -> Term:
    """``term`` with its variables numbered in the order of their occurrence."""
    names: dict[str, str] = {}

    def rename(inner: Term) -> Term:
        if isinstance(inner, Variable):
            prefix = "C" if inner.constant else "x"
            return Variable(names.setdefault(inner.name, f"{prefix}{len(names)}"))
        if isinstance(inner, Apply):
            return Apply(inner.op, tuple(rename(arg) for arg in inner.args), inner.dies)
        return inner

    return rename(term)

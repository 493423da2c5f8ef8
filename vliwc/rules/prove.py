"""Proofs of rewrite rules with Z3, over 32-bit bit-vectors.

Each rule is proved for all words at once: that there is no input which satisfies the guards and
premises, on which the left side does not trap, and on which the right side differs or traps.
Needs the package ``z3-solver`` (the extra ``prove``); nothing else in the compiler does.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from typing import Any

from vliwc.ir.value import Op
from vliwc.rules.rule import Rule
from vliwc.rules.term import Apply, Function, Term, Variable, Word, nodes

WIDTH = 32
TIMEOUT_MILLISECONDS = 10_000


class Status(StrEnum):
    """The outcome of a proof; only ``PROVED`` is a success."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Proof:
    """The outcome for one rule; ``counterexample`` gives a word for each variable if refuted."""

    status: Status
    counterexample: dict[str, int] = field(default_factory=dict[str, int])


def prove(rule: Rule, timeout: int = TIMEOUT_MILLISECONDS) -> Proof:
    """Prove or refute ``rule``; ``timeout`` bounds each query, in milliseconds.

    In a rule about both quotients and remainders, a remainder is spelled out as
    ``x - (x // y) * y``: SMT-LIB defines it so (for ``y != 0``), but Z3 does not find it.  A rule
    that divides is proved case by case where a variable decides selections: with a selection
    inside a divisor, Z3 does not see that most of it is the same on both sides.
    """
    terms = (rule.left, rule.right)
    ops = {node.op for term in terms for node in nodes(term) if isinstance(node, Apply)}
    deciding = _deciding(rule.left) if ops & {Op.DIV, Op.MOD} else ()
    spell_out = {Op.DIV, Op.MOD} <= ops
    for case in product((True, False), repeat=len(deciding)):
        proof = _prove(rule, timeout, spell_out, dict(zip(deciding, case, strict=True)))
        if proof.status is not Status.PROVED:
            return proof
    return Proof(Status.PROVED)


def _deciding(term: Term) -> tuple[str, ...]:
    """The variables that decide selections in ``term``."""
    conditions = [
        node.args[0] for node in nodes(term) if isinstance(node, Apply) and node.op is Op.SELECT
    ]
    names = [condition.name for condition in conditions if isinstance(condition, Variable)]
    return tuple(dict.fromkeys(names))


def _prove(rule: Rule, timeout: int, spell_out: bool, case: Mapping[str, bool]) -> Proof:
    """Prove or refute ``rule`` for those words that are not 0, or are, as ``case`` says."""
    z3 = _z3()
    encoder = _Encoder(spell_out=spell_out, case=case)
    left = encoder.encode(rule.left)
    conditions = [divisor != 0 for divisor in encoder.divisors]
    encoder.divisors.clear()
    right = encoder.encode(rule.right)
    wrong = z3.Or(left != right, *(divisor == 0 for divisor in encoder.divisors))
    conditions += [encoder.encode(term) != 0 for term in (*rule.guards, *rule.premises)]
    for name, nonzero in case.items():
        variable = encoder.encode(Variable(name))
        conditions.append(variable != 0 if nonzero else variable == 0)
    # Ring identities are equal as sums of monomials; bit-blasting the products is hopeless.
    if not encoder.divisors and z3.is_true(z3.simplify(left - right == 0, som=True)):
        return Proof(Status.PROVED)
    solver = z3.Solver()
    solver.set("timeout", timeout)
    solver.add(*conditions, wrong)
    outcome = solver.check()
    if outcome == z3.unsat:
        return Proof(Status.PROVED)
    if outcome != z3.sat:
        return Proof(Status.UNKNOWN)
    model = solver.model()
    words = {
        name: model.eval(variable, model_completion=True).as_long()
        for name, variable in encoder.variables.items()
    }
    return Proof(Status.REFUTED, words)


def _z3() -> Any:
    return importlib.import_module("z3")


class _Encoder:
    """Terms as Z3 bit-vectors; collects the divisors that must not be zero."""

    def __init__(self, *, spell_out: bool, case: Mapping[str, bool]) -> None:
        self.z3 = _z3()
        self.case = case
        self.spell_out = spell_out
        self.variables: dict[str, Any] = {}
        self.divisors: list[Any] = []

    def encode(self, term: Term) -> Any:
        match term:
            case Word(word):
                return self.z3.BitVecVal(word, WIDTH)
            case Variable(name):
                return self.variables.setdefault(name, self.z3.BitVec(name, WIDTH))
            case Apply(Op.SELECT, (Variable(name), *arms)) if name in self.case:
                # Both arms are computed, and may trap.
                chosen, other = (self.encode(arm) for arm in arms)
                return chosen if self.case[name] else other
            case Apply(op, args):
                return self._apply(op, [self.encode(arg) for arg in args])

    def _apply(self, op: Op | Function, args: list[Any]) -> Any:
        z3 = self.z3
        match op:
            case Op.ADD:
                return args[0] + args[1]
            case Op.SUB:
                return args[0] - args[1]
            case Op.MUL:
                return args[0] * args[1]
            case Op.MADD:
                return args[0] * args[1] + args[2]
            case Op.AND:
                return args[0] & args[1]
            case Op.OR:
                return args[0] | args[1]
            case Op.XOR:
                return args[0] ^ args[1]
            case Op.SHL:
                # As on the machine, a count of 32 or more gives 0.
                return args[0] << args[1]
            case Op.SHR:
                return z3.LShR(args[0], args[1])
            case Op.LT:
                return self._truth(z3.ULT(args[0], args[1]))
            case Op.EQ:
                return self._truth(args[0] == args[1])
            case Op.SELECT:
                return z3.If(args[0] != 0, args[1], args[2])
            case Op.DIV | Op.MOD:
                return self._division(op, args[0], args[1])
            case Function.POW2:
                return self._truth(z3.And(args[0] != 0, args[0] & (args[0] - 1) == 0))
            case Function.LOG2:
                return self._log2(args[0])
            case Op.CONST | Op.LANE | Op.LOAD | Op.STORE | Op.REDUCE | Op.SCAN | Op.MOVE:
                raise ValueError(f"{op} cannot occur in a rule")

    def _truth(self, condition: Any) -> Any:
        return self.z3.If(condition, self.z3.BitVecVal(1, WIDTH), self.z3.BitVecVal(0, WIDTH))

    def _division(self, op: Op, left: Any, right: Any) -> Any:
        self.divisors.append(right)
        if op is Op.DIV:
            return self.z3.UDiv(left, right)
        if self.spell_out:
            return left - self.z3.UDiv(left, right) * right
        return self.z3.URem(left, right)

    def _log2(self, word: Any) -> Any:
        found = self.z3.BitVecVal(0, WIDTH)
        for position in range(1, WIDTH):
            reached = self.z3.UGE(word, 1 << position)
            found = self.z3.If(reached, self.z3.BitVecVal(position, WIDTH), found)
        return found

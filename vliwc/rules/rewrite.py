"""The rewriter: applies a set of rules to a function until none applies.

Each sweep rebuilds the function once, in topological order.  An operation is looked up in the
rules before it is built; what a rule puts in its place is built in the same way.  Sweeps are
repeated while they change something, because a rule that needs an inner value to disappear can
only judge by the uses the last sweep left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from vliwc.analysis.assumptions import assumed
from vliwc.analysis.facts import Facts
from vliwc.diagnostics import Span
from vliwc.ir.graph import Function
from vliwc.ir.rebuild import Rebuild, reachable
from vliwc.ir.value import OPS, TOP_LEVEL, Op, Value
from vliwc.rules.match import Environment, RuleSet, Variant
from vliwc.rules.term import Apply, Term, Variable, Word, evaluate, fact_of, is_constant

MAX_SWEEPS = 24
"""Chains of constants may need one sweep per link; more sweeps than this are not worth it."""

MAX_DEPTH = 32
"""How many rewrites may nest in one place before the rest is left to the next sweep."""

DECIDED = "constant-by-facts"
"""The name under which values that facts show to be constant are counted."""


def rewrite(function: Function, rules: RuleSet, hits: Counter[str] | None = None) -> Function:
    """Apply ``rules`` to ``function`` until nothing changes; dead values disappear.

    ``hits`` counts the applications of each rule by ``family/name``.
    """
    facts = Facts(function)
    for _ in range(MAX_SWEEPS):
        sweep = _Sweep(function, rules, facts)
        function = sweep.run()
        if hits is not None:
            hits.update(sweep.hits)
        if not sweep.hits:
            break
    return function


@dataclass(slots=True)
class _Uses:
    """Uses of a value that would disappear: those that hold it, and what the others would add."""

    holders: list[Value] = field(default_factory=list[Value])
    growth: float = 0.0


class _Sweep:
    def __init__(self, function: Function, rules: RuleSet, facts: Facts) -> None:
        self.function = function
        self.rules = rules
        self.facts = facts
        self.hits: Counter[str] = Counter()
        self.rebuild = Rebuild(function)
        self.builder = self.rebuild.builder
        self.assumed = assumed(function)
        spine = set(self.assumed.spine)
        leaves = [value for value in function.assumptions if value not in spine]
        self.needed = reachable([*function.roots, *self.assumed.leaves, *leaves])
        self.uses = self._uses()
        self.origins: dict[Value, list[Value]] = {}
        self._made: dict[tuple[Op, tuple[int, ...]], Value] = {}
        self._judged: dict[Value, _Uses] = {}
        self._depth = 0
        self._span: Span | None = None
        """The source of the value being visited: what replaces it came from there."""

    def _uses(self) -> dict[Value, list[Value]]:
        found: dict[Value, list[Value]] = {value: [] for value in self.needed}
        for value in self.function:
            if value in self.needed:
                for arg in value.args:
                    found[arg].append(value)
        return found

    def run(self) -> Function:
        for old in self.function:
            if old in self.needed:
                self._span = old.span
                new = self._visit(old)
                self.origins.setdefault(new, []).append(old)
            else:
                self.rebuild.drop(old)
        self._assume()
        return self.rebuild.finish(assumptions=False)

    def _visit(self, old: Value) -> Value:
        word = self.facts.of(old).word
        if word is not None and old.op not in (Op.CONST, Op.STORE):
            self.hits[DECIDED] += 1
            return self.rebuild.replace(old, self._constant(word))
        if old.info.arithmetic:
            new = self._make(old.op, self.rebuild.args(old))
            self.rebuild.replace(old, new)
        else:
            new = self.rebuild.keep(old)
            self._learn(new)
        self.facts.narrow(new, self.facts.of(old))
        return new

    def _assume(self) -> None:
        """Carry the assumptions over, their spines exactly as they are."""
        new = dict(self.rebuild.new)
        for value in self.assumed.spine:
            args = tuple(new[arg] for arg in value.args)
            new[value] = self.builder.op(value.op, *args, span=value.span)
            self._learn(new[value])
        for value in self.function.assumptions:
            self.builder.assume(new[value])

    # Building

    def _learn(self, new: Value) -> None:
        if new not in self.facts:
            self.facts.add(new)

    def _constant(self, word: int) -> Value:
        new = self.builder.const(word, self._span)
        self._learn(new)
        return new

    def _make(self, op: Op, args: tuple[Value, ...]) -> Value:
        """The value of ``op(args)`` in its simplest form."""
        if OPS[op].commutative and args[0].is_const:
            args = (args[1], args[0], *args[2:])
        key = (op, tuple(arg.id for arg in args))
        made = self._made.get(key)
        if made is None:
            made = self._applied(op, args) if self._depth < MAX_DEPTH else None
            if made is None:
                made = self._built(op, args)
            self._made[key] = made
        return made

    def _built(self, op: Op, args: tuple[Value, ...]) -> Value:
        new = self.builder.op(op, *args, span=self._span)
        self._learn(new)
        word = self.facts.of(new).word
        if word is None or new.is_const:
            return new
        self.hits[DECIDED] += 1
        return self._constant(word)

    def _applied(self, op: Op, args: tuple[Value, ...]) -> Value | None:
        """What the first rule that applies to ``op(args)`` makes of it."""
        for variant in self.rules.candidates(op, args):
            found = self._match(variant, args)
            if found is not None and self._all_die(variant, found):
                self.hits[f"{variant.rule.family}/{variant.rule.name}"] += 1
                self._depth += 1
                new = self._instantiate(variant.rule.right, found)
                self._depth -= 1
                return new
        return None

    def _instantiate(self, term: Term, found: Environment) -> Value:
        match term:
            case Word(word):
                return self._constant(word)
            case Variable(name):
                return found[name]
            case Apply(Op() as op, args) if not is_constant(term):
                return self._make(op, tuple(self._instantiate(arg, found) for arg in args))
            case Apply():
                return self._constant(evaluate(term, _constants(found)))

    # Conditions

    def _match(self, variant: Variant, args: tuple[Value, ...]) -> Environment | None:
        """What the variables stand for if the rule holds for ``op(args)``, whoever uses them."""
        rule = variant.rule
        found = variant.match(args, self.rebuild.new)
        if found is None:
            return None
        if variant.needs_vector and all(arg.loop == TOP_LEVEL for arg in args):
            return None
        if rule.guards:
            constants = _constants(found)
            if not all(evaluate(guard, constants) for guard in rule.guards):
                return None
        if rule.premises:
            facts = {name: self.facts.of(value) for name, value in found.items()}
            if not all(fact_of(premise, facts).lo > 0 for premise in rule.premises):
                return None
        return found

    def _all_die(self, variant: Variant, found: Environment) -> bool:
        """Whether the values in brackets have no uses but by each other and by such rules, and
        whether those rules together add no more operations than disappear.

        Values that were built only just now are judged in the next sweep.
        """
        dying = [found[name] for name in variant.dying]
        for value in dying:
            if value not in self.origins:
                return False
            uses = self._released(value)
            if uses.growth > 1 or any(self.rebuild.new.get(u) not in dying for u in uses.holders):
                return False
        return True

    def _released(self, new: Value) -> _Uses:
        """What the uses of ``new`` in the old function would do if they could."""
        found = self._judged.get(new)
        if found is None:
            found = _Uses()
            for origin in self.origins[new]:
                for user in self.uses[origin]:
                    growth = self._releases(user, new)
                    if growth is None:
                        found.holders.append(user)
                    else:
                        found.growth += growth
            self._judged[new] = found
        return found

    def _releases(self, user: Value, inner: Value) -> float | None:
        """The growth by a rule that applies to ``user`` and needs ``inner`` no more; None if none
        does."""
        if not user.info.arithmetic:
            return None
        args = tuple(self.rebuild.new.get(arg, arg) for arg in user.args)
        if OPS[user.op].commutative and args[0].is_const:
            args = (args[1], args[0], *args[2:])
        for variant in self.rules.candidates(user.op, args):
            found = self._match(variant, args)
            if found is None or not any(found[name] is inner for name in variant.inner):
                continue
            others = [found[name] for name in variant.dying if found[name] is not inner]
            kept = any(found[name] is inner for name in variant.kept)
            if not kept and all(self._used_once(other) for other in others):
                return variant.growth
        return None

    def _used_once(self, value: Value) -> bool:
        origins = self.origins.get(value, [value])
        return sum(len(self.uses.get(origin, ())) for origin in origins) <= 1


def _constants(found: Environment) -> Mapping[str, int]:
    return {name: value.imm for name, value in found.items() if value.is_const}

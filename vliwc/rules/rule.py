"""Rules and tables of rules.

A table is a text with one rule a line::

    name: left => right  given premise  when guard  free

``left`` and ``right`` are terms with the same word on every input that satisfies the guard (over
constants; evaluated) and the premises (over values; proved by :mod:`vliwc.analysis.facts`).
Several guards or premises are joined by ``and``.  Lines that start with ``#`` are comments.

A rule never makes code worse: its right side has at most one operation that the left side has
not, plus one for every value in brackets, which disappears (a test checks that of every rule).
A line that ends in ``free`` breaks even later: what it adds is absorbed by what uses the result.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from vliwc.ir.value import Op
from vliwc.rules.term import Apply, RuleError, Term, is_constant, nodes, parse, variables


@dataclass(frozen=True, slots=True)
class Rule:
    """One equation; ``text`` is its line in the table, ``family`` the table's name."""

    name: str
    family: str
    left: Apply
    right: Term
    premises: tuple[Term, ...] = ()
    guards: tuple[Term, ...] = ()
    free: bool = False
    text: str = field(default="", compare=False)

    @property
    def growth(self) -> float:
        """Operations that one application adds, for each of the bracketed values that pay for it.

        A shared value in brackets pays once, for all its uses together.
        """
        if self.free:
            return 0.0
        return max(0, self.added - 1) / max(1, self.brackets)

    @property
    def added(self) -> int:
        """The operations of the right side that the left side has not computed already."""
        return len(_operations(self.right) - _operations(self.left))

    @property
    def brackets(self) -> int:
        """How many inner values have to disappear."""
        return sum(1 for node in nodes(self.left) if isinstance(node, Apply) and node.dies)

    @property
    def forms_madd(self) -> bool:
        """Whether the rule introduces a multiply-add, which the machine has for vectors only."""
        return _has_madd(self.right) and not _has_madd(self.left)


def _operations(term: Term) -> set[Term]:
    return {
        _plain(node) for node in nodes(term) if isinstance(node, Apply) and not is_constant(node)
    }


def _plain(term: Term) -> Term:
    """``term`` without brackets."""
    if isinstance(term, Apply):
        return Apply(term.op, tuple(_plain(arg) for arg in term.args))
    return term


def _has_madd(term: Term) -> bool:
    return any(isinstance(node, Apply) and node.op is Op.MADD for node in nodes(term))


_LINE = re.compile(
    r"(?P<name>[a-z][a-z0-9-]*):\s+(?P<left>.+?)\s+=>\s+(?P<right>.+?)"
    r"(?:\s+given\s+(?P<premises>.+?))?(?:\s+when\s+(?P<guards>.+?))?"
    r"(?P<free>\s+free)?"
)


def table(family: str, text: str) -> tuple[Rule, ...]:
    """Parse a table of rules; raises :class:`RuleError` for a line that is no sound rule form."""
    rules: list[Rule] = []
    for line in (line.strip() for line in text.splitlines()):
        if line and not line.startswith("#"):
            rules.append(_rule(family, line))
    names = [rule.name for rule in rules]
    for name in names:
        if names.count(name) > 1:
            raise RuleError(f"{family}: there are two rules called {name}")
    return tuple(rules)


def _rule(family: str, line: str) -> Rule:
    match = _LINE.fullmatch(line)
    if match is None:
        raise RuleError(f"{family}: expected `name: left => right`, found {line!r}")
    left, right = parse(match["left"]), parse(match["right"])
    if not isinstance(left, Apply) or left.dies:
        raise RuleError(f"{family}: the left side of {line!r} is no operation")
    rule = Rule(
        match["name"],
        family,
        left,
        right,
        _conjunction(match["premises"]),
        _conjunction(match["guards"]),
        match["free"] is not None,
        line,
    )
    _check(rule)
    return rule


def _conjunction(text: str | None) -> tuple[Term, ...]:
    return tuple(parse(part) for part in text.split(" and ")) if text else ()


def _check(rule: Rule) -> None:
    known = variables(rule.left)
    for term in (rule.right, *rule.premises, *rule.guards):
        for name in variables(term):
            if name not in known:
                raise RuleError(f"{rule.name}: {name} does not occur on the left side")
    for guard in rule.guards:
        if not is_constant(guard):
            raise RuleError(f"{rule.name}: a guard may only speak of constants")
    for node in nodes(rule.left):
        if isinstance(node, Apply) and (is_constant(node) or not isinstance(node.op, Op)):
            raise RuleError(f"{rule.name}: the left side would have to match a computed constant")

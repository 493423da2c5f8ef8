"""What a pass is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from vliwc.ir.graph import Function
from vliwc.ir.verify import verify
from vliwc.options import OptionsError
from vliwc.rules.match import RuleSet
from vliwc.rules.rewrite import rewrite
from vliwc.rules.tables import FAMILIES


class Pass(Protocol):
    """A transformation of the lane IR: a small frozen object whose fields are its options.

    The new function gives the same memory at exit on every input on which the old one does not
    trap and the assumptions hold; it does not trap there either.
    """

    @property
    def name(self) -> str:
        """The name by which the command line knows the pass."""
        ...

    def run(self, function: Function) -> Function:
        """The transformed function; the argument stays as it is."""
        ...


@dataclass(frozen=True, slots=True)
class RulePass:
    """Applies the rule tables of some families until none of their rules applies.

    Raises :class:`vliwc.options.OptionsError` for a family that does not exist.
    """

    name: str
    families: tuple[str, ...]

    def __post_init__(self) -> None:
        for family in self.families:
            if family not in FAMILIES:
                known = ", ".join(FAMILIES)
                raise OptionsError(f"no family of rules {family!r}; there are {known}")

    def run(self, function: Function) -> Function:
        """The rewritten function."""
        return rewrite(function, _rules(self.families))

    def run_counted(self, function: Function) -> tuple[Function, Counter[str]]:
        """The rewritten function and how often each rule was applied, by ``family/name``."""
        hits: Counter[str] = Counter()
        return rewrite(function, _rules(self.families), hits), hits


@cache
def _rules(families: tuple[str, ...]) -> RuleSet:
    return RuleSet(rule for family in families for rule in FAMILIES[family])


def run_passes(function: Function, passes: Iterable[Pass], *, check: bool = False) -> Function:
    """Run ``passes`` in turn; with ``check``, verify the function after each of them."""
    for each in passes:
        function = each.run(function)
        if check:
            verify(function)
    return function

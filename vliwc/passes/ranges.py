"""Range-based simplification: what the facts about values decide becomes a constant.

With ``x`` in ``0 .. 9``: ``lt x, 16`` -> ``1``, ``select (lt x, 16), a, b`` -> ``a``; with
``assume a[i] == 0``: ``load a[i]`` -> ``0``.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.ir.graph import Function
from vliwc.rules.match import RuleSet
from vliwc.rules.rewrite import rewrite
from vliwc.rules.select import SELECT

DECIDED = RuleSet(rule for rule in SELECT if rule.name in ("select-never", "select-always"))


@dataclass(frozen=True, slots=True)
class RangeSimplification:
    """Replace values that can only be one word, and selections whose condition is decided."""

    name: str = "ranges"

    def run(self, function: Function) -> Function:
        """The function without decided values."""
        return rewrite(function, DECIDED)

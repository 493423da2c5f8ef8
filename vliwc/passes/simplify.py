"""Simplification: all rule tables together, until no rule of any of them applies.

``select (eq (mod x, 2), 0), 1, 2`` -> ``add (and x, 1), 1``: two families together.

Families feed each other (a mask exposes a bit, a bit a selection, a selection a sum), so the
pipeline runs them as one system instead of guessing an order of separate passes.
"""

from __future__ import annotations

from vliwc.passes.base import RulePass
from vliwc.rules.tables import FAMILIES

SIMPLIFY = RulePass("simplify", tuple(FAMILIES))

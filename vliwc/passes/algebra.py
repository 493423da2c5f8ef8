"""Algebraic simplification: identities, selections, comparisons and bitwise operations.

``xor (xor x, y), y`` -> ``x``; ``select (eq x, 0), a, b`` -> ``select x, b, a``.
"""

from __future__ import annotations

from vliwc.passes.base import RulePass

ALGEBRA = RulePass("algebra", ("identity", "select", "guards", "compare", "bits"))

"""Strength reduction: cheaper operations for products, quotients and remainders by constants.

``mod x, 8`` -> ``and x, 7``; ``add (shl x, 3), x`` -> ``mul x, 9``.
"""

from __future__ import annotations

from vliwc.passes.base import RulePass

STRENGTH_REDUCTION = RulePass("strength-reduction", ("strength",))

"""Reassociation: constants merge with each other and move outwards.

``add (add x, 3), 4`` -> ``add x, 7``; ``xor (xor x, C), y`` -> ``xor (xor x, y), C`` where all
uses of ``xor x, C`` let go of it.
"""

from __future__ import annotations

from vliwc.passes.base import RulePass

REASSOCIATION = RulePass("reassociation", ("reassociate",))

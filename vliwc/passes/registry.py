"""All passes by name, and the order in which the compiler runs them."""

from __future__ import annotations

from vliwc.passes.algebra import ALGEBRA
from vliwc.passes.base import Pass
from vliwc.passes.constants import ConstantFolding
from vliwc.passes.dce import DeadCodeElimination
from vliwc.passes.dead_stores import DeadStores
from vliwc.passes.forwarding import StoreForwarding
from vliwc.passes.gvn import GlobalValueNumbering
from vliwc.passes.hoist import Hoist
from vliwc.passes.madd import MULTIPLY_ADD
from vliwc.passes.ranges import RangeSimplification
from vliwc.passes.reassociate import REASSOCIATION
from vliwc.passes.redundant_loads import RedundantLoads
from vliwc.passes.simplify import SIMPLIFY
from vliwc.passes.strength import STRENGTH_REDUCTION
from vliwc.passes.unguard import Unguard

STANDARD_PASSES: tuple[Pass, ...] = (
    ConstantFolding(),
    GlobalValueNumbering(),
    RangeSimplification(),
    Unguard(),
    StoreForwarding(),
    RedundantLoads(),
    SIMPLIFY,
    Unguard(),
    StoreForwarding(),
    RedundantLoads(),
    DeadStores(),
    SIMPLIFY,
    DeadCodeElimination(),
)
"""Canonical indices first, then memory, then all rules; what simpler indices and conditions make
visible to the memory passes is looked for once more."""

QUICK_PASSES: tuple[Pass, ...] = (
    ConstantFolding(),
    GlobalValueNumbering(),
    RangeSimplification(),
    ALGEBRA,
    STRENGTH_REDUCTION,
    MULTIPLY_ADD,
    DeadCodeElimination(),
)
"""One run of what matters most."""

PASSES: dict[str, Pass] = {
    each.name: each
    for each in (
        *STANDARD_PASSES,
        ALGEBRA,
        REASSOCIATION,
        STRENGTH_REDUCTION,
        MULTIPLY_ADD,
        Hoist(),
    )
}
"""Every pass that exists, by name."""

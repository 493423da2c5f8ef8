"""The order in which groups take the plans of an assignment.

Groups start one after the other, so the order decides when an engine is in demand: plans that
load much belong early, where the load engine would otherwise idle, and plans that select much
belong late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vliwc.strategy.balance import Path
from vliwc.strategy.tuning import TUNING


@dataclass(frozen=True)
class GroupOrder:
    """``grade`` 0 spreads every plan evenly over the groups, 1 lets the share of load-heavy
    plans fall from twice the average to nothing; ``None`` puts plans one after the other."""

    name: str
    grade: float | None


IN_BLOCKS = GroupOrder("blocks", None)
GROUP_ORDERS = (IN_BLOCKS, GroupOrder("graded", TUNING.grade), GroupOrder("even", 0.0))
"""The one that did best most often first."""


def group_order(paths: Sequence[Path], kind: GroupOrder) -> list[int]:
    """The path of each group, by position in ``paths``."""
    order = sorted(range(len(paths)), key=lambda p: (-_load_share(paths[p]), p))
    if kind.grade is None:
        return [p for p in order for _ in range(paths[p].groups)]
    groups = sum(path.groups for path in paths)
    left = [path.groups for path in paths]
    error = [0.0] * len(paths)
    chosen: list[int] = []
    for group in range(groups):
        x = (group + 0.5) / groups
        for place, p in enumerate(order):
            # Places 0..1 from load-heavy to load-light; the density falls or rises linearly.
            lean = 1 - 2 * place / max(len(order) - 1, 1)
            density = 1 + kind.grade * lean * (1 - 2 * x)
            error[p] += density * paths[p].groups / groups
        best = max((p for p in order if left[p]), key=lambda p: error[p])
        error[best] -= 1.0
        left[best] -= 1
        chosen.append(best)
    return chosen


def _load_share(path: Path) -> float:
    """How much more a path asks of the load engine than of flow."""
    loads = sum(step.demand.load for step, _ in path.steps)
    flows = sum(step.demand.flow + 2 * (bits == 2) for step, bits in path.steps)
    return TUNING.load_weight * loads - flows

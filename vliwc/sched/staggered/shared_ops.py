"""Shared operations counted among those of the group that needs them first.

Limits on groups in flight and the scratch kept for the oldest group then hold for them as well.
Otherwise the addresses of groups that are far from their turn fill scratch when it is short.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vliwc.jit import jit
from vliwc.sched.problem.dense import Dense, Ints
from vliwc.sched.problem.paths import topological_order
from vliwc.sched.problem.problem import ScheduleProblem


def with_shared_in_groups(problem: ScheduleProblem) -> ScheduleProblem:
    """The same problem, but each shared operation belongs to the first group that waits for it.

    Schedules of either problem are schedules of the other one.
    """
    dense = problem.dense
    first_group = _first_groups(dense, topological_order(dense))
    return replace(problem, dense=dense._replace(group=first_group))


@jit
def _first_groups(p: Dense, topo: Ints) -> Ints:
    """For every operation its group, or that of the first group among its successors."""
    first_group = p.group.copy()
    for i in range(len(topo) - 1, -1, -1):
        op = topo[i]
        if p.group[op] >= 0:
            continue
        first = np.int32(-1)
        for s in range(p.succ_ptr[op], p.succ_ptr[op + 1]):
            g = first_group[p.succ[s]]
            if g >= 0 and (first < 0 or g < first):
                first = g
        first_group[op] = first
    return first_group

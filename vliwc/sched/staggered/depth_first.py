"""The last resort when scratch is short: operations in depth-first order, a few at a time.

Neighbours in that order form groups, and all of scratch is kept for the oldest group, so that the
order is kept as well; the smaller the groups, the less scratch is needed and the longer the
schedule becomes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vliwc.sched.problem.paths import depth_first
from vliwc.sched.problem.problem import ScheduleProblem


def in_chunks(problem: ScheduleProblem, size: int) -> ScheduleProblem:
    """The same problem with groups of ``size`` neighbours in depth-first order.

    Schedules of either problem are schedules of the other one.
    """
    order = depth_first(problem.dense)
    group = np.empty(len(order), dtype=np.int32)
    group[order] = np.arange(len(order), dtype=np.int32) // size
    groups = -(-len(order) // size)
    return replace(problem, dense=problem.dense._replace(group=group, n_groups=groups))

"""The last resort when scratch is short: operations in depth-first order, a few at a time.

From every result backwards, operands first: an order in which few values live at once (Sethi and
Ullman 1970 choose the best such order for trees).  Neighbours in it form groups, and all of
scratch is kept for the oldest group, so that the order is kept as well; the smaller the groups,
the less scratch is needed and the longer the schedule becomes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vliwc.sched.problem.dense import Dense, Ints
from vliwc.sched.problem.paths import CyclicProblem
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


def depth_first(p: Dense) -> Ints:
    """All operations, each after its predecessors and as late as its first successor allows.

    Raises :class:`vliwc.sched.problem.paths.CyclicProblem` if there is no such order.
    """
    n = len(p.lanes)
    succ: list[int] = p.succ.tolist()
    rows: list[int] = p.succ_ptr.tolist()
    before: list[list[int]] = [[] for _ in range(n)]
    for op in range(n):
        for t in succ[rows[op] : rows[op + 1]]:
            before[t].append(op)
    order: list[int] = []
    seen = [False] * n
    under_way = [False] * n
    for sink in (op for op in range(n) if rows[op] == rows[op + 1]):
        stack = [(sink, 0)]
        while stack:
            op, position = stack.pop()
            if seen[op]:
                continue
            if position == 0 and under_way[op]:
                raise CyclicProblem(f"operations wait for each other, number {op} among them")
            under_way[op] = True
            if position < len(before[op]):
                stack.append((op, position + 1))
                stack.append((before[op][position], 0))
            else:
                seen[op] = True
                order.append(op)
    if len(order) < n:
        raise CyclicProblem(f"{n - len(order)} operations wait for each other, all without end")
    return np.array(order, dtype=np.int32)

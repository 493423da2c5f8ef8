"""Paths through a scheduling problem: one topological order, durations, heads and tails."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vliwc.jit import jit
from vliwc.sched.problem.dense import NO_ENGINE, Dense, Ints
from vliwc.sched.problem.problem import ScheduleProblem

Floats = NDArray[np.float64]


class CyclicProblem(Exception):
    """Operations of a scheduling problem wait for each other."""


def topological_order(p: Dense) -> Ints:
    """An order in which every operation follows its predecessors.

    Raises :class:`CyclicProblem` if there is none.
    """
    order = _topological_prefix(p)
    if len(order) < len(p.lanes):
        left = np.setdiff1d(np.arange(len(p.lanes)), order)
        raise CyclicProblem(
            f"{len(left)} operations wait for each other, number {left[0]} among them"
        )
    return order


@jit
def _topological_prefix(p: Dense) -> Ints:
    """As many operations as possible so that every one follows its predecessors."""
    n = len(p.lanes)
    waiting = p.n_preds.copy()
    order = np.empty(n, dtype=np.int32)
    filled = 0
    for op in range(n):
        if waiting[op] == 0:
            order[filled] = op
            filled += 1
    at = 0
    while at < filled:
        op = order[at]
        at += 1
        for s in range(p.succ_ptr[op], p.succ_ptr[op + 1]):
            t = p.succ[s]
            waiting[t] -= 1
            if waiting[t] == 0:
                order[filled] = t
                filled += 1
    return order[:filled]


@jit
def durations(p: Dense) -> Floats:
    """Cycles an operation occupies at least: barriers none, those without a vector form several."""
    n = len(p.lanes)
    found = np.ones(n)
    for op in range(n):
        c = p.resource_class[op]
        if p.class_vector[c] == 0:
            scalarised = p.class_scalarised[c]
            if scalarised < 0 or scalarised == NO_ENGINE:
                found[op] = 0.0
            elif p.serial[op] == 1:
                found[op] = p.lanes[op]
            else:
                found[op] = (p.lanes[op] + p.capacity[scalarised] - 1) // p.capacity[scalarised]
    return found


def earliest_and_latest(problem: ScheduleProblem) -> tuple[Floats, Floats]:
    """For each operation the cycles that must pass before its start and after its end."""
    dense = problem.dense
    return heads_and_tails(dense, topological_order(dense), durations(dense))


@jit
def heads_and_tails(p: Dense, topo: Ints, duration: Floats) -> tuple[Floats, Floats]:
    """Earliest start of each operation, and cycles that must follow its end."""
    n = len(p.lanes)
    head = np.zeros(n)
    tail = np.zeros(n)
    for i in range(n):
        op = topo[i]
        for s in range(p.succ_ptr[op], p.succ_ptr[op + 1]):
            t = p.succ[s]
            gap = duration[op] - 1.0 + p.succ_latency[s]
            head[t] = max(head[t], head[op] + max(gap, 0.0))
    for i in range(n - 1, -1, -1):
        op = topo[i]
        for s in range(p.succ_ptr[op], p.succ_ptr[op + 1]):
            t = p.succ[s]
            follow = tail[t] + duration[t] - 1.0 + p.succ_latency[s]
            tail[op] = max(tail[op], follow)
    return head, tail

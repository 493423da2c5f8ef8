"""Orders of a scheduling problem and its longest paths: every walk over the dependences is here.

A longest path adds up one number for each dependence on it.  Heads and tails (in cycles), tails
within a group, depths and weighted paths differ in these numbers only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vliwc.jit import jit
from vliwc.sched.problem.dense import Dense, Ints
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


def depth_first(p: Dense, *, longest_first: bool = False) -> Ints:
    """An order that finishes one thing before the next, so that few values live at once.

    Operations without successors are taken by number, each after what it still needs: its
    predecessors by number, or with ``longest_first`` those with more operations on the longest
    path to them first (Sethi and Ullman 1970 choose the best such order for trees).

    Raises :class:`CyclicProblem` if operations wait for each other.
    """
    topo = topological_order(p)
    n = len(p.lanes)
    source = edge_sources(p)
    depth = longest_from_start(p, topo, np.ones(len(source)))
    by_target = (source, -depth[source], p.succ) if longest_first else (source, p.succ)
    before: list[int] = source[np.lexsort(by_target)].tolist()
    ptr: list[int] = np.concatenate([[0], np.cumsum(p.n_preds)]).tolist()
    done = [False] * n
    found: list[int] = []
    for sink in np.flatnonzero(np.diff(p.succ_ptr) == 0).tolist():
        stack: list[tuple[int, int]] = [(sink, ptr[sink])]
        while stack:
            op, at = stack.pop()
            if done[op]:
                continue
            if at < ptr[op + 1]:
                stack.append((op, at + 1))
                if not done[before[at]]:
                    stack.append((before[at], ptr[before[at]]))
            else:
                done[op] = True
                found.append(op)
    return np.array(found, dtype=np.int32)


def edge_sources(p: Dense) -> Ints:
    """(e,) the operation that each dependence leaves."""
    return np.repeat(np.arange(len(p.lanes), dtype=np.int32), np.diff(p.succ_ptr))


@jit
def longest_from_start(p: Dense, topo: Ints, length: Floats) -> Floats:
    """(n,) the largest sum of ``length`` (e,) over the dependences of a path to each operation; 0
    at least.  ``topo`` is a topological order."""
    found = np.zeros(len(topo))
    for i in range(len(topo)):
        op = topo[i]
        for s in range(p.succ_ptr[op], p.succ_ptr[op + 1]):
            found[p.succ[s]] = max(found[p.succ[s]], found[op] + length[s])
    return found


@jit
def longest_to_end(p: Dense, topo: Ints, length: Floats) -> Floats:
    """(n,) the largest sum of ``length`` (e,) over the dependences of a path from each operation;
    0 at least.  ``topo`` is a topological order."""
    found = np.zeros(len(topo))
    for i in range(len(topo) - 1, -1, -1):
        op = topo[i]
        for s in range(p.succ_ptr[op], p.succ_ptr[op + 1]):
            found[op] = max(found[op], found[p.succ[s]] + length[s])
    return found


def durations(p: Dense) -> Floats:
    """(n,) cycles from the first to the last slot of an operation, both included, at least: 1 with
    a vector form, several with a scalarised form only, 0 without a form."""
    scalarised = p.class_scalarised[p.resource_class]
    slots = np.maximum(p.capacity[scalarised], 1)
    by_lane = np.where(p.serial == 1, p.lanes, (p.lanes + slots - 1) // slots)
    one_form = np.where(scalarised < 0, 0, by_lane)
    return np.where(p.class_vector[p.resource_class] == 0, one_form, 1).astype(np.float64)


def spans(problem: ScheduleProblem) -> Floats:
    """(n,) cycles that an operation occupies at least: its duration in a project; on a machine
    those of its slots, and one for an operation without a form, which has a cycle as well."""
    if problem.renewable is not None:
        return problem.renewable.duration.astype(np.float64)
    return np.maximum(durations(problem.dense), 1.0)


def heads_and_tails(problem: ScheduleProblem) -> tuple[Floats, Floats]:
    """(n,) earliest start of each operation as far as dependences tell, and cycles that must follow
    its last cycle.

    Raises :class:`CyclicProblem` if operations wait for each other.
    """
    dense = problem.dense
    topo, span, source = topological_order(dense), spans(problem), edge_sources(dense)
    between = dense.succ_latency - 1.0
    heads = longest_from_start(dense, topo, span[source] + between)
    return heads, longest_to_end(dense, topo, span[dense.succ] + between)

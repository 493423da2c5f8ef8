"""Better modes for a project: one task's mode is changed after the other, as long as that helps.

A choice is worth what the serial scheme and one justification make of it
(:mod:`vliwc.sched.projects.network`), with the longest path to the end as the order; of equal
makespans the one with earlier ends is better.  First improvement, in a fixed order: Hartmann,
*Project scheduling with multiple modes: a genetic algorithm* (2001), improves children so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from vliwc.sched.problem.dense import Ints
from vliwc.sched.problem.modes import executable
from vliwc.sched.problem.paths import longest_to_end, topological_order
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.view import View
from vliwc.sched.projects.network import justify, last_end, network_of, order_by, place_serially

MAX_CELLS: Final = 4_000_000
"""Cycles of tasks looked at in all: about half a second."""


def improved_modes(problem: ScheduleProblem, choice: Sequence[int]) -> list[int]:
    """The modes ``choice`` (from 0), or better ones; nothing is consumed beyond its amount if that
    is so for ``choice``."""
    modes, renewable = problem.modes, problem.renewable
    if modes is None or renewable is None:
        raise ValueError("the problem has no modes")
    if not len(problem):
        return list(choice)
    possible = executable(modes, renewable.capacity)
    rows = modes.ptr[:-1] + np.array(choice, dtype=np.int32)
    used = modes.consumption[rows].astype(np.int64).sum(axis=0)
    value = _Value(problem)
    best = value.of(rows)
    before: tuple[int, int] | None = None
    while best != before and value.cells < MAX_CELLS:
        before = best
        for task, (low, high) in enumerate(zip(modes.ptr, modes.ptr[1:], strict=False)):
            for row in range(low, high):
                old = rows[task]
                after = used + modes.consumption[row] - modes.consumption[old]
                if row == old or not possible[row] or (after > modes.amount).any():
                    continue
                if value.cells >= MAX_CELLS:
                    break
                rows[task] = row
                found = value.of(rows)
                if found < best:
                    best, used = found, after
                else:
                    rows[task] = old
    return (rows - modes.ptr[:-1]).tolist()


class _Value:
    """What choices of modes are worth; ``cells``: what finding that out has taken."""

    def __init__(self, problem: ScheduleProblem) -> None:
        modes = problem.modes
        if modes is None:
            raise ValueError("the problem has no modes")
        self.modes, self.dense = modes, problem.dense
        view = View.of(problem)
        longest = int(np.maximum.reduceat(modes.duration, modes.ptr[:-1]).sum())
        lags = sum(max(edge.latency - 1, 0) for edge in view.dependences)
        forward, back = network_of(view)
        horizon = longest + lags + 1
        self.forward, self.back = forward._replace(horizon=horizon), back._replace(horizon=horizon)
        self.topo = topological_order(self.dense)
        n = len(view)
        self.order, self.start = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
        self.free = np.empty((horizon, len(forward.capacity)), dtype=np.int32)
        self.cells = 0

    def of(self, rows: Ints) -> tuple[int, int]:
        """Makespan and the sum of all ends."""
        duration = np.ascontiguousarray(self.modes.duration[rows])
        demand = np.ascontiguousarray(self.modes.demand[rows])
        forward = self.forward._replace(duration=duration, demand=demand)
        back = self.back._replace(duration=duration, demand=demand)
        length = (duration[self.dense.succ] + self.dense.succ_latency - 1).astype(np.float64)
        tail = duration + longest_to_end(self.dense, self.topo, length)
        order_by(forward, (-tail).astype(np.int32), self.order)
        self.cells += place_serially(forward, self.order, self.free, self.start)
        self.cells += justify(forward, back, self.start, self.free)
        return last_end(forward, self.start), int((self.start + duration).sum())

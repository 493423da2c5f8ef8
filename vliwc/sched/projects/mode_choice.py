"""Choosing modes greedily: the serial scheme, in which each task takes the mode that suits it best.

Kolisch and Drexl, *Local search for nonpreemptive multi-mode resource-constrained project
scheduling* (1997), build schedules so, with a look at what the tasks that are left consume at
least.  :data:`RULES` says what "best" is; the shortest of the schedules gives the modes, which
:mod:`vliwc.sched.projects.mode_moves` improves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.modes import executable
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.renewable import Modes
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.problem.view import View
from vliwc.sched.projects.mode_moves import improved_modes

Longs = NDArray[np.int64]


@dataclass(frozen=True)
class _Way:
    """A mode that a task could take next: when it would end, the part of all resources that it
    works on (summed over them), the part of what there is that it consumes."""

    row: int
    start: int
    end: int
    work: float
    consumed: float


RULES: Final[tuple[Callable[[_Way], tuple[float, ...]], ...]] = (
    lambda way: (way.end, way.work, way.consumed, way.row),
    lambda way: (way.end + way.work, way.end, way.row),
    lambda way: (way.work, way.end, way.row),
    lambda way: (way.consumed, way.end, way.row),
)
"""The least is taken: as early an end as possible, that with the work on resources counted, as
little work, as little consumption."""


def choose_modes(problem: ScheduleProblem) -> list[int]:
    """A mode for each task, from 0, so that nothing is consumed beyond its amount.

    Raises :class:`OutOfScratch` if no such choice was found (finding one is NP-complete).
    """
    modes, renewable = problem.modes, problem.renewable
    if modes is None or renewable is None:
        raise ValueError("the problem has no modes")
    scheme = _Scheme(problem, modes, renewable.capacity.astype(np.int64))
    found = [made for rule in RULES if (made := scheme.run(rule)) is not None]
    if found:
        return improved_modes(problem, min(found, key=lambda made: made[0])[1])
    return improved_modes(problem, _least_excess(modes, scheme.possible))


def in_modes(problem: ScheduleProblem, made: Schedule, choice: list[int]) -> Schedule:
    """A schedule of the project with the modes ``choice`` as one of the problem with modes; what
    was proved for these modes says nothing about others, so the bound is the problem's own."""
    bound = lower_bound(problem)
    return replace(
        made,
        mode=np.array(choice, dtype=np.int32),
        status="optimal" if made.cycles == bound.cycles else "feasible",
        lower_bound=bound.cycles,
        bound_reason=bound.reason,
    )


class _Scheme:
    """The serial scheme over modes; tasks with much after them come first."""

    def __init__(self, problem: ScheduleProblem, modes: Modes, capacity: Longs) -> None:
        view = View.of(problem)
        self.view, self.modes, self.capacity = view, modes, capacity
        self.ptr: list[int] = modes.ptr.tolist()
        self.duration: list[int] = modes.duration.tolist()
        self.demand = modes.demand.astype(np.int64)
        self.consumption = modes.consumption.astype(np.int64)
        self.possible = executable(modes, problem.renewable.capacity) if problem.renewable else None
        longest = [max(self.duration[a:b]) for a, b in zip(self.ptr, self.ptr[1:], strict=False)]
        lags = sum(max(edge.latency - 1, 0) for edge in view.dependences)
        self.horizon = sum(longest) + lags + 1
        share = self.demand / np.maximum(capacity, 1)
        self.work: list[float] = (share.sum(axis=1) * modes.duration).tolist()
        part = self.consumption / np.maximum(modes.amount, 1)
        self.part: list[float] = part.sum(axis=1).tolist()
        # The least that each task consumes, resource by resource.
        n = len(view)
        self.least = (
            np.minimum.reduceat(self.consumption, modes.ptr[:-1], axis=0)
            if n
            else np.zeros((0, len(modes.names)), dtype=np.int64)
        )

    def run(self, rule: Callable[[_Way], tuple[float, ...]]) -> tuple[int, list[int]] | None:
        """Cycles and modes; None if what is left of a nonrenewable resource is not enough."""
        view = self.view
        n = len(view)
        free = np.repeat(self.capacity[None, :], self.horizon + 1, axis=0)
        left = self.modes.amount.astype(np.int64) - self.least.sum(axis=0)
        waiting = [len(row) for row in view.predecessors]
        eligible = [op for op in range(n) if not waiting[op]]
        end = [0] * n
        choice = [0] * n
        while eligible:
            op = max(eligible, key=lambda k: (view.tails[k] + view.span[k], -k))
            eligible.remove(op)
            at = max((end[p] + lag - 1 for p, lag in view.predecessors[op]), default=0)
            way = min(self._ways(op, max(at, 0), free, left), key=rule, default=None)
            if way is None:
                return None
            free[way.start : way.end] -= self.demand[way.row]
            left -= self.consumption[way.row] - self.least[op]
            end[op], choice[op] = way.end, way.row - self.ptr[op]
            for target, _ in view.successors[op]:
                waiting[target] -= 1
                if not waiting[target]:
                    eligible.append(target)
        return max(end, default=0), choice

    def _ways(self, op: int, at: int, free: Longs, left: Longs) -> list[_Way]:
        """What the task could do next, no earlier than ``at``."""
        found: list[_Way] = []
        for row in range(self.ptr[op], self.ptr[op + 1]):
            extra = self.consumption[row] - self.least[op]
            if self.possible is None or not self.possible[row] or (extra > left).any():
                continue
            duration, start = self.duration[row], at
            while duration:
                room = free[start : start + duration]
                blocked = np.flatnonzero((room < self.demand[row]).any(axis=1))
                if not len(blocked):
                    break
                start += int(blocked[-1]) + 1
            found.append(_Way(row, start, start + duration, self.work[row], self.part[row]))
        return found


def _least_excess(modes: Modes, possible: NDArray[np.bool_] | None) -> list[int]:
    """Modes that consume no more than there is, by changing one task's mode after the other so that
    the excess, relative to the amounts, shrinks most."""
    starts: list[int] = modes.ptr.tolist()
    part = modes.consumption / np.maximum(modes.amount, 1)
    rows = [
        [row for row in range(low, high) if possible is None or possible[row]]
        for low, high in zip(starts, starts[1:], strict=False)
    ]
    chosen = [min(own, key=lambda row: (float(part[row].sum()), row)) for own in rows]
    limit = modes.amount / np.maximum(modes.amount, 1)
    while (excess := _excess(part[chosen].sum(axis=0), limit)) > 1e-9:
        used = part[chosen].sum(axis=0)
        moves = [
            (_excess(used - part[chosen[op]] + part[row], limit), op, row)
            for op, own in enumerate(rows)
            for row in own
            if row != chosen[op]
        ]
        best = min(moves, default=(excess, 0, 0))
        if best[0] >= excess - 1e-12:
            raise OutOfScratch("no choice of modes was found that consumes no more than there is")
        chosen[best[1]] = best[2]
    return [row - low for row, low in zip(chosen, starts, strict=False)]


def _excess(used: Sequence[float] | NDArray[np.float64], limit: NDArray[np.float64]) -> float:
    return float(np.maximum(np.asarray(used) - limit, 0.0).sum())

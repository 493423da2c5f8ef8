"""Schedule generation for projects: serial and parallel schemes, and justification.

Kolisch, *Serial and parallel resource-constrained project scheduling methods revisited* (1996);
Valls, Ballestín and Quintanilla, *Justification and RCPSP* (2005).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.dense import NO_ENGINE
from vliwc.sched.problem.paths import Floats
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Schedule
from vliwc.sched.problem.view import View


@dataclass(frozen=True)
class _Network:
    """What the schemes read; ``mirrored`` turns it around in time."""

    duration: list[int]
    demand: np.ndarray[tuple[int, int], np.dtype[np.int64]]
    capacity: np.ndarray[tuple[int], np.dtype[np.int64]]
    predecessors: list[list[tuple[int, int]]]
    successors: list[list[tuple[int, int]]]
    horizon: int

    @staticmethod
    def of(view: View) -> _Network:
        renewable = view.problem.renewable
        if renewable is None:
            raise ValueError("not a project: the problem has no renewable resources")
        lags = sum(max(edge.latency - 1, 0) for edge in view.dependences)
        return _Network(
            view.duration,
            renewable.demand.astype(np.int64),
            renewable.capacity.astype(np.int64),
            view.predecessors,
            view.successors,
            sum(view.duration) + lags + 1,
        )

    def mirrored(self) -> _Network:
        return replace(self, predecessors=self.successors, successors=self.predecessors)

    def earliest(self, op: int, start: Sequence[int]) -> int:
        """The earliest start after the predecessors, which have started."""
        return max(
            (start[p] + self.duration[p] - 1 + lag for p, lag in self.predecessors[op]), default=0
        )


def serial_scheme(network: _Network, scores: Floats) -> list[int]:
    """Starts: operation by operation, the most urgent eligible one, as early as it fits."""
    n = len(network.duration)
    free = np.repeat(network.capacity[None, :], network.horizon + 1, axis=0)
    waiting = [len(row) for row in network.predecessors]
    eligible = [op for op in range(n) if not waiting[op]]
    start = [0] * n
    while eligible:
        op = max(eligible, key=lambda k: (scores[k], -k))
        eligible.remove(op)
        duration = network.duration[op]
        at = max(network.earliest(op, start), 0)
        while duration:
            blocked = np.flatnonzero((free[at : at + duration] < network.demand[op]).any(axis=1))
            if not len(blocked):
                free[at : at + duration] -= network.demand[op]
                break
            at += int(blocked[-1]) + 1
        start[op] = at
        for target, _ in network.successors[op]:
            waiting[target] -= 1
            if not waiting[target]:
                eligible.append(target)
    return start


def parallel_scheme(network: _Network, scores: Floats) -> list[int]:
    """Starts: moment by moment, the most urgent operations that fit (Graham's list scheduling)."""
    n = len(network.duration)
    free = np.repeat(network.capacity[None, :], network.horizon + 1, axis=0)
    waiting = [len(row) for row in network.predecessors]
    order = sorted(range(n), key=lambda k: (-scores[k], k))
    ready = {op: 0 for op in range(n) if not waiting[op]}
    start = [0] * n
    moment = 0
    left = n
    while left:
        progress = True
        while progress:
            progress = False
            for op in order:
                if ready.get(op, network.horizon) > moment:
                    continue
                duration = network.duration[op]
                # All that is placed has begun: no later cycle is fuller than this one.
                if duration and (free[moment] < network.demand[op]).any():
                    continue
                free[moment : moment + duration] -= network.demand[op]
                start[op] = moment
                del ready[op]
                left -= 1
                progress = True
                for target, _ in network.successors[op]:
                    waiting[target] -= 1
                    if not waiting[target]:
                        ready[target] = max(network.earliest(target, start), 0)
        moment += 1
    return start


def length(network: _Network, start: Sequence[int]) -> int:
    """Cycles until the last operation has ended."""
    return max((s + d for s, d in zip(start, network.duration, strict=True)), default=0)


def justified(network: _Network, start: list[int]) -> list[int]:
    """Shift all operations right, then left, latest and earliest ends first: never longer."""
    mirrored = network.mirrored()
    ends = np.array([s + d for s, d in zip(start, network.duration, strict=True)], float)
    right = serial_scheme(mirrored, ends)
    # In mirrored time a large end is an early start.
    starts = np.array([s + d for s, d in zip(right, network.duration, strict=True)], float)
    left = serial_scheme(network, starts)
    return left if length(network, left) <= length(network, start) else start


def best_project_schedule(
    view: View, scores: Sequence[Floats], name: str, *, passes: int
) -> Schedule:
    """The shortest schedule over all scores, both schemes, and ``passes`` justifications each."""
    network = _Network.of(view)
    bound = lower_bound(view.problem)
    best: list[int] | None = None
    for score in scores:
        for start in (serial_scheme(network, score), parallel_scheme(network, score)):
            for _ in range(passes):
                start = justified(network, start)
            if best is None or length(network, start) < length(network, best):
                best = start
        if length(network, best or []) == bound.cycles:
            break
    return project_schedule(view.problem, best or [], name)


def project_schedule(
    problem: ScheduleProblem,
    start: Sequence[int],
    name: str,
    *,
    bound: tuple[int, str] | None = None,
    statistics: dict[str, float | int | str] | None = None,
) -> Schedule:
    """The schedule of a project with the given starts; ``bound``: a better proved one."""
    renewable = problem.renewable
    if renewable is None:
        raise ValueError("not a project: the problem has no renewable resources")
    analytic = lower_bound(problem)
    cycles, reason = analytic.cycles, analytic.reason
    if bound is not None and bound[0] > cycles:
        cycles, reason = bound
    begin = np.array(start, dtype=np.int32)
    total = int((begin + renewable.duration).max(initial=0))
    return Schedule(
        total,
        np.full(len(begin), NO_ENGINE, dtype=np.int32),
        begin,
        np.full(len(begin), -1, dtype=np.int32),
        0,
        name,
        status="optimal" if total == cycles else "feasible",
        lower_bound=cycles,
        bound_reason=reason,
        statistics=statistics or {},
    )

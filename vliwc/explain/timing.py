"""When each operation of a schedule could run and ran, and how long its result is kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vliwc.sched.problem.dense import N_ENGINES
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Schedule

Cycles = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Timing:
    """Cycles of the schedule, by operation.

    ``first`` and ``last`` (n,): of its first and its last lane.  ``ready`` (n,): the first in which
    everything that it depends on is done.  ``waits_for`` (n,): the operation that was done last of
    those, -1 if there is none.  ``until`` (n,): the result takes its words after each of the cycles
    ``first .. until - 1``, from the start if nothing executes it; ``first`` without a result.
    ``held`` (cycles,): words taken after each cycle by all results together.
    """

    first: Cycles
    last: Cycles
    ready: Cycles
    waits_for: Cycles
    until: Cycles
    held: Cycles


def timing(problem: ScheduleProblem, schedule: Schedule) -> Timing:
    """The times of all operations of a schedule."""
    p = problem.dense
    n = len(p.lanes)
    cycle = schedule.lane_cycle.astype(np.int64)
    first = np.minimum.reduceat(cycle, p.lane_ptr[:-1]) if n else cycle
    last = np.maximum.reduceat(cycle, p.lane_ptr[:-1]) if n else cycle
    source = np.repeat(np.arange(n), np.diff(p.succ_ptr))
    done = last[source] + p.succ_latency
    ready = np.zeros(n, dtype=np.int64)
    np.maximum.at(ready, p.succ, done)
    waits_for = np.full(n, -1, dtype=np.int64)
    latest = done == ready[p.succ]
    waits_for[p.succ[latest]] = source[latest]
    until = last + 1
    reader = np.repeat(np.arange(n), np.diff(p.use_ptr))
    np.maximum.at(until, p.use, last[reader])
    until[p.width == 0] = first[p.width == 0]
    # What nothing executes is zero, and takes its words, from the start.
    held_from = np.where(schedule.engine < N_ENGINES, first, 0)
    held = _held(p.width, held_from, until, schedule)
    return Timing(first, last, ready, waits_for, until, held)


def _held(width: NDArray[np.int32], first: Cycles, until: Cycles, schedule: Schedule) -> Cycles:
    """Words held after each cycle, shape (cycles,)."""
    change = np.zeros(schedule.cycles + 1, dtype=np.int64)
    np.add.at(change, first, width)
    np.subtract.at(change, np.minimum(until, schedule.cycles), width)
    return np.cumsum(change)[: schedule.cycles]

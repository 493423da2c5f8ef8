"""Running the core on problems put together by hand, and an executor that knows only words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vliwc.sched.problem.dense import N_ENGINES, NO_ENGINE, Ints
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Schedule
from vliwc.sched.staggered.core import (
    N_STATS,
    NO_LIMIT,
    STUCK,
    Cutoff,
    list_schedule,
    no_cutoff,
)
from vliwc.sched.staggered.deadlines import first_in_group


def ints(words: Sequence[int]) -> Ints:
    return np.array(list(words), dtype=np.int32)


def run_core(
    problem: ScheduleProblem,
    rank: Sequence[int] | None = None,
    *,
    urgent: Sequence[int] | None = None,
    release: Sequence[int] | None = None,
    group_order: Sequence[int] | None = None,
    in_flight: int | None = None,
    reserve: int = 0,
    flow_queue: int = 0,
    horizon: int = 1000,
    known: Cutoff | None = None,
    limit: int = NO_LIMIT,
) -> Schedule:
    """One run of the core; operations are urgent in the order of their numbers by default."""
    dense = problem.dense
    n = len(problem)
    engine, address = np.empty(n, np.int32), np.empty(n, np.int32)
    lane_cycle, stats = np.zeros(int(dense.lane_ptr[-1]), np.int32), np.zeros(N_STATS, np.int32)
    cycles = list_schedule(
        dense,
        ints(rank if rank is not None else range(n)),
        ints(urgent if urgent is not None else [0] * n),
        ints(release if release is not None else [0] * n),
        first_in_group(dense),
        ints(group_order if group_order is not None else range(dense.n_groups)),
        in_flight if in_flight is not None else dense.n_groups + 1,
        reserve,
        flow_queue,
        horizon,
        no_cutoff(dense) if known is None else known,
        limit,
        engine,
        lane_cycle,
        address,
        stats,
    )
    return Schedule(
        cycles,
        engine,
        lane_cycle,
        address,
        int(stats[0]),
        "core",
        statistics={"left": int(stats[1])},
    )


def cycles_of(problem: ScheduleProblem, schedule: Schedule, op: int) -> list[int]:
    """The cycles of the lanes of an operation."""
    rows = problem.dense.lane_ptr
    return schedule.lane_cycle[rows[op] : rows[op + 1]].tolist()


def is_stuck(schedule: Schedule) -> bool:
    return schedule.cycles == STUCK


def execute(problem: ScheduleProblem, schedule: Schedule) -> str | None:
    """Play the schedule on words that remember who wrote them; what goes wrong first, or None.

    An operation reads the words of its operands in all its cycles and writes its own words in
    all its cycles; reads come before writes. It may find its operands' words changed, its own
    words written by others between its lanes, or a word that should be zero written.
    """
    p = problem.dense
    n = len(problem)
    owner: list[int | None] = [None] * p.words
    started: set[int] = set()
    cycles = [cycles_of(problem, schedule, op) for op in range(n)]
    for now in range(schedule.cycles):
        active = [op for op in range(n) if now in cycles[op]]
        for op in active:
            for source in p.use[p.use_ptr[op] : p.use_ptr[op + 1]].tolist():
                # Nothing makes a zero; it is there as long as nobody has written its words.
                is_zero = schedule.engine[source] == NO_ENGINE
                if max(cycles[source]) >= now + is_zero:
                    return f"{op} reads {source} before it is complete"
                at = int(schedule.address[source])
                wanted = None if is_zero else source
                if any(owner[w] != wanted for w in range(at, at + int(p.width[source]))):
                    return f"{op} finds something else than {source} in cycle {now}"
        written: set[int] = set()
        for op in active:
            at, width = int(schedule.address[op]), int(p.width[op])
            words = range(at, at + width)
            if width and (at < 0 or at + width > p.words):
                return f"{op} lies outside scratch"
            started.add(op)
            if schedule.engine[op] == NO_ENGINE:
                continue
            if any(w in written for w in words):
                return f"{op} writes words that another one writes in cycle {now}"
            if now > min(cycles[op]) and any(owner[w] != op for w in words):
                return f"{op} has lost words between its lanes"
            written.update(words)
        for op in active:
            if schedule.engine[op] == NO_ENGINE:
                continue
            for w in range(int(schedule.address[op]), int(schedule.address[op] + p.width[op])):
                owner[w] = op
    return None if all(op in started for op in range(n)) else "something was never executed"


def slots_in(problem: ScheduleProblem, schedule: Schedule, now: int) -> list[int]:
    """Slots of each engine that a cycle uses, counted operation by operation."""
    p = problem.dense
    used = [0] * N_ENGINES
    for op in range(len(problem)):
        e = int(schedule.engine[op])
        here = cycles_of(problem, schedule, op).count(now)
        if e < N_ENGINES and here:
            used[e] += here if e == p.class_scalarised[p.resource_class[op]] else 1
    return used

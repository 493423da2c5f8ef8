"""Windows of groups and the policy of the list scheduler: one schedule is a function of the two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from vliwc.jit import jit
from vliwc.sched.problem.dense import Dense, Ints
from vliwc.sched.problem.paths import Floats
from vliwc.sched.staggered.core import Cutoff, list_schedule
from vliwc.sched.staggered.deadlines import Tails, by_deadline, deadlines, planned_cycles


@dataclass(frozen=True)
class WindowTuning:
    """The tuned number of this module; by hand on ``python -m benchmarks.suite``."""

    lead: float = 200.0
    """Cycles before its deadline from which on a shared operation may issue: its result takes
    scratch until it is used, and engines idle at the start if it comes too late."""


_LEAD = WindowTuning().lead


class Policy(NamedTuple):
    """What the list scheduler is told besides windows.  All are floats, so that compiled code takes
    the tuple as it is and annealing can change any of them; whole numbers are rounded down."""

    prefetch: float = 1.0
    """Part of the time until its group starts after which an operation that waits for nothing in
    the group is due."""
    reserve: float = 0.0
    """Vector slots of scratch that only the oldest unfinished group may use."""
    flow_queue: float = 1.0
    """Flow-only operations that may wait while one that can run elsewhere takes the flow engine."""
    patience: float = 0.0
    """Cycles after its (stretched) deadline up to which an operation that flow can execute leaves
    the slots of arithmetic to others."""
    stretch: float = 1.0
    """Planned cycles for one cycle of deadlines."""
    in_flight: float = float(1 << 30)
    """Groups that may be under way at a time."""


class GroupWindows(NamedTuple):
    """What a schedule is made from, and what a search changes."""

    start: Floats
    """(groups,) the cycle in which each group should start."""
    end: Floats
    """(groups,) the cycle in which it should end."""
    policy: Policy
    bias: Floats
    """(n,) cycles added to the deadline of each operation."""


@jit
def schedule_windows(
    p: Dense,
    tails: Tails,
    windows: GroupWindows,
    last: float,
    horizon: int,
    known: Cutoff,
    limit: int,
    engine: Ints,
    lane_cycle: Ints,
    address: Ints,
    stats: Ints,
) -> int:
    """One list schedule; its cycles or :data:`vliwc.sched.staggered.core.STUCK`.

    ``last`` is the deadline of shared operations that nothing waits for.  Gives up after
    ``horizon`` cycles, and as soon as ``known`` tells that there will be more than ``limit``.
    Outputs as in :func:`vliwc.sched.staggered.core.list_schedule`.
    """
    policy = windows.policy
    due = windows.bias + deadlines(
        p,
        tails.topo,
        tails.duration,
        tails.tail,
        tails.longest,
        tails.first,
        windows.start,
        windows.end,
        policy.prefetch,
        last,
    )
    order = by_deadline(due)
    rank = np.empty(len(due), dtype=np.int32)
    for i in range(len(due)):
        rank[order[i]] = i
    return list_schedule(
        p,
        rank,
        planned_cycles(due, policy.stretch, policy.patience, horizon),
        planned_cycles(due, policy.stretch, -_LEAD, horizon),
        tails.first,
        np.argsort(windows.end, kind="mergesort").astype(np.int32),
        int(policy.in_flight),
        int(policy.reserve),
        int(policy.flow_queue),
        horizon,
        known,
        limit,
        engine,
        lane_cycle,
        address,
        stats,
    )

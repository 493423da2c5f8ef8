"""Simulated annealing over the windows of groups (Kirkpatrick, Gelatt and Vecchi 1983).

The list scheduler is a function from windows (when each group should start and end) to a schedule.
A chain changes the windows of a few groups, schedules again, and keeps the change if the schedule
became better or not much worse.  Everything happens in compiled code that holds no lock, so that
chains run in parallel; random numbers are drawn by a generator of our own, so that a chain gives
the same result everywhere.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vliwc.jit import jit
from vliwc.sched.anytime import expired, stoppable
from vliwc.sched.problem.dense import Dense, Ints
from vliwc.sched.problem.paths import Floats
from vliwc.sched.staggered.core import N_STATS, NO_LIMIT, Cutoff, no_cutoff
from vliwc.sched.staggered.deadlines import Tails
from vliwc.sched.staggered.windows import GroupWindows, Policy, schedule_windows

Words = NDArray[np.uint64]

WORST = 1e18
"""The cost of windows without a schedule."""


@dataclass(frozen=True)
class AnnealTuning:
    """The tuned numbers of this module; by hand on ``python -m benchmarks.suite full -O 3``."""

    overdue: float = 0.3
    """Cost in cycles of a cycle of full arithmetic work after the lower bound: less than a cycle,
    so that it only decides between schedules of equal length."""
    moves: tuple[float, ...] = (0.3, 0.6, 0.8, 0.84, 0.88, 0.91, 0.94, 0.97)
    """Cumulated probabilities of changes: of a group's start, its end, both; an exchange of two
    groups' windows, of their ends; of ``prefetch``, ``reserve``, ``flow_queue``; what is left is
    the probability of a change of ``patience``.  Windows matter more than the policy."""
    max_moves: float = 3.0
    """Changes of one step at most; each number of them is as likely."""
    prefetch_step: float = 0.1
    """Standard deviation of a change of ``prefetch``, a part of the time before a group starts."""
    reserve_step: float = 3.0
    """The same of ``reserve``, in vector slots."""
    flow_queue_step: float = 1.5
    """The same of ``flow_queue``, in operations."""
    max_flow_queue: float = 16.0
    """``flow_queue`` at most, in operations: with so many waiting, flow has work for as many
    cycles."""
    horizon_bounds: int = 2
    """A schedule is given up after so many times its lower bound ..."""
    horizon_cycles: int = 1000
    """... and so many cycles more, which leaves room where the bound is small."""


TUNING = AnnealTuning()
(
    _START,
    _END,
    _BOTH,
    _EXCHANGE,
    _EXCHANGE_ENDS,
    _PREFETCH,
    _RESERVE,
    _FLOW_QUEUE,
) = TUNING.moves
_OVERDUE = TUNING.overdue
_MAX_MOVES = TUNING.max_moves
_PREFETCH_STEP = TUNING.prefetch_step
_RESERVE_STEP = TUNING.reserve_step
_FLOW_QUEUE_STEP = TUNING.flow_queue_step
_MAX_FLOW_QUEUE = TUNING.max_flow_queue


@dataclass(frozen=True)
class Chain:
    """The result of a chain: the best windows, their cost and cycles."""

    windows: GroupWindows
    cost: float
    cycles: int


@jit
def random_unit(state: Words) -> float:
    """A number in [0, 1) from xorshift64* (Vigna 2016), by 32-bit halves of the state."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return float((x * np.uint64(2685821657736338717)) >> np.uint64(11)) / 9007199254740992.0


@jit
def random_bell(state: Words) -> float:
    """Roughly a standard normal number: the sum of four uniform ones, scaled."""
    total = 0.0
    for _ in range(4):
        total += random_unit(state)
    return (total - 2.0) * 1.7320508


@jit
def _cost(
    p: Dense,
    tails: Tails,
    windows: GroupWindows,
    bound: int,
    horizon: int,
    known: Cutoff,
    engine: Ints,
    lane_cycle: Ints,
    address: Ints,
    stats: Ints,
) -> float:
    """The cost of the schedule under ``windows``; the other arrays are working memory."""
    last = windows.end.max()
    cycles = schedule_windows(
        p, tails, windows, last, horizon, known, NO_LIMIT, engine, lane_cycle, address, stats
    )
    if cycles < 0:
        return WORST
    late = 0
    for lane in range(len(lane_cycle)):
        if lane_cycle[lane] >= bound:
            late += 1
    full = p.capacity[0] + p.capacity[1] * p.vlen
    return cycles + _OVERDUE * late / full


@jit
def _mutate(start: Floats, end: Floats, policy: Policy, scale: float, state: Words) -> Policy:
    """Change the windows of one or two groups in place, or rarely the policy; the policy."""
    groups = len(start)
    kind = random_unit(state)
    g = min(int(random_unit(state) * groups), groups - 1)
    h = min(int(random_unit(state) * groups), groups - 1)
    prefetch, reserve = policy.prefetch, policy.reserve
    flow_queue, patience = policy.flow_queue, policy.patience
    if kind < _START:
        start[g] = max(start[g] + scale * random_bell(state), 0.0)
    elif kind < _END:
        end[g] = max(end[g] + scale * random_bell(state), 1.0)
    elif kind < _BOTH:
        shift = scale * random_bell(state)
        start[g] = max(start[g] + shift, 0.0)
        end[g] = max(end[g] + shift, 1.0)
    elif kind < _EXCHANGE:
        start[g], start[h] = start[h], start[g]
        end[g], end[h] = end[h], end[g]
    elif kind < _EXCHANGE_ENDS:
        end[g], end[h] = end[h], end[g]
    elif kind < _PREFETCH:
        prefetch = min(max(prefetch + _PREFETCH_STEP * random_bell(state), 0.0), 1.0)
    elif kind < _RESERVE:
        reserve = max(reserve + _RESERVE_STEP * random_bell(state), 0.0)
    elif kind < _FLOW_QUEUE:
        changed = flow_queue + _FLOW_QUEUE_STEP * random_bell(state)
        flow_queue = min(max(changed, 0.0), _MAX_FLOW_QUEUE)
    else:
        patience += scale * random_bell(state)
    end[g] = max(end[g], start[g] + 1.0)
    end[h] = max(end[h], start[h] + 1.0)
    return Policy(prefetch, reserve, flow_queue, patience, policy.stretch, policy.in_flight)


@jit
def _chain(
    p: Dense,
    tails: Tails,
    first: GroupWindows,
    bound: int,
    horizon: int,
    known: Cutoff,
    steps: int,
    hot: float,
    cold: float,
    wide: float,
    narrow: float,
    seed: int,
    best_start: Floats,
    best_end: Floats,
    stop: Ints,
) -> tuple[float, Policy]:
    """Anneal from windows ``first`` until ``bound`` cycles are reached, or ``stop`` (1,) is not 0;
    the best cost and its policy, its windows in the output arrays."""
    state = np.empty(1, dtype=np.uint64)
    state[0] = np.uint64(seed) * np.uint64(11400714819323198485) + np.uint64(88172645463325252)
    engine = np.empty(len(p.lanes), dtype=np.int32)
    lane_cycle = np.zeros(p.lane_ptr[-1], dtype=np.int32)
    address = np.empty(len(p.lanes), dtype=np.int32)
    stats = np.zeros(N_STATS, dtype=np.int32)
    windows = first
    cost = _cost(p, tails, windows, bound, horizon, known, engine, lane_cycle, address, stats)
    best = cost
    best_start[:] = windows.start
    best_end[:] = windows.end
    best_policy = windows.policy
    for step in range(steps):
        if best <= bound or stop[0] != 0:
            break  # there is nothing left to win
        part = step / steps
        temperature = hot * (cold / hot) ** part
        scale = wide * (narrow / wide) ** part
        start, end, policy = windows.start.copy(), windows.end.copy(), windows.policy
        changes = 1 + int(random_unit(state) * _MAX_MOVES)
        for _ in range(changes):
            policy = _mutate(start, end, policy, scale, state)
        changed = GroupWindows(start, end, policy, first.bias)
        found = _cost(p, tails, changed, bound, horizon, known, engine, lane_cycle, address, stats)
        if found <= cost or random_unit(state) < np.exp((cost - found) / temperature):
            windows, cost = changed, found
            if cost < best:
                best = cost
                best_start[:] = start
                best_end[:] = end
                best_policy = policy
    return best, best_policy


@dataclass(frozen=True)
class Cooling:
    """Temperatures (in cycles) and step sizes (in cycles) at the start and end of a chain."""

    hot: float
    cold: float
    wide: float
    narrow: float


def anneal(
    p: Dense,
    tails: Tails,
    windows: GroupWindows,
    bound: int,
    steps: int,
    seed: int,
    cooling: Cooling,
    stop: Ints,
) -> Chain:
    """Run one chain of ``steps`` schedules from ``windows``, fewer once ``stop`` (1,) is not 0."""
    start, end = np.empty_like(windows.start), np.empty_like(windows.end)
    cost, policy = _chain(
        p,
        tails,
        windows,
        bound,
        TUNING.horizon_bounds * bound + TUNING.horizon_cycles,
        no_cutoff(p),
        steps,
        cooling.hot,
        cooling.cold,
        cooling.wide,
        cooling.narrow,
        seed,
        start,
        end,
        stop,
    )
    best = GroupWindows(start, end, Policy(*policy), windows.bias)
    return Chain(best, cost, int(cost) if cost < WORST else -1)


@dataclass(frozen=True, eq=False)
class _Flag:
    """Ends chains that run in other threads."""

    stop: Ints

    def stop_search(self) -> None:
        self.stop[0] = 1


def anneal_parallel(
    p: Dense,
    tails: Tails,
    starts: list[GroupWindows],
    bound: int,
    steps: int,
    seed: int,
    cooling: Cooling,
    workers: int,
) -> list[Chain]:
    """One chain from each of ``starts``, ``workers`` at a time; results in that order."""
    flag = _Flag(np.array([expired()], dtype=np.int32))

    def run(item: tuple[int, GroupWindows]) -> Chain:
        number, windows = item
        return anneal(p, tails, windows, bound, steps, seed + number, cooling, flag.stop)

    with stoppable(flag), ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run, enumerate(starts)))

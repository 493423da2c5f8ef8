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
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vliwc.jit import jit
from vliwc.sched.problem.dense import Dense, Ints
from vliwc.sched.problem.paths import Floats
from vliwc.sched.staggered.core import N_STATS, list_schedule
from vliwc.sched.staggered.deadlines import LEAD, Tails, deadlines, planned_cycles

Words = NDArray[np.uint64]

N_SETTINGS = 6
PREFETCH, RESERVE, FLOW_QUEUE, PATIENCE, STRETCH, IN_FLIGHT = range(N_SETTINGS)
"""Positions in the array of settings, which mean what they mean to
:meth:`vliwc.sched.staggered.search.Runner.run`."""

WORST = 1e18
OVERDUE = 0.3
"""Weight of the work done after the lower bound, in cycles of full work, against cycles."""


class GroupWindows(NamedTuple):
    """What a chain changes: start and end of every group in cycles, and the settings."""

    start: Floats
    end: Floats
    settings: Floats
    bias: Floats
    """(n,) cycles added to the deadline of each operation."""


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
def evaluate(
    p: Dense,
    tails: Tails,
    start: Floats,
    end: Floats,
    settings: Floats,
    bias: Floats,
    bound: int,
    horizon: int,
    engine: Ints,
    lane_cycle: Ints,
    address: Ints,
    stats: Ints,
) -> float:
    """Schedule under given windows; the cost, with the schedule in the output arrays."""
    due = bias + deadlines(
        p,
        tails.topo,
        tails.duration,
        tails.tail,
        tails.longest,
        tails.first,
        start,
        end,
        settings[PREFETCH],
        end.max(),
    )
    order = np.argsort(due, kind="mergesort")
    rank = np.empty(len(due), dtype=np.int32)
    for i in range(len(due)):
        rank[order[i]] = i
    finish = np.argsort(end, kind="mergesort").astype(np.int32)
    urgent = planned_cycles(due, settings[STRETCH], settings[PATIENCE], horizon)
    release = planned_cycles(due, settings[STRETCH], -LEAD, horizon)
    cycles = list_schedule(
        p,
        rank,
        urgent,
        release,
        tails.first,
        finish,
        int(settings[IN_FLIGHT]),
        int(settings[RESERVE]),
        int(settings[FLOW_QUEUE]),
        horizon,
        engine,
        lane_cycle,
        address,
        stats,
    )
    if cycles < 0:
        return WORST
    late = 0
    for lane in range(len(lane_cycle)):
        if lane_cycle[lane] >= bound:
            late += 1
    full = p.capacity[0] + p.capacity[1] * p.vlen
    return cycles + OVERDUE * late / full


@jit
def _mutate(start: Floats, end: Floats, settings: Floats, scale: float, state: Words) -> None:
    """Change the windows of one or two groups, or rarely a setting."""
    groups = len(start)
    kind = random_unit(state)
    g = min(int(random_unit(state) * groups), groups - 1)
    h = min(int(random_unit(state) * groups), groups - 1)
    if kind < 0.3:
        start[g] = max(start[g] + scale * random_bell(state), 0.0)
    elif kind < 0.6:
        end[g] = max(end[g] + scale * random_bell(state), 1.0)
    elif kind < 0.8:
        shift = scale * random_bell(state)
        start[g] = max(start[g] + shift, 0.0)
        end[g] = max(end[g] + shift, 1.0)
    elif kind < 0.84:
        start[g], start[h] = start[h], start[g]
        end[g], end[h] = end[h], end[g]
    elif kind < 0.88:
        end[g], end[h] = end[h], end[g]
    elif kind < 0.91:
        settings[PREFETCH] = min(max(settings[PREFETCH] + 0.1 * random_bell(state), 0.0), 1.0)
    elif kind < 0.94:
        settings[RESERVE] = max(settings[RESERVE] + 3.0 * random_bell(state), 0.0)
    elif kind < 0.97:
        settings[FLOW_QUEUE] = min(max(settings[FLOW_QUEUE] + 1.5 * random_bell(state), 0.0), 16.0)
    else:
        settings[PATIENCE] += scale * random_bell(state)
    end[g] = max(end[g], start[g] + 1.0)
    end[h] = max(end[h], start[h] + 1.0)


@jit
def _chain(
    p: Dense,
    tails: Tails,
    start: Floats,
    end: Floats,
    settings: Floats,
    bias: Floats,
    bound: int,
    horizon: int,
    steps: int,
    hot: float,
    cold: float,
    wide: float,
    narrow: float,
    seed: int,
    best_start: Floats,
    best_end: Floats,
    best_settings: Floats,
) -> float:
    """Anneal from the given windows; the best cost, its windows in the output arrays."""
    state = np.empty(1, dtype=np.uint64)
    state[0] = np.uint64(seed) * np.uint64(11400714819323198485) + np.uint64(88172645463325252)
    engine = np.empty(len(p.lanes), dtype=np.int32)
    lane_cycle = np.zeros(p.lane_ptr[-1], dtype=np.int32)
    address = np.empty(len(p.lanes), dtype=np.int32)
    stats = np.zeros(N_STATS, dtype=np.int32)
    start, end, settings = start.copy(), end.copy(), settings.copy()
    cost = evaluate(
        p, tails, start, end, settings, bias, bound, horizon, engine, lane_cycle, address, stats
    )
    best = cost
    best_start[:] = start
    best_end[:] = end
    best_settings[:] = settings
    for step in range(steps):
        part = step / steps
        temperature = hot * (cold / hot) ** part
        scale = wide * (narrow / wide) ** part
        new_start, new_end, new_settings = start.copy(), end.copy(), settings.copy()
        changes = 1 + int(random_unit(state) * 3.0)
        for _ in range(changes):
            _mutate(new_start, new_end, new_settings, scale, state)
        found = evaluate(
            p,
            tails,
            new_start,
            new_end,
            new_settings,
            bias,
            bound,
            horizon,
            engine,
            lane_cycle,
            address,
            stats,
        )
        if found <= cost or random_unit(state) < np.exp((cost - found) / temperature):
            start, end, settings, cost = new_start, new_end, new_settings, found
            if cost < best:
                best = cost
                best_start[:] = start
                best_end[:] = end
                best_settings[:] = settings
    return best


@dataclass(frozen=True)
class Cooling:
    """Temperatures (in cycles) and step sizes (in cycles) at the start and end of a chain."""

    hot: float = 0.8
    cold: float = 0.1
    wide: float = 25.0
    narrow: float = 3.0


def anneal(
    p: Dense,
    tails: Tails,
    windows: GroupWindows,
    bound: int,
    steps: int,
    seed: int,
    cooling: Cooling,
) -> Chain:
    """Run one chain of ``steps`` schedules from ``windows``."""
    best = GroupWindows(
        np.empty_like(windows.start), np.empty_like(windows.end), np.empty(N_SETTINGS), windows.bias
    )
    cost = _chain(
        p,
        tails,
        windows.start,
        windows.end,
        windows.settings,
        windows.bias,
        bound,
        2 * bound + 1000,
        steps,
        cooling.hot,
        cooling.cold,
        cooling.wide,
        cooling.narrow,
        seed,
        best.start,
        best.end,
        best.settings,
    )
    return Chain(best, cost, int(cost) if cost < WORST else -1)


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

    def run(item: tuple[int, GroupWindows]) -> Chain:
        number, windows = item
        return anneal(p, tails, windows, bound, steps, seed + number, cooling)

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run, enumerate(starts)))

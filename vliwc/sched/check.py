"""The independent checker of schedules: shares no code with any scheduler.

It reads a problem and a schedule and looks for a broken rule; how the schedule was made does not
matter to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vliwc.sched.problem.dense import Ints
from vliwc.sched.problem.lags import Lags
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.renewable import Modes, Renewable
from vliwc.sched.problem.schedule import Schedule

Numbers = NDArray[np.int64]
NOT_EXECUTED = 5
"""The engine number of operations without a slot (barriers, words that stay zero)."""


@dataclass(frozen=True)
class Violation:
    """A broken rule: what, and between which operations (by number)."""

    rule: str
    message: str
    operations: tuple[int, ...]


class ScheduleError(Exception):
    """A schedule breaks a rule; a bug in a scheduler."""


def check_schedule(problem: ScheduleProblem, schedule: Schedule) -> None:
    """Raise :class:`ScheduleError` with the first broken rules, if there are any."""
    found = violations(problem, schedule)
    if found:
        lines = "\n".join(f"  {v.rule}: {v.message}" for v in found[:10])
        raise ScheduleError(f"{len(found)} broken rules in a schedule:\n{lines}")


def violations(problem: ScheduleProblem, schedule: Schedule) -> list[Violation]:
    """All broken rules: shape, engines, slots, dependences, serial lanes, scratch, resources,
    lags."""
    p = problem.dense
    n = len(p.lanes)
    if (
        len(schedule.engine) != n
        or len(schedule.address) != n
        or len(schedule.lane_cycle) != int(p.lane_ptr[-1])
    ):
        return [Violation("shape", "the schedule's arrays do not fit the problem", ())]
    found: list[Violation] = []
    names = problem.names
    lanes_of = np.maximum(p.lanes, 1).astype(np.int64)
    owner = np.repeat(np.arange(n), lanes_of)
    cycle = schedule.lane_cycle.astype(np.int64)
    first = np.minimum.reduceat(cycle, p.lane_ptr[:-1]) if n else cycle
    last = np.maximum.reduceat(cycle, p.lane_ptr[:-1]) if n else cycle
    engine = schedule.engine.astype(np.int64)
    renewable = problem.renewable
    if problem.modes is not None and renewable is not None:
        renewable = _in_modes(problem.modes, renewable, schedule.mode, names, found)
        if found:
            return found
    elif schedule.mode is not None:
        return [Violation("mode", "the schedule chooses modes, but the problem has none", ())]
    if renewable is not None:
        last = last + renewable.duration.astype(np.int64) - 1

    if n and (cycle.min() < 0 or last.max() >= max(schedule.cycles, 1)):
        found.append(Violation("range", "an operation lies outside the schedule's cycles", ()))
        return found
    _check_engines(problem, engine, first, last, names, found)
    _check_slots(problem, engine, owner, cycle, first, found)
    _check_edges(problem, first, last, names, found)
    _check_serial(problem, cycle, names, found)
    _check_scratch(problem, schedule, first, last, names, found)
    if renewable is not None:
        _check_renewable(renewable, first, last, found)
    if problem.lags is not None:
        _check_lags(problem.lags, first, names, found)
    return found


def _check_lags(lags: Lags, first: Numbers, names: list[str], found: list[Violation]) -> None:
    for before, after, lag in zip(lags.source, lags.target, lags.lag, strict=True):
        if first[after] < first[before] + lag:
            message = (
                f"{names[after]} starts in cycle {first[after]}, {names[before]} in cycle "
                f"{first[before]}: the lag is {lag}"
            )
            found.append(Violation("lag", message, (int(before), int(after))))


def _in_modes(
    modes: Modes, least: Renewable, mode: Ints | None, names: list[str], found: list[Violation]
) -> Renewable:
    """Durations and demands in the modes chosen; modes that are not there and nonrenewable
    resources that are overdrawn are added to ``found``."""
    count = np.diff(modes.ptr)
    if mode is None or mode.shape != count.shape:
        found.append(Violation("mode", "the schedule does not choose a mode a task", ()))
        return least
    for op in np.nonzero((mode < 0) | (mode >= count))[0].tolist():
        message = f"{names[op]} is in mode {mode[op]} of {count[op]}"
        found.append(Violation("mode", message, (op,)))
    if found:
        return least
    rows = modes.ptr[:-1] + mode
    taken = modes.consumption[rows].astype(np.int64).sum(axis=0)
    for number in np.nonzero(taken > modes.amount)[0].tolist():
        message = f"{taken[number]} of {modes.amount[number]} units of {modes.names[number]}"
        found.append(Violation("consumption", f"the modes take {message}", ()))
    works = modes.duration[rows] > 0
    over = (modes.demand[rows] > least.capacity).any(axis=1) & works
    for op in np.nonzero(over)[0].tolist():
        message = f"{names[op]} needs more in mode {mode[op]} than there is"
        found.append(Violation("resource", message, (op,)))
    if found:
        return least
    return Renewable(least.names, least.capacity, modes.demand[rows], modes.duration[rows])


def _check_engines(
    problem: ScheduleProblem,
    engine: Numbers,
    first: Numbers,
    last: Numbers,
    names: list[str],
    found: list[Violation],
) -> None:
    p = problem.dense
    vector = p.class_vector[p.resource_class].astype(np.int64)
    scalarised = p.class_scalarised[p.resource_class].astype(np.int64)
    takes_vector = (engine < NOT_EXECUTED) & ((vector >> np.minimum(engine, 31)) & 1 == 1)
    takes_lanes = (engine == scalarised) & (scalarised >= 0)
    nothing = (engine == NOT_EXECUTED) & (vector == 0) & (scalarised < 0)
    for op in np.nonzero(~(takes_vector | takes_lanes | nothing))[0].tolist():
        message = f"{names[op]} runs on engine {engine[op]}, where it has no form"
        found.append(Violation("engine", message, (op,)))
    for op in np.nonzero(takes_vector & ~takes_lanes & (first != last))[0].tolist():
        message = f"{names[op]} runs in one slot, but its lanes have several cycles"
        found.append(Violation("engine", message, (op,)))


def _check_slots(
    problem: ScheduleProblem,
    engine: Numbers,
    owner: Numbers,
    cycle: Numbers,
    first: Numbers,
    found: list[Violation],
) -> None:
    p = problem.dense
    scalarised = p.class_scalarised[p.resource_class]
    horizon = int(cycle.max(initial=0)) + 1
    for number, capacity in enumerate(p.capacity.tolist()):
        by_lane = (engine == number) & (scalarised == number)
        vector = (engine == number) & (scalarised != number)
        used = np.bincount(cycle[by_lane[owner]], minlength=horizon)
        used += np.bincount(first[vector], minlength=horizon)
        for at in np.nonzero(used > capacity)[0].tolist():
            message = f"cycle {at} uses {used[at]} slots of engine {number}, which has {capacity}"
            found.append(Violation("slots", message, ()))


def _check_edges(
    problem: ScheduleProblem,
    first: Numbers,
    last: Numbers,
    names: list[str],
    found: list[Violation],
) -> None:
    p = problem.dense
    source = np.repeat(np.arange(len(p.lanes)), np.diff(p.succ_ptr))
    late = last[source] + p.succ_latency > first[p.succ]
    for edge in np.nonzero(late)[0].tolist():
        a, b = int(source[edge]), int(p.succ[edge])
        message = (
            f"{names[b]} in cycle {first[b]} needs {names[a]}, which ends in cycle {last[a]} "
            f"(latency {p.succ_latency[edge]})"
        )
        found.append(Violation("dependence", message, (a, b)))


def _check_serial(
    problem: ScheduleProblem, cycle: Numbers, names: list[str], found: list[Violation]
) -> None:
    p = problem.dense
    for op in np.nonzero(p.serial)[0].tolist():
        own = cycle[p.lane_ptr[op] : p.lane_ptr[op + 1]]
        if (np.diff(own) <= 0).any():
            message = f"lanes of {names[op]} do not issue one after the other"
            found.append(Violation("serial", message, (op,)))


def _check_scratch(
    problem: ScheduleProblem,
    schedule: Schedule,
    first: Numbers,
    last: Numbers,
    names: list[str],
    found: list[Violation],
) -> None:
    """No word holds two values at once, and a value that is not executed finds its words zero.

    A value occupies its words from its first write to its last read.  The next value may be
    written in the cycle of that read (all reads of a bundle come first), but after the last write.
    What nothing executes is zero from before the first cycle.
    """
    p = problem.dense
    width = p.width.astype(np.int64)
    address = schedule.address.astype(np.int64)
    holders = np.nonzero(width > 0)[0]
    bad = holders[(address[holders] < 0) | (address[holders] + width[holders] > p.words)]
    for op in bad.tolist():
        message = f"{names[op]} has no place in scratch (address {address[op]})"
        found.append(Violation("scratch", message, (op,)))
    if len(bad):
        return
    unwritten = schedule.engine == NOT_EXECUTED
    first = np.where(unwritten, -1, first)
    last = np.where(unwritten, -1, last)
    until = last.copy()
    readers = np.repeat(np.arange(len(p.lanes)), np.diff(p.use_ptr))
    np.maximum.at(until, p.use, last[readers])
    value = np.repeat(holders, width[holders])
    offset = np.arange(len(value)) - np.repeat(
        np.cumsum(width[holders]) - width[holders], width[holders]
    )
    word = address[value] + offset
    order = np.lexsort((value, first[value], word))
    word, value = word[order], value[order]
    same = word[1:] == word[:-1]
    before, after = value[:-1], value[1:]
    clash = same & ((first[after] < until[before]) | (first[after] <= last[before]))
    seen: set[tuple[int, int]] = set()
    for at in np.nonzero(clash)[0].tolist():
        pair = (int(before[at]), int(after[at]))
        if pair not in seen:
            seen.add(pair)
            a, b = pair
            message = (
                f"word {word[at + 1]} holds {names[a]} until cycle {until[a]}, but {names[b]} is "
                f"written in cycle {first[b]}"
            )
            found.append(Violation("zero" if unwritten[a] else "scratch", message, pair))


def _check_renewable(
    renewable: Renewable, first: Numbers, last: Numbers, found: list[Violation]
) -> None:
    """No resource is overdrawn: what is taken minus what is given back, cycle by cycle."""
    for number, name in enumerate(renewable.names):
        demand = renewable.demand[:, number].astype(np.int64)
        capacity = int(renewable.capacity[number])
        change = np.zeros(int(last.max(initial=0)) + 3, dtype=np.int64)
        np.add.at(change, first, demand)
        np.subtract.at(change, last + 1, demand)
        for at in np.nonzero(np.cumsum(change) > capacity)[0].tolist():
            message = f"cycle {at} takes more than the {capacity} units of {name}"
            found.append(Violation("resource", message, ()))

"""One cause for each cycle, so that the cycles by cause add up to the cycles of the program.

The engines that count are those with a price in the bound that counts most work (see
:class:`vliwc.explain.attribution.Gap`).  A cycle in which all their slots are used is work.  In any
other cycle some slot of theirs is idle, and the cause says why no operation stood there, the first
that applies:

* *placed later*: an operation with a form for the slot had all its inputs and room for its result,
  and runs in a later cycle all the same;
* *scratch full*: such an operation had its inputs, but its result would have had no room in scratch
  from then on until the cycle in which it runs (words are counted; where they lie is not);
* *behind ENGINE*: operations with a form for the slot were left, but none had its inputs; all slots
  of some other engine were used and ready operations stood in line for it (named is the engine with
  the longest line), so that results came no faster;
* *latency*: the same without such a line: each operation waits for the one before;
* *none left*: no operation was left that could have used the slot.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isa.program import JSON
from vliwc.explain.attribution import Gap
from vliwc.explain.slots import Counts, SlotTable
from vliwc.explain.timing import Timing
from vliwc.sched.problem.dense import ENGINES, Dense
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Schedule

WORK, LATER, SCRATCH, LATENCY, NONE_LEFT = (
    "work",
    "placed later",
    "scratch full",
    "latency",
    "none left",
)
BEHIND = "behind "


@dataclass(frozen=True)
class Cause:
    """``cycles`` of the program have this cause; ``idle`` is what their idle slots are worth in
    cycles; ``phases`` counts the cycles by phase (fill, steady, drain)."""

    name: str
    cycles: int
    idle: float
    phases: dict[str, int]

    @property
    def text(self) -> str:
        """The cause in words."""
        return cause_text(self.name)

    def to_json(self) -> dict[str, JSON]:
        """JSON data."""
        return {
            "name": self.name,
            "cycles": self.cycles,
            "idle": self.idle,
            "phases": dict(self.phases),
        }


@dataclass(frozen=True)
class Causes:
    """``each``: the causes that occur, the most frequent first, whose cycles add up to those of the
    program; ``of_cycle``: the number in ``each`` of every cycle's cause."""

    each: tuple[Cause, ...]
    of_cycle: tuple[int, ...]


def cause_text(name: str) -> str:
    """A cause's name in words."""
    if name.startswith(BEHIND):
        engine = name.removeprefix(BEHIND)
        return f"operations wait for results, others for one of the {engine} slots, all in use"
    return {
        WORK: "all slots of the engines that count are used",
        LATER: "an operation was ready for an idle slot, but runs later",
        SCRATCH: "ready operations find no room in scratch for their results",
        LATENCY: "operations wait for results of the cycles before",
        NONE_LEFT: "no operation is left for the idle slots",
    }[name]


def causes_of(
    problem: ScheduleProblem, schedule: Schedule, slots: SlotTable, times: Timing, gap: Gap | None
) -> Causes:
    """The cause of each cycle of the program; none for a program without cycles."""
    if gap is None:
        return Causes((), ())
    dense = problem.dense
    prices = np.array([gap.prices[engine] for engine in ENGINES])
    used = slots.usage()
    free = np.asarray(dense.capacity) - used
    # Cycles of the schedule without any slot are no cycles of the program.
    waiting = _Waiting.of(dense, schedule, times)
    names = [
        _cause(cycle, prices, free[at], waiting)
        for at, cycle in enumerate(slots.schedule_cycle.tolist())
    ]
    idle = 1 - used @ prices
    phase_of = [""] * slots.cycles
    for phase in gap.phases:
        phase_of[phase.first : phase.end] = [phase.name] * (phase.end - phase.first)
    return _counted(names, idle.tolist(), phase_of, [phase.name for phase in gap.phases])


def _cause(cycle: int, prices: NDArray[np.float64], free: Counts, waiting: _Waiting) -> str:
    idle = [e for e in range(len(ENGINES)) if prices[e] > 0 and free[e] > 0]
    if not idle:
        return WORK
    if any(waiting.movable[e][cycle] for e in idle):
        return LATER
    if any(waiting.blocked[e][cycle] for e in idle):
        return SCRATCH
    if not any(waiting.left[e][cycle] for e in idle):
        return NONE_LEFT
    lines = waiting.movable[:, cycle] + waiting.blocked[:, cycle]
    lines[free > 0] = 0
    longest = int(np.argmax(lines))
    return f"{BEHIND}{ENGINES[longest]}" if lines[longest] else LATENCY


def _counted(
    names: Sequence[str], idle: Sequence[float], phase_of: Sequence[str], phases: Sequence[str]
) -> Causes:
    numbers: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        numbers.setdefault(name, []).append(at)
    order = sorted(numbers, key=lambda name: (name != WORK, -len(numbers[name]), name))
    each = tuple(
        Cause(
            name,
            len(numbers[name]),
            sum(idle[at] for at in numbers[name]),
            {phase: sum(phase_of[at] == phase for at in numbers[name]) for phase in phases},
        )
        for name in order
    )
    place = {name: number for number, name in enumerate(order)}
    return Causes(each, tuple(place[name] for name in names))


@dataclass(frozen=True, eq=False)
class _Waiting:
    """Operations with a form on each engine that run after each cycle, all of shape (engines,
    cycles of the schedule): ``left``; of them those that had their inputs and room for their
    result in the cycle, ``movable``, or their inputs and no room, ``blocked``."""

    left: Counts
    movable: Counts
    blocked: Counts

    @staticmethod
    def of(dense: Dense, schedule: Schedule, times: Timing) -> _Waiting:
        shape = (len(ENGINES), schedule.cycles + 1)
        left, movable, blocked = (np.zeros(shape, dtype=np.int64) for _ in range(3))
        last_full = {
            int(width): _last_above(times.held, dense.words - int(width))
            for width in np.unique(dense.width)
        }
        for op in range(len(dense.lanes)):
            engines = _engines(dense, op)
            if not engines:
                continue
            begin, end = int(times.first[op]), int(times.last[op])
            room = int(last_full[int(dense.width[op])][begin]) + 1
            for low, high in _pauses(dense, schedule, times, op):
                split = min(max(room, low), high) if low < begin else low
                for e in engines:
                    _add(movable[e], split, high)
                    _add(blocked[e], low, split)
            for e in engines:
                _add(left[e], 0, end)
        return _Waiting(*(np.cumsum(each, axis=1) for each in (left, movable, blocked)))


def _pauses(dense: Dense, schedule: Schedule, times: Timing, op: int) -> Iterator[tuple[int, int]]:
    """Stretches ``low .. high - 1`` in which a lane of ``op`` could have run and does so later."""
    ready, last = int(times.ready[op]), int(times.last[op])
    if not dense.serial[op]:
        yield ready, last
        return
    # One lane a cycle, in order: a lane that runs makes the next wait for one cycle.
    low = ready
    for cycle in schedule.lane_cycle[dense.lane_ptr[op] : dense.lane_ptr[op + 1]].tolist():
        yield low, cycle
        low = cycle + 1


def _engines(dense: Dense, op: int) -> list[int]:
    kind = dense.resource_class[op]
    vector, lanes = int(dense.class_vector[kind]), int(dense.class_scalarised[kind])
    return [e for e in range(len(ENGINES)) if vector >> e & 1 or lanes == e]


def _last_above(held: Counts, limit: int) -> Counts:
    """For each cycle, the last one before it after which more than ``limit`` words are held; -1 if
    there is none.  Shape (cycles + 1,)."""
    at = np.where(held > limit, np.arange(len(held)), -1)
    return np.concatenate([[-1], np.maximum.accumulate(at)]) if len(held) else np.array([-1])


def _add(row: Counts, low: int, high: int) -> None:
    """Count one more in ``low .. high - 1`` of a row of differences."""
    if low < high:
        row[low] += 1
        row[high] -= 1

"""Scratch addresses for a schedule whose cycles are fixed.

Live ranges are intervals in time and the colours are words: first fit in the order of first
writes, vectors from the lower end of scratch and scalars from the upper one (Poletto and
Sarkar's linear scan, 1999, with rows of several words).  Where the ranges fit by their sum but
first fit leaves gaps of the wrong size, CP-SAT packs them as rectangles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vliwc.sched.problem.dense import Ints
from vliwc.sched.problem.scratch import find_place
from vliwc.sched.problem.view import View
from vliwc.solvers import cp_model


@dataclass(frozen=True)
class AllocationTuning:
    """The tuned number of allocating addresses at fixed cycles."""

    repair_effort: float = 4.0
    """CP-SAT's deterministic time for packing ranges that first fit could not place.
    ``python -m benchmarks.proofs``"""


TUNING = AllocationTuning()

Numbers = NDArray[np.int64]


class LiveRange(NamedTuple):
    """``width`` words hold the result of ``op`` from the end of cycle ``start`` to ``stop``: they
    may be written again in cycle ``stop``.  Words that must stay zero start at -1."""

    op: int
    width: int
    start: int
    stop: int


def live_ranges(view: View, cycles: Sequence[Sequence[int]]) -> list[LiveRange]:
    """The live ranges of all results, by first write, from the cycles of all operations."""
    last = [max(own) for own in cycles]
    found = [
        LiveRange(
            op,
            width,
            -1 if view.is_zero[op] else min(cycles[op]),
            max([0 if view.is_zero[op] else last[op] + 1, *(last[r] for r in view.readers[op])]),
        )
        for op, width in enumerate(view.width)
        if width
    ]
    return sorted(found, key=lambda live: (live.start, -live.width, live.op))


def peak_words(ranges: Sequence[LiveRange]) -> int:
    """The most words that are in use at once: no allocation needs fewer."""
    changes = sorted(
        change for live in ranges for change in ((live.start, live.width), (live.stop, -live.width))
    )
    peak = used = 0
    for _, change in changes:
        used += change
        peak = max(peak, used)
    return peak


def allocate(view: View, cycles: Sequence[Sequence[int]]) -> tuple[Ints, int] | None:
    """Addresses of all results (-1 without one) and the words used, or None if none were found."""
    ranges = live_ranges(view, cycles)
    words = view.problem.dense.words
    if peak_words(ranges) > words:
        return None
    placed = first_fit(ranges, words, view.problem.dense.vlen)
    if placed is None:
        placed = _pack(ranges, words)
    if placed is None:
        return None
    address = np.full(len(view), -1, dtype=np.int32)
    for op, at in placed.items():
        address[op] = at
    return address, peak_words(ranges)


def first_fit(ranges: Sequence[LiveRange], words: int, vlen: int) -> dict[int, int] | None:
    """Addresses by first fit, or None if a range finds no place."""
    used = np.zeros(words, dtype=np.uint8)
    placed: dict[int, int] = {}
    alive: list[tuple[int, int, int]] = []
    for live in ranges:
        while alive and alive[0][0] <= live.start:
            _, at, width = heappop(alive)
            used[at : at + width] = 0
        at = find_place(used, live.width, vlen)
        if at < 0:
            return None
        used[at : at + live.width] = 1
        placed[live.op] = at
        heappush(alive, (live.stop, at, live.width))
    return placed


def place_changed(
    ranges: Sequence[LiveRange], old: Mapping[int, LiveRange], address: Ints, words: int
) -> Ints | None:
    """Addresses where only some live ranges have changed since ``old`` was allocated.

    Ranges that have only moved in time keep their address as long as nobody is in their way; the
    others take the first place that is free all their life.  None if one finds no place.
    """
    result = np.full(len(address), -1, dtype=np.int32)
    begin = np.array([live.start for live in ranges])
    end = np.array([live.stop for live in ranges])
    low = np.full(len(ranges), words)
    high = np.full(len(ranges), words)
    # The longer a range lives, the harder it is to place.
    order = sorted(range(len(ranges)), key=lambda k: (ranges[k].start - ranges[k].stop, k))
    kept = [k for k in order if ranges[k].op in old]
    moved: list[int] = [k for k in order if ranges[k].op not in old]
    for k in kept:
        live = ranges[k]
        at = int(address[live.op])
        if _is_free(begin, end, low, high, live, at):
            low[k], high[k] = at, at + live.width
            result[live.op] = at
        else:
            moved.append(k)
    for k in moved:
        live = ranges[k]
        near = np.flatnonzero((begin < live.stop) & (live.start < end) & (low < words))
        used = np.zeros(words, dtype=np.uint8)
        for other in near.tolist():
            used[low[other] : high[other]] = 1
        at = find_place(used, live.width, max(live.width, 1))
        if at < 0:
            return None
        low[k], high[k] = at, at + live.width
        result[live.op] = at
    return result


def _is_free(
    begin: Numbers, end: Numbers, low: Numbers, high: Numbers, live: LiveRange, at: int
) -> bool:
    clash = (begin < live.stop) & (live.start < end) & (low < at + live.width) & (at < high)
    return not clash.any()


def _pack(ranges: Sequence[LiveRange], words: int) -> dict[int, int] | None:
    """Rectangles of time and words that do not overlap, by CP-SAT."""
    model = cp_model.CpModel()
    times: list[cp_model.IntervalVar] = []
    places: list[cp_model.IntervalVar] = []
    starts: dict[int, cp_model.IntVar] = {}
    for live in ranges:
        if live.width > words:
            return None
        start = model.new_int_var(0, words - live.width, "")
        starts[live.op] = start
        times.append(model.new_fixed_size_interval_var(live.start, live.stop - live.start, ""))
        places.append(model.new_fixed_size_interval_var(start, live.width, ""))
    model.add_no_overlap_2d(times, places)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.catch_sigint_signal = False
    solver.parameters.max_deterministic_time = TUNING.repair_effort
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return {op: solver.value(start) for op, start in starts.items()}

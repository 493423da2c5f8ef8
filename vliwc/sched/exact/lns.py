"""Large neighbourhood search (Shaw 1998): windows of a schedule re-optimised by CP-SAT.

A window of cycles is made as short as possible while everything else keeps its order; what follows
moves up.  The fill at the start and the drain at the end come first, where greedy schedules waste
most, then windows in between, from left to right.  Where no cycle can be won, work is moved to the
left, which gives later windows room.  A change is kept only if all results still find addresses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from vliwc.sched.allocate import allocate, live_ranges, peak_words, place_changed
from vliwc.sched.anytime import expired, muted, report
from vliwc.sched.exact.cpsat import CpSatScheduler
from vliwc.sched.exact.incumbent import timing_of
from vliwc.sched.exact.limits import LnsLimits, make_solver, solved
from vliwc.sched.exact.window_model import WindowModel
from vliwc.sched.greedy.list import AnyListScheduler
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.dense import Ints
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Schedule, Timing
from vliwc.sched.problem.view import View, cycle_rows
from vliwc.solvers import cp_model


@dataclass(frozen=True)
class LnsScheduler:
    """Windows by CP-SAT; ``budget`` is their number, ``windows`` without one."""

    seed: int = 0
    windows: int = 24
    name: str = "cpsat-lns"
    limits: LnsLimits = LnsLimits()

    def schedule(
        self, problem: ScheduleProblem, budget: int | None = None, hint: Schedule | None = None
    ) -> Schedule:
        """The best schedule found, never worse than ``hint`` or the list schedule.

        Projects are given to :class:`vliwc.sched.exact.cpsat.CpSatScheduler` as a whole.  Raises
        :class:`vliwc.sched.problem.schedule.OutOfScratch` if there is no hint and the list
        scheduler finds no schedule.
        """
        if problem.renewable is not None:
            return replace(
                CpSatScheduler(self.seed).schedule(problem, budget, hint), scheduler=self.name
            )
        with muted():
            best = hint or AnyListScheduler(self.seed).schedule(problem)
        bound = lower_bound(problem)
        report(0, best, bound.cycles, "list")
        view = View.of(problem)
        timing, address = timing_of(view, best), best.address
        windows = won = 0
        places = _places(view, best.cycles, self.limits)
        for first, length in places:
            found = timing.length <= bound.cycles
            if found or windows >= (budget or self.windows) or expired():
                break
            if first + length > timing.length:
                first, length = max(timing.length - length, 0), min(length, timing.length)
            windows += 1
            for shorten in (True, False):
                changed = self._solve(view, timing, first, length, windows, shorten=shorten)
                if changed is None:
                    continue
                anew = sum(width > 0 for width in view.width) <= self.limits.max_reallocated
                placed = _addresses(view, timing, address, changed, anew=anew)
                if placed is None:
                    continue
                won += timing.length - changed.length
                timing, address = changed, placed
                if shorten:
                    break
        if not won:
            timing, address = timing_of(view, best), best.address
        return Schedule(
            timing.length,
            np.array(timing.engine, dtype=np.int32),
            cycle_rows(problem, timing.cycles),
            address,
            peak_words(live_ranges(view, timing.cycles)),
            self.name,
            status="optimal" if timing.length == bound.cycles else "feasible",
            lower_bound=bound.cycles,
            bound_reason=bound.reason,
            statistics={"windows": windows, "cycles_won": won},
        )

    def _solve(
        self,
        view: View,
        timing: Timing,
        first: int,
        length: int,
        number: int,
        *,
        shorten: bool,
    ) -> Timing | None:
        """A shorter window (or an earlier one of equal length), or None."""
        model = WindowModel(view, timing, first, length)
        if not model.free:
            return None
        if shorten:
            model.minimise_length()
        else:
            model.minimise_starts()
        solver = make_solver(self.seed + number, self.limits.effort, self.limits.conflicts)
        if solved(solver, model.model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        if shorten and solver.value(model.shrunk) == length:
            return None
        return model.timing_after(solver)


def _places(view: View, cycles: int, limits: LnsLimits) -> Iterator[tuple[int, int]]:
    """First cycles and lengths of windows: the end, the start, then overlapping ones in turn."""
    operations = min(limits.operations, len(view) // 2)
    length = max(cycles * operations // max(len(view), 1), limits.min_window)
    while length < cycles:
        yield max(cycles - length, 0), length
        yield 0, length
        for first in range(length // 2, max(cycles - length, length // 2 + 1), length // 2):
            yield first, length
        # The next round cuts elsewhere.
        length += length // limits.window_growth
    yield 0, cycles


def _addresses(
    view: View, before: Timing, address: Ints, after: Timing, *, anew: bool
) -> Ints | None:
    """Addresses for a changed schedule: new ones, or the old ones with repairs."""
    if anew:
        placed = allocate(view, after.cycles)
        return None if placed is None else placed[0]
    old = {live.op: live for live in live_ranges(view, before.cycles)}
    return place_changed(live_ranges(view, after.cycles), old, address, view.problem.dense.words)

"""Scheduling by constraint programming: good schedules, and proofs that there are no better ones.

Greedy schedules give an incumbent, :mod:`vliwc.sched.problem.bounds` a lower bound.  Then the
methods of :data:`ONCE` run one after the other, the cheap ones first, and those of :data:`IN_TURN`
by what they deliver (:mod:`vliwc.sched.exact.turns`), with limits that double from run to run,
until incumbent and bound meet or the effort is spent.  What CP-SAT claims is confirmed in the end
(:mod:`vliwc.sched.exact.confirm`).

Scratch is left out as long as the schedules found fit into it anyway; what is proved without it
holds with it.  Where nothing fits, :mod:`vliwc.sched.exact.scratch_feasibility` may prove that
nothing can. Equal arguments give equal schedules: one worker, fixed seeds, limits in solver steps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from vliwc.sched.exact.confirm import confirm_claims
from vliwc.sched.exact.first_schedule import any_schedule, greedy_schedule
from vliwc.sched.exact.incumbent import Search
from vliwc.sched.exact.limits import CpSatLimits
from vliwc.sched.exact.methods import (
    bare_intervals,
    bred_schedule,
    counts_in_integers,
    first_dive,
    fluid_in_integers,
    groups_in_turn,
    improve_incumbent,
    improve_without_hint,
    interval_schedule,
    linear_relaxations,
    sharper_windows,
    time_indexed_schedule,
)
from vliwc.sched.exact.modes_model import ModesSearch
from vliwc.sched.exact.modes_search import search_modes
from vliwc.sched.exact.project_windows import project_windows
from vliwc.sched.exact.turns import Entry, first_part, quarter, run_in_turn, twice, whole_limit
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Infeasible, OutOfScratch, Schedule
from vliwc.sched.problem.view import View
from vliwc.sched.relaxations.classes import useful_classes

ONCE: Final = (
    # A short run of the model anyone would write: where it is enough, all else is waste.
    Entry(bare_intervals, first_part),
    # On most blocks this run already finds an optimum or proves it.
    Entry(improve_without_hint, whole_limit, dives=True, kinds="blocks"),
    # Of the work done by classes of operations that do the same, and of small problems in time
    # steps: bounds, checked in exact arithmetic.
    Entry(linear_relaxations, kinds="blocks"),
    # List schedules at alpha points, then relaxing and fixing: schedules that meet the bound.
    Entry(groups_in_turn, kinds="blocks"),
    # The same work in integers, which proves what fractions still allow.
    Entry(fluid_in_integers, quarter, kinds="blocks"),
)
"""What is tried once.  Where many groups do the same and models of counts are small, the interval
model comes last: the others tell no groups apart, which it has to."""

IN_TURN: Final = (
    # Better at finding than all others where tasks take several cycles of several resources.
    Entry(bred_schedule, kinds="projects"),
    Entry(project_windows, kinds="projects"),
    Entry(bare_intervals, kinds="projects"),
    # "Is there a schedule of as many cycles as the lower bound?" A no raises the bound, a yes ends
    # the search (a relaxation's yes gives times that guide a list scheduler).
    Entry(fluid_in_integers),
    Entry(counts_in_integers),
    # Better at proving and where scratch is scarce.
    Entry(time_indexed_schedule, twice),
    # Better at finding.
    Entry(interval_schedule, dives=True),
    # Is there a schedule that improves the incumbent?
    Entry(improve_incumbent, dives=True),
)
"""What takes turns."""


@dataclass(frozen=True)
class CpSatScheduler:
    """CP-SAT on the whole problem; ``budget`` is the effort, in units of CP-SAT's deterministic
    time (about seconds); ``effort`` without one.  Confirming what was claimed may take as much
    again, ``limits.confirmation`` times the budget."""

    seed: int = 0
    effort: int = 60
    name: str = "cpsat"
    limits: CpSatLimits = CpSatLimits()
    takes_modes: ClassVar[bool] = True
    takes_lags: ClassVar[bool] = True

    def schedule(
        self, problem: ScheduleProblem, budget: int | None = None, hint: Schedule | None = None
    ) -> Schedule:
        """The best schedule found, never worse than ``hint``.

        ``lower_bound`` is confirmed; a claim above it that could not be is in ``bound_reason`` and,
        as ``claimed_bound``, in ``statistics``.

        Raises :class:`vliwc.sched.problem.schedule.Infeasible` if it is proved that no schedule
        fits into scratch, :class:`vliwc.sched.problem.schedule.OutOfScratch` if none was found.
        """
        if problem.modes is not None:
            modes = ModesSearch(problem, self.name, self.seed, float(budget or self.effort))
            return search_modes(modes, hint, self._with_modes)
        view = View.of(problem)
        bound = lower_bound(problem)
        search = Search(
            self.name,
            self.seed,
            self.limits,
            view,
            bound.cycles,
            bound.reason,
            float(budget or self.effort),
        )
        search.proved, search.proof = bound.cycles, bound.reason
        search.raise_bound(view.critical_path, "critical path")
        search.classes = useful_classes(view)
        greedy_schedule(search, hint)
        # Results that fit all at once need no thought; most of the others will fit anyway.
        roomy = sum(view.width) <= problem.dense.words
        search.scratch = search.best is None or (
            not roomy and 2 * search.best.peak_words > problem.dense.words
        )
        if search.best is None:
            any_schedule(search)
        sharper_windows(search)
        _run_once(search)
        run_in_turn(search, IN_TURN)
        confirmation = self.limits.confirmation * (budget or self.effort)
        if not confirm_claims(search, confirmation):
            # A claim was wrong: go on from what is proved, with what is left to spend.
            search.forget_claims()
            run_in_turn(search, IN_TURN)
            confirm_claims(search, confirmation)
        return _finished(search)

    def _with_modes(self, problem: ScheduleProblem, budget: int, start: Schedule) -> Schedule:
        """The search on a project whose modes are chosen."""
        return self.schedule(problem, budget, replace(start, mode=None))


def _run_once(search: Search) -> None:
    """The entries of :data:`ONCE`: what serves the kind of problem best comes first."""
    entries = [entry for entry in ONCE if entry.serves(search)]
    if search.turns and search.count_terms <= search.limits.max_quick_terms:
        entries = entries[2:] + entries[:2]
    for entry in entries:
        if search.done or search.best is None:
            return
        share = entry.share(search, search.limits.first_effort)
        if not entry.dives or first_dive(search) <= share:
            entry.method(search, share)


def _finished(search: Search) -> Schedule:
    """The best schedule, with what is proved of it."""
    best = search.best
    if best is None:
        words = f"{search.view.problem.dense.words} words of scratch"
        if search.infeasible and (not search.longest or search.proved > search.longest):
            raise Infeasible(f"no schedule exists whose results fit into {words}")
        claimed = "; CP-SAT claims that none exists, not confirmed" if search.infeasible else ""
        raise OutOfScratch(f"no schedule was found whose results fit into {words}{claimed}")
    lower, reason = min(search.proved, best.cycles), search.proof
    statistics: dict[str, float | int | str] = {"runs": search.tried.total()}
    for what, effort in search.spent.items():
        statistics[f"effort_{what}"] = round(effort, 3)
    claimed = min(search.lower, best.cycles)
    if claimed > lower:
        reason += f"; CP-SAT claims {claimed}, not confirmed"
        statistics["claimed_bound"] = claimed
    return Schedule(
        best.cycles,
        best.engine,
        best.lane_cycle,
        best.address,
        best.peak_words,
        search.name,
        status="optimal" if lower == best.cycles else "feasible",
        lower_bound=lower,
        bound_reason=reason,
        statistics=statistics,
    )

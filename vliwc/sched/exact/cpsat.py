"""Scheduling by constraint programming: good schedules, and proofs that there are no better ones.

1. Greedy schedules give an upper bound, :mod:`vliwc.sched.problem.bounds` a lower one.
2. The interval model is asked for fewer cycles.  Without a hint: a hint can trap a single worker in
   its neighbourhood.  On most problems this run already finds an optimum or proves it.
3. Linear relaxations raise the lower bound: of the work done by classes of operations that do the
   same (:mod:`vliwc.sched.relaxations.fluid`), and of the time-indexed formulation on small
   problems.
4. Where many groups do the same, list schedules in the order of a linear relaxation
   (:mod:`vliwc.sched.exact.alpha_points`), then relaxing and fixing
   (:mod:`vliwc.sched.relaxations.relax_and_fix`) look for a schedule that meets the bound.  There
   this and 3. come before the interval model.
5. "Is there a schedule of exactly as many cycles as the lower bound?" goes in turn to the fluid
   model in integers, to the counts (:mod:`vliwc.sched.relaxations.counting`), to the time-indexed
   formulation, to the interval model, and (for a better schedule of any length) to the interval
   model with a hint, with ever larger limits.  (The interval model only once they are enough to fix
   all its intervals for a first time.)  A no raises the bound, a yes ends it; counts give times
   that guide a list scheduler.

Scratch is left out as long as the schedules found fit into it anyway; what is proved without it
holds with it.  Where nothing fits, :mod:`vliwc.sched.exact.scratch_feasibility` may prove that
nothing can. Equal arguments give equal schedules: one worker, fixed seeds, limits in solver steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

import numpy as np
from ortools.sat.python import cp_model

from vliwc.sched.exact.alpha_points import alpha_point_schedule
from vliwc.sched.exact.incumbent import Search, timing_of
from vliwc.sched.exact.interval_model import IntervalModel
from vliwc.sched.exact.scratch_feasibility import order_exists
from vliwc.sched.greedy.backward import BackwardScheduler
from vliwc.sched.greedy.list import AnyListScheduler
from vliwc.sched.greedy.priorities import Combination, PriorityScheduler, schedule_in_order
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Infeasible, OutOfScratch, Schedule, Timing
from vliwc.sched.problem.view import View
from vliwc.sched.protocol import Scheduler
from vliwc.sched.relaxations.classes import Classes, useful_classes
from vliwc.sched.relaxations.counting import CountingModel, counting_terms, holds_dependences
from vliwc.sched.relaxations.fluid import FluidModel
from vliwc.sched.relaxations.infeasibility import relaxation_bound
from vliwc.sched.relaxations.ranked import RankedModel
from vliwc.sched.relaxations.relax_and_fix import SLOPE, estimate, relax_and_fix
from vliwc.sched.relaxations.rows import IntegerRows
from vliwc.sched.relaxations.time_indexed import TimeIndexed

STARTERS = (
    "critical-path+depth-first",
    "slack+depth-first",
    "critical-path",
    "resource-weighted",
    "critical-path+0.3*depth-first",
)
"""Priorities whose schedules are tried beside those of ``list`` and ``backward``."""
SCAN = 5e-8
"""Effort, in CP-SAT's deterministic time (about seconds), of looking at one interval after one
decision, which that time leaves out."""
FIRST_EFFORT, RELAXATION_SIZE = 1.0, 4_000
"""Effort of the first run; operations times cycles of freedom up to which relaxations are tried."""
RELAXING = 5e-5
"""Effort of a linear relaxation for each term of its rows."""
PREPARING = 1e-5
"""Effort of building and simplifying a model of rows, for each term."""
MOST_PREPARING = 4
"""The time-indexed model waits for limits of which building it is at most such a multiple."""
MOST_QUICKLY = 250_000
"""Terms of the counting model up to which it is asked before the interval model."""
FLOWING = 12.0
"""Effort of the first run of the fluid model in integers."""
FIRST_SETS, MOST_SETS, SET = 15_000, 150_000, 1e-4
"""Sets of operations that the search for any order in little scratch may look at, at first and
later, and the effort of each."""
MOST_INTERVALS, MOST_FREEDOM, MOST_COUNTED = 30_000, 150_000, 600_000
"""Intervals of the interval model, operations times cycles of freedom of the time-indexed one, and
terms of the counting model, at most; beyond, only greedy schedules and analytic bounds are left
(and :mod:`vliwc.sched.exact.lns`)."""
LIST_TRIALS = 2_000_000
"""Operations that the list scheduler may place while looking for a first schedule."""


Relaxation = TypeVar("Relaxation", bound=IntegerRows)


@dataclass(frozen=True)
class CpSatScheduler:
    """CP-SAT on the whole problem; ``budget`` is the effort, in units of CP-SAT's deterministic
    time (about seconds); ``effort`` without one."""

    seed: int = 0
    effort: int = 60
    name: str = "cpsat"

    def schedule(
        self, problem: ScheduleProblem, budget: int | None = None, hint: Schedule | None = None
    ) -> Schedule:
        """The best schedule found, never worse than ``hint``.

        Raises :class:`vliwc.sched.problem.schedule.Infeasible` if it is proved that no schedule
        fits into scratch, :class:`vliwc.sched.problem.schedule.OutOfScratch` if none was found.
        """
        view = View.of(problem)
        bound = lower_bound(problem)
        search = Search(view, bound.cycles, bound.reason, float(budget or self.effort))
        search.raise_bound(view.critical_path, "critical path")
        search.classes = useful_classes(view)
        self._start(search, problem, hint)
        # Results that fit all at once need no thought; most of the others will fit anyway.
        roomy = sum(view.width) <= problem.dense.words
        search.scratch = search.best is None or (
            not roomy and 2 * search.best.peak_words > problem.dense.words
        )
        if search.best is None:
            self._any(search)
        self._once(search)
        self._alternate(search)
        if search.best is None:
            words = f"{problem.dense.words} words of scratch"
            if search.infeasible:
                raise Infeasible(f"no schedule exists whose results fit into {words}")
            raise OutOfScratch(f"no schedule was found whose results fit into {words}")
        return self._finished(search, search.best)

    def _start(self, search: Search, problem: ScheduleProblem, hint: Schedule | None) -> None:
        """The best of the hint and some greedy schedules."""
        greedy: list[Scheduler] = [AnyListScheduler(self.seed), BackwardScheduler()]
        greedy += [PriorityScheduler(Combination.parse(text), text) for text in STARTERS]
        trials: list[int | None] = [None] * len(greedy)
        if problem.renewable is None:
            greedy.append(greedy[0])
            trials.append(LIST_TRIALS // max(len(problem), 1))
        best = hint
        for scheduler, budget in zip(greedy, trials, strict=True):
            if best is not None and best.cycles <= search.lower:
                break
            try:
                found = scheduler.schedule(problem, budget)
            except OutOfScratch:
                continue
            if best is None or found.cycles < best.cycles:
                best = found
        search.best = best
        if best is not None:
            search.timing = timing_of(search.view, best)

    def _once(self, search: Search) -> None:
        """What is tried once, before the models take turns: what serves the kind of problem best
        comes first."""
        methods: list[Callable[[Search], None]] = [
            lambda search: self._fewer(search, FIRST_EFFORT, with_hint=False),
            self._relax,
            self._ranked,
            lambda search: self._fluid(search, min(FLOWING, search.left / 4)),
        ]
        if search.turns and self._counted(search) <= MOST_QUICKLY:
            methods = methods[1:] + methods[:1]
        for method in methods:
            if not search.done and search.best is not None:
                method(search)

    def _counted(self, search: Search) -> int:
        """The size of models of counts, by the terms of the counting relaxation."""
        if search.classes is None:
            return 0
        return counting_terms(search.view, search.classes, search.lower)

    def _alternate(self, search: Search) -> None:
        """Ask all models in turn, with limits that double from round to round."""
        if search.done:
            return
        by_rows: tuple[Callable[[Search, float], None], ...] = (
            self._fluid,
            self._counts,
            lambda search, limit: self._steps(search, 2 * limit),
        )
        by_intervals: tuple[Callable[[Search, float], None], ...] = (
            self._intervals,
            lambda search, limit: self._fewer(search, limit, with_hint=True),
        )
        limit, dive = FIRST_EFFORT, self._dive(search)
        state = (-1, -1)
        while not search.done and search.left > 0 and search.state != state:
            # Less than the first dive of the interval model would be for nothing.
            dives = limit >= dive
            state = search.state if dives else (-1, -1)
            for method in by_rows + by_intervals if dives else by_rows:
                if not search.done and search.left > 0 and search.best is not None:
                    method(search, min(limit, search.left))
            limit *= 2

    def _dive(self, search: Search) -> float:
        """The effort of the interval model until all intervals are fixed for the first time."""
        if search.best is None or search.intervals > MOST_INTERVALS:
            return 0.0
        scanned = self._interval_model(search, search.lower).scanned
        return search.intervals * scanned * SCAN

    def _any(self, search: Search) -> None:
        """A schedule of any length, or the proof that none exists.

        Long horizons are easy to fill and hard to refute, short ones the other way round: all are
        tried, with growing limits.
        """
        view = search.view
        if _needed_at_once(view) > view.problem.dense.words:
            search.infeasible = True
            return
        longest = _serial_length(view)
        limit = FIRST_EFFORT
        state = (-1, -1)
        while search.left > 0 and search.state != state:
            state = search.state
            # With patience only where the models have not found anything either.
            most = {FIRST_EFFORT: FIRST_SETS, 2 * FIRST_EFFORT: MOST_SETS}.get(limit)
            if most is not None:
                exists, sets = order_exists(view, view.problem.dense.words, most)
                # Not on the search's account: it is little, and the models need all of theirs.
                search.spent["orders"] = search.spent.get("orders", 0.0) + sets * SET
                if exists is False:
                    search.infeasible = True
                    return
            horizon = search.lower
            while True:
                horizon = min(horizon + max(horizon // 3, 1), longest)
                for method in (self._steps, self._intervals):
                    if search.best is not None or search.infeasible or search.left <= 0:
                        return
                    if horizon > search.lower or horizon == longest:
                        method(search, min(limit, search.left), horizon)
                if search.lower > longest:
                    search.infeasible = True
                    return
                if horizon == longest:
                    break
            limit *= 2

    def _interval_model(self, search: Search, horizon: int) -> IntervalModel:
        """The interval model; with addresses as soon as it turned out that words are not enough."""
        words = search.view.problem.dense.words if search.scratch else None
        packed = search.margin > 0
        return IntervalModel(search.view, search.lower, horizon, words, packed=packed)

    def _fewer(self, search: Search, limit: float, *, with_hint: bool) -> None:
        """Fewer cycles than the best schedule has, by the interval model."""
        if search.best is None or search.intervals > MOST_INTERVALS:
            return
        horizon = search.best.cycles - 1
        interval = self._interval_model(search, horizon)
        if with_hint and search.timing is not None:
            interval.hint(search.timing)
        status, solver = self._solve(search, "fewer", interval.model, limit, interval.scanned)
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            search.raise_bound(ceil(solver.best_objective_bound - 1e-6), PROVED)
            search.accept(interval.timing(solver), self.name)
        elif status == cp_model.INFEASIBLE:
            search.raise_bound(horizon + 1, PROVED)
        else:
            search.raise_bound(ceil(solver.best_objective_bound - 1e-6), PROVED)

    def _fluid(self, search: Search, limit: float) -> None:
        """Refute horizons by the fluid model in integers."""
        self._refute(search, limit, "fluid", FluidModel, "fluid relaxation in integers")

    def _counts(self, search: Search, limit: float) -> None:
        """Refute horizons by counting; where counts exist, schedule by them."""
        found = self._refute(search, limit, "counts", CountingModel, "counting relaxation")
        if found is not None:
            self._guided(search, found[0].timing(found[1]))

    def _refute(
        self,
        search: Search,
        limit: float,
        what: str,
        relaxation: Callable[[View, Classes, int], Relaxation],
        name: str,
    ) -> tuple[Relaxation, list[int]] | None:
        """Refute horizons by a relaxation in integers, one after the other, until the limit is
        reached or it has a solution, which is returned."""
        classes, before = search.classes, -1
        while classes is not None and search.lower not in (before, search.allowed.get(what, 0)):
            if search.done or search.left <= 0:
                return None
            before = search.lower
            if self._counted(search) > MOST_COUNTED:
                return None
            rows = relaxation(search.view, classes, before)
            if not rows.possible:
                search.raise_bound(before + 1, "dependences and slots")
                continue
            model, variables = rows.cp_model()
            effort = min(limit, search.left)
            status, solver = self._solve(search, what, model, effort, terms=rows.n_terms)
            if status == cp_model.INFEASIBLE:
                search.raise_bound(before + 1, f"{name}, refuted by CP-SAT")
            elif status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
                search.allowed[what] = before
                return rows, [solver.value(variable) for variable in variables]
        return None

    def _ranked(self, search: Search) -> None:
        """A schedule of as many cycles as the lower bound in which groups take turns, by list
        schedules at alpha points and by relaxing and fixing: where there are many groups, and
        enough is left to spend."""
        if not search.turns or self._counted(search) > MOST_COUNTED:
            return
        model = RankedModel(search.view, search.lower)
        if not model.possible or 3 * model.n_terms * SLOPE > search.left:
            return
        found, possible, effort = alpha_point_schedule(model, self.seed, self.name)
        search.account("alpha_points", effort, 0)
        if found is not None:
            search.offer(found)
        if search.done or not possible or estimate(model) > search.left:
            return
        value, effort = relax_and_fix(model, search.left)
        search.account("ranked", effort, 0)
        if value is not None:
            timing = model.timing(value)
            if holds_dependences(search.view, timing):
                search.accept(timing, self.name)

    def _guided(self, search: Search, timing: Timing) -> None:
        """The schedule that counts stand for, or list schedules in the order of its starts."""
        if holds_dependences(search.view, timing) and search.accept(timing, self.name):
            return
        starts = np.array([own[0] for own in timing.cycles])
        for urgency in (starts, starts - 0.01 * np.array(search.view.tails)):
            try:
                found = schedule_in_order(search.view.problem, urgency, self.name)
            except OutOfScratch:
                continue
            search.offer(found)

    def _relax(self, search: Search) -> None:
        """Raise the bound by linear relaxations: of the counts, and on small problems of the whole
        problem, scratch included."""
        view, classes = search.view, search.classes
        upper = search.best.cycles if search.best is not None else search.lower
        words = view.problem.dense.words if search.scratch else None
        made: list[Callable[[int], IntegerRows]] = []
        if classes is not None and counting_terms(view, classes, upper) <= MOST_COUNTED:
            made.append(lambda horizon: FluidModel(view, classes, horizon, excess=True))
        if view.start_windows(upper) <= RELAXATION_SIZE:
            made.append(lambda horizon: TimeIndexed(view, horizon, words, symmetry=False))
        for formulation in made:
            terms = 0

            def counted(
                horizon: int, formulation: Callable[[int], IntegerRows] = formulation
            ) -> IntegerRows:
                nonlocal terms
                rows = formulation(horizon)
                terms += rows.n_terms
                return rows

            bound = relaxation_bound(counted, search.lower, upper)
            search.account("relaxations", terms * RELAXING, 0)
            search.raise_bound(bound, "linear relaxation, checked exactly")

    def _steps(self, search: Search, limit: float, horizon: int | None = None) -> None:
        """A schedule within the horizon (the lower bound), by the time-indexed formulation."""
        cycles = search.lower if horizon is None else horizon
        if search.view.start_windows(cycles) > MOST_FREEDOM:
            return
        formulation = TimeIndexed(search.view, cycles, search.words)
        if not formulation.possible:
            search.raise_bound(cycles + 1, "dependences and slots")
            return
        if formulation.n_terms * PREPARING > MOST_PREPARING * limit:
            search.account("steps", 0.0, 0)  # Later, with a larger limit.
            return
        exact = not search.margin
        model, variables = formulation.cp_model()
        status, solver = self._solve(search, "steps", model, limit, terms=formulation.n_terms)
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            value = [solver.value(variable) for variable in variables]
            search.accept(formulation.timing(value), self.name)
        elif status == cp_model.INFEASIBLE and exact:
            search.raise_bound(cycles + 1, PROVED)

    def _intervals(self, search: Search, limit: float, horizon: int | None = None) -> None:
        """A schedule within the horizon (the lower bound), by the interval model."""
        cycles = search.lower if horizon is None else horizon
        if search.intervals > MOST_INTERVALS:
            return
        interval = self._interval_model(search, cycles)
        interval.model.clear_objective()
        status, solver = self._solve(search, "intervals", interval.model, limit, interval.scanned)
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            search.accept(interval.timing(solver), self.name)
        elif status == cp_model.INFEASIBLE:
            search.raise_bound(cycles + 1, PROVED)

    def _solve(
        self,
        search: Search,
        what: str,
        model: cp_model.CpModel,
        limit: float,
        scanned: int = 0,
        terms: int = 0,
    ) -> tuple[cp_model.CpSolverStatus, cp_model.CpSolver]:
        """One run, on the search's account; ``scanned``: intervals in all cumulatives; ``terms``:
        of all rows, which take their time before the search."""
        conflicts = search.conflicts(what, limit) if scanned else 0
        linear = what in ("counts", "fluid")
        solver = make_solver(self.seed + search.tried[what], limit, conflicts, linear=linear)
        status = solver.solve(model)
        effort = solver.response_proto.deterministic_time
        if scanned:
            effort = max(effort, solver.num_branches * scanned * SCAN)
        effort += terms * PREPARING
        search.account(what, effort, solver.num_conflicts if scanned else 0)
        return status, solver

    def _finished(self, search: Search, best: Schedule) -> Schedule:
        lower = min(search.lower, best.cycles)
        statistics: dict[str, float | int | str] = {"runs": search.tried.total()}
        for what, effort in search.spent.items():
            statistics[f"effort_{what}"] = round(effort, 3)
        return Schedule(
            best.cycles,
            best.engine,
            best.lane_cycle,
            best.address,
            best.peak_words,
            self.name,
            status="optimal" if lower == best.cycles else "feasible",
            lower_bound=lower,
            bound_reason=search.reason,
            statistics=statistics,
        )


PROVED = "proved by CP-SAT"


def make_solver(
    seed: int, limit: float, conflicts: int, *, linear: bool = False
) -> cp_model.CpSolver:
    """A solver with the parameters that serve on these models, limited to so much deterministic
    time and so many conflicts (0 in models without intervals: no limit).

    The overload checker is off by default; with intervals it decides between proofs in a second
    and none.  Linear relaxations serve counts; the other models they cost more than they save.
    """
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = limit
    solver.parameters.linearization_level = int(linear)
    if conflicts:
        solver.parameters.max_number_of_conflicts = conflicts
        solver.parameters.use_overload_checker_in_cumulative = True
    return solver


def _serial_length(view: View) -> int:
    """Enough cycles for whatever can be done at all: each cycle advances some operation."""
    lags = sum(max(edge.latency - 1, 0) for edge in view.dependences)
    return sum(max(span, 1) for span in view.span) + lags


def _needed_at_once(view: View) -> int:
    """Words that no schedule does without: all operands of some operation, all zeros."""
    operands = [0] * len(view)
    for value, readers in enumerate(view.readers):
        for reader in readers:
            operands[reader] += view.width[value]
    zeros = sum(width for width, zero in zip(view.width, view.is_zero, strict=True) if zero)
    return max(max(operands, default=0), max(view.width, default=0), zeros)

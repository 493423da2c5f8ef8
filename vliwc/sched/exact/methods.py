"""The methods of the portfolio :mod:`vliwc.sched.exact.cpsat`, one function each.

A method takes the state of a search and a limit of effort.  It may improve the incumbent, or prove
a makespan infeasible, which raises the lower bound to the next one (a destructive lower bound,
Klein and Scholl 1999), or do nothing; what it has cost is on the search's account.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import TypeVar

import numpy as np

from vliwc.sched.exact.alpha_points import alpha_point_schedule
from vliwc.sched.exact.incumbent import Question, Search
from vliwc.sched.exact.interval_model import IntervalModel
from vliwc.sched.exact.limits import make_solver, solved
from vliwc.sched.greedy.priorities import schedule_in_order
from vliwc.sched.problem.schedule import OutOfScratch, Timing
from vliwc.sched.problem.view import View
from vliwc.sched.projects.genetic import GeneticSearch
from vliwc.sched.relaxations.ancestors import sharpened, steps
from vliwc.sched.relaxations.classes import Classes
from vliwc.sched.relaxations.counting import CountingModel, counting_terms, holds_dependences
from vliwc.sched.relaxations.fluid import FluidModel
from vliwc.sched.relaxations.infeasibility import destructive_bound
from vliwc.sched.relaxations.ranked import RankedModel
from vliwc.sched.relaxations.relax_and_fix import LIMITS, estimate, relax_and_fix
from vliwc.sched.relaxations.rows import IntegerRows
from vliwc.sched.relaxations.time_indexed import TimeIndexed
from vliwc.solvers import cp_model

PROVED = "proved by CP-SAT"
FEASIBLE = (cp_model.OPTIMAL, cp_model.FEASIBLE)

CONFIRM = "confirm_"
"""What the names of runs that ask again begin with."""

Relaxation = TypeVar("Relaxation", bound=IntegerRows)


def sharper_windows(search: Search) -> None:
    """Heads and tails of all models from the work before and after each operation, and a bound.

    Of projects it proves nothing more (none of PSPLIB's files here): they keep their paths.
    """
    limits = search.limits
    if search.done or search.view.problem.renewable is not None:
        return
    cost = steps(search.view)
    if cost > limits.max_window_steps:
        return
    windows = sharpened(search.view)
    search.view = windows.view
    search.account("ancestors", cost * limits.step_effort, 0)
    search.raise_bound(windows.cycles, "work before and after each operation")


def linear_relaxations(search: Search, _limit: float) -> None:
    """Raise the bound by linear relaxations: of the counts, and on small problems of the whole
    problem, scratch included."""
    view, classes, limits = search.view, search.classes, search.limits
    upper = search.best.cycles if search.best is not None else search.lower
    words = view.problem.dense.words if search.scratch else None
    made: list[Callable[[int], IntegerRows]] = []
    if classes is not None and counting_terms(view, classes, upper) <= limits.max_count_terms:
        made.append(lambda horizon: FluidModel(view, classes, horizon, excess=True))
    if view.start_windows(upper) <= limits.max_relaxed_windows:
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

        bound = destructive_bound(counted, search.lower, upper)
        search.account("relaxations", terms * limits.relaxation_effort, 0)
        search.raise_bound(bound, "linear relaxation, checked exactly")


def groups_in_turn(search: Search, _limit: float) -> None:
    """A schedule of as many cycles as the lower bound in which groups take turns, by list
    schedules at alpha points and by relaxing and fixing: where there are many groups, and enough
    is left to spend."""
    if not search.turns or search.count_terms > search.limits.max_count_terms:
        return
    model = RankedModel(search.view, search.lower)
    if not model.possible or LIMITS.windows * model.n_terms * LIMITS.term_effort > search.left:
        return
    found, possible, effort = alpha_point_schedule(model, search.seed, search.name)
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
            search.accept(timing)


def fluid_in_integers(search: Search, limit: float) -> None:
    """Prove makespans infeasible by the fluid relaxation in integers."""
    _integer_bound(search, limit, "fluid", FluidModel, "fluid relaxation in integers")


def counts_in_integers(search: Search, limit: float) -> None:
    """Prove makespans infeasible by counting; where counts exist, schedule by them."""
    found = _integer_bound(search, limit, "counts", CountingModel, "counting relaxation")
    if found is not None:
        _guided(search, found[0].timing(found[1]))


def _integer_bound(
    search: Search,
    limit: float,
    what: str,
    relaxation: Callable[[View, Classes, int], Relaxation],
    name: str,
) -> tuple[Relaxation, list[int]] | None:
    """Prove makespans infeasible by a relaxation in integers, one after the other, until the limit
    is reached or it has a solution, which is returned."""
    classes, before = search.classes, -1
    while classes is not None and search.lower not in (before, search.allowed.get(what, 0)):
        if search.done or search.left <= 0:
            return None
        before = search.lower
        if search.count_terms > search.limits.max_count_terms:
            return None
        rows = relaxation(search.view, classes, before)
        if not rows.possible:
            search.raise_bound(before + 1, "dependences and slots")
            continue
        model, variables = rows.cp_model()
        effort = min(limit, search.left)
        status, solver = solve(search, what, Question(model, terms=rows.n_terms), effort)
        if status == cp_model.INFEASIBLE:

            def ask(makespan: int, classes: Classes = classes) -> Question:
                again = relaxation(search.view, classes, makespan)
                return Question(again.cp_model()[0], terms=again.n_terms)

            search.claim_bound(before + 1, f"{name}, {PROVED}", what, ask)
        elif status in FEASIBLE:
            search.allowed[what] = before
            return rows, [solver.value(variable) for variable in variables]
    return None


def _guided(search: Search, timing: Timing) -> None:
    """The schedule that counts stand for, or list schedules in the order of its starts."""
    if holds_dependences(search.view, timing) and search.accept(timing):
        return
    starts = np.array([own[0] for own in timing.cycles])
    for urgency in (starts, starts - search.limits.tail_tilt * np.array(search.view.tails)):
        try:
            found = schedule_in_order(search.view.problem, urgency, search.name)
        except OutOfScratch:
            continue
        search.offer(found)


def time_indexed_schedule(search: Search, limit: float, makespan: int | None = None) -> None:
    """A schedule within the makespan (the lower bound), by the time-indexed formulation."""
    limits = search.limits
    cycles = search.lower if makespan is None else makespan
    if search.view.start_windows(cycles) > limits.max_step_windows:
        return
    formulation = TimeIndexed(search.view, cycles, search.words)
    if not formulation.possible:
        search.raise_bound(cycles + 1, "dependences and slots")
        return
    if formulation.n_terms * limits.preparation_effort > limits.max_preparation * limit:
        search.account("steps", 0.0, 0)  # Later, with a larger limit.
        return
    exact, words = not search.margin, search.words
    question = _steps(formulation)
    status, solver = solve(search, "steps", question, limit)
    if status in FEASIBLE and question.timing is not None:
        search.accept(question.timing(solver))
    elif status == cp_model.INFEASIBLE and exact:

        def ask(makespan: int) -> Question:
            return _steps(TimeIndexed(search.view, makespan, words))

        search.claim_bound(cycles + 1, PROVED, "steps", ask)


def _steps(formulation: TimeIndexed) -> Question:
    model, variables = formulation.cp_model()
    return Question(
        model,
        terms=formulation.n_terms,
        timing=lambda solver: formulation.timing([solver.value(v) for v in variables]),
    )


def interval_schedule(search: Search, limit: float, makespan: int | None = None) -> None:
    """A schedule within the makespan (the lower bound), by the interval model."""
    cycles = search.lower if makespan is None else makespan
    if search.intervals > search.limits.max_intervals:
        return
    ask = _interval_question(search)
    question = ask(cycles)
    status, solver = solve(search, "intervals", question, limit)
    if status in FEASIBLE and question.timing is not None:
        search.accept(question.timing(solver))
    elif status == cp_model.INFEASIBLE:
        search.claim_bound(cycles + 1, PROVED, "intervals", ask)


def _interval_question(search: Search) -> Callable[[int], Question]:
    """Asks the interval model, scratch as it is now, for any schedule within a makespan."""
    words = search.view.problem.dense.words if search.scratch else None
    lower, packed = search.lower, search.margin > 0

    def ask(makespan: int) -> Question:
        interval = IntervalModel(search.view, lower, makespan, words, packed=packed)
        interval.model.clear_objective()
        return Question(interval.model, interval.scanned, timing=interval.timing)

    return ask


def bare_intervals(search: Search, limit: float) -> None:
    """A schedule shorter than the best one, by the interval model as anyone would write it.

    Few rows are propagated fast: where conflicts teach more than bounds do, it ends first.
    """
    if search.best is None or search.intervals > search.limits.max_intervals:
        return
    horizon, lower = search.best.cycles - 1, search.lower
    words = search.view.problem.dense.words if search.scratch else None
    packed = search.margin > 0

    def ask(makespan: int) -> Question:
        bare = IntervalModel(search.view, lower, makespan, words, packed=packed, bare=True)
        bare.model.clear_objective()
        return Question(bare.model, bare.scanned, timing=bare.timing, bare=True)

    bare = IntervalModel(search.view, lower, horizon, words, packed=packed, bare=True)
    question = Question(bare.model, bare.scanned, timing=bare.timing, bare=True)
    status, solver = solve(search, "bare", question, limit)
    if status == cp_model.INFEASIBLE:
        search.claim_bound(horizon + 1, PROVED, "bare", ask)
        return
    search.claim_bound(ceil(solver.best_objective_bound - 1e-6), PROVED, "bare", ask)
    if status in FEASIBLE:
        search.accept(bare.timing(solver))


def bred_schedule(search: Search, limit: float) -> None:
    """Of a project: a shorter schedule by the genetic algorithm, which goes on where it was."""
    if search.view.problem.renewable is None or search.best is None:
        return
    bred = search.bred
    if bred is None:
        bred = search.bred = GeneticSearch(search.view, search.seed)
    if search.best.cycles < bred.length:
        bred.take(search.best.lane_cycle)
    before = bred.effort
    bred.run(limit, search.lower)
    search.account("bred", bred.effort - before, 0)
    if bred.length < search.best.cycles:
        search.accept(Timing([[at] for at in bred.start.tolist()], search.best.engine.tolist()))


def improve_incumbent(search: Search, limit: float) -> None:
    """A schedule shorter than the best one, by the interval model, with the best as a hint."""
    _improve(search, limit, with_hint=True)


def improve_without_hint(search: Search, limit: float) -> None:
    """The same without a hint, which can trap a single worker in its neighbourhood."""
    _improve(search, limit, with_hint=False)


def _improve(search: Search, limit: float, *, with_hint: bool) -> None:
    if search.best is None or search.intervals > search.limits.max_intervals:
        return
    horizon = search.best.cycles - 1
    interval = _interval_model(search, horizon)
    if with_hint and search.timing is not None:
        interval.hint(search.timing)
    question = Question(interval.model, interval.scanned, timing=interval.timing)
    ask = _interval_question(search)
    status, solver = solve(search, "improve", question, limit)
    if status == cp_model.INFEASIBLE:
        search.claim_bound(horizon + 1, PROVED, "intervals", ask)
        return
    search.claim_bound(ceil(solver.best_objective_bound - 1e-6), PROVED, "intervals", ask)
    if status in FEASIBLE:
        search.accept(interval.timing(solver))


def first_dive(search: Search) -> float:
    """The effort of the interval model until all intervals are fixed for the first time."""
    if search.best is None or search.intervals > search.limits.max_intervals:
        return 0.0
    scanned = _interval_model(search, search.lower).scanned
    return search.intervals * scanned * search.limits.scan_effort


def _interval_model(search: Search, horizon: int) -> IntervalModel:
    """The interval model; with addresses as soon as it turned out that words are not enough."""
    words = search.view.problem.dense.words if search.scratch else None
    return IntervalModel(search.view, search.lower, horizon, words, packed=search.margin > 0)


def solve(
    search: Search, what: str, question: Question, limit: float, *, presolve: bool = True
) -> tuple[cp_model.CpSolverStatus, cp_model.CpSolver]:
    """One run of CP-SAT, on the search's account."""
    limits, scanned = search.limits, question.scanned
    # Of large bare models CP-SAT's own time leaves nearly everything out.
    dear = search.intervals * scanned * limits.scan_effort > limit * limits.dear_dive
    conflicts = search.conflicts(what, limit) if scanned and (dear or not question.bare) else 0
    linear = what.removeprefix(CONFIRM) in ("counts", "fluid")
    seed = search.seed + search.tried[what]
    solver = make_solver(seed, limit, conflicts, linear=linear, presolve=presolve)
    status = solved(solver, question.model)
    effort = solver.response_proto.deterministic_time
    if scanned:
        effort = max(effort, solver.num_branches * scanned * limits.scan_effort)
    # Rows take their time before the search.
    effort += question.terms * limits.preparation_effort
    search.account(what, effort, solver.num_conflicts if conflicts else 0)
    return status, solver

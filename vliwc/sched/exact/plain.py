"""The scheduler ``ortools-plain``: the interval model that anyone would write for OR-Tools' CP-SAT.

One interval for each operation and form (and mode, :mod:`vliwc.sched.exact.modes_model`), a
cumulative for each engine, renewable resource and for scratch, precedences, the makespan as the
objective; the solver as it comes, but with one worker, a seed, and a limit of deterministic time,
so that results can be repeated.  It is there to compare with: :mod:`vliwc.sched.exact.cpsat` has to
be worth its code.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import ClassVar

from vliwc.sched.anytime import expired, report
from vliwc.sched.exact.incumbent import assembled, timing_of
from vliwc.sched.exact.interval_model import IntervalModel
from vliwc.sched.exact.limits import solved
from vliwc.sched.exact.modes_model import ModesSearch
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.problem.view import View
from vliwc.solvers import cp_model

FEASIBLE = (cp_model.OPTIMAL, cp_model.FEASIBLE)


@dataclass(frozen=True)
class PlainScheduler:
    """CP-SAT on the bare interval model; ``budget`` in units of its deterministic time (about
    seconds), ``effort`` without one.  Confirming a claimed bound may take as much again."""

    seed: int = 0
    effort: int = 60
    name: str = "ortools-plain"
    takes_modes: ClassVar[bool] = True
    takes_lags: ClassVar[bool] = True

    def schedule(
        self, problem: ScheduleProblem, budget: int | None = None, hint: Schedule | None = None
    ) -> Schedule:
        """The schedule that CP-SAT ends with, or ``hint`` if it finds no better one.

        Raises :class:`vliwc.sched.problem.schedule.OutOfScratch` if there is neither.
        """
        if problem.modes is not None:
            search = ModesSearch(problem, self.name, self.seed, float(budget or self.effort), hint)
            search.run(search.left)
            return search.finished()
        view, effort = View.of(problem), float(budget or self.effort)
        left, claimed = effort, 0
        best = hint
        # Where words are enough but addresses are not, once more with addresses in the model.
        for packed in (False, True):
            model = _model(view, packed=packed)
            if hint is not None:
                model.hint(timing_of(view, hint))
            solver = _solver(self.seed, left)
            status = solved(solver, model.model)
            left -= solver.response_proto.deterministic_time
            if status in (*FEASIBLE, cp_model.UNKNOWN):
                claimed = max(claimed, ceil(solver.best_objective_bound - 1e-6))
            found = None
            if status in FEASIBLE:
                found = assembled(view, model.timing(solver), self.name)
            if found is not None and (best is None or found.cycles < best.cycles):
                best = found
            report(effort - left, best, 0, "intervals", claimed=claimed)
            if status not in FEASIBLE or found is not None or left <= 0 or expired():
                break
        if best is None:
            raise OutOfScratch(f"CP-SAT found no schedule within {effort:g} units of effort")
        statistics: dict[str, float | int | str] = {"effort": round(effort - left, 3)}
        return self._with_bound(view, best, claimed, effort, statistics)

    def _with_bound(
        self,
        view: View,
        best: Schedule,
        claimed: int,
        effort: float,
        statistics: dict[str, float | int | str],
    ) -> Schedule:
        """The schedule with the analytic bound, or with CP-SAT's if a second run confirms it
        (:mod:`vliwc.sched.exact.confirm` says why)."""
        bound = lower_bound(view.problem)
        proved, reason = bound.cycles, bound.reason
        claimed = min(claimed, best.cycles)
        if claimed > proved:
            if not expired() and _infeasible(view, claimed - 1, self.seed + 1, effort):
                proved, reason = claimed, "proved by CP-SAT"
            else:
                statistics["claimed_bound"] = claimed
                reason += f"; CP-SAT claims {claimed}, not confirmed"
        proved = min(proved, best.cycles)
        return replace(
            best,
            scheduler=self.name,
            status="optimal" if proved == best.cycles else "feasible",
            lower_bound=proved,
            bound_reason=reason,
            statistics=statistics,
        )


def _model(view: View, horizon: int | None = None, *, packed: bool = False) -> IntervalModel:
    problem = view.problem
    words = problem.dense.words if problem.renewable is None else None
    return IntervalModel(view, 0, horizon or view.serial_length, words, packed=packed, bare=True)


def _solver(seed: int, effort: float) -> cp_model.CpSolver:
    """The solver as it comes, but repeatable."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.catch_sigint_signal = False
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = effort
    return solver


def _infeasible(view: View, makespan: int, seed: int, effort: float) -> bool:
    """Whether CP-SAT without presolve finds that no schedule takes so few cycles."""
    model = _model(view, makespan)
    model.model.clear_objective()
    solver = _solver(seed, effort)
    solver.parameters.cp_model_presolve = False
    return solved(solver, model.model) == cp_model.INFEASIBLE

"""Projects with modes by CP-SAT: an optional interval for each mode, of which one is present.

The model that anyone would write (Laborie et al., *IBM ILOG CP Optimizer for scheduling*, 2018,
call it alternatives): a cumulative for each renewable resource, or a disjunctive where it has one
unit, a linear row for each nonrenewable one, precedences and time lags between the tasks, the
makespan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from vliwc.sched.anytime import expired, report
from vliwc.sched.exact.limits import solved
from vliwc.sched.greedy.sgs import project_schedule
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.lags import longest_schedule
from vliwc.sched.problem.modes import executable, with_modes
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Infeasible, OutOfScratch, Schedule
from vliwc.sched.problem.view import View
from vliwc.sched.projects.mode_choice import in_modes
from vliwc.solvers import cp_model

Improve = Callable[[ScheduleProblem, int, Schedule], Schedule]
"""A scheduler on the project with the modes fixed: problem, budget, schedule to start from."""


class ModesModel:
    """Starts and modes of all tasks within ``horizon`` cycles; ``present`` by mode (row)."""

    def __init__(self, problem: ScheduleProblem, horizon: int, least: int = 0) -> None:
        modes, renewable = problem.modes, problem.renewable
        if modes is None or renewable is None:
            raise ValueError("the problem has no modes")
        self.problem, self.model = problem, cp_model.CpModel()
        self.ptr: list[int] = modes.ptr.tolist()
        duration: list[int] = modes.duration.tolist()
        possible = executable(modes, renewable.capacity)
        self.start: list[cp_model.IntVar] = []
        self.present: list[cp_model.IntVar] = []
        ends: list[cp_model.IntVar] = []
        intervals: list[cp_model.IntervalVar] = []
        for low, high in zip(self.ptr, self.ptr[1:], strict=False):
            start = self.model.new_int_var(0, horizon, "")
            end = self.model.new_int_var(0, horizon, "")
            own = [self.model.new_bool_var("") for _ in range(low, high)]
            self.model.add_exactly_one(own)
            lasts = sum(duration[row] * own[row - low] for row in range(low, high))
            self.model.add(end == start + lasts)
            for row, chosen in zip(range(low, high), own, strict=True):
                if not possible[row]:
                    self.model.add(chosen == 0)
                intervals.append(
                    self.model.new_optional_fixed_size_interval_var(
                        start, duration[row], chosen, ""
                    )
                )
            self.start.append(start)
            ends.append(end)
            self.present += own
        for before, after, latency in View.of(problem).dependences:
            self.model.add(self.start[after] >= ends[before] + latency - 1)
        for before, after, lag in [] if problem.lags is None else problem.lags.rows:
            self.model.add(self.start[after] >= self.start[before] + lag)
        for number, capacity in enumerate(renewable.capacity.tolist()):
            column: list[int] = modes.demand[:, number].tolist()
            rows = [r for r, amount in enumerate(column) if amount and duration[r] and possible[r]]
            if capacity == 1:
                self.model.add_no_overlap([intervals[row] for row in rows])
            elif rows:
                self.model.add_cumulative(
                    [intervals[row] for row in rows], [column[row] for row in rows], capacity
                )
        for number, amount in enumerate(modes.amount.tolist()):
            taken: list[int] = modes.consumption[:, number].tolist()
            self.model.add(sum(k * x for k, x in zip(taken, self.present, strict=True)) <= amount)
        self.makespan = self.model.new_int_var(least, horizon, "")
        for end in ends:
            self.model.add(self.makespan >= end)
        self.model.minimize(self.makespan)

    def hint(self, schedule: Schedule) -> None:
        """Start from a schedule with modes."""
        if schedule.mode is None:
            return
        for variable, at in zip(self.start, schedule.lane_cycle.tolist(), strict=True):
            self.model.add_hint(variable, at)
        for low, high, mode in zip(self.ptr, self.ptr[1:], schedule.mode.tolist(), strict=False):
            for row in range(low, high):
                self.model.add_hint(self.present[row], row == low + mode)

    def schedule(self, solver: cp_model.CpSolver, name: str) -> Schedule:
        """The schedule of the solver's solution."""
        choice = [
            next(row for row in range(low, high) if solver.boolean_value(self.present[row])) - low
            for low, high in zip(self.ptr, self.ptr[1:], strict=False)
        ]
        starts = [solver.value(variable) for variable in self.start]
        fixed = with_modes(self.problem, choice)
        return in_modes(self.problem, project_schedule(fixed, starts, name), choice)


@dataclass
class ModesSearch:
    """CP-SAT on a project with modes, in one run or several; ``left`` of ``effort``, in units of
    its deterministic time.  ``claimed``: the bound that it says."""

    problem: ScheduleProblem
    name: str
    seed: int
    effort: float
    best: Schedule | None = None
    claimed: int = 0

    def __post_init__(self) -> None:
        bound = lower_bound(self.problem)
        self.left, self.bound, self.reason = self.effort, bound.cycles, bound.reason
        self.infeasible = False
        modes = self.problem.modes
        if modes is None:
            raise ValueError("the problem has no modes")
        starts = modes.ptr[:-1]
        longest = np.maximum.reduceat(modes.duration, starts) if len(starts) else modes.duration
        lags = sum(max(edge.latency - 1, 0) for edge in View.of(self.problem).dependences)
        between = [] if self.problem.lags is None else self.problem.lags.rows
        self.horizon = longest_schedule(longest.tolist(), between) + lags

    @property
    def done(self) -> bool:
        """Whether nothing is left to find, or to spend."""
        met = self.best is not None and self.best.cycles <= max(self.bound, self.claimed)
        return met or self.infeasible or self.left <= 0 or expired()

    def run(self, effort: float) -> None:
        """One run of the model from the best schedule so far."""
        model = ModesModel(self.problem, self.best.cycles if self.best else self.horizon)
        if self.best is not None:
            model.hint(self.best)
        solver = self._solver(self.seed, min(effort, self.left))
        status = solved(solver, model.model)
        self.left -= max(solver.response_proto.deterministic_time, 0.01)
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.UNKNOWN):
            self.claimed = max(self.claimed, ceil(solver.best_objective_bound - 1e-6))
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            self.offer(model.schedule(solver, self.name))
        self.infeasible = status == cp_model.INFEASIBLE and self.best is None
        self.tell()

    def offer(self, found: Schedule) -> None:
        """Take a schedule if it is shorter than the best one."""
        if self.best is None or found.cycles < self.best.cycles:
            self.best = found

    def tell(self) -> None:
        """Tell whoever watches."""
        spent, claimed = self.effort - self.left, max(self.claimed, self.bound)
        report(spent, self.best, self.bound, "modes", claimed=claimed)

    def finished(self) -> Schedule:
        """The best schedule, with the bound that a second run without presolve confirms.

        Raises :class:`OutOfScratch` if there is no schedule, :class:`Infeasible` if that is proved.
        """
        if self.best is None:
            if self.infeasible and self._refuted(self.horizon):
                if self.problem.lags is not None:
                    raise Infeasible("no schedule keeps all time lags")
                raise Infeasible("no choice of modes consumes no more than there is")
            raise OutOfScratch(f"CP-SAT found no schedule within {self.effort:g} units of effort")
        statistics: dict[str, float | int | str] = {"effort": round(self.effort - self.left, 3)}
        proved, reason = self.bound, self.reason
        claimed = min(self.claimed, self.best.cycles)
        if claimed > proved:
            if not expired() and self._refuted(claimed - 1):
                proved, reason = claimed, "proved by CP-SAT"
            else:
                statistics["claimed_bound"] = claimed
                reason += f"; CP-SAT claims {claimed}, not confirmed"
        proved = min(proved, self.best.cycles)
        return replace(
            self.best,
            scheduler=self.name,
            status="optimal" if proved == self.best.cycles else "feasible",
            lower_bound=proved,
            bound_reason=reason,
            statistics=statistics,
        )

    def _refuted(self, horizon: int) -> bool:
        """Whether CP-SAT without presolve finds that no schedule takes so few cycles."""
        model = ModesModel(self.problem, horizon).model
        model.clear_objective()
        solver = self._solver(self.seed + 1, self.effort)
        solver.parameters.cp_model_presolve = False
        return solved(solver, model) == cp_model.INFEASIBLE

    @staticmethod
    def _solver(seed: int, effort: float) -> cp_model.CpSolver:
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.catch_sigint_signal = False
        solver.parameters.random_seed = seed
        solver.parameters.max_deterministic_time = effort
        return solver

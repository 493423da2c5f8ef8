"""The plain CP-SAT model: right schedules, proofs that a second run confirms, hints kept."""

from __future__ import annotations

import numpy as np
import pytest
from ortools.sat.python import cp_model

from tests.unit.sched.exhaustive import shortest
from tests.unit.sched.samples import block, machine_problem, small_project
from vliwc.sched.check import check_schedule
from vliwc.sched.exact import plain
from vliwc.sched.exact.plain import PlainScheduler
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_problem
from vliwc.sched.problem.schedule import OutOfScratch
from vliwc.sched.staggered.scheduler import ListScheduler


def one_after_the_other() -> ScheduleProblem:
    """Three tasks of which two never fit side by side: 6 cycles, 4 by their work."""
    return project_problem([2, 2, 2], [[3], [3], [3]], [5], [])


def test_a_project_is_proved() -> None:
    problem = small_project()
    found = PlainScheduler().schedule(problem, 5)
    check_schedule(problem, found)
    assert (found.cycles, found.status) == (8, "optimal")


def test_lanes_engines_and_results_in_scratch() -> None:
    operations: list[dict[str, object]] = [
        {"forms": ["load"], "width": 4, "lanes": 4},
        {"forms": ["valu", "alu*"], "lanes": 4, "width": 4},
        {"forms": ["valu", "alu*"], "lanes": 4, "width": 4},
        {"forms": ["store"]},
    ]
    edges: list[list[object]] = [[0, 1, 1, True], [0, 2, 1, True], [1, 3, 1, True], [2, 3, 1, True]]
    problem = machine_problem(operations, edges, words=12)
    found = PlainScheduler().schedule(problem, 5)
    check_schedule(problem, found)
    assert (found.cycles, found.status) == (shortest(problem), "optimal")


def test_results_that_do_not_fit_are_out_of_scratch() -> None:
    operations: list[dict[str, object]] = [{"forms": ["load"], "width": 8} for _ in range(3)]
    operations.append({"forms": ["store"]})
    edges: list[list[object]] = [[k, 3, 1, True] for k in range(3)]
    with pytest.raises(OutOfScratch):
        PlainScheduler().schedule(machine_problem(operations, edges, words=16), 1)


def test_equal_runs_and_hints() -> None:
    problem = block("saxpy_dot", n=32)
    one, other = (PlainScheduler(3).schedule(problem, 2) for _ in range(2))
    assert np.array_equal(one.lane_cycle, other.lane_cycle)
    assert one.statistics == other.statistics
    hint = ListScheduler().schedule(problem)
    assert PlainScheduler().schedule(problem, 1, hint).cycles <= hint.cycles


def test_a_claim_that_is_not_confirmed_is_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_arguments: object) -> bool:
        return False

    monkeypatch.setattr(plain, "_infeasible", never)
    problem = one_after_the_other()
    found = PlainScheduler().schedule(problem, 5)
    assert found.status == "feasible"
    assert found.statistics["claimed_bound"] == found.cycles
    assert "not confirmed" in found.bound_reason


def test_the_second_run_is_without_presolve(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[bool, int]] = []
    solve = cp_model.CpSolver.solve

    def noted(self: cp_model.CpSolver, model: cp_model.CpModel) -> cp_model.CpSolverStatus:
        seen.append((self.parameters.cp_model_presolve, self.parameters.random_seed))
        return solve(self, model)

    monkeypatch.setattr(cp_model.CpSolver, "solve", noted)
    found = PlainScheduler(4).schedule(one_after_the_other(), 5)
    assert found.status == "optimal"
    assert seen == [(True, 4), (False, 5)]

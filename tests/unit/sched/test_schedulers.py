"""The schedulers beside `list` and `cpsat`: what each is for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.sched.samples import block, machine_problem, small_project
from vliwc.diagnostics import InternalError
from vliwc.sched.check import check_schedule
from vliwc.sched.exact.cpsat import CpSatScheduler
from vliwc.sched.exact.ilp import IlpScheduler
from vliwc.sched.exact.lns import LnsScheduler
from vliwc.sched.greedy.backward import BackwardScheduler
from vliwc.sched.greedy.list import AnyListScheduler
from vliwc.sched.greedy.priorities import (
    PRIORITIES,
    Combination,
    PriorityScheduler,
    schedule_in_order,
)
from vliwc.sched.greedy.random import RandomScheduler
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.registry import SchedulerError, require_valid


def in_tree(leaves: int) -> ScheduleProblem:
    """A sum of ``leaves`` loaded words on one load slot and one alu slot."""
    operations: list[dict[str, object]] = [{"forms": ["load"], "width": 1} for _ in range(leaves)]
    edges: list[list[object]] = []
    level = list(range(leaves))
    while len(level) > 1:
        pairs = list(zip(level[::2], level[1::2], strict=False))
        rest = level[2 * len(pairs) :]
        level = []
        for a, b in pairs:
            level.append(len(operations))
            edges += [[a, len(operations), 1, True], [b, len(operations), 1, True]]
            operations.append({"forms": ["alu"], "width": 1})
        level += rest
    return machine_problem(operations, edges, load=1, alu=1)


@pytest.mark.parametrize("leaves", [4, 8, 16])
def test_backward_is_optimal_on_reductions(leaves: int) -> None:
    """One load a cycle, then the last pair's way to the root."""
    found = BackwardScheduler().schedule(in_tree(leaves))
    check_schedule(in_tree(leaves), found)
    assert found.cycles == CpSatScheduler().schedule(in_tree(leaves)).cycles


def test_windows_repair_a_random_schedule() -> None:
    problem = block("binary_search", n=15, batch=32)
    poor = RandomScheduler(5).schedule(problem)
    better = LnsScheduler().schedule(problem, None, poor)
    check_schedule(problem, better)
    assert better.cycles < poor.cycles
    assert better.statistics["cycles_won"] == poor.cycles - better.cycles
    again = LnsScheduler().schedule(problem, None, poor)
    assert np.array_equal(again.lane_cycle, better.lane_cycle)


def test_windows_leave_an_optimum_alone() -> None:
    problem = block("saxpy_dot", n=64)
    best = AnyListScheduler().schedule(problem)
    assert best.cycles == lower_bound(problem).cycles
    found = LnsScheduler().schedule(problem, None, best)
    assert found.statistics["windows"] == 0 and found.status == "optimal"


@pytest.mark.parametrize("leaves", [5, 9])
def test_the_integer_program_proves_what_cpsat_does(leaves: int) -> None:
    problem = in_tree(leaves)
    one, other = IlpScheduler().schedule(problem), CpSatScheduler().schedule(problem)
    check_schedule(problem, one)
    assert (one.cycles, one.status) == (other.cycles, other.status) == (one.lower_bound, "optimal")


def test_the_integer_program_proves_more_than_the_analytic_bound() -> None:
    problem = block("saxpy_dot", n=16, level=2)
    found = IlpScheduler().schedule(problem)
    assert lower_bound(problem).cycles == 10
    assert (found.cycles, found.lower_bound, found.bound_reason) == (11, 11, "proved by SCIP")


def test_random_priorities_follow_the_seed() -> None:
    problem = block("murmur", n=32, seed=7)
    one, same, other = (RandomScheduler(seed).schedule(problem) for seed in (1, 1, 2))
    assert np.array_equal(one.lane_cycle, same.lane_cycle)
    assert not np.array_equal(one.lane_cycle, other.lane_cycle)


@pytest.mark.parametrize("name", list(PRIORITIES))
def test_every_priority_schedules_machines_and_projects(name: str) -> None:
    scheduler = PriorityScheduler(Combination.parse(name), name)
    for problem in (block("murmur", n=32, seed=7), small_project()):
        found = scheduler.schedule(problem)
        check_schedule(problem, found)
        assert found.scheduler == name


def test_a_built_in_scheduler_that_breaks_a_rule_is_our_mistake() -> None:
    problem = machine_problem([{"forms": ["load"], "width": 1} for _ in range(2)], [], load=1)
    made = schedule_in_order(problem, np.array([0.0, 1.0]), "given")
    require_valid(problem, made, "list:slack")
    broken = replace(made, lane_cycle=made.lane_cycle * 0)
    for name in ("list", "list:slack", "cpsat"):
        with pytest.raises(InternalError, match=f"'{name}' returned a schedule that breaks 2"):
            require_valid(problem, broken, name)
    with pytest.raises(SchedulerError, match="'foreign' returned a schedule that breaks 2"):
        require_valid(problem, broken, "foreign")


def test_urgency_decides_who_gets_the_slot() -> None:
    problem = machine_problem([{"forms": ["load"], "width": 1} for _ in range(3)], [], load=1)
    found = schedule_in_order(problem, np.array([2.0, 0.0, 1.0]), "given")
    assert found.lane_cycle.tolist() == [2, 0, 1]

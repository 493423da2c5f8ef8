"""No scheduler returns a schedule that the checker rejects, whatever the problem.

`HYPOTHESIS_PROFILE=thorough` runs 2000 random problems through every scheduler (about an hour).
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies.problems import problems
from vliwc.sched.check import check_schedule
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_problem
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.registry import make_scheduler

QUICK = ("list", "backward", "random", "list:critical-path", "list:slack+0.5*depth-first")
BUDGETS = {"cpsat": 3, "cpsat-lns": 2, "ortools-plain": 3, "ilp": 20, "list": 4, "random": 2}
SLOW = ("cpsat", "cpsat-lns", "ortools-plain", "ilp")
LOADED = settings.get_profile(settings.get_current_profile_name())
FEW = LOADED.max_examples if LOADED.max_examples >= 2000 else max(LOADED.max_examples // 4, 8)
"""Examples for solvers: fewer, unless many are asked for."""


@st.composite
def projects(draw: st.DrawFn) -> ScheduleProblem:
    """Projects of up to 9 tasks, milestones and lags among them."""
    n = draw(st.integers(1, 9))
    capacities = draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    demands = [[draw(st.integers(0, limit)) for limit in capacities] for _ in range(n)]
    before = [
        (a, b, draw(st.integers(0, 3)))
        for b in range(1, n)
        for a in range(b)
        if draw(st.integers(0, 4)) == 0
    ]
    return project_problem([draw(st.integers(0, 5)) for _ in range(n)], demands, capacities, before)


def schedule(name: str, problem: ScheduleProblem) -> Schedule | None:
    """A checked schedule, or None where results do not fit into scratch."""
    try:
        found = make_scheduler(name, 1).schedule(problem, BUDGETS.get(name))
    except OutOfScratch:
        return None
    check_schedule(problem, found)
    assert lower_bound(problem).cycles <= found.lower_bound <= found.cycles
    assert (found.status == "optimal") == (found.lower_bound == found.cycles)
    return found


@pytest.mark.parametrize("name", QUICK)
@given(problem=problems())
def test_quick_schedulers(name: str, problem: ScheduleProblem) -> None:
    schedule(name, problem)


@pytest.mark.parametrize("name", SLOW)
@settings(max_examples=FEW)
@given(problem=problems(most=16))
def test_solvers(name: str, problem: ScheduleProblem) -> None:
    schedule(name, problem)


@pytest.mark.parametrize("name", [*QUICK, *SLOW])
@settings(max_examples=FEW)
@given(problem=projects())
def test_projects(name: str, problem: ScheduleProblem) -> None:
    assert schedule(name, problem) is not None


@settings(max_examples=FEW)
@given(problem=problems(most=14))
def test_solvers_agree_where_both_prove(problem: ScheduleProblem) -> None:
    one, other = schedule("cpsat", problem), schedule("ilp", problem)
    if one is not None and other is not None and one.status == other.status == "optimal":
        assert one.cycles == other.cycles

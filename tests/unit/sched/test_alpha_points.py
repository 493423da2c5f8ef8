"""List schedules in the order of alpha points."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.strategies.problems import problems
from tests.unit.sched.samples import block, some_horizon
from vliwc.sched.check import check_schedule
from vliwc.sched.exact.alpha_points import alpha_point_schedule
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.view import View
from vliwc.sched.relaxations.ranked import RankedModel


@settings(deadline=None)
@given(problem=problems(most=16))
def test_what_it_finds_is_a_schedule(problem: ScheduleProblem) -> None:
    view = View.of(problem)
    horizon = some_horizon(problem)
    model = RankedModel(view, horizon)
    if not model.possible:
        return
    schedule, _, effort = alpha_point_schedule(model, 0, "alpha")
    assert effort >= 0
    if schedule is not None:
        check_schedule(problem, schedule)


def test_it_finds_the_optimum_and_proves_it() -> None:
    """99 cycles are the optimum; counting slots and paths proves 98."""
    problem = block("saxpy_dot", level=2, n=700)
    assert lower_bound(problem).cycles == 98
    model = RankedModel(View.of(problem), 99)
    schedule, possible, effort = alpha_point_schedule(model, 0, "alpha")
    assert possible and effort > 0
    assert schedule is not None and schedule.cycles == 99
    check_schedule(problem, schedule)
    # Nothing shorter, in the order that the model keeps: the relaxation says so by itself.
    shorter = RankedModel(View.of(problem), 98)
    assert alpha_point_schedule(shorter, 0, "alpha")[:2] == (None, False)


@pytest.mark.parametrize("seed", [0, 1])
def test_equal_runs_are_equal(seed: int) -> None:
    model = RankedModel(View.of(block("lcg", level=2, lanes=64, steps=10)), 27)
    one, other = (alpha_point_schedule(model, seed, "alpha")[0] for _ in range(2))
    assert one is not None and other is not None
    assert (one.engine == other.engine).all()
    assert (one.lane_cycle == other.lane_cycle).all()


def test_it_says_nothing_on_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    """The solver greets unless it is told not to."""
    view = View.of(block("murmur", level=2, n=61, seed=7))
    alpha_point_schedule(RankedModel(view, 26), 0, "alpha")
    assert capfd.readouterr() == ("", "")

"""Groups that take turns: solutions are schedules, and relaxing and fixing finds them."""

from __future__ import annotations

import pytest
from hypothesis import given
from ortools.sat.python import cp_model

from tests.strategies.problems import problems
from tests.unit.sched.samples import block, some_horizon
from vliwc.sched.check import check_schedule
from vliwc.sched.exact.incumbent import assembled
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.view import View
from vliwc.sched.relaxations.counting import holds_dependences
from vliwc.sched.relaxations.ranked import RankedModel
from vliwc.sched.relaxations.relax_and_fix import estimate, relax_and_fix


def solution(model: RankedModel) -> list[int] | None:
    """Values of all variables by CP-SAT, or None if there are none or they are hard to find."""
    if not model.possible:
        return None
    program, variables = model.cp_model()
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_deterministic_time = 2.0
    if solver.solve(program) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return [solver.value(variable) for variable in variables]


@given(problem=problems(most=16))
def test_solutions_are_schedules(problem: ScheduleProblem) -> None:
    """But for dependences between groups, which the caller checks, and addresses."""
    view = View.of(problem)
    horizon = some_horizon(problem)
    model = RankedModel(view, horizon)
    value = solution(model)
    if value is None:
        return
    assert model.satisfied(value)
    timing = model.timing(value)
    assert timing.length <= horizon
    if not holds_dependences(view, timing):
        return
    schedule = assembled(view, timing, "ranked")
    if schedule is not None:
        check_schedule(problem, schedule)


@pytest.mark.parametrize(
    ("kernel", "params", "cycles"),
    [
        ("murmur", {"n": 64, "seed": 7}, 25),
        ("lcg", {"lanes": 64, "steps": 10}, 27),
        ("saxpy_dot", {"n": 96}, 23),
        ("dfa", {"states": 4, "symbol_bits": 1, "batch": 24, "words": 2}, 46),
    ],
)
def test_it_meets_the_bound_of_blocks(kernel: str, params: dict[str, int], cycles: int) -> None:
    """These lengths are proved by `cpsat` (docs/proofs.md, and `vliwc compile --scheduler cpsat`).

    The method is a heuristic: with 61 words of `murmur`, since a short last group stores words of
    a chunk from where they stand, it ends in counts of 26 cycles that no schedule has.
    """
    problem = block(kernel, level=2, **params)
    view = View.of(problem)
    model = RankedModel(view, cycles)
    value, effort = relax_and_fix(model, 1000.0)
    assert value is not None
    assert 0 < effort < 4 * estimate(model)
    timing = model.timing(value)
    assert holds_dependences(view, timing)
    schedule = assembled(view, timing, "ranked")
    assert schedule is not None and schedule.cycles == cycles
    check_schedule(problem, schedule)


def test_it_stops_at_its_limit_and_at_dead_ends() -> None:
    view = View.of(block("murmur", level=2, n=61, seed=7))
    value, effort = relax_and_fix(RankedModel(view, 26), 0.5)
    assert value is None and 0.5 < effort < 5.0
    value, _ = relax_and_fix(RankedModel(view, 25), 1000.0)
    assert value is None


def test_equal_runs_are_equal() -> None:
    view = View.of(block("lcg", level=2, lanes=64, steps=10))
    first = relax_and_fix(RankedModel(view, 27), 1000.0)
    assert first == relax_and_fix(RankedModel(view, 27), 1000.0)


def test_it_says_nothing_on_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    """The solver greets unless it is told not to."""
    view = View.of(block("murmur", level=2, n=61, seed=7))
    relax_and_fix(RankedModel(view, 26), 1000.0)
    out, err = capfd.readouterr()
    assert not out and not err

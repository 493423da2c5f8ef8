"""The fluid relaxation: every schedule satisfies it, and it proves infeasible what it should."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from ortools.sat.python import cp_model

from tests.strategies.problems import problems
from tests.unit.sched.samples import UNLIKE_BLOCKS, block, some_schedules
from vliwc.sched.greedy.random import RandomScheduler
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Schedule
from vliwc.sched.problem.view import View, cycles_of
from vliwc.sched.relaxations.classes import Classes, useful_classes
from vliwc.sched.relaxations.counting import CountingModel
from vliwc.sched.relaxations.fluid import FluidModel
from vliwc.sched.relaxations.infeasibility import proved_infeasible
from vliwc.sched.relaxations.rows import Affine, IntegerRows
from vliwc.sched.staggered.scheduler import ListScheduler


def solvable(rows: IntegerRows) -> bool:
    """Whether integers satisfy the rows."""
    if not rows.possible:
        return False
    model, _ = rows.cp_model()
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    status = solver.solve(model)
    assert status in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.INFEASIBLE)
    return status != cp_model.INFEASIBLE


def work(cycles: Sequence[int], size: int) -> Sequence[int]:
    """The cycle of each of ``size`` lanes: an execution that is not split does all at once."""
    return cycles if len(cycles) == size else [cycles[0]] * size


def satisfies(problem: ScheduleProblem, schedule: Schedule) -> bool:
    """Whether the work done by each cycle of a schedule is a solution."""
    view = View.of(problem)
    fluid = FluidModel(view, Classes.of_view(view), schedule.cycles)
    cycles = cycles_of(problem, schedule)
    for number, own in enumerate(fluid.classes.members):
        size = fluid.size[number]
        for cycle, done in enumerate(fluid.done[number]):
            lanes = [at for op in own for at in work(cycles[op], size)]
            fluid.equal([(done, 1), (Affine([], sum(at <= cycle for at in lanes)), -1)])
    return solvable(fluid)


@given(problem=problems())
def test_every_schedule_satisfies_it(problem: ScheduleProblem) -> None:
    for schedule in some_schedules(problem):
        assert satisfies(problem, schedule)


@pytest.mark.parametrize(("kernel", "params"), UNLIKE_BLOCKS)
def test_schedules_of_kernels_satisfy_it(kernel: str, params: dict[str, int]) -> None:
    problem = block(kernel, **params)
    assert satisfies(problem, ListScheduler().schedule(problem))
    assert satisfies(problem, RandomScheduler(1).schedule(problem))


@pytest.mark.parametrize(
    ("kernel", "params"),
    [("murmur", {"n": 61, "seed": 7}), ("lcg", {"lanes": 32, "steps": 16})],
)
def test_it_proves_what_the_linear_counting_relaxation_proves(
    kernel: str, params: dict[str, int]
) -> None:
    """The same bound from a program of a fraction of the size."""
    view = View.of(block(kernel, **params))
    classes = useful_classes(view)
    assert classes is not None
    horizon = view.critical_path
    while proved_infeasible(CountingModel(view, classes, horizon)):
        assert proved_infeasible(FluidModel(view, classes, horizon, excess=True))
        horizon += 1
    fluid = FluidModel(view, classes, horizon, excess=True)
    assert not proved_infeasible(fluid)
    assert fluid.n_terms < CountingModel(view, classes, horizon).n_terms / 2


def test_a_block_is_infeasible_one_cycle_below_its_optimum() -> None:
    """The optimum of `test_counting`, from the smaller model."""
    problem = block("lcg", lanes=32, steps=16)
    view = View.of(problem)
    classes = useful_classes(view)
    assert classes is not None
    assert not solvable(FluidModel(view, classes, 22))
    assert solvable(FluidModel(view, classes, 23))

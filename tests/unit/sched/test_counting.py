"""The counting relaxation: every schedule satisfies it, and it proves infeasible what it should."""

from __future__ import annotations

from bisect import bisect_right

import pytest
from hypothesis import given
from ortools.sat.python import cp_model

from tests.strategies.problems import problems
from tests.unit.sched.samples import UNLIKE_BLOCKS, block, machine_problem, some_schedules
from vliwc.sched.check import check_schedule
from vliwc.sched.exact.incumbent import assembled
from vliwc.sched.greedy.random import RandomScheduler
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Schedule
from vliwc.sched.problem.view import View, cycles_of
from vliwc.sched.relaxations.classes import Classes, useful_classes
from vliwc.sched.relaxations.counting import CountingModel, holds_dependences
from vliwc.sched.relaxations.infeasibility import proved_infeasible
from vliwc.sched.relaxations.rows import Row
from vliwc.sched.staggered.scheduler import ListScheduler


def solved(counting: CountingModel) -> list[int] | None:
    """Values of all variables, or None where there are no counts."""
    model, variables = counting.cp_model()
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    status = solver.solve(model)
    assert status in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.INFEASIBLE)
    return None if status == cp_model.INFEASIBLE else [solver.value(v) for v in variables]


def least(problem: ScheduleProblem) -> int:
    """The shortest makespan that counting does not prove infeasible."""
    view = View.of(problem)
    classes = Classes.of_view(view)
    horizon = view.critical_path
    while True:
        counting = CountingModel(view, classes, horizon)
        if counting.possible and solved(counting) is not None:
            return horizon
        horizon += 1


def satisfies(problem: ScheduleProblem, schedule: Schedule) -> bool:
    """Whether the counts of a schedule are a solution."""
    view = View.of(problem)
    counting = CountingModel(view, Classes.of_view(view), schedule.cycles)
    if not counting.possible:
        return False
    cycles = cycles_of(problem, schedule)
    for number, own in enumerate(counting.classes.members):
        starts = sorted(min(cycles[op]) for op in own)
        ends = sorted(max(cycles[op]) for op in own)
        for cycle in range(schedule.cycles):
            for counts, events in ((counting.started, starts), (counting.ended, ends)):
                number_of = bisect_right(events, cycle)
                terms = [(variable, 1) for variable in counts[number][cycle]]
                counting.rows.append(Row(terms, number_of, number_of))
    return solved(counting) is not None


@given(problem=problems())
def test_every_schedule_satisfies_it(problem: ScheduleProblem) -> None:
    for schedule in some_schedules(problem):
        assert satisfies(problem, schedule)


@pytest.mark.parametrize(("kernel", "params"), UNLIKE_BLOCKS)
def test_schedules_of_kernels_satisfy_it(kernel: str, params: dict[str, int]) -> None:
    problem = block(kernel, **params)
    assert satisfies(problem, ListScheduler().schedule(problem))
    assert satisfies(problem, RandomScheduler(1).schedule(problem))


def streams(n: int, **slots: int) -> ScheduleProblem:
    """``n`` groups that load a vector, change it three times and store it."""
    operations: list[dict[str, object]] = []
    edges: list[list[object]] = []
    for group in range(n):
        first = len(operations)
        operations.append({"forms": ["load"], "width": 8, "group": group})
        operations += [
            {"forms": ["valu", "alu*"], "lanes": 8, "width": 8, "group": group} for _ in range(3)
        ]
        operations.append({"forms": ["store"], "group": group})
        edges += [[first + k, first + k + 1, 1, True] for k in range(4)]
    return machine_problem(operations, edges, words=512, **slots)


@pytest.mark.parametrize(("n", "slots"), [(6, {"valu": 1, "alu": 4}), (5, {"valu": 1, "alu": 3})])
def test_counts_of_equal_chains_give_a_schedule(n: int, slots: dict[str, int]) -> None:
    """First come, first served: nothing is lost by counting."""
    problem = streams(n, **slots)
    view = View.of(problem)
    classes = useful_classes(view)
    assert classes is not None and [len(own) for own in classes.members] == [n] * 5
    horizon = least(problem)
    counting = CountingModel(view, classes, horizon)
    value = solved(counting)
    assert value is not None
    timing = counting.timing(value)
    assert holds_dependences(view, timing)
    schedule = assembled(view, timing, "counts")
    assert schedule is not None
    check_schedule(problem, schedule)
    assert schedule.cycles == horizon


def test_a_block_is_infeasible_one_cycle_below_its_optimum() -> None:
    """8 groups of 10 steps on 6 valu slots and 12 alu slots: 23 cycles are possible (`test_cpsat`
    proves it), and 22 are proved infeasible without telling groups apart."""
    problem = block("lcg", lanes=32, steps=16)
    view = View.of(problem)
    classes = useful_classes(view)
    assert classes is not None and len(classes.members) < len(view) / 2
    assert least(problem) == 23
    assert proved_infeasible(CountingModel(view, classes, 22))
    assert not proved_infeasible(CountingModel(view, classes, 23))


def test_constants_that_are_read_together_are_told_apart() -> None:
    """Three constants, one load slot: the reader of all three starts in cycle 3, not 1."""
    operations: list[dict[str, object]] = [{"forms": ["load"], "width": 1} for _ in range(3)]
    operations += [{"forms": ["alu"], "width": 1, "group": g} for g in range(4)]
    edges: list[list[object]] = [[k, 3 + g, 1, True] for g in range(4) for k in range(3)]
    problem = machine_problem(operations, edges, load=1)
    classes = Classes.of_view(View.of(problem))
    assert [len(own) for own in classes.members] == [1, 1, 1, 4]
    assert least(problem) == 4


def test_operations_that_are_like_no_other_are_not_counted() -> None:
    problem = machine_problem([{"forms": ["load"], "width": 1}, {"forms": ["alu"]}], [[0, 1, 1]])
    assert useful_classes(View.of(problem)) is None

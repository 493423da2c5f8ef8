"""Projects with modes: the checker, every scheduler, and optima found by trying everything."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vliwc.lab.instances.instance import Instance, unpack
from vliwc.lab.runs.job import Job, run_job
from vliwc.sched.check import check_schedule, violations
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.json import problem_from_json, problem_to_json
from vliwc.sched.problem.modes import Mode, mode_problem, with_modes
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.renewable import ProblemError
from vliwc.sched.problem.schedule import Infeasible, OutOfScratch, Schedule
from vliwc.sched.problem.schedule_json import schedule_from_json, schedule_to_json
from vliwc.sched.projects.mode_moves import improved_modes
from vliwc.sched.registry import make_scheduler
from vliwc.sched.run import run_scheduler

NAMES = ("cpsat", "ortools-plain", "cpsat-lns", "list", "backward", "random", "list:slack")

# Each task takes 2 cycles with both workers and 3 of the money, or 5 cycles with one worker: 4
# cycles one after the other with money for both, otherwise 5 side by side. Money for one does not
# help: a slow task behind a fast one ends after 7.
FAST, SLOW = Mode(2, (2,), (3,)), Mode(5, (1,), (0,))


def workers(money: int) -> ScheduleProblem:
    return mode_problem([[FAST, SLOW], [FAST, SLOW]], [2], [money], [])


def solve(problem: ScheduleProblem, name: str, budget: int | None = None) -> Schedule:
    schedule = run_scheduler(make_scheduler(name), problem, budget)
    check_schedule(problem, schedule)
    assert lower_bound(problem).cycles <= schedule.lower_bound <= schedule.cycles
    return schedule


@pytest.mark.parametrize("name", ["cpsat", "ortools-plain"])
@pytest.mark.parametrize(("money", "cycles"), [(0, 5), (3, 5), (6, 4)])
def test_known_optima(name: str, money: int, cycles: int) -> None:
    schedule = solve(workers(money), name)
    assert (schedule.cycles, schedule.status) == (cycles, "optimal")


@pytest.mark.parametrize("name", NAMES)
def test_every_scheduler_makes_valid_schedules(name: str) -> None:
    problem = workers(3)
    schedule = solve(problem, name)
    assert schedule.cycles in (5, 7)
    assert schedule.mode is not None
    row = run_job(Job.of(Instance("w", problem), name, 0, 5))
    assert (row.error, row.cycles) == ("", solve(problem, name, 5).cycles)


def schedule_of(problem: ScheduleProblem) -> Schedule:
    """Both tasks slow, side by side."""
    made = run_scheduler(make_scheduler("list"), problem)
    return replace(
        made, cycles=5, lane_cycle=np.zeros(2, dtype=np.int32), mode=np.ones(2, dtype=np.int32)
    )


@pytest.mark.parametrize(
    ("mode", "rule"),
    [
        (None, "mode"),
        ([1], "mode"),
        ([1, 2], "mode"),
        ([-1, 1], "mode"),
        ([0, 0], "consumption"),
        ([0, 1], "resource"),
    ],
)
def test_the_checker_refuses(mode: list[int] | None, rule: str) -> None:
    problem = workers(3)
    good = schedule_of(problem)
    assert violations(problem, good) == []
    bad = replace(good, mode=None if mode is None else np.array(mode, dtype=np.int32))
    assert violations(problem, bad)[0].rule == rule


def test_the_checker_counts_cycles_and_precedences_in_the_modes_chosen() -> None:
    problem = workers(3)
    late = replace(schedule_of(problem), cycles=4)
    assert violations(problem, late)[0].rule == "range"
    chain = mode_problem([[FAST, SLOW], [FAST, SLOW]], [2], [3], [(0, 1, 1)])
    wrong = replace(schedule_of(problem), cycles=10, lane_cycle=np.array([0, 4], dtype=np.int32))
    assert [v.rule for v in violations(chain, wrong)] == ["dependence"]
    assert not violations(chain, replace(wrong, lane_cycle=np.array([0, 5], dtype=np.int32)))
    fixed = with_modes(problem, [1, 1])
    assert violations(fixed, schedule_of(problem))[0].rule == "mode"


@pytest.mark.parametrize("name", ["cpsat", "ortools-plain", "list"])
def test_what_consumes_too_much_is_said(name: str) -> None:
    # Each mode alone is possible; together the tasks always take 2 of one of two things.
    task = [Mode(1, (0,), (1, 0)), Mode(1, (0,), (0, 1))]
    problem = mode_problem([task] * 3, [1], [1, 1], [])
    error = OutOfScratch if name == "list" else Infeasible
    with pytest.raises(error, match="consumes no more than there is"):
        run_scheduler(make_scheduler(name), problem)


def test_a_hint_is_kept_and_its_modes_are_used() -> None:
    problem = workers(6)
    hint = solve(problem, "cpsat")
    for name in ("cpsat", "ortools-plain", "list"):
        made = run_scheduler(make_scheduler(name), problem, 5, hint)
        check_schedule(problem, made)
        assert made.cycles == 4


def test_json_keeps_modes() -> None:
    problem = workers(3)
    again = problem_from_json(problem_to_json(problem))
    assert Instance("", again).digest == Instance("", problem).digest
    assert unpack(Instance("", problem).packed).modes is not None
    schedule = solve(problem, "cpsat")
    read = schedule_from_json(schedule_to_json(schedule))
    assert violations(problem, read) == []


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"modes": []}, "operation 0 (x): there is no mode"),
        ({"modes": [{}]}, "operation 0 (x): mode 0: duration: null is no integer"),
        ({"modes": [{"duration": 1, "demand": []}]}, "mode 0: 0 demands for 1 resources"),
        ({"modes": [{"duration": 1, "consumption": [1, 1]}]}, "2 consumptions for 1 resources"),
        ({"modes": [{"duration": 1, "consumption": [9]}]}, "operation 0 has no mode that"),
        ({"modes": [{"duration": 1, "cost": 1}]}, "mode 0: unknown key 'cost'"),
        ({"modes": [{"duration": 1}], "duration": 1}, "unknown key 'duration'"),
    ],
)
def test_bad_json_is_refused(row: dict[str, object], message: str) -> None:
    data = {
        "format": "vliwc-problem",
        "version": 1,
        "resources": [{"name": "R", "capacity": 2}],
        "nonrenewable": [{"name": "N", "amount": 3}],
        "operations": [{"name": "x", **row}],
    }
    with pytest.raises(ProblemError) as caught:
        problem_from_json(data, "file")
    assert str(caught.value).startswith("file: ")
    assert message in str(caught.value)


def test_one_mode_a_task_is_a_plain_project() -> None:
    plain = mode_problem([[Mode(5, (1,))]], [1], [], [])
    assert plain.modes is None
    assert "modes" not in str(problem_to_json(plain))


@st.composite
def projects(draw: st.DrawFn) -> ScheduleProblem:
    numbers = st.integers(0, 3)
    tasks = [
        [
            Mode(draw(numbers), (draw(numbers), draw(numbers)), (draw(numbers),))
            for _ in range(draw(st.integers(1, 2)))
        ]
        for _ in range(draw(st.integers(1, 4)))
    ]
    tasks[0].append(Mode(2, (1, 0), (0,)))
    edges = [
        (a, b, draw(st.integers(0, 3)))
        for b in range(len(tasks))
        for a in range(b)
        if draw(st.booleans())
    ]
    return mode_problem(tasks, [3, 3], [draw(st.integers(3, 9))], edges)


def least_cycles(problem: ScheduleProblem) -> int | None:
    """By solving the project of each choice of modes."""
    modes = problem.modes
    assert modes is not None
    found: list[int] = []
    counts = np.diff(modes.ptr).tolist()
    for choice in product(*(range(count) for count in counts)):
        rows = modes.ptr[:-1] + np.array(choice)
        if (modes.consumption[rows].sum(axis=0) <= modes.amount).all():
            fixed = with_modes(problem, choice)
            schedule = make_scheduler("cpsat").schedule(fixed, 10)
            assert schedule.status == "optimal"
            found.append(schedule.cycles)
    return min(found, default=None)


@settings(max_examples=12)
@given(projects())
def test_modes_are_chosen_as_well_as_by_trying_all(problem: ScheduleProblem) -> None:
    best = least_cycles(problem)
    for name in ("cpsat", "ortools-plain", "list"):
        if best is None:
            with pytest.raises(OutOfScratch):
                run_scheduler(make_scheduler(name), problem, 10)
            continue
        try:
            made = solve(problem, name, 10)
        except OutOfScratch:
            assert name == "list"
            continue
        assert made.cycles >= best
        if name != "list":
            assert (made.cycles, made.status) == (best, "optimal")


def test_a_choice_of_modes_is_improved_move_by_move() -> None:
    # Each of four tasks is quicker on the first of two machines: 8 cycles there for all of them,
    # 6 with one or two on the second.
    task = [Mode(2, (1, 0)), Mode(3, (0, 1))]
    problem = mode_problem([task] * 4, [1, 1], [], [])
    better = improved_modes(problem, [0, 0, 0, 0])
    assert make_scheduler("list").schedule(with_modes(problem, better)).cycles == 6


def test_improving_consumes_no_more_than_there_is() -> None:
    chain = mode_problem([[FAST, SLOW]] * 3, [2], [6], [(0, 1, 1), (1, 2, 1)])
    assert sorted(improved_modes(chain, [1, 1, 1])) == [0, 0, 1], "two fast ones are paid for"


def test_many_resources_for_long_are_refused() -> None:
    with pytest.raises(ProblemError, match="cycles of 300 resources"):
        mode_problem([[Mode(190_000, [1] * 300)]], [1] * 300, [], [])

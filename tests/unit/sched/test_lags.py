"""Time lags: the checker, the bound, and optima against trying all starts."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vliwc.lab.instances.rcpsp_write import left_out
from vliwc.sched import OutOfScratch, check_schedule, lower_bound, make_scheduler, run_scheduler
from vliwc.sched.check import violations
from vliwc.sched.problem.graph import problem_graph, to_dot, to_graphml
from vliwc.sched.problem.json import problem_from_json, problem_to_json
from vliwc.sched.problem.lags import Lag, longest_schedule
from vliwc.sched.problem.modes import Mode, mode_problem
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.renewable import ProblemError
from vliwc.sched.problem.schedule import Infeasible, Schedule

WINDOW = [(0, 1, 2), (1, 0, -4)]
"""Operation 1 starts 2 to 4 cycles after the start of operation 0."""


def project(
    durations: list[int], lags: list[Lag], demands: list[int] | None = None
) -> ScheduleProblem:
    """A project of one resource with 2 units."""
    rows = zip(durations, demands or [1] * len(durations), strict=True)
    return mode_problem([[Mode(d, (k,))] for d, k in rows], [2], (), [], lags=lags)


def solved(problem: ScheduleProblem, name: str = "cpsat", budget: int = 5) -> Schedule:
    made = run_scheduler(make_scheduler(name), problem, budget)
    check_schedule(problem, made)
    return made


def at(problem: ScheduleProblem, *starts: int) -> Schedule:
    """A schedule with these starts, right or wrong."""
    cycles = np.array(starts, dtype=np.int32)
    return replace(solved(problem), lane_cycle=cycles, cycles=max(starts) + 9)


def test_the_checker_sees_starts_that_are_too_early_and_too_late() -> None:
    problem = project([3, 1], WINDOW)
    for starts, rules in (((0, 2), []), ((3, 7), []), ((0, 1), ["lag"]), ((0, 5), ["lag"])):
        found = violations(problem, at(problem, *starts))
        assert [each.rule for each in found] == rules, starts
    (late,) = violations(problem, at(problem, 0, 5))
    assert late.operations == (1, 0) and "the lag is -4" in late.message


def test_a_latest_start_delays_what_comes_before() -> None:
    """Operation 0 waits, though it could start at once: 2 can start only after 1 ends, and no later
    than 3 cycles after 0."""
    lags = [(1, 2, 6), (0, 2, 1), (2, 0, -3)]
    made = solved(project([1, 6, 1], lags))
    assert (made.cycles, made.status) == (7, "optimal")
    assert made.lane_cycle[0] >= 3


def test_lags_shorter_than_the_operation_overlap() -> None:
    made = solved(project([5, 5], [(0, 1, 2), (1, 0, -2)]))
    assert made.cycles == 7 and (made.lane_cycle[1] - made.lane_cycle[0]) == 2


def test_the_bound_knows_lags() -> None:
    chain = project([2, 2, 2], [(0, 1, 1), (1, 2, 9)])
    assert lower_bound(chain).cycles == 12
    circle = project([2, 2, 2], [(0, 1, 5), (1, 0, -5), (0, 2, 1), (2, 1, 3)])
    assert lower_bound(circle).cycles == solved(circle).cycles == 7
    short = project([4, 4], [(0, 1, 3)])
    bound = lower_bound(short)
    assert (bound.cycles, bound.reason) == (7, "time lags")


def test_circles_that_no_schedule_can_keep() -> None:
    for lags in ([(0, 1, 3), (1, 0, -2)], [(0, 0, 1)], [(0, 1, 1), (1, 2, 1), (2, 0, -1)]):
        with pytest.raises(ProblemError, match="circle"):
            project([1, 1, 1], lags)
    assert solved(project([1, 1, 1], [(0, 1, 0), (1, 0, 0), (0, 0, -3)])).cycles == 2
    with pytest.raises(ProblemError, match="lag 0 -> 7: there are 2"):
        project([1, 1], [(0, 7, 1)])
    with pytest.raises(ProblemError, match="more than 200000"):
        project([1, 1], [(0, 1, 300_000)])


def test_resources_can_make_it_infeasible() -> None:
    """Three operations that must start together on two units."""
    together = [(a, b, 0) for a in range(3) for b in range(3) if a != b]
    problem = project([2, 2, 2], together)
    for name in ("cpsat", "ortools-plain"):
        with pytest.raises(Infeasible, match="keeps all time lags"):
            solved(problem, name)


def test_schedulers_that_know_no_lags_say_so() -> None:
    problem = project([1, 1], WINDOW)
    for name in ("list", "backward", "random", "ilp", "cpsat-lns"):
        with pytest.raises(OutOfScratch, match="knows no time lags; cpsat"):
            solved(problem, name)


def test_modes_and_lags() -> None:
    """The slow mode leaves a unit to the other; lags are between starts in any mode."""
    tasks = [[Mode(2, (2,)), Mode(4, (1,))], [Mode(3, (1,))]]
    problem = mode_problem(tasks, [2], (), [], lags=[(0, 1, 1), (1, 0, -1)])
    made = solved(problem)
    assert made.cycles == 4 and made.mode is not None and made.mode.tolist() == [1, 0]


def test_json_and_graphs() -> None:
    problem = project([1, 3], [*WINDOW, (0, 1, 1)])
    data: dict[str, Any] = json.loads(json.dumps(problem_to_json(problem)))
    again = problem_from_json(data)
    assert problem_to_json(again) == data
    assert problem.lags is not None and data["lags"] == [list(row) for row in problem.lags.rows]
    assert solved(again).cycles == solved(problem).cycles == 5
    graph = problem_graph(problem)
    assert graph.edges[1, 0] == {"lag": -4} and graph.edges[0, 1]["lag"] == 2
    assert '1 -> 0 [style=dotted, label="lag -4"];' in to_dot(problem)
    assert "-4" in to_graphml(problem)
    assert "time lags: 3" in left_out(problem)[-1]
    for lags, words in (
        ([[0, 1]], "lags: 0: expected"),
        ([[0, 1, 2.5]], "no integer"),
        ([[0, -1, 2]], "no integer"),
        (3, "lags: expected a list"),
    ):
        with pytest.raises(ProblemError, match=words):
            problem_from_json(data | {"lags": lags})


def test_equal_schedules_and_hints() -> None:
    problem = project([3, 2, 4, 1], [(0, 1, 1), (1, 0, -6), (2, 3, 2), (3, 1, -3)])
    first, again = solved(problem), solved(problem)
    assert first.lane_cycle.tolist() == again.lane_cycle.tolist()
    hinted = run_scheduler(make_scheduler("ortools-plain"), problem, 1, hint=first)
    assert hinted.cycles <= first.cycles


def shortest(durations: list[int], demands: list[int], lags: list[Lag]) -> int | None:
    """The least makespan by trying all starts; None if there is no schedule."""
    best = None
    horizon = longest_schedule(durations, lags)
    for starts in product(range(horizon), repeat=len(durations)):
        end = max(s + d for s, d in zip(starts, durations, strict=True))
        if (best is not None and end >= best) or end > horizon:
            continue
        if any(starts[b] < starts[a] + lag for a, b, lag in lags):
            continue
        busy = [0] * end
        for start, duration, demand in zip(starts, durations, demands, strict=True):
            for cycle in range(start, start + duration):
                busy[cycle] += demand
        if max(busy, default=0) <= 2:
            best = end
    return best


@settings(max_examples=25)
@given(st.data())
def test_optima_are_those_of_trying_everything(data: st.DataObject) -> None:
    durations = data.draw(st.lists(st.integers(1, 3), min_size=3, max_size=3))
    demands = data.draw(st.lists(st.integers(1, 2), min_size=3, max_size=3))
    pair = st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(-4, 4))
    lags = data.draw(st.lists(pair, min_size=1, max_size=5))
    expected = shortest(durations, demands, lags)
    try:
        made = solved(project(durations, lags, demands))
    except (ProblemError, Infeasible):
        assert expected is None
        return
    assert made.status == "optimal" and made.cycles == expected

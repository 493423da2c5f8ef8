"""Windows of projects: chains that keep resources whole, windows that shorten schedules."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.sched.samples import chain_of_loads
from vliwc.lab.generators import generate
from vliwc.lab.generators.projects import Projects
from vliwc.sched.check import check_schedule
from vliwc.sched.exact.incumbent import Search
from vliwc.sched.exact.limits import CpSatLimits
from vliwc.sched.exact.plain import PlainScheduler
from vliwc.sched.exact.project_windows import chained, free_tasks, project_windows
from vliwc.sched.greedy.priorities import Combination, PriorityScheduler
from vliwc.sched.greedy.sgs import project_schedule
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_problem
from vliwc.sched.problem.schedule import Schedule
from vliwc.sched.problem.view import View


def poor_schedule(problem: ScheduleProblem) -> Schedule:
    """By an order that looks at no path."""
    return PriorityScheduler(Combination.parse("depth-first"), "poor").schedule(problem)


def searching(problem: ScheduleProblem, left: float) -> Search:
    """A search that has a poor schedule."""
    search = Search("test", 0, CpSatLimits(), View.of(problem), 0, "", left)
    search.offer(poor_schedule(problem))
    return search


@pytest.mark.parametrize("seed", range(10))
def test_chains_alone_keep_within_capacities(seed: int) -> None:
    """Whatever moves along dependences and chains only is a schedule: here, everything as early as
    they allow."""
    problem = generate(Projects(jobs=20, strength=0.2), seed).problem
    view = View.of(problem)
    start: list[int] = poor_schedule(problem).lane_cycle.tolist()
    links = chained(view, start)
    early = [0] * len(view)
    for op in sorted(range(len(view)), key=lambda op: (start[op], view.order.index(op))):
        ready = [early[p] + view.duration[p] - 1 + lag for p, lag in view.predecessors[op]]
        ready += [early[a] + view.duration[a] for a, b in links if b == op]
        early[op] = max([0, *ready])
        assert early[op] <= start[op]
    check_schedule(problem, project_schedule(problem, early, "early"))


def test_chains_link_neighbours_only() -> None:
    problem = project_problem([2, 2, 2], [[1], [1], [1]], [1], [])
    assert chained(View.of(problem), [0, 2, 4]) == {(0, 1), (1, 2)}


def test_free_tasks_are_close_in_time() -> None:
    problem = project_problem([1] * 9, [[1]] * 9, [1], [])
    view = View.of(problem)
    for seed in range(8):
        free = free_tasks(view, list(range(9)), 3, np.random.default_rng(seed))
        assert len(free) == 3
        assert max(free) - min(free) == 2


def test_a_window_of_a_resource_takes_tasks_that_need_it() -> None:
    demands = [[1, 0] if k % 2 else [0, 1] for k in range(12)]
    view = View.of(project_problem([1] * 12, demands, [1, 1], []))
    start = [k // 2 for k in range(12)]
    windows = [free_tasks(view, start, 4, np.random.default_rng(seed)) for seed in range(12)]
    alike = [len({op % 2 for op in window}) == 1 for window in windows]
    assert any(alike)
    assert not all(alike)


@pytest.mark.parametrize("seed", range(4))
def test_windows_shorten_schedules_to_the_optimum(seed: int) -> None:
    problem = generate(Projects(jobs=16, strength=0.2), seed).problem
    optimum = PlainScheduler().schedule(problem, 5)
    search = searching(problem, 4.0)
    search.raise_bound(optimum.cycles, "known")
    project_windows(search, 4.0)
    assert search.best is not None
    check_schedule(problem, search.best)
    assert search.best.cycles == optimum.cycles


def test_windows_keep_to_their_limit_and_go_on() -> None:
    problem = generate(Projects(jobs=60, strength=0.2, factor=1.0), 1).problem
    search = searching(problem, 10.0)
    project_windows(search, 0.5)
    assert 9.0 < search.left <= 9.5
    first, tried = search.window, search.tried["windows"]
    project_windows(search, 0.5)
    assert search.tried["windows"] > tried
    assert first > 0


def test_a_machine_problem_has_no_windows_of_tasks() -> None:
    problem = chain_of_loads(4)
    search = Search("test", 0, CpSatLimits(), View.of(problem), 0, "", 5.0)
    project_windows(search, 1.0)
    assert search.left == 5.0

"""Schedules and bounds as they come, and schedulers that are ended early."""

from __future__ import annotations

import time

import numpy as np
import pytest

from vliwc.lab.generators import GENERATORS, generate
from vliwc.sched import anytime
from vliwc.sched.anytime import Event, watch
from vliwc.sched.check import check_schedule
from vliwc.sched.greedy.sgs import project_schedule
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_problem
from vliwc.sched.problem.schedule import Schedule
from vliwc.sched.registry import make_scheduler


def project(jobs: int = 14) -> ScheduleProblem:
    return generate(GENERATORS["projects"](jobs=jobs, strength=0.2), 3).problem


@pytest.mark.parametrize("name", ["cpsat", "ortools-plain", "list", "cpsat-lns"])
def test_what_is_told_only_improves_and_ends_with_the_result(name: str) -> None:
    problem = project() if name == "cpsat" else generate(GENERATORS["layered"](), 1).problem
    events: list[Event] = []
    with watch(events.append):
        found = make_scheduler(name).schedule(problem, 2)
    assert events
    for before, after in zip(events, events[1:], strict=False):
        assert after.effort >= before.effort
        assert (after.cycles or 0) <= (before.cycles or 0)
        assert after.lower_bound >= before.lower_bound
        assert after.claimed_bound >= after.lower_bound
    assert events[-1].cycles == found.cycles
    assert events[-1].lower_bound <= found.lower_bound
    assert events[-1].schedule is not None
    check_schedule(problem, events[-1].schedule)


def test_watching_changes_nothing() -> None:
    problem = project()
    with watch():
        watched = make_scheduler("cpsat").schedule(problem, 2)
    alone = make_scheduler("cpsat").schedule(problem, 2)
    assert np.array_equal(watched.lane_cycle, alone.lane_cycle)
    assert watched.statistics == alone.statistics


@pytest.mark.parametrize("name", ["cpsat", "ortools-plain"])
def test_a_search_that_is_stopped_gives_its_best(name: str) -> None:
    problem = project(jobs=60)
    with watch() as run:
        run.callback = lambda _event: run.stop()
        found = make_scheduler(name).schedule(problem, 50)
    check_schedule(problem, found)
    spent = [value for key, value in found.statistics.items() if key.startswith("effort")]
    assert sum(float(value) for value in spent) < 25


def test_seconds_end_a_search() -> None:
    problem = project(jobs=60)
    started = time.monotonic()
    with watch(seconds=0.3):
        found = make_scheduler("cpsat").schedule(problem, 10_000)
    check_schedule(problem, found)
    assert time.monotonic() - started < 60


def test_reports_of_inner_schedulers_are_hidden() -> None:
    problem = project()
    schedule = make_scheduler("list").schedule(problem)
    events: list[Event] = []
    with watch(events.append):
        with anytime.muted():
            anytime.report(1, schedule, 3, "inner")
        anytime.report(2, schedule, 4, "outer", claimed=5)
        anytime.report(3, schedule, 4, "again", claimed=5)
        anytime.report(4, None, 4, "bound", claimed=6)
    assert [(e.effort, e.source, e.claimed_bound) for e in events] == [
        (2, "outer", 5),
        (4, "bound", 6),
    ]
    assert events[-1].cycles == schedule.cycles
    anytime.report(5, schedule, 9, "nobody")
    assert len(events) == 2
    assert not anytime.expired()
    assert anytime.remaining() is None


def made(cycles: int) -> Schedule:
    problem = project_problem([cycles], [[1]], [1], [])
    return project_schedule(problem, [0], "made")


def test_only_what_is_better_is_told() -> None:
    events: list[Event] = []
    with watch(events.append):
        anytime.report(1.0, made(9), 3, "first")
        anytime.report(2.0, made(12), 2, "worse in all")
        anytime.report(3.0, made(12), 5, "a longer schedule, a better bound")
        anytime.report(4.0, None, 4, "nothing")
        anytime.report(5.0, made(7), 2, "a shorter schedule, a worse bound")
        anytime.report(6.0, None, 5, "a claim", claimed=6)
    told = [(each.effort, each.cycles, each.lower_bound, each.claimed_bound) for each in events]
    assert told == [(1.0, 9, 3, 3), (3.0, 9, 5, 5), (5.0, 7, 5, 5), (6.0, 7, 5, 6)]


class Solver:
    """A solver that notes when it is stopped."""

    stopped = 0

    def stop_search(self) -> None:
        self.stopped += 1


def test_stopping_by_hand_also_ends_a_run_with_time_left() -> None:
    for seconds in (None, 1000.0):
        solver, done = Solver(), Solver()
        with watch(seconds=seconds) as run, anytime.stoppable(solver):
            with anytime.stoppable(done):
                pass
            assert not anytime.expired()
            run.stop()
            assert anytime.expired()
        assert (solver.stopped, done.stopped) == (1, 0)

"""Jobs, their keys, and the rows they give whatever a scheduler does."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest

from tests.strategies.problems import random_problem
from vliwc.lab.instances.instance import Instance
from vliwc.lab.runs import job as job_module
from vliwc.lab.runs.job import CodeMismatch, Job, Row, printable, run_job
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_problem
from vliwc.sched.problem.schedule import Infeasible, OutOfScratch, Schedule
from vliwc.sched.registry import SchedulerError, make_scheduler

INSTANCE = Instance("small", random_problem(25), "random")


def row_of(monkeypatch: pytest.MonkeyPatch, schedule: Any) -> Row:
    """The row of a scheduler that does what ``schedule(problem)`` does."""

    class Odd:
        name = "odd"

        def schedule(
            self, problem: ScheduleProblem, budget: int | None = None, hint: Any = None
        ) -> Any:
            return schedule(problem)

    monkeypatch.setattr(job_module, "make_scheduler", lambda name, seed: Odd())
    return Job.of(INSTANCE, "list", 0).run()


def good(**changes: Any) -> Any:
    """A scheduler that gives a good schedule with some fields changed."""

    def schedule(problem: ScheduleProblem) -> Schedule:
        made = make_scheduler("list:critical-path").schedule(problem)
        return dataclasses.replace(made, **changes)

    return schedule


def test_a_row_says_what_the_schedule_is() -> None:
    job = Job.of(INSTANCE, "random", 3, 5)
    row = run_job(job)
    expected = make_scheduler("random", 3).schedule(INSTANCE.problem, 5)
    bound = lower_bound(INSTANCE.problem)
    assert row.cycles == expected.cycles and row.scratch_peak == expected.peak_words
    assert (row.lower_bound, row.bound_reason) == (bound.cycles, bound.reason)
    assert row.status == ("optimal" if row.cycles == bound.cycles else "feasible")
    for name in ("key", "instance", "family", "digest", "operations", "scheduler", "seed"):
        assert getattr(row, name) == getattr(job, name)
    assert (row.budget, row.code, row.error) == (5, job.code, "")
    assert row.seconds > 0


def test_equal_jobs_have_equal_figures() -> None:
    rows = [dataclasses.replace(Job.of(INSTANCE, "random", 7).run(), seconds=0) for _ in "ab"]
    assert rows[0] == rows[1]


def test_the_key_depends_on_what_the_figures_depend_on() -> None:
    job = Job.of(INSTANCE, "random", 0)
    other = Instance("small", random_problem(5), "random")
    different = [
        Job.of(Instance("renamed", INSTANCE.problem), "random", 0),
        Job.of(other, "random", 0),
        Job.of(INSTANCE, "backward", 0),
        Job.of(INSTANCE, "random", 1),
        Job.of(INSTANCE, "random", 0, 1),
        dataclasses.replace(job, code="0.0.1+other"),
    ]
    assert len({each.key for each in [job, *different]}) == 7
    same = dataclasses.replace(job, family="other", optimum=3, packed=b"")
    assert same.key == job.key
    assert len(job.key) == 32 and pickle.loads(pickle.dumps(job)) == job


def test_projects_are_jobs_too() -> None:
    problem = project_problem([2, 3], [[1], [1]], [1], [])
    row = Job.of(Instance("project", problem, optimum=5), "list:slack", 0).run()
    assert (row.cycles, row.status, row.optimum, row.gap) == (5, "optimal", 5, 0.0)


def raising(error: Exception) -> Any:
    def schedule(problem: ScheduleProblem) -> Schedule:
        raise error

    return schedule


@pytest.mark.parametrize(
    ("schedule", "status", "error"),
    [
        (raising(OutOfScratch("too little")), "none", "too little"),
        (raising(Infeasible("never fits")), "infeasible", "never fits"),
        (raising(ZeroDivisionError("oops")), "failed", "ZeroDivisionError: oops"),
        (raising(ValueError("a\0b\ud800")), "failed", r"ValueError: a\0b\ud800"),
        (lambda problem: None, "failed", "the scheduler gave a NoneType, not a Schedule"),
        (good(cycles=1), "failed", "1 broken rules: range: "),
        (good(engine=None), "failed", "the schedule cannot be checked: TypeError"),
        (
            good(lower_bound=10_000, bound_reason="wish"),
            "failed",
            "the bound 10000 (wish) is above",
        ),
        (good(statistics=[1]), "failed", "the schedule's statistics are a list, not a dict"),
        (good(statistics={"a": [1]}), "failed", "statistics['a'] is a list"),
    ],
)
def test_a_failing_scheduler_makes_a_row(
    monkeypatch: pytest.MonkeyPatch, schedule: Any, status: str, error: str
) -> None:
    row = row_of(monkeypatch, schedule)
    assert (row.status, row.cycles, row.gap) == (status, 0, None)
    assert row.error.startswith(error)
    assert row.proved is (status == "infeasible")
    assert row.lower_bound == lower_bound(INSTANCE.problem).cycles


def test_a_better_bound_of_the_scheduler_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    made = good()(INSTANCE.problem)
    row = row_of(monkeypatch, good(lower_bound=made.cycles, bound_reason="proved"))
    assert (row.status, row.bound_reason, row.proved) == ("optimal", "proved", True)


def test_statistics_are_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "int": np.int64(3),
        "float": np.float32(0.5),
        "nan": float("nan"),
        "inf": np.float64("-inf"),
        "text": "a\0",
        "flag": True,
    }
    row = row_of(monkeypatch, good(statistics=given))
    expected = {"int": 3, "float": 0.5, "nan": "nan", "inf": "-inf", "text": "a\\0", "flag": True}
    assert row.statistics == expected
    assert [type(value) for value in row.statistics.values()] == [int, float, str, str, str, bool]


def test_work_of_other_code_is_refused() -> None:
    job = dataclasses.replace(Job.of(INSTANCE, "random", 0), code="0.0.1+other")
    with pytest.raises(CodeMismatch, match=r"is of 0\.0\.1\+other; install the same code"):
        job.run()


def test_an_unknown_scheduler_is_refused() -> None:
    with pytest.raises(SchedulerError, match="no scheduler is called 'nonesuch'"):
        Job.of(INSTANCE, "nonesuch", 0).run()


def test_a_job_that_was_never_run_fails() -> None:
    job = Job.of(INSTANCE, "random", 0)
    row = job.failed("lost")
    assert (row.key, row.status, row.error, row.cycles) == (job.key, "failed", "lost", 0)


def test_printable_keeps_ordinary_text() -> None:
    assert printable("größer ≥ 1\n") == "größer ≥ 1\n"

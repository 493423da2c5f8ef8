"""The list scheduler: windows of groups, what is tried when, and what happens without scratch."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.strategies.problems import Sketch, Task, random_problem, small_machine
from vliwc.sched.check import check_schedule
from vliwc.sched.problem.dense import ALU, LOAD, STORE, VALU
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.staggered.scheduler import ListScheduler, OutOfScratch
from vliwc.sched.staggered.search import Runner, StaggerSearch
from vliwc.sched.staggered.settings import TUNING, Stagger, first_settings, mutate


def streams(groups: int, words: int, steps: int = 3, shared: bool = True) -> ScheduleProblem:
    """Groups that load a vector, compute on it and store it; addresses are shared code."""
    sketch = Sketch(small_machine(vlen=4, words=words, alu=4, valu=2, load=2, store=2))
    addresses = [sketch.add(Task(vector=(LOAD,))) for _ in range(groups)] if shared else []
    for group in range(groups):
        own = [addresses[group]] if shared else []
        value = sketch.add(Task(vector=(LOAD,), width=4, group=group), own)
        for _ in range(steps):
            value = sketch.add(
                Task(vector=(VALU,), scalarised=ALU, lanes=4, width=4, group=group), [value]
            )
        sketch.add(Task(vector=(STORE,), width=0, group=group), [value, *own])
    return sketch.problem()


def test_a_schedule_with_its_bound() -> None:
    problem = streams(8, 256)
    schedule = ListScheduler(4).schedule(problem)
    check_schedule(problem, schedule)
    assert schedule.scheduler == "list"
    assert schedule.lower_bound <= schedule.cycles
    assert schedule.bound_reason
    assert schedule.status in ("optimal", "feasible")


def test_nothing_more_is_tried_once_the_bound_is_met() -> None:
    sketch = Sketch(small_machine())
    sketch.add(Task(vector=(ALU,)))
    schedule = ListScheduler(50).schedule(sketch.problem())
    assert (schedule.cycles, schedule.status) == (1, "optimal")
    assert schedule.statistics["trials"] == 1


def test_the_budget_limits_the_trials() -> None:
    problem = streams(12, 160, steps=6)
    first = len(first_settings(12))
    schedule = ListScheduler(50).schedule(problem, budget=3)
    assert int(schedule.statistics["trials"]) <= 2 * first + 3


def test_more_trials_are_never_worse() -> None:
    for seed in range(6):
        problem = random_problem(seed, 60)
        try:
            cycles = [ListScheduler(trials).schedule(problem).cycles for trials in (0, 5, 40)]
        except OutOfScratch:
            continue
        assert cycles == sorted(cycles, reverse=True)


def test_a_hint_is_kept_unless_something_better_is_found() -> None:
    problem = streams(8, 256)
    found = ListScheduler(4).schedule(problem)
    assert ListScheduler(4).schedule(problem, hint=found) is found
    worse = replace(found, cycles=found.cycles + 5)
    better = ListScheduler(4).schedule(problem, hint=worse)
    assert better is not worse and better.cycles == found.cycles


def test_group_windows_are_staggered() -> None:
    runner = Runner(streams(10, 256))
    start, end, _, _ = runner.windows(Stagger())
    assert start.tolist() == sorted(start.tolist()) and end.tolist() == sorted(end.tolist())
    assert (end > start).all()
    together = runner.windows(Stagger(start=0.0))
    assert set(together.start.tolist()) == {0.0}
    alone = Runner(streams(1, 256))
    assert [len(part) for part in alone.windows(Stagger())[:2]] == [1, 1]


def test_changes_of_settings_stay_within_limits() -> None:
    rng = random.Random(0)
    setting = TUNING.first[0]
    seen: set[Stagger] = set()
    for _ in range(500):
        setting = mutate(setting, 1.0, rng)
        seen.add(setting)
        assert 0.0 <= setting.reserve <= 0.5 and 0.6 <= setting.length <= 1.15
        assert 0.0 <= setting.start <= 1.0 and 1.0 <= setting.in_flight <= 64.0
    assert len(seen) > 450


def test_groups_that_do_not_fit_together_run_after_each_other() -> None:
    """Each group needs one vector at a time; of forty only a few fit at once."""
    problem = streams(40, 24, shared=False)
    schedule = ListScheduler(2).schedule(problem)
    check_schedule(problem, schedule)
    assert schedule.peak_words <= 24


@pytest.mark.parametrize("words", [16, 24, 48])
def test_addresses_do_not_fill_scratch(words: int) -> None:
    """Forty addresses alone take ten vectors; they wait for their group's turn."""
    problem = streams(40, words)
    schedule = ListScheduler(2).schedule(problem)
    check_schedule(problem, schedule)
    assert schedule.peak_words <= words


def test_more_groups_fit_where_few_do() -> None:
    few, many = (ListScheduler(2).schedule(streams(groups, 20)) for groups in (4, 200))
    assert few.peak_words <= 20 and many.peak_words <= 20
    assert many.cycles <= 80 * few.cycles


def tree(depth: int, words: int) -> ScheduleProblem:
    """A binary tree of sums of words loaded at its leaves: depth + 1 values live at once.

    Leaves that belong together have numbers far apart.
    """
    sketch = Sketch(small_machine(vlen=1, words=words, alu=4, load=4))
    leaves = [sketch.add(Task(vector=(LOAD,))) for _ in range(2**depth)]
    level = [
        leaf for pair in zip(leaves, leaves[2 ** (depth - 1) :], strict=False) for leaf in pair
    ]
    while len(level) > 1:
        level = [
            sketch.add(Task(vector=(ALU,)), pair)
            for pair in zip(level[::2], level[1::2], strict=True)
        ]
    sketch.add(Task(vector=(STORE,), width=0), level)
    return sketch.problem()


@pytest.mark.parametrize("depth", [2, 4, 6])
def test_depth_first_as_the_last_resort(depth: int) -> None:
    """All leaves first would need 2**depth words; operands first, depth + 1 do."""
    problem = tree(depth, depth + 1)
    search = StaggerSearch(problem, 0)
    search.begin()
    schedule = search.schedule("list")
    check_schedule(problem, schedule)
    assert schedule.peak_words <= depth + 1
    with pytest.raises(OutOfScratch, match=f"do not fit into {depth} words"):
        ListScheduler(1).schedule(tree(depth, depth))


def test_narrowing_is_reported() -> None:
    assert ListScheduler(2).schedule(streams(4, 256)).statistics["narrowed"] == 0.0
    assert float(ListScheduler(2).schedule(tree(6, 7)).statistics["narrowed"]) > 0.0


def test_no_schedule_before_the_search_has_begun() -> None:
    with pytest.raises(OutOfScratch):
        StaggerSearch(streams(2, 64), 0).schedule("list")


def test_poor_schedules() -> None:
    search = StaggerSearch(streams(6, 256), 0)
    assert search.poor
    search.begin()
    assert not search.poor

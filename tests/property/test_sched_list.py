"""Random scheduling problems: schedules hold under three independent looks at them."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies.problems import problems, random_problem
from tests.unit.sched.exhaustive import shortest
from tests.unit.sched.helpers import cycles_of, execute, is_stuck, run_core, slots_in
from vliwc.sched.check import check_schedule, violations
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Schedule
from vliwc.sched.staggered.scheduler import ListScheduler, OutOfScratch


def confirm(problem: ScheduleProblem, schedule: Schedule) -> None:
    """The checker's rules, playing the schedule word by word, and counting slots one by one."""
    check_schedule(problem, schedule)
    assert execute(problem, schedule) is None
    capacity = problem.dense.capacity.tolist()
    for cycle in range(schedule.cycles):
        for used, limit in zip(slots_in(problem, schedule, cycle), capacity, strict=True):
            assert used <= limit
    assert max((int(cycle) for cycle in schedule.lane_cycle), default=-1) == schedule.cycles - 1
    assert schedule.peak_words <= problem.machine.scratch_words


@settings(max_examples=60)
@given(problems(40), st.integers(1, 12))
def test_schedules_are_valid(problem: ScheduleProblem, trials: int) -> None:
    try:
        schedule = ListScheduler(trials).schedule(problem)
    except OutOfScratch:
        return
    confirm(problem, schedule)
    assert schedule.lower_bound <= schedule.cycles
    assert (schedule.status == "optimal") == (schedule.lower_bound == schedule.cycles)


@settings(max_examples=60)
@given(problems(30), st.randoms(use_true_random=False), st.integers(0, 6), st.integers(0, 3))
def test_any_priorities_give_a_valid_schedule(
    problem: ScheduleProblem, rng: random.Random, reserve: int, flow_queue: int
) -> None:
    """Words that stay zero come first, where the scheduler puts them; the rest is arbitrary."""
    dense = problem.dense
    ops = list(range(len(problem)))
    rng.shuffle(ops)
    unwritten = (dense.class_vector[dense.resource_class] == 0) & (
        dense.class_scalarised[dense.resource_class] < 0
    )
    ops.sort(key=lambda op: not (unwritten[op] and dense.width[op]))
    rank = [ops.index(op) for op in range(len(ops))]
    groups = list(range(dense.n_groups))
    rng.shuffle(groups)
    schedule = run_core(problem, rank, group_order=groups, reserve=reserve, flow_queue=flow_queue)
    if not is_stuck(schedule):
        confirm(problem, schedule)


def mutant(problem: ScheduleProblem, schedule: Schedule, rng: random.Random) -> Schedule:
    """The schedule with one operation moved in time, in place or to another engine."""
    op = rng.randrange(len(problem))
    lane_cycle, engine = schedule.lane_cycle.copy(), schedule.engine.copy()
    address = schedule.address.copy()
    rows = problem.dense.lane_ptr
    match rng.randrange(4):
        case 0:
            lane_cycle[rows[op] : rows[op + 1]] += rng.choice([-2, -1, 1, 2])
        case 1:
            lane = rng.randrange(int(rows[op]), int(rows[op + 1]))
            lane_cycle[lane] += rng.choice([-1, 1])
        case 2:
            address[op] += rng.choice([-4, -1, 1, 4])
        case _:
            engine[op] = rng.randrange(6)
    return replace(schedule, lane_cycle=lane_cycle, engine=engine, address=address)


def test_the_checker_misses_nothing() -> None:
    """What it lets pass does run word by word within the slots; most mutants it does not."""
    rng = random.Random(1)
    passed = caught = 0
    for seed in range(150):
        problem = random_problem(seed, most=20)
        try:
            schedule = ListScheduler(2).schedule(problem)
        except OutOfScratch:
            continue
        for _ in range(20):
            changed = mutant(problem, schedule, rng)
            if violations(problem, changed):
                caught += 1
                continue
            passed += 1
            assert execute(problem, changed) is None, seed
            for cycle in range(changed.cycles):
                used = slots_in(problem, changed, cycle)
                assert all(u <= c for u, c in zip(used, problem.dense.capacity, strict=True))
            for op in range(len(problem)):
                lanes = cycles_of(problem, changed, op)
                if problem.dense.serial[op]:
                    assert sorted(set(lanes)) == lanes
    assert caught > 500 and passed > 100


def test_the_checker_accuses_nobody_wrongly() -> None:
    """Where it reports nothing but clashes in scratch, playing the schedule finds one as well."""
    rng = random.Random(2)
    guilty = innocent = 0
    for seed in range(120):
        problem = random_problem(seed, most=12)
        dense = problem.dense
        try:
            schedule = ListScheduler(2).schedule(problem)
        except OutOfScratch:
            continue
        for _ in range(10):
            changed = mutant(problem, schedule, rng)
            found = violations(problem, changed)
            if {violation.rule for violation in found} != {"scratch"}:
                continue
            words = [
                (int(changed.address[op]), int(dense.width[op]), cycles_of(problem, changed, op))
                for op in range(len(problem))
            ]
            outside = any(w and (a < 0 or a + w > dense.words) for a, w, _ in words)
            if outside or execute(problem, changed) is not None:
                guilty += 1
            else:
                innocent += 1
    assert innocent == 0 < 50 < guilty


def test_the_scheduler_is_good_on_tiny_problems() -> None:
    """Within one cycle of the optimum almost always, where scratch is plentiful."""
    close = total = 0
    for seed in range(60):
        problem = random_problem(seed, most=6)
        try:
            schedule = ListScheduler(16).schedule(problem)
        except OutOfScratch:
            continue
        best = shortest(problem)
        assert schedule.cycles >= best
        total += 1
        close += schedule.cycles <= best + 1
    assert total >= 50
    assert close >= 0.95 * total


@pytest.mark.parametrize("seed", range(5))
def test_the_same_problem_gives_the_same_schedule(seed: int) -> None:
    first, second = (ListScheduler(20).schedule(random_problem(seed, 50)) for _ in range(2))
    for name in ("engine", "lane_cycle", "address"):
        assert getattr(first, name).tolist() == getattr(second, name).tolist()

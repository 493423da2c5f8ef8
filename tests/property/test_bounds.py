"""Every bound against exact optima of small random problems: never above, and often equal.

A bound that is never met would pass the first half with any mistake that makes it smaller; one that
is one too high fails wherever it was met before.  Optima come from trying everything, without a
solver.
"""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from itertools import permutations

import numpy as np
import pytest

from isa.machine import MachineSpec
from tests.strategies.problems import Generator, Sketch, Task, small_machine
from tests.unit.sched.exhaustive import shortest
from vliwc.sched.problem.bounds import best_window, cheapest_form, every_bound, lower_bound
from vliwc.sched.problem.dense import ALU, ENGINES, FLOW, LOAD, N_ENGINES, STORE, VALU
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_bound, project_problem
from vliwc.sched.problem.view import View
from vliwc.sched.relaxations.classes import Classes
from vliwc.sched.relaxations.counting import CountingModel
from vliwc.sched.relaxations.fluid import FluidModel
from vliwc.sched.relaxations.infeasibility import proved_infeasible
from vliwc.sched.relaxations.time_indexed import TimeIndexed

Precedence = tuple[int, int, int]

SEEDS = 150


@cache
def machine_problem(seed: int) -> tuple[ScheduleProblem, int]:
    """A machine problem of at most 6 operations, scratch unlimited, and its optimum."""
    rng = random.Random(seed)
    slots = {name: rng.randint(1, 2) for name in ENGINES}
    machine = MachineSpec("small", {**slots, "debug": 1}, rng.choice([1, 2, 4]), 4096)
    problem = Generator(rng.randint).problem(6, machine)
    return problem, shortest(problem)


def alike(engine: int, count: int) -> ScheduleProblem:
    """``count`` operations that one engine with one slot executes, between two others."""
    sketch = Sketch(small_machine(words=4096))
    first = sketch.add(Task(vector=((engine + 1) % N_ENGINES,)))
    middle = [sketch.add(Task(vector=(engine,)), [first]) for _ in range(count)]
    sketch.add(Task(vector=((engine + 1) % N_ENGINES,)), middle)
    return sketch.problem()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_bound_of_a_machine_problem_is_above_the_optimum(seed: int) -> None:
    problem, optimum = machine_problem(seed)
    for bound in every_bound(problem):
        assert bound.cycles <= optimum, bound
    assert lower_bound(problem).cycles == max(bound.cycles for bound in every_bound(problem))


def test_the_bounds_of_machine_problems_are_met() -> None:
    met = Counter(
        bound.name
        for seed in range(SEEDS)
        for problem, optimum in [machine_problem(seed)]
        for bound in every_bound(problem)
        if bound.cycles == optimum
    )
    assert met["critical path"] >= SEEDS // 2
    assert all(met[f"{engine} slots"] for engine in ("load", "store", "flow")), met
    assert sum(count for name, count in met.items() if "together" in name) >= SEEDS // 10


@pytest.mark.parametrize("engine", [ALU, VALU, LOAD, STORE, FLOW])
@pytest.mark.parametrize("count", [1, 3, 4])
def test_the_bound_of_each_engine_is_exact_where_only_it_binds(engine: int, count: int) -> None:
    problem = alike(engine, count)
    optimum = shortest(problem)
    assert optimum == count + 2
    found = {bound.name: bound.cycles for bound in every_bound(problem)}
    assert found[f"{ENGINES[engine]} slots"] == optimum
    assert max(found.values()) == optimum


@pytest.mark.parametrize("seed", range(0, SEEDS, 3))
def test_no_relaxation_rules_out_the_optimum(seed: int) -> None:
    """And where it rules out a makespan, that is shorter."""
    problem, optimum = machine_problem(seed)
    view = View.of(problem)
    classes = Classes.of_view(view)
    for relaxation in (
        TimeIndexed(view, optimum, None),
        FluidModel(view, classes, optimum, excess=True),
        CountingModel(view, classes, optimum),
    ):
        assert not proved_infeasible(relaxation)
    assert proved_infeasible(TimeIndexed(view, view.critical_path - 1, None))


@pytest.mark.parametrize("seed", range(30))
def test_the_best_window_is_the_best_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    work = rng.integers(0, 3, 12) / 2
    head, tail = (rng.integers(0, 6, 12).astype(float) for _ in range(2))
    inside = [
        (h + q + work[(head >= h) & (tail >= q)].sum())
        for h in head
        for q in tail
        if work[(head >= h) & (tail >= q)].any()
    ]
    found, at_head, at_tail = best_window(work, head, tail)
    assert found == max([float(work.sum()), *inside])
    held = work[(head >= at_head) & (tail >= at_tail)].sum()
    assert found == at_head + at_tail + held


@pytest.mark.parametrize("seed", range(0, SEEDS, 5))
def test_the_cheapest_form_is_the_cheapest(seed: int) -> None:
    problem, _ = machine_problem(seed)
    view = View.of(problem)
    prices = np.random.default_rng(seed).random(N_ENGINES)
    for op, cost in enumerate(cheapest_form(problem.dense, prices).tolist()):
        forms = [float(prices[engine]) for engine in view.vector_engines[op]]
        if view.scalarised_engine[op] >= 0:
            forms.append(float(prices[view.scalarised_engine[op]]) * view.lanes[op])
        assert cost == pytest.approx(min(forms, default=0.0))


@cache
def project(seed: int) -> tuple[ScheduleProblem, int]:
    """A project of at most 5 tasks, milestones and lags among them, and its optimum."""
    rng = random.Random(seed)
    n = rng.randint(1, 5)
    capacities = [rng.randint(1, 4) for _ in range(rng.randint(1, 2))]
    durations = [rng.randint(0, 4) for _ in range(n)]
    demands = [[rng.randint(0, limit) for limit in capacities] for _ in range(n)]
    before = [
        # A milestone ends before it starts: latency 0 would let a successor start before it.
        (a, b, rng.randint(0 if durations[a] else 1, 2))
        for b in range(1, n)
        for a in range(b)
        if rng.random() < 0.3
    ]
    problem = project_problem(durations, demands, capacities, before)
    return problem, least_makespan(durations, demands, capacities, before)


def least_makespan(
    durations: list[int],
    demands: list[list[int]],
    capacities: list[int],
    before: list[Precedence],
) -> int:
    """Serial schedule generation in every order: one of them gives an optimal schedule (Kolisch
    1996), since tasks can be moved to the left one after the other."""
    n = len(durations)
    best = sum(durations) + sum(latency for _, _, latency in before) + 1
    for order in permutations(range(n)):
        place = {task: k for k, task in enumerate(order)}
        if all(place[a] < place[b] for a, b, _ in before):
            best = min(best, _makespan(order, durations, demands, capacities, before))
    return best


def _makespan(
    order: tuple[int, ...],
    durations: list[int],
    demands: list[list[int]],
    capacities: list[int],
    before: list[Precedence],
) -> int:
    start: dict[int, int] = {}
    used: Counter[tuple[int, int]] = Counter()
    for task in order:
        ready = [start[a] + durations[a] - 1 + lag for a, b, lag in before if b == task]
        at = max([0, *ready])
        cells = [(r, k) for r in range(len(capacities)) for k in range(durations[task])]
        while any(used[r, at + k] + demands[task][r] > capacities[r] for r, k in cells):
            at += 1
        start[task] = at
        for r, k in cells:
            used[r, at + k] += demands[task][r]
    return max(start[task] + durations[task] for task in start)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_bound_of_a_project_is_above_the_optimum(seed: int) -> None:
    problem, optimum = project(seed)
    assert problem.renewable is not None
    cycles, _ = project_bound(problem, problem.renewable)
    assert cycles == lower_bound(problem).cycles <= optimum
    assert not proved_infeasible(TimeIndexed(View.of(problem), optimum, None))


def test_the_bounds_of_projects_are_met() -> None:
    """Each reason where it decides: one too high would be above the optimum."""
    met: Counter[str] = Counter()
    for seed in range(SEEDS):
        problem, optimum = project(seed)
        bound = lower_bound(problem)
        if bound.cycles == optimum:
            met[bound.reason.split()[0]] += 1
    assert met["critical"] >= SEEDS // 3
    assert met["resource"] >= SEEDS // 10

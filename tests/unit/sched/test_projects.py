"""Projects: the compiled schemes, justification and the genetic algorithm."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vliwc.lab.generators import generate
from vliwc.lab.generators.projects import Projects
from vliwc.sched.check import check_schedule
from vliwc.sched.exact.plain import PlainScheduler
from vliwc.sched.greedy.sgs import project_schedule
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_problem
from vliwc.sched.problem.view import View
from vliwc.sched.projects.genetic import GeneticSearch, GeneticTuning, cross, sample
from vliwc.sched.projects.network import (
    Network,
    justify,
    last_end,
    network_of,
    order_by,
    place_serially,
)


@st.composite
def small_projects(draw: st.DrawFn) -> ScheduleProblem:
    """Up to 6 tasks on up to 2 resources; lags, milestones and lags of -1 (latency 0)."""
    n = draw(st.integers(1, 6))
    capacities = draw(st.lists(st.integers(1, 3), min_size=1, max_size=2))
    demands = [[draw(st.integers(0, limit)) for limit in capacities] for _ in range(n)]
    before = [
        (a, b, draw(st.integers(0, 3)))
        for b in range(1, n)
        for a in range(b)
        if draw(st.integers(0, 3)) == 0
    ]
    return project_problem([draw(st.integers(0, 4)) for _ in range(n)], demands, capacities, before)


def free_cells(network: Network) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    return np.empty((network.horizon, len(network.capacity)), dtype=np.int32)


def placed(network: Network, order: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    start = np.full(len(order), -7, dtype=np.int32)
    looked = place_serially(network, np.array(order, dtype=np.int32), free_cells(network), start)
    assert looked >= int(network.duration.sum())
    return start


def earliest_fits(problem: ScheduleProblem, order: list[int]) -> list[int]:
    """The serial scheme, by trying every cycle."""
    view = View.of(problem)
    renewable = problem.renewable
    assert renewable is not None
    use: dict[tuple[int, int], int] = {}
    start: dict[int, int] = {}
    for op in order:
        ready = [start[p] + view.duration[p] - 1 + lag for p, lag in view.predecessors[op]]
        at = max([0, *ready])
        while any(
            use.get((t, r), 0) + view.demand[op][r] > renewable.capacity[r]
            for t in range(at, at + view.duration[op])
            for r in range(len(renewable.names))
        ):
            at += 1
        start[op] = at
        for t in range(at, at + view.duration[op]):
            for r in range(len(renewable.names)):
                use[t, r] = use.get((t, r), 0) + view.demand[op][r]
    return [start[op] for op in range(len(view))]


def topological(problem: ScheduleProblem) -> list[list[int]]:
    """All orders that the dependences allow."""
    view = View.of(problem)
    return [
        list(order)
        for order in permutations(range(len(view)))
        if all(order.index(a) < order.index(b) for a, b, _ in view.dependences)
    ]


@given(problem=small_projects(), number=st.integers(0, 719))
def test_the_serial_scheme_places_each_task_as_early_as_it_fits(
    problem: ScheduleProblem, number: int
) -> None:
    network, _ = network_of(View.of(problem))
    orders = topological(problem)
    order = orders[number % len(orders)]
    assert placed(network, order).tolist() == earliest_fits(problem, order)


@given(problem=small_projects(), number=st.integers(0, 719))
def test_justified_schedules_are_schedules(problem: ScheduleProblem, number: int) -> None:
    view = View.of(problem)
    network, back = network_of(view)
    orders = topological(problem)
    start = placed(network, orders[number % len(orders)])
    before = last_end(network, start)
    justify(network, back, start, free_cells(network))
    found = project_schedule(problem, start.tolist(), "justified")
    check_schedule(problem, found)
    if all(latency for _, _, latency in view.dependences):
        assert found.cycles <= before


def test_justification_closes_a_gap() -> None:
    """The first task blocks the long chain; moved right and left again it goes behind."""
    problem = project_problem([2, 2, 4], [[1], [1], [0]], [1], [(1, 2, 1)])
    network, back = network_of(View.of(problem))
    start = placed(network, [0, 1, 2])
    assert last_end(network, start) == 8
    justify(network, back, start, free_cells(network))
    assert (last_end(network, start), start.tolist()) == (6, [2, 0, 2])


@given(problem=small_projects(), keys=st.lists(st.integers(0, 5), min_size=6, max_size=6))
def test_orders_by_a_key_are_topological(problem: ScheduleProblem, keys: list[int]) -> None:
    view = View.of(problem)
    network, _ = network_of(view)
    order = np.empty(len(view), dtype=np.int32)
    order_by(network, np.array(keys[: len(view)], dtype=np.int32), order)
    assert order.tolist() in topological(problem)
    if not view.dependences:
        assert [keys[op] for op in order] == sorted(keys[: len(view)])


def test_children_keep_ends_of_one_and_the_middle_of_the_other() -> None:
    mother, father = np.arange(6, dtype=np.int32), np.arange(6, dtype=np.int32)[::-1].copy()
    child, taken = np.empty(6, dtype=np.int32), np.empty(6, dtype=np.uint8)
    cross(mother, father, 2, 4, child, taken)
    assert child.tolist() == [0, 1, 5, 4, 2, 3]


@given(problem=small_projects(), seed=st.integers(0, 1000))
def test_samples_are_topological(problem: ScheduleProblem, seed: int) -> None:
    view = View.of(problem)
    network, _ = network_of(view)
    order, state = np.empty(len(view), dtype=np.int32), np.empty(len(view), dtype=np.uint8)
    draws = np.random.default_rng(seed).random(len(view))
    sample(network, np.arange(len(view), dtype=np.float64), draws, order, state)
    assert order.tolist() in topological(problem)


SMALL = GeneticTuning(members=30)


@pytest.mark.parametrize("seed", range(6))
def test_the_genetic_algorithm_reaches_optima(seed: int) -> None:
    problem = generate(Projects(jobs=12, strength=0.2), seed).problem
    optimum = PlainScheduler().schedule(problem, 5)
    assert optimum.status == "optimal"
    search = GeneticSearch(View.of(problem), seed, SMALL)
    search.run(0.5, optimum.cycles)
    found = project_schedule(problem, search.start.tolist(), "genetic")
    check_schedule(problem, found)
    assert (found.cycles, search.length) == (optimum.cycles, optimum.cycles)


def test_runs_are_equal_and_go_on_where_they_were() -> None:
    view = View.of(generate(Projects(jobs=30, strength=0.2), 1).problem)
    one, other = (GeneticSearch(view, 3, SMALL) for _ in range(2))
    one.run(0.02, 0)
    first = one.length
    assert 0.02 <= one.effort < 0.04
    one.run(0.02, 0)
    other.run(one.effort, 0)
    assert one.length <= first
    assert (one.length, one.effort) == (other.length, other.effort)
    assert np.array_equal(one.start, other.start)


def test_new_populations_do_not_forget_the_best() -> None:
    """Each of them is made anew after two batches without a shorter member."""
    problem = generate(Projects(jobs=30, strength=0.2), 2).problem
    search = GeneticSearch(View.of(problem), 0, GeneticTuning(members=3, children=1, patience=2))
    lengths: list[int] = []
    for _ in range(60):
        search.run(1e-9, 0)
        lengths.append(search.length)
        assert project_schedule(problem, search.start.tolist(), "best").cycles == search.length
    assert lengths == sorted(lengths, reverse=True)


def test_a_schedule_that_is_known_is_never_made_worse() -> None:
    problem = generate(Projects(jobs=30, strength=0.2), 2).problem
    best = PlainScheduler().schedule(problem, 2)
    search = GeneticSearch(View.of(problem), 0, SMALL)
    search.take(best.lane_cycle)
    search.run(0.01, 0)
    assert search.length <= best.cycles

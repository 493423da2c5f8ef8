"""The serial and the parallel scheme for projects, and justification, on projects done by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sched.test_projects import earliest_fits, small_projects, topological
from vliwc.sched.check import check_schedule
from vliwc.sched.greedy.sgs import (
    _Network,
    best_project_schedule,
    justified,
    length,
    parallel_scheme,
    project_schedule,
    serial_scheme,
)
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_problem
from vliwc.sched.problem.view import View


def network_of(problem: ScheduleProblem) -> _Network:
    return _Network.of(View.of(problem))


@given(problem=small_projects(), number=st.integers(0, 719))
def test_the_serial_scheme_follows_scores_where_it_may(
    problem: ScheduleProblem, number: int
) -> None:
    """Scores that fall along an order that the dependences allow lead to that order."""
    orders = topological(problem)
    order = orders[number % len(orders)]
    scores = np.zeros(len(order))
    scores[order] = -np.arange(len(order), dtype=np.float64)
    assert serial_scheme(network_of(problem), scores) == earliest_fits(problem, order)


def parallel_by_cycles(problem: ScheduleProblem, scores: list[int]) -> list[int]:
    """Cycle after cycle, the most urgent task that may start and fits, until there is none."""
    view, renewable = View.of(problem), problem.renewable
    assert renewable is not None
    start: dict[int, int] = {}
    use: dict[tuple[int, int], int] = {}
    moment = 0

    def may_start(op: int) -> bool:
        before = view.predecessors[op]
        if any(p not in start for p, _ in before):
            return False
        if any(start[p] + view.duration[p] - 1 + lag > moment for p, lag in before):
            return False
        return all(
            use.get((t, r), 0) + view.demand[op][r] <= renewable.capacity[r]
            for t in range(moment, moment + view.duration[op])
            for r in range(len(renewable.names))
        )

    while len(start) < len(view):
        left = [op for op in range(len(view)) if op not in start and may_start(op)]
        if not left:
            moment += 1
            continue
        op = max(left, key=lambda op: (scores[op], -op))
        start[op] = moment
        for t in range(moment, moment + view.duration[op]):
            for r in range(len(renewable.names)):
                use[t, r] = use.get((t, r), 0) + view.demand[op][r]
    return [start[op] for op in range(len(view))]


@given(problem=small_projects(), order=st.permutations(range(6)))
def test_the_parallel_scheme_starts_the_most_urgent(
    problem: ScheduleProblem, order: list[int]
) -> None:
    n = len(View.of(problem))
    scores = [score for score in order if score < n]
    found = parallel_scheme(network_of(problem), np.array(scores, dtype=np.float64))
    check_schedule(problem, project_schedule(problem, found, "parallel"))
    assert found == parallel_by_cycles(problem, scores) or has_barriers(problem)


def has_barriers(problem: ScheduleProblem) -> bool:
    """Whether one task may make another one ready in its own cycle: then the scheme, which goes
    through the tasks by urgency once, comes back to more urgent ones later."""
    view = View.of(problem)
    return any(view.duration[p] - 1 + lag <= 0 for row in view.predecessors for p, lag in row)


@given(problem=small_projects(), number=st.integers(0, 719))
def test_justification_is_a_schedule_and_never_longer(
    problem: ScheduleProblem, number: int
) -> None:
    network = network_of(problem)
    orders = topological(problem)
    start = earliest_fits(problem, orders[number % len(orders)])
    found = justified(network, start)
    check_schedule(problem, project_schedule(problem, found, "justified"))
    assert length(network, found) <= length(network, start)


def turned_around(problem: ScheduleProblem) -> ScheduleProblem:
    """The project backwards in time."""
    view, renewable = View.of(problem), problem.renewable
    assert renewable is not None
    before = [(b, a, latency) for a, b, latency in view.dependences]
    return project_problem(view.duration, view.demand, renewable.capacity.tolist(), before)


@given(problem=small_projects(), number=st.integers(0, 719))
def test_justification_goes_by_ends(problem: ScheduleProblem, number: int) -> None:
    """Right by the latest ends, then left by the earliest starts, each as far as it can go."""
    view, back, orders = View.of(problem), turned_around(problem), topological(problem)
    start = earliest_fits(problem, orders[number % len(orders)])
    span = range(len(view))
    to_right = sorted(span, key=lambda op: (-start[op] - view.duration[op], op))
    if to_right not in topological(back):
        return
    right = earliest_fits(back, to_right)
    to_left = sorted(span, key=lambda op: (-right[op] - view.duration[op], op))
    if to_left in topological(problem):
        left = earliest_fits(problem, to_left)
        network = network_of(problem)
        assert length(network, left) <= length(network, start)
        assert justified(network, start) == left


def test_justification_closes_a_gap() -> None:
    """The first task blocks the long chain; moved right and left again it goes behind."""
    problem = project_problem([2, 2, 4], [[1], [1], [0]], [1], [(1, 2, 1)])
    network = network_of(problem)
    assert length(network, [0, 2, 4]) == 8
    assert justified(network, [0, 2, 4]) == [2, 0, 2]
    scores = [np.array([3.0, 2.0, 1.0])]
    for passes, cycles in ((0, 8), (1, 6)):
        found = best_project_schedule(View.of(problem), scores, "both", passes=passes)
        check_schedule(problem, found)
        assert (found.cycles, found.status) == (cycles, "optimal" if cycles == 6 else "feasible")


@pytest.mark.parametrize("bound", [None, (3, "less"), (7, "more")])
def test_the_better_bound_counts(bound: tuple[int, str] | None) -> None:
    """Two tasks on one unit: five cycles by their work, seven as somebody else has proved."""
    problem = project_problem([2, 3], [[1], [1]], [1], [])
    found = project_schedule(problem, [5, 2], "late", bound=bound)
    assert (found.cycles, found.lower_bound) == (7, 7 if bound == (7, "more") else 5)
    assert found.status == ("optimal" if bound == (7, "more") else "feasible")
    assert (found.bound_reason == "more") == (bound == (7, "more"))

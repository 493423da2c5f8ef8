"""Topological order, path lengths and virtual deadlines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies.problems import Sketch, Task, random_problem, small_machine
from vliwc.sched.problem.dense import ALU, LOAD, STORE
from vliwc.sched.problem.paths import CyclicProblem, depth_first, durations, topological_order
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.staggered.deadlines import (
    by_deadline,
    deadlines,
    planned_cycles,
    ranks,
    tails,
)
from vliwc.sched.staggered.depth_first import in_chunks
from vliwc.sched.staggered.shared_ops import with_shared_in_groups

SCALAR = Task(vector=(ALU,))


def member(group: int, **changes: object) -> Task:
    return Task(**{"vector": (ALU,), "group": group, **changes})  # pyright: ignore


def positions(order: list[int]) -> dict[int, int]:
    return {op: position for position, op in enumerate(order)}


def edges(problem: ScheduleProblem) -> list[tuple[int, int]]:
    p = problem.dense
    return [
        (op, int(p.succ[s]))
        for op in range(len(problem))
        for s in range(int(p.succ_ptr[op]), int(p.succ_ptr[op + 1]))
    ]


@pytest.mark.parametrize("order", [topological_order, depth_first])
def test_orders_have_predecessors_first(order: object) -> None:
    for seed in range(40):
        problem = random_problem(seed)
        found = order(problem.dense).tolist()  # pyright: ignore
        assert sorted(found) == list(range(len(problem)))
        at = positions(found)
        assert all(at[a] < at[b] for a, b in edges(problem))


@pytest.mark.parametrize("order", [topological_order, depth_first])
def test_circles_are_refused(order: object) -> None:
    sketch = Sketch(small_machine())
    a, b = sketch.add(SCALAR), sketch.add(SCALAR)
    sketch.edges += [(a, b, 1, False), (b, a, 1, False)]
    sketch.add(SCALAR, [a])
    with pytest.raises(CyclicProblem, match="wait for each other"):
        order(sketch.problem().dense)  # pyright: ignore


def test_depth_first_finishes_one_thing_before_the_next() -> None:
    """Two chains: in topological order they alternate, depth first they do not."""
    sketch = Sketch(small_machine())
    chains: list[list[int]] = [[], []]
    for _ in range(3):
        for chain in chains:
            chain.append(sketch.add(SCALAR, chain[-1:]))
    assert depth_first(sketch.problem().dense).tolist() == [*chains[0], *chains[1]]


def test_chunks_of_neighbours() -> None:
    problem = random_problem(3, 40)
    for size in (1, 4, 100):
        chunked = in_chunks(problem, size)
        order = depth_first(problem.dense).tolist()
        assert [chunked.dense.group[op] for op in order] == [k // size for k in range(len(order))]
        assert chunked.dense.n_groups == -(-len(order) // size)


def test_durations() -> None:
    sketch = Sketch(small_machine(load=3))
    sketch.add(SCALAR)
    sketch.add(Task(scalarised=LOAD, lanes=4, width=4))
    sketch.add(Task(scalarised=LOAD, lanes=4, width=7, serial=True))
    sketch.add(Task(lanes=0, width=0))
    assert durations(sketch.problem().dense).tolist() == [1, 2, 4, 0]


def test_tails_stay_within_the_group() -> None:
    sketch = Sketch(small_machine())
    a = sketch.add(member(0))
    b = sketch.add(member(0), [a])
    c = sketch.add(member(1), [a])
    sketch.add(member(1), [c])
    sketch.add(SCALAR, [b])
    found = tails(sketch.problem().dense)
    assert found.tail.tolist() == [1, 0, 1, 0, 0]
    assert found.longest.tolist() == [2, 2]


def test_shared_operations_in_groups() -> None:
    """A shared operation belongs to the first group that waits for it, directly or not."""
    sketch = Sketch(small_machine())
    base = sketch.add(SCALAR)
    first = sketch.add(SCALAR, [base])
    second = sketch.add(SCALAR, [base])
    unused = sketch.add(SCALAR)
    groups = [sketch.add(member(1), [second]), sketch.add(member(0), [first])]
    total = sketch.add(Task(vector=(STORE,), width=0), groups)
    owner = with_shared_in_groups(sketch.problem()).dense.group
    assert [owner[op] for op in (base, first, second)] == [0, 0, 1]
    assert [owner[op] for op in (unused, total)] == [-1, -1]
    assert [owner[op] for op in groups] == [1, 0]


def due(problem: ScheduleProblem, start: list[float], end: list[float]) -> list[float]:
    found = deadlines(
        problem.dense, *tails(problem.dense), np.array(start), np.array(end), 1.0, 50.0
    )
    return found.tolist()


def test_deadlines_are_spread_over_the_span_of_a_group() -> None:
    sketch = Sketch(small_machine())
    last: list[int] = []
    for _ in range(4):
        last = [sketch.add(member(0), last)]
    found = due(sketch.problem(), [10.0], [30.0])
    assert found[0] <= 15.0 and found[-1] == 30.0
    assert found == sorted(found)
    assert np.allclose(np.diff(found)[1:], 5.0)


def test_shared_operations_are_due_before_their_first_user() -> None:
    sketch = Sketch(small_machine())
    shared = sketch.add(SCALAR)
    for group in range(2):
        sketch.add(member(group), [shared])
    alone = sketch.add(SCALAR)
    found = due(sketch.problem(), [10.0, 2.0], [30.0, 12.0])
    users = found[1:3]
    assert found[shared] == min(users) - 1.0
    assert found[alone] == 50.0


def test_words_that_stay_zero_are_due_at_once() -> None:
    sketch = Sketch(small_machine())
    zero = sketch.add(Task(lanes=0, width=1))
    other = sketch.add(SCALAR)
    sketch.add(member(0), [zero, other])
    found = due(sketch.problem(), [0.0], [5.0])
    assert found[zero] < min(found[1:]) - 1000


def test_ranks() -> None:
    assert ranks(np.array([3.0, -1.0, 3.0, 0.5])).tolist() == [2, 0, 3, 1]


def test_planned_cycles_stay_within_the_horizon() -> None:
    found = planned_cycles(np.array([-1e9, 0.0, 10.0, 1e9]), 2.0, 3.0, 100)
    assert found.dtype == np.int32
    assert found[2] == 23 and all(cycle <= 100 for cycle in found.tolist())


@given(
    st.lists(
        st.sampled_from([0.0, -0.0, 1.5, -1.5, 1e-300, -1e9]) | st.floats(allow_nan=False),
        max_size=80,
    )
)
def test_operations_by_deadline_are_sorted_stably(due: list[float]) -> None:
    array = np.array(due, float)
    assert by_deadline(array).tolist() == np.argsort(array, kind="stable").tolist()
    assert array.tolist() == due


def test_equal_deadlines_leave_operations_in_their_order() -> None:
    assert by_deadline(np.zeros(5)).tolist() == [0, 1, 2, 3, 4]

"""Features of instances, against figures by hand and by trying everything."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import pytest
from hypothesis import given

from tests.strategies.problems import Sketch, Task, problems, small_machine
from vliwc.lab.instances.features import Features
from vliwc.lab.instances.instance import Instance
from vliwc.sched.problem.dense import ALU, LOAD
from vliwc.sched.problem.modes import Mode, mode_problem
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_problem


def of(problem: ScheduleProblem) -> Features:
    return Features.of(Instance("x", problem))


def test_a_chain_and_a_row() -> None:
    chain = of(project_problem([2, 3, 4], [[1]] * 3, [1], [(0, 1, 1), (1, 2, 1)]))
    assert (chain.width, chain.parallelism, chain.order_strength) == (1, 1.0, 1.0)
    assert chain.resource_strength is None, "one after the other takes 1 of 1"
    row = of(project_problem([2, 3, 4], [[1]] * 3, [1], []))
    assert (row.width, row.parallelism, row.order_strength) == (3, 9 / 4, 0.0)
    assert row.resource_strength == 0.0, "as scarce as possible"
    assert row.bound_ratio == 9 / 4


def test_resource_strength_and_factor_by_hand() -> None:
    # All at once take 6 of R1 and 2 of R2; the largest takes 3 and 1.
    tasks = project_problem([2, 2, 2], [[3, 1], [2, 1], [1, 0]], [4, 2], [])
    found = of(tasks)
    assert found.resource_strength == pytest.approx(((4 - 3) / (6 - 3) + (2 - 1) / (2 - 1)) / 2)
    assert found.resource_factor == pytest.approx(5 / 6)
    assert found.pressure is None
    ends = of(project_problem([0, 2, 2, 0], [[0], [1], [0], [0]], [1], [(0, 1, 1), (1, 3, 1)]))
    assert ends.resource_factor == 0.5, "start and end take no time"


def test_a_machine_has_pressure_and_slots() -> None:
    sketch = Sketch(small_machine(load=2, alu=1))
    loads = [sketch.add(Task((LOAD,), width=2)) for _ in range(4)]
    sketch.add(Task((ALU,), width=1), loads)
    problem = sketch.problem()
    found = of(problem)
    assert found.width == 4
    assert found.pressure == pytest.approx(8 / problem.dense.words)
    assert found.resource_strength == pytest.approx((2 - 1) / (4 - 1))
    assert found.order_strength == pytest.approx(4 / 10)


def test_modes_are_counted() -> None:
    task = [Mode(1, (1,)), Mode(2, (0,))]
    assert of(mode_problem([task] * 3, [1], [], [])).modes == 6


def test_nothing_at_all() -> None:
    found = of(project_problem([], [], [1], []))
    assert (found.operations, found.width, found.parallelism) == (0, None, 0.0)


@given(problems(9))
def test_the_width_is_that_of_the_largest_antichain(problem: ScheduleProblem) -> None:
    found = of(problem)
    n = len(problem)
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(n))
    ptr, succ = problem.dense.succ_ptr.tolist(), problem.dense.succ.tolist()
    graph.add_edges_from((a, b) for a in range(n) for b in succ[ptr[a] : ptr[a + 1]])
    closed = nx.transitive_closure(graph)
    widest = max(
        size
        for size in range(n + 1)
        for some in combinations(range(n), size)
        if not any(closed.has_edge(a, b) or closed.has_edge(b, a) for a, b in combinations(some, 2))
    )
    if n:
        assert found.width == widest
    if n > 1:
        assert found.order_strength == pytest.approx(closed.number_of_edges() / (n * (n - 1) / 2))

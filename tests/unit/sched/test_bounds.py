"""Lower bounds: never above the optimum, and equal to it where the reason is plain."""

from __future__ import annotations

import pytest

from isa.machine import MachineSpec
from tests.strategies.problems import Sketch, Task, random_problem, small_machine
from tests.unit.sched.exhaustive import shortest
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.dense import ALU, FLOW, LOAD, STORE, VALU
from vliwc.sched.problem.paths import CyclicProblem, heads_and_tails, topological_order
from vliwc.sched.staggered.scheduler import ListScheduler, OutOfScratch

SCALAR = Task(vector=(ALU,))
EITHER = Task(vector=(VALU,), scalarised=ALU, lanes=4, width=4)


def machine(**slots: int) -> MachineSpec:
    return small_machine(vlen=4, words=4096, **slots)


def test_nothing_to_do() -> None:
    assert lower_bound(Sketch(machine()).problem()).cycles == 0


def test_critical_path() -> None:
    sketch = Sketch(machine(load=2))
    a = sketch.add(SCALAR)
    gather = sketch.add(Task(scalarised=LOAD, lanes=4, width=4), [a])
    rows = sketch.add(Task(scalarised=LOAD, lanes=4, width=7, serial=True), [gather])
    sketch.add(SCALAR, [rows])
    bound = lower_bound(sketch.problem())
    assert bound.cycles == 1 + 2 + 4 + 1
    assert bound.reason == "critical path"


def test_barriers_and_latency_0_cost_nothing() -> None:
    sketch = Sketch(machine())
    a = sketch.add(Task(vector=(LOAD,)))
    barrier = sketch.add(Task(lanes=0, width=0), after=[(a, 0)])
    sketch.add(Task(vector=(STORE,), width=0), after=[(barrier, 0)])
    problem = sketch.problem()
    assert lower_bound(problem).cycles == 1 == shortest(problem)


def test_one_engine() -> None:
    sketch = Sketch(machine(alu=3))
    for _ in range(10):
        sketch.add(SCALAR)
    bound = lower_bound(sketch.problem())
    assert bound.cycles == 4
    assert "alu" in bound.reason and "3.3 cycles of work" in bound.reason


def test_engines_together() -> None:
    """Ten vector operations: one a cycle on valu and one every four alu slots."""
    sketch = Sketch(machine(alu=4, valu=1))
    for _ in range(10):
        sketch.add(EITHER)
    bound = lower_bound(sketch.problem())
    assert bound.cycles == 5
    assert "alu and valu" in bound.reason


def test_three_engines_together() -> None:
    sketch = Sketch(machine(alu=4, valu=1, flow=1))
    for _ in range(12):
        sketch.add(Task(vector=(VALU, FLOW), scalarised=ALU, lanes=4, width=4))
    bound = lower_bound(sketch.problem())
    assert bound.cycles == 4
    assert "alu and valu and flow" in bound.reason


def test_work_between_the_start_and_the_end() -> None:
    """All six loads wait for one operation, and another one waits for each of them."""
    sketch = Sketch(machine())
    a = sketch.add(SCALAR)
    loads = [sketch.add(Task(vector=(LOAD,)), [a]) for _ in range(6)]
    for load in loads:
        sketch.add(Task(vector=(STORE,), width=0), [load])
    problem = sketch.problem()
    bound = lower_bound(problem)
    assert bound.cycles == 8 == shortest(problem)
    assert "windows of 1 cycles before and 1 after" in bound.reason


def test_heads_and_tails() -> None:
    sketch = Sketch(machine())
    a = sketch.add(SCALAR)
    b = sketch.add(Task(scalarised=LOAD, lanes=4, width=4), [a])
    c = sketch.add(SCALAR, [b])
    head, tail = heads_and_tails(sketch.problem())
    assert head.tolist() == [0, 1, 5]
    assert tail.tolist() == [5, 1, 0]
    assert (a, b, c) == (0, 1, 2)


def test_the_longest_of_several_ways_counts() -> None:
    """Whichever of them comes last in the order of the operations."""
    for first, second in ((4, 1), (1, 4)):
        sketch = Sketch(machine())
        a, b = (sketch.add(Task(scalarised=LOAD, lanes=k, width=k)) for k in (first, second))
        c = sketch.add(SCALAR, [a, b])
        for lanes in (first, second):
            sketch.add(Task(scalarised=LOAD, lanes=lanes, width=lanes), [c])
        head, tail = heads_and_tails(sketch.problem())
        assert head.tolist() == [0, 0, 4, 5, 5]
        assert tail.tolist() == [5, 5, 4, 0, 0]


def test_operations_that_wait_for_each_other_have_no_order() -> None:
    sketch = Sketch(machine())
    a, b, c = (sketch.add(SCALAR) for _ in range(3))
    sketch.edges += [(a, b, 1, False), (b, c, 1, False), (c, b, 0, False)]
    problem = sketch.problem()
    with pytest.raises(CyclicProblem, match="2 operations wait for each other, number 1 among"):
        topological_order(problem.dense)
    with pytest.raises(CyclicProblem):
        lower_bound(problem)


def test_what_has_no_form_has_a_cycle_nevertheless() -> None:
    sketch = Sketch(machine())
    a = sketch.add(SCALAR)
    barrier = sketch.add(Task(lanes=0, width=0))
    b = sketch.add(SCALAR)
    sketch.edges += [(a, barrier, 1, False), (barrier, b, 1, False)]
    head, tail = heads_and_tails(sketch.problem())
    assert (head.tolist(), tail.tolist()) == ([0, 1, 2], [2, 1, 0])
    assert lower_bound(sketch.problem()).cycles == 3 == shortest(sketch.problem())


@pytest.mark.parametrize("seed", range(120))
def test_never_above_the_optimum(seed: int) -> None:
    problem = random_problem(seed, most=6)
    assert lower_bound(problem).cycles <= shortest(problem)


def test_mostly_the_optimum() -> None:
    """A bound of 0 would pass the test above; on tiny problems the bound is usually met."""
    met = sum(
        lower_bound(problem).cycles == shortest(problem)
        for problem in (random_problem(seed, most=6) for seed in range(60))
    )
    assert met >= 40


def test_never_above_a_schedule() -> None:
    solved = 0
    for seed in range(80):
        problem = random_problem(seed, most=60)
        try:
            schedule = ListScheduler(6).schedule(problem)
        except OutOfScratch:
            continue
        assert schedule.lower_bound == lower_bound(problem).cycles <= schedule.cycles, seed
        solved += 1
    assert solved >= 60

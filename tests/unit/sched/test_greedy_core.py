"""The core of the greedy schedulers: each rule on a problem small enough to know the answer."""

from __future__ import annotations

import pytest

from tests.strategies.problems import Sketch, Task, small_machine
from tests.unit.sched.helpers import cycles_of, ints, slots_in
from vliwc.sched.check import check_schedule
from vliwc.sched.greedy.core import GreedyRunner
from vliwc.sched.problem.dense import ALU, LOAD, STORE, VALU
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Schedule

VECTOR = Task(vector=(VALU,), lanes=4, width=4)
GATHER = Task(scalarised=LOAD, lanes=4, width=4)
STORED = Task(vector=(STORE,), width=0)


def scheduled(problem: ScheduleProblem) -> Schedule:
    """The schedule of the core, operations being urgent in the order of their numbers."""
    found = GreedyRunner(problem).run(ints(range(len(problem))), "in order")
    check_schedule(problem, found)
    return found


def test_serial_lanes_issue_one_after_the_other() -> None:
    sketch = Sketch(small_machine(load=3))
    a = sketch.add(Task(scalarised=LOAD, lanes=4, width=7, serial=True))
    b = sketch.add(Task(vector=(LOAD,)))
    problem = sketch.problem()
    found = scheduled(problem)
    assert cycles_of(problem, found, a) == [0, 1, 2, 3]
    assert cycles_of(problem, found, b) == [0]


def test_operands_are_read_until_the_last_lane() -> None:
    """The vector that the store gathers from is needed for four cycles, another one is free."""
    sketch = Sketch(small_machine(vlen=4, words=8))
    a = sketch.add(VECTOR)
    sketch.add(Task(scalarised=STORE, lanes=4, width=0), [a])
    others = [sketch.add(VECTOR, after=[(a, 1)]) for _ in range(3)]
    problem = sketch.problem()
    found = scheduled(problem)
    assert [int(found.address[op]) for op in (a, *others)] == [0, 4, 4, 4]


def test_an_operand_keeps_its_place_when_its_reader_finds_none() -> None:
    """The wide result would need two neighbouring vectors; the next operation takes the one left,
    and not the one that the wide result's operand stands in."""
    sketch = Sketch(small_machine(vlen=4, words=12, valu=2))
    a, d = sketch.add(VECTOR), sketch.add(VECTOR)
    wide = sketch.add(Task(vector=(VALU,), lanes=4, width=8), [a])
    c = sketch.add(VECTOR, after=[(a, 1)])
    sketch.add(STORED, [d], after=[(c, 1)])
    sketch.add(STORED, [wide], after=[(c, 1)])
    sketch.add(STORED, [c])
    problem = sketch.problem()
    found = scheduled(problem)
    assert [int(found.address[op]) for op in (a, d, c)] == [0, 4, 8]


@pytest.mark.parametrize(("latency", "cycle"), [(0, 0), (1, 1)])
def test_order_edges(latency: int, cycle: int) -> None:
    sketch = Sketch(small_machine())
    a = sketch.add(Task(vector=(LOAD,)))
    b = sketch.add(STORED, after=[(a, latency)])
    problem = sketch.problem()
    assert cycles_of(problem, scheduled(problem), b) == [cycle]


def test_every_operation_waits_for_all_before_it() -> None:
    """One of them ends in the same cycle with latency 0, one a cycle earlier with latency 1."""
    sketch = Sketch(small_machine())
    a = sketch.add(Task(vector=(LOAD,)))
    b = sketch.add(Task(vector=(ALU,)), [a])
    c = sketch.add(STORED, after=[(a, 0), (b, 1)])
    d = sketch.add(STORED, after=[(c, 0)])
    problem = sketch.problem()
    found = scheduled(problem)
    assert [cycles_of(problem, found, op) for op in (a, b, c, d)] == [[0], [1], [2], [3]]


def test_slots_are_filled_and_not_exceeded() -> None:
    sketch = Sketch(small_machine(load=3, valu=2))
    for _ in range(5):
        sketch.add(VECTOR)
    gather = sketch.add(GATHER)
    problem = sketch.problem()
    found = scheduled(problem)
    assert [slots_in(problem, found, cycle)[VALU] for cycle in range(3)] == [2, 2, 1]
    assert cycles_of(problem, found, gather) == [0, 0, 0, 1]

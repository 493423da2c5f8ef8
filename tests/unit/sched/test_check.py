"""The checker of schedules: every way to break a rule is reported under that rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.strategies.problems import Sketch, Task, small_machine
from tests.unit.sched.helpers import execute, ints, run_core
from vliwc.sched.check import ScheduleError, check_schedule, violations
from vliwc.sched.problem.dense import ALU, FLOW, LOAD, NO_ENGINE, STORE, VALU
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_problem
from vliwc.sched.problem.schedule import Schedule

ZERO, SPLIT, BOTH, ROWS, SUM, STORED, BARRIER, LAST = range(8)


def example() -> ScheduleProblem:
    """A bit of everything, on a machine with two slots of each engine and spare scratch."""
    sketch = Sketch(small_machine(vlen=4, words=64, alu=2, valu=2, load=2, store=2))
    sketch.add(Task(lanes=0, width=1))
    sketch.add(Task(scalarised=LOAD, lanes=4, width=4), [ZERO])
    sketch.add(Task(vector=(VALU,), scalarised=ALU, lanes=4, width=4), [SPLIT])
    sketch.add(Task(scalarised=LOAD, lanes=4, width=7, serial=True), [SPLIT])
    sketch.add(Task(vector=(VALU, FLOW), lanes=4, width=4), [BOTH, ROWS])
    sketch.add(Task(vector=(STORE,), width=0), [SUM, ZERO])
    sketch.add(Task(lanes=0, width=0), after=[(STORED, 1)])
    sketch.add(Task(vector=(LOAD,)), after=[(BARRIER, 0)])
    return sketch.problem()


def solved() -> tuple[ScheduleProblem, Schedule]:
    problem = example()
    schedule = run_core(problem)
    assert violations(problem, schedule) == []
    assert execute(problem, schedule) is None
    return problem, schedule


def changed(
    problem: ScheduleProblem,
    schedule: Schedule,
    op: int,
    *,
    cycles: list[int] | None = None,
    engine: int | None = None,
    address: int | None = None,
) -> Schedule:
    """The schedule with another place or time for one operation, long enough for all cycles."""
    lane_cycle, engines = schedule.lane_cycle.copy(), schedule.engine.copy()
    addresses = schedule.address.copy()
    if cycles is not None:
        row = problem.dense.lane_ptr
        lane_cycle[row[op] : row[op + 1]] = cycles
    if engine is not None:
        engines[op] = engine
    if address is not None:
        addresses[op] = address
    length = max(schedule.cycles, int(lane_cycle.max()) + 1)
    return replace(
        schedule, cycles=length, lane_cycle=lane_cycle, engine=engines, address=addresses
    )


def rules(problem: ScheduleProblem, schedule: Schedule) -> set[str]:
    return {violation.rule for violation in violations(problem, schedule)}


def cycle(problem: ScheduleProblem, schedule: Schedule, op: int) -> int:
    return int(schedule.lane_cycle[problem.dense.lane_ptr[op]])


def test_a_good_schedule_passes() -> None:
    check_schedule(*solved())


@pytest.mark.parametrize("name", ["engine", "address", "lane_cycle"])
def test_arrays_of_another_length(name: str) -> None:
    problem, schedule = solved()
    for wrong in (getattr(schedule, name)[:-1], np.append(getattr(schedule, name), ints([0]))):
        assert rules(problem, replace(schedule, **{name: wrong})) == {"shape"}


def test_cycles_outside_the_schedule() -> None:
    problem, schedule = solved()
    assert rules(problem, changed(problem, schedule, ZERO, cycles=[-1])) == {"range"}
    assert rules(problem, replace(schedule, cycles=schedule.cycles - 1)) == {"range"}


@pytest.mark.parametrize(
    ("op", "engine"),
    [
        (SPLIT, ALU),
        (SPLIT, VALU),
        (BOTH, LOAD),
        (BOTH, FLOW),
        (SUM, ALU),
        (STORED, LOAD),
        (STORED, NO_ENGINE),
        (ZERO, LOAD),
        (BARRIER, STORE),
        (LAST, -1),
        (LAST, 6),
    ],
)
def test_engines_that_do_not_take_an_operation(op: int, engine: int) -> None:
    problem, schedule = solved()
    found = violations(problem, changed(problem, schedule, op, engine=engine))
    assert "engine" in {violation.rule for violation in found}
    assert (op,) in {violation.operations for violation in found if violation.rule == "engine"}


def test_a_vector_form_has_one_cycle() -> None:
    problem, schedule = solved()
    late = cycle(problem, schedule, SUM)
    wrong = changed(problem, schedule, BOTH, cycles=[late - 1] * 3 + [late - 2], engine=VALU)
    assert "engine" in rules(problem, wrong)


def test_more_lanes_than_slots() -> None:
    problem, schedule = solved()
    start = cycle(problem, schedule, SPLIT)
    wrong = changed(problem, schedule, SPLIT, cycles=[start] * 4)
    assert rules(problem, wrong) == {"slots"}


def test_more_operations_than_slots() -> None:
    sketch = Sketch(small_machine(alu=1))
    for _ in range(2):
        sketch.add(Task(vector=(ALU,)))
    problem = sketch.problem()
    wrong = changed(problem, run_core(problem), 1, cycles=[0])
    assert "slots" in rules(problem, wrong)


def test_a_split_execution_needs_a_slot_for_each_lane() -> None:
    """The same cycles are right on valu, where they are one slot, and wrong on alu."""
    problem, schedule = solved()
    now = cycle(problem, schedule, ROWS) - 0
    whole = changed(problem, schedule, BOTH, cycles=[now] * 4, engine=VALU)
    assert rules(problem, whole) == set()
    assert rules(problem, changed(problem, whole, BOTH, engine=ALU)) == {"slots"}


@pytest.mark.parametrize(
    ("op", "before", "shift"),
    [(SUM, ROWS, 0), (BARRIER, STORED, 0), (LAST, BARRIER, -1)],
)
def test_an_operation_before_what_it_needs(op: int, before: int, shift: int) -> None:
    problem, schedule = solved()
    rows = problem.dense.lane_ptr
    ready = int(schedule.lane_cycle[rows[before] : rows[before + 1]].max())
    lanes = int(rows[op + 1] - rows[op])
    wrong = changed(problem, schedule, op, cycles=[ready + shift] * lanes)
    found = violations(problem, wrong)
    assert (before, op) in {v.operations for v in found if v.rule == "dependence"}


def test_a_zero_is_read_in_its_own_cycle_and_not_before() -> None:
    problem, schedule = solved()
    now = cycle(problem, schedule, SPLIT)
    assert rules(problem, changed(problem, schedule, ZERO, cycles=[now])) == set()
    late = violations(problem, changed(problem, schedule, ZERO, cycles=[now + 1]))
    assert (ZERO, SPLIT) in {v.operations for v in late if v.rule == "dependence"}


def test_only_the_last_lane_is_too_late_for_a_reader() -> None:
    problem, schedule = solved()
    late = cycle(problem, schedule, SUM)
    rows = problem.dense.lane_ptr
    own = schedule.lane_cycle[rows[ROWS] : rows[ROWS + 1]].tolist()
    wrong = changed(problem, schedule, ROWS, cycles=[*own[:3], late])
    assert "dependence" in rules(problem, wrong)


@pytest.mark.parametrize("order", [[0, 0, 1, 2], [1, 0, 2, 3], [0, 1, 3, 2]])
def test_serial_lanes_in_another_order(order: list[int]) -> None:
    problem, schedule = solved()
    start = cycle(problem, schedule, ROWS)
    wrong = changed(problem, schedule, ROWS, cycles=[start + k for k in order])
    assert "serial" in rules(problem, wrong)


@pytest.mark.parametrize(("op", "address"), [(SUM, -1), (SUM, 61), (ROWS, 58), (ZERO, 64)])
def test_addresses_outside_scratch(op: int, address: int) -> None:
    problem, schedule = solved()
    assert rules(problem, changed(problem, schedule, op, address=address)) == {"scratch"}


def test_operations_without_a_result_need_no_address() -> None:
    problem, schedule = solved()
    assert rules(problem, changed(problem, schedule, STORED, address=-1)) == set()


@pytest.mark.parametrize("shift", [0, 1, 3, -3])
def test_two_values_in_one_word(shift: int) -> None:
    """BOTH and ROWS are alive together; ROWS covers seven words."""
    problem, schedule = solved()
    apart = changed(problem, schedule, BOTH, address=40)
    apart = changed(problem, apart, ROWS, address=50)
    assert rules(problem, apart) == set()
    wrong = changed(problem, apart, BOTH, address=50 + shift)
    found = violations(problem, wrong)
    assert {v.rule for v in found} == {"scratch"}
    assert {frozenset(v.operations) for v in found} == {frozenset({BOTH, ROWS})}
    assert rules(problem, changed(problem, apart, BOTH, address=46)) == set()


def test_a_word_may_be_overwritten_in_the_cycle_of_its_last_read_and_not_before() -> None:
    sketch = Sketch(small_machine(alu=2))
    a = sketch.add(Task(vector=(ALU,)))
    sketch.add(Task(vector=(STORE,), width=0), [a])
    b = sketch.add(Task(vector=(ALU,)))
    problem = sketch.problem()
    base = run_core(problem)
    base = changed(problem, changed(problem, base, a, address=5), b, address=5)
    moved = changed(problem, base, 1, cycles=[2])
    assert rules(problem, changed(problem, moved, b, cycles=[2])) == set()
    assert rules(problem, changed(problem, moved, b, cycles=[3])) == set()
    assert rules(problem, changed(problem, moved, b, cycles=[1])) == {"scratch"}


def test_two_writes_of_a_word_in_one_cycle() -> None:
    """Even values that nobody reads must not be written over each other."""
    sketch = Sketch(small_machine(alu=2))
    for _ in range(2):
        sketch.add(Task(vector=(ALU,)))
    problem = sketch.problem()
    base = run_core(problem)
    assert base.cycles == 1
    address = int(base.address[0])
    assert rules(problem, changed(problem, base, 1, address=address)) == {"scratch"}


def test_a_value_between_the_lanes_of_another_one() -> None:
    """A split operation owns its words from its first lane on."""
    sketch = Sketch(small_machine(vlen=4, words=64, load=1, alu=1))
    a = sketch.add(Task(scalarised=LOAD, lanes=3, width=4))
    b = sketch.add(Task(vector=(ALU,)))
    problem = sketch.problem()
    base = changed(problem, run_core(problem), a, cycles=[0, 2, 4], address=8)
    for now, expected in ((0, {"scratch"}), (1, {"scratch"}), (3, {"scratch"}), (5, set[str]())):
        assert rules(problem, changed(problem, base, b, cycles=[now], address=9)) == expected


def test_a_word_that_was_written_is_not_zero() -> None:
    sketch = Sketch(small_machine(alu=1))
    a = sketch.add(Task(vector=(ALU,)))
    zero = sketch.add(Task(lanes=0, width=1))
    reader = sketch.add(Task(vector=(ALU,)), [zero])
    problem = sketch.problem()
    base = run_core(problem)
    base = changed(problem, base, zero, cycles=[3], address=20)
    base = changed(problem, base, reader, cycles=[4], address=21)
    assert rules(problem, base) == set()
    found = violations(problem, changed(problem, base, a, address=20))
    assert [v.rule for v in found] == ["zero"]
    assert set(found[0].operations) == {a, zero}


def in_cycles(starts: list[int], cycles: int) -> Schedule:
    """A schedule of operations that take neither slots nor scratch."""
    n = len(starts)
    return Schedule(
        cycles=cycles,
        engine=np.full(n, NO_ENGINE, dtype=np.int32),
        lane_cycle=np.array(starts, dtype=np.int32),
        address=np.full(n, -1, dtype=np.int32),
        peak_words=0,
        scheduler="test",
    )


@pytest.mark.parametrize(
    ("starts", "cycles", "expected"),
    [
        ([0, 3, 0], 5, set[str]()),
        ([2, 0, 4], 5, set[str]()),
        ([0, 2, 0], 5, {"resource"}),  # in the first one's last cycle only
        ([1, 0, 0], 5, {"resource"}),  # in the second one's last cycle only
        ([0, 0, 0], 5, {"resource"}),
        ([0, 3, 0], 4, {"range"}),  # the end of the second one lies outside
        ([0, 4, 0], 5, {"range"}),
        ([-1, 3, 0], 5, {"range"}),
    ],
)
def test_resources(starts: list[int], cycles: int, expected: set[str]) -> None:
    """Tasks of 3 and 2 cycles that do not fit side by side; a third has no duration."""
    problem = project_problem([3, 2, 0], [[2, 1], [3, 1], [9, 9]], [3, 2], [])
    assert rules(problem, in_cycles(starts, cycles)) == expected


def test_each_resource_counts() -> None:
    for capacities, found in (([3, 3], 0), ([3, 2], 1), ([2, 3], 1), ([1, 2], 2)):
        problem = project_problem([1] * 3, [[1, 1]] * 3, capacities, [])
        assert len(violations(problem, in_cycles([0] * 3, 1))) == found


def test_dependences_of_operations_of_several_cycles() -> None:
    """The second one starts after the end of the first one, and after the lag."""
    problem = project_problem([3, 1], [[0], [0]], [1], [(0, 1, 2)])
    assert rules(problem, in_cycles([0, 3], 6)) == {"dependence"}
    assert rules(problem, in_cycles([0, 4], 6)) == set()


def test_all_violations_are_reported_and_the_error_names_operations() -> None:
    problem, schedule = solved()
    wrong = changed(problem, schedule, SUM, address=-1, engine=LOAD)
    assert rules(problem, wrong) == {"engine", "scratch"}
    with pytest.raises(ScheduleError, match=r"(?s)broken rules.*t4 runs on engine 2"):
        check_schedule(problem, wrong)

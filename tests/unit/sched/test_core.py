"""The list scheduling core: each rule on a problem small enough to know the answer."""

from __future__ import annotations

import pytest

from tests.strategies.problems import Sketch, Task, small_machine
from tests.unit.sched.helpers import cycles_of, is_stuck, run_core, slots_in
from tests.unit.sched.samples import UNLIKE_BLOCKS, block
from vliwc.sched.check import check_schedule
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.dense import ALU, FLOW, LOAD, NO_ENGINE, STORE, VALU
from vliwc.sched.staggered.core import cutoff

VECTOR = Task(vector=(VALU,), lanes=4, width=4)
EITHER = Task(vector=(VALU,), scalarised=ALU, lanes=4, width=4)
GATHER = Task(scalarised=LOAD, lanes=4, width=4)
SCALAR = Task(vector=(ALU,))
LOADED = Task(vector=(LOAD,))


def test_results_are_read_in_the_next_cycle() -> None:
    sketch = Sketch(small_machine())
    a = sketch.add(SCALAR)
    b = sketch.add(SCALAR, [a])
    problem = sketch.problem()
    schedule = run_core(problem)
    assert [cycles_of(problem, schedule, op) for op in (a, b)] == [[0], [1]]
    assert schedule.cycles == 2


def test_an_operand_gives_its_place_to_the_result_that_reads_it_last() -> None:
    """A chain of vectors fits into one vector of scratch."""
    sketch = Sketch(small_machine(vlen=4, words=4))
    last: list[int] = []
    for _ in range(5):
        last = [sketch.add(VECTOR, last)]
    problem = sketch.problem()
    schedule = run_core(problem)
    check_schedule(problem, schedule)
    assert schedule.cycles == 5
    assert set(schedule.address.tolist()) == {0}


def test_an_operand_keeps_its_place_until_the_last_lane_has_read_it() -> None:
    """A result whose lanes issue in two cycles needs a place beside its operand, not instead."""
    sketch = Sketch(small_machine(vlen=4, words=4, load=3))
    a = sketch.add(VECTOR)
    sketch.add(GATHER, [a])
    assert is_stuck(run_core(sketch.problem()))


def test_an_operand_with_another_reader_keeps_its_place() -> None:
    sketch = Sketch(small_machine(vlen=4, words=8, valu=1))
    a = sketch.add(VECTOR)
    b = sketch.add(VECTOR, [a])
    sketch.add(VECTOR, [a, b])
    problem = sketch.problem()
    schedule = run_core(problem)
    check_schedule(problem, schedule)
    assert schedule.address[a] != schedule.address[b]


def test_a_result_without_readers_holds_its_place_for_its_own_cycle_only() -> None:
    sketch = Sketch(small_machine(vlen=4, words=4, valu=2))
    for _ in range(3):
        sketch.add(VECTOR)
    problem = sketch.problem()
    schedule = run_core(problem)
    check_schedule(problem, schedule)
    assert sorted(schedule.lane_cycle[::4].tolist()) == [0, 1, 2]


@pytest.mark.parametrize(("latency", "expected"), [(0, 0), (1, 1)])
def test_order_edges(latency: int, expected: int) -> None:
    sketch = Sketch(small_machine())
    a = sketch.add(LOADED)
    b = sketch.add(Task(vector=(STORE,), width=0), after=[(a, latency)])
    problem = sketch.problem()
    assert cycles_of(problem, run_core(problem), b) == [expected]


def test_latency_0_counts_from_the_last_lane() -> None:
    sketch = Sketch(small_machine(load=1))
    a = sketch.add(GATHER)
    b = sketch.add(Task(vector=(STORE,), width=0), after=[(a, 0)])
    problem = sketch.problem()
    schedule = run_core(problem)
    assert cycles_of(problem, schedule, a) == [0, 1, 2, 3]
    assert cycles_of(problem, schedule, b) == [3]


def test_barriers_take_no_slot_and_pass_the_order_on() -> None:
    sketch = Sketch(small_machine(store=1))
    stores = [sketch.add(Task(vector=(STORE,), width=0)) for _ in range(3)]
    barrier = sketch.add(Task(lanes=0, width=0), after=[(store, 1) for store in stores])
    load = sketch.add(LOADED, after=[(barrier, 0)])
    problem = sketch.problem()
    schedule = run_core(problem)
    check_schedule(problem, schedule)
    assert schedule.engine[barrier] == NO_ENGINE
    assert cycles_of(problem, schedule, load) == [3]


def test_lanes_spread_over_cycles_when_slots_are_short() -> None:
    sketch = Sketch(small_machine(load=3))
    a = sketch.add(GATHER)
    problem = sketch.problem()
    schedule = run_core(problem)
    assert cycles_of(problem, schedule, a) == [0, 0, 0, 1]
    assert slots_in(problem, schedule, 0)[LOAD] == 3


def test_serial_lanes_issue_one_after_the_other() -> None:
    sketch = Sketch(small_machine(load=3))
    a = sketch.add(Task(scalarised=LOAD, lanes=4, width=7, serial=True))
    b = sketch.add(LOADED)
    problem = sketch.problem()
    schedule = run_core(problem)
    check_schedule(problem, schedule)
    assert cycles_of(problem, schedule, a) == [0, 1, 2, 3]
    assert cycles_of(problem, schedule, b) == [0]


def test_wide_results_take_neighbouring_vectors() -> None:
    sketch = Sketch(small_machine(vlen=4, words=16, load=2))
    blocks = [sketch.add(VECTOR) for _ in range(2)]
    wide = sketch.add(
        Task(scalarised=LOAD, lanes=2, width=7), after=[(block, 0) for block in blocks]
    )
    sketch.add(VECTOR, [*blocks, wide])
    problem = sketch.problem()
    schedule = run_core(problem)
    check_schedule(problem, schedule)
    start = int(schedule.address[wide])
    assert start % 4 == 0 and start + 7 <= 16
    held = {int(schedule.address[block]) for block in blocks}
    assert not held & {start, start + 4}


def test_wide_results_give_all_their_words_back() -> None:
    """A chain of results of two vectors each fits into four vectors of scratch."""
    sketch = Sketch(small_machine(vlen=4, words=16))
    last: list[int] = []
    for _ in range(6):
        last = [sketch.add(Task(scalarised=LOAD, lanes=2, width=7), last)]
    problem = sketch.problem()
    schedule = run_core(problem)
    assert not is_stuck(schedule)
    check_schedule(problem, schedule)


def test_a_wide_result_waits_until_its_words_are_neighbours() -> None:
    """Of three vectors only the one in the middle is in use; then it is read and gone."""
    sketch = Sketch(small_machine(vlen=4, words=12, valu=3, load=2))
    low, middle, high = (sketch.add(VECTOR) for _ in range(3))
    sketch.add(Task(vector=(STORE,), width=0), [low, high])
    reader = sketch.add(Task(vector=(STORE,), width=0), [middle], [(0, 1)])
    wide = sketch.add(Task(scalarised=LOAD, lanes=2, width=8), after=[(low, 1)])
    problem = sketch.problem()
    schedule = run_core(problem, rank=[0, 1, 2, 3, 5, 4])
    check_schedule(problem, schedule)
    assert [int(schedule.address[op]) for op in (low, middle, high)] == [0, 4, 8]
    assert cycles_of(problem, schedule, wide)[0] >= cycles_of(problem, schedule, reader)[0]


def test_words_share_a_vector() -> None:
    sketch = Sketch(small_machine(vlen=4, words=4, alu=4))
    words = [sketch.add(SCALAR) for _ in range(4)]
    sketch.add(Task(vector=(STORE,), width=0), words)
    problem = sketch.problem()
    schedule = run_core(problem)
    check_schedule(problem, schedule)
    assert sorted(schedule.address[:4].tolist()) == [0, 1, 2, 3]
    assert schedule.peak_words == 4


def test_urgent_operations_come_first() -> None:
    sketch = Sketch(small_machine(alu=1))
    ops = [sketch.add(SCALAR) for _ in range(4)]
    problem = sketch.problem()
    schedule = run_core(problem, rank=[2, 0, 3, 1])
    assert [cycles_of(problem, schedule, op)[0] for op in ops] == [2, 0, 3, 1]


def test_vector_operations_use_every_engine_that_takes_them() -> None:
    """Six operations: one a cycle on valu, and one over twelve alu slots in three cycles."""
    sketch = Sketch(small_machine(vlen=4, words=64, alu=4, valu=1))
    for _ in range(6):
        sketch.add(EITHER)
    problem = sketch.problem()
    schedule = run_core(problem)
    check_schedule(problem, schedule)
    assert schedule.cycles == 3
    assert sorted(schedule.engine.tolist()) == [ALU] * 3 + [VALU] * 3


@pytest.mark.parametrize(("flow_queue", "engine"), [(0, VALU), (1, FLOW)])
def test_operations_leave_flow_to_those_that_need_it(flow_queue: int, engine: int) -> None:
    sketch = Sketch(small_machine())
    free = sketch.add(Task(vector=(VALU, FLOW), lanes=4, width=4))
    sketch.add(Task(vector=(FLOW,), lanes=4, width=4))
    problem = sketch.problem()
    schedule = run_core(problem, flow_queue=flow_queue)
    assert schedule.engine[free] == engine


def test_the_reserve_is_for_the_oldest_group() -> None:
    """Each group holds two vectors at a time; with two vectors kept, they run one by one."""
    sketch = Sketch(small_machine(vlen=4, words=16, valu=4))
    for group in range(3):
        a = sketch.add(Task(vector=(VALU,), lanes=4, width=4, group=group))
        b = sketch.add(Task(vector=(VALU,), lanes=4, width=4, group=group), [a])
        sketch.add(Task(vector=(STORE,), width=0, group=group), [a, b])
    problem = sketch.problem()
    free = run_core(problem)
    narrow = run_core(problem, reserve=4)
    check_schedule(problem, narrow)
    assert narrow.peak_words < free.peak_words
    finished = [cycles_of(problem, narrow, 3 * group + 2)[0] for group in range(3)]
    started = [cycles_of(problem, narrow, 3 * group)[0] for group in range(3)]
    assert started[1] > finished[0] and started[2] > finished[1]


def test_groups_finish_in_the_order_asked_for() -> None:
    sketch = Sketch(small_machine(vlen=4, words=8, valu=2))
    for group in range(2):
        a = sketch.add(Task(vector=(VALU,), lanes=4, width=4, group=group))
        sketch.add(Task(vector=(STORE,), width=0, group=group), [a])
    problem = sketch.problem()
    schedule = run_core(problem, group_order=[1, 0], reserve=2)
    check_schedule(problem, schedule)
    assert cycles_of(problem, schedule, 3) < cycles_of(problem, schedule, 1)


def test_stuck_when_results_can_never_fit() -> None:
    sketch = Sketch(small_machine(vlen=4, words=8, valu=3))
    values = [sketch.add(VECTOR) for _ in range(3)]
    sketch.add(Task(vector=(STORE,), width=0), values)
    schedule = run_core(sketch.problem())
    assert is_stuck(schedule)
    assert schedule.statistics["left"] == 2


def test_stuck_when_the_horizon_is_reached() -> None:
    sketch = Sketch(small_machine(alu=1))
    for _ in range(5):
        sketch.add(SCALAR)
    problem = sketch.problem()
    assert run_core(problem, horizon=5).cycles == 5
    assert is_stuck(run_core(problem, horizon=4))


def test_a_word_that_stays_zero_takes_no_slot() -> None:
    sketch = Sketch(small_machine(vlen=4, words=4, load=2))
    zero = sketch.add(Task(lanes=0, width=1))
    reader = sketch.add(SCALAR, [zero])
    problem = sketch.problem()
    schedule = run_core(problem)
    check_schedule(problem, schedule)
    assert schedule.engine[zero] == NO_ENGINE
    assert sum(slots_in(problem, schedule, 0)) == 1
    assert cycles_of(problem, schedule, reader) == [0]


def test_nothing_to_do() -> None:
    schedule = run_core(Sketch(small_machine()).problem())
    assert schedule.cycles == 0 and schedule.peak_words == 0


def test_choices_wait_for_flow_until_they_are_urgent() -> None:
    """Early on, the only valu slot goes to an operation that needs it, later to the choice."""
    sketch = Sketch(small_machine())
    choice = sketch.add(Task(vector=(VALU, FLOW), lanes=4, width=4))
    other = sketch.add(VECTOR)
    sketch.add(Task(vector=(FLOW,), lanes=4, width=4))
    problem = sketch.problem()
    hurried = run_core(problem, urgent=[0, 0, 0])
    assert hurried.engine[choice] == VALU
    assert [cycles_of(problem, hurried, op)[0] for op in (choice, other)] == [0, 1]
    patient = run_core(problem, urgent=[9, 9, 9])
    check_schedule(problem, patient)
    assert cycles_of(problem, patient, other)[0] == 0


def test_a_slot_that_nobody_else_wants_is_not_left_empty() -> None:
    sketch = Sketch(small_machine())
    choice = sketch.add(Task(vector=(VALU, FLOW), lanes=4, width=4))
    sketch.add(Task(vector=(FLOW,), lanes=4, width=4))
    problem = sketch.problem()
    schedule = run_core(problem, urgent=[9, 9])
    assert schedule.cycles == 1 and schedule.engine[choice] == VALU


def test_shared_operations_wait_for_their_release() -> None:
    sketch = Sketch(small_machine(alu=2))
    early, late = sketch.add(SCALAR), sketch.add(SCALAR)
    problem = sketch.problem()
    schedule = run_core(problem, release=[0, 3])
    check_schedule(problem, schedule)
    assert [cycles_of(problem, schedule, op)[0] for op in (early, late)] == [0, 3]


def test_few_groups_in_flight() -> None:
    """With one group under way, the others at most load their inputs."""
    sketch = Sketch(small_machine(vlen=4, words=256, valu=8, load=8, store=8))
    steps: list[list[int]] = []
    for group in range(6):
        a = sketch.add(Task(vector=(LOAD,), width=4, group=group))
        b = sketch.add(Task(vector=(VALU,), lanes=4, width=4, group=group), [a])
        c = sketch.add(Task(vector=(STORE,), width=0, group=group), [b])
        steps.append([a, b, c])
    problem = sketch.problem()
    wide, narrow = run_core(problem), run_core(problem, in_flight=1)
    check_schedule(problem, narrow)
    assert wide.cycles == 3 < narrow.cycles
    work = [cycles_of(problem, narrow, b)[0] for _, b, _ in steps]
    done = [cycles_of(problem, narrow, c)[0] for _, _, c in steps]
    assert all(start > end for start, end in zip(work[1:], done[:-1], strict=True))


@pytest.mark.parametrize(("kernel", "params"), UNLIKE_BLOCKS)
def test_a_schedule_is_given_up_only_if_it_would_take_too_long(
    kernel: str, params: dict[str, int]
) -> None:
    """Any limit that the whole schedule keeps leaves it as it is; a hopeless one ends it."""
    problem = block(kernel, **params)
    bound = lower_bound(problem)
    known = cutoff(problem, bound)
    whole = run_core(problem, horizon=100_000)
    assert not is_stuck(whole)
    same = run_core(problem, horizon=100_000, known=known, limit=whole.cycles)
    assert same.cycles == whole.cycles
    assert same.lane_cycle.tolist() == whole.lane_cycle.tolist()
    assert is_stuck(run_core(problem, horizon=100_000, known=known, limit=bound.cycles - 1))

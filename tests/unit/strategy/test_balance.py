"""The choice of strategies: flows of groups through the reads of a loop."""

from __future__ import annotations

from math import inf

import pytest

from isa.machine import MachineSpec
from tests.unit.isel.helpers import kernel_text, program_of
from vliwc.ir.value import Op
from vliwc.isel.cost import NOTHING, EngineDemand, vector_demand
from vliwc.strategy.balance import Limits, StrategyAssignment, balance, least_cycles
from vliwc.strategy.options import LoopReads, loop_reads
from vliwc.strategy.tuning import DrainAllowance

PLENTY = Limits(memory_words=10_000, entry_words=10_000)
NONE = Limits(memory_words=0, entry_words=0)
NEVER_IDLE = DrainAllowance(0.0, 0.0, 0.0)

TREE = """
kernel walk(n) {
  memory { t: u32[31] in at 0; a: u32[n] in at 31; o: u32[n] out at 31 + n; }
  parallel for i in 0 .. n {
    var node = 0;
    var x = a[i];
    for r in 0 .. 4 {
      node = 2 * node + 1 + x % 2;
      x = (x >> 1) ^ t[node];
    }
    o[i] = x;
  }
}
"""


def reads_of(text: str, n: int = 128, machine: MachineSpec | None = None) -> LoopReads:
    program = program_of(text, machine or MachineSpec(), n=n)
    return loop_reads(program, program.function.loops[0])


def solve(
    reads: LoopReads, groups: int = 16, base: EngineDemand | None = None, limits: Limits = PLENTY
) -> StrategyAssignment:
    return balance(reads, groups, base or NOTHING, limits, NEVER_IDLE, seed=0, effort=2.0)


def steps_of(assignment: StrategyAssignment) -> dict[str, int]:
    """Groups that take each kind of step, summed over the reads."""
    found: dict[str, int] = {}
    for path in assignment.paths:
        for step, _ in path.steps:
            found[step.name] = found.get(step.name, 0) + path.groups
    return found


def busiest(reads: LoopReads, assignment: StrategyAssignment, base: EngineDemand) -> float:
    """Cycles of the busiest engine, from the paths alone; choices go where they fit best."""
    machine = reads.program.machine
    total, entries, tables = NOTHING, dict[object, None](), dict[object, None]()
    for path in assignment.paths:
        known = None
        for step, bits in path.steps:
            address = reads.address_sum(step, known, bits)
            demand = step.demand
            if address is not None:
                demand = demand.plus(address.demand(machine.vlen))
            total = total.plus(demand, path.groups)
            known = step.address or known
            entries.update(dict.fromkeys(step.entries))
            if step.table is not None:
                tables[step.table] = None
    slots, vlen = machine.slots, machine.vlen
    compute = total.compute / vlen + len(entries)
    capacity = slots["valu"] + slots["alu"] / vlen
    loads = (total.load + base.load) / slots["load"]
    flow = (total.flow + base.flow) / slots["flow"]
    without = (compute + base.compute / vlen) / capacity
    return max(loads, flow, without)


@pytest.mark.parametrize("groups", [1, 2, 5, 16])
def test_every_group_gets_a_path_through_all_reads(groups: int) -> None:
    reads = reads_of(TREE)
    assignment = solve(reads, groups)
    assert sum(path.groups for path in assignment.paths) == groups
    for path in assignment.paths:
        assert path.groups > 0
        read = [value for step, _ in path.steps for value, _ in step.reads]
        assert read == reads.table


def test_the_objective_is_not_below_what_the_paths_need() -> None:
    reads = reads_of(TREE)
    for base in (
        NOTHING,
        EngineDemand(compute=5000),
        EngineDemand(load=300),
        EngineDemand(flow=100),
    ):
        assignment = solve(reads, 16, base)
        assert assignment.bound <= assignment.cycles
        assert busiest(reads, assignment, base) <= assignment.cycles + 0.1


@pytest.mark.parametrize("load", [0, 300])
def test_no_assignment_takes_fewer_cycles_than_the_relaxation(load: int) -> None:
    reads, base = reads_of(TREE), EngineDemand(load=load)
    least = least_cycles(reads, 16, base, PLENTY, {}, effort=2.0)
    assert max(load / 2, 10) <= least <= solve(reads, 16, base).cycles
    assert least >= 0.9 * solve(reads, 16, base).cycles


def test_no_relaxation_in_no_time() -> None:
    assert least_cycles(reads_of(TREE), 16, NOTHING, PLENTY, {}, effort=0.0) == 0.0


def test_all_work_counts() -> None:
    """Sixteen selections, on flow or on valu and alu, two entries of two operations each, and the
    operation of each group that computes the index and nothing else.

    With four selections on flow, (12 + 16 + 2 * 2) * 8 lanes are left to 60 a cycle.
    """
    slots = {**MachineSpec().slots, "load": 1}
    reads = reads_of(kernel_text("o[i] = t[v & 1];"), machine=MachineSpec(slots=slots))
    assignment = solve(reads)
    assert steps_of(assignment) == {"select": 16}
    assert assignment.cycles == pytest.approx(4.3)
    for base, cycles in (
        (EngineDemand(load=90), 90),
        (EngineDemand(flow=90), 90),
        (EngineDemand(store=180), 90),
        (EngineDemand(valu=540), 90),
        (EngineDemand(compute=5400 - (16 + 2 * 2) * 8), 90),  # all selections on flow
        (EngineDemand(alu=1080), 90),
    ):
        assert solve(reads, base=base).cycles == pytest.approx(cycles), base


def test_selections_leave_flow_where_that_pays() -> None:
    reads = reads_of(kernel_text("o[i] = if v < 9 then v * 3 else v ^ 7;"))
    (select,) = [v for v in reads.program.function.values if v.op is Op.SELECT]
    base = EngineDemand(flow=16)
    assert solve(reads, base=base).cycles == 16
    found = balance(reads, 16, base, PLENTY, NEVER_IDLE, {select: 2}, seed=0, effort=2.0)
    # Two operations on the 60 lanes of a cycle, one of them on valu only, for each that leaves.
    ((operations, count),) = found.blended
    assert (operations, count) == (2, 13)
    assert found.cycles == pytest.approx(13 * 2 * 8 / 60, abs=0.1)


def test_without_room_for_anything_all_reads_are_gathers() -> None:
    reads = reads_of(TREE).quick()
    assert set(steps_of(solve(reads, limits=NONE))) == {"gather"}


def test_busy_load_engines_make_selects_and_records() -> None:
    assignment = solve(reads_of(TREE), base=EngineDemand(load=2000))
    assert steps_of(assignment).get("gather", 0) == 0


def test_busy_compute_and_flow_make_gathers() -> None:
    assignment = solve(reads_of(TREE), base=EngineDemand(compute=60_000, flow=1500))
    found = steps_of(assignment)
    assert found["gather"] >= found.get("select", 0)


def test_many_load_slots_make_gathers() -> None:
    slots = {**MachineSpec().slots, "load": 64}
    machine = MachineSpec(slots=slots)
    reads = reads_of(TREE, machine=machine).quick()
    assert steps_of(solve(reads))["gather"] >= 3 * 16


def test_an_assignment_is_better_than_one_path_for_all_groups() -> None:
    """Some groups take more loads and others more selections, so that both engines are full."""
    reads = reads_of(TREE)
    base = EngineDemand(compute=12_000, load=200)
    assignment = solve(reads, base=base)
    assert len(assignment.paths) > 1
    alone = [
        busiest(reads, StrategyAssignment((type(path)(16, path.steps),), 0, 0), base)
        for path in assignment.paths
    ]
    assert assignment.cycles < max(alone)


def test_limits_on_entries_and_memory() -> None:
    reads = reads_of(TREE)
    words = {entry: 8 for steps in reads.steps for step in steps for entry in step.entries}
    for limit in (0, 16, 48, sum(words.values())):
        assignment = solve(reads, base=EngineDemand(load=2000), limits=Limits(0, limit))
        used = {
            entry for path in assignment.paths for step, _ in path.steps for entry in step.entries
        }
        assert 8 * len(used) <= limit
    for limit in (0, 8, 24, 100):
        assignment = solve(reads, base=EngineDemand(load=2000), limits=Limits(limit, 0))
        tables = {step.table for path in assignment.paths for step, _ in path.steps} - {None}
        assert sum(-(-table.words // 8) * 8 for table in tables if table is not None) <= limit


def test_a_loop_without_table_reads() -> None:
    assignment = solve(reads_of(kernel_text("o[i] = v * 3;")), groups=7)
    assert [(path.groups, path.steps) for path in assignment.paths] == [(7, ())]


def test_the_same_seed_gives_the_same_assignment() -> None:
    def signature(assignment: StrategyAssignment) -> list[object]:
        return [
            (path.groups, [(step.name, step.reads[0][0].id, bits) for step, bits in path.steps])
            for path in assignment.paths
        ]

    reads = reads_of(TREE)
    base = EngineDemand(compute=12_000, load=100)
    assert signature(solve(reads, base=base)) == signature(solve(reads, base=base))


def test_loads_add_and_subtract() -> None:
    load = EngineDemand(100, 10, 16, 0, 5, 40, 3)
    assert load.plus(load) == EngineDemand(200, 20, 32, 0, 10, 80, 6)
    demand = vector_demand(8, either=1, flow=2, valu=3, plain=1, lanes=1, load=8)
    assert load.less(demand, 8, 2) == EngineDemand(4, 4, 0, 0, 1, 24, 3)
    assert load.less(demand, 8, 100) == EngineDemand(store=3), "nothing becomes negative"


LONG = TREE.replace("for r in 0 .. 4", "for r in 0 .. 120").replace(
    "x = (x >> 1) ^ t[node];",
    "x = (x >> 1) ^ t[node]; node = if node >= 15 then 0 else node;",
)


@pytest.mark.parametrize("effort", [1e-9, 0.3])
def test_loops_with_many_reads(effort: float) -> None:
    """Without any time for the solver there is still an assignment: gathers throughout."""
    reads = reads_of(LONG, n=40)
    assert len(reads.table) > 80
    assignment = balance(reads, 5, NOTHING, PLENTY, NEVER_IDLE, seed=0, effort=effort)
    assert sum(path.groups for path in assignment.paths) == 5
    for path in assignment.paths:
        assert [value for step, _ in path.steps for value, _ in step.reads] == reads.table
    if effort < 1e-6:
        assert steps_of(assignment) == {"gather": 5 * len(reads.table)} and assignment.cycles == inf
    else:
        assert assignment.cycles < inf

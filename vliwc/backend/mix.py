"""Choosing the mix of strategies for every loop, and where record tables stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vliwc.ir.graph import Loop
from vliwc.sched.bounds import earliest_and_latest
from vliwc.sched.lowering import problem_of
from vliwc.target.address import Cost
from vliwc.target.balance import Limits, Load, Mix, Offsets, balance
from vliwc.target.build import DagBuilder, LaneProgram
from vliwc.target.dag import MachineDag
from vliwc.target.memory import Placement, WorkingMemory
from vliwc.target.mops import MOp
from vliwc.target.reads import Plan
from vliwc.target.records import RecordTable
from vliwc.target.strategy import LoopReads, loop_reads


@dataclass(frozen=True, eq=False)
class LoopMix:
    """The chosen paths of one loop, with the plan of each."""

    loop: Loop
    reads: LoopReads
    mix: Mix
    plans: tuple[Plan, ...]


@dataclass(frozen=True, eq=False)
class Strategy:
    """The mixes of all loops and the places of the record tables they use."""

    loops: tuple[LoopMix, ...]
    placements: dict[RecordTable, Placement]


def plain_strategy(program: LaneProgram) -> list[list[Plan]]:
    """Gathers for every table read: what always works."""
    assignment: list[list[Plan]] = []
    for loop in program.function.loops:
        reads = loop_reads(program, loop, records=False)
        plan = reads.plan([(steps[0], 1) for steps in reads.steps])
        assignment.append([plan] * program.groups(loop))
    return assignment


def choose_strategy(program: LaneProgram, *, records: bool, seed: int, effort: float) -> Strategy:
    """Balance every loop; record tables for which there is no room are given up."""
    forbidden: set[RecordTable] = set()
    loops = program.function.loops
    base = _base_loads(program)
    while True:
        memory = WorkingMemory(program.function, program.forms, program.machine.vlen)
        chosen: list[LoopMix] = []
        for loop in loops:
            reads = loop_reads(program, loop, records=records).without(forbidden)
            limits = Limits(
                memory_words=memory.capacity(loop.number, _max_passing(program, loop)),
                entry_words=program.machine.scratch_words // 3,
            )
            mix = balance(
                reads,
                program.groups(loop),
                base[loop.number][0],
                limits,
                base[loop.number][1],
                seed=seed,
                effort=effort,
            )
            plans = tuple(reads.plan(path.steps) for path in mix.paths)
            chosen.append(LoopMix(loop, reads, mix, plans))
        placements: dict[RecordTable, Placement] = {}
        failed: RecordTable | None = None
        for table, loop in _tables(chosen):
            overrun = program.machine.vlen - table.pitch
            place = memory.place(table.words, overrun, loop.number, _max_passing(program, loop))
            if place is None:
                failed = table
                break
            placements[table] = place
        if failed is None:
            return Strategy(tuple(chosen), placements)
        forbidden.add(failed)


def _max_passing(program: LaneProgram, loop: Loop) -> int:
    """Groups that may lend the words of their results: their inputs wait in scratch meanwhile."""
    return program.groups(loop) // 4


def _tables(chosen: Iterable[LoopMix]) -> list[tuple[RecordTable, Loop]]:
    """Record tables in use with the last loop that reads each, the largest first."""
    found: dict[RecordTable, Loop] = {}
    for part in chosen:
        for path in part.mix.paths:
            for step, _ in path.steps:
                if step.table is not None:
                    found[step.table] = part.loop
    return sorted(found.items(), key=lambda item: (-item[0].words, item[0].first))


def _base_loads(program: LaneProgram) -> list[tuple[Load, Offsets]]:
    """What each loop needs beside its table reads, and when its engines find work.

    Count a translation with gathers only, and take away what the cost model says the gathers
    cost.  Set-up counts for the first loop.
    """
    builder = DagBuilder(program)
    dag = builder.build(plain_strategy(program))
    head, tail = earliest_and_latest(problem_of(dag))
    shared = slots_needed(dag.shared)
    found: list[tuple[Load, Offsets]] = []
    for loop in program.function.loops:
        groups = program.groups(loop)
        first = builder.first_group[loop.number]
        total = slots_needed(
            op for group in range(first, first + groups) for op in dag.groups[group].ops
        )
        reads = loop_reads(program, loop, records=False)
        cost = Cost()
        constants: set[object] = set()
        known = None
        for steps in reads.steps:
            address = reads.address_sum(steps[0], known, 1)
            cost = cost + steps[0].cost
            if address is not None:
                cost = cost + address.cost
                constants.update(address.constants("array"))
            known = steps[0].address
        rest = total.minus(cost, groups, program.machine.vlen)
        rest = rest.minus(Cost(plain=len(constants)), 1, program.machine.vlen)
        gathers = _table_loads(builder, dag, reads, range(first, first + groups))
        offsets = Offsets()
        if gathers:
            before = float(head[gathers].min())
            after = float(tail[gathers].min())
            offsets = Offsets(flow=before + after + SPARE, load=1.0 + after)
        found.append((rest if found else rest.plus(shared), offsets))
    return found


SPARE = 6.0
"""Cycles for which flow waits beyond the first possible choice: few groups have got that far."""


def _table_loads(
    builder: DagBuilder, dag: MachineDag, reads: LoopReads, groups: range
) -> list[int]:
    """The numbers of the operations that read tables in some groups."""
    return [
        dag.number(op, group)
        for group in groups
        for value in reads.table
        for op in builder.selected[group].memory.get(value, [])
    ]


def slots_needed(ops: Iterable[MOp]) -> Load:
    """Slots by what can execute them; choices between constants count as compute."""
    lanes = valu = alu = flow = load = store = 0
    for op in ops:
        engines = frozenset(form.engine for form in op.forms)
        if "valu" in engines:
            lanes += op.lanes
            valu += "alu" not in engines
        elif engines == {"alu"}:
            lanes += op.lanes
            alu += op.lanes
        elif "flow" in engines:
            flow += 1
        elif engines:
            load += op.lanes if engines == {"load"} else 0
            store += op.lanes if engines == {"store"} else 0
    return Load(lanes, valu, alu, flow, load, store)

"""Random choices of strategies, whether they pay or not: what balancing would never try.

The compiler picks what the cost model likes; here every way to read a table is mixed with every
other one, so that the code for each of them gets executed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from isa.emitted import check_emitted
from isa.machine import DEFAULT_MACHINE, MachineSpec
from isa.program import Program
from vliwc.analysis.facts import Facts
from vliwc.backend.emit import emit
from vliwc.ir.graph import Loop
from vliwc.isel.instantiate import instantiate
from vliwc.isel.memory.lane_buffer import LaneBuffer
from vliwc.isel.memory.working_memory import Lenders, Placement, WorkingMemory
from vliwc.isel.program import LaneProgram
from vliwc.isel.reads.records import RecordTable
from vliwc.isel.reads.table_reads import Plan
from vliwc.lang import CheckedKernel, bind, parse_kernel
from vliwc.lang.lower import lower
from vliwc.mir.dag import MachineDag
from vliwc.mir.scheduling_problem import problem_of
from vliwc.passes.base import run_passes
from vliwc.passes.pipeline import passes_for
from vliwc.sched.check import check_schedule
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Schedule
from vliwc.sched.staggered.scheduler import ListScheduler
from vliwc.strategy.options import LoopReads, Step, loop_reads
from vliwc.strategy.tuning import TUNING


def lane_program(
    kernel: CheckedKernel,
    *,
    level: int = 2,
    machine: MachineSpec = DEFAULT_MACHINE,
    without: Sequence[str] = (),
) -> LaneProgram:
    """The optimised lane function of a kernel with the analyses of it."""
    function = run_passes(lower(kernel), passes_for(level, without))
    return LaneProgram.of(function, Facts(function), machine)


def lane_program_of(
    text: str, params: dict[str, int] | None = None, machine: MachineSpec = DEFAULT_MACHINE
) -> LaneProgram:
    """The same from text."""
    return lane_program(bind(parse_kernel(text, "test.vk"), params or {}), machine=machine)


@dataclass
class Choice:
    """A plan for each group of each loop, places for the tables, and how often steps were taken."""

    assignment: list[list[Plan]] = field(default_factory=list[list[Plan]])
    placements: dict[RecordTable | LaneBuffer, Placement] = field(
        default_factory=dict["RecordTable | LaneBuffer", Placement]
    )
    steps: Counter[str] = field(default_factory=Counter[str])


@dataclass(frozen=True, eq=False)
class Built:
    """A machine DAG with its scheduling problem, a schedule and the program."""

    dag: MachineDag
    problem: ScheduleProblem
    schedule: Schedule
    program: Program


def random_choice(program: LaneProgram, rng: random.Random, plans: int = 3) -> Choice:
    """Up to `plans` random paths through the reads of each loop, dealt out to its groups."""
    choice = Choice()
    memory = WorkingMemory(program.function, program.forms, program.machine.vlen)
    for loop in program.function.loops:
        reads = loop_reads(program, loop, block=rng.choice((*TUNING.blocks, -1, 2)), moves=True)
        found = [_path(reads, choice, memory, rng) for _ in range(rng.randint(1, plans))]
        choice.assignment.append([rng.choice(found) for _ in range(program.groups(loop))])
    return choice


def named_choice(program: LaneProgram, name: str, choice_bits: int = 1) -> Choice:
    """The step called `name` wherever there is one, the plain one (a gather) elsewhere; one plan
    per loop."""
    choice = Choice()
    memory = WorkingMemory(program.function, program.forms, program.machine.vlen)
    for loop in program.function.loops:
        reads = loop_reads(program, loop, moves=True)
        path: list[tuple[Step, int]] = []
        at = 0
        while at < len(reads.table):
            steps = {step.name: step for step in reads.steps[at]}
            plain = reads.steps[at][0]
            step = steps.get(name, plain)
            if not _place(step, reads, choice, memory):
                step = plain
            path.append((step, choice_bits))
            at += len(step.reads)
        choice.assignment.append([reads.plan(path)] * program.groups(loop))
    return choice


def _path(reads: LoopReads, choice: Choice, memory: WorkingMemory, rng: random.Random) -> Plan:
    path: list[tuple[Step, int]] = []
    at = 0
    while at < len(reads.table):
        trees = [step for step in reads.steps[at] if step.name != "gather" and step.table is None]
        records = [step for step in reads.steps[at] if step.table is not None]
        fancy = [steps for steps in (trees, records) if steps]
        step = rng.choice(rng.choice(fancy) if fancy and rng.random() < 0.7 else reads.steps[at])
        if not _place(step, reads, choice, memory):
            step = reads.steps[at][0]
        path.append((step, rng.randint(1, 2)))
        at += len(step.reads)
    return reads.plan(path)


def _place(step: Step, reads: LoopReads, choice: Choice, memory: WorkingMemory) -> bool:
    """Make sure that the table of a step has a place that lasts until this loop; count the step."""
    program, table, loop = reads.program, step.table, reads.loop
    if step.moves and not _buffer(program, loop, choice, memory):
        return False
    if table is not None:
        placement = choice.placements.get(table)
        if placement is None:
            overrun = program.machine.vlen - table.pitch
            groups = program.groups(loop)
            placement = memory.place(table.words, overrun, loop.number, Lenders(groups, groups))
        elif any(s.before is not None and s.before.loop < loop.number for s in placement.spaces):
            placement = None
        if placement is None:
            return False
        choice.placements[table] = placement
        choice.steps["lasting" if placement.spaces[0].group is None else "passing"] += 1
    choice.steps[step.name] += 1
    return True


def _buffer(program: LaneProgram, loop: Loop, choice: Choice, memory: WorkingMemory) -> bool:
    """Make sure that a loop has a lane buffer."""
    groups, buffer = program.groups(loop), LaneBuffer(loop.number)
    if buffer not in choice.placements:
        placement = memory.place(program.machine.vlen, 0, loop.number, Lenders(groups, groups))
        if placement is None:
            return False
        choice.placements[buffer] = placement
    return True


def build(program: LaneProgram, choice: Choice, trials: int = 3) -> Built:
    """Code for the choice, checked by the checker of schedules and the validator of programs.

    Raises `vliwc.sched.staggered.scheduler.OutOfScratch` if it does not fit into the machine's
    scratch.
    """
    dag = instantiate(program, choice.assignment, choice.placements).dag
    problem = problem_of(dag)
    schedule = ListScheduler(trials).schedule(problem)
    check_schedule(problem, schedule)
    emitted = emit(dag, schedule)
    check_emitted(emitted)
    return Built(dag, problem, schedule, emitted)


def slots_by_engine(program: Program) -> dict[str, int]:
    """Slots used on each engine."""
    found: Counter[str] = Counter()
    for bundle in program.bundles:
        for engine, slots in bundle.items():
            found[engine] += len(slots)
    return dict(found)


def names(steps: Sequence[Step]) -> list[str]:
    """The names of steps, for assertions."""
    return [step.name for step in steps]

"""Choosing the strategy assignment for every loop, and where record tables stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from weakref import WeakKeyDictionary

from vliwc.ir.graph import Loop
from vliwc.ir.value import Op, Value
from vliwc.isel.cost import NOTHING, EngineDemand, vector_demand
from vliwc.isel.instantiate import Instance, instantiate
from vliwc.isel.memory.lane_buffer import LaneBuffer
from vliwc.isel.memory.working_memory import Lenders, Placement, WorkingMemory
from vliwc.isel.program import LaneProgram
from vliwc.isel.reads.records import RecordTable
from vliwc.isel.reads.selections import arithmetic_operations
from vliwc.isel.reads.table_reads import Plan
from vliwc.mir.operation import MOp
from vliwc.mir.scheduling_problem import problem_of
from vliwc.sched.problem.bounds import lower_bound, only_on
from vliwc.sched.problem.paths import heads_and_tails, spans
from vliwc.strategy.balance import Limits, Path, StrategyAssignment, balance, least_cycles
from vliwc.strategy.group_order import IN_BLOCKS, group_order
from vliwc.strategy.latency_choice import Steps, soonest_steps
from vliwc.strategy.options import LoopReads, loop_reads
from vliwc.strategy.region_choice import region_cost
from vliwc.strategy.tuning import TUNING, DrainAllowance


@dataclass(frozen=True, eq=False)
class LoopStrategy:
    """The chosen paths of one loop, with the plan of each."""

    loop: Loop
    reads: LoopReads
    assignment: StrategyAssignment
    plans: tuple[Plan, ...]
    selects: Mapping[Value, int]

    def group_plans(self, order: Sequence[int]) -> list[Plan]:
        """The plan of each group, if groups take the paths in ``order``: of the selections of each
        kind as many do without flow as ``assignment`` says, spread evenly over groups and
        program."""
        found: list[Plan] = []
        made: dict[tuple[int, frozenset[Value]], Plan] = {}
        for number, path in enumerate(order):
            arithmetic: set[Value] = set()
            for operations, total in self.assignment.blended:
                kind = [value for value, count in self.selects.items() if count == operations]
                done = total * (number + 1) // len(order) - total * number // len(order)
                arithmetic.update(kind[(2 * k + 1) * len(kind) // (2 * done)] for k in range(done))
            key = path, frozenset(arithmetic)
            if key not in made:
                plan = self.plans[path]
                made[key] = replace(plan, arithmetic=key[1]) if arithmetic else plan
            found.append(made[key])
        return found


@dataclass(frozen=True, eq=False)
class Strategy:
    """The assignments of all loops and the places of the record tables they use."""

    loops: tuple[LoopStrategy, ...]
    placements: dict[RecordTable | LaneBuffer, Placement]

    @property
    def cycles(self) -> float:
        """Cycles of the loop that takes most, as its assignment counts them."""
        return max((part.assignment.cycles for part in self.loops), default=0.0)


def gather_only(program: LaneProgram, block: int = 0) -> list[list[Plan]]:
    """Gathers for every table read; without ``block`` of groups that share chunks of memory, what
    always works."""
    assignment: list[list[Plan]] = []
    for loop in program.function.loops:
        reads = loop_reads(program, loop, records=False, block=block)
        plan = reads.plan([(steps[0], 1) for steps in reads.steps])
        assignment.append([plan] * program.groups(loop))
    return assignment


def choose_strategies(
    program: LaneProgram,
    allowances: Sequence[DrainAllowance],
    *,
    records: bool,
    seed: int,
    effort: float,
    measuring: float,
    blocks: Sequence[int] = TUNING.blocks[:1],
    moves: bool = False,
) -> list[Strategy]:
    """Balance every loop, once for each guess of how long engines idle and each of ``blocks`` that
    saves loads, or with as many loads leaves fewer words apart; equal assignments once.

    ``effort`` is CP-SAT's deterministic time for one assignment, ``measuring`` that for the first
    one, from which the guesses start.  With ``moves``, lanes may be moved through memory.
    """
    found: list[Strategy] = []
    least: tuple[int, int] | None = None
    for block in blocks:
        needed = region_cost(program, block)
        if least is None or needed < least:
            balancing = _Balancing(program, records, seed, block, moves)
            found += _choose(balancing, allowances, effort, measuring)
            least = needed
    return found


def relaxed_cycles(program: LaneProgram, *, records: bool, seed: int, effort: float) -> float:
    """Cycles that strategies take at least by the linear relaxation of all assignments, as far as
    one loop alone tells, under the first number of groups that share chunks."""
    balancing = _Balancing(program, records, seed, TUNING.blocks[0], moves=False)
    return balancing.least_cycles(effort)


def _choose(
    balancing: _Balancing,
    allowances: Sequence[DrainAllowance],
    effort: float,
    measuring: float,
) -> list[Strategy]:
    """The strategies for one number of groups that share chunks.

    A first solution tells when each engine can have its first and last work, the others take that
    into account.  Where its critical path takes long, beside what its busiest engine takes, slow
    reads are left out, few groups lend words, and assignments are searched among all steps.  Where
    it takes longer, reads whose words come sooner are tried as well.
    """
    program = balancing.program
    idle = [TUNING.unmeasured for _ in program.function.loops]
    first = balancing.strategy(idle, measuring)
    if not any(part.reads.table for part in first.loops):
        return [first]
    idle, path = _measured(program, first)
    found: dict[object, Strategy] = {}
    cycles = sum(part.assignment.cycles for part in first.loops)
    if path > cycles * TUNING.long_path:
        balancing.reads = [reads.quick() for reads in balancing.reads]
        balancing.long = True
        first = balancing.strategy([TUNING.unmeasured for _ in balancing.loops], measuring)
        idle, path = _measured(program, first)
        cycles = sum(part.assignment.cycles for part in first.loops)
    if path > cycles:
        direct = balancing.strategy(idle, effort, direct=True)
        found[_signature(direct)] = direct
        soonest = balancing.soonest(direct)
        if soonest is not None:
            found[_signature(soonest)] = soonest
    for allowance in allowances:
        allowed = [
            DrainAllowance(
                at.compute + allowance.compute, at.flow + allowance.flow, at.load + allowance.load
            )
            for at in idle
        ]
        strategy = balancing.strategy(allowed, effort)
        if balancing.moves and not balancing.long:
            moving = balancing.strategy(allowed, effort, moving=strategy)
            found.setdefault(_signature(moving), moving)
        found.setdefault(_signature(strategy), strategy)
    return list(found.values())


def _first_records(part: LoopStrategy) -> set[Value]:
    """The first record that most groups of a loop read: it alone moves its words through memory.
    Groups start one after the other, but most of them end at about the same time, when they would
    wait for their turns at the buffer."""
    readers: Counter[Value] = Counter()
    for path in part.assignment.paths:
        records = (step.reads[0][0] for step, _ in path.steps if step.table is not None)
        readers.update(dict.fromkeys(records, path.groups))
    most = max(readers.values(), default=0)
    return set([value for value in part.reads.table if 2 * readers[value] > most][:1])


def _signature(strategy: Strategy) -> object:
    """What tells strategies apart: which steps how many groups take."""
    return tuple(
        (path.groups, tuple((step.name, step.reads[0][0].id, bits) for step, bits in path.steps))
        for part in strategy.loops
        for path in part.assignment.paths
    )


_Base = tuple[list[EngineDemand], list[dict[Value, int]]]
_KNOWN: WeakKeyDictionary[LaneProgram, dict[int, _Base]] = WeakKeyDictionary()
"""Base demands found before, by the number of groups that share chunks: each level wants them."""


class _Balancing:
    """What stays the same while a kernel is balanced several times."""

    def __init__(
        self, program: LaneProgram, records: bool, seed: int, block: int, moves: bool
    ) -> None:
        self.program = program
        self.loops = program.function.loops
        self.seed = seed
        self.long = False
        self.moves = moves
        known = _KNOWN.setdefault(program, {})
        if block not in known:
            known[block] = _base_demand(program, block)
        self.base, self.selects = known[block]
        self.reads = [
            loop_reads(program, loop, records=records, block=block, moves=moves)
            for loop in program.function.loops
        ]

    def strategy(
        self,
        idle: list[DrainAllowance],
        effort: float,
        *,
        direct: bool = False,
        moving: Strategy | None = None,
    ) -> Strategy:
        """Balance every loop; record tables for which there is no room are given up.  With
        ``direct`` no read is done by the bits of its index, which takes longest for each read.
        Words of records move through memory where ``moving`` reads its first records.
        """
        program = self.program
        forbidden: set[RecordTable | LaneBuffer] = set()
        while True:
            memory, most = self._memory()
            chosen: list[LoopStrategy] = []
            for loop in self.loops:
                reads = self.reads[loop.number].without(forbidden)
                if moving is None or LaneBuffer(loop.number) in forbidden:
                    reads = reads.moving(())
                else:
                    reads = reads.moving(_first_records(moving.loops[loop.number]))
                reads = reads.direct() if direct else reads
                assignment = balance(
                    reads,
                    program.groups(loop),
                    self.base[loop.number],
                    self._limits(memory, most, loop),
                    idle[loop.number],
                    self.selects[loop.number],
                    seed=self.seed,
                    effort=effort,
                    narrow=not self.long,
                )
                plans = tuple(reads.plan(path.steps) for path in assignment.paths)
                chosen.append(
                    LoopStrategy(loop, reads, assignment, plans, self.selects[loop.number])
                )
            failed, placements = _place_tables(program, chosen, memory, most)
            if failed is None:
                return Strategy(tuple(chosen), placements)
            forbidden.add(failed)

    def soonest(self, start: Strategy) -> Strategy | None:
        """The strategy of which the machine DAG has the least bound, as far as changes of one read
        at a time lead there from ``start``."""
        reads = [self.reads[part.loop.number] for part in start.loops]
        paths = [max(part.assignment.paths, key=lambda path: path.groups) for part in start.loops]
        steps = [[step for step, _ in path.steps] for path in paths]

        def bound_of(steps: Steps) -> tuple[int, int]:
            problem = problem_of(_instance(self.program, self._alike(reads, steps)).dag)
            return lower_bound(problem).cycles, len(problem)

        machine = self.program.machine
        entries = machine.scratch_words // TUNING.entry_share // machine.vlen
        found = soonest_steps(reads, steps, bound_of, TUNING.soonest_operations, entries)
        return None if found is None else self._alike(reads, found)

    def _alike(self, reads: Sequence[LoopReads], steps: Steps) -> Strategy:
        """The strategy by which all groups of a loop follow the same steps."""
        parts: list[LoopStrategy] = []
        for loop, of_loop, taken in zip(self.loops, reads, steps, strict=True):
            path = Path(self.program.groups(loop), tuple((step, 1) for step in taken))
            assignment = StrategyAssignment((path,), inf, 0.0)
            selects = self.selects[loop.number]
            plans = (of_loop.plan(path.steps),)
            parts.append(LoopStrategy(loop, of_loop, assignment, plans, selects))
        return Strategy(tuple(parts), {})

    def least_cycles(self, effort: float) -> float:
        """Cycles of the loop that takes most, by the linear relaxation of its assignments."""
        memory, most = self._memory()
        return max(
            (
                least_cycles(
                    self.reads[loop.number],
                    self.program.groups(loop),
                    self.base[loop.number],
                    self._limits(memory, most, loop),
                    self.selects[loop.number],
                    effort=effort,
                )
                for loop in self.loops
            ),
            default=0.0,
        )

    def _memory(self) -> tuple[WorkingMemory, dict[int, Lenders]]:
        """The words that tables may stand in, and how many groups of each loop may lend theirs."""
        program = self.program
        memory = WorkingMemory(
            program.function, program.forms, program.machine.vlen, for_good=not program.numbered
        )
        return memory, {loop.number: lenders(program, loop, self.long) for loop in self.loops}

    def _limits(self, memory: WorkingMemory, most: dict[int, Lenders], loop: Loop) -> Limits:
        return Limits(
            memory_words=memory.capacity(loop.number, most[loop.number], overrun=1),
            with_buffer=memory.capacity(loop.number, most[loop.number]),
            entry_words=self.program.machine.scratch_words // TUNING.entry_share,
        )


def _place_tables(
    program: LaneProgram,
    chosen: list[LoopStrategy],
    memory: WorkingMemory,
    most: Mapping[int, Lenders],
) -> tuple[RecordTable | LaneBuffer | None, dict[RecordTable | LaneBuffer, Placement]]:
    """Places for all record tables and lane buffers, or the first for which there is no room."""
    placements: dict[RecordTable | LaneBuffer, Placement] = {}
    for table, loop in _tables(chosen):
        overrun = program.machine.vlen - table.pitch
        place = memory.place(table.words, overrun, loop.number, most[loop.number])
        if place is None:
            return table, placements
        placements[table] = place
    for part in chosen:
        if any(step.moves for path in part.assignment.paths for step, _ in path.steps):
            buffer = LaneBuffer(part.loop.number)
            place = memory.place(program.machine.vlen, 0, buffer.loop, most[buffer.loop])
            if place is None:
                return buffer, placements
            placements[buffer] = place
    return None, placements


def _instance(program: LaneProgram, strategy: Strategy) -> Instance:
    """The machine DAG of ``strategy``, with groups of the same plan one after the other."""
    assignment = [
        part.group_plans(group_order(part.assignment.paths, IN_BLOCKS)) for part in strategy.loops
    ]
    return instantiate(program, assignment, strategy.placements)


def _measured(program: LaneProgram, strategy: Strategy) -> tuple[list[DrainAllowance], int]:
    """When engines can find work in the groups of each loop, and the cycles of the critical path,
    from the machine DAG."""
    instance = _instance(program, strategy)
    problem = problem_of(instance.dag)
    head, tail = heads_and_tails(problem)
    found: list[DrainAllowance] = []
    for part in strategy.loops:
        first = instance.first_group[part.loop.number]
        groups = range(first, first + program.groups(part.loop))
        idle: list[float] = []
        for engine in ("valu", "flow", "load"):
            ops = only_on(problem, engine, groups)
            idle.append(float(head[ops].min() + tail[ops].min()) if len(ops) else 0.0)
        found.append(DrainAllowance(*idle))
    return found, int((head + spans(problem) + tail).max())


def lenders(program: LaneProgram, loop: Loop, long: bool = False) -> Lenders:
    """How many groups may lend the words of their results for tables.

    Where input stands in them, it waits in scratch from the start on, so they may be few; and if
    the critical path is ``long``, they are, for it grows by waiting for all readers of a table.
    """
    room = program.machine.scratch_words // (TUNING.passing_share * program.machine.vlen)
    groups = program.groups(loop)
    return Lenders(min(groups // TUNING.passing_groups if long else groups, room), groups)


def _tables(chosen: Iterable[LoopStrategy]) -> list[tuple[RecordTable, Loop]]:
    """Record tables in use with the last loop that reads each, the largest first."""
    found: dict[RecordTable, Loop] = {}
    for part in chosen:
        for path in part.assignment.paths:
            for step, _ in path.steps:
                if step.table is not None:
                    found[step.table] = part.loop
    return sorted(found.items(), key=lambda item: (-item[0].words, item[0].first))


def _base_demand(program: LaneProgram, block: int) -> _Base:
    """What each loop needs beside its table reads: count a translation with gathers only, and
    take away what the cost model says the gathers cost.  Set-up counts for the first loop, if it is
    no trip of a machine loop, before which set-up is done.

    With that for each loop the selections that it does on flow, and the vector operations that
    each of them would take without.
    """
    instance = instantiate(program, gather_only(program, block))
    dag = instance.dag
    shared = slots_needed(dag.shared)
    found: list[EngineDemand] = []
    selects: list[dict[Value, int]] = []
    vlen = program.machine.vlen
    for loop in program.function.loops:
        groups = program.groups(loop)
        first = instance.first_group[loop.number]
        total = slots_needed(
            op for group in range(first, first + groups) for op in dag.groups[group].ops
        )
        reads = loop_reads(program, loop, records=False, block=block)
        reading = NOTHING
        constants: set[object] = set()
        known = None
        for steps in reads.steps:
            address = reads.address_sum(steps[0], known, 1)
            reading = reading.plus(steps[0].demand)
            if address is not None:
                reading = reading.plus(address.demand(vlen))
                constants.update(address.constants("array"))
            known = steps[0].address
        rest = total.less(reading, vlen, groups)
        rest = rest.less(vector_demand(vlen, plain=len(constants)), vlen)
        found.append(rest if found or program.trips else rest.plus(shared))
        origins = {
            op.origin: None
            for group in range(first, first + groups)
            for op in dag.groups[group].ops
            if op.origin is not None and op.origin.op is Op.SELECT and only_flow(op)
        }
        selects.append(arithmetic_operations(origins, program.facts))
    return found, selects


def only_flow(op: MOp) -> bool:
    """Whether flow is the only engine that executes ``op``."""
    return {form.engine for form in op.forms} == {"flow"}


def slots_needed(ops: Iterable[MOp]) -> EngineDemand:
    """Slots by what can execute them; choices between constants count as compute."""
    lanes = valu = alu = flow = load = store = 0
    for op in ops:
        engines = {form.engine for form in op.forms}
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
    return EngineDemand(lanes, valu, alu, 0, flow, load, store)

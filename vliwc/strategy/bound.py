"""A proved lower bound on the cycles of a kernel over all strategy assignments the compiler knows.

:func:`vliwc.strategy.choose.choose_strategy` wants a good *estimate* and adds what good schedules
lose at their ends.  This module wants a *proof*, so wherever it does not know it counts less:

* work that no plan can avoid is counted on one machine DAG (the one that gathers everything),
  without table reads and address arithmetic;
* a read costs what its step says, its address the least that any known address leaves to do;
* set-up counts broadcasts of table entries, packing and storing of records, and for the words they
  are made of one load per ``vlen`` distinct words; scalar constants are free;
* short last groups read tables and compute addresses for free;
* nothing is lost at the start or the end, scratch is not limited, no operation waits for another.

docs/bounds.md has the argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from ortools.sat.python import cp_model

from vliwc.analysis.linear import Linear, multiplier
from vliwc.diagnostics import InternalError
from vliwc.ir.graph import Loop
from vliwc.ir.value import MASK, Op, Value
from vliwc.isel.address import plan_sum
from vliwc.isel.cost import NOTHING, EngineDemand, vector_demand
from vliwc.isel.instantiate import instantiate
from vliwc.isel.program import LaneProgram
from vliwc.isel.records import RecordTable
from vliwc.isel.regions import Regions
from vliwc.isel.select import Selected
from vliwc.isel.working_memory import WorkingMemory, free_spaces
from vliwc.mir.operation import InGroup, MOp, PerGroup, Source, sources
from vliwc.strategy.choose import gather_only, max_passing
from vliwc.strategy.options import LoopReads, Step, loop_reads
from vliwc.strategy.tuning import TUNING

TENTHS = 10
"""The model counts tenths of a cycle."""
HORIZON = 1 << 40
"""More tenths of a cycle than any program takes."""
CHOICE_BITS = (0, 1, 2)
"""How many bits may choose the constant of an address."""


def proved_kernel_bound(program: LaneProgram, *, effort: float = TUNING.bound_effort) -> float:
    """No program the compiler could make of ``program`` by another assignment takes fewer cycles.

    The result is in cycles, a multiple of a tenth; ``effort`` is CP-SAT's deterministic time for
    each of two runs, with and without presolve, which can be wrong (docs/bounds.md): what both say.
    """
    model = _Model(program).model
    return min(_claimed_bound(model, effort, presolve=presolve) for presolve in (True, False))


def _claimed_bound(model: cp_model.CpModel, effort: float, *, presolve: bool) -> float:
    """The bound of one run, in cycles."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = effort
    solver.parameters.linearization_level = 2
    solver.parameters.cp_model_presolve = presolve
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.UNKNOWN):
        raise InternalError(f"the assignment model has no solution: {solver.status_name(status)}")
    return max(solver.best_objective_bound, 0.0) / TENTHS


def unavoidable_work(program: LaneProgram) -> EngineDemand:
    """What every machine DAG of ``program`` contains, whatever the plans are."""
    instance = instantiate(program, gather_only(program, block=1))
    dag = instance.dag
    table_loads = {op for ops in instance.uniform.table_loads.values() for op in ops}
    shared = {op for op in dag.shared if op.width == 0 and op.forms}
    chunks = set(instance.chunks)
    total = NOTHING
    for loop in program.function.loops:
        first = instance.first_group[loop.number]
        reads = loop_reads(program, loop, records=False, block=1)
        table = list(reads.table)
        if reads.regions is not None:
            table += reads.regions.places[0]
            total = total.plus(EngineDemand(load=_least_region_loads(program, reads.regions)))
        groups = range(first, first + program.groups(loop))
        inside: dict[Selected, tuple[EngineDemand, list[Source]]] = {}
        for group in groups:
            lanes = instance.selected[group]
            if lanes not in inside:
                inside[lanes] = _data_path(lanes, loop, table)
            work, outside = inside[lanes]
            total = total.plus(work)
            shared.update(
                s.member(group) if isinstance(s, PerGroup) else s
                for s in outside
                if not isinstance(s, InGroup)
            )
    constants = set(dag.constants.values())
    stack = sorted(shared, key=lambda op: dag.shared_index.get(op, -1))
    while stack:
        for source in sources(stack.pop()):
            if isinstance(source, MOp) and source not in shared:
                shared.add(source)
                stack.append(source)
    for op in shared:
        if op in chunks:
            continue
        # Table words may come with other loads and be broadcast as entries in another assignment.
        from_table = op in table_loads or any(s in table_loads for s in sources(op))
        if op not in constants and not from_table:
            total = total.plus(_slots(op))
    return total


def _data_path(
    lanes: Selected, loop: Loop, table: Sequence[Value]
) -> tuple[EngineDemand, list[Source]]:
    """The work of a group beside table reads and addresses, and what it takes from outside."""
    own = set(lanes.template.ops)
    reads = {lanes.group.vector(value).source for value in table}
    work = NOTHING
    results = (*lanes.reduced.values(), *lanes.stored.values())
    stack: list[Source] = [operand.source for operand in results]
    for value, ops in lanes.memory.items():
        form = lanes.group.forms[value.args[0]]
        if form.is_consecutive:
            stack.extend(ops)
            continue
        stack.extend(lanes.group.vector(atom).source for atom in form.atoms)
        if value.op is Op.STORE:
            stack.append(lanes.group.vector(value.args[1]).source)
        if value not in table:
            reads.update(ops)
            for op in ops:
                work = work.plus(_slots(op))
    seen: set[Source] = set()
    outside: list[Source] = []
    while stack:
        source = stack.pop()
        if source in seen or source in reads:
            continue
        seen.add(source)
        if isinstance(source, MOp) and source in own:
            if source not in lanes.group.copies:
                work = work.plus(_slots(source))
            stack.extend(sources(source))
        else:
            outside.append(source)
    return work, outside


def _least_region_loads(program: LaneProgram, regions: Regions) -> int:
    """Vloads that the words read from regions need, however groups share them."""
    words: dict[str, set[int]] = {}
    for chunks, places in zip(regions.chunks, regions.places, strict=True):
        for value, lanes in places.items():
            held = words.setdefault(value.array, set())
            held.update(chunks[place.chunk].base + place.offset for place in lanes)
    return sum(-(-len(held) // program.machine.vlen) for held in words.values())


def _slots(op: MOp) -> EngineDemand:
    """The slots of one operation, by what can take them."""
    engines = {form.engine for form in op.forms}
    vector = any(not form.scalarised for form in op.forms)
    slots = 1 if vector else op.lanes
    if not engines:
        return NOTHING
    if engines == {"valu"}:
        return EngineDemand(compute=op.lanes, valu=1)
    if engines == {"alu"}:
        return EngineDemand(compute=op.lanes, alu=op.lanes)
    if engines == {"alu", "valu"}:
        return EngineDemand(compute=op.lanes)
    if engines == {"flow"} and op.origin is not None and op.origin.op is Op.SELECT:
        # Without flow it takes one vector operation or more.
        return EngineDemand(either=1) if op.lanes > 1 else NOTHING
    if engines == {"flow"}:
        return EngineDemand(flow=slots)
    if engines == {"load"}:
        return EngineDemand(load=slots)
    if engines == {"store"}:
        return EngineDemand(store=slots)
    # Only flow competes with compute for vector operations; what load takes too is not counted.
    return EngineDemand(either=1) if op.lanes > 1 and "load" not in engines else NOTHING


Address = tuple[Linear, RecordTable | None]
"""An address less the base of its record table, which is not known (None: it is complete)."""
State = tuple[int, Address | None]
"""The next read, and the address that was computed last."""
Key = RecordTable | tuple[str, int, object]
"""What needs set-up: a record table, or an entry of an array in scratch with its fold."""
Terms = list[tuple[int, cp_model.IntVar]]
"""Variables with their weights."""


@dataclass(frozen=True, eq=False)
class _Arc:
    head: State
    step: Step
    demand: EngineDemand
    groups: cp_model.IntVar


class _Model:
    """Flows of groups through the steps of all loops, and the set-up these need."""

    def __init__(self, program: LaneProgram) -> None:
        self.program = program
        self.model = cp_model.CpModel()
        self.work: list[tuple[cp_model.IntVar, EngineDemand]] = []
        self.used: dict[Key, cp_model.IntVar] = {}
        function, vlen = program.function, program.machine.vlen
        lasting, passing = free_spaces(function, program.forms, vlen)
        spaces = [range(s.base, s.base + s.length) for s in (*lasting, *passing)]
        few = sum(len(space) for space in spaces) <= TUNING.bound_places
        self.places = np.array([w for s in spaces for w in s], dtype=np.uint64) if few else None
        for loop in function.loops:
            self._network(loop_reads(program, loop), loop.extent // vlen)
        self._objective(unavoidable_work(program))

    def _network(self, reads: LoopReads, groups: int) -> None:
        if not groups:
            return
        end = len(reads.table)
        always = dict.fromkeys(_other_addresses(self.program, reads))
        start: State = (0, None)
        before: list[dict[State, dict[Address, None]]] = [{} for _ in range(end + 1)]
        before[0][start] = always
        entering: dict[State, list[cp_model.IntVar]] = {}
        for position in range(end):
            for state, known in before[position].items():
                arcs = self._arcs(reads, state, list(known), groups)
                for arc in arcs:
                    at = before[arc.head[0]].setdefault(arc.head, {})
                    at.update(known)
                    if arc.head[1] is not None:
                        at.setdefault(arc.head[1])
                    entering.setdefault(arc.head, []).append(arc.groups)
                    self.work.append((arc.groups, arc.demand))
                    for key in (*arc.step.entries, *([arc.step.table] if arc.step.table else [])):
                        self._use(key, arc.groups, groups)
                inflow = groups if state == start else sum(entering[state])
                self.model.add(sum(arc.groups for arc in arcs) == inflow)

    def _arcs(
        self, reads: LoopReads, state: State, known: list[Address], groups: int
    ) -> list[_Arc]:
        position, last = state
        arcs: list[_Arc] = []
        for step in reads.steps[position]:
            address = None if step.address is None else (step.address, step.table)
            costs = [NOTHING] if address is None else self._least_demands(reads, address, known)
            after = position + len(step.reads)
            head: State = (after, None if after == len(reads.table) else address or last)
            for cost in costs:
                flow = self.model.new_int_var(0, groups, f"{step.name}{position}")
                arcs.append(_Arc(head, step, _own_demand(step).plus(cost), flow))
        return arcs

    def _least_demands(
        self, reads: LoopReads, address: Address, known: list[Address]
    ) -> list[EngineDemand]:
        """What computing ``address`` may cost, from any of the ``known`` ones or from none; costs
        that another one undercuts on every engine are left out."""
        form, table = address
        vlen = self.program.machine.vlen
        found: dict[EngineDemand, None] = {}
        for base, base_table in [(None, None), *known]:
            factor = 0
            if base is not None:
                factor = next(
                    filter(
                        None,
                        (multiplier(have, form.coefficient(atom)) for atom, have in base.terms),
                    ),
                    0,
                )
                if not factor:
                    continue
            rest = form if base is None else form.minus(base.times(factor))
            for const in self._constants(rest.const, table, base_table, factor):
                for bits in CHOICE_BITS:
                    plan = plan_sum(Linear(const, rest.terms), [], reads.is_bit, bits)
                    found.setdefault(replace(plan, base=base, factor=factor).demand(vlen))
        return [
            cost
            for cost in found
            if not any(
                other != cost and all(x <= y for x, y in zip(other, cost, strict=True))
                for other in found
            )
        ]

    def _constants(
        self, const: int, table: RecordTable | None, base: RecordTable | None, factor: int
    ) -> list[int]:
        """The constant of a sum that still lacks the bases of record tables: only whether it can
        be zero, and whether it can be something else, matters."""
        if table is None and base is None:
            return [const]
        if self.places is None:
            return [0, 1]
        places, modulus = self.places, np.uint64(MASK)
        lacking = (np.uint64(const) + places) & modulus if table else np.array([const], np.uint64)
        if table is not None and table == base:
            zero = bool((((lacking - np.uint64(factor) * places) & modulus) == 0).any())
        else:
            taken = (np.uint64(factor) * places) & modulus if base else np.zeros(1, np.uint64)
            zero = bool(np.isin(lacking, taken).any())
        return [0, 1] if zero else [1]

    def _use(self, key: Key, flow: cp_model.IntVar, groups: int) -> None:
        if key not in self.used:
            self.used[key] = self.model.new_bool_var("used")
        self._at_most([(1, flow), (-groups, self.used[key])], 0)

    def _setup(self) -> tuple[list[tuple[cp_model.IntVar, EngineDemand]], Terms, Terms]:
        """Vector operations of the set-up, vector stores, distinct table words to load."""
        vlen = self.program.machine.vlen
        work: list[tuple[cp_model.IntVar, EngineDemand]] = []
        stores: Terms = []
        needed: dict[tuple[str, int], list[Key]] = {}
        for key, used in self.used.items():
            if isinstance(key, RecordTable):
                vectors = -(-key.words // vlen)
                work.append((used, vector_demand(vlen, lanes=vectors)))
                stores.append((vectors, used))
                indices = dict.fromkeys(key.content(k)[0] & MASK for k in range(key.words))
                words = [(key.array, index) for index in indices]
            else:
                work.append((used, vector_demand(vlen, plain=1)))
                words = [(key[0], key[1])]
            for word in words:
                needed.setdefault(word, []).append(key)
        if stores:
            function = self.program.function
            memory = WorkingMemory(function, self.program.forms, vlen)
            passing = sum(max_passing(self.program, loop) for loop in function.loops)
            size = [(vlen * vectors, used) for vectors, used in stores]
            self._at_most(size, memory.capacity(0, passing))
        # Words that the same tables and entries want are all loaded or none of them.
        classes: dict[tuple[Key, ...], int] = {}
        for keys in needed.values():
            classes[tuple(keys)] = classes.get(tuple(keys), 0) + 1
        loads: Terms = []
        for keys, count in classes.items():
            loaded = self.model.new_bool_var("loaded")
            for key in keys:
                self._at_most([(1, self.used[key]), (-1, loaded)], 0)
            loads.append((count, loaded))
        return work, stores, loads

    def _objective(self, base: EngineDemand) -> None:
        slots, vlen = self.program.machine.slots, self.program.machine.vlen
        setup, stores, words = self._setup()
        weighted = self.work + setup
        cycles = self.model.new_int_var(0, HORIZON, "cycles")
        by_flow = self.model.new_int_var(0, HORIZON, "either_on_flow")

        def total(weights: EngineDemand) -> Terms:
            """The sum over all steps and set-up of the weighted parts of their costs."""
            return [
                (sum(w * part for w, part in zip(weights, cost, strict=True)), amount)
                for amount, cost in weighted
            ]

        def fits(work: Terms, more: int, capacity: int) -> None:
            tenths = [(TENTHS * amount, var) for amount, var in work]
            self._at_most([*tenths, (-capacity, cycles)], -TENTHS * more)

        either = [(-weight, var) for weight, var in total(EngineDemand(either=1))]
        self._at_most([(1, by_flow), *either], base.either)
        alu, valu = slots["alu"], slots["valu"]
        compute = total(EngineDemand(compute=1, either=vlen))
        fits([*compute, (-vlen, by_flow)], base.compute + vlen * base.either, alu + valu * vlen)
        fits(total(EngineDemand(valu=1)), base.valu, valu)
        fits(total(EngineDemand(alu=1)), base.alu, alu)
        fits([*total(EngineDemand(flow=1)), (1, by_flow)], base.flow, slots["flow"])
        fits([*total(EngineDemand(load=vlen)), *words], vlen * base.load, vlen * slots["load"])
        fits(stores, base.store, slots["store"])
        self.model.minimize(cycles)

    def _at_most(self, terms: Terms, limit: int) -> None:
        """Require that the weighted sum of variables is no more than ``limit``."""
        self.model.add(sum(weight * var for weight, var in terms) <= limit)


def _own_demand(step: Step) -> EngineDemand:
    """The cost of a step beside its address; selections between equal words may vanish."""
    indices = [(array, index) for array, index, _ in step.entries]
    return step.demand if len(set(indices)) == len(indices) else NOTHING


def _other_addresses(program: LaneProgram, reads: LoopReads) -> Iterable[Address]:
    """Addresses that groups compute for memory operations other than table reads."""
    function = program.function
    live = function.computed()
    for value in function.values:
        if value.is_memory and value in live and value.loop == reads.loop.number:
            if value not in reads.table:
                base = function.arrays[value.array].base
                yield program.forms[value.args[0]].plus(Linear(base)), None

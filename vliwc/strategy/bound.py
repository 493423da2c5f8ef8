"""A proved lower bound on the cycles of a kernel over all strategy assignments the compiler knows.

:func:`vliwc.strategy.choose.choose_strategy` wants a good *estimate* and adds what good schedules
lose at their ends.  This module wants a *proof*, so wherever it does not know it counts less:

* work that no plan can avoid is counted on one machine DAG (the one that gathers everything),
  without table reads and address arithmetic;
* a read costs what its step says, its address the least that any known address leaves to do;
* set-up counts broadcasts of table entries, packing and storing of records, and for the words they
  are made of one load per ``vlen`` distinct words; scalar constants are free;
* short last groups read tables and compute addresses for free;
* operations wait for others only along chains that every strategy has
  (:mod:`vliwc.strategy.certain_ends`), scratch is not limited.

docs/bounds.md has the argument.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from vliwc.analysis.linear import Linear, beyond_multiple
from vliwc.diagnostics import InternalError
from vliwc.ir.value import MASK
from vliwc.isel.address import plan_sum
from vliwc.isel.cost import NOTHING, EngineDemand, vector_demand
from vliwc.isel.memory.working_memory import Lenders, WorkingMemory, free_spaces
from vliwc.isel.program import LaneProgram
from vliwc.isel.reads.records import RecordTable
from vliwc.solvers import cp_model
from vliwc.strategy.choose import lenders
from vliwc.strategy.linear_bound import LinearModel, Terms, TooManyRows
from vliwc.strategy.options import LoopReads, Step
from vliwc.strategy.split_choice import Entry
from vliwc.strategy.tuning import TUNING
from vliwc.strategy.unavoidable import Unavoidable, ways_to_share

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
    return least_work(program, effort=effort).cycles


@dataclass(frozen=True)
class LeastWork:
    """The kernel bound in ``cycles``, and what it counts: the work of one way to share chunks of
    memory, the one of which least is proved."""

    cycles: float
    work: Unavoidable


def least_work(program: LaneProgram, *, effort: float = TUNING.bound_effort) -> LeastWork:
    """The bound of :func:`proved_kernel_bound` with the work that it counts."""
    ways = ways_to_share(program, TUNING.blocks)
    floors = {id(work): 0.0 for work in ways}
    if len(ways) > 1:
        floors = {id(work): _proved(program, work, effort, steps=False) for work in ways}
    best: LeastWork | None = None
    for work in sorted(ways, key=lambda work: floors[id(work)]):
        # With what table reads take on top, no bound is below that without them.
        if best is not None and floors[id(work)] >= best.cycles:
            break
        cycles = floors[id(work)]
        if len(ways) == 1 or any(reads.table for reads in work.reads):
            cycles = _proved(program, work, effort, steps=True)
        if best is None or cycles < best.cycles:
            best = LeastWork(cycles, work)
    assert best is not None
    return best


@dataclass(frozen=True)
class LeastParts:
    """An assignment that is the best the bound's model knows, part by part.

    ``reads``: what the run-time reads of each array take, their addresses included; ``setup``: what
    table words in scratch and records take before; ``selects``: the selections; ``rest``: the other
    work that no assignment avoids, without reads and stores at known addresses.  Of what is done
    either on flow or by arithmetic, the part ``on_flow`` (0 to 1) takes flow.
    """

    reads: dict[str, EngineDemand]
    setup: EngineDemand
    selects: EngineDemand
    rest: EngineDemand
    on_flow: float


def least_parts(
    program: LaneProgram, work: Unavoidable, *, effort: float = TUNING.bound_effort
) -> LeastParts | None:
    """The parts of ``work`` under the best assignment found in the given effort; None if none is
    found."""
    try:
        network = _Model(program, work, steps=True)
    except TooManyRows:
        return None
    solver = _solver(effort)
    if solver.solve(network.model.cp) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    reads: dict[str, EngineDemand] = {}
    for array, arc in network.arcs:
        reads[array] = reads.get(array, NOTHING).plus(arc.demand, solver.value(arc.groups))
    rest = work.demand.plus(reads.pop("", NOTHING))  # sums read no array
    setup = NOTHING
    for used, demand in network.setup:
        setup = setup.plus(demand, solver.value(used))
    selects = EngineDemand(flow=sum(count for _, count in work.selects))
    for leaving, demand in network.leaving:
        selects = selects.plus(demand, solver.value(leaving))
    either = rest.either + sum(demand.either for demand in reads.values())
    on_flow = solver.value(network.by_flow) / either if either else 0.0
    return LeastParts(reads, setup, selects, rest, on_flow)


def _proved(program: LaneProgram, work: Unavoidable, effort: float, *, steps: bool) -> float:
    """The bound of one way to share chunks; table reads are free without ``steps``, and where they
    have too many ways for a model of all."""
    try:
        network = _Model(program, work, steps=steps)
    except TooManyRows:
        network = _Model(program, work, steps=False)
    model = network.model
    proved = max(
        ceil(model.linear_bound(network.cycles)) / TENTHS, float(max(work.latency, work.busiest))
    )
    if len(model.rows) > TUNING.bound_rows:
        return proved
    claims = (_claimed_bound(model.cp, effort, presolve=presolve) for presolve in (True, False))
    return max(min(claims), proved)


def _claimed_bound(model: cp_model.CpModel, effort: float, *, presolve: bool) -> float:
    """The bound of one run, in cycles."""
    solver = _solver(effort)
    solver.parameters.cp_model_presolve = presolve
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.UNKNOWN):
        raise InternalError(f"the assignment model has no solution: {solver.status_name(status)}")
    return max(solver.best_objective_bound, 0.0) / TENTHS


def _solver(effort: float) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.catch_sigint_signal = False  # interrupts are the command's
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = effort
    solver.parameters.linearization_level = TUNING.linearization_level
    return solver


Address = tuple[Linear, RecordTable | None]
"""An address less the base of its record table, which is not known (None: it is complete)."""
State = tuple[int, Address | None]
"""The next read, and the address that was computed last."""
Key = RecordTable | Entry
"""What needs set-up: a record table, or an entry of an array in scratch with its fold."""


@dataclass(frozen=True, eq=False)
class _Arc:
    head: State
    step: Step
    demand: EngineDemand
    groups: cp_model.IntVar


class _Model:
    """Flows of groups through the steps of all loops, and the set-up these need."""

    def __init__(self, program: LaneProgram, work: Unavoidable, *, steps: bool) -> None:
        self.program = program
        self.model = LinearModel(TUNING.bound_most_rows)
        self.work: list[tuple[cp_model.IntVar, EngineDemand]] = []
        self.arcs: list[tuple[str, _Arc]] = []
        self.leaving: list[tuple[cp_model.IntVar, EngineDemand]] = []
        self.setup: list[tuple[cp_model.IntVar, EngineDemand]] = []
        self.used: dict[Key, cp_model.IntVar] = {}
        function, vlen = program.function, program.machine.vlen
        lasting, passing = free_spaces(function, program.forms, vlen)
        spaces = [range(s.base, s.base + s.length) for s in (*lasting, *passing)]
        few = sum(len(space) for space in spaces) <= TUNING.bound_places
        # A machine loop has other words in each trip.
        few = few and not program.trips
        self.places = np.array([w for s in spaces for w in s], dtype=np.uint64) if few else None
        for reads in work.reads if steps else ():
            self._network(reads, max(program.trips, 1) * _groups_reading(program, reads))
        for demand, count in work.selects:
            leaving = self.model.variable(count, "leaves flow")
            self.leaving.append((leaving, demand._replace(flow=-1)))
        self._objective(work)

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
                    self.arcs.append((arc.step.reads[0][0].array, arc))
                    for key in (*arc.step.entries, *([arc.step.table] if arc.step.table else [])):
                        self._use(key, arc.groups, groups)
                leaving: Terms = [(1, arc.groups) for arc in arcs]
                if state == start:
                    self.model.equal(leaving, groups)
                else:
                    self.model.equal([*leaving, *((-1, var) for var in entering[state])], 0)

    def _arcs(
        self, reads: LoopReads, state: State, known: list[Address], groups: int
    ) -> list[_Arc]:
        position, last = state
        arcs: list[_Arc] = []
        for step in reads.steps[position]:
            address = None if step.address is None else (step.address, step.table)
            costs = [NOTHING] if address is None else self._least_demands(reads, step, known)
            after = position + len(step.reads)
            head: State = (after, None if after == len(reads.table) else address or last)
            for cost in costs:
                flow = self.model.variable(groups, f"{step.name}{position}")
                arcs.append(_Arc(head, step, _own_demand(step).plus(cost), flow))
        return arcs

    def _least_demands(
        self, reads: LoopReads, step: Step, known: list[Address]
    ) -> list[EngineDemand]:
        """What computing the address of ``step`` may cost, from any of the ``known`` ones or from
        none; costs that another one undercuts on every engine are left out."""
        form, table = step.address, step.table
        assert form is not None
        vlen = self.program.machine.vlen
        found: dict[EngineDemand, None] = {}
        for base, base_table in [(None, None), *known]:
            beyond = (form, 0) if base is None else beyond_multiple(form, base)
            if beyond is None:
                continue
            rest, factor = beyond
            for const in self._constants(rest.const, table, base_table, factor):
                for bits in CHOICE_BITS:
                    plan = plan_sum(Linear(const, rest.terms), [], reads.is_bit, bits, step.flip)
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
            self.used[key] = self.model.variable(1, "used")
        self.model.at_most([(1, flow), (-groups, self.used[key])], 0)

    def _setup(
        self, loaded_anyway: Collection[int]
    ) -> tuple[list[tuple[cp_model.IntVar, EngineDemand]], Terms, Terms]:
        """Vector operations of the set-up, vector stores, distinct table words to load beside those
        at the addresses that are ``loaded_anyway``."""
        vlen = self.program.machine.vlen
        work: list[tuple[cp_model.IntVar, EngineDemand]] = []
        stores: Terms = []
        needed: dict[int, list[Key]] = {}
        arrays = self.program.function.arrays
        for key, used in self.used.items():
            if isinstance(key, RecordTable):
                vectors = -(-key.words // vlen)
                work.append((used, vector_demand(vlen, lanes=vectors)))
                stores.append((vectors, used))
                indices = dict.fromkeys(key.content(k)[0] & MASK for k in range(key.words))
                words = [arrays[key.array].base + index for index in indices]
            else:
                work.append((used, vector_demand(vlen, plain=1)))
                array = arrays[key.array]
                words = [array.base + index for index in key.indices() if index < array.length]
            for word in words:
                if word not in loaded_anyway:
                    needed.setdefault(word, []).append(key)
        if stores:
            function = self.program.function
            memory = WorkingMemory(function, self.program.forms, vlen)
            most = [lenders(self.program, loop) for loop in function.loops]
            sums = sum(n.with_input for n in most), sum(n.without_input for n in most)
            size = [(vlen * vectors, used) for vectors, used in stores]
            # All groups of a machine loop may lend words of theirs.
            if not self.program.trips:
                self.model.at_most(size, memory.capacity(0, Lenders(*sums)))
        # Words that the same tables and entries want are all loaded or none of them.
        classes: dict[tuple[Key, ...], int] = {}
        for keys in needed.values():
            classes[tuple(keys)] = classes.get(tuple(keys), 0) + 1
        loads: Terms = []
        for keys, count in classes.items():
            loaded = self.model.variable(1, "loaded")
            for key in keys:
                self.model.at_most([(1, self.used[key]), (-1, loaded)], 0)
            loads.append((count, loaded))
        return work, stores, loads

    def _objective(self, unavoidable: Unavoidable) -> None:
        slots, vlen = self.program.machine.slots, self.program.machine.vlen
        self.setup, stores, words = self._setup(unavoidable.words)
        flow = sum(count for _, count in unavoidable.selects)
        base = unavoidable.demand.plus(EngineDemand(flow=flow, store=unavoidable.stores))
        weighted = self.work + self.leaving + self.setup
        self.cycles = cycles = self.model.variable(HORIZON, "cycles")
        most = base.either + sum(
            cost.either * self.model.high(amount) for amount, cost in weighted if cost.either
        )
        by_flow = self.by_flow = self.model.variable(most, "either_on_flow")

        def total(weights: EngineDemand) -> Terms:
            """The sum over all steps and set-up of the weighted parts of their costs."""
            return [
                (sum(w * part for w, part in zip(weights, cost, strict=True)), amount)
                for amount, cost in weighted
            ]

        def fits(work: Terms, more: int, capacity: int) -> None:
            tenths = [(TENTHS * amount, var) for amount, var in work]
            self.model.at_most([*tenths, (-capacity, cycles)], -TENTHS * more)

        either = [(-weight, var) for weight, var in total(EngineDemand(either=1))]
        self.model.at_most([(1, by_flow), *either], base.either)
        alu, valu = slots["alu"], slots["valu"]
        compute = total(EngineDemand(compute=1, either=vlen))
        fits([*compute, (-vlen, by_flow)], base.compute + vlen * base.either, alu + valu * vlen)
        fits(total(EngineDemand(valu=1)), base.valu, valu)
        fits(total(EngineDemand(alu=1)), base.alu, alu)
        fits([*total(EngineDemand(flow=1)), (1, by_flow)], base.flow, slots["flow"])
        loads, load_slots = total(EngineDemand(load=vlen)), vlen * slots["load"]
        held = vlen * base.load + len(unavoidable.words) + unavoidable.more_words
        fits([*loads, *words], held, load_slots)
        fits(loads, vlen * (base.load + unavoidable.loads), load_slots)
        fits([*stores, *total(EngineDemand(store=1))], base.store, slots["store"])
        self.model.cp.minimize(cycles)


def _own_demand(step: Step) -> EngineDemand:
    """The cost of a step beside its address; selections between equal words may vanish, and what
    two reads may do together is not counted."""
    indices = [(entry.array, entry.word) for entry in step.entries]
    if len(set(indices)) < len(indices):
        return NOTHING
    return step.demand.plus(step.shareable, -1)


def _groups_reading(program: LaneProgram, reads: LoopReads) -> int:
    """How many whole groups do all table reads of a loop: of the others, whose lane numbers decide
    that they need not, none are counted."""
    groups = reads.loop.extent // program.machine.vlen
    cases = program.cases(reads.loop)
    if cases is None:
        return groups
    asked = [cases.groups_wanting(value)[:groups] for value in reads.table]
    return int(np.logical_and.reduce(asked).sum()) if asked else groups


def _other_addresses(program: LaneProgram, reads: LoopReads) -> Iterable[Address]:
    """Addresses that groups compute for memory operations other than table reads."""
    function = program.function
    live = function.computed()
    for value in function.values:
        if value.is_memory and value in live and value.loop == reads.loop.number:
            if value not in reads.table:
                base = function.arrays[value.array].base
                yield program.forms[value.args[0]].plus(Linear(base)), None

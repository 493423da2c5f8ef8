"""The choice of strategies: how many groups do each table read in which way.

A plan is a path through the loop's table reads; the steps on it and the addresses they leave
behind cost slots of several engines, and the words they want in scratch or memory cost set-up
once.  Flows of groups through the network of paths are chosen by CP-SAT so that the busiest
engine is busy for as few cycles as possible.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from vliwc.analysis.linear import Linear
from vliwc.ir.value import Value
from vliwc.isel.address import Sum
from vliwc.isel.cost import NOTHING, EngineDemand, vector_demand
from vliwc.isel.reads.record_table import RecordTable
from vliwc.solvers import cp_model
from vliwc.strategy.options import LoopReads, Step
from vliwc.strategy.relaxation import Relaxation, relaxed
from vliwc.strategy.split_choice import Entry
from vliwc.strategy.tuning import TUNING, DrainAllowance

TENTHS = 10
"""The objective counts tenths of a cycle."""


@dataclass(frozen=True)
class Limits:
    """Words of working memory for record tables, words of scratch for table entries; words of
    working memory for tables and what is read just where it was written, a lane buffer."""

    memory_words: int
    entry_words: int
    with_buffer: int = 0


@dataclass(frozen=True)
class Path:
    """``groups`` groups follow ``steps``."""

    groups: int
    steps: tuple[tuple[Step, int], ...]
    """Each step with the number of bits that choose its address's constant."""


@dataclass(frozen=True)
class StrategyAssignment:
    """The chosen paths, the cycles the busiest engine is busy (infinite if they were not counted),
    the proved lower bound, and for selections by the operations they take without flow, how many
    (of all groups together) do without."""

    paths: tuple[Path, ...]
    cycles: float
    bound: float
    blended: tuple[tuple[int, int], ...] = ()


State = tuple[int, "Linear | None"]


@dataclass(eq=False)
class _Arc:
    tail: State
    head: State
    step: Step
    choice_bits: int
    demand: EngineDemand
    flow: cp_model.IntVar


class _Model:
    def __init__(
        self,
        reads: LoopReads,
        groups: int,
        base: EngineDemand,
        idle: DrainAllowance,
        limits: Limits,
        selects: Mapping[Value, int],
    ) -> None:
        # What is done once counts for one trip in so many.
        self.trips = min(max(reads.program.trips, 1), TUNING.most_trips)
        self.reads = reads
        self.groups = groups
        self.base = base
        self.machine = reads.program.machine
        self.model = cp_model.CpModel()
        self.arcs: list[_Arc] = []
        self.setup: list[tuple[cp_model.IntVar, EngineDemand]] = []
        self.changes: list[tuple[cp_model.IntVar, EngineDemand]] = []
        self.used: dict[object, cp_model.IntVar] = {}
        self.blended: dict[int, cp_model.IntVar] = {}
        self._build_network()
        self._blend_selects(selects)
        self._limit_words(limits)
        self.cycles = self._objective(idle)

    def _build_network(self) -> None:
        """States: the next read and the address that the next one can be computed from."""
        vlen = self.machine.vlen
        states: dict[State, list[_Arc]] = {(0, None): []}
        entering: dict[State, list[_Arc]] = {(0, None): []}
        order: list[State] = [(0, None)]
        end = len(self.reads.table)
        useful = self._atoms_from()
        at = 0
        while at < len(order):
            state = order[at]
            at += 1
            position, known = state
            if position == end:
                continue
            for step in self.reads.steps[position]:
                after = position + len(step.reads)
                left: Linear | None = step.address or known
                if left is not None and useful[after].isdisjoint(left.atoms):
                    left = None
                head: State = (after, left)
                if head not in states:
                    states[head] = []
                    entering[head] = []
                    order.append(head)
                for bits, address in self._addresses(step, known):
                    flow = self.model.new_int_var(0, self.groups, f"{step.name}{position}")
                    demand = step.demand
                    if address is not None:
                        demand = demand.plus(address.demand(vlen))
                    arc = _Arc(state, head, step, bits, demand, flow)
                    self.arcs.append(arc)
                    states[state].append(arc)
                    entering[head].append(arc)
                    if address is not None:
                        for constant in address.constants(step.table or "array"):
                            self._use(constant, vector_demand(vlen, plain=1), arc)
        order.sort(key=lambda s: s[0])
        for state in order:
            if state[0] == end:
                continue
            inflow = sum(arc.flow for arc in entering[state])
            if state == (0, None):
                inflow = self.groups
            self.model.add(sum(arc.flow for arc in states[state]) == inflow)
        self.leaving = states

    def _atoms_from(self) -> list[set[Value]]:
        """For each position, the atoms of all addresses from there on."""
        found: list[set[Value]] = [set()]
        for steps in reversed(self.reads.steps):
            own = {atom for s in steps if s.address is not None for atom in s.address.atoms}
            found.append(found[-1] | own)
        return found[::-1]

    def _addresses(self, step: Step, known: Linear | None) -> list[tuple[int, Sum | None]]:
        """Different ways to compute the address of ``step``, with their choice bits."""
        found: list[tuple[int, Sum | None]] = []
        for bits in (1, 0, 2):
            address = self.reads.address_sum(step, known, bits)
            if all(address != other for _, other in found):
                found.append((bits, address))
        return found

    def _use(self, key: object, demand: EngineDemand, arc: _Arc) -> None:
        if key not in self.used:
            self.used[key] = self.model.new_bool_var("used")
            self.setup.append((self.used[key], demand))
        self.model.add(arc.flow <= self.groups * self.used[key])

    def _blend_selects(self, selects: Mapping[Value, int]) -> None:
        """Selections that leave flow, by the vector operations that each takes instead."""
        vlen = self.machine.vlen
        for operations, count in sorted(Counter(selects.values()).items()):
            number = self.model.new_int_var(0, count * self.groups, "blended")
            demand = vector_demand(vlen, valu=1, plain=operations - 1)._replace(flow=-1)
            self.blended[operations] = number
            self.changes.append((number, demand))

    def _limit_words(self, limits: Limits) -> None:
        vlen = self.machine.vlen
        tables = {arc.step.table: arc for arc in self.arcs if arc.step.table is not None}
        for table in tables:
            vectors = -(-table.words // vlen)
            packing = vector_demand(vlen, lanes=vectors, load=vectors)
            for arc in self.arcs:
                if arc.step.table == table:
                    self._use(table, packing, arc)
        sizes = {table: -(-table.words // vlen) * vlen for table in tables}
        if tables:
            self.model.add(
                sum(sizes[table] * self.used[table] for table in tables) <= limits.memory_words
            )
        self._limit_moves(limits, sizes)
        entries: dict[Entry, None] = {}
        for arc in self.arcs:
            for entry in arc.step.entries:
                entries.setdefault(entry)
                self._use(entry, entry.setup(vlen), arc)
        if entries:
            kept = sum(self.used[entry] for entry in entries)
            # Besides every entry the difference of every pair of them.
            self.model.add(3 * vlen * kept <= 2 * limits.entry_words)

    def _limit_moves(self, limits: Limits, sizes: Mapping[RecordTable, int]) -> None:
        """Vectors take turns at a lane buffer, which has a place beside the tables."""
        vlen = self.machine.vlen
        moving = [arc for arc in self.arcs if arc.step.moves]
        for arc in moving:
            self._use("lane buffer", vector_demand(vlen, plain=1), arc)
        self.moved = sum(arc.step.moves * arc.flow for arc in moving)
        if moving:
            taken = sum(size * self.used[table] for table, size in sizes.items())
            buffer = vlen * self.used["lane buffer"]
            self.model.add(taken + buffer <= max(limits.with_buffer, limits.memory_words))

    def _objective(self, idle: DrainAllowance) -> cp_model.IntVar:
        model, slots, vlen = self.model, self.machine.slots, self.machine.vlen
        trips = self.trips
        in_groups = [(arc.flow, arc.demand) for arc in self.arcs] + self.changes
        base = NOTHING.plus(self.base, trips)
        weighted = [(var, NOTHING.plus(demand, trips)) for var, demand in in_groups] + self.setup

        nothing = model.new_constant(0)

        def total(field: str) -> cp_model.LinearExpr:
            expression: cp_model.LinearExpr = nothing
            for var, demand in weighted:
                factor = int(getattr(demand, field))
                if factor:
                    expression = expression + factor * var
            return expression

        horizon = 1 << 24
        cycles = model.new_int_var(0, horizon * TENTHS, "cycles")
        by_flow = model.new_int_var(0, horizon, "either_on_flow")
        either = total("either")
        model.add(by_flow <= either)
        valu_only = total("valu") + base.valu
        alu_only = total("alu") + base.alu
        everything = (either - by_flow) * vlen + total("compute") + base.compute
        alu, valu = slots["alu"], slots["valu"]

        def fits(work: cp_model.LinearExpr | int, capacity: int, offset: float) -> None:
            model.add(TENTHS * work <= trips * capacity * (cycles - round(TENTHS * offset)))

        fits(everything, alu + valu * vlen, idle.compute)
        fits(valu_only, valu, idle.compute)
        fits(alu_only, alu, idle.compute)
        fits(total("flow") + by_flow + base.flow, slots["flow"], idle.flow)
        fits(total("load") + base.load, slots["load"], idle.load)
        fits(total("store") + base.store, slots["store"], 0)
        if any(arc.step.moves for arc in self.arcs):
            model.add(TENTHS * TUNING.turn * self.moved <= cycles)
        model.minimize(cycles)
        return cycles


def balance(
    reads: LoopReads,
    groups: int,
    base: EngineDemand,
    limits: Limits,
    idle: DrainAllowance = TUNING.unmeasured,
    selects: Mapping[Value, int] | None = None,
    *,
    seed: int,
    effort: float,
    narrow: bool = True,
) -> StrategyAssignment:
    """Choose paths for ``groups`` groups of a loop.

    ``selects``: vector operations that each selection of a group takes if it leaves flow.
    ``effort`` is CP-SAT's deterministic time: the result does not depend on the speed of the
    computer.  With ``narrow``, of many steps those are tried first that the linear relaxation finds
    worth a look.
    """

    def model() -> _Model:
        return _Model(reads, groups, base, idle, limits, selects or {})

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.catch_sigint_signal = False  # interrupts are the command's
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = effort
    solver.parameters.linearization_level = TUNING.linearization_level
    solver.parameters.relative_gap_limit = TUNING.balance_gap
    network = model()
    many = len(network.arcs) >= TUNING.relaxed_steps
    relaxation = relaxed(network.model, effort) if narrow and many else None
    found: StrategyAssignment | None = None
    if relaxation is not None:
        _leave_out(network, relaxation)
        found = _solved(network, solver, relaxation)
        if found is not None and found.cycles <= found.bound * (1 + TUNING.relaxed_gap):
            return found
        network = model()
    whole = _solved(network, solver, relaxation)
    if whole is None:
        # A loop with so many reads that the effort is spent before there is any solution.
        plain = _gathers(network)
        for arc in network.arcs:
            network.model.add_hint(arc.flow, plain[id(arc)])
        whole = _solved(network, solver, relaxation)
        if whole is None:
            whole = StrategyAssignment(tuple(_decompose(network, plain)), inf, 0.0)
    return whole if found is None or whole.cycles <= found.cycles else found


def least_cycles(
    reads: LoopReads,
    groups: int,
    base: EngineDemand,
    limits: Limits,
    selects: Mapping[Value, int],
    *,
    effort: float,
) -> float:
    """Cycles by the linear relaxation: :func:`balance` finds no assignment with fewer, however
    early engines have work; 0 if the relaxation is not solved in ``effort``."""
    at_once = DrainAllowance(0.0, 0.0, 0.0)
    network = _Model(reads, groups, base, at_once, limits, selects)
    found = relaxed(network.model, effort)
    return found.value / TENTHS if found is not None else 0.0


def _solved(
    network: _Model, solver: cp_model.CpSolver, relaxation: Relaxation | None
) -> StrategyAssignment | None:
    """The best assignment that the solver finds for a network; None if it finds none."""
    if solver.solve(network.model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    flows = {id(arc): solver.value(arc.flow) for arc in network.arcs}
    paths = _decompose(network, flows)
    blended = tuple((k, solver.value(number)) for k, number in network.blended.items())
    bound = solver.best_objective_bound if relaxation is None else relaxation.value
    return StrategyAssignment(
        tuple(paths), solver.objective_value / TENTHS, bound / TENTHS, blended
    )


def _leave_out(network: _Model, relaxation: Relaxation) -> None:
    """Forbid steps that would cost too much if all groups took them, gathers excepted: whole tables
    may not fit where parts of them did."""
    most = TUNING.relaxed_reach * relaxation.value / network.groups
    plain = _gathers(network)
    for arc in network.arcs:
        if relaxation.prices[arc.flow.index] > most and not plain[id(arc)]:
            network.model.add(arc.flow == 0)


def _gathers(network: _Model) -> dict[int, int]:
    """The flows in which all groups gather all words: they are always possible."""
    flows = {id(arc): 0 for arc in network.arcs}
    state: State = (0, None)
    while network.leaving[state]:
        arc = network.leaving[state][0]
        flows[id(arc)] = network.groups
        state = arc.head
    return flows


def _decompose(network: _Model, flows: dict[int, int]) -> list[Path]:
    """Integral flows as few paths: always the one that carries the most groups next."""
    paths: list[Path] = []
    left = network.groups
    while left:
        path = _widest_path(network, flows)
        width = min((flows[id(arc)] for arc in path), default=left)
        for arc in path:
            flows[id(arc)] -= width
        paths.append(Path(width, tuple((arc.step, arc.choice_bits) for arc in path)))
        left -= width
    return paths


def _widest_path(network: _Model, flows: dict[int, int]) -> list[_Arc]:
    end = (len(network.reads.table), None)
    best: dict[State, tuple[int, list[_Arc]]] = {(0, None): (1 << 30, [])}
    for state in sorted(network.leaving, key=lambda s: s[0]):
        if state not in best or state == end:
            continue
        width, path = best[state]
        for arc in network.leaving[state]:
            through = min(width, flows[id(arc)])
            if through and (arc.head not in best or through > best[arc.head][0]):
                best[arc.head] = (through, [*path, arc])
    return best[end][1]

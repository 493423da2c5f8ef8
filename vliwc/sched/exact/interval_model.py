"""The interval model of a scheduling problem for CP-SAT.

Every operation has a start and a last cycle.  Where it can run on several engines a literal says
on which; a split execution has one interval per lane, in ascending order.  Engines, renewable
resources and scratch are cumulatives; scratch holds a result from its first write to its last
read.  Two things beside the bare rules make proofs short: cumulatives over several engines at
once (an operation costs at least its cheapest form, wherever it runs), and an order of
interchangeable groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise

from ortools.sat.python import cp_model

from vliwc.sched.problem.dense import FLOW, N_ENGINES, VALU
from vliwc.sched.problem.schedule import Timing
from vliwc.sched.problem.view import View, only_engine
from vliwc.sched.relaxations.solvers import enforce
from vliwc.sched.relaxations.symmetry import interchangeable

JOINT_LOAD = 0.5
"""Engines are looked at together if their joint work takes this part of the horizon at least."""


@dataclass
class _Cumulative:
    intervals: list[cp_model.IntervalVar] = field(default_factory=list[cp_model.IntervalVar])
    demands: list[int] = field(default_factory=list[int])

    def add(self, interval: cp_model.IntervalVar, demand: int) -> None:
        self.intervals.append(interval)
        self.demands.append(demand)


class IntervalModel:
    """The model with at most ``horizon`` cycles; ``words`` limits scratch unless it is None.

    ``packed``: results have addresses, too, so that they fit one beside the other, and not only by
    the sum of their words.
    """

    def __init__(
        self, view: View, lower: int, horizon: int, words: int | None, *, packed: bool = False
    ) -> None:
        self.view = view
        self.model = cp_model.CpModel()
        self.horizon = horizon
        self.scanned = 0  # intervals in all cumulatives: what propagators look at again and again
        self.cycles = self.model.new_int_var(min(lower, horizon), horizon, "cycles")
        self.lanes: list[list[cp_model.IntVar]] = []
        self.literals: list[dict[int, cp_model.IntVar]] = []
        self.slots = [_Cumulative() for _ in range(N_ENGINES)]
        self.last: list[cp_model.LinearExprT] = []
        for op in range(len(view)):
            self._operation(op)
        for source, target, latency in view.dependences:
            self.model.add(self.start(target) >= self.last[source] + latency)
        for engine, use in enumerate(self.slots):
            self._limit(use, view.capacity[engine])
        self._joint_engines()
        self._resources()
        if words is not None:
            self._scratch(words, packed)
        self.chains = interchangeable(view)
        for chain in self.chains:
            for first, second in pairwise(chain):
                self.model.add(self.start(first[0]) <= self.start(second[0]))
        self.model.minimize(self.cycles)

    def start(self, op: int) -> cp_model.IntVar:
        """The first cycle of an operation."""
        return self.lanes[op][0]

    def hint(self, timing: Timing) -> None:
        """Suggest a schedule, with interchangeable groups renumbered as the model orders them."""
        source = list(range(len(self.view)))
        for chain in self.chains:
            ordered = sorted(chain, key=lambda own: timing.cycles[own[0]][0])
            for own, taken in zip(chain, ordered, strict=True):
                for op, other in zip(own, taken, strict=True):
                    source[op] = other
        for op, other in enumerate(source):
            given = timing.cycles[other]
            for k, lane in enumerate(self.lanes[op]):
                self.model.add_hint(lane, given[k] if len(given) > 1 else given[0])
            for engine, literal in self.literals[op].items():
                self.model.add_hint(literal, engine == timing.engine[other])

    def timing(self, solver: cp_model.CpSolver) -> Timing:
        """The schedule that the solver found."""
        cycles: list[list[int]] = []
        engines: list[int] = []
        for op, lanes in enumerate(self.lanes):
            taken = [e for e, literal in self.literals[op].items() if solver.value(literal)]
            view = self.view
            engine = (
                taken[0]
                if taken
                else only_engine(view.vector_engines[op], view.scalarised_engine[op])
            )
            engines.append(engine)
            at = [solver.value(lane) for lane in lanes]
            cycles.append(at if engine == view.scalarised_engine[op] else at[:1])
        return Timing(cycles, engines)

    def _operation(self, op: int) -> None:
        view, model = self.view, self.model
        first, final = view.heads[op], self.horizon - 1 - view.tails[op]
        # A milestone's last cycle is the one before its start.
        latest = max(final - view.span[op] + 1, first - 1)
        if latest < first:
            # No room at all: the horizon is too short, and the model says so.
            model.add_bool_or([])
            latest = first
        start = model.new_int_var(first, latest, "")
        split = view.scalarised_engine[op]
        lanes = [start]
        if split >= 0:
            lanes += [
                model.new_int_var(first, max(final, first), "") for _ in range(view.lanes[op] - 1)
            ]
        self.lanes.append(lanes)
        options = view.vector_engines[op] if split < 0 else (*view.vector_engines[op], split)
        literals: dict[int, cp_model.IntVar] = {}
        if len(options) > 1:
            literals = {engine: model.new_bool_var("") for engine in options}
            model.add_exactly_one(literals.values())
        self.literals.append(literals)
        for engine in view.vector_engines[op]:
            self.slots[engine].add(self._slot(start, literals.get(engine)), 1)
        self.last.append(lanes[-1] if split >= 0 else start + view.duration[op] - 1)
        if split >= 0:
            self._split(op, lanes, literals.get(split))
        model.add(self.cycles >= self.last[op] + 1 + view.tails[op])

    def _slot(self, at: cp_model.IntVar, literal: cp_model.IntVar | None) -> cp_model.IntervalVar:
        if literal is None:
            return self.model.new_fixed_size_interval_var(at, 1, "")
        return self.model.new_optional_fixed_size_interval_var(at, 1, literal, "")

    def _split(
        self, op: int, lanes: list[cp_model.IntVar], literal: cp_model.IntVar | None
    ) -> None:
        view, model = self.view, self.model
        per_cycle = 1 if view.serial[op] else view.capacity[view.scalarised_engine[op]]
        for lane, after in pairwise(lanes):
            model.add(after >= lane)
        for lane, later in zip(lanes, lanes[per_cycle:], strict=False):
            bound = model.add(later >= lane + 1)
            if literal is not None:
                enforce(bound, literal)
        if literal is not None:
            enforce(model.add(lanes[-1] == lanes[0]), ~literal)
        for lane in lanes:
            self.slots[view.scalarised_engine[op]].add(self._slot(lane, literal), 1)

    def _limit(self, use: _Cumulative, capacity: int) -> None:
        self.scanned += len(use.intervals)
        if use.intervals:
            self.model.add_cumulative(use.intervals, use.demands, capacity)

    def _joint_engines(self) -> None:
        """Cumulatives of several engines: each operation at the price of its cheapest form."""
        view = self.view
        vector = max([view.lanes[op] for op in range(len(view)) if view.is_mixed[op]], default=1)
        prices = [1] * N_ENGINES
        prices[VALU] = vector
        if any(FLOW in view.vector_engines[op] and view.is_mixed[op] for op in range(len(view))):
            prices[FLOW] = vector
        forms = [
            frozenset((*whole, split)) - {-1}
            for whole, split in zip(view.vector_engines, view.scalarised_engine, strict=True)
        ]
        choices = {own for own in forms if len(own) > 1}
        for size in range(2, N_ENGINES + 1):
            for engines in combinations(range(N_ENGINES), size):
                if not any(own <= set(engines) for own in choices):
                    continue
                use = _Cumulative()
                for op, own in enumerate(forms):
                    if own and own <= set(engines):
                        self._add_cheapest(op, prices, use)
                capacity = sum(prices[e] * view.capacity[e] for e in engines)
                work = sum(use.demands)
                if work >= JOINT_LOAD * capacity * self.horizon:
                    self._limit(use, capacity)

    def _add_cheapest(self, op: int, prices: Sequence[int], use: _Cumulative) -> None:
        view, lanes = self.view, self.lanes[op]
        costs = [prices[e] for e in view.vector_engines[op]]
        if view.scalarised_engine[op] >= 0:
            costs.append(prices[view.scalarised_engine[op]] * view.lanes[op])
        cost = min(costs)
        # Lanes may spread over cycles; the price is spread with them.
        each = cost // len(lanes)
        if each == 0:
            use.add(self._slot(lanes[0], None), cost)
            return
        for lane in lanes:
            use.add(self._slot(lane, None), each)

    def _resources(self) -> None:
        view = self.view
        renewable = view.problem.renewable
        if renewable is None:
            return
        tasks = [
            self.model.new_fixed_size_interval_var(self.start(op), view.duration[op], "")
            for op in range(len(view))
        ]
        for number in range(len(renewable.names)):
            use = _Cumulative()
            for op, interval in enumerate(tasks):
                if view.demand[op][number] and view.duration[op]:
                    use.add(interval, view.demand[op][number])
            self._limit(use, int(renewable.capacity[number]))

    def _scratch(self, words: int, packed: bool) -> None:
        view, model = self.view, self.model
        use = _Cumulative()
        rows: list[cp_model.IntervalVar] = []
        for op, width in enumerate(view.width):
            if not width:
                continue
            zero = view.is_zero[op]
            stop = model.new_int_var(0, self.horizon, "")
            size = model.new_int_var(1, self.horizon + 1, "")
            if not zero:
                model.add(stop >= self.last[op] + 1)
            for reader in view.readers[op]:
                model.add(stop >= self.last[reader])
            start = -1 if zero else self.start(op)
            use.add(model.new_interval_var(start, size, stop, ""), width)
            if packed:
                address = model.new_int_var(0, words - width, "")
                rows.append(model.new_fixed_size_interval_var(address, width, ""))
        self._limit(use, words)
        if packed:
            model.add_no_overlap_2d(use.intervals, rows)

"""The interval model of a scheduling problem for CP-SAT.

Every operation has a start and a last cycle.  Where it can run on several engines a literal says
on which; a scalarised form has one interval per lane, in ascending order.  Engines, renewable
resources and scratch are cumulatives; scratch holds a result from its first write to its last
read.  Two things beside the bare rules make proofs short: cumulatives over several engines at
once (an operation costs at least its cheapest form, wherever it runs), and an order of
interchangeable groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

from vliwc.sched.exact.executions import Cumulative, Execution, add_engines, add_lanes, slot
from vliwc.sched.exact.limits import MODELS
from vliwc.sched.problem.dense import FLOW, N_ENGINES, VALU
from vliwc.sched.problem.schedule import Timing
from vliwc.sched.problem.view import View
from vliwc.sched.relaxations.symmetry import interchangeable
from vliwc.solvers import cp_model


class IntervalModel:
    """The model with at most ``horizon`` cycles; ``words`` limits scratch unless it is None.

    ``packed``: results have addresses, too, so that they fit one beside the other, and not only by
    the sum of their words.  ``bare``: without what only makes proofs short.
    """

    def __init__(
        self,
        view: View,
        lower: int,
        horizon: int,
        words: int | None,
        *,
        packed: bool = False,
        bare: bool = False,
    ) -> None:
        self.view = view
        self.model = cp_model.CpModel()
        self.horizon = horizon
        self.scanned = 0  # intervals in all cumulatives: what propagators look at again and again
        self.cycles = self.model.new_int_var(min(lower, horizon), horizon, "cycles")
        self.executions: list[Execution] = []
        self.slots = [Cumulative() for _ in range(N_ENGINES)]
        self.last: list[cp_model.LinearExprT] = []
        for op in range(len(view)):
            self._operation(op)
        for source, target, latency in view.dependences:
            self.model.add(self.start(target) >= self.last[source] + latency)
        for engine, use in enumerate(self.slots):
            self._limit(use, view.capacity[engine])
        if not bare:
            self._joint_engines()
        self._resources()
        if words is not None:
            self._scratch(words, packed)
        self.chains = [] if bare else interchangeable(view)
        for chain in self.chains:
            for first, second in pairwise(chain):
                self.model.add(self.start(first[0]) <= self.start(second[0]))
        self.model.minimize(self.cycles)

    def start(self, op: int) -> cp_model.IntVar:
        """The first cycle of an operation."""
        return self.executions[op].lanes[0]

    def hint(self, timing: Timing) -> None:
        """Suggest a schedule, with interchangeable groups renumbered as the model orders them."""
        source = list(range(len(self.view)))
        for chain in self.chains:
            ordered = sorted(chain, key=lambda own: timing.cycles[own[0]][0])
            for own, taken in zip(chain, ordered, strict=True):
                for op, other in zip(own, taken, strict=True):
                    source[op] = other
        for execution, other in zip(self.executions, source, strict=True):
            execution.hint(self.model, timing.cycles[other], timing.engine[other])

    def timing(self, solver: cp_model.CpSolver) -> Timing:
        """The schedule that the solver found."""
        found = [execution.solution(self.view, solver) for execution in self.executions]
        return Timing([cycles for cycles, _ in found], [engine for _, engine in found])

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
        scalarised = view.scalarised_engine[op]
        lanes = [start]
        if scalarised >= 0:
            lanes += [
                model.new_int_var(first, max(final, first), "") for _ in range(view.lanes[op] - 1)
            ]
        execution = add_engines(model, view, op, lanes, self.slots)
        self.executions.append(execution)
        self.last.append(lanes[-1] if scalarised >= 0 else start + view.duration[op] - 1)
        if scalarised >= 0:
            add_lanes(model, view, execution, self.slots)
        model.add(self.cycles >= self.last[op] + 1 + view.tails[op])

    def _limit(self, use: Cumulative, capacity: int) -> None:
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
            frozenset((*vector, scalarised)) - {-1}
            for vector, scalarised in zip(view.vector_engines, view.scalarised_engine, strict=True)
        ]
        choices = {own for own in forms if len(own) > 1}
        for size in range(2, N_ENGINES + 1):
            for engines in combinations(range(N_ENGINES), size):
                if not any(own <= set(engines) for own in choices):
                    continue
                use = Cumulative()
                for op, own in enumerate(forms):
                    if own and own <= set(engines):
                        self._add_cheapest(op, prices, use)
                capacity = sum(prices[e] * view.capacity[e] for e in engines)
                work = sum(use.demands)
                if work >= MODELS.min_joint_load * capacity * self.horizon:
                    self._limit(use, capacity)

    def _add_cheapest(self, op: int, prices: Sequence[int], use: Cumulative) -> None:
        view, lanes = self.view, self.executions[op].lanes
        costs = [prices[e] for e in view.vector_engines[op]]
        if view.scalarised_engine[op] >= 0:
            costs.append(prices[view.scalarised_engine[op]] * view.lanes[op])
        cost = min(costs)
        # Lanes may spread over cycles; the price is spread with them.
        each = cost // len(lanes)
        if each == 0:
            use.add(slot(self.model, lanes[0], None), cost)
            return
        for lane in lanes:
            use.add(slot(self.model, lane, None), each)

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
            use = Cumulative()
            for op, interval in enumerate(tasks):
                if view.demand[op][number] and view.duration[op]:
                    use.add(interval, view.demand[op][number])
            self._limit(use, int(renewable.capacity[number]))

    def _scratch(self, words: int, packed: bool) -> None:
        view, model = self.view, self.model
        use = Cumulative()
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

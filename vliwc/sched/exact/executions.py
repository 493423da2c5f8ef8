"""One operation in a CP-SAT model: its lanes, the choice of its engine, and the slots it takes.

The interval model of a whole problem and the model of a window differ in when an operation may
execute; how it executes is the same in both, and stands here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from vliwc.sched.problem.view import View, only_engine
from vliwc.sched.relaxations.solvers import enforce
from vliwc.solvers import cp_model


@dataclass
class Cumulative:
    """Intervals that share a capacity, and what each takes of it."""

    intervals: list[cp_model.IntervalVar] = field(default_factory=list[cp_model.IntervalVar])
    demands: list[int] = field(default_factory=list[int])

    def add(self, interval: cp_model.IntervalVar, demand: int) -> None:
        self.intervals.append(interval)
        self.demands.append(demand)


@dataclass(frozen=True)
class Execution:
    """The variables of operation ``op``.

    ``lanes``: the cycle of each lane, ascending (one entry without a scalarised form);
    ``engines``: for each engine that it may execute on whether it does (empty: no choice).
    """

    op: int
    lanes: list[cp_model.IntVar]
    engines: dict[int, cp_model.IntVar]

    def hint(self, model: cp_model.CpModel, cycles: Sequence[int], engine: int) -> None:
        """Suggest cycles (one for all lanes, or one each) and an engine."""
        for k, lane in enumerate(self.lanes):
            model.add_hint(lane, cycles[k] if len(cycles) > 1 else cycles[0])
        for number, chosen in self.engines.items():
            model.add_hint(chosen, number == engine)

    def solution(self, view: View, solver: cp_model.CpSolver) -> tuple[list[int], int]:
        """The cycles (one in vector form, one a lane in scalarised form) and the engine."""
        taken = [engine for engine, chosen in self.engines.items() if solver.value(chosen)]
        scalarised = view.scalarised_engine[self.op]
        engine = taken[0] if taken else only_engine(view.vector_engines[self.op], scalarised)
        cycles = [solver.value(lane) for lane in self.lanes]
        return (cycles if engine == scalarised else cycles[:1]), engine


def slot(
    model: cp_model.CpModel, at: cp_model.LinearExprT, taken: cp_model.IntVar | None
) -> cp_model.IntervalVar:
    """One slot in cycle ``at``, if it is ``taken`` at all."""
    if taken is None:
        return model.new_fixed_size_interval_var(at, 1, "")
    return model.new_optional_fixed_size_interval_var(at, 1, taken, "")


def add_engines(
    model: cp_model.CpModel,
    view: View,
    op: int,
    lanes: list[cp_model.IntVar],
    slots: Sequence[Cumulative],
) -> Execution:
    """Choose the engine of an operation, and take a slot of it for each vector form."""
    scalarised = view.scalarised_engine[op]
    options = view.vector_engines[op] if scalarised < 0 else (*view.vector_engines[op], scalarised)
    engines: dict[int, cp_model.IntVar] = {}
    if len(options) > 1:
        engines = {engine: model.new_bool_var("") for engine in options}
        model.add_exactly_one(engines.values())
    for engine in view.vector_engines[op]:
        slots[engine].add(slot(model, lanes[0], engines.get(engine)), 1)
    return Execution(op, lanes, engines)


def add_lanes(
    model: cp_model.CpModel, view: View, execution: Execution, slots: Sequence[Cumulative]
) -> None:
    """The rows of a scalarised form: lanes ascend, no more of them a cycle than there are slots,
    and all in one cycle where the operation executes in vector form."""
    op, lanes = execution.op, execution.lanes
    engine = view.scalarised_engine[op]
    chosen = execution.engines.get(engine)
    per_cycle = 1 if view.serial[op] else view.capacity[engine]
    for lane, after in pairwise(lanes):
        model.add(after >= lane)
    for lane, later in zip(lanes, lanes[per_cycle:], strict=False):
        apart = model.add(later >= lane + 1)
        if chosen is not None:
            enforce(apart, chosen)
    if chosen is not None:
        enforce(model.add(lanes[-1] == lanes[0]), ~chosen)
    for lane in lanes:
        slots[engine].add(slot(model, lane, chosen), 1)

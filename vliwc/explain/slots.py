"""Every slot of a schedule: in which cycle, on which engine, for which operation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vliwc.backend.emit import chosen_form
from vliwc.driver import Compilation
from vliwc.mir.operation import MOp
from vliwc.sched.problem.dense import ENGINES, N_ENGINES

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SlotTable:
    """``cycle``, ``engine`` and ``operation`` (n,) of each slot; ``operations`` lists each
    operation with its group (-1: set-up, shared by all groups). Cycles are those of the program:
    cycles of the schedule without any slot are not emitted and not counted; ``schedule_cycle``
    (cycles,) says which of the schedule each one is. ``lane`` (n,) is the lane of the operation
    that the slot executes, -1 for all of them at once."""

    cycles: int
    cycle: Counts
    engine: Counts
    operation: Counts
    lane: Counts
    schedule_cycle: Counts
    operations: tuple[tuple[MOp, int], ...]

    def usage(self) -> Counts:
        """Used slots, shape (cycles, engines)."""
        used = np.zeros((self.cycles, N_ENGINES), dtype=np.int64)
        np.add.at(used, (self.cycle, self.engine), 1)
        return used

    def totals(self, chosen: NDArray[np.bool_] | None = None) -> dict[str, int]:
        """Slots per engine, of all or of the ``chosen`` (n,) slots."""
        engines = self.engine if chosen is None else self.engine[chosen]
        counts = np.bincount(engines, minlength=N_ENGINES)
        return {name: int(counts[e]) for e, name in enumerate(ENGINES)}


def slot_table(compilation: Compilation) -> SlotTable:
    """The slots of the program of a compilation."""
    generated = compilation.generated
    schedule, lane_ptr = generated.schedule, generated.problem.dense.lane_ptr.tolist()
    operations = tuple(generated.dag.operations())
    cycle: list[int] = []
    engine: list[int] = []
    operation: list[int] = []
    lane: list[int] = []
    lane_cycle: list[int] = schedule.lane_cycle.tolist()
    engines: list[int] = schedule.engine.tolist()
    for number, (op, _) in enumerate(operations):
        on = engines[number]
        if on >= N_ENGINES:
            continue
        at = lane_ptr[number]
        scalarised = chosen_form(op, ENGINES[on]).scalarised
        lanes = op.lanes if scalarised else 1
        cycle.extend(lane_cycle[at : at + lanes])
        engine.extend([on] * lanes)
        operation.extend([number] * lanes)
        lane.extend(range(lanes) if scalarised else [-1])
    busy, position = np.unique(np.array(cycle, dtype=np.int64), return_inverse=True)
    return SlotTable(
        len(busy),
        position.astype(np.int64),
        np.array(engine, dtype=np.int64),
        np.array(operation, dtype=np.int64),
        np.array(lane, dtype=np.int64),
        busy,
        operations,
    )

"""A schedule as a list of operations: what each is, when and where it runs, what it waits for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vliwc.backend.emit import chosen_form
from vliwc.driver import Compilation
from vliwc.explain.attribution import kind
from vliwc.explain.timing import Timing, timing
from vliwc.ir.text import print_value
from vliwc.mir.operation import sources
from vliwc.sched.problem.dense import ENGINES, N_ENGINES


@dataclass(frozen=True)
class ScheduledOperation:
    """An operation of the machine DAG in its schedule; cycles are those of the program.

    ``number`` is its place in the DAG; ``cycles`` has the cycle of each of its slots, one for all
    lanes at once or one a lane; ``engine`` is "" for what takes no slot.  ``group``: the lane group
    that it belongs to, -1 for set-up that groups share.  ``line`` (0: none) and ``value`` ("":
    none) are the source line and the lane IR that it was made for.  ``address`` is the first of the
    ``width`` scratch words of its result, -1 without one, which is last read in cycle ``until``.
    ``operands`` and ``waits_for`` are numbers of operations: those it reads, and the one that was
    done last before it could run, in cycle ``ready`` (-1: none).
    """

    number: int
    name: str
    opcode: str
    engine: str
    cycles: tuple[int, ...]
    group: int
    line: int
    value: str
    purpose: str
    address: int
    width: int
    until: int
    operands: tuple[int, ...]
    ready: int
    waits_for: int

    @property
    def cycle(self) -> int:
        """The cycle of the first slot."""
        return self.cycles[0] if self.cycles else 0

    def __str__(self) -> str:
        where = f"{self.engine} " if self.engine else ""
        group = f", group {self.group}" if self.group >= 0 else ""
        words = f":{self.width}" if self.width > 1 else ""
        place = f" -> {self.address}{words}" if self.width else ""
        return f"{self.cycle}: {where}{self.opcode} ({self.name}{group}){place}"


def scheduled_operations(
    compilation: Compilation, times: Timing | None = None
) -> tuple[ScheduledOperation, ...]:
    """All operations of a compilation, by number."""
    generated = compilation.generated
    dag, problem, schedule = generated.dag, generated.problem, generated.schedule
    times = times or timing(problem, schedule)
    # Cycles of the schedule without any slot are none of the program.
    executed = np.repeat(schedule.engine < N_ENGINES, np.diff(problem.dense.lane_ptr))
    busy = np.unique(schedule.lane_cycle[executed])

    def of_program(cycles: NDArray[np.int64] | NDArray[np.int32]) -> list[int]:
        return np.searchsorted(busy, cycles).tolist()

    engine: list[int] = schedule.engine.tolist()
    cycle, until, ready = map(of_program, (schedule.lane_cycle, times.until, times.ready))
    at: list[int] = problem.dense.lane_ptr.tolist()
    address: list[int] = schedule.address.tolist()
    found: list[ScheduledOperation] = []
    for number, (op, group) in enumerate(dag.operations()):
        name, opcode, cycles = "", "", ()
        if engine[number] < N_ENGINES:
            name = ENGINES[engine[number]]
            form = chosen_form(op, name)
            opcode = form.opcode
            slots = op.lanes if form.scalarised else 1
            cycles = tuple(cycle[at[number] : at[number] + slots])
        origin = op.origin
        span = None if origin is None else origin.span
        found.append(
            ScheduledOperation(
                number=number,
                name=op.name,
                opcode=opcode,
                engine=name,
                cycles=cycles,
                group=group,
                line=0 if span is None else span.start_line,
                value="" if origin is None else print_value(origin).strip(),
                purpose=kind(op, group),
                address=address[number],
                width=op.width,
                until=until[number],
                operands=tuple(
                    dict.fromkeys(
                        dag.number(source, group)
                        for source in sources(op)
                        if not dag.is_before(source, group)
                    )
                ),
                ready=ready[number],
                waits_for=int(times.waits_for[number]),
            )
        )
    return tuple(found)

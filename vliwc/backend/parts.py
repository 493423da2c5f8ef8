"""The parts of a program: straight code, one piece after the other, some of it several times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vliwc.mir.dag import MachineDag
from vliwc.mir.operation import MOp
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Schedule


@dataclass(frozen=True, eq=False)
class Part:
    """A machine DAG with its problem and schedule, executed ``trips`` times in a row.

    ``count``: of a machine loop, the operation whose word is the number of trips to go; each trip
    lowers it, and goes on while it is not zero.  ``skip``: the operation whose word, where it is
    not zero, lets the program jump over the ``over`` parts that follow.  ``halts``: the program
    ends with this part.
    """

    name: str
    dag: MachineDag
    problem: ScheduleProblem
    schedule: Schedule
    trips: int = 1
    count: MOp | None = None
    skip: MOp | None = None
    over: int = 1
    halts: bool = False

    @property
    def fixed_words(self) -> int:
        """Scratch words whose places are fixed, from the end of what the scheduler has."""
        ends = [address + op.width for op, address in self.dag.fixed.items()]
        return max(ends) - self.dag.machine.scratch_words if ends else 0


def bound_reason(parts: Sequence[Part]) -> str:
    """Why no schedule of the operations of the parts takes fewer cycles."""
    if len(parts) == 1:
        return parts[0].schedule.bound_reason
    return "; ".join(
        f"{part.name}{f' x {part.trips}' if part.trips > 1 else ''}: "
        f"{part.schedule.lower_bound}, {part.schedule.bound_reason}"
        for part in parts
        if part.trips and part.schedule.lower_bound
    )

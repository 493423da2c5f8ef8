"""The parts of a program: straight code, one piece after the other, some of it several times."""

from __future__ import annotations

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
    not zero, lets the program jump over the part that follows.
    """

    name: str
    dag: MachineDag
    problem: ScheduleProblem
    schedule: Schedule
    trips: int = 1
    count: MOp | None = None
    skip: MOp | None = None

    @property
    def fixed_words(self) -> int:
        """Scratch words whose places are fixed, from the end of what the scheduler has."""
        ends = [address + op.width for op, address in self.dag.fixed.items()]
        return max(ends) - self.dag.machine.scratch_words if ends else 0

"""What a scheduler is.

Anything with a ``name`` and a method ``schedule`` is a scheduler; there is nothing to inherit from.
:mod:`vliwc.sched.registry` finds schedulers by name, those of other packages included.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Schedule


@runtime_checkable
class Scheduler(Protocol):
    """Makes schedules of problems; equal arguments give equal schedules."""

    @property
    def name(self) -> str:
        """The name under which users ask for it."""
        ...

    def schedule(
        self, problem: ScheduleProblem, budget: int | None = None, hint: Schedule | None = None
    ) -> Schedule:
        """A schedule of ``problem`` that :func:`vliwc.sched.check.check_schedule` accepts.

        ``budget`` limits the effort in steps that do not depend on the computer's speed (each
        scheduler says what a step is); ``None`` leaves it to the scheduler.  ``hint`` is a valid
        schedule of the same problem to start from; a scheduler that uses hints never returns a
        worse one, the others ignore it.

        Raises :class:`vliwc.sched.problem.schedule.OutOfScratch` if it finds no schedule whose
        results fit into scratch, and :class:`Infeasible` if it has proved that there is none.
        """
        ...

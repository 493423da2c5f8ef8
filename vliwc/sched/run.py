"""Running any scheduler on any problem: those that know no modes get the modes chosen for them.

A scheduler with an attribute ``takes_modes`` that is true chooses modes itself; one without a true
``takes_lags`` finds no schedule where there are time lags.
"""

from __future__ import annotations

from dataclasses import replace

from vliwc.sched.problem.modes import with_modes
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.projects.mode_choice import choose_modes, in_modes
from vliwc.sched.protocol import Scheduler


def run_scheduler(
    scheduler: Scheduler,
    problem: ScheduleProblem,
    budget: int | None = None,
    hint: Schedule | None = None,
) -> Schedule:
    """What the scheduler makes of the problem, as :meth:`Scheduler.schedule` says.

    Where the problem has modes and the scheduler does not know them, it gets the project in which
    the modes are those of the hint, or of :func:`vliwc.sched.projects.mode_choice.choose_modes`;
    the bound is then that of this module's caller, over all modes.

    Raises :class:`OutOfScratch` where the problem has time lags that the scheduler does not know.
    """
    if problem.lags is not None and not getattr(scheduler, "takes_lags", False):
        raise OutOfScratch(f"{scheduler.name} knows no time lags; cpsat and ortools-plain do")
    if problem.modes is None or getattr(scheduler, "takes_modes", False):
        return scheduler.schedule(problem, budget, hint)
    given = hint.mode if hint is not None else None
    choice = choose_modes(problem) if given is None else given.tolist()
    inside = None if hint is None else replace(hint, mode=None)
    made = scheduler.schedule(with_modes(problem, choice), budget, inside)
    return in_modes(problem, made, choice)

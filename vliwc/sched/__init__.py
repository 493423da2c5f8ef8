"""Scheduling, usable without the compiler: problems, schedules, and what a plug-in needs.

The names below are the plug-in API.  They are loaded when they are first used, so that importing
one part of this package loads neither solvers nor compiled loops of the others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vliwc.sched.anytime import Event, watch
    from vliwc.sched.check import ScheduleError, check_schedule, violations
    from vliwc.sched.greedy.priorities import schedule_in_order
    from vliwc.sched.greedy.sgs import best_project_schedule
    from vliwc.sched.problem.bounds import Bound, lower_bound
    from vliwc.sched.problem.problem import ScheduleProblem
    from vliwc.sched.problem.schedule import Infeasible, OutOfScratch, Schedule
    from vliwc.sched.problem.view import View
    from vliwc.sched.protocol import Scheduler
    from vliwc.sched.registry import make_scheduler, schedulers
    from vliwc.sched.run import run_scheduler

__all__ = [
    "Bound",
    "Event",
    "Infeasible",
    "OutOfScratch",
    "Schedule",
    "ScheduleError",
    "ScheduleProblem",
    "Scheduler",
    "View",
    "best_project_schedule",
    "check_schedule",
    "lower_bound",
    "make_scheduler",
    "run_scheduler",
    "schedule_in_order",
    "schedulers",
    "violations",
    "watch",
]

_HOMES = {
    "Bound": "problem.bounds",
    "Event": "anytime",
    "Infeasible": "problem.schedule",
    "OutOfScratch": "problem.schedule",
    "Schedule": "problem.schedule",
    "ScheduleError": "check",
    "ScheduleProblem": "problem.problem",
    "Scheduler": "protocol",
    "View": "problem.view",
    "best_project_schedule": "greedy.sgs",
    "check_schedule": "check",
    "lower_bound": "problem.bounds",
    "make_scheduler": "registry",
    "run_scheduler": "run",
    "schedule_in_order": "greedy.priorities",
    "schedulers": "registry",
    "violations": "check",
    "watch": "anytime",
}
"""The module that defines each name."""


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)

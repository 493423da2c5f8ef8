"""Schedulers other than ``list`` take the machine DAG chosen with the list scheduler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from vliwc.backend.candidates import Generated
from vliwc.options import Options
from vliwc.sched.registry import make_scheduler, require_valid

LIST = "list"
"""The scheduler that the choice of strategies already uses."""


def rescheduled(
    generated: Generated, options: Options, progress: Callable[[str, float | None], None]
) -> Generated:
    """The DAG under the schedule of the scheduler that the options name.

    It gets the list schedule as a hint.  Raises :class:`vliwc.sched.registry.SchedulerError` if
    there is no such scheduler or that of another package returns a schedule that breaks a rule
    (:class:`vliwc.diagnostics.InternalError` if a built-in one does), and
    :class:`vliwc.sched.problem.schedule.OutOfScratch` if it finds none.
    """
    if options.scheduler == LIST:
        return generated
    progress(options.scheduler, None)
    scheduler = make_scheduler(options.scheduler, options.seed)
    schedule = scheduler.schedule(generated.problem, options.budget, generated.schedule)
    require_valid(generated.problem, schedule, options.scheduler)
    return replace(generated, schedule=schedule)

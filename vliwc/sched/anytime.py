"""Schedules and bounds as they come: watching a scheduler, and ending it early.

A scheduler that takes long tells whoever watches of each shorter schedule and better bound by
:func:`report`, and asks :func:`expired` whether it is to end; both do nothing if nobody watches.
What is watched is a matter of the thread (a context variable), not an argument, so the protocol of
schedulers stays as it is, and a scheduler that knows nothing of this works as well.

    with watch(print) as run:
        scheduler.schedule(problem)

Ending early is for people: a run that was ended by the clock or by hand cannot be repeated.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol

from vliwc.sched.problem.schedule import Schedule


@dataclass(frozen=True)
class Event:
    """A shorter schedule, or a better bound.

    ``effort`` spent so far, in the scheduler's steps; ``schedule`` the best so far, None without
    one; ``lower_bound`` proved so far; ``claimed_bound`` what a solver claims beyond it (else the
    same); ``source``: what found it.
    """

    effort: float
    schedule: Schedule | None
    lower_bound: int
    claimed_bound: int
    source: str

    @property
    def cycles(self) -> int | None:
        """Of the best schedule."""
        return None if self.schedule is None else self.schedule.cycles


class Stoppable(Protocol):
    """A solver that another thread may end."""

    def stop_search(self) -> None: ...


@dataclass
class Run:
    """What is watched: the best that was reported, and when it has to end.

    ``deadline`` in seconds of the monotonic clock; ``stopped`` by hand.
    """

    callback: Callable[[Event], None] | None
    deadline: float | None
    started: float
    best: Event | None = None
    stopped: bool = False
    solvers: list[Stoppable] = field(default_factory=list[Stoppable])

    def stop(self) -> None:
        """End the scheduler as soon as it can; from any thread."""
        self.stopped = True
        for solver in list(self.solvers):
            solver.stop_search()


_RUN: ContextVar[Run | None] = ContextVar("vliwc_run", default=None)
_MUTED: ContextVar[bool] = ContextVar("vliwc_muted", default=False)

SEARCHING = 0.75
"""Part of the seconds after which a search ends; the rest is for confirming what it claims."""


@contextmanager
def watch(
    callback: Callable[[Event], None] | None = None, seconds: float | None = None
) -> Generator[Run, None, None]:
    """Watch the schedulers that this thread runs; they are to end after ``seconds``."""
    now = time.monotonic()
    run = Run(callback, None if seconds is None else now + seconds, now)
    token = _RUN.set(run)
    try:
        yield run
    finally:
        _RUN.reset(token)


@contextmanager
def muted() -> Generator[None, None, None]:
    """Hide the reports of a scheduler that another one runs: their steps differ."""
    token = _MUTED.set(True)
    try:
        yield
    finally:
        _MUTED.reset(token)


def report(
    effort: float,
    schedule: Schedule | None,
    lower_bound: int,
    source: str,
    *,
    claimed: int | None = None,
) -> None:
    """Tell whoever watches, if the schedule is shorter or a bound better than what was told."""
    run = _RUN.get()
    if run is None or _MUTED.get():
        return
    event = Event(effort, schedule, lower_bound, max(claimed or 0, lower_bound), source)
    last = run.best
    if last is not None:
        kept = last.schedule
        if schedule is not None and (kept is None or schedule.cycles < kept.cycles):
            kept = schedule
        bound = max(event.lower_bound, last.lower_bound)
        claims = max(event.claimed_bound, bound)
        known = kept is last.schedule and bound == last.lower_bound
        if known and claims == last.claimed_bound:
            return
        event = Event(effort, kept, bound, claims, source)
    run.best = event
    if run.callback is not None:
        run.callback(event)


def expired(part: float = 1.0) -> bool:
    """Whether a scheduler is to end now; ``part`` of the seconds count."""
    run = _RUN.get()
    if run is None:
        return False
    if run.deadline is None:
        return run.stopped
    return run.stopped or time.monotonic() >= run.started + part * (run.deadline - run.started)


def remaining() -> float | None:
    """Seconds that are left, at least a hundredth; None where the clock does not count."""
    run = _RUN.get()
    if run is None or run.deadline is None:
        return None
    return max(run.deadline - time.monotonic(), 0.01)


@contextmanager
def stoppable(solver: Stoppable) -> Generator[None, None, None]:
    """Let :meth:`Run.stop` end a solver that runs inside."""
    run = _RUN.get()
    if run is None:
        yield
        return
    run.solvers.append(solver)
    try:
        yield
    finally:
        run.solvers.remove(solver)

"""Schedulers by name: the built-in ones and those of other packages.

A package adds schedulers by entry points of the group ``vliwc.schedulers``; see
``examples/scheduler_plugin``.  An entry point names a callable that takes a seed and returns a
:class:`vliwc.sched.protocol.Scheduler`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from vliwc.options import OptionsError
from vliwc.sched.check import violations
from vliwc.sched.greedy.backward import BackwardScheduler
from vliwc.sched.greedy.list import AnyListScheduler
from vliwc.sched.greedy.priorities import PRIORITIES, Combination, PriorityScheduler
from vliwc.sched.greedy.random import RandomScheduler
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Schedule
from vliwc.sched.protocol import Scheduler

GROUP = "vliwc.schedulers"
"""The entry-point group of schedulers."""

Factory = Callable[[int], Scheduler]
"""Makes a scheduler from a seed."""


class SchedulerError(OptionsError):
    """There is no such scheduler, or a package's scheduler cannot be loaded."""


@dataclass(frozen=True)
class Entry:
    """A scheduler that users can ask for: its name, one line about it, where it comes from."""

    name: str
    summary: str
    origin: str
    make: Factory


def _cpsat(seed: int) -> Scheduler:
    from vliwc.sched.exact.cpsat import CpSatScheduler

    return CpSatScheduler(seed=seed)


def _lns(seed: int) -> Scheduler:
    from vliwc.sched.exact.lns import LnsScheduler

    return LnsScheduler(seed=seed)


def _ilp(seed: int) -> Scheduler:
    from vliwc.sched.exact.ilp import IlpScheduler

    return IlpScheduler(seed=seed)


def _builtin() -> list[Entry]:
    return [
        Entry("list", "staggered list scheduling, several settings", "vliwc", AnyListScheduler),
        Entry("backward", "from the results to the inputs", "vliwc", lambda _: BackwardScheduler()),
        Entry("cpsat", "constraint programming; proves optimality", "vliwc", _cpsat),
        Entry("cpsat-lns", "windows of a schedule re-optimised by CP-SAT", "vliwc", _lns),
        Entry("ilp", "time-indexed integer program", "vliwc", _ilp),
        Entry("random", "random priorities, the baseline", "vliwc", RandomScheduler),
    ]


def schedulers() -> dict[str, Entry]:
    """All schedulers by name; built-in ones cannot be replaced."""
    found = {entry.name: entry for entry in _builtin()}
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        if point.name in found:
            origin = found[point.name].origin
            raise SchedulerError(
                f"scheduler {point.name!r} of {_origin(point)}: {origin} has one of that name"
            )
        found[point.name] = Entry(point.name, point.value, _origin(point), _Loader(point))
    return found


def names() -> list[str]:
    """The names of all schedulers, those of ``list:PRIORITY`` included."""
    return [*schedulers(), *(f"list:{priority}" for priority in PRIORITIES)]


def make_scheduler(name: str, seed: int = 0) -> Scheduler:
    """The scheduler called ``name``.

    Raises :class:`SchedulerError` for a name that is not there, with the names that are; or where
    the package that offers it cannot be loaded.
    """
    kind, colon, priority = name.partition(":")
    if colon and kind == "list":
        return PriorityScheduler(Combination.parse(priority), name)
    found = schedulers().get(name)
    if found is None:
        raise SchedulerError(f"no scheduler is called {name!r}; there are {', '.join(names())}")
    return found.make(seed)


def require_valid(problem: ScheduleProblem, schedule: Schedule, name: str) -> None:
    """Raise :class:`SchedulerError` if what the scheduler called ``name`` made breaks a rule."""
    broken = violations(problem, schedule)
    if broken:
        raise SchedulerError(
            f"scheduler {name!r} returned a schedule that breaks {len(broken)} rules, the first: "
            f"{broken[0].rule}: {broken[0].message}"
        )


def _origin(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.value


@dataclass(frozen=True)
class _Loader:
    point: EntryPoint

    def __call__(self, seed: int) -> Scheduler:
        where = f"scheduler {self.point.name!r} of {_origin(self.point)}"
        try:
            made = self.point.load()(seed)
        except Exception as error:
            raise SchedulerError(f"{where}: {type(error).__name__}: {error}") from error
        if not isinstance(made, Scheduler):
            raise SchedulerError(
                f"{where}: {self.point.value} made a {type(made).__name__}, which has no name and "
                "method schedule"
            )
        return made

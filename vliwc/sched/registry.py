"""Schedulers by name: the built-in ones and those of other packages.

A package adds schedulers by entry points of the group ``vliwc.schedulers``; see
``examples/scheduler_plugin``.  An entry point names a callable that takes a seed and returns a
:class:`vliwc.sched.protocol.Scheduler`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from vliwc.diagnostics import InternalError
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

BUILT_IN = "vliwc"
"""The origin of schedulers that come with vliwc."""

PRIORITY_PREFIX = "list:"
"""What the names of schedulers by a priority begin with."""

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


@dataclass(frozen=True)
class Refusal:
    """A scheduler of another package that nobody can ask for: its name, the package, and why."""

    name: str
    origin: str
    reason: str


def _cpsat(seed: int) -> Scheduler:
    from vliwc.sched.exact.cpsat import CpSatScheduler

    return CpSatScheduler(seed=seed)


def _plain(seed: int) -> Scheduler:
    from vliwc.sched.exact.plain import PlainScheduler

    return PlainScheduler(seed=seed)


def _lns(seed: int) -> Scheduler:
    from vliwc.sched.exact.lns import LnsScheduler

    return LnsScheduler(seed=seed)


def _ilp(seed: int) -> Scheduler:
    from vliwc.sched.exact.ilp import IlpScheduler

    return IlpScheduler(seed=seed)


def _builtin() -> list[Entry]:
    return [
        Entry("list", "list scheduling, several orders of each kind", BUILT_IN, AnyListScheduler),
        Entry(
            "backward", "from the results to the inputs", BUILT_IN, lambda _: BackwardScheduler()
        ),
        Entry("cpsat", "constraint programming; proves optimality", BUILT_IN, _cpsat),
        Entry("cpsat-lns", "windows of a schedule re-optimised by CP-SAT", BUILT_IN, _lns),
        Entry("ortools-plain", "CP-SAT on a bare interval model, a baseline", BUILT_IN, _plain),
        Entry("ilp", "time-indexed integer program", BUILT_IN, _ilp),
        Entry("random", "random priorities, the baseline", BUILT_IN, RandomScheduler),
    ]


def schedulers() -> dict[str, Entry]:
    """All schedulers that can be asked for, by name; ``refusals`` has the others."""
    return _registered()[0]


def refusals() -> list[Refusal]:
    """Schedulers of other packages under a name that is taken: built-in ones cannot be replaced,
    and of several packages the first by entry point keeps the name."""
    return _registered()[1]


def _registered() -> tuple[dict[str, Entry], list[Refusal]]:
    found = {entry.name: entry for entry in _builtin()}
    refused: list[Refusal] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        origin = _origin(point)
        if point.name in found:
            reason = f"{found[point.name].origin} has a scheduler of that name"
            refused.append(Refusal(point.name, origin, reason))
        elif point.name.startswith(PRIORITY_PREFIX):
            reason = f"names that begin with {PRIORITY_PREFIX} stand for priorities"
            refused.append(Refusal(point.name, origin, reason))
        else:
            found[point.name] = Entry(point.name, point.value, origin, _Loader(point))
    return found, refused


def names() -> list[str]:
    """The names of all schedulers, those of ``list:PRIORITY`` included."""
    return [*schedulers(), *(f"{PRIORITY_PREFIX}{priority}" for priority in PRIORITIES)]


def make_scheduler(name: str, seed: int = 0) -> Scheduler:
    """The scheduler called ``name``.

    Raises :class:`SchedulerError` for a name that is not there, with the names that are; or where
    the package that offers it cannot be loaded.
    """
    if name.startswith(PRIORITY_PREFIX):
        return PriorityScheduler(Combination.parse(name.removeprefix(PRIORITY_PREFIX)), name)
    found = schedulers().get(name)
    if found is None:
        raise SchedulerError(f"no scheduler is called {name!r}; there are {', '.join(names())}")
    return found.make(seed)


def require_valid(problem: ScheduleProblem, schedule: Schedule, name: str) -> None:
    """Refuse a schedule of the scheduler called ``name`` that breaks a rule.

    Raises :class:`SchedulerError` for a scheduler of another package, and
    :class:`vliwc.diagnostics.InternalError` for a built-in one, whose mistakes are ours.
    """
    broken = violations(problem, schedule)
    if not broken:
        return
    entry = schedulers().get(name)
    built_in = name.startswith(PRIORITY_PREFIX) or (entry is not None and entry.origin == BUILT_IN)
    of_package = f" of {entry.origin}" if entry is not None and not built_in else ""
    message = (
        f"scheduler {name!r}{of_package} returned a schedule that breaks {len(broken)} rules, the "
        f"first: {broken[0].rule}: {broken[0].message}"
    )
    raise InternalError(message) if built_in else SchedulerError(message)


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

"""Jobs: one scheduler on one instance, and the row of figures that comes out.

Jobs and rows are plain data, so that they go to other processes and machines.  A job is identified
by its key; equal keys have equal figures, apart from seconds.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol, cast

import numpy as np

from vliwc.lab.instances.instance import Instance, unpack
from vliwc.lab.runs.provenance import code_of, machine_name
from vliwc.options import OptionsError
from vliwc.sched.check import violations
from vliwc.sched.problem.bounds import Bound, lower_bound
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Infeasible, OutOfScratch, Schedule
from vliwc.sched.registry import make_scheduler
from vliwc.sched.run import run_scheduler

Statistics = dict[str, float | int | str]


class CodeMismatch(OptionsError):
    """A job came to a process that has other code than the job's figures are to be of."""


class Work(Protocol):
    """What sweeps run: :class:`Job`, or :class:`vliwc.lab.runs.compile_job.CompileJob`.

    A frozen dataclass with (at least) these fields.  ``packed`` is its bulk, named by ``digest``;
    back ends send it apart and only once.
    """

    @property
    def instance(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def optimum(self) -> int | None: ...
    @property
    def digest(self) -> str: ...
    @property
    def scheduler(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def code(self) -> str: ...
    @property
    def packed(self) -> bytes: ...
    @property
    def key(self) -> str:
        """What identifies the figures: 32 hexadecimal digits."""
        ...

    def run(self) -> Row:
        """The figures.  Raises :class:`CodeMismatch` if this process has other code."""
        ...

    def failed(self, error: str) -> Row:
        """The row of work that could not be done at all."""
        ...


@dataclass(frozen=True)
class Job:
    """Schedule the instance ``digest`` with ``scheduler``; ``budget`` as in its protocol.

    ``packed`` is the problem (:attr:`vliwc.lab.instances.instance.Instance.packed`); empty where it
    is sent apart.  ``code`` is the version of the code that the figures are of, the scheduler's
    package included.
    """

    instance: str
    family: str
    digest: str
    operations: int
    scheduler: str
    seed: int
    budget: int | None
    code: str
    optimum: int | None = None
    packed: bytes = field(default=b"", repr=False)

    @staticmethod
    def of(instance: Instance, scheduler: str, seed: int, budget: int | None = None) -> Job:
        """A job on an instance, by the code of this process."""
        return Job(
            instance=instance.name,
            family=instance.family,
            digest=instance.digest,
            operations=len(instance),
            scheduler=scheduler,
            seed=seed,
            budget=budget,
            code=code_of(scheduler),
            optimum=instance.optimum,
            packed=instance.packed,
        )

    @property
    def key(self) -> str:
        """What identifies the job's figures: 32 hexadecimal digits."""
        parts = [self.instance, self.digest, self.scheduler, self.seed, self.budget, self.code]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]

    def run(self) -> Row:
        """:func:`run_job` on this job."""
        return run_job(self)

    def failed(self, error: str) -> Row:
        """The row of a job that could not be run to its end."""
        return self.row(Bound(0, "not computed"), status="failed", error=error)

    def row(
        self,
        bound: Bound,
        *,
        status: str,
        error: str = "",
        cycles: int = 0,
        peak: int = 0,
        seconds: float = 0.0,
        statistics: Statistics | None = None,
    ) -> Row:
        """A row of this job, made on this machine."""
        return Row(
            key=self.key,
            instance=self.instance,
            family=self.family,
            digest=self.digest,
            operations=self.operations,
            scheduler=self.scheduler,
            seed=self.seed,
            budget=self.budget,
            code=self.code,
            cycles=cycles,
            lower_bound=bound.cycles,
            bound_reason=bound.reason,
            status=status,
            optimum=self.optimum,
            scratch_peak=peak,
            error=printable(error),
            machine=machine_name(),
            seconds=seconds,
            statistics=statistics or {},
        )


@dataclass(frozen=True)
class Row:
    """What a job gave.

    ``status``: ``optimal`` (``lower_bound`` is proved and met), ``feasible``, ``infeasible``
    (proved: results do not fit into scratch), ``none`` (no schedule found) or ``failed`` (the
    scheduler raised, or broke a rule of the checker: ``error`` says which).  ``cycles`` is 0
    without a schedule.  ``scratch_peak`` in words; ``seconds`` of one process on ``machine``, not
    reproducible, checks excluded.  ``options`` is what else was set, as on a command line.
    """

    key: str
    instance: str
    family: str
    digest: str
    operations: int
    scheduler: str
    seed: int
    budget: int | None
    code: str
    cycles: int
    lower_bound: int
    bound_reason: str
    status: str
    optimum: int | None
    scratch_peak: int
    error: str
    machine: str
    seconds: float
    statistics: Statistics = field(default_factory=dict[str, "float | int | str"])
    options: str = ""

    @property
    def proved(self) -> bool:
        """Whether nothing better exists, proved."""
        return self.status in ("optimal", "infeasible")

    @property
    def gap(self) -> float | None:
        """``cycles / lower_bound - 1``; None without a schedule."""
        if not self.cycles:
            return None
        return self.cycles / self.lower_bound - 1 if self.lower_bound else 0.0


@lru_cache(maxsize=8)
def _problem(digest: str, packed: bytes) -> tuple[ScheduleProblem, Bound]:
    """The problem of a job and its bound; the last ones are kept, since jobs come instance by
    instance."""
    problem = unpack(packed, digest)
    return problem, lower_bound(problem)


def require_code(work: Work) -> None:
    """Raise :class:`CodeMismatch` unless this process has the code that ``work`` is to be of."""
    here = code_of(work.scheduler)
    if here != work.code:
        raise CodeMismatch(
            f"{machine_name()} has vliwc {here}, but the job {work.instance} with "
            f"{work.scheduler} is of {work.code}; install the same code everywhere and restart "
            "the workers"
        )


def run_job(job: Job) -> Row:
    """Schedule, check, and report; a scheduler that fails makes a row, not an exception.

    Raises :class:`vliwc.sched.problem.renewable.ProblemError` if the job's problem cannot be read,
    :class:`vliwc.sched.registry.SchedulerError` if there is no such scheduler here, and
    :class:`CodeMismatch`.
    """
    require_code(job)
    problem, bound = _problem(job.digest, job.packed)
    scheduler = make_scheduler(job.scheduler, job.seed)
    started = time.perf_counter()
    try:
        schedule = run_scheduler(scheduler, problem, job.budget)
    except Exception as failure:  # a plugin may raise anything; the sweep goes on
        seconds = time.perf_counter() - started
        status, error = _refusal(failure)
        return job.row(bound, status=status, error=error, seconds=seconds)
    seconds = time.perf_counter() - started
    try:
        _require_valid(problem, schedule)
        statistics = plain(schedule.statistics)
        best = bound
        if schedule.lower_bound > bound.cycles:
            best = Bound(int(schedule.lower_bound), printable(schedule.bound_reason))
        if best.cycles > schedule.cycles:
            raise _Broken(
                f"the bound {best.cycles} ({best.reason}) is above {schedule.cycles} cycles"
            )
        return job.row(
            best,
            status="optimal" if best.cycles == schedule.cycles else "feasible",
            cycles=int(schedule.cycles),
            peak=int(schedule.peak_words),
            seconds=seconds,
            statistics=statistics,
        )
    except _Broken as failure:
        return job.row(bound, status="failed", error=str(failure), seconds=seconds)


class _Broken(Exception):
    """What a scheduler gave back is no schedule of the problem."""


def _refusal(failure: Exception) -> tuple[str, str]:
    """Status and error of a job whose scheduler raised."""
    if isinstance(failure, Infeasible):
        return "infeasible", str(failure)
    if isinstance(failure, OutOfScratch):
        return "none", str(failure)
    return "failed", f"{type(failure).__name__}: {failure}"


def _require_valid(problem: ScheduleProblem, schedule: object) -> None:
    """Raise :class:`_Broken` unless the checker accepts the schedule."""
    if not isinstance(schedule, Schedule):
        raise _Broken(f"the scheduler gave a {type(schedule).__name__}, not a Schedule")
    try:
        broken = violations(problem, schedule)
    except Exception as failure:  # arrays of a wrong kind fail anywhere in the checker
        message = f"the schedule cannot be checked: {type(failure).__name__}: {failure}"
        raise _Broken(message) from failure
    if broken:
        raise _Broken(f"{len(broken)} broken rules: {broken[0].rule}: {broken[0].message}")


def plain(statistics: object) -> Statistics:
    """Statistics as they can be stored: numbers of NumPy as Python's, infinities and NaN as text.

    Raises an exception that makes the job a failed one if a value is neither a number nor a text.
    """
    if not isinstance(statistics, dict):
        raise _Broken(f"the schedule's statistics are a {type(statistics).__name__}, not a dict")
    result: Statistics = {}
    for name, given in cast("dict[object, object]", statistics).items():
        value: object = cast(object, given.item()) if isinstance(given, np.generic) else given
        if isinstance(value, float) and not math.isfinite(value):
            value = str(value)
        if not isinstance(value, int | float | str):
            raise _Broken(f"statistics[{name!r}] is a {type(value).__name__}")
        result[printable(str(name))] = printable(value) if isinstance(value, str) else value
    return result


def printable(text: str) -> str:
    """The text without what databases refuse: NUL characters and lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")

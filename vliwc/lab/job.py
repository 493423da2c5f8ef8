"""Jobs: one scheduler on one instance, and the row of figures that comes out.

Jobs and rows are plain data, so that they go to other processes and machines.  A job is identified
by its key; equal keys have equal figures, apart from seconds.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from functools import lru_cache

from vliwc.lab.instance import Instance, unpack
from vliwc.lab.provenance import code_version, machine_name, origin_of
from vliwc.options import OptionsError
from vliwc.sched.bounds import lower_bound
from vliwc.sched.check import violations
from vliwc.sched.problem import ScheduleProblem
from vliwc.sched.protocol import Infeasible
from vliwc.sched.registry import make_scheduler
from vliwc.sched.stagger import OutOfScratch


@dataclass(frozen=True)
class Job:
    """Schedule the instance ``digest`` with ``scheduler``; ``budget`` as in its protocol.

    ``packed`` is the problem (:attr:`vliwc.lab.instance.Instance.packed`); empty where it is sent
    apart.  ``code`` is the version of the code that the figures are of, the scheduler's package
    included.
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
            instance.name,
            instance.family,
            instance.digest,
            len(instance),
            scheduler,
            seed,
            budget,
            code_version() + origin_of(scheduler),
            instance.optimum,
            instance.packed,
        )

    @property
    def key(self) -> str:
        """What identifies the job's figures: 32 hexadecimal digits."""
        parts = [self.instance, self.digest, self.scheduler, self.seed, self.budget, self.code]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Row:
    """What a job gave.

    ``status``: ``optimal`` (``lower_bound`` is proved and met), ``feasible``, ``infeasible``
    (proved: results do not fit into scratch), ``none`` (no schedule found) or ``failed`` (the
    scheduler raised, or broke a rule of the checker: ``error`` says which).  ``cycles`` is 0
    without a schedule.  ``scratch_peak`` in words; ``seconds`` of one process on ``machine``, not
    reproducible, checks excluded.
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
    statistics: dict[str, float | int | str] = field(default_factory=dict[str, "float | int | str"])

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
def _problem(digest: str, packed: bytes) -> ScheduleProblem:
    """The problem of a job; the last ones are kept, since jobs come instance by instance."""
    return unpack(packed, digest)


def run_job(job: Job) -> Row:
    """Schedule, check, and report; a scheduler that fails makes a row, not an exception.

    Raises :class:`vliwc.sched.renewable.ProblemError` if the job's problem cannot be read.
    """
    problem = _problem(job.digest, job.packed)
    cycles, peak, status, error = 0, 0, "none", ""
    bound = lower_bound(problem)
    lower, reason = bound.cycles, bound.reason
    statistics: dict[str, float | int | str] = {}
    started = time.perf_counter()
    try:
        schedule = make_scheduler(job.scheduler, job.seed).schedule(problem, job.budget)
    except Infeasible as refusal:
        seconds = time.perf_counter() - started
        status, error = "infeasible", str(refusal)
    except OutOfScratch as refusal:
        seconds = time.perf_counter() - started
        error = str(refusal)
    except OptionsError:
        raise
    except Exception as failure:  # a plugin may raise anything; the sweep goes on
        seconds = time.perf_counter() - started
        status, error = "failed", f"{type(failure).__name__}: {failure}"
    else:
        seconds = time.perf_counter() - started
        broken = violations(problem, schedule)
        if broken:
            status = "failed"
            error = f"{len(broken)} broken rules: {broken[0].rule}: {broken[0].message}"
        else:
            cycles, peak, status = schedule.cycles, schedule.peak_words, "feasible"
            statistics = dict(schedule.statistics)
            if schedule.lower_bound > lower:
                lower, reason = schedule.lower_bound, schedule.bound_reason
            if lower == cycles:
                status = "optimal"
            elif lower > cycles:
                status, error = "failed", f"the bound {lower} ({reason}) is above {cycles} cycles"
    return Row(
        job.key,
        job.instance,
        job.family,
        job.digest,
        job.operations,
        job.scheduler,
        job.seed,
        job.budget,
        job.code,
        cycles,
        lower,
        reason,
        status,
        job.optimum,
        peak,
        error,
        machine_name(),
        seconds,
        statistics,
    )

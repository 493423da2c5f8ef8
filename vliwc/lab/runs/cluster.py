"""Jobs on a Dask cluster, of which any worker may die at any time.

A cluster is a scheduler and workers that somebody has started, each with vliwc installed::

    dask scheduler
    dask worker tcp://HOST:8786 --nthreads 1 --nworkers 8

A problem travels once to the scheduler and once to each worker that needs it.  It is the result of
a task of its own, not scattered data: dask cannot recompute that when its worker dies.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

import distributed

from isa.load import parse_json, read_text
from vliwc.code_version import code_version
from vliwc.lab.runs.job import Row, Work
from vliwc.options import OptionsError

WORKER_SECONDS: Final = 60.0
"""How long to wait for a worker where there is none."""
AHEAD: Final = 4
"""Jobs sent per thread of the cluster.  Few: when a worker dies, dask suspects all that it had."""
_POLL_SECONDS: Final = 2.0

_one_at_a_time: Final = threading.Lock()
"""In a worker: solvers take a processor each, and seconds are of one job."""


class ClusterError(OptionsError):
    """The cluster cannot be used, or is lost; the message has its address."""


def run_on_cluster(
    jobs: Sequence[Work],
    address: str,
    experiment: str,
    done: Callable[[Row], None],
    *,
    connect_seconds: float = 10.0,
    worker_seconds: float = WORKER_SECONDS,
) -> None:
    """Run jobs on the cluster whose scheduler is at ``address`` (``tcp://HOST:PORT``, or the path
    of its scheduler file); ``done`` gets each row as it comes.

    When a worker dies, dask runs its jobs again elsewhere.  A job that dask gives up, since several
    workers died that had it, is run once more while no other job of this sweep is running, and gets
    a row ``failed`` if dask gives it up again.  Workers may come at any time.

    Raises :class:`ClusterError` if the scheduler cannot be reached or is lost, if there is no
    worker for ``worker_seconds``, or if a worker has other code than this process; what jobs raise.
    """
    client = _connect(address, connect_seconds)
    with closing(client), client.as_current():
        sender = _Sender(client, address, experiment, jobs, worker_seconds)
        try:
            sender.require_workers()
            _require_code(client, address)
            given_up = sender.run(jobs, done)
            for job in given_up:
                for again in sender.run([job], done, "-alone"):
                    done(again.failed(f"the workers that had it died, the last: {sender.last}"))
        except (OSError, distributed.CancelledError, distributed.TimeoutError) as error:
            raise ClusterError(
                f"the Dask scheduler at {address} is lost ({type(error).__name__}: {error})"
            ) from error


def _connect(address: str, seconds: float) -> Any:
    try:
        if Path(address).is_file():
            address = cast("dict[str, str]", parse_json(read_text(address)))["address"]
        return distributed.Client(address, timeout=seconds, set_as_default=False)
    except (OSError, ValueError, KeyError, TypeError, distributed.TimeoutError) as error:
        raise ClusterError(
            f"no Dask scheduler at {address} ({type(error).__name__}: {error}); start one with "
            "`dask scheduler` and give the address that it prints"
        ) from error


def _require_code(client: Any, address: str) -> None:
    """Raise :class:`ClusterError` if a worker has other code.  Those that come later are found out
    by their first job."""
    here = code_version()
    found: dict[str, object] = client.run(code_version, on_error="return")
    for worker, there in sorted(found.items()):
        if isinstance(there, ImportError):
            raise ClusterError(f"{address}: worker {worker} cannot load vliwc: {there}")
        if isinstance(there, str) and there != here:
            raise ClusterError(
                f"{address}: worker {worker} has vliwc {there}, but here it is {here}; install "
                "the same code everywhere and restart the workers"
            )


class _Sender:
    """Jobs on their way, and the problems that they share."""

    def __init__(
        self,
        client: Any,
        address: str,
        experiment: str,
        jobs: Sequence[Work],
        worker_seconds: float,
    ) -> None:
        self.client = client
        self.address = address
        self.experiment = experiment
        self.worker_seconds = worker_seconds
        self.last = ""
        self._bulk: dict[str, Any] = {}
        self._uses = Counter(job.digest for job in jobs)
        self._threads = 1
        self._looked = 0.0

    def run(
        self, jobs: Sequence[Work], done: Callable[[Row], None], suffix: str = ""
    ) -> list[Work]:
        """Run jobs; those that dask has given up, since workers died."""
        waiting = deque(jobs)
        running: dict[Any, Work] = {}
        given_up: list[Work] = []
        while waiting or running:
            self._count_threads()
            while waiting and len(running) < AHEAD * self._threads:
                job = waiting.popleft()
                running[self._submit(job, suffix)] = job
            finished = self._wait(running)
            rows = [future for future in finished if future.status == "finished"]
            for row in cast("list[Row]", self.client.gather(rows)):
                done(row)
            for future in finished:
                job = running.pop(future)
                if future.status != "finished":
                    self._require_death(future.exception())
                    given_up.append(job)
                self._release(job)
        return given_up

    def _submit(self, job: Work, suffix: str) -> Any:
        """Send a job; its key makes sure that the cluster runs it once, whoever sends it."""
        if job.digest not in self._bulk:
            key = f"vliwc-bulk-{job.digest}"
            self._bulk[job.digest] = self.client.submit(_bulk, job.packed, key=key, pure=False)
        key = f"vliwc-{self.experiment}-{job.key}{suffix}"
        light = replace(cast(Any, job), packed=b"")
        return self.client.submit(_run, light, self._bulk[job.digest], key=key, pure=False)

    def _release(self, job: Work) -> None:
        """Forget a problem when its last job is done."""
        self._uses[job.digest] -= 1
        if self._uses[job.digest] <= 0:
            self._bulk.pop(job.digest, None)

    def _wait(self, running: Mapping[Any, Work]) -> list[Any]:
        """The jobs that are finished, at least one, in the order in which they were sent."""
        while True:
            try:
                over = (
                    cast(Any, distributed)
                    .wait(list(running), timeout=_POLL_SECONDS, return_when="FIRST_COMPLETED")
                    .done
                )
            except distributed.TimeoutError:
                self.require_workers()
            else:
                return [future for future in running if future in over]

    def _count_threads(self) -> None:
        if time.monotonic() - self._looked > _POLL_SECONDS:
            self._threads = max(sum(self.client.nthreads().values()), 1)
            self._looked = time.monotonic()

    def require_workers(self) -> None:
        """Wait for a worker.  Raises :class:`ClusterError` if none comes."""
        try:
            self.client.wait_for_workers(1, timeout=self.worker_seconds)
        except distributed.TimeoutError:
            raise ClusterError(
                f"{self.address}: no worker for {self.worker_seconds:g} s; start some with "
                f"`dask worker {self.address} --nthreads 1`"
            ) from None

    def _require_death(self, error: BaseException) -> None:
        """Go on if workers died; raise anything else that ended a job."""
        if isinstance(error, distributed.KilledWorker):
            self.last = error.last_worker.address
        elif isinstance(error, OptionsError):
            raise error
        else:
            raise ClusterError(
                f"{self.address}: a job could not be run ({type(error).__name__}: {error})"
            ) from error


def _bulk(packed: bytes) -> bytes:
    """On the cluster: the bulk of jobs, as the result of a task."""
    return packed


def _run(light: Work, packed: bytes) -> Row:
    """On the cluster: run a job."""
    with _one_at_a_time:
        return cast(Work, replace(cast(Any, light), packed=packed)).run()

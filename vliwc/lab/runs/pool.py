"""Jobs in processes of this computer, of which any may die at any time.

Processes are spawned, not forked: solvers and numba may have threads, which do not survive a fork.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any, Final, cast

from vliwc.lab.runs.job import Row, Work
from vliwc.options import OptionsError

ATTEMPTS: Final = 3
"""A job that ends its process so many times, running alone, is given up."""
AHEAD: Final = 2
"""Jobs sent per process, so that none waits for the next one."""


class PoolError(OptionsError):
    """No worker process can be started."""


def run_in_processes(jobs: Sequence[Work], processes: int, done: Callable[[Row], None]) -> None:
    """Run jobs in ``processes`` worker processes; ``done`` gets each row as it comes.

    When a process dies, the jobs that it may have been running are run again, one at a time; a job
    that ends its process three times by itself gets a row ``failed``.  On an exception the workers
    are ended at once, whatever they are doing.  If this process dies, they end too.

    Raises :class:`PoolError`, and what jobs and ``done`` raise.
    """
    waiting = deque(jobs)
    suspects: deque[Work] = deque()
    deaths: Counter[str] = Counter()
    bulk = {job.digest: job.packed for job in jobs}
    stillborn = 0
    while waiting or suspects:
        with _Pool(processes, bulk) as pool:
            broken = _run_alone(pool, suspects, done)
            if broken is None:
                suspects.extend(_run_together(pool, waiting, processes * AHEAD, done))
            elif pool.worked:
                deaths[broken.key] += 1
                if deaths[broken.key] == ATTEMPTS:
                    suspects.popleft()
                    done(broken.failed(f"ended its worker process {ATTEMPTS} times"))
            stillborn = 0 if pool.worked else stillborn + 1
            if stillborn == ATTEMPTS:
                raise PoolError(
                    "worker processes end before they do anything; a script that sweeps has to be "
                    "a file, with its calls below: if __name__ == '__main__'"
                )


def _run_alone(pool: _Pool, suspects: deque[Work], done: Callable[[Row], None]) -> Work | None:
    """Run jobs one at a time; the one that ended its process, still the first, or None."""
    while suspects:
        try:
            row = pool.submit(suspects[0]).result()
        except BrokenProcessPool:
            return suspects[0]
        suspects.popleft()
        done(row)
    return None


def _run_together(
    pool: _Pool, waiting: deque[Work], window: int, done: Callable[[Row], None]
) -> list[Work]:
    """Run jobs side by side until none waits, or a process dies; those that may have caused it."""
    running: dict[Future[Row], Work] = {}
    while waiting or running:
        try:
            while waiting and len(running) < window:
                running[pool.submit(waiting[0])] = waiting[0]
                waiting.popleft()
        except BrokenProcessPool:
            return _collect(running, wait(running).done, done)
        finished = wait(running, return_when=FIRST_COMPLETED).done
        lost = _collect(running, finished, done)
        if lost:
            return lost + _collect(running, wait(running).done, done)
    return []


def _collect(
    running: dict[Future[Row], Work], finished: Iterable[Future[Row]], done: Callable[[Row], None]
) -> list[Work]:
    """Hand on the rows of finished jobs; the jobs that were lost with their process."""
    over = set(finished)
    lost: list[Work] = []
    for future in [future for future in running if future in over]:
        job = running.pop(future)
        try:
            row = future.result()
        except BrokenProcessPool:
            lost.append(job)
        else:
            done(row)
    return lost


class _Pool:
    """A pool whose workers end when it is left by an exception, or when this process dies.

    They hold one end of a pipe of which only this process has the other: when that is closed, by
    whatever way, they exit.
    """

    def __init__(self, processes: int, bulk: Mapping[str, bytes]) -> None:
        context = multiprocessing.get_context("spawn")
        self._theirs, self._ours = context.Pipe(duplex=False)
        self._executor = ProcessPoolExecutor(
            processes, context, initializer=_start, initargs=(self._theirs, bulk)
        )
        self._first = self._executor.submit(os.getpid)

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._ours.close()
        self._executor.shutdown(cancel_futures=True)
        self._ours.close()
        self._theirs.close()

    @property
    def worked(self) -> bool:
        """Whether a worker has done anything; known once the pool is broken or a job done."""
        return self._first.done() and self._first.exception() is None

    def submit(self, job: Work) -> Future[Row]:
        """Run a job in one of the workers, which have its bulk already."""
        light = replace(cast(Any, job), packed=b"")
        return self._executor.submit(_run, light)


_bulk: dict[str, bytes] = {}
"""In a worker: the bulk of all jobs by digest, received once."""


def _start(alive: Connection, bulk: Mapping[str, bytes]) -> None:
    """Make this process a worker.  Interrupts are for the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with, args=(alive,), daemon=True).start()
    _bulk.update(bulk)


def _exit_with(alive: Connection) -> None:
    """Exit when the other end of the pipe is closed."""
    try:
        alive.poll(None)
    finally:
        os._exit(1)


def _run(light: Work) -> Row:
    return cast(Work, replace(cast(Any, light), packed=_bulk[light.digest])).run()

"""Sweeps: many jobs, in this process, in several, or on a cluster; each job once.

Rows are stored as they come, so that a sweep that is interrupted goes on where it stopped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from vliwc.lab.runs.job import Row, Work
from vliwc.options import OptionsError
from vliwc.sched.registry import make_scheduler

if TYPE_CHECKING:
    from vliwc.lab.runs.store import Store

Progress = Callable[[str, float | None], None]
"""Called with what is being done and the fraction done, or None where that is not known."""

Done = Callable[[Row], None]
"""Takes the row of a job that is done."""


def sweep(
    jobs: Sequence[Work],
    *,
    store: Store | None = None,
    experiment: str = "",
    processes: int | None = None,
    cluster: str | None = None,
    connect_seconds: float = 10.0,
    progress: Progress | None = None,
) -> list[Row]:
    """Run the jobs that the store does not have; all rows, in the order of the jobs.

    ``processes``: how many to start on this computer, 1 for none beside this one, None for as many
    as it has processors; ``cluster``: the address of a Dask scheduler to send the jobs to instead,
    which has to answer within ``connect_seconds``.
    Equal jobs run once.  Without a store nothing is kept.  An exception, ``KeyboardInterrupt``
    included, ends the sweep; rows that came before are stored.

    Raises :class:`vliwc.options.OptionsError` for schedulers that do not exist,
    :class:`vliwc.lab.runs.store.StoreError`, :class:`vliwc.lab.runs.job.CodeMismatch` if a worker
    has other code, and :class:`vliwc.lab.runs.cluster.ClusterError`.
    """
    if processes is not None and cluster is not None:
        raise OptionsError("processes of this computer and a cluster exclude each other")
    if processes is not None and processes < 1:
        raise OptionsError(f"{processes} processes: expected 1 or more")
    show = progress or _quiet
    rows: dict[str, Row] = {}
    if store is not None:
        store.describe(experiment, "")
        wanted = {job.key for job in jobs}
        rows = {row.key: row for row in store.rows(experiment) if row.key in wanted}
    missing = list({job.key: job for job in jobs if job.key not in rows}.values())
    for name, seed in sorted({(job.scheduler, job.seed) for job in missing}):
        make_scheduler(name, seed)  # a wrong name is better refused at once
    kept, total = len(rows), len(rows) + len(missing)

    def done(row: Row) -> None:
        if store is not None:
            store.add(experiment, row)
        rows[row.key] = row
        show(f"{len(rows)} of {total} jobs", len(rows) / total)

    if missing:
        show(f"{kept} of {total} jobs", kept / total)
        _run(missing, processes, cluster, connect_seconds, experiment, done)
    return [_of_job(rows[job.key], job) for job in jobs]


def _run(
    jobs: Sequence[Work],
    processes: int | None,
    cluster: str | None,
    connect_seconds: float,
    experiment: str,
    done: Done,
) -> None:
    if cluster is not None:
        if find_spec("distributed") is None:
            raise OptionsError("a cluster needs distributed; install vliwc[lab]")
        from vliwc.lab.runs.cluster import run_on_cluster

        run_on_cluster(jobs, cluster, experiment, done, connect_seconds=connect_seconds)
        return
    count = min(processes or usable_processors(), len(jobs))
    if count == 1:
        for job in jobs:
            done(job.run())
    else:
        from vliwc.lab.runs.pool import run_in_processes

        run_in_processes(jobs, count, done)


def usable_processors() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _of_job(row: Row, job: Work) -> Row:
    """The row with what the job says of its instance; a stored row may be from before that was
    known."""
    return replace(row, family=job.family, optimum=job.optimum)


def _quiet(stage: str, part: float | None) -> None:
    """Progress for nobody."""

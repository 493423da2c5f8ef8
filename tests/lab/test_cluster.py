"""Sweeps on a Dask cluster: real processes on the loopback, killed in the middle of it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.lab.sweeping import (
    REPOSITORY,
    Counted,
    figures,
    interrupted_sweep,
    process,
    quick_jobs,
    wait_until,
)
from vliwc.lab.cluster import ClusterError, run_on_cluster
from vliwc.lab.job import CodeMismatch, Row
from vliwc.lab.store import Store
from vliwc.lab.sweep import sweep

JOBS = 500


class Cluster:
    """A scheduler and workers, to be killed one by one."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.stack = stack
        self.file = folder / "scheduler.json"
        self.scheduler = self._start(
            "distributed.cli.dask_scheduler", "--port", "0", "--scheduler-file", str(self.file)
        )
        wait_until(lambda: self.file.exists() and self.file.read_text().endswith("}"), "scheduler")
        self.address: str = json.loads(self.file.read_text())["address"]
        self.workers = [self.worker() for _ in range(2)]

    def worker(self, *prepare: str) -> subprocess.Popen[str]:
        """One more worker."""
        options = ("--no-nanny", "--nthreads", "1", *prepare)
        return self._start("distributed.cli.dask_worker", self.address, *options)

    def _start(self, module: str, *options: str) -> subprocess.Popen[str]:
        command = ("-m", module, "--host", "127.0.0.1", "--no-dashboard", *options)
        return self.stack.enter_context(process(*command))


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        yield Cluster(tmp_path, stack)


def test_workers_and_clients_die_and_no_row_is_lost(cluster: Cluster, tmp_path: Path) -> None:
    jobs = quick_jobs(JOBS)
    expected = figures(sweep(jobs, processes=1))
    place = tmp_path / "store.sqlite"
    with Store.open(place) as store:
        # A client is killed, and another goes on from its rows.
        kept = interrupted_sweep(place, "client", JOBS, signal.SIGKILL, cluster.address)
        counted = Counted()
        rows = sweep(
            jobs, store=store, experiment="client", cluster=str(cluster.file), progress=counted
        )
        assert figures(rows) == expected
        assert counted.ran == JOBS - kept

        # A worker is killed.
        killing = Counted(JOBS // 2, cluster.workers[0].kill)
        rows = sweep(
            jobs, store=store, experiment="worker", cluster=cluster.address, progress=killing
        )
        assert cluster.workers[0].wait() == -signal.SIGKILL
        assert figures(rows) == expected
        assert len(store.rows("worker")) == len(store.keys("worker")) == killing.ran == JOBS

        again = Counted()
        assert sweep(
            jobs, store=store, experiment="worker", cluster=cluster.address, progress=again
        ) == rows
        assert again.ran == -1

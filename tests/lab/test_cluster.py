"""Sweeps on a Dask cluster: real processes on the loopback, killed in the middle of it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import distributed
import pytest

from tests.lab.sweeping import (
    Counted,
    deadly,
    figures,
    interrupted_sweep,
    process,
    quick_jobs,
    wait_until,
)
from vliwc.code_version import code_version
from vliwc.lab.runs.cluster import ClusterError, run_on_cluster
from vliwc.lab.runs.job import CodeMismatch, Job, Row
from vliwc.lab.runs.store import Store
from vliwc.lab.runs.sweep import sweep

JOBS = 500


class Cluster:
    """A scheduler and workers, to be killed one by one."""

    def __init__(self, folder: Path, stack: ExitStack, workers: int = 2) -> None:
        self.stack = stack
        self.file = folder / "scheduler.json"
        self.scheduler = self._start(
            "distributed.cli.dask_scheduler", "--port", "0", "--scheduler-file", str(self.file)
        )
        wait_until(lambda: self.file.exists() and self.file.read_text().endswith("}"), "scheduler")
        self.address: str = json.loads(self.file.read_text())["address"]
        self.workers: list[subprocess.Popen[bytes]] = []
        for _ in range(workers):
            self.add_worker()

    def add_worker(self, *options: str) -> None:
        """Start one more worker."""
        given = (self.address, "--no-nanny", "--nthreads", "1", *options)
        self.workers.append(self._start("distributed.cli.dask_worker", *given))

    def _start(self, module: str, *options: str) -> subprocess.Popen[bytes]:
        command = ("-m", module, "--host", "127.0.0.1", "--no-dashboard", *options)
        return self.stack.enter_context(process(*command))


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        yield Cluster(tmp_path, stack)


@pytest.fixture
def bulk_sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys under which problems are sent to the scheduler; jobs are sent without."""
    sent: list[str] = []
    submit = distributed.Client.submit

    def watched(self: distributed.Client, function: Any, *args: Any, **named: Any) -> Any:
        sent.extend(named["key"] for arg in args if isinstance(arg, bytes))
        assert not any(isinstance(arg, Job) and arg.packed for arg in args)
        return submit(self, function, *args, **named)

    monkeypatch.setattr(distributed.Client, "submit", watched)
    return sent


def test_workers_and_clients_die_and_no_row_is_lost(
    cluster: Cluster, tmp_path: Path, bulk_sent: list[str]
) -> None:
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

        # A worker is killed.  Each problem is sent once all the same.
        bulk_sent.clear()
        killing = Counted(JOBS // 2, cluster.workers[0].kill)
        rows = sweep(
            jobs, store=store, experiment="worker", cluster=cluster.address, progress=killing
        )
        assert cluster.workers[0].wait() == -signal.SIGKILL
        assert sorted(bulk_sent) == sorted({f"vliwc-bulk-{job.digest}" for job in jobs})
        assert figures(rows) == expected
        assert len(store.rows("worker")) == len(store.keys("worker")) == killing.ran == JOBS

        again = Counted()
        assert (
            sweep(jobs, store=store, experiment="worker", cluster=cluster.address, progress=again)
            == rows
        )
        assert again.ran == -1


def test_a_job_that_kills_workers_fails_and_the_others_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One death is enough to be given up, so that fewer workers have to die: two of the three.
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    jobs: list[Job] = quick_jobs(12)
    jobs[3] = deadly(jobs[3])
    with ExitStack() as stack:
        cluster = Cluster(tmp_path, stack, workers=3)
        rows = sweep(jobs, cluster=cluster.address)
    assert [row.status == "failed" for row in rows] == [job is jobs[3] for job in jobs]
    assert "the workers that had it died, the last: tcp://127.0.0.1:" in rows[3].error


def test_workers_with_other_code_are_refused(cluster: Cluster, tmp_path: Path) -> None:
    preload = tmp_path / "other_code.py"
    preload.write_text(
        "import vliwc.code_version as code, vliwc.lab.runs.provenance as provenance\n"
        "code.code_version = provenance.code_version = lambda: '0.0.1+other'\n"
    )
    jobs = quick_jobs(JOBS)
    with Store.open(tmp_path / "store.sqlite") as store:
        # A worker that comes in the middle of a sweep ...
        late = Counted(5, lambda: cluster.add_worker("--preload", str(preload)))
        with pytest.raises(CodeMismatch, match=r"has vliwc 0\.0\.1\+other, but the job") as caught:
            plenty = [replace(job, seed=seed) for seed in range(30) for job in jobs]
            sweep(plenty, store=store, experiment="x", cluster=cluster.address, progress=late)
        assert code_version() in str(caught.value)
        assert {row.code for row in store.rows("x")} == {code_version()}
        # ... and one that is there.
        kept = len(store.rows("x"))
        with pytest.raises(
            ClusterError, match=r"worker tcp://.* has vliwc 0\.0\.1\+other, but here"
        ):
            sweep(jobs, store=store, experiment="x", cluster=cluster.address)
        assert len(store.rows("x")) == kept


def test_a_lost_scheduler_ends_the_sweep_and_another_goes_on(
    cluster: Cluster, tmp_path: Path
) -> None:
    jobs = quick_jobs(100)
    with Store.open(tmp_path / "store.sqlite") as store:
        killing = Counted(30, cluster.scheduler.kill)
        with pytest.raises(ClusterError, match=f"{cluster.address} is lost"):
            sweep(
                jobs,
                store=store,
                experiment="x",
                cluster=cluster.address,
                connect_seconds=2,
                progress=killing,
            )
        kept = len(store.keys("x"))
        assert 30 <= kept < 100
        rows = sweep(jobs, store=store, experiment="x", processes=1)
        assert figures(rows) == figures(sweep(jobs, processes=1))


def test_clusters_that_are_not_there(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ClusterError, match=f"no Dask scheduler at {address}"):
            sweep(quick_jobs(3), cluster=address, connect_seconds=0.5)
    with pytest.raises(ClusterError, match="no Dask scheduler at nonsense://x"):
        sweep(quick_jobs(3), cluster="nonsense://x")
    file = tmp_path / "scheduler.json"
    file.write_text("[]")
    with pytest.raises(ClusterError, match="no Dask scheduler at .*scheduler.json"):
        sweep(quick_jobs(3), cluster=str(file))


def test_a_cluster_without_workers(tmp_path: Path) -> None:
    rows: list[Row] = []
    message = r"no worker for 0\.2 s; start some with `dask worker"
    with ExitStack() as stack, pytest.raises(ClusterError, match=message):
        cluster = Cluster(tmp_path, stack, workers=0)
        run_on_cluster(quick_jobs(3), cluster.address, "x", rows.append, worker_seconds=0.2)
    assert rows == []

"""Sweeps in local processes: any of them may die, and nothing is lost or done twice."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.sweeping import (
    Counted,
    client,
    deadly,
    figures,
    interrupted_sweep,
    quick_jobs,
    wait_until,
)
from vliwc.lab.runs.job import CodeMismatch, Row
from vliwc.lab.runs.store import Store
from vliwc.lab.runs.sweep import sweep
from vliwc.options import OptionsError

JOBS = 120


@pytest.fixture(scope="module")
def expected() -> list[Row]:
    return figures(sweep(quick_jobs(JOBS), processes=1))


def kill_a_worker() -> None:
    victim = min(child.pid or 0 for child in multiprocessing.active_children())
    os.kill(victim, signal.SIGKILL)


def test_a_worker_is_killed_and_no_row_is_lost(tmp_path: Path, expected: list[Row]) -> None:
    jobs = quick_jobs(JOBS)
    with Store.open(tmp_path / "store.sqlite") as store:
        killing = Counted(JOBS // 2, kill_a_worker)
        rows = sweep(jobs, store=store, experiment="x", processes=2, progress=killing)
        assert figures(rows) == expected
        assert killing.ran == len(store.rows("x")) == JOBS
        again = Counted()
        assert sweep(jobs, store=store, experiment="x", processes=2, progress=again) == rows
        assert again.ran == -1, "nothing is run again"


def test_an_interrupted_sweep_goes_on(tmp_path: Path, expected: list[Row]) -> None:
    place = tmp_path / "store.sqlite"
    kept = interrupted_sweep(place, "x", JOBS, signal.SIGINT)
    assert kept >= JOBS // 3
    with Store.open(place) as store:
        counted = Counted()
        rows = sweep(quick_jobs(JOBS), store=store, experiment="x", processes=1, progress=counted)
        assert figures(rows) == expected
        assert counted.ran == JOBS - kept


def children_of(process: int) -> set[int]:
    """The processes that were started by one, by the table of processes."""
    found: set[int] = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        if int(fields[1]) == process and fields[0] != "Z":
            found.add(int(entry.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_workers_end_with_a_sweep_that_is_killed(tmp_path: Path, expected: list[Row]) -> None:
    place = tmp_path / "store.sqlite"
    with Store.open(place) as store, client(place, "x", 5000) as sweeper:
        wait_until(lambda: len(store.keys("x")) > 3, "rows")
        workers = children_of(sweeper.pid)
        assert len(workers) >= 2
        sweeper.kill()
        sweeper.wait()
        wait_until(lambda: not any(Path(f"/proc/{each}").exists() for each in workers), "the end")
        rows = sweep(quick_jobs(JOBS), store=store, experiment="x", processes=1)
        assert figures(rows) == expected


def test_an_exception_ends_long_jobs_at_once() -> None:
    """The sweep does not wait for what its workers are doing."""
    slow = replace(quick_jobs(1)[0], scheduler="random", budget=10**9)

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep([*quick_jobs(3), slow], processes=2, progress=Counted(3, stop))
    assert multiprocessing.active_children() == []


def test_a_job_that_kills_its_process_three_times_fails() -> None:
    jobs = quick_jobs(6)
    jobs[4] = deadly(jobs[4])
    rows = sweep(jobs, processes=2)
    assert [row.status == "failed" for row in rows] == [job is jobs[4] for job in jobs]
    assert rows[4].error == "ended its worker process 3 times"
    assert rows[4].key == jobs[4].key and rows[4].cycles == 0


def test_workers_that_cannot_start_are_an_error(repository: Path) -> None:
    """They import the main program, which is no file here."""
    program = (
        "from tests.lab.sweeping import quick_jobs\n"
        "from vliwc.lab.runs.sweep import sweep\n"
        "sweep(quick_jobs(2), processes=2)\n"
    )
    done = subprocess.run(
        [sys.executable, "-"], input=program, cwd=repository, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "PoolError: worker processes end before they do anything" in done.stderr


def test_equal_jobs_run_once_and_rows_have_the_order_of_the_jobs() -> None:
    jobs = quick_jobs(6)
    counted = Counted()
    rows = sweep([*reversed(jobs), *jobs], processes=1, progress=counted)
    assert [row.key for row in rows] == [job.key for job in [*reversed(jobs), *jobs]]
    assert counted.ran == 6
    assert rows[:6] == rows[:5:-1]


def test_two_experiments_do_not_share_rows(tmp_path: Path) -> None:
    jobs = quick_jobs(3)
    with Store.open(tmp_path / "store.sqlite") as store:
        for experiment in ("a", "b"):
            counted = Counted()
            sweep(jobs, store=store, experiment=experiment, processes=1, progress=counted)
            assert counted.ran == 3


def test_stored_rows_get_an_optimum_that_became_known(tmp_path: Path) -> None:
    job = quick_jobs(1)[0]
    with Store.open(tmp_path / "store.sqlite") as store:
        sweep([job], store=store, experiment="x", processes=1)
        later = replace(job, optimum=7, family="f")
        assert later.key == job.key
        (row,) = sweep([later], store=store, experiment="x", processes=1)
        assert (row.optimum, row.family) == (7, "f")


@pytest.mark.parametrize("processes", [1, 2])
def test_other_code_is_never_stored(tmp_path: Path, processes: int) -> None:
    jobs = [replace(job, code="0.0.1+other") for job in quick_jobs(3)]
    with Store.open(tmp_path / "store.sqlite") as store:
        with pytest.raises(CodeMismatch, match=r"the job random-0 with .* is of 0\.0\.1\+other"):
            sweep(jobs, store=store, experiment="x", processes=processes)
        assert store.rows("x") == []


def test_wrong_arguments_are_refused_before_anything_runs(tmp_path: Path) -> None:
    jobs = quick_jobs(2)
    wrong = replace(jobs[1], scheduler="nonesuch")
    with Store.open(tmp_path / "store.sqlite") as store:
        with pytest.raises(OptionsError, match="no scheduler is called 'nonesuch'"):
            sweep([jobs[0], wrong], store=store, experiment="x", processes=1)
        assert store.rows("x") == []
        with pytest.raises(OptionsError, match="experiment's name is empty"):
            sweep(jobs, store=store)
    with pytest.raises(OptionsError, match="0 processes: expected 1 or more"):
        sweep(jobs, processes=0)
    with pytest.raises(OptionsError, match="exclude each other"):
        sweep(jobs, processes=2, cluster="tcp://127.0.0.1:1")


def test_no_jobs_need_no_workers() -> None:
    assert sweep([], processes=2) == []

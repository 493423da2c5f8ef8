"""Quick jobs to sweep, and a client that sweeps them in a process of its own, to be interrupted.

`python -m tests.lab.sweeping STORE EXPERIMENT NUMBER [CLUSTER]`
"""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.strategies.problems import random_problem
from vliwc.lab.instances.instance import Instance
from vliwc.lab.runs.job import Job, Row
from vliwc.lab.runs.store import Store
from vliwc.lab.runs.sweep import sweep

REPOSITORY = Path(__file__).resolve().parents[2]
SCHEDULERS = ("list:critical-path", "random", "backward")
LONG = 120
"""Seconds after which something hangs."""


def quick_jobs(number: int) -> list[Job]:
    """Jobs of a few milliseconds each."""
    instances = [
        Instance(f"random-{seed}", random_problem(seed))
        for seed in range(-(-number // len(SCHEDULERS)))
    ]
    return [Job.of(each, scheduler, 0) for each in instances for scheduler in SCHEDULERS][:number]


@dataclasses.dataclass(frozen=True)
class Deadly(Job):
    """A job that ends the process in which it runs."""

    def run(self) -> Row:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")


def deadly(job: Job) -> Deadly:
    """A deadly job in place of a job; it has another key."""
    fields = {field.name: getattr(job, field.name) for field in dataclasses.fields(Job)}
    return Deadly(**{**fields, "instance": "deadly"})


def figures(rows: Sequence[Row]) -> list[Row]:
    """The rows without what differs between runs."""
    return [dataclasses.replace(row, seconds=0.0) for row in rows]


class Counted:
    """A progress callback that counts the jobs that are run, and does something at one of them."""

    def __init__(self, at: int = -1, act: Callable[[], None] = lambda: None) -> None:
        self.ran = -1  # the first call comes before the first job
        self.at = at
        self.act = act

    def __call__(self, stage: str, part: float | None) -> None:
        self.ran += 1
        if self.ran == self.at:
            self.act()


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Poll until something is so."""
    deadline = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {LONG} s"
        time.sleep(0.02)


@contextmanager
def process(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process that does not outlive the block; what it prints is shown with failures.

    It prints to where this process does, not into a pipe: that could fill up, and would stay open
    as long as any process that it has started.
    """
    started = subprocess.Popen(
        [sys.executable, *command],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=sys.__stderr__,
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


@contextmanager
def client(
    store: Path, experiment: str, number: int, *cluster: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that sweeps quick jobs."""
    arguments = (str(store), experiment, str(number), *cluster)
    with process("-m", "tests.lab.sweeping", *arguments) as started:
        yield started


def interrupted_sweep(
    store: Path, experiment: str, number: int, how: signal.Signals, *cluster: str
) -> int:
    """Start a client, interrupt it when a third of its rows is stored; how many rows there are."""
    with Store.open(store) as opened, client(store, experiment, number, *cluster) as sweeper:
        wait_until(
            lambda: len(opened.keys(experiment)) >= number // 3 or sweeper.poll() is not None,
            "a third of the rows",
        )
        assert sweeper.poll() is None, "the client ended by itself"
        sweeper.send_signal(how)
        sweeper.wait(LONG)
        assert sweeper.returncode != 0
        return len(opened.keys(experiment))


def main(place: str, experiment: str, number: str, cluster: str | None = None) -> None:
    """Sweep quick jobs in two processes, or on a cluster."""
    processes = None if cluster else 2
    with Store.open(place) as store:
        sweep(
            quick_jobs(int(number)),
            store=store,
            experiment=experiment,
            processes=processes,
            cluster=cluster,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])

"""`vliwc schedule` and `vliwc schedulers`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Called
from vliwc.lab.generators import GENERATORS, generate
from vliwc.sched.check import check_schedule, violations
from vliwc.sched.problem.json import problem_from_json
from vliwc.sched.problem.schedule_json import schedule_from_json

PROBLEM: dict[str, object] = {
    "format": "vliwc-problem",
    "version": 1,
    "machine": {"slots": {"load": 1, "alu": 1}, "vlen": 4, "scratch_words": 8},
    "operations": [
        {"name": "x", "forms": ["load"], "width": 1},
        {"name": "y", "forms": ["load"], "width": 1},
        {"name": "sum", "forms": ["alu"], "width": 1},
    ],
    "dependences": [[0, 2, 1, True], [1, 2, 1, True]],
}


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    """Two loads in turn, and their sum: 3 cycles."""
    path = tmp_path / "sum.json"
    path.write_text(json.dumps(PROBLEM))
    return path


def changed(problem: Path, **fields: object) -> Path:
    path = problem.with_name("changed.json")
    path.write_text(json.dumps(PROBLEM | fields))
    return path


@pytest.mark.parametrize("scheduler", ["list", "cpsat", "backward", "list:slack", "random"])
def test_a_problem_is_scheduled(problem: Path, scheduler: str) -> None:
    out = problem.with_name("out.json")
    called = Called("schedule", problem, "--scheduler", scheduler, "-o", out, "--json")
    assert called.code == 0
    report = json.loads(called.stdout)
    assert (report["cycles"], report["lower_bound"], report["status"]) == (3, 3, "optimal")
    made = schedule_from_json(json.loads(out.read_text()))
    assert violations(problem_from_json(PROBLEM), made) == []


def test_people_read_it_too(problem: Path) -> None:
    called = Called("schedule", problem)
    assert called.code == 0
    assert "cycles       3\n" in called.stdout and "proved optimal" in called.stdout


def test_a_schedule_is_a_hint_for_the_next(problem: Path) -> None:
    out = problem.with_name("out.json")
    assert Called("schedule", problem, "--scheduler", "random", "-o", out).code == 0
    called = Called("schedule", problem, "--scheduler", "cpsat-lns", "--hint", out, "--json")
    assert json.loads(called.stdout)["cycles"] == 3


def test_a_hint_for_another_problem(problem: Path) -> None:
    out = problem.with_name("out.json")
    Called("schedule", problem, "-o", out)
    called = Called("schedule", changed(problem, operations=[], dependences=[]), "--hint", out)
    assert called.code == 2
    assert "out.json: no schedule of this problem" in called.stderr


def test_no_schedule_exists(problem: Path) -> None:
    machine = {"slots": {"load": 1, "alu": 1}, "vlen": 1, "scratch_words": 1}
    small = changed(problem, machine=machine)
    called = Called("schedule", small, "--scheduler", "cpsat", "--json")
    assert called.code == 1
    assert json.loads(called.stdout)["status"] == "infeasible"
    called = Called("schedule", small)
    assert called.code == 1 and called.stdout == ""
    assert "no schedule: " in called.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--scheduler", "lost"), "no scheduler is called 'lost'; there are list,"),
        (("--budget", 0), "--budget 0: expected 1 or more"),
        (("--json", "-o", "-"), "would both print on standard output"),
        (("--hint", "none.json"), "none.json"),
    ],
)
def test_arguments(problem: Path, arguments: tuple[object, ...], message: str) -> None:
    called = Called("schedule", problem, *arguments)
    assert called.code == 2
    assert message in called.stderr


def test_files_that_hold_no_problem(problem: Path) -> None:
    called = Called("schedule", changed(problem, version=7))
    assert called.code == 2 and "changed.json: version 7" in called.stderr
    text = problem.with_name("problem.txt")
    text.write_text("?")
    called = Called("schedule", text)
    assert called.code == 2 and "problem.txt: no kind of problem file" in called.stderr


def test_the_schedulers_are_listed() -> None:
    listed = json.loads(Called("schedulers", "--json").stdout)
    names = [entry["name"] for entry in listed["schedulers"]]
    assert names[:7] == [
        "list", "backward", "cpsat", "cpsat-lns", "ortools-plain", "ilp", "random"
    ]  # fmt: skip
    assert "critical-path" in listed["priorities"]
    called = Called("schedulers")
    assert called.code == 0 and "cpsat-lns" in called.stdout and "depth-first" in called.stdout


def test_a_trajectory_is_written_as_it_comes(problem: Path, tmp_path: Path) -> None:
    path = tmp_path / "trajectory.csv"
    called = Called("schedule", problem, "--scheduler", "cpsat", "--trajectory", path, "--json")
    assert called.code == 0
    first, *lines = path.read_text().splitlines()
    assert first == "effort,cycles,lower_bound,claimed_bound,source"
    report = json.loads(called.stdout)
    assert report["reproducible"] is True
    effort, cycles, bound, claimed, _source = lines[-1].split(",")
    assert int(cycles) == report["cycles"]
    assert int(bound) <= int(claimed) <= report["cycles"]
    assert float(effort) >= 0
    called = Called("schedule", problem, "--trajectory", tmp_path)
    assert called.code == 2 and "Is a directory" in called.stderr


def test_seconds_are_marked_as_not_reproducible(problem: Path) -> None:
    called = Called("schedule", problem, "--scheduler", "cpsat", "--seconds", "30")
    assert called.code == 0 and "not reproducible" in called.stdout
    called = Called("schedule", problem, "--seconds", "0")
    assert called.code == 2 and "--seconds 0: expected more than 0" in called.stderr


def test_an_interrupt_keeps_the_best_schedule(tmp_path: Path) -> None:
    made = generate(GENERATORS["projects"](jobs=120, strength=0.1), 1)
    (tmp_path / "large.json").write_text(made.text)
    command = [sys.executable, "-m", "vliwc.cli", "schedule", "large.json", "--scheduler", "cpsat"]
    command += ["--budget", "100000", "--trajectory", "trajectory.csv", "-o", "best.json"]
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Processes in which pytest-xdist runs tests ignore interrupts, and so would this one.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    trajectory = tmp_path / "trajectory.csv"
    while process.poll() is None and not (
        trajectory.exists() and trajectory.read_text().count("\n") > 1
    ):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=300)
    assert process.returncode == 130, errors
    assert "interrupted: this is the best schedule so far" in errors
    assert "cycles" in printed
    check_schedule(
        made.problem, schedule_from_json(json.loads((tmp_path / "best.json").read_text()))
    )

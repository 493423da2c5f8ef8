"""The example plugin, installed as its text says, and plugins that are broken."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PLUGIN = "examples/scheduler_plugin"
KERNEL = ("-D", "n=13")

BROKEN = """\
from vliwc.sched.greedy.priorities import Combination, PriorityScheduler
from dataclasses import dataclass, replace

@dataclass
class Liar:
    name: str = "liar"
    def schedule(self, problem, budget=None, hint=None):
        made = PriorityScheduler(Combination.parse("slack"), "liar").schedule(problem)
        return replace(made, lane_cycle=made.lane_cycle * 0, cycles=1)

def liar(seed):
    return Liar()

def raises(seed):
    raise RuntimeError("no licence found")

def nothing(seed):
    return "not a scheduler"
"""


def install(source: Path, target: Path) -> None:
    """What `pip install` does, into a folder of its own and without a network."""
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--no-compile", "--quiet")
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(target)]
    done = subprocess.run([*command, str(source)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def called(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """`vliwc` in a process that finds packages in a folder, too."""
    return subprocess.run(
        [sys.executable, "-m", "vliwc.cli", *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )


def report(folder: Path, *arguments: object) -> Any:
    """The JSON that a call prints."""
    done = called(folder, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def installed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example plugin; built from a copy, since a build leaves files behind."""
    source = tmp_path_factory.mktemp("source") / "plugin"
    shutil.copytree(repository / PLUGIN, source)
    target = tmp_path_factory.mktemp("installed")
    install(source, target)
    return target


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with plugins that do not do what they should; installed packages are no more than
    a module and this text."""
    folder = tmp_path_factory.mktemp("broken")
    (folder / "vliwc_broken.py").write_text(BROKEN)
    package = folder / "vliwc_broken-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: vliwc-broken\nVersion: 1.0\n")
    names = ("liar", "raises", "nothing", "missing")
    points = "".join(f"{name} = vliwc_broken:{name}\n" for name in names)
    (package / "entry_points.txt").write_text(f"[vliwc.schedulers]\n{points}")
    return folder


def test_the_plugin_is_among_the_schedulers(installed: Path) -> None:
    found = {entry["name"]: entry for entry in report(installed, "schedulers")["schedulers"]}
    assert found["fanout"]["origin"] == "vliwc-fanout"
    assert found["list"]["origin"] == "vliwc"
    program = "from vliwc.sched.registry import names; print('fanout' in names())"
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": ""}, capture_output=True
    )
    assert done.stdout.decode() == "False\n", "installed into the environment of the tests"


def test_the_plugin_compiles_kernels(installed: Path, kernels: Path, tmp_path: Path) -> None:
    program, image, out = tmp_path / "p.json", tmp_path / "in.json", tmp_path / "out.json"
    kernel = kernels / "saxpy_dot.vk"
    options = (*KERNEL, "--scheduler", "fanout", "-o", program)
    compiled = report(installed, "compile", kernel, *options)
    assert compiled["scheduler"] == "fanout"
    assert compiled["cycles"] >= compiled["lower_bound"] > 0
    x, y = list(range(13)), list(range(100, 113))
    image.write_text(json.dumps([3, 0, *x, *y]))
    ran = called(installed, "run", program, "--memory", image, "--out", out)
    assert ran.returncode == 0, ran.stderr
    updated = [3 * a + b for a, b in zip(x, y, strict=True)]
    dot = sum(a * b for a, b in zip(x, updated, strict=True))
    assert json.loads(out.read_text())[1 : 2 + 26] == [dot, *x, *updated]


def test_the_plugin_is_compared(installed: Path, kernels: Path, tmp_path: Path) -> None:
    """Machine problems and projects; what the checker refuses would be a failed row."""
    problems = tmp_path / "problems"
    made = report(installed, "instances", "generate", "projects", "-p", "jobs=12", "-o", problems)
    assert len(made["instances"]) == 1
    names = ("--scheduler", "list:slack", "--scheduler", "fanout", "--processes", "1")
    compared = report(installed, "compare", problems, kernels / "saxpy_dot.vk", *KERNEL, *names)
    rows = [row for row in compared["rows"] if row["scheduler"] == "fanout"]
    assert [row["status"] in ("optimal", "feasible") for row in rows] == [True, True]
    assert all("vliwc-fanout" in row["code"] for row in rows)


def test_a_wrong_schedule_fails_the_comparison(broken: Path, kernels: Path) -> None:
    arguments = (kernels / "saxpy_dot.vk", *KERNEL, "--scheduler", "list", "--scheduler", "liar")
    done = called(broken, "compare", *arguments, "--processes", "1")
    assert done.returncode == 1, done.stderr
    assert "FAILURES" in done.stdout
    assert "broken rules" in done.stdout


def test_a_wrong_schedule_compiles_nothing(broken: Path, kernels: Path, tmp_path: Path) -> None:
    target = tmp_path / "p.json"
    arguments = (kernels / "saxpy_dot.vk", *KERNEL, "--scheduler", "liar", "-o", target)
    done = called(broken, "compile", *arguments)
    assert done.returncode == 2
    assert "scheduler 'liar' of vliwc-broken returned a schedule that breaks" in done.stderr
    assert not target.exists()


@pytest.fixture(scope="module")
def clashing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two packages: their schedulers have names that are taken, and one that is not.

    What they load is not there: a scheduler that is refused is not loaded either.
    """
    folder = tmp_path_factory.mktemp("clashing")
    offers = {
        "vliwc-clash": {"ilp": "nowhere:a", "list:slack": "nowhere:b", "spare": "here:a"},
        "vliwc-late": {"spare": "nowhere:c"},
    }
    for name, points in offers.items():
        package = folder / f"{name.replace('-', '_')}-1.0.dist-info"
        package.mkdir()
        package.joinpath("METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"
        )
        lines = "".join(f"{point} = {value}\n" for point, value in points.items())
        package.joinpath("entry_points.txt").write_text(f"[vliwc.schedulers]\n{lines}")
    return folder


def test_a_plugin_under_a_name_that_is_taken_is_refused_alone(
    clashing: Path, kernels: Path
) -> None:
    listed = report(clashing, "schedulers")
    origins = {entry["name"]: entry["origin"] for entry in listed["schedulers"]}
    assert (origins["ilp"], origins["spare"]) == ("vliwc", "vliwc-clash")
    assert [(one["name"], one["origin"], one["reason"]) for one in listed["refused"]] == [
        ("ilp", "vliwc-clash", "vliwc has a scheduler of that name"),
        ("list:slack", "vliwc-clash", "names that begin with list: stand for priorities"),
        ("spare", "vliwc-late", "vliwc-clash has a scheduler of that name"),
    ]
    shown = called(clashing, "schedulers").stdout
    assert "refused: 'ilp' of vliwc-clash: vliwc has a scheduler of that name" in shown
    for name in ("ilp", "backward", "list:slack"):
        made = report(clashing, "compile", kernels / "saxpy_dot.vk", *KERNEL, "--scheduler", name)
        assert made["scheduler"] == name


@pytest.mark.parametrize(
    ("command", "name", "message"),
    [
        ("compare", "raises", "RuntimeError: no licence found"),
        ("compile", "nothing", "made a str, which has no name and method schedule"),
        ("schedule", "missing", "AttributeError: module 'vliwc_broken' has no attribute 'missing'"),
    ],
)
def test_a_plugin_that_cannot_be_used(
    broken: Path, kernels: Path, command: str, name: str, message: str
) -> None:
    arguments = KERNEL if command != "schedule" else ()
    done = called(broken, command, kernels / "saxpy_dot.vk", *arguments, "--scheduler", name)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: scheduler '{name}' of vliwc-broken: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr

"""The template of a heuristic with its evaluation does what its text says."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.lab.documents import Shell
from vliwc.lab.instances.frozen import VERSION, frozen_suite

TEMPLATE = "examples/heuristic_template"
INSTALL = "python -m pip install --quiet --no-deps --no-build-isolation --no-index --target site ."


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell in a copy of the template, which is installed."""
    with Shell(tmp_path_factory.mktemp("work")) as opened:
        code, printed = opened.run(f"cd {TEMPLATE} && {INSTALL}")
        assert code == 0, printed
        opened.run("export PYTHONPATH=$PYTHONPATH:$PWD/site")
        yield opened


def test_its_own_tests(shell: Shell) -> None:
    code, printed = shell.run("python -m pytest -q -p no:xdist -p no:cacheprovider")
    assert code == 0 and printed[-1].startswith("112 passed"), printed


def test_its_tests_notice_a_heuristic_that_is_wrong(shell: Shell) -> None:
    """One whose schedules differ from run to run, and one that gets worse with more steps."""
    source = shell.folder / TEMPLATE / "vliwc_climber.py"  # found before the installed one
    right = source.read_text()
    for old, new, test in (
        ("default_rng(self.seed)", "default_rng()", "same_again"),
        ("made.cycles <= best.cycles", "made.cycles > best.cycles", "more_steps"),
    ):
        assert right.count(old) == 1
        source.write_text(right.replace(old, new))
        code, printed = shell.run(f"python -m pytest -q -x -p no:cacheprovider -k {test}")
        assert code == 1, printed
    source.write_text(right)


def test_the_evaluation(shell: Shell) -> None:
    code, printed = shell.run("SEEDS=0:1 TRIALS=2 sh evaluate.sh results")
    assert code == 0, printed
    suite = frozen_suite()
    assert printed[0].startswith(f"{len(suite.instances)} instances: gaps to")
    results = shell.folder / TEMPLATE / "results"
    stated = (shell.folder / TEMPLATE / "README.md").read_text()
    for name in ("table.txt", "runs.csv", "pairs.csv", "plots/", "leaderboard.html", "tuned.txt"):
        assert (results / name).exists() and f"`{name}`" in stated, name
    assert f"version {VERSION}, digest {suite.digest}" in (results / "suite.txt").read_text()
    assert "numpy==" in (results / "versions.txt").read_text()
    with (results / "runs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    optima = {each.name: each.optimum for each in suite.instances}
    assert {(row["instance"], int(row["optimum"])) for row in rows} == set(optima.items())
    assert {row["scheduler"] for row in rows if "vliwc-climber" in row["code"]} == {"climber"}
    assert not [row for row in rows if row["status"] == "failed"]


def test_the_workflow_runs_the_same_commands(repository: Path) -> None:
    text = (repository / TEMPLATE / "workflow.yml").read_text()
    (job,) = yaml.safe_load(text)["jobs"].values()
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands == ["pip install '.[evaluation]'", "pytest -q", "sh evaluate.sh results"]
    stated = (repository / TEMPLATE / "README.md").read_text()
    assert all(command in stated for command in commands[1:])

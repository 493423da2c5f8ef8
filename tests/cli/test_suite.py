"""`vliwc instances suite`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Called
from vliwc.lab.instances.best_known import BEST_KNOWN
from vliwc.lab.instances.corpus import load
from vliwc.lab.instances.frozen import table

Cli = Callable[..., Called]


@pytest.fixture
def written(cli: Cli, tmp_path: Path) -> Path:
    """The suite, and its schedules beside it."""
    folder = tmp_path / "suite"
    report = cli(
        *("instances", "suite", "-o", folder, "--schedules", tmp_path / "optimal", "--json")
    ).json
    assert report["output"] == str(folder) and len(report["instances"]) == len(table())
    return folder


def test_list(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    report = cli("instances", "suite", "--json").json
    assert (report["version"], report["output"], report["schedules"]) == (1, None, None)
    for row, line in zip(report["instances"], table(), strict=True):
        stated = {"name": line.problem, "optimum": line.best_known, "digest": line.digest}
        assert stated.items() <= row.items() and row["bound"] <= row["optimum"]
        assert row["proof"] == line.proof and row["budget"] == line.budget
    shown = cli("instances", "suite").succeeded().stdout
    assert f"version 1, digest {report['digest']}" in shown
    assert not list(tmp_path.iterdir()), "nothing is written"


def test_what_is_written_are_problems_with_known_optima(written: Path) -> None:
    found = {each.name: each for each in load([written])}
    assert sorted(found) == sorted(line.problem for line in table())
    for line in table():
        each = found[line.problem]
        stated = (line.digest, line.best_known, line.best_known)
        assert (each.digest, each.optimum, each.known) == stated


def test_comparisons_and_leaderboards_are_with_the_optima(
    cli: Cli, written: Path, tmp_path: Path
) -> None:
    lines = [line for line in table() if line.problem.startswith("layered(operations=40")]
    files = [written / f"{line.problem}.json" for line in lines]
    store = tmp_path / "runs.sqlite"
    compare = ("--scheduler", "random", "--processes", 1, "--store", store, "--json")
    report = cli("compare", *files, *compare).json
    assert [row["optimum"] for row in report["rows"]] == [line.best_known for line in lines]
    (known,) = report["best_known"]
    (ranked,) = cli("leaderboard", store, "--json").json["boards"][0]["standings"]
    gaps = [
        row["cycles"] / line.best_known - 1 for row, line in zip(report["rows"], lines, strict=True)
    ]
    mean = sum(gaps) / len(gaps)
    assert mean > 0
    assert known["mean"] == pytest.approx(mean) and ranked["gap"] == pytest.approx(mean)


def test_schedules_are_hints(cli: Cli, written: Path, tmp_path: Path) -> None:
    line = min(table(), key=lambda line: line.operations)
    name = f"{line.problem}.json"
    hint = ("--scheduler", "cpsat-lns", "--hint", tmp_path / "optimal" / name)
    assert cli("schedule", written / name, *hint, "--json").json["cycles"] == line.best_known
    other = max(table(), key=lambda line: line.operations)
    cli("schedule", written / f"{other.problem}.json", *hint).failed("no schedule of this problem")


def test_folders_that_are_not_empty(cli: Cli, written: Path, tmp_path: Path) -> None:
    suite = ("instances", "suite")
    first = next(written.glob("*.json"))
    right = first.read_text()
    first.write_text("{}")
    (written / "notes.txt").write_text("kept")
    cli(*suite, "-o", written).failed(str(written), "not empty", "--force")
    cli(*suite, "--schedules", written).failed(str(written), "--force")
    assert first.read_text() == "{}"
    shown = cli(*suite, "-o", written, "--force").succeeded().stdout
    assert f"written: {written} ({len(table())} problems, {BEST_KNOWN})" in shown
    assert first.read_text() == right and (written / "notes.txt").read_text() == "kept"
    empty = tmp_path / "empty"
    empty.mkdir()
    cli(*suite, "--schedules", empty).succeeded()
    assert json.loads(next(empty.iterdir()).read_text())["format"] == "vliwc-schedule"


def test_refusals(cli: Cli, tmp_path: Path) -> None:
    suite = ("instances", "suite")
    for inner in ("s", "s/inner"):
        both = ("-o", tmp_path / "s", "--schedules", tmp_path / inner)
        cli(*suite, *both, "--force").failed("--schedules", "outside")
    (tmp_path / "file").write_text("")
    cli(*suite, "-o", tmp_path / "file").failed("file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]

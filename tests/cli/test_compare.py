"""`vliwc compare`: what it runs, what it prints and writes, how it fails."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import Called
from tests.strategies.problems import random_problem
from vliwc.lab.runs.store import Store
from vliwc.sched import registry
from vliwc.sched.greedy.backward import BackwardScheduler
from vliwc.sched.problem.json import problem_to_json
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Infeasible, OutOfScratch, Schedule

Cli = Callable[..., Called]
QUICK = ("--scheduler", "list:critical-path", "--scheduler", "random", "--processes", 1)


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    """A folder of eight random problems; one has a known optimum that nothing contradicts."""
    folder = tmp_path / "problems"
    folder.mkdir()
    for seed in range(8):
        text = json.dumps(problem_to_json(random_problem(seed)))
        (folder / f"p{seed}.json").write_text(text)
    (folder / "optima.json").write_text('{"p0": 1}')
    return folder


@dataclass(frozen=True)
class Sabotaged:
    """A scheduler that does something to every schedule before it gives it back."""

    spoil: Callable[[Schedule], Schedule]
    name: str = "sabotaged"

    def schedule(
        self, problem: ScheduleProblem, budget: int | None = None, hint: Schedule | None = None
    ) -> Schedule:
        return self.spoil(BackwardScheduler().schedule(problem))


@pytest.fixture
def sabotage(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Schedule], Schedule]], None]:
    """Offers a scheduler ``sabotaged`` with the given spoiler."""

    def offer(spoil: Callable[[Schedule], Schedule]) -> None:
        entry = registry.Entry("sabotaged", "for a test", "vliwc", lambda _: Sabotaged(spoil))
        found = registry.schedulers() | {"sabotaged": entry}
        monkeypatch.setattr(registry, "schedulers", lambda: found)

    return offer


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_json(cli: Cli, problems: Path) -> None:
    report = cli("compare", problems, *QUICK, "--seed", "0:3", "--json").json
    assert (report["baseline"], report["failed"], report["failures"]) == (
        "list:critical-path",
        False,
        [],
    )
    assert [case["instance"] for case in report["instances"]] == [f"p{at}" for at in range(8)]
    assert len(report["rows"]) == 8 * 2 * 3
    assert [row["seed"] for row in report["rows"][:3]] == [0, 1, 2]
    first, second = report["schedulers"]
    assert (first["scheduler"], second["scheduler"]) == ("list:critical-path", "random")
    assert first["runs"] == 24 and first["instances"] == 8
    (pair,) = report["against_baseline"]
    assert (pair["first"], pair["second"]) == ("random", "list:critical-path")
    assert pair["wins"] + pair["ties"] + pair["losses"] == 8
    for row in report["rows"]:
        bounds = [r["lower_bound"] for r in report["rows"] if r["instance"] == row["instance"]]
        assert row["best_bound"] == max(bounds)
        assert row["gap"] == pytest.approx(row["cycles"] / row["best_bound"] - 1)


def test_tables(cli: Cli, problems: Path) -> None:
    text = cli("compare", problems, *QUICK, "--scheduler", "backward", "--each").succeeded().stdout
    for words in (
        "8 instances",
        "gaps to the best known bounds",
        "median",
        "95 % interval",
        "seconds",
        "Against list:critical-path",
        "p by Holm",
        "Wins of the row over the column",
        "Cycles",
    ):
        assert words in text
    assert "…" not in text, "nothing is cut"
    assert "FAILURES" not in text and "medians of" not in text
    few = cli("compare", problems / "p1.json", *QUICK, "--seed", "0:2", "--no-times").succeeded()
    assert "n/a: 1 instance" in few.stdout and "1 instance, medians of 2 seeds" in few.stdout
    assert "n/a: 0 pairs" in few.stdout or "n/a: 1 pair " in few.stdout
    assert "seconds" not in few.stdout and "Wins of" not in few.stdout


def test_two_runs_give_the_same_bytes(cli: Cli, problems: Path, tmp_path: Path) -> None:
    """With any number of processes, and in every format."""
    runs: list[dict[str, bytes]] = []
    for number, processes in enumerate((1, 1, 2)):
        folder = tmp_path / f"run{number}"
        folder.mkdir()
        arguments = ("compare", problems, *QUICK[:4], "--seed", "0:2", "--no-times")
        printed = cli(
            *arguments,
            "--processes",
            processes,
            *("-o", folder / "rows.csv", "--summary", folder / "summary.parquet"),
            *("--pairs", folder / "pairs.csv", "--plots", folder, "--json"),
        ).succeeded()
        assert json.loads(printed.stdout)["rows"]
        (folder / "printed").write_text(printed.stdout)
        runs.append({path.name: path.read_bytes() for path in sorted(folder.iterdir())})
    assert runs[0] == runs[1] == runs[2]
    assert set(runs[0]) == {
        "gaps.svg",
        "pairs.csv",
        "printed",
        "profile-cycles.svg",
        "rows.csv",
        "summary.parquet",
    }


def test_searches_give_the_same_bytes(cli: Cli, tmp_path: Path) -> None:
    """Those that stop at an effort as well: two runs, and one or two processes."""
    for kind, size in (("layered", "operations=40"), ("projects", "jobs=20")):
        made = ("instances", "generate", kind, "--count", "2", "-p", size, "-o", tmp_path / kind)
        cli(*made).succeeded()
    budgets = {"cpsat": 2, "cpsat-lns": 3, "ortools-plain": 1, "ilp": 30, "list": 8}
    asked = [word for name in budgets for word in ("--scheduler", name)]
    limits = [word for name, most in budgets.items() for word in ("--budget", f"{name}={most}")]
    written: list[tuple[str, bytes]] = []
    for number, processes in enumerate((1, 1, 2)):
        rows = tmp_path / f"rows{number}.csv"
        folders = (tmp_path / "layered", tmp_path / "projects")
        where = ("--processes", processes, "--no-times", "-o", rows)
        printed = cli("compare", *folders, *asked, *limits, *where).succeeded().stdout
        written.append((printed.replace(rows.name, "rows.csv"), rows.read_bytes()))
    assert written[0] == written[1] == written[2]
    assert len(written[0][1].splitlines()) == 1 + 4 * len(budgets)


def test_files(cli: Cli, problems: Path, tmp_path: Path) -> None:
    names = ("rows.parquet", "summary.csv", "pairs.parquet")
    rows, summary, pairs = (tmp_path / name for name in names)
    text = cli(
        *("compare", problems, *QUICK, "-o", rows, "--summary", summary, "--pairs", pairs),
        *("--plots", tmp_path / "deep" / "plots", "--plot-format", "png"),
    ).stdout
    assert all(f"written: {tmp_path / name}" in text for name in names)
    found = pq.read_table(rows).to_pylist()
    assert len(found) == 16 and list(found[0])[-2:] == ["machine", "seconds"]
    assert [record["scheduler"] for record in read_csv(summary)] == ["list:critical-path", "random"]
    assert pq.read_table(pairs).num_rows == 1
    drawn = sorted(path.name for path in (tmp_path / "deep" / "plots").iterdir())
    assert drawn == ["gaps.png", "profile-cycles.png", "profile-seconds.png", "time-quality.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted((*names, "deep", "problems"))


def test_standard_output(cli: Cli, problems: Path, tmp_path: Path) -> None:
    by_format = cli("compare", problems, *QUICK, "--no-times", "--format", "csv").stdout
    to_dash = cli("compare", problems, *QUICK, "--no-times", "--format", "csv", "-o", "-").stdout
    cli("compare", problems, *QUICK, "--no-times", "-o", tmp_path / "rows.csv")
    assert by_format == to_dash == (tmp_path / "rows.csv").read_text()
    plain = cli("compare", problems, *QUICK, "--no-times", "--format", "json").json
    assert plain == cli("compare", problems, *QUICK, "--no-times", "--json").json
    cli("compare", problems, *QUICK, "--no-times", "-o", tmp_path / "all.json")
    assert json.loads((tmp_path / "all.json").read_text()) == plain


def test_kernels_by_file(cli: Cli, kernel: Path, problems: Path) -> None:
    report = cli(
        "compare", kernel, problems / "p3.json", "-D", "n=16", "-O1", *QUICK, "--json"
    ).json
    assert [case["instance"] for case in report["instances"]] == ["p3", "affine(n=16)@O1"]


def test_kernels_of_the_suite(cli: Cli) -> None:
    from vliwc.lab.instances.kernels import SUITE_SIZES

    report = cli("compare", "--kernels", "small", "-O1", *QUICK[:2], *QUICK[4:], "--json").json
    assert len(report["instances"]) == len(SUITE_SIZES["small"])
    assert all(case["instance"].endswith("@O1") for case in report["instances"])


def test_budgets_reach_their_scheduler(cli: Cli, problems: Path) -> None:
    report = cli("compare", problems, *QUICK, "--budget", "random=3", "--json").json
    assert {(row["scheduler"], row["budget"]) for row in report["rows"]} == {
        ("list:critical-path", None),
        ("random", 3),
    }


def test_a_store_keeps_the_rows(cli: Cli, problems: Path, tmp_path: Path) -> None:
    place = tmp_path / "rows.db"
    asked = ("compare", problems, *QUICK, "--store", place, "--experiment", "mine", "--json")
    first = cli(*asked).json
    assert cli(*asked).json == first, "seconds included: nothing ran again"
    with Store.open(place) as store:
        assert len(store.rows("mine")) == len(first["rows"])


def test_seconds_of_several_computers_are_remarked(
    cli: Cli, problems: Path, tmp_path: Path
) -> None:
    """Rows of a store may come from elsewhere."""
    asked = ("compare", problems, *QUICK, "--store", tmp_path / "a.db")
    assert "different computers" not in cli(*asked).succeeded().stdout
    with Store.open(tmp_path / "a.db") as here, Store.open(tmp_path / "b.db") as there:
        for at, row in enumerate(here.rows("compare")):
            there.add("compare", replace(row, machine="elsewhere" if at else row.machine))
    asked = ("compare", problems, *QUICK, "--store", tmp_path / "b.db")
    assert "different computers" in cli(*asked).succeeded().stdout
    assert "different computers" not in cli(*asked, "--no-times").succeeded().stdout


def test_problems_without_schedule_are_named(cli: Cli, problems: Path, sabotage: Any) -> None:
    """Nobody but the scheduler that proves it knows that there is none."""
    for error, words in ((Infeasible, "proved to have no"), (OutOfScratch, "without any schedule")):

        def refuse(schedule: Schedule, error: type[Exception] = error) -> Schedule:
            raise error("no room")

        sabotage(refuse)
        asked = ("compare", problems / "p1.json", "--scheduler", "sabotaged")
        text = cli(*asked).succeeded().stdout
        assert words in text and "p1" in text and "FAILURES" not in text


def out_of_time(schedule: Schedule) -> Schedule:
    raise RuntimeError("out of time")


def too_early(schedule: Schedule) -> Schedule:
    return replace(schedule, lane_cycle=schedule.lane_cycle - 1000)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(out_of_time, "RuntimeError: out of time"), (too_early, "broken rules")],
)
def test_a_scheduler_that_fails_shows(
    cli: Cli, problems: Path, sabotage: Any, spoil: Callable[[Schedule], Schedule], words: str
) -> None:
    sabotage(spoil)
    asked = ("compare", problems, *QUICK, "--scheduler", "sabotaged")
    printed = cli(*asked)
    assert printed.code == 1
    assert "FAILURES" in printed.stdout and words in " ".join(printed.stdout.split())
    report = cli(*asked, "--json")
    assert report.code == 1 and report.json["failed"]
    assert len(report.json["failures"]) == 8
    bad = report.json["schedulers"][2]
    assert (bad["failed"], bad["scheduled"], bad["median_gap"]) == (8, 0, None)
    pairs = {(p["first"], p["second"]): p for p in report.json["pairs"]}
    assert pairs["random", "sabotaged"]["wins"] == 8


def test_a_false_bound_shows(cli: Cli, problems: Path, sabotage: Any) -> None:
    """The bound is met by its own schedule, and refuted by that of another scheduler."""

    def worse(schedule: Schedule) -> Schedule:
        cycles = schedule.cycles + 50
        return replace(schedule, cycles=cycles, lower_bound=cycles, bound_reason="wishes")

    sabotage(worse)
    result = cli("compare", problems, *QUICK, "--scheduler", "sabotaged", "--json")
    assert result.code == 1
    assert {(f["scheduler"], "wishes" in f["error"]) for f in result.json["failures"]} == {
        ("sabotaged", True)
    }
    assert all(row["gap"] >= 0 for row in result.json["rows"])
    assert result.json["schedulers"][2]["proved"] == 0


def test_a_false_optimum_shows(cli: Cli, problems: Path) -> None:
    (problems / "optima.json").write_text('{"p0": 1000}')
    printed = cli("compare", problems, *QUICK)
    assert printed.code == 1 and "the optimum is said to be 1000" in " ".join(
        printed.stdout.split()
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("nothing to compare on", "--kernels small")),
        (("--kernels", "medium"), ("medium", "small, all")),
        (("nowhere",), ("nowhere", "no such file")),
        (("P", "--scheduler", "magic"), ("'magic'", "list", "cpsat", "list:slack")),
        (("P", "--scheduler", "list", "--scheduler", "list"), ("list is given twice",)),
        (("P", "--baseline", "ilp"), ("--baseline ilp", "list, backward, random")),
        (("P", "--seed", "x"), ("--seed x", "FIRST:END")),
        (("P", "--seed", "-1"), ("--seed -1",)),
        (("P", "--seed", "3:3"), ("--seed 3:3", "END is not included")),
        (("P", "--seed", "0:3", "--seed", "2"), ("seed 2 is given twice",)),
        (("P", "--budget", "list"), ("--budget list", "NAME=N")),
        (("P", "--budget", "list=0"), ("--budget list=0", "from 1 on")),
        (("P", "--budget", "ilp=5"), ("'ilp' is not compared",)),
        (("P", "--budget", "list=5", "--budget", "list=6"), ("list already has 5",)),
        (("P", "-D", "n=3"), ("-D", "there are none")),
        (("P", "-O", "1"), ("-O", "problem files")),
        (("P", "--machine", "m.toml"), ("--machine", "problem files")),
        (("P", "--experiment", "e"), ("--store",)),
        (("P", "--processes", "2", "--cluster", "here:1"), ("exclude each other",)),
        (("P", "-o", "rows.txt"), ("rows.txt", ".parquet", "--format")),
        (("P", "-o", "rows.csv", "--format", "table"), ("--format table",)),
        (("P", "--format", "parquet"), ("-o FILE",)),
        (("P", "--format", "parquet", "-o", "-"), ("-o FILE",)),
        (("P", "--format", "csv", "--json"), ("both print",)),
        (("P", "-o", "-", "--json"), ("both print",)),
        (("P", "--summary", "s.json"), ("--summary s.json", ".csv or .parquet")),
        (("P", "-o", "a.csv", "--pairs", "a.csv"), ("same name",)),
        (("P", "-o", "not/there/a.csv"), ("no folder",)),
        (("P", "--plots", "FILE"), ("it is a file",)),
        (("P", "P/p0.json", "Q/p0.json"), ("same name",)),
        (("P/optima.json",), ("optima.json",)),
        (("P", "--store", "/not/there/x.db"), ("x.db",)),
        (("K.vk", "K.vk", "-D", "n=16"), ("two instances are called affine(n=16)@O2",)),
        (("K.vk",), ("K.vk", "n")),
        (("L.vk",), ("L.vk",)),
        (("K.vk", "-D", "n=16", "-O", "7"), ("level 7",)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_refusals(
    cli: Cli,
    problems: Path,
    kernel: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    words: tuple[str, ...],
) -> None:
    (tmp_path / "Q").mkdir()
    (tmp_path / "Q" / "p0.json").write_text((problems / "p0.json").read_text())
    (tmp_path / "FILE").write_text("")
    problems.rename(tmp_path / "P")
    kernel.rename(tmp_path / "K.vk")
    monkeypatch.chdir(tmp_path)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    cli("compare", *arguments).failed(*words)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize("package", ["scipy", "sqlalchemy", "matplotlib", "pyarrow", "distributed"])
def test_a_missing_package_is_named_before_anything_runs(
    cli: Cli, problems: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    asked = ("compare", problems, "--plots", tmp_path / "plots", "-o", tmp_path / "rows.parquet")
    extra = "parquet" if package == "pyarrow" else "lab"
    cli(*asked, "--cluster", "here:1").failed(package, f"install vliwc[{extra}]")
    assert not (tmp_path / "plots").exists()

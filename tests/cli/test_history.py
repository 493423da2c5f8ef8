"""`bench` on suites of one's own, its summary and its store; `history` and `leaderboard` over
stores."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import KERNEL, Called
from vliwc.lab.runs.store import Store

Cli = Callable[..., Called]

SUITE = """\
levels = [0, 1]
[[case]]
kernel = "affine"
sizes = {n = 16}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "affine.vk").write_text(KERNEL)
    path = tmp_path / "mine.toml"
    path.write_text(SUITE)
    return path


def test_a_suite_of_ones_own(cli: Cli, suite: Path, tmp_path: Path) -> None:
    first, summary = tmp_path / "first.json", tmp_path / "summary.md"
    report = cli("bench", "--suite", suite, "-o", first, "--json").json
    assert report["suite"] == "mine"
    assert [(row["kernel"], row["level"]) for row in report["results"]] == [
        ("affine", 0),
        ("affine", 1),
    ]
    cli("bench", "--suite", suite, "--baseline", first, "--summary", summary).succeeded()
    text = summary.read_text()
    assert text.startswith("## mine: 2 programs, 0 slower, 0 faster, 2 the same\n")
    cycles = report["results"][1]["cycles"]
    assert f"| `affine` | n 16 | -O1 | {cycles} |" in text
    assert "| program |" not in text, "nothing differs"

    report["results"][0]["cycles"] += 1
    report["results"][1]["cycles"] -= 1
    first.write_text(json.dumps(report))
    worse = cli("bench", "--suite", suite, "--baseline", first, "--summary", summary)
    assert worse.code == 1
    lines = summary.read_text().splitlines()
    assert lines[0] == "## mine: 2 programs, 1 slower, 1 faster, 0 the same"
    assert lines[4].startswith(f"| affine (n 16) -O1 | {cycles - 1} | {cycles} | +")
    assert lines[4].endswith("| **slower** |") and lines[5].endswith("| faster |")


def test_a_kernel_that_is_broken_stands_in_the_summary(
    cli: Cli, suite: Path, tmp_path: Path
) -> None:
    (tmp_path / "affine.vk").write_text("kernel affine(n) { nonsense }")
    done = cli("bench", "--suite", suite, "-O", 1, "--summary", "-", "--store", tmp_path / "s.db")
    assert done.code == 1
    assert done.stdout.startswith("## mine: 1 program, 1 not compiled\n")
    assert "Kernels that do not compile:\n\n- affine (n 16) -O1: `" in done.stdout
    assert "| `affine` | n 16 | -O1 | - | - | - | - | - |" in done.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("no [[case]]",)),
        ("levels = [1]\n", ("no [[case]]",)),
        ("case = [1]\n", ("case 1", "kernel and sizes")),
        ("[[case]]\nkernel = 3\n", ("case 1", 'kernel = "NAME"')),
        ('[[case]]\nkernel = "../x"\n', ("case 1", 'kernel = "NAME"')),
        ('[[case]]\nkernel = "x"\nsize = {n = 1}\n', ("case 1", "size")),
        ('[[case]]\nkernel = "x"\nsizes = 3\n', ("case 1", "sizes")),
        ('[[case]]\nkernel = "x"\nsizes = {n = "1"}\n', ("case 1", "size n")),
        ('[[case]]\nkernel = "x"\n[[case]]\nkernel = "x"\n', ("case 2", "stands twice")),
        ('levels = [9]\n[[case]]\nkernel = "x"\n', ("levels", "0 to 3")),
        ('levels = 2\n[[case]]\nkernel = "x"\n', ("levels", "0 to 3")),
        ('more = 1\n[[case]]\nkernel = "x"\n', ("more",)),
        ("[[case\n", ("suite.toml",)),
    ],
)
def test_suites_that_are_none(cli: Cli, tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    path = tmp_path / "suite.toml"
    path.write_text(text)
    cli("bench", "--suite", path).failed(str(path), *words)


def test_bench_refuses_what_cannot_be(cli: Cli, suite: Path, tmp_path: Path) -> None:
    cli("bench", "--suite", "slow").failed("--suite slow", "quick, full")
    cli("bench", "--suite", tmp_path / "none.toml").failed("none.toml")
    cli("bench", "--suite", suite, "--summary", "-", "--json").failed("--summary -")
    (tmp_path / "text.db").write_text("no database")
    cli("bench", "--suite", suite, "--store", tmp_path / "text.db").failed("text.db")


def test_history(cli: Cli, suite: Path, tmp_path: Path) -> None:
    place = tmp_path / "bench.db"
    report = cli("bench", "--suite", suite, "--store", place, "--json").json
    cli("bench", "--suite", suite, "--store", place).succeeded()
    cycles = {f"-O{row['level']}": row["cycles"] for row in report["results"]}
    with Store.open(place) as store:
        rows = store.rows("bench")
        assert {row.options: row.cycles for row in rows} == cycles, "nothing is kept twice"
        assert {row.status for row in rows} == {"feasible"}
    same = cli("history", place).succeeded()
    assert "2 series, none of them changed" in same.stdout

    with Store.open(place) as store:
        for row in rows:
            code, key = "0.2.0+123456789abc", row.key[::-1]
            store.add("bench", replace(row, code=code, key=key, cycles=row.cycles - 1))
    plots = tmp_path / "plots"
    found = cli("history", place, "--plots", plots, "--plot-format", "png").succeeded()
    assert "2 of 2 series changed" in found.stdout
    assert "affine(n=16) -O0" in found.stdout
    assert sorted(path.name for path in plots.iterdir()) == [
        "history-index.png",
        "history-series.png",
    ]
    data = cli("history", place, "--json").json
    assert [version["better"] for version in data["versions"]] == [0, 2]
    (last,) = cli("history", place, "--json", "--last", 1).json["versions"]
    assert last["code"] == "0.2.0+123456789abc"
    assert len(cli("history", place, "--json", "--instance", "affine").json["series"]) == 2

    cli("history", place, "--instance", "nothing").failed("no rows of 'nothing'")
    cli("history", place, "--experiment", "compare").failed("--experiment compare", "bench")
    cli("history", place, "--plots", place).failed("bench.db")
    with Store.open(place) as store:
        store.describe("another", "")
    cli("history", place).failed("--experiment", "another, bench")


def test_history_of_nothing(cli: Cli, tmp_path: Path) -> None:
    cli("history", tmp_path / "none.db").failed("none.db: there is no such store")
    Store.open(tmp_path / "empty.db").close()
    cli("history", tmp_path / "empty.db").failed("no experiments")


def test_leaderboard(cli: Cli, tmp_path: Path) -> None:
    corpus, store, page = tmp_path / "c", tmp_path / "s.sqlite", tmp_path / "board.html"
    cli("instances", "generate", "projects", "-p", "jobs=6", "--count", 6, "-o", corpus).succeeded()
    names = [word for name in ("list", "backward", "random") for word in ("--scheduler", name)]
    cli("compare", corpus, *names, "--processes", 1, "--store", store).succeeded()
    (board,) = cli("leaderboard", store, "--json").json["boards"]
    assert (board["corpus"], board["instances"], board["left_out"]) == ("projects", 6, 0)
    assert {s["entrant"] for s in board["standings"]} == {"list", "backward", "random"}
    assert sum(s["rank"] for s in board["standings"]) == pytest.approx(6)
    shown = cli("leaderboard", store, "-o", page, "--title", "Mine").succeeded().stdout
    assert "projects: 6 instances" in shown and f"written: {page}" in shown
    assert "<h1>Mine</h1>" in page.read_text()
    printed = cli("leaderboard", store, "-o", "-").succeeded().stdout
    assert printed.startswith("<!DOCTYPE html>") and printed.endswith("</html>\n")
    cli("leaderboard", store, "--experiment", "x").failed("--experiment x: there are compare")
    cli("leaderboard", tmp_path / "none.sqlite").failed("there is no such store")

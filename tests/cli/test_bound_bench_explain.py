"""`vliwc bound`, `vliwc explain` and `vliwc bench`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Called

Cli = Callable[..., Called]
ENGINES = {"alu", "valu", "load", "store", "flow"}


@pytest.fixture
def tree(repository: Path) -> list[object]:
    """Arguments that name a small tree-hash problem."""
    kernel = repository / "kernels" / "tree_hash.vk"
    return [kernel, "-D", "forest_height=5", "-D", "rounds=8", "-D", "batch_size=64"]


def test_bound_report(cli: Cli, tree: list[object]) -> None:
    report = cli("bound", *tree, "-O", 1, "--json").json
    assert report["cycles"] >= report["lower_bound"] == max(b["cycles"] for b in report["bounds"])
    assert report["gap"] == pytest.approx(report["cycles"] / report["lower_bound"] - 1)
    assert 0 < report["kernel_bound"] <= report["lower_bound"] <= report["cycles"]
    assert report["kernel_bound"] - 1 < report["kernel_work"] <= report["kernel_bound"]
    assert report["kernel_gap"] == pytest.approx(report["cycles"] / report["kernel_bound"] - 1)
    names = [bound["name"] for bound in report["bounds"]]
    assert names[0] == "critical path" and len(names) == len(set(names))
    for bound in report["bounds"]:
        assert set(bound["prices"]) in (set(), ENGINES)
        # What the work takes by itself is a bound, too; windows only raise it.
        assert bound["cycles"] >= bound["work"] - 1e-6


def test_bound_agrees_with_compile(cli: Cli, kernel: Path) -> None:
    bound = cli("bound", kernel, "-D", "n=64", "--json").json
    compiled = cli("compile", kernel, "-D", "n=64", "--json").json
    assert bound["cycles"] == compiled["cycles"]
    assert bound["lower_bound"] == compiled["lower_bound"]
    # A constant, its copies in a vector and a product and sum, then 8 vector stores, 2 per cycle.
    assert bound["kernel_bound"] == compiled["kernel_bound"] == 7
    assert bound["kernel_gap"] == compiled["kernel_gap"] == compiled["cycles"] / 7 - 1


def test_bound_says_what_is_proved(cli: Cli, kernel: Path) -> None:
    text = cli("bound", kernel, "-D", "n=64").succeeded().stdout
    assert "no schedule of the chosen operations takes fewer cycles" in text
    assert "choosing other operations" in text
    for engine in ENGINES:
        assert f"{engine} slots" in text


def test_explanation_adds_up(cli: Cli, tree: list[object]) -> None:
    report = cli("explain", *tree, "--json", "--windows", 7).json
    parts = report["attribution"]
    idle = sum(phase["idle"] for phase in parts["phases"])
    assert parts["work"] + parts["dearer_forms"] + idle == pytest.approx(report["cycles"])
    assert [phase["name"] for phase in parts["phases"]] == ["fill", "steady", "drain"]
    assert [w["first"] for w in report["windows"][1:]] == [w["end"] for w in report["windows"][:-1]]
    assert sum(cause["cycles"] for cause in report["causes"]) == report["cycles"]
    assert report["windows"][-1]["end"] == report["cycles"] and len(report["windows"]) == 7
    compiled = cli("compile", *tree, "--json").json
    for division in ("owners", "kinds", "lines"):
        for engine in ENGINES:
            slots = sum(share["slots"][engine] for share in report[division])
            assert slots == compiled["ops"][engine], (division, engine)
    for read in report["reads"]:
        assert sum(read["ways"].values()) == 8, "8 groups do every read"


def test_explanation_knows_the_source(cli: Cli, tree: list[object]) -> None:
    report = cli("explain", *tree, "-O", 1, "--json").json
    lines = {line["text"]: line for line in report["lines"]}
    assert lines["let a1 = (a0 + 0x7ED55D16) + (a0 << 12);"]["slots"]["valu"] >= 8 * 8
    assert lines["values[i] = val;"]["slots"]["store"] == 8
    for engine, what_if in report["one_more_slot"].items():
        assert engine in ENGINES and what_if["lower_bound"] <= report["lower_bound"]


def test_explanation_for_people(cli: Cli, tree: list[object]) -> None:
    text = cli("explain", *tree, "-O", 1).succeeded().stdout
    for heading in (
        "they go to",
        "cycles by cause",
        "with one more slot",
        "table reads",
        "Slots by source line",
    ):
        assert heading in text
    assert "forest[1..2]: 8 groups " in text


def test_what_stands_between_a_program_and_the_bound_is_said(cli: Cli) -> None:
    kernel = Path(__file__).resolve().parents[2] / "kernels" / "transpose.vk"
    text = cli("explain", kernel, "-D", "rows=16", "-D", "columns=16").succeeded().stdout
    assert "beyond the bound" in text and "`turned`: words moved" in text


def test_explanation_as_a_page(cli: Cli, tree: list[object], tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    report = cli("explain", *tree, "-O", 1, "--json", "--html", page).json
    text = page.read_text()
    assert report["html"] == str(page)
    assert f"{report['cycles']} cycles</h1>" in text
    assert not re.search(r"https?:|<script|<link|src=|@import|url\(", text)
    assert "a &lt;&lt; 12" in text or "(a0 &lt;&lt; 12)" in text
    assert text.count("<svg") == 5


def test_explain_refuses_no_windows(cli: Cli, kernel: Path) -> None:
    assert cli("explain", kernel, "-D", "n=8", "--windows", 0).code == 2


BENCH = ("bench", "--kernel", "saxpy_dot", "-O", 1)


def test_bench_finds_regressions(cli: Cli, tmp_path: Path) -> None:
    first = tmp_path / "first.json"
    report = cli(*BENCH, "--json", "-o", first).json
    assert json.loads(first.read_text()) == report
    (row,) = report["results"]
    assert row["kernel"] == "saxpy_dot" and row["level"] == 1 and not row["error"]
    assert row["cycles"] >= row["lower_bound"] >= row["kernel_bound"] > 0
    assert report["median_gap"] == {"-O1": row["gap"]}
    assert report["kernel_ratio"] == {"-O1": pytest.approx(row["cycles"] / row["kernel_bound"])}

    same = cli(*BENCH, "--baseline", first).succeeded()
    assert "1 compared with the baseline: 0 worse, 0 better" in same.stdout

    row["cycles"] -= 1
    first.write_text(json.dumps(report))
    worse = cli(*BENCH, "--baseline", first)
    assert worse.code == 1
    assert "1 worse" in worse.stdout and "WORSE" in worse.stdout and "+1" in worse.stdout

    row["cycles"] += 2
    first.write_text(json.dumps(report))
    better = cli(*BENCH, "--baseline", first, "--json")
    assert better.code == 0
    (difference,) = better.json["differences"]
    assert difference["now"] == difference["before"] - 1 and not difference["regression"]


def test_bench_reports_kernels_that_do_not_compile(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "saxpy_dot.vk").write_text("kernel saxpy_dot(n) { nonsense }")
    failed = cli(*BENCH, "--kernels", tmp_path, "--json")
    assert failed.code == 1
    (row,) = failed.json["results"]
    assert row["error"] and row["cycles"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-O", 7), ("-O 7", "0 to 3")),
        (("--kernel", "nothing"), ("nothing", "saxpy_dot")),
        (("--kernels", "/nowhere"), ("/nowhere",)),
        (("--baseline", "/nowhere.json"), ("/nowhere.json: cannot be read",)),
    ],
)
def test_bench_refuses(cli: Cli, arguments: tuple[object, ...], words: tuple[str, ...]) -> None:
    cli("bench", *arguments).failed(*words)


@pytest.mark.parametrize("text", ["[]", "{}", '{"version": 1}', '{"version": 1, "results": [1]}'])
def test_bench_refuses_other_files_as_baseline(cli: Cli, tmp_path: Path, text: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(text)
    cli("bench", "--baseline", path).failed(str(path))

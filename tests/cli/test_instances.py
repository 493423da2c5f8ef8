"""`vliwc instances`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import pytest

from tests.cli.conftest import Called
from vliwc.lab.generators import GENERATORS
from vliwc.lab.instances.corpus import OPTIMA, load

Cli = Callable[..., Called]


@pytest.fixture
def projects(cli: Cli, tmp_path: Path) -> Path:
    """Two small projects, one of known makespan."""
    folder = tmp_path / "projects"
    cli("instances", "generate", "projects", "--count", 2, "-p", "jobs=6", "-o", folder).succeeded()
    first = sorted(folder.glob("*.json"))[0]
    (folder / OPTIMA).write_text(json.dumps({first.stem: 99}))
    return folder


def test_generate(cli: Cli, tmp_path: Path) -> None:
    def names(folder: str) -> dict[str, str]:
        arguments = ("generate", "layered", "--count", 3, "--seed", 5, "-p", "operations=20")
        report = cli("instances", *arguments, "-o", tmp_path / folder, "--json").json
        assert report["output"] == str(tmp_path / folder)
        return {row["name"]: row["digest"] for row in report["instances"]}

    first, second = names("one"), names("two")
    assert first == second
    assert list(first) == [f"layered(operations=20,seed={seed})" for seed in (5, 6, 7)]
    found = load([tmp_path / "one"])
    assert {i.name: i.digest for i in found} == first
    assert {i.family for i in found} == {"layered"}


def test_generate_for_a_machine(cli: Cli, tmp_path: Path) -> None:
    machine = tmp_path / "tiny.toml"
    machine.write_text("vlen = 2\n[slots]\nalu = 1\nvalu = 1\n")
    common = ("instances", "generate", "trees", "--machine", machine, "-o", tmp_path / "out")
    row = cli(*common, "--json").json["instances"][0]
    assert row["machine"] == "tiny" and row["name"].endswith("@tiny")
    cli("instances", "generate", "projects", "--machine", machine, "-o", tmp_path).failed(
        "--machine"
    )


def test_existing_files_are_replaced(cli: Cli, tmp_path: Path) -> None:
    old = tmp_path / "trees(operations=60,seed=0).json"
    old.write_text("old")
    (tmp_path / "other.txt").write_text("kept")
    shown = cli("instances", "generate", "trees", "-o", tmp_path).succeeded().stdout
    assert "trees(operations=60, seed=0)" in shown
    assert load([old])[0].family == "trees"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.txt", old.name]


def test_generators(cli: Cli) -> None:
    report = cli("instances", "generators", "--json").json
    assert list(report) == list(GENERATORS)
    width = report["layered"]["parameters"]["width"]
    assert (width["default"], width["least"]) == (8, 1)
    shown = cli("instances", "generators").succeeded().stdout
    assert "pressure" in shown and "in or out" in shown


def test_kernels(cli: Cli, tmp_path: Path, kernel: Path) -> None:
    suite = tmp_path / "suite"
    report = cli("instances", "kernels", "--kernel", "lcg", "-O", 1, "-o", suite, "--json").json
    assert [row["name"] for row in report["instances"]][0] == "lcg(lanes=8,steps=8)@O1"
    assert len(load([suite])) == 3
    one = tmp_path / "one"
    cli("instances", "kernels", kernel, "-D", "n=16", "-o", one).succeeded()
    assert [path.name for path in one.iterdir()] == ["affine(n=16)@O2.json"]


def test_kernel_arguments_that_contradict(cli: Cli, tmp_path: Path, kernel: Path) -> None:
    common = ("instances", "kernels", "-o", tmp_path / "x")
    cli(*common, "-D", "n=3").failed("-D", "KERNEL.vk")
    cli(*common, kernel, "-D", "n=3", "--sizes", "all").failed("--sizes")
    cli(*common, kernel).failed("n")
    cli(*common, "--kernel", "lgc").failed("lgc", "lcg")
    assert not (tmp_path / "x").exists(), "nothing is written"


def test_list(cli: Cli, projects: Path, tmp_path: Path) -> None:
    cli("instances", "generate", "layered", "-o", tmp_path / "more").succeeded()
    rows = cli("instances", "list", projects, tmp_path / "more", "--json").json["instances"]
    assert [row["family"] for row in rows] == ["layered", "projects", "projects"]
    layered, known, _ = rows
    assert layered["operations"] == 60 and layered["scratch"] == layered["results"] > 0
    assert layered["bound"] >= layered["critical_path"] > 1
    assert known["scratch"] is None and known["optimum"] == 99
    shown = cli("instances", "list", projects).succeeded().stdout
    assert "projects(jobs=6, seed=0)" in shown and "99" in shown
    more = ("width=4", "alu=0.5", "valu=0.25", "load=0.25", "flow=0.5", "pressure=0.75")
    options = [word for text in more for word in ("-p", text)]
    shown = cli("instances", "generate", "layered", *options, "-o", tmp_path).succeeded().stdout
    assert "…" not in shown and all(text in shown for text in more), "no name is cut"


def test_features(cli: Cli, projects: Path, tmp_path: Path) -> None:
    row, _ = cli("instances", "features", projects, "--json").json["instances"]
    assert row["operations"] == 8 and 1 <= row["width"] <= 6 and row["pressure"] is None
    out = tmp_path / "f.csv"
    assert "width" in cli("instances", "features", projects, "-o", out).succeeded().stdout
    lines = out.read_text().splitlines()
    assert lines[0].startswith("name,family,operations,dependences,modes,width,")
    assert len(lines) == 3
    cli("instances", "features", tmp_path / "none").failed("none")


def test_show(cli: Cli, projects: Path, kernel: Path, tmp_path: Path) -> None:
    project = projects / "projects(jobs=6,seed=0).json"
    shown = cli("instances", "show", project).succeeded().stdout
    assert "R1 " in shown and "99 cycles" in shown
    cli("instances", "kernels", kernel, "-D", "n=16", "-o", tmp_path).succeeded()
    path = tmp_path / "affine(n=16)@O2.json"
    report = cli("instances", "show", path, "--json").json
    assert sum(report["forms"].values()) == report["operations"]
    assert max(bound["cycles"] for bound in report["bounds"]) == report["bound"]
    assert "valu or alu by 8 lanes" in cli("instances", "show", path).succeeded().stdout


def test_convert_round_trip(cli: Cli, projects: Path, tmp_path: Path) -> None:
    sm, back = tmp_path / "sm", tmp_path / "back"
    cli("instances", "convert", projects, "--to", "sm", "-o", sm).succeeded()
    assert sorted(path.suffix for path in sm.iterdir()) == [".json", ".sm", ".sm"], "and optima"
    cli("instances", "convert", sm, "--to", "json", "-o", back).succeeded()
    before, after = load([projects]), load([back])
    for a, b in zip(before, after, strict=True):
        assert (a.name, a.digest, a.optimum) == (b.name, b.digest, b.optimum)


def test_known_optima_are_added_to_those_that_are_there(
    cli: Cli, projects: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / OPTIMA).write_text('{"other": 3}')
    cli("instances", "convert", projects, "--to", "json", "-o", target).succeeded()
    assert json.loads((target / OPTIMA).read_text()) == {"other": 3, "projects(jobs=6,seed=0)": 99}


@pytest.mark.parametrize("form", ["json", "graphml", "dot"])
def test_convert_to_standard_output(cli: Cli, projects: Path, form: str) -> None:
    file = projects / "projects(jobs=6,seed=1).json"
    text = cli("instances", "convert", file, "--to", form).succeeded().stdout
    report = cli("instances", "convert", file, "--to", form, "--json").json
    assert report["instances"][0]["text"] == text
    if form == "json":
        assert text == file.read_text()
    elif form == "graphml":
        assert nx.parse_graphml(text).number_of_nodes() == 8
    else:
        assert text.startswith("digraph")


def test_convert_of_a_machine_problem(cli: Cli, kernel: Path, tmp_path: Path) -> None:
    cli("instances", "kernels", kernel, "-D", "n=16", "-o", tmp_path / "in").succeeded()
    file = tmp_path / "in" / "affine(n=16)@O2.json"
    target = tmp_path / "x.sm"
    convert = ("instances", "convert", file, "--to", "sm")
    cli(*convert, "-o", target).failed("--relax", "scratch", "engines")
    assert not target.exists()
    called = cli(*convert, "-o", target, "--relax").succeeded()
    assert "affine(n=16)@O2: left out: scratch" in called.stderr
    assert "*** left out: scratch" in target.read_text()
    folder = tmp_path / "out"
    folder.mkdir()
    report = cli(*convert, "-o", folder, "--relax", "--json").json["instances"][0]
    assert report["output"] == str(folder / "affine(n=16)@O2-relaxed.sm")
    assert len(report["left_out"]) >= 2
    (relaxed,) = load([folder])
    assert relaxed.problem.renewable is not None


def test_projects_with_time_lags(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "lags.sch"
    file.write_text(
        "2 1 0 0\n0 1 1 1 [0]\n1 1 1 2 [2]\n2 1 2 1 3 [-2] [3]\n3 1 0\n"
        "0 1 0 0\n1 1 4 1\n2 1 3 1\n3 1 0 0\n2\n"
    )
    assert "time lags" in cli("instances", "show", file).succeeded().stdout
    report = cli("schedule", file, "--scheduler", "cpsat", "--budget", 2, "--json").json
    assert (report["cycles"], report["status"]) == (5, "optimal")
    refused = cli("schedule", file, "--scheduler", "list")
    assert refused.code == 1 and "list knows no time lags" in refused.stderr
    names = ("--scheduler", "cpsat", "--scheduler", "list", "--processes", 1)
    rows = cli("compare", file, *names, "--json").json["rows"]
    assert [row["status"] for row in rows] == ["optimal", "none"]
    cli("instances", "convert", file, "--to", "sm", "-o", tmp_path / "x.sm").failed("time lags: 4")


def test_refusals(cli: Cli, projects: Path, tmp_path: Path) -> None:
    generate = ("instances", "generate")
    cli(*generate, "layred", "-o", tmp_path).failed("layred", "layered")
    cli(*generate, "layered", "-p", "width", "-o", tmp_path).failed("-p width", "NAME=VALUE")
    cli(*generate, "layered", "-p", "width=2", "-p", "width=3", "-o", tmp_path).failed("already")
    cli(*generate, "layered", "-p", "size=2", "-o", tmp_path).failed("size", "operations")
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    cli(*generate, "layered", "-o", blocked).failed(str(blocked))
    cli("instances", "list", tmp_path / "nothing").failed("no such file")
    cli("instances", "show", blocked).failed("no kind of problem file")
    cli("instances", "convert", projects, "--to", "dot").failed("2 problems", "-o")
    one = projects / "projects(jobs=6,seed=0).json"
    cli("instances", "convert", one, "--to", "json", "--relax").failed("--relax")
    (projects / "bad.json").write_text("{}")
    cli("instances", "list", projects).failed("bad.json")
    cli("instances", "convert", projects, "--to", "sm", "-o", tmp_path / "out").failed("bad.json")
    assert not (tmp_path / "out").exists()

"""`vliwc compile` and `vliwc ir`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from isa.files import load_program
from isa.provenance import slot_places, without_provenance
from isa.validate import check
from tests.cli.conftest import Called

Cli = Callable[..., Called]

CONTRACT_KEYS = {
    "cycles",
    "lower_bound",
    "gap",
    "kernel_bound",
    "kernel_gap",
    "bundles",
    "ops",
    "utilization",
    "scratch_words",
    "compile_seconds",
    "passes",
    "scheduler",
    "seed",
}


def test_report(cli: Cli, kernel: Path) -> None:
    report = cli("compile", kernel, "-D", "n=16", "--json").json
    assert report.keys() >= CONTRACT_KEYS
    assert report["cycles"] >= report["lower_bound"] > 0
    assert report["gap"] == pytest.approx(report["cycles"] / report["lower_bound"] - 1)
    assert report["scheduler"] == "list"
    assert report["seed"] == 0
    seconds = [step["seconds"] for step in report["passes"] if step["name"]]
    assert 0 < sum(seconds) <= report["compile_seconds"]


def test_summary_for_people(cli: Cli, kernel: Path) -> None:
    lines = cli("compile", kernel, "-D", "n=0x10").succeeded().stdout.splitlines()
    headings = [line.split("  ")[0] for line in lines]
    assert headings[:4] == ["kernel", "cycles", "schedule bound", "kernel bound"]
    assert "affine(n=16)" in lines[0]


def test_formats(cli: Cli, kernel: Path, tmp_path: Path) -> None:
    call = ("compile", kernel, "-D", "n=9")
    bundles: list[object] = []
    for form in ("program", "takehome", "asm"):
        out = tmp_path / form
        report = cli(*call, "-o", out, "--emit", form, "--json").json
        assert report["output"] == str(out)
        assert report["format"] == form
        program = load_program(out)
        check(program)
        bundles.append(program.bundles)
    assert bundles[0] == bundles[1] == bundles[2]
    assert isinstance(json.loads((tmp_path / "takehome").read_text()), list)


def test_program_on_standard_output(cli: Cli, kernel: Path, tmp_path: Path) -> None:
    done = cli("compile", kernel, "-D", "n=8", "-o", "-").succeeded()
    assert json.loads(done.stdout)["format"] == "vliwc-program"
    cli("compile", kernel, "-D", "n=8", "-o", "-", "--json").failed("standard output")


def test_levels_and_seeds(cli: Cli, kernel: Path) -> None:
    call = ("compile", kernel, "-D", "n=64", "--json", "--verify")
    cycles = [cli(*call, f"-O{level}").json["cycles"] for level in range(3)]
    assert cycles[0] >= cycles[1] >= cycles[2]
    assert cli(*call, "--seed", "3").json["seed"] == 3


def test_same_command_same_program(cli: Cli, kernel: Path) -> None:
    texts = {cli("compile", kernel, "-D", "n=21", "-o", "-").stdout for _ in range(2)}
    assert len(texts) == 1


def test_other_machine(cli: Cli, kernel: Path, tmp_path: Path) -> None:
    machine, out = tmp_path / "narrow.toml", tmp_path / "out.json"
    machine.write_text("[slots]\nalu = 1\nvalu = 1\nload = 1\nstore = 1\n")
    call = ("compile", kernel, "-D", "n=256", "--json")
    narrow = cli(*call, "--machine", machine, "-o", out).json
    assert narrow["cycles"] > cli(*call).json["cycles"]
    assert load_program(out).machine.slots["valu"] == 1


def test_bad_arguments(cli: Cli, kernel: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"

    def refused(*arguments: object) -> Called:
        return cli("compile", kernel, "-o", out, *arguments)

    refused().failed("E0501", "parameter `n`", "-D n=")
    refused("-D", "n=8", "-D", "m=1").failed("E0502", "`m`")
    refused("-D", "n").failed("-D n", "NAME=INT")
    refused("-D", "n=").failed("-D n=", "not an integer")
    refused("-D", "n=eight").failed("'eight' is not an integer")
    refused("-D", "n=1", "-D", "n=2").failed("already given as 1")
    refused("-D", "8=n").failed("NAME=INT")
    refused("-D", "n=-1").failed("E0503", "negative")
    refused("-D", "n=8", "-O4").failed("level 4", "0 to 3")
    refused("-D", "n=8", "-Ofast").failed("-O", "integer")
    refused("-D", "n=8", "--scheduler", "magic").failed("magic", "list")
    refused("-D", "n=8", "--seed", "-1").failed("seed -1")
    refused("-D", "n=8", "--emit", "elf").failed("elf")
    refused("-D", "n=8", "--machine", tmp_path / "none.toml").failed("none.toml")
    refused("-D", "n=8", "--frobnicate").failed("--frobnicate")
    assert not out.exists()


def test_bad_kernels(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "bad.vk"
    cli("compile", path).failed("bad.vk", "E0001")
    path.write_bytes(b"\xff\xff")
    cli("compile", path).failed("bad.vk", "not UTF-8")
    path.write_text(
        "kernel k() { memory { x: u32[1] inout at 0; } x[0] = nobody; x[0] = nothing; }"
    )
    done = cli("compile", path).failed("bad.vk:1:", "`nobody`", "`nothing`", "^")
    assert done.stderr.count("error[") == 2
    cli("compile", tmp_path).failed("cannot be read")


def test_ir_at_the_end_and_after_a_pass(cli: Cli, kernel: Path, tmp_path: Path) -> None:
    call = ("ir", kernel, "-D", "n=16")
    final = cli(*call).succeeded().stdout
    assert "function affine {" in final
    between = cli(*call, "--between", "--json").json["stages"]
    assert len(between) > 1
    first, last = between[0], between[-1]
    assert first["text"] != last["text"]
    assert last["text"] in final
    assert first["text"] in cli(*call, "--after", first["pass"] + ":1").succeeded().stdout
    out = tmp_path / "between.vir"
    cli(*call, "--between", "-o", out).succeeded()
    for stage in between:
        assert f"# after {stage['pass']}:{stage['run']}\n{stage['text']}" in out.read_text()


def test_ir_of_any_stage(cli: Cli, kernel: Path, tmp_path: Path) -> None:
    """Lane IR, machine DAG, problem, schedule and program, each in a form that others read."""
    call = ("ir", kernel, "-D", "n=16", "--stage")
    assert cli(*call, "lower").succeeded().stdout.startswith("function affine {")
    assert cli(*call, "instantiate").succeeded().stdout.startswith("mir {")
    path = tmp_path / "problem.json"
    cli(*call, "problem", "-o", path).succeeded()
    cli("schedule", path, "--scheduler", "list").succeeded()
    assert '"vliwc-schedule"' in cli(*call, "schedule").succeeded().stdout
    assert cli(*call, "unguard:1", "--json").json["stages"][0]["pass"] == "unguard"
    asm = tmp_path / "program.asm"
    cli(*call, "validate", "-o", asm).succeeded()
    cli("asm", asm).succeeded()
    cli(*call, "magic").failed("no such stage", "front-end", "instantiate", "validate")
    cli(*call, "lower", "--between").failed("contradict")


def test_ir_of_bad_input(cli: Cli, kernel: Path) -> None:
    call = ("ir", kernel, "-D", "n=16")
    cli(*call, "--after", "magic").failed("magic", "no such pass")
    cli(*call, "--after", "magic", "--between").failed("--between")
    # A name that does not exist is refused before anything is run.
    missing = kernel.parent / "none.vk"
    cli("ir", missing, "-D", "n=16", "--after", "magic").failed("magic", "no such pass")
    cli("ir", missing, "-D", "n=16", "--stage", "magic").failed("magic", "no such stage")
    cli("ir", kernel).failed("E0501")
    cli("ir", kernel.parent / "none.vk", "-D", "n=16").failed("none.vk")


def test_program_files_keep_the_place_of_each_slot_unless_told_not_to(
    cli: Cli, kernel: Path, tmp_path: Path
) -> None:
    call = ("compile", kernel, "-D", "n=9", "-o", tmp_path / "p")
    cli(*call).succeeded()
    annotated = load_program(tmp_path / "p")
    places = slot_places(annotated)
    assert places is not None
    assert any(place.line for bundle in places for each in bundle.values() for place in each)
    cli(*call, "--no-provenance").succeeded()
    assert load_program(tmp_path / "p") == without_provenance(annotated)
    cli(*call, "--emit", "asm").succeeded()
    assert load_program(tmp_path / "p") == without_provenance(annotated)


def test_the_cache_keeps_what_was_compiled(
    cli: Cli, kernel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLIWC_CACHE_DIR", str(tmp_path / "kept"))
    call = ("-D", "n=16", "--json")
    off = cli("compile", kernel, *call).json
    assert not off["from_cache"] and not (tmp_path / "kept").exists()
    first = cli("compile", kernel, *call, "--cache").json
    again = cli("check", kernel, *call, "--cache").json
    assert (first["from_cache"], again["from_cache"]) == (False, True)
    assert again["passes"] == first["passes"] and again["cycles"] == off["cycles"]
    monkeypatch.setenv("VLIWC_CACHE", "1")
    assert "from the cache" in cli("compile", kernel, "-D", "n=16").succeeded().stdout
    assert not cli("compile", kernel, *call, "--no-cache").json["from_cache"]
    assert not cli("compile", kernel, "-D", "n=17", "--json").json["from_cache"]


def test_guard(cli: Cli, tmp_path: Path) -> None:
    kernel = tmp_path / "g.vk"
    kernel.write_text(
        "kernel g(n) {\n  memory { x: u32[n] inout at 0; }\n"
        "  parallel for i in 0 .. n { assume x[i] < 9; x[i] = min(x[i], 20) + 3; }\n}\n"
    )
    report = cli("compile", kernel, "-D", "n=16", "--guard", "--json").json
    test, fast, otherwise = report["parts"]
    assert report["guard"] == {
        "cycles": test["cycles"],
        "otherwise": test["cycles"] + otherwise["cycles"],
    }
    assert report["cycles"] == test["cycles"] + fast["cycles"]
    assert otherwise["trips"] == 0
    assert cli("compile", kernel, "-D", "n=16", "--json").json["guard"] is None
    explained = cli("explain", kernel, "-D", "n=16", "--guard", "--json").json
    assert explained["guard"] == report["guard"]
    shown = cli("check", kernel, "-D", "n=16", "--guard").succeeded().stdout
    assert f"guard           {test['cycles']} of the cycles" in shown

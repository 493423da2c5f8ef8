"""`vliwc check`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import vliwc.cli.kernels.check as check_command
from isa.program import Bundle
from tests.cli.conftest import Called
from vliwc.checking import Case, compare
from vliwc.lang import bind, parse_kernel

Cli = Callable[..., Called]
Sabotage = Callable[[tuple[Bundle, ...]], tuple[Bundle, ...]]


@pytest.fixture
def sabotage(monkeypatch: pytest.MonkeyPatch) -> Callable[[Sabotage], None]:
    """Lets a test change the compiled program before it is checked."""
    compile_quietly = check_command.compile_quietly

    def install(change: Sabotage) -> None:
        def changed(*args: Any, **kwargs: Any) -> Any:
            result = compile_quietly(*args, **kwargs)
            program = dataclasses.replace(result.program, bundles=change(result.program.bundles))
            return dataclasses.replace(result, program=program)

        monkeypatch.setattr(check_command, "compile_quietly", changed)

    return install


def test_right_answers(cli: Cli, kernel: Path) -> None:
    done = cli("check", kernel, "-D", "n=13", "--cases", "3").succeeded()
    assert "correct on 3 inputs" in done.stdout
    report = cli("check", kernel, "-D", "n=13", "--json").json
    assert (report["correct"], report["cases"], report["mismatch"]) == (True, 8, None)
    assert report["cycles"] > 0


def test_wrong_answer_names_the_word_and_how_to_see_it_again(
    cli: Cli, kernel: Path, sabotage: Callable[[Sabotage], None]
) -> None:
    # Without its stores the program leaves what the random image holds in `y`.
    sabotage(lambda bundles: tuple({**bundle, "store": []} for bundle in bundles))
    call = ("check", kernel, "-D", "n=13", "--seed", "5")
    done = cli(*call)
    assert done.code == 1
    assert "y[0] (memory word 13)" in done.stdout
    assert "--cases 1 --seed 5" in done.stdout
    report = cli(*call, "--json").json
    assert report["correct"] is False
    mismatch = report["mismatch"]
    assert (mismatch["array"], mismatch["index"], mismatch["seed"]) == ("y", 0, 5)
    assert mismatch["expected"] != mismatch["got"]
    assert mismatch["protected"] is False


def test_write_to_a_protected_word_is_found(
    cli: Cli, kernel: Path, sabotage: Callable[[Sabotage], None]
) -> None:
    clobber: tuple[Bundle, ...] = (
        {"load": [("const", 1000, 4)]},
        {"store": [("store", 1000, 1000)]},
    )
    sabotage(lambda bundles: (*bundles[:-1], {**bundles[-1]}, *clobber))
    report = cli("check", kernel, "-D", "n=13", "--json").json
    assert report["correct"] is False
    mismatch = report["mismatch"]
    assert (mismatch["array"], mismatch["index"], mismatch["got"]) == ("x", 4, 4)
    assert mismatch["protected"] is True


def test_wrong_cycle_count_is_found(
    cli: Cli, kernel: Path, sabotage: Callable[[Sabotage], None]
) -> None:
    sabotage(lambda bundles: ({"alu": []}, *bundles))
    done = cli("check", kernel, "-D", "n=13", "--json")
    assert done.code == 1
    assert done.json["correct"] is False
    assert "cycles on our simulator" in done.json["failure"]


def test_trap_is_found(cli: Cli, kernel: Path, sabotage: Callable[[Sabotage], None]) -> None:
    trap: tuple[Bundle, ...] = (
        {"load": [("const", 1000, 2**31)]},
        {"load": [("load", 1001, 1000)]},
    )
    sabotage(lambda bundles: (*bundles, *trap))
    done = cli("check", kernel, "-D", "n=13", "--seed", "4")
    assert done.code == 1
    assert "--cases 1 --seed 4: the program traps on our simulator: bundle" in done.stdout


def test_given_input(cli: Cli, kernel: Path, tmp_path: Path) -> None:
    image = tmp_path / "image.json"
    call = ("check", kernel, "-D", "n=3", "--memory", image)
    image.write_text(json.dumps([1, 2, 999, 0, 0, 0]))
    report = cli(*call, "--json").json
    assert (report["correct"], report["cases"]) == (True, 1)
    image.write_text(json.dumps([1, 2, 1000, 0, 0, 0]))
    cli(*call).failed("assumption does not hold", "i = 2", "x[i] = 1000")
    image.write_text(json.dumps([1, 2]))
    cli(*call).failed("E0606", "2 words")
    image.write_text("{}")
    cli(*call).failed("image.json", "list")


def test_a_wrong_word_of_an_array_of_several_dimensions() -> None:
    text = """kernel k(h, w) {
      memory { y: u32[h][w] out at 0; }
      parallel for i in 0 .. h, j in 0 .. w { y[i][j] = j; }
    }"""
    kernel = bind(parse_kernel(text), {"h": 2, "w": 3})
    found = compare(kernel, Case([0] * 6, seed=4), "here", [0, 1, 2, 0, 1, 2], [0, 1, 2, 0, 7, 2])
    assert found is not None and found.index == 4
    assert str(found).startswith("y[1][1] (memory word 4): expected 1, got 7 on here")


def test_given_and_random_inputs(
    cli: Cli, kernel: Path, tmp_path: Path, sabotage: Callable[[Sabotage], None]
) -> None:
    """The given input comes first; random ones follow as many as are asked for."""
    image = tmp_path / "image.json"
    call = ("check", kernel, "-D", "n=3", "--memory", image)
    image.write_text(json.dumps([1, 2, 999, 0, 0, 0]))
    for options, cases in ((("--cases", "2"), 3), (("--seed", "5"), 9), ((), 1)):
        report = cli(*call, *options, "--json").json
        assert (report["correct"], report["cases"]) == (True, cases)
    image.write_text(json.dumps([1, 2, 1000, 0, 0, 0]))
    cli(*call, "--cases", "2").failed("assumption does not hold", "x[i] = 1000")
    image.write_text(json.dumps([1, 2, 999, 0, 0, 0]))
    sabotage(lambda bundles: bundles[:-1])
    assert f"--memory {image}" in cli(*call, "--cases", "2").stdout


def test_non_zero_start_of_a_tree_walk_is_refused(cli: Cli, kernels: Path, tmp_path: Path) -> None:
    image = tmp_path / "image.json"
    tree, indices, values = [5] * 7, [0, 0, 1, 0], [9] * 4
    image.write_text(json.dumps([0] * 7 + tree + indices + values))
    sizes = ("-D", "forest_height=2", "-D", "rounds=2", "-D", "batch_size=4")
    done = cli("check", kernels / "tree_hash.vk", *sizes, "--memory", image)
    done.failed("assume indices[i] == 0", "i = 2", "indices[i] = 1")


def test_bad_arguments(cli: Cli, kernel: Path, tmp_path: Path) -> None:
    call = ("check", kernel, "-D", "n=3")
    cli(*call, "--cases", "0").failed("--cases")
    cli(*call, "--seed", "-1").failed("--seed")
    cli(*call, "--simulator", tmp_path / "problem.py").failed("problem.py", "no such file")
    other = tmp_path / "other.py"
    other.write_text("x = 1\n")
    cli(*call, "--simulator", other).failed("other.py", "Machine")
    cli("check", kernel).failed("E0501")
    cli("check", tmp_path / "none.vk").failed("none.vk")


def test_both_simulators(cli: Cli, kernel: Path, takehome: Path) -> None:
    problem = takehome / "problem.py"
    report = cli("check", kernel, "-D", "n=13", "--simulator", problem, "--json").json
    assert report["correct"] is True
    assert report["simulator"] == str(problem)

"""`vliwc opt`: IR in, IR out, and every mistake with its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.cli.conftest import Called
from vliwc.cli import app
from vliwc.ir.text import parse_function, print_function
from vliwc.passes.base import run_passes
from vliwc.passes.pipeline import PIPELINE

Cli = Callable[..., Called]

FUNCTION = """\
function small {
  array x: u32[32] in at 0
  array y: u32[32] out at 32
  loop 0 i: 32
  %0 = lane 0
  %1 = load x[%0]
  %2 = const 8
  %3 = mod %1, %2
  %4 = store y[%0] = %3 in loop 0
}
"""


@pytest.fixture
def vir(tmp_path: Path) -> Path:
    path = tmp_path / "small.vir"
    path.write_text(FUNCTION)
    return path


def test_no_pass_prints_the_function(cli: Cli, vir: Path) -> None:
    assert cli("opt", vir).succeeded().stdout == FUNCTION


def test_passes_run_in_the_order_of_the_list(cli: Cli, vir: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.vir"
    report = cli("opt", vir, "--passes", "strength-reduction, dce,gvn", "-o", out, "--json").json
    assert [each["name"] for each in report["passes"]] == ["strength-reduction", "dce", "gvn"]
    assert report["text"] == out.read_text() and "and %1, %2" in report["text"]


def test_options_change_what_a_pass_does(cli: Cli, vir: Path) -> None:
    def ran(passes: str) -> str:
        return cli("opt", vir, "--passes", passes, "--verify").succeeded().stdout

    assert "and %1, %2" in ran("simplify")
    assert ran("simplify{families=select+bits}") == FUNCTION
    assert ran("unguard{conditions=2},hoist") == FUNCTION


def test_the_pipeline_by_name_is_the_pipeline(cli: Cli, kernel: Path, tmp_path: Path) -> None:
    lowered = tmp_path / "lowered.vir"
    cli("ir", kernel, "-D", "n=16", "--stage", "lower", "-o", lowered).succeeded()
    names = ",".join(each.name for each in PIPELINE)
    expected = print_function(run_passes(parse_function(lowered.read_text()), PIPELINE))
    assert cli("opt", lowered, "--passes", names).succeeded().stdout == expected
    assert cli("ir", kernel, "-D", "n=16", "--stage", "hoist").succeeded().stdout == expected


def test_standard_input_and_output() -> None:
    done = CliRunner().invoke(app, ["opt", "-", "--passes", "dce"], input=FUNCTION)
    assert (done.exit_code, done.stdout) == (0, FUNCTION)
    done = CliRunner().invoke(app, ["opt", "-"], input=b"\xef\xbb\xbf" + FUNCTION.encode())
    assert (done.exit_code, done.stdout) == (0, FUNCTION)
    done = CliRunner().invoke(app, ["opt", "-"], input=b"\xff")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "<stdin>: not a text file" in done.stderr


@pytest.mark.parametrize(
    ("passes", "words"),
    [
        ("magic", ("column 1", "no pass 'magic'", "there are algebra")),
        ("dce,,gvn", ("column 5", "expected PASS")),
        ("dce,", ("column 5", "the end")),
        ("dce gvn", ("column 1", "found dce gvn")),
        ("gvn,unguard{conditions=many}", ("column 13", "expected a number")),
        ("unguard{depth=1}", ("column 9", "no option 'depth'; it has conditions")),
        ("dce{fast=1}", ("dce has no option 'fast'; it has none",)),
        ("unguard{conditions=1,conditions=2}", ("column 22", "given twice")),
        ("simplify{families=all}", ("no family of rules 'all'",)),
        ("simplify{}", ("expected option=value, found nothing",)),
    ],
)
def test_wrong_lists_of_passes(cli: Cli, vir: Path, passes: str, words: tuple[str, ...]) -> None:
    cli("opt", vir, "--passes", passes).failed(*words)


def test_wrong_functions(cli: Cli, vir: Path, tmp_path: Path) -> None:
    vir.write_text(FUNCTION.replace("mod %1, %2", "mod %1"))
    cli("opt", vir).failed("small.vir:8:8", "E0701", "mod takes 2 operands", "^")
    vir.write_text(FUNCTION.replace("in loop 0\n", "at top\n"))
    cli("opt", vir).failed("small.vir:9:8", "E0702", "^")
    vir.write_text(FUNCTION.replace("out at 32", "out at 31"))
    cli("opt", vir).failed("small.vir: ", "E0702")
    cli("opt", tmp_path / "none.vir").failed("none.vir")

"""`vliwc what-if`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Called

Cli = Callable[..., Called]


def test_answers_are_ranked_and_can_be_repeated(cli: Cli, kernel: Path, tmp_path: Path) -> None:
    report = cli("what-if", kernel, "load=4,store=4", "scratch=64", "-D", "n=100", "--json").json
    assert [answer["change"] for answer in report["answers"]] == ["load=4,store=4", "scratch=64"]
    machine = tmp_path / "wide.toml"
    machine.write_text("[slots]\nload = 4\nstore = 4\n")
    real = cli("compile", kernel, "-D", "n=100", "--machine", machine, "--json").json
    first = report["answers"][0]
    assert (first["cycles"], first["lower_bound"]) == (real["cycles"], real["lower_bound"])
    assert first["more"] == real["cycles"] - report["cycles"] < 0


def test_the_table_for_people(cli: Cli, kernel: Path) -> None:
    text = cli("what-if", kernel, "-D", "n=40", "-O", 1).succeeded().stdout
    assert "What if, the fewest cycles first" in text
    for change in ("load=3", "valu=7", "scratch=3072"):
        assert change in text


def test_wrong_changes(cli: Cli, kernel: Path) -> None:
    cli("what-if", kernel, "lod=3", "-D", "n=8").failed("'lod=3' is no change")
    cli("what-if", kernel, "without=x", "-D", "n=8").failed("its strategies are select")

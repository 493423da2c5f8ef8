"""The table of inputs that once failed: each ends as it says, and what does not is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks import outside_inputs
from benchmarks.outside_inputs import INPUTS, main

SOME = ("seed 2^31", "the output is the kernel", "deep JSON, `export`", "30 loops in each other")


def test_some_of_the_inputs_end_as_they_should(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SOME, "--seconds", "10"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert len([row for row in rows if row.startswith("|")]) == 2 + len(SOME)
    assert rows[-1] == "not as they should: none"


def test_what_does_not_end_as_it_should_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    each = next(each for each in INPUTS if each.name == "seed 2^31")
    others = (
        replace(each, name="code", exit=0),
        replace(each, name="time"),
        replace(each, name="a"),
    )
    monkeypatch.setattr(outside_inputs, "INPUTS", others)
    assert main(["code", "--seconds", "10"]) == 1
    assert main(["time", "--seconds", "0"]) == 1
    assert main(["a", "--seconds", "10"]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("not as")]
    assert [line.rpartition(": ")[2] for line in told] == ["code", "time", "none"]


def test_names_are_different() -> None:
    assert len({each.name for each in INPUTS}) == len(INPUTS) >= 50

"""File tests of the back end: a kernel, the command that shows a stage of it, and what it prints.

The command stands in the first line of the kernel, after ``// $``; what it prints is kept in the
``.expected`` file beside it.  Run with ``VLIWC_UPDATE_GOLDENS=1`` to write those anew.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vliwc.cli import app

HERE = Path(__file__).parent
CASES = sorted(HERE.glob("*.vk"))
PROMPT = "// $ vliwc "


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_command_prints_what_is_kept(
    path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    assert first.startswith(PROMPT) and path.name in first
    monkeypatch.chdir(repository)
    done = CliRunner().invoke(app, shlex.split(first.removeprefix(PROMPT)))
    assert done.exit_code == 0, done.stderr
    expected = path.with_suffix(".expected")
    if os.environ.get("VLIWC_UPDATE_GOLDENS"):
        expected.write_text(done.stdout, encoding="utf-8")
    else:
        assert done.stdout == expected.read_text(encoding="utf-8")


def test_no_expectation_is_left_over() -> None:
    assert {path.stem for path in HERE.glob("*.expected")} == {path.stem for path in CASES}

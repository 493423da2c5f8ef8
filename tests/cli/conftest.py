"""A command line to call, and small files to call it with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from isa.program import Program
from vliwc.cli import app

KERNEL = """\
// y = 3 x + 1
kernel affine(n) {
  memory {
    x: u32[n] in  at 0;
    y: u32[n] out at n;
  }
  parallel for i in 0 .. n {
    assume x[i] < 1000;
    y[i] = 3 * x[i] + 1;
  }
}
"""


class Called:
    """What a call of `vliwc` gave back."""

    def __init__(self, *arguments: object) -> None:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        self.code = result.exit_code
        self.stdout = result.stdout
        self.stderr = result.stderr
        self.exception = result.exception

    @property
    def json(self) -> Any:
        """The report of a successful call with `--json`."""
        assert self.code in (0, 1), self.stderr
        return json.loads(self.stdout)

    def succeeded(self) -> Called:
        """Itself, after making sure that all went well."""
        assert self.code == 0, (self.stdout, self.stderr, self.exception)
        return self

    def failed(self, *words: str) -> Called:
        """Itself, after making sure that it was refused with a message that has these words."""
        assert self.code == 2, (self.code, self.stdout, self.stderr, self.exception)
        assert self.stdout == "", "a failed command prints no result"
        assert "Traceback" not in self.stderr
        for word in words:
            assert word in self.stderr, f"{word!r} is not in {self.stderr!r}"
        return self


@pytest.fixture
def cli() -> Callable[..., Called]:
    """The command line, in this process."""
    return Called


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    """A small kernel with one parameter, `n`."""
    path = tmp_path / "affine.vk"
    path.write_text(KERNEL)
    return path


@pytest.fixture
def program() -> Program:
    """Adds words 0 and 1 of memory into word 2, in 5 cycles, and pauses in between."""
    return Program(
        (
            {"load": [("const", 0, 0), ("const", 1, 1)]},
            {"load": [("load", 10, 0), ("load", 11, 1)], "alu": [("+", 2, 1, 1)]},
            {"flow": [("pause",)], "alu": [("+", 12, 10, 11)]},
            {"debug": [("compare", 12, "sum")]},
            {"store": [("store", 2, 12)], "flow": [("trace_write", 12)]},
            {"flow": [("halt",)]},
        )
    )


@pytest.fixture
def program_file(program: Program, tmp_path: Path) -> Path:
    path = tmp_path / "sum.json"
    path.write_text(program.to_json_text())
    return path


@pytest.fixture
def image_file(tmp_path: Path) -> Path:
    path = tmp_path / "image.json"
    path.write_text("[40, 2, 0, 7]")
    return path

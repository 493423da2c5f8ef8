"""The command line as a process: exit codes, pipes, interruptions, bugs."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Called
from vliwc import __version__, driver

COMMANDS = ("compile", "check", "run", "export", "asm", "disasm", "ir")


def process(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vliwc.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_help_lists_every_command() -> None:
    done = process("--help")
    assert done.returncode == 0
    for command in COMMANDS:
        assert re.search(rf"^ *{command} +\S", done.stdout, re.MULTILINE)
    for code in ("0", "1", "2", "70"):
        assert re.search(rf"\b{code}\b", done.stdout)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(cli: Callable[..., Called], command: str) -> None:
    help_text = cli(command, "--help").succeeded().stdout
    assert "--json" in help_text


def test_version() -> None:
    for option in ("--version", "-V"):
        assert process(option).stdout == f"vliwc {__version__}\n"


def test_the_package_itself_can_be_run() -> None:
    command = [sys.executable, "-m", "vliwc", "--version"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout == f"vliwc {__version__}\n"


def test_wrong_usage_is_plain_text_in_a_pipe() -> None:
    for arguments in (("frobnicate",), ("run",), ("compile", "x.vk", "-Ofast")):
        done = process(*arguments)
        assert done.returncode == 2
        assert done.stdout == ""
        assert "Error: " in done.stderr
        assert done.stderr.isascii()


def test_json_alone_on_standard_output(program_file: Path, image_file: Path) -> None:
    done = process("run", program_file, "--memory", image_file, "--json")
    assert json.loads(done.stdout)["cycles"] == 5
    assert done.stderr == ""


def test_progress_is_for_terminals(kernel: Path) -> None:
    terminal, other_end = pty.openpty()
    command = [sys.executable, "-m", "vliwc.cli", "compile", str(kernel), "-D", "n=64"]
    environment = {**os.environ, "TERM": "xterm"}
    for extra, shown in (([], True), (["--json"], False)):
        done = subprocess.run(
            [*command, *extra], stdout=subprocess.PIPE, stderr=other_end, env=environment
        )
        assert done.returncode == 0
        assert b"\x1b" not in done.stdout
        os.write(other_end, b"end")
        printed = b""
        while not printed.endswith(b"end"):
            printed += os.read(terminal, 4096)
        assert (b"schedule" in printed) is shown
    os.close(terminal)
    os.close(other_end)
    piped = process(*command[3:])
    assert piped.stderr == ""


def test_pipe_as_a_file(program_file: Path, image_file: Path) -> None:
    done = process("run", program_file, "--memory", image_file, "--out", "/dev/stdout")
    assert "[40, 2, 42, 7]" in done.stdout
    assert Path("/dev/stdout").exists()


def test_reader_that_goes_away(program_file: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "vliwc.cli", "disasm", str(program_file)]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert done.returncode == 1
    assert done.stderr == ""


def test_a_bug_leaves_a_dump(
    cli: Callable[..., Called],
    kernel: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("seven is not a number")

    monkeypatch.setattr(driver, "compile_file", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = cli("compile", kernel, "-D", "n=8", "-o", tmp_path / "out.json")
    assert done.code == 70
    assert done.stdout == ""
    assert "internal error: RuntimeError: seven is not a number" in done.stderr
    (dump,) = tmp_path.glob("vliwc-crash-*")
    assert str(dump) in done.stderr
    text = dump.read_text()
    for part in ("Traceback", "in broken", "n=8", kernel.read_text(), __version__):
        assert part in text
    assert not (tmp_path / "out.json").exists()

"""The command line as a process: exit codes, pipes, interruptions, bugs."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cli.conftest import Called
from vliwc import __version__, driver

COMMANDS = ("compile", "check", "run", "export", "asm", "disasm", "ir")


def process(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vliwc.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


SLOW = ("numpy", "networkx", "lark", "ortools", "numba", "pandas", "jinja2", "scipy")


def loaded(*arguments: object) -> set[str]:
    """What of `SLOW`, and of the compiler, a command has loaded when it ends."""
    program = (
        "import sys\nfrom vliwc.cli import app\n"
        f"try:\n    app({list(map(str, arguments))!r})\nexcept SystemExit:\n    pass\n"
        "print('loaded', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    names = done.stdout.rpartition("loaded ")[2].split()
    assert "vliwc.cli" in names, done.stderr
    return {name for name in names if name in (*SLOW, "vliwc.driver")}


def test_help_and_mistakes_are_quick(tmp_path: Path, kernel: Path) -> None:
    """They load no solver; help and wrong usage not even NumPy or the language."""
    for arguments in (("--help",), ("frobnicate",), ("what-if", "--help"), ("-V",)):
        assert loaded(*arguments) == set()
    missing = tmp_path / "none.vk"
    for arguments in (
        ("compile", missing),
        ("check", kernel),
        ("explain", kernel),
        ("report", kernel, "-o", tmp_path / "report.html"),
    ):
        assert not loaded(*arguments) & {"ortools", "numba", "pandas", "jinja2", "vliwc.driver"}


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


END = b"end"


def read_to_end(terminal: int) -> bytes:
    printed = b""
    while not printed.endswith(END):
        printed += os.read(terminal, 4096)
    return printed


def test_progress_is_for_terminals(kernel: Path) -> None:
    terminal, other_end = pty.openpty()
    command = [sys.executable, "-m", "vliwc.cli", "compile", str(kernel), "-D", "n=64"]
    environment = {**os.environ, "TERM": "xterm"}
    for extra, shown in (([], True), (["--json"], False)):
        with ThreadPoolExecutor(1) as reader:
            # A terminal that nobody reads from is full after some lines, and stops the writer.
            printed = reader.submit(read_to_end, terminal)
            done = subprocess.run(
                [*command, *extra], stdout=subprocess.PIPE, stderr=other_end, env=environment
            )
            os.write(other_end, END)
        assert done.returncode == 0
        assert b"\x1b" not in done.stdout
        assert (b"schedule" in printed.result()) is shown
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

    monkeypatch.setattr(driver, "compile_checked", broken)
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


SLOW_TO_LOAD = ("networkx", "numba", "ortools", "pandas", "vliwc.driver")


@pytest.mark.parametrize(
    ("arguments", "message", "unneeded"),
    [
        (["--help"], "", (*SLOW_TO_LOAD, "numpy", "vliwc.lang")),
        (["--version"], "", (*SLOW_TO_LOAD, "numpy", "vliwc.lang")),
        (["compile", "--help"], "", (*SLOW_TO_LOAD, "numpy", "vliwc.lang")),
        (["opt", "none.vir", "--passes", "dce"], "cannot be read", ("numba", "ortools", "pandas")),
        (["compile", "wrong.vk", "-O9"], "expected 0 to 3", (*SLOW_TO_LOAD, "numpy", "vliwc.lang")),
        (["compile", "none.vk"], "cannot be read", SLOW_TO_LOAD),
        (["compile", "wrong.vk", "-D", "n=8"], "E0201", SLOW_TO_LOAD),
        (["check", "wrong.vk", "-D", "n=8"], "E0201", SLOW_TO_LOAD),
        (["bound", "wrong.vk"], "E0201", SLOW_TO_LOAD),
        (["explain", "wrong.vk"], "E0201", SLOW_TO_LOAD),
        (["ir", "wrong.vk"], "E0201", ()),
    ],
    ids=" ".join,
)
def test_help_and_mistakes_wait_for_no_solver(
    tmp_path: Path, arguments: list[str], message: str, unneeded: tuple[str, ...]
) -> None:
    """Of what loads slowly, only what finds the mistake is loaded before it is reported."""
    (tmp_path / "wrong.vk").write_text("kernel k(n) { memory { x: u32[n] inout at 0; } x[0] = y; }")
    program = (
        "import sys\n"
        "from vliwc.cli.app import main\n"
        "try:\n    main()\n"
        f"finally:\n    print('loaded', *(m for m in {unneeded!r} if m in sys.modules))\n"
    )
    given = [str(tmp_path / each) if each.endswith(".vk") else each for each in arguments]
    done = subprocess.run([sys.executable, "-c", program, *given], capture_output=True, text=True)
    assert done.returncode == (2 if message else 0)
    assert message in done.stderr
    assert done.stdout.splitlines()[-1] == "loaded"

"""Damaged files of every kind that a command reads: taken, or refused in a few lines; nothing else.

Whatever is in a file, the command ends with exit code 0 or 2 (1 where a schedule may not exist),
within `SECONDS` of processor time, prints no traceback, and leaves its output complete or as it
was.
`HYPOTHESIS_PROFILE=thorough` tries ten times as many files (5760, some ten minutes).

Left out is ``--simulator``: that file is a program of the user's and may do anything.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from isa.program import Program
from tests.cli.conftest import Called
from tests.strategies.mutations import mutate

SECONDS = 2.0
THOROUGH = settings.get_profile(settings.get_current_profile_name()).max_examples >= 2000
EXAMPLES = 240 if THOROUGH else 24

KERNEL = """\
// A function, a table, a loop, an assumption and a reduction.
const primes = [2, 3, 5, 7];

fn step(v: u32, const k) -> u32 {
  return if v % 2 == 0 then v >> 1 else k * v + 1;
}

kernel mixed(n) {
  memory {
    x: u32[n] in  at 4;
    t: u32[8] in  at 4 + n;
    y: u32[n] out at 12 + n;
    s: u32[1] out at 0;
  }
  parallel for i in 0 .. n reduce sum total {
    assume x[i] < 1000 || x[i] == 5000;
    var v = x[i];
    for r in 0 .. 2 {
      v = step(v, 3) ^ t[v & 7];
    }
    y[i] = v + primes[3];
    reduce v into total;
  }
  s[0] = total;
}
"""

MACHINE = """\
# A smaller machine
name = "small"
vlen = 4
scratch_words = 256
latency = 1

[slots]
alu = 4
valu = 2
load = 2
store = 1
flow = 1
debug = 4
"""

PROJECT = """\
5 2
4 3
0 0 0 2 2 3
3 2 1 1 4
2 1 3 1 5
4 1 1 1 5
0 0 0 0
"""

PROGRAM = Program(
    (
        {"load": [("const", 0, 0), ("const", 1, 1)]},
        {"load": [("load", 10, 0), ("vload", 16, 1)], "alu": [("+", 2, 1, 1)]},
        {"valu": [("multiply_add", 24, 16, 16, 16)], "alu": [("+", 12, 10, 16)]},
        {"debug": [("compare", 12, '["sum", 3]'), ("vcompare", 16, json.dumps(8 * ["a"]))]},
        {"store": [("store", 2, 12)], "flow": [("add_imm", 3, 3, 1)]},
        {"alu": [("<", 4, 3, 2)], "flow": [("pause",)]},
        {"flow": [("cond_jump", 4, 4)]},
        {"flow": [("halt",)]},
    ),
    meta={"names": {"12": "sum"}, "kernel": {"name": "none"}},
)

EFFORT = ("-O1", "--max-operations", "3000")
# Without a limit, a damaged program may count to 2**32.
RUN = ("run", "p.json", "--memory", "image.json", "--max-cycles", "5000")


@dataclass(frozen=True)
class Kind:
    """A kind of file, by its name in the folder, and a command that reads one.

    Attributes:
        file: the file to damage, which `make_files` makes.
        command: the command; names of files stand for those in the folder, ``OUT`` for the output.
        codes: the exit codes that are right.
    """

    file: str
    command: tuple[str, ...]
    codes: tuple[int, ...] = (0, 2)

    @property
    def title(self) -> str:
        """The kind as the test's name has it."""
        return f"{self.file}-{'-'.join(self.command[:2])}"


KINDS = (
    Kind("k.vk", ("compile", "k.vk", "-D", "n=9", *EFFORT, "-o", "OUT")),
    Kind("k.vk", ("check", "k.vk", "-D", "n=9", "-O0", "--max-operations", "3000", "--cases", "1")),
    Kind("k.vk", ("ir", "k.vk", "-D", "n=9", *EFFORT, "-o", "OUT")),
    Kind("k.vir", ("opt", "k.vir", "--passes", "gvn,algebra,dce", "-o", "OUT")),
    Kind("m.toml", ("compile", "k.vk", "-D", "n=9", *EFFORT, "--machine", "m.toml", "-o", "OUT")),
    Kind("m.toml", (*RUN, "--machine", "m.toml")),
    Kind("p.s", ("asm", "p.s", "-o", "OUT")),
    Kind("p.json", (*RUN, "--out", "OUT")),
    # A trace is written up to a trap, too: exit code 2 does not mean that there is none.
    Kind("p.json", (*RUN, "--trace", "trace.json")),
    Kind("p.json", ("disasm", "p.json", "-o", "OUT")),
    Kind("takehome.json", ("export", "takehome.json", "--emit", "program", "-o", "OUT")),
    Kind("image.json", (*RUN, "--out", "OUT")),
    Kind(
        "image.json",
        ("check", "k.vk", "-D", "n=9", "-O0", "--max-operations", "3000", "--memory", "image.json"),
    ),
    Kind("reference.json", (*RUN, "--debug", "--reference", "reference.json")),
    Kind("p.json", (*RUN, "--debug", "--reference", "reference.json")),
    Kind(
        "hint.json",
        (
            "compile",
            "k.vk",
            "-D",
            "n=9",
            "-O3",
            "--budget",
            "1",
            "--hint",
            "hint.json",
            "-o",
            "OUT",
        ),
    ),
    Kind("project.rcp", ("schedule", "project.rcp", "-o", "OUT"), (0, 1, 2)),
    Kind("shop.jsp", ("schedule", "shop.jsp", "-o", "OUT"), (0, 1, 2)),
    Kind("shop.fjs", ("schedule", "shop.fjs", "-o", "OUT"), (0, 1, 2)),
    Kind("modes.mm", ("schedule", "modes.mm", "-o", "OUT"), (0, 1, 2)),
    Kind("project.sm", ("instances", "convert", "project.sm", "--to", "json", "-o", "OUT")),
    Kind("problem.json", ("schedule", "problem.json", "-o", "OUT"), (0, 1, 2)),
    Kind("problem.json", ("instances", "show", "problem.json")),
    Kind("schedule.json", ("schedule", "problem.json", "--hint", "schedule.json", "-o", "OUT")),
    Kind("optima.json", ("instances", "list", "problem.json")),
    Kind(
        "store.sqlite",
        (
            "compare",
            "problem.json",
            "--scheduler",
            "list",
            "--store",
            "store.sqlite",
            "-o",
            "OUT.csv",
        ),
    ),
    Kind(
        "baseline.json",
        ("bench", "--kernel", "saxpy_dot", "-O0", "--baseline", "baseline.json", "-o", "OUT"),
        (0, 1, 2),
    ),
)


class TooLong(BaseException):
    """A command that has used more processor time than it may."""


@contextmanager
def limited(seconds: float) -> Generator[None]:
    """Raise `TooLong` after so much processor time of this process."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLong(f"more than {seconds} s of processor time")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def make_files(folder: Path) -> None:
    """A valid file of each kind."""
    (folder / "k.vk").write_text(KERNEL)
    (folder / "m.toml").write_text(MACHINE)
    (folder / "project.rcp").write_text(PROJECT)
    (folder / "shop.jsp").write_text("2 2\n0 3 1 2\n1 2 0 4\n")
    (folder / "shop.fjs").write_text("2 2 1.5\n1 2 1 3 2 4\n2  2 1 2 2 3  1 1 1\n")
    (folder / "p.json").write_text(PROGRAM.to_json_text())
    (folder / "takehome.json").write_text(json.dumps(PROGRAM.to_takehome()))
    (folder / "image.json").write_text(json.dumps([7] * 30))
    (folder / "reference.json").write_text('{"[\\"sum\\", 3]": 14, "a": 7, "[1, 2]": 0}')
    (folder / "trace.json").touch()
    (folder / "optima.json").write_text('{"problem": 9}')

    def call(*arguments: str) -> None:
        Called(*(_place(folder, each) for each in arguments)).succeeded()

    call("ir", "k.vk", "-D", "n=9", "-O1", "-o", "k.vir")
    call("disasm", "p.json", "-o", "p.s")
    call("compile", "k.vk", "-D", "n=9", "-O3", "--budget", "1", "-o", "hint.json")
    call("ir", "k.vk", "-D", "n=3", "-O1", "--stage", "problem", "-o", "problem.json")
    call("instances", "convert", "project.rcp", "--to", "sm", "-o", "project.sm")
    call("instances", "convert", "shop.fjs", "--to", "sm", "-o", "modes.mm")
    call("schedule", "problem.json", "-o", "schedule.json")
    call("compare", "problem.json", "--scheduler", "list", "--store", "store.sqlite")
    call("bench", "--kernel", "saxpy_dot", "-O0", "-o", "baseline.json")


def _place(folder: Path, argument: str) -> str:
    """An argument, as a path in the folder if it is the name of a file."""
    return str(folder / argument) if "." in argument or argument == "OUT" else argument


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("valid")
    make_files(folder)
    return folder


@dataclass(frozen=True)
class Bench:
    """A folder with valid files, in which one is damaged at a time."""

    folder: Path
    kind: Kind

    def run(self, content: bytes) -> Called:
        """The command on the folder with its file damaged; the assertions of this module."""
        out = self.folder / next((each for each in self.kind.command if "OUT" in each), "OUT")
        out.write_text("precious")
        (self.folder / self.kind.file).write_bytes(content)
        before = {path.name for path in self.folder.iterdir()}
        start = time.process_time()
        with limited(4 * SECONDS):
            called = Called(*(_place(self.folder, each) for each in self.kind.command))
        seconds = time.process_time() - start
        assert called.code in self.kind.codes, (called.code, called.stderr, called.exception)
        assert "Traceback" not in called.stderr
        assert len(called.stderr) < 30_000
        assert seconds < SECONDS
        assert {path.name for path in self.folder.iterdir()} == before
        if called.code == 2:
            assert called.stderr.strip()
            assert out.read_text() == "precious"
        elif "OUT" in str(self.kind.command):
            assert out.read_text() != "precious"
        return called


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.title)
def bench(
    request: pytest.FixtureRequest, valid: Path, tmp_path_factory: pytest.TempPathFactory
) -> Bench:
    folder = tmp_path_factory.mktemp("damaged")
    shutil.copytree(valid, folder, dirs_exist_ok=True)
    return Bench(folder, request.param)


def test_malformed_inputs(bench: Bench) -> None:
    good = (bench.folder / bench.kind.file).read_bytes()
    try:  # once before anything is timed: modules are loaded and compiled at their first use
        bench.run(good)
    except AssertionError:
        pass
    assert bench.run(good).code == 0

    @given(st.integers(0, 2**32 - 1))
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    def damaged(seed: int) -> None:
        content = mutate(good, random.Random(seed))
        note(f"the file: {content[:2000]!r}")
        bench.run(content)

    damaged()

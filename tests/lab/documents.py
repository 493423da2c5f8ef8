"""Documents that are run: files and commands in fenced blocks, and what the commands print.

- A block of Python or TOML whose first line is a comment with a file's name, or of any language
  with the name behind it (```` ```json tiny.json ````), is written to that file.
- In a ``console`` block, lines that begin with ``$`` are commands, all of one shell; a command may
  go on behind a backslash.  What follows is what it prints: compared if there is any.  A line
  ``...`` stands for any lines.
- A line ``<!-- figures may be off by 3 % -->`` lets numbers lag behind a little: those of programs
  change by a cycle or two with nearly every change of the compiler.

``python -m tests.lab.documents docs/research.md`` runs a document and writes into it what its
commands print now, with as many lines before and behind ``...`` as it has there.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

REPOSITORY = Path(__file__).resolve().parents[2]
FENCE = "```"
ANY = "..."
NUMBER = re.compile(r"\d+(?:\.\d+)?")
TOLERANCE = re.compile(r"^<!-- figures may be off by (\d+) % -->$", re.MULTILINE)
MARK = "--- end of command, code"


@dataclass
class Command:
    """A command, and the lines that the document says it prints."""

    text: str
    shown: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class File:
    """A file that the document tells the reader to write."""

    name: str
    text: str


@dataclass(frozen=True)
class Block:
    """A fenced block: the numbers of its first line (behind the fence) and of its last fence, what
    stands behind the first fence, and the blanks before it (in lists, for instance)."""

    start: int
    end: int
    steps: list[Command] | File | None
    info: str = ""
    indent: str = ""


def blocks(lines: Sequence[str]) -> Iterator[Block]:
    """The fenced blocks of a document."""
    start, info, indent = -1, "", ""
    for number, line in enumerate(lines):
        if start < 0 and line.lstrip().startswith(FENCE):
            start, info = number + 1, line.lstrip().removeprefix(FENCE).strip()
            indent = line[: len(line) - len(line.lstrip())]
        elif start >= 0 and line.startswith(indent + FENCE):
            own = [each.removeprefix(indent) for each in lines[start:number]]
            yield Block(start, number, _steps(info, own), info, indent)
            start = -1
    assert start < 0, f"the block that begins in line {start} has no end"


def _steps(info: str, lines: Sequence[str]) -> list[Command] | File | None:
    language, _, name = info.partition(" ")
    if language == "console":
        return commands(lines)
    if name:
        return File(name, "\n".join(lines) + "\n")
    named = re.fullmatch(r"# ([\w/.-]+\.\w+)", lines[0]) if lines else None
    return File(named[1], "\n".join(lines) + "\n") if named else None


def commands(lines: Sequence[str]) -> list[Command]:
    """The commands of a console block."""
    found: list[Command] = []
    goes_on = False
    for line in lines:
        if line.startswith("$ "):
            found.append(Command(line.removeprefix("$ ")))
        elif goes_on:
            found[-1].text += f"\n{line}"
        else:
            assert found, f"output without a command: {line!r}"
            found[-1].shown.append(line)
        goes_on = line.endswith("\\")
    return found


class Shell:
    """One bash in a folder of its own, in which ``vliwc`` is that of this environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "kernels").symlink_to(REPOSITORY / "kernels")
        shutil.copytree(REPOSITORY / "examples", folder / "examples")
        inherited = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "VLIWC_CACHE")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=inherited
            | {
                "PATH": path,
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                "PYTHONPATH": str(REPOSITORY),  # this working copy, whichever is installed
                "VLIWC_CACHE_DIR": str(folder / ".cache"),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # so that whatever the document starts can be ended with it
        )

    def __enter__(self) -> Shell:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def run(self, command: str) -> tuple[int, list[str]]:
        """The exit code of a command, and the lines that it prints."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{{ {command}\n}} < /dev/null\nprintf '\\n{MARK} %d\\n' $?\n")
        self._process.stdin.flush()
        lines: list[str] = []
        for line in self._process.stdout:
            if line.startswith(MARK):
                return int(line.removeprefix(MARK)), _trimmed(lines)
            lines.append(line.rstrip())
        raise AssertionError(f"{command}: the shell has ended: {lines}")

    def write(self, file: File) -> None:
        """Write a file of the document."""
        path = self.folder / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")


def _trimmed(lines: Sequence[str]) -> list[str]:
    """Without empty lines at both ends."""
    return "\n".join(lines).strip("\n").split("\n") if any(lines) else []


def agrees(shown: Sequence[str], printed: Sequence[str], tolerance: float = 0.0) -> bool:
    """Whether a command prints what the document shows; with a tolerance, see :func:`alike`."""
    if not shown:
        return True
    before, behind = _around(shown)
    if before is None:
        return alike(shown, printed, tolerance)
    ends = list(printed[len(printed) - len(behind) :])
    return (
        len(printed) >= len(before) + len(behind)
        and alike(before, printed[: len(before)], tolerance)
        and alike(behind, ends, tolerance)
    )


def alike(shown: Sequence[str], printed: Sequence[str], tolerance: float) -> bool:
    """Whether lines are equal; or, with a tolerance, equal but for blanks and for numbers that
    differ by no more than that part of them, or by no more than 2."""
    if not tolerance or len(shown) != len(printed):
        return list(shown) == list(printed)
    for one, other in zip(shown, printed, strict=True):
        if "".join(NUMBER.sub("#", one).split()) != "".join(NUMBER.sub("#", other).split()):
            return False
        for a, b in zip(NUMBER.findall(one), NUMBER.findall(other), strict=True):
            if abs(float(a) - float(b)) > max(2.0, tolerance * float(a)):
                return False
    return True


def refreshed(shown: Sequence[str], printed: Sequence[str]) -> list[str]:
    """What the document is to show now."""
    if not shown:
        return []
    before, behind = _around(shown)
    if before is None:
        return list(printed)
    return [*printed[: len(before)], ANY, *printed[len(printed) - len(behind) :]]


def _around(shown: Sequence[str]) -> tuple[list[str] | None, list[str]]:
    """The lines before and behind the one that stands for any; None before if there is none."""
    if ANY not in shown:
        return None, []
    at = list(shown).index(ANY)
    return list(shown[:at]), list(shown[at + 1 :])


@dataclass(frozen=True)
class Step:
    """A command that was run: the line of the document, its exit code, what it printed."""

    command: Command
    code: int
    printed: list[str]


def run(document: Path, folder: Path) -> list[Step]:
    """Do what a document says; stop at the first command that fails."""
    done: list[Step] = []
    with Shell(folder) as shell:
        for block in blocks(document.read_text(encoding="utf-8").splitlines()):
            if isinstance(block.steps, File):
                shell.write(block.steps)
                continue
            for command in block.steps or ():
                code, printed = shell.run(command.text)
                done.append(Step(command, code, printed))
                if code:
                    return done
    return done


def tolerance(document: Path) -> float:
    """By which part of them the figures of a document may be off."""
    stated = TOLERANCE.search(document.read_text(encoding="utf-8"))
    return int(stated[1]) / 100 if stated else 0.0


def update(document: Path) -> None:
    """Run a document and write into it what its commands print."""
    lines = document.read_text(encoding="utf-8").splitlines()
    with tempfile.TemporaryDirectory() as folder:
        steps = run(document, Path(folder))
    for step in steps:
        assert step.code == 0, f"{step.command.text}: exit code {step.code}\n" + "\n".join(
            step.printed
        )
    left = iter(steps)
    found: list[str] = []
    at = 0
    for block in blocks(lines):
        if not isinstance(block.steps, list):
            continue
        found += lines[at : block.start]
        for command in block.steps:
            shown = refreshed(command.shown, next(left).printed)
            for line in (*f"$ {command.text}".split("\n"), *shown):
                found.append(f"{block.indent}{line}".rstrip())
        at = block.end
    document.write_text("\n".join([*found, *lines[at:]]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        update(Path(argument))

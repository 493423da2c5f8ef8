"""Seeded faults against the tests that cover them: ``make faults``.

Each fault is put into a copy of the working tree, and the tests named for it run there until
one fails. The report says which test noticed, and why the others are no faults. Tests draw their
random examples from fixed seeds (the hypothesis profile ``ci``): a second run says the same.

    python -m tests.faults.run [--processes N] [--only TEXT …] [--report docs/faults.md]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from tests.faults.catalogue import ALL_FAULTS
from tests.faults.fault import Fault

ROOT = Path(__file__).resolve().parents[2]
CPU_SECONDS = 400
"""Processor time after which a run has noticed the fault by not ending."""
MEMORY_BYTES = 6 << 30
_FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one fault; ``caught_by`` names a test, and is empty if none noticed."""

    fault: Fault
    caught_by: str
    seconds: float


class Copy:
    """A copy of the working tree in which tests run; its compiled inner loops are kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        for name in listed.stdout.splitlines():
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        self.compiled = folder / ".compiled"
        self.compiled.mkdir()
        self.server = subprocess.Popen(
            [sys.executable, "-I", str(Path(__file__).with_name("server.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def test(self, tests: Sequence[str], compiled: Path, *, first: bool) -> str:
        """Run tests; what failed, or an empty text.  With `first`, stop there."""
        output = self.folder / ".output"
        options = ["-q", "-p", "no:cacheprovider", "--tb=no", *(["-x"] if first else [])]
        environment = {
            "PYTHONPATH": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HYPOTHESIS_PROFILE": "ci",
            "NUMBA_CACHE_DIR": str(compiled),
        }
        request = {
            "folder": str(self.folder),
            "arguments": json.dumps([*options, *tests]),
            "environment": json.dumps(environment),
            "output": str(output),
            "cpu_seconds": CPU_SECONDS if first else 20 * CPU_SECONDS,
            "memory_bytes": MEMORY_BYTES,
        }
        assert self.server.stdin is not None and self.server.stdout is not None
        self.server.stdin.write(json.dumps(request) + "\n")
        self.server.stdin.flush()
        status = int(self.server.stdout.readline())
        if status == 0:
            return ""
        failed = _FAILED.findall(output.read_text(encoding="utf-8", errors="replace"))
        if failed:
            return str(failed[0]) if first else " ".join(failed)
        return "the limits of time and memory" if status < 0 else "the start of the tests"

    def outcome(self, fault: Fault) -> Outcome:
        """Put the fault in, test, and take it out again."""
        path = self.folder / fault.file
        source, status = path.read_text(encoding="utf-8"), path.stat()
        started = time.monotonic()
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            # Compiled loops do not know of changes in loops of other files that they call.
            compiled = Path(scratch) if "@jit" in source else self.compiled
            path.write_text(fault.applied(source), encoding="utf-8")
            try:
                caught_by = self.test(fault.tests, compiled, first=True)
            finally:
                path.write_text(source, encoding="utf-8")
                os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        return Outcome(fault, caught_by, time.monotonic() - started)


def run(faults: Sequence[Fault], processes: int) -> Iterable[Outcome]:
    """The outcomes, in the order of the faults.

    Raises `SystemExit` when a test that noticed something also fails without any fault.
    """
    with tempfile.TemporaryDirectory(prefix="vliwc-faults-") as name:
        copies: Queue[Copy] = Queue()
        for number in range(processes):
            folder = Path(name) / str(number)
            folder.mkdir()
            copies.put(Copy(folder))
        noticed: dict[str, None] = {}

        def decide(fault: Fault) -> Outcome:
            copy = copies.get()
            try:
                return copy.outcome(fault)
            finally:
                copies.put(copy)

        every = list(copies.queue)
        try:
            with ThreadPoolExecutor(processes) as pool:
                for outcome in pool.map(decide, faults):
                    if "::" in outcome.caught_by:
                        # Without its example: pytest does not print those in full.
                        noticed[outcome.caught_by.split("[")[0]] = None
                    yield outcome
            failed = every[0].test(list(noticed), every[0].compiled, first=False) if noticed else ""
            if failed:
                raise SystemExit(f"these tests fail without any fault: {failed}")
        finally:
            for copy in every:
                copy.server.terminate()


def report(outcomes: Sequence[Outcome], catalogue: Sequence[Fault] = ALL_FAULTS) -> str:
    """The outcomes as a page of the documentation, which says what of ``catalogue`` is missing."""
    caught = [outcome for outcome in outcomes if outcome.caught_by]
    decided = {outcome.fault.key for outcome in outcomes}
    missing = [fault.key for fault in catalogue if fault.key not in decided]
    lines = [
        "# Seeded faults",
        "",
        "Written by `make faults`: each change of the source is made in a copy, and the tests",
        "named for its file (`tests/faults/catalogue/`) are run until one fails.",
        "",
        f"{len(outcomes)} faults: {len(caught)} noticed, {len(outcomes) - len(caught)} not.",
        "",
        "## Not noticed",
        "",
        "| fault | why |",
        "|---|---|",
    ]
    lines += [
        f"| {_cell(each.fault.key)} | {_cell(each.fault.equivalent or '**no test notices it**')} |"
        for each in outcomes
        if not each.caught_by
    ]
    lines += ["", "## Noticed", ""]
    for file in dict.fromkeys(outcome.fault.file for outcome in caught):
        lines += [f"### {file}", "", "| fault | noticed by |", "|---|---|"]
        lines += [
            f"| {_cell(each.fault.name)} | `{_cell(each.caught_by)}` |"
            for each in caught
            if each.fault.file == file
        ]
        lines.append("")
    if missing:
        lines += ["## Not run", "", *(f"- {key}" for key in missing)]
    return "\n".join(lines).rstrip() + "\n"


def published(page: str, catalogue: Sequence[Fault] = ALL_FAULTS) -> list[Outcome]:
    """The outcomes that an older page states for faults of ``catalogue``, without their times."""
    faults = {fault.key: fault for fault in catalogue}
    found: list[Outcome] = []
    file = ""
    for line in page.splitlines():
        if line.startswith("### "):
            file = line.removeprefix("### ") + ": "
        cells = [cell.replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)]
        if len(cells) == 4 and (fault := faults.get(file + cells[1].strip())) is not None:
            found.append(Outcome(fault, cells[2].strip().strip("`") if file else "", 0.0))
    return found


def merged(outcomes: Iterable[Outcome], older: Iterable[Outcome]) -> list[Outcome]:
    """The outcomes, and older ones of other faults, in the order of the catalogue."""
    found = {outcome.fault.key: outcome for outcome in (*older, *outcomes)}
    return [found[fault.key] for fault in ALL_FAULTS if fault.key in found]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    """Run the catalogue; 1 if a fault that changes the meaning is not noticed."""
    parser = argparse.ArgumentParser(description="Seeded faults against the tests that cover them.")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument(
        "--only", nargs="*", help="only faults with one of these texts in their key"
    )
    parser.add_argument(
        "--report",
        type=Path,
        help="write the outcomes to this file; with --only, keep what it says of other faults",
    )
    arguments = parser.parse_args()
    wanted: list[str] = arguments.only or [""]
    faults = [fault for fault in ALL_FAULTS if any(text in fault.key for text in wanted)]
    outcomes: list[Outcome] = []
    for outcome in run(faults, arguments.processes):
        outcomes.append(outcome)
        verdict = outcome.caught_by or "NOT NOTICED"
        if outcome.fault.equivalent:
            verdict += " (equivalent)"
        print(f"{outcome.seconds:6.1f} s  {outcome.fault.key}: {verdict}", flush=True)
    missed = [each for each in outcomes if not each.caught_by and not each.fault.equivalent]
    print(f"{len(outcomes)} faults, {len(missed)} that change the meaning not noticed")
    page: Path | None = arguments.report
    if page is not None:
        if arguments.only and page.exists():
            outcomes = merged(outcomes, published(page.read_text(encoding="utf-8")))
        page.write_text(report(outcomes), encoding="utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

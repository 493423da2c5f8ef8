"""Seeded faults against the tests that cover them: ``make faults``.

Each fault is put into a copy of the working tree. The test that noticed it last time, as the page
says, runs alone; where that notices nothing, the tests named for the fault run until one fails.
The report says which test noticed, and why the others are no faults. A test that notices passes
without the fault, alone as well. Tests draw their random examples from fixed seeds (the
hypothesis profile ``ci``): a second run says the same.

    python -m tests.faults.run [--processes N] [--only TEXT …] [--report docs/faults.md]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from queue import Queue
from typing import Protocol

from tests.faults.catalogue import ALL_FAULTS
from tests.faults.copy import ALONE_SECONDS, CPU_SECONDS, ROOT, Answer, Copy
from tests.faults.fault import Fault
from tests.faults.page import Outcome, merged, published, report, told_in


class Runner(Protocol):
    """What decides a fault needs of a `Copy`."""

    def test(self, tests: Sequence[str], *, seconds: int, compiled: Path | None = None) -> Answer:
        """See `Copy.test`."""
        ...

    def seeded(self, fault: Fault) -> AbstractContextManager[Path]:
        """See `Copy.seeded`."""
        ...


class Decisions:
    """Decides faults; knows which tests pass without one."""

    def __init__(self, hints: Mapping[str, str], at: str) -> None:
        self.hints = hints
        self.at = at
        self.passing: dict[str, bool] = {}

    def decide(self, copy: Runner, fault: Fault) -> Outcome:
        """Put the fault in, test, and take it out again.

        The hint makes it quick and decides nothing: a test that is not there, is none of the
        fault's, fails anyhow or does not notice is as good as none.
        Raises `SystemExit` when the test that notices also fails without the fault.
        """
        started = time.monotonic()
        hint = self._usable(copy, fault)
        caught_by = ""
        with copy.seeded(fault) as compiled:
            if hint:
                answer = copy.test([hint], seconds=ALONE_SECONDS, compiled=compiled)
                caught_by = answer.failed[0] if answer.failed else ""
            if not caught_by:
                answer = copy.test(fault.tests, seconds=CPU_SECONDS, compiled=compiled)
                caught_by = answer.caught_by
        if "::" in caught_by and not self._passes(copy, caught_by):
            raise SystemExit(f"this test fails without any fault: {caught_by}")
        return Outcome(fault, caught_by, time.monotonic() - started, self.at)

    def _usable(self, copy: Runner, fault: Fault) -> str:
        """The hint, or its test with all examples; empty if there is none that passes."""
        hint = self.hints.get(fault.key, "")
        if "::" not in hint or not any(covers(test, hint) for test in fault.tests):
            return ""
        for test in dict.fromkeys((hint, hint.split("[")[0])):
            if self._passes(copy, test):
                return test
        return ""

    def _passes(self, copy: Runner, test: str) -> bool:
        """Whether a test passes alone and without a fault; compiles the loops that it needs."""
        if test not in self.passing:
            self.passing[test] = copy.test([test], seconds=CPU_SECONDS).passed
        return self.passing[test]


def covers(tests: str, test: str) -> bool:
    """Whether a folder, file or test that a fault names contains a test."""
    return test == tests or (test.startswith(tests) and test[len(tests)] in "/:[")


def run(
    faults: Sequence[Fault], processes: int, hints: Mapping[str, str], at: str
) -> Iterable[Outcome]:
    """The outcomes, in the order of the faults; `hints` are tests by the faults' keys."""
    decisions = Decisions(hints, at)
    with tempfile.TemporaryDirectory(prefix="vliwc-faults-") as name:
        copies: Queue[Copy] = Queue()
        for number in range(processes):
            folder = Path(name) / str(number)
            folder.mkdir()
            copies.put(Copy(folder))

        def decide(fault: Fault) -> Outcome:
            copy = copies.get()
            try:
                return decisions.decide(copy, fault)
            finally:
                copies.put(copy)

        every = list(copies.queue)
        try:
            with ThreadPoolExecutor(processes) as pool:
                yield from pool.map(decide, faults)
        finally:
            for copy in every:
                copy.server.terminate()


def tested() -> str:
    """The commit of the working tree; says so where the tree has changes."""
    commit = _git("rev-parse", "--short", "HEAD")
    return f"{commit} with changes" if _git("status", "--porcelain") else commit


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


def resumed(progress: Path, at: str) -> list[Outcome]:
    """What an interrupted run at the same commit wrote down; nothing of a run at another one."""
    faults = {fault.key: fault for fault in ALL_FAULTS}
    lines = progress.read_text(encoding="utf-8").splitlines() if progress.exists() else []
    return [
        Outcome(faults[each["key"]], each["caught_by"], each["seconds"], at)
        for each in map(json.loads, lines)
        if each["at"] == at and each["key"] in faults
    ]


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
    parser.add_argument(
        "--hints", type=Path, default=ROOT / "docs/faults.md", help="the page of an earlier run"
    )
    parser.add_argument(
        "--progress", type=Path, help="write each outcome here, and go on from there"
    )
    arguments = parser.parse_args()
    at = tested()
    page: Path | None = arguments.report
    progress: Path | None = arguments.progress
    if progress is not None and " " in at:
        parser.error("--progress: the working tree has changes; a run goes on at one commit")
    wanted: list[str] = arguments.only or [""]
    faults = [fault for fault in ALL_FAULTS if any(text in fault.key for text in wanted)]
    hints: dict[str, str] = {}
    if arguments.hints.exists():
        older = published(arguments.hints.read_text(encoding="utf-8"))
        hints = {each.fault.key: each.caught_by for each in older}
    outcomes = [] if progress is None else resumed(progress, at)
    decided = {each.fault.key for each in outcomes}
    left = [fault for fault in faults if fault.key not in decided]
    for outcome in run(left, arguments.processes, hints, at):
        outcomes.append(outcome)
        verdict = outcome.caught_by or "NOT NOTICED"
        if outcome.fault.equivalent:
            verdict += " (equivalent)"
        print(f"{outcome.seconds:6.1f} s  {outcome.fault.key}: {verdict}", flush=True)
        if progress is not None:
            entry = {"at": at, "key": outcome.fault.key, "caught_by": outcome.caught_by}
            with progress.open("a", encoding="utf-8") as file:
                file.write(json.dumps({**entry, "seconds": round(outcome.seconds, 1)}) + "\n")
    missed = [each for each in outcomes if not each.caught_by and not each.fault.equivalent]
    print(f"{len(outcomes)} faults, {len(missed)} that change the meaning not noticed")
    if page is not None:
        before = page.read_text(encoding="utf-8") if arguments.only and page.exists() else ""
        found = merged(outcomes, published(before))
        page.write_text(report(found, told=told_in(before)), encoding="utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

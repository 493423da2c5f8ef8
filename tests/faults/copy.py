"""A copy of the working tree in which faults are seeded, one at a time, and tests run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import networkx as nx

from tests.faults.fault import Fault
from tests.unit.test_imports import import_graph, module_name

ROOT = Path(__file__).resolve().parents[2]
CPU_SECONDS = 400
"""Processor time after which a list of tests has noticed the fault by not ending."""
ALONE_SECONDS = 150
"""Processor time for a test alone; one that needs more decides nothing."""
MEMORY_BYTES = 6 << 30


@dataclass(frozen=True, slots=True)
class Answer:
    """How a run of pytest ended (below 0: by a signal), and the tests or files that failed."""

    status: int
    failed: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every test ran and passed."""
        return self.status == 0

    @property
    def caught_by(self) -> str:
        """What failed first; empty if nothing did."""
        if self.passed or self.failed:
            return self.failed[0] if self.failed else ""
        return "the limits of time and memory" if self.status < 0 else "the start of the tests"


class Copy:
    """A copy of the working tree, a server that runs tests in it, and their compiled loops.

    Compiled loops are kept from runs without a fault alone: machine code holds the constants of
    the modules that it was compiled with.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in _listed():
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

    def test(self, tests: Sequence[str], *, seconds: int, compiled: Path | None = None) -> Answer:
        """Run tests, in their order, until one fails or the processor time is over."""
        environment = {
            "PYTHONPATH": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HYPOTHESIS_PROFILE": "ci",
            "NUMBA_CACHE_DIR": str(compiled or self.compiled),
        }
        options = ("-q", "-p", "no:cacheprovider", "--tb=no", "-x")
        request = {
            "folder": str(self.folder),
            "arguments": json.dumps([*options, *tests]),
            "environment": json.dumps(environment),
            "output": str(self.folder / ".output"),
            "cpu_seconds": seconds,
            "memory_bytes": MEMORY_BYTES,
        }
        assert self.server.stdin is not None and self.server.stdout is not None
        self.server.stdin.write(json.dumps(request) + "\n")
        self.server.stdin.flush()
        answer = json.loads(self.server.stdout.readline())
        return Answer(answer["status"], tuple(answer["failed"]))

    @contextmanager
    def seeded(self, fault: Fault) -> Generator[Path]:
        """The fault is in the copy meanwhile; gives the folder of compiled loops that go with it.

        They are those of runs without it but for the modules that import the faulted one:
        compiled loops do not know of changes in loops of other files that they call.
        """
        path = self.folder / fault.file
        source, status = path.read_text(encoding="utf-8"), path.stat()
        stale = importers(fault.file) if "@jit" in source else frozenset[str]()
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            share(self.compiled, Path(scratch), stale)
            path.write_text(fault.applied(source), encoding="utf-8")
            try:
                yield Path(scratch)
            finally:
                path.write_text(source, encoding="utf-8")
                os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def importers(file: str) -> frozenset[str]:
    """The modules that import a file's, directly or not, and that one, as ``folder/name``."""
    name = module_name(ROOT / file)
    towards = nx.single_source_shortest_path_length(_imported_by(), name)
    return frozenset("/".join(module.split(".")[-2:]) for module in towards)


@cache
def _imported_by() -> nx.DiGraph[str]:
    return import_graph().reverse()


def share(compiled: Path, into: Path, stale: Collection[str]) -> None:
    """Link numba's files (``FOLDER_digest/MODULE.FUNCTION-….nbi``), but for stale modules."""
    for path in compiled.rglob("*.nb[ci]"):
        folder = path.parent.name.rpartition("_")[0]
        if f"{folder}/{path.name.split('.')[0]}" not in stale:
            place = into / path.relative_to(compiled)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, place)


def _listed() -> list[str]:
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    return subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()

"""Runs pytest in forks of a process that has imported what all tests need but the project itself.

Started by path as ``python -I server.py``; reads a JSON object a line (``folder``, ``arguments``,
``environment``, ``output``, ``cpu_seconds``, ``memory_bytes``) and writes one: the ``status`` of
the fork and the tests or files that ``failed`` in it.  Starting pytest anew costs more than most
tests.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
from typing import Protocol

PRELOADED = (
    *("numpy", "networkx", "hypothesis", "_hypothesis_pytestplugin", "pytest", "lark", "numba"),
    *("ortools.sat.python.cp_model", "ortools.linear_solver.python.model_builder"),
    *("xdist.plugin", "z3", "numba.core.config"),
)


class _Report(Protocol):
    nodeid: str
    failed: bool


class Failures:
    """A plug-in of pytest that keeps the names of what failed, in full and as pytest takes them."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}

    def pytest_collectreport(self, report: _Report) -> None:
        self.pytest_runtest_logreport(report)

    def pytest_runtest_logreport(self, report: _Report) -> None:
        if report.failed:
            self.names[report.nodeid] = None


def main() -> None:
    """Serve until the input ends."""
    for name in PRELOADED:
        importlib.import_module(name)
    for line in sys.stdin:
        request = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            os._exit(_run(request, writing))
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as pipe:
            failed = pipe.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps({"status": status, "failed": json.loads(failed or "[]")}), flush=True)


def _run(request: dict[str, object], answer: int) -> int:
    cpu, memory = int(str(request["cpu_seconds"])), int(str(request["memory_bytes"]))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 10))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    folder = str(request["folder"])
    os.chdir(folder)
    sys.path.insert(0, folder)
    os.environ.update(json.loads(str(request["environment"])))
    sys.modules["numba.core.config"].reload_config()
    sys.dont_write_bytecode = True
    output = os.open(str(request["output"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    arguments = [str(each) for each in json.loads(str(request["arguments"]))]
    failures = Failures()
    code = int(sys.modules["pytest"].main(arguments, plugins=[failures]))
    sys.stdout.flush()
    with os.fdopen(answer, "w", encoding="utf-8") as pipe:
        json.dump(list(failures.names), pipe)
    return code


if __name__ == "__main__":
    main()

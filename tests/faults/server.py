"""Runs pytest in forks of a process that has imported what all tests need but the project itself.

Started by path as ``python -I server.py``; reads a JSON object a line (``folder``, ``arguments``,
``environment``, ``output``, ``cpu_seconds``, ``memory_bytes``), writes the status of the fork.
Starting pytest anew costs more than most tests.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys

PRELOADED = (
    *("numpy", "networkx", "hypothesis", "_hypothesis_pytestplugin", "pytest", "lark", "numba"),
    *("ortools.sat.python.cp_model", "ortools.linear_solver.python.model_builder"),
    *("xdist.plugin", "z3", "numba.core.config"),
)


def main() -> None:
    """Serve until the input ends."""
    for name in PRELOADED:
        importlib.import_module(name)
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(_run(request))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _run(request: dict[str, object]) -> int:
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
    code = int(sys.modules["pytest"].main(arguments))
    sys.stdout.flush()
    return code


if __name__ == "__main__":
    main()

"""Runs programs on a user's own checkout of the take-home, for comparison.

Nothing of the original is part of this package: the file is imported from where the user says.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from isa.errors import ProblemFileError, SimulationError
from isa.program import DebugKey, Program
from isa.simulator import RunResult, memory_words

_MODULE_PREFIX = "_isa_original_problem_"


class OriginalProblem:
    """The original ``problem.py`` (or ``frozen_problem.py``) at a path.

    Attributes:
        path: the resolved path of the file.
        module: the imported module, under a name of its own.
    """

    def __init__(self, path: str | Path) -> None:
        """Import the file; its directory is on ``sys.path`` only meanwhile.

        Raises:
            ProblemFileError: the file cannot be imported, or has no ``Machine`` and ``DebugInfo``.
        """
        self.path = Path(path).resolve()
        self.module = _import_by_path(self.path)
        for name in ("Machine", "DebugInfo"):
            if not hasattr(self.module, name):
                raise ProblemFileError(
                    f"{self.path}: has no {name}; give the path of the take-home's problem.py"
                )

    def run(
        self,
        program: Program,
        memory: Iterable[int],
        *,
        pause: bool = False,
        debug: bool = False,
        reference: Mapping[DebugKey, int] | None = None,
    ) -> RunResult:
        """Run `program` on the original ``Machine`` with one core.

        Arguments as of `isa.simulator.run`. The original does not tell how a core stopped: the
        status is ``ended`` when its pc is at or behind the end of the program, else ``halted``.
        A paused core is not resumed.

        Raises:
            SimulationError: the original raises any error.
            ProblemFileError: the machine cannot be constructed, or has another size of scratch.
        """
        words = memory_words(memory)
        original: Any = self.module
        try:
            machine: Any = original.Machine(
                words,
                program.to_takehome(),
                original.DebugInfo(scratch_map={}),
                n_cores=1,
                value_trace=dict(reference or {}),
            )
            machine.enable_pause = pause
            machine.enable_debug = debug
            core: Any = machine.cores[0]
            scratch_words = len(core.scratch)
        except Exception as error:
            raise ProblemFileError(
                f"{self.path}: its Machine cannot be constructed as expected: {error!r}"
            ) from error
        if scratch_words != program.machine.scratch_words:
            raise ProblemFileError(
                f"{self.path}: its machine has {scratch_words} scratch words, "
                f"but the program is for {program.machine.scratch_words}"
            )
        try:
            machine.run()
        except Exception as error:
            raise SimulationError(
                f"the original simulator raised {type(error).__name__}: {error}",
                pc=int(core.pc) - 1,
                cycle=int(machine.cycle),
            ) from error
        status = "ended" if core.pc >= len(program.bundles) else "halted"
        if core.state.name == "PAUSED":
            status = "paused"
        return RunResult(
            int(machine.cycle),
            list(machine.mem),
            list(core.scratch),
            int(core.pc),
            status,
            list(core.trace_buf),
        )


def _import_by_path(path: Path) -> ModuleType:
    if not path.is_file():
        raise ProblemFileError(f"{path}: no such file; give the path of the take-home's problem.py")
    name = _MODULE_PREFIX + "".join(c if c.isalnum() else "_" for c in str(path))
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ProblemFileError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    directory = str(path.parent)
    sys.path.insert(0, directory)
    sys.modules[name] = module  # dataclasses look their module up there while it is executed
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise ProblemFileError(f"{path}: cannot be imported: {error!r}") from error
    finally:
        sys.path.remove(directory)
    return module

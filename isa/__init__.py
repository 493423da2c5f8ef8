"""The machine, usable alone: operations, programs, simulators, assembly, traces, problem.

Nothing here imports anything of ``vliwc``.

    >>> from isa.files import load_program
    >>> from isa.simulator import run
    >>> result = run(load_program("kernel.json"), memory)      # doctest: +SKIP
    >>> result.cycles, result.memory[-1]                       # doctest: +SKIP
"""

from __future__ import annotations

from typing import Final

SIMULATOR_VERSION: Final = 1
"""Version of the frozen semantics: `isa.opcodes`, `isa.decode` and `isa.simulator`.

Every measured cycle count depends on these files, so a test holds their digests together with
this number. A deliberate change of any raises the number; see ``docs/machine.md``.
"""

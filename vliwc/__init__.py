"""vliwc: an optimising compiler from a small kernel language to a VLIW SIMD machine.

    >>> import vliwc
    >>> saxpy = vliwc.compile("kernels/saxpy_dot.vk", n=64)
    >>> saxpy
    <Compilation saxpy_dot(n=64): 17 cycles, 0.0 % above the schedule bound of 17>
    >>> saxpy.run({"factor": [3], "x": range(64), "y": [1] * 64}).arrays["dot"]
    array([258048], dtype=uint32)

``__all__`` lists the names that stay; docs/api.md describes them.  They are loaded when they are
first used, so that `import vliwc` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from vliwc.version import __version__

if TYPE_CHECKING:
    from isa.files import load_program
    from isa.machine import MachineSpec
    from isa.program import Program
    from vliwc.api.compilation import Compilation, Run, compile, run
    from vliwc.checking import Outcome, check
    from vliwc.diagnostics import KernelError, UserError
    from vliwc.explain.operations import ScheduledOperation
    from vliwc.options import Options
    from vliwc.sched.registry import make_scheduler, schedulers

__all__ = [
    "Compilation",
    "KernelError",
    "MachineSpec",
    "Options",
    "Outcome",
    "Program",
    "Run",
    "ScheduledOperation",
    "UserError",
    "__version__",
    "check",
    "compile",
    "load_program",
    "make_scheduler",
    "run",
    "schedulers",
]

_HOMES = {
    "Compilation": "vliwc.api.compilation",
    "KernelError": "vliwc.diagnostics",
    "MachineSpec": "isa.machine",
    "Options": "vliwc.options",
    "Outcome": "vliwc.checking",
    "Program": "isa.program",
    "Run": "vliwc.api.compilation",
    "ScheduledOperation": "vliwc.explain.operations",
    "UserError": "vliwc.diagnostics",
    "check": "vliwc.checking",
    "compile": "vliwc.api.compilation",
    "load_program": "isa.files",
    "make_scheduler": "vliwc.sched.registry",
    "run": "vliwc.api.compilation",
    "schedulers": "vliwc.sched.registry",
}
"""The module that defines each name."""


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

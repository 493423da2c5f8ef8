"""Saving and resuming a search: the windows behind a schedule, as JSON data in a program's meta."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from isa.load import LoadError, parse_json, read_text, shown
from isa.program import JSON
from vliwc.diagnostics import Diagnostic, KernelError
from vliwc.ir.graph import Function
from vliwc.sched.staggered.windows import GroupWindows, Policy

KEY = "search"
"""Where a program's meta keeps the state."""


@dataclass(frozen=True)
class SearchState:
    """The candidate (assignment and group order) that a schedule belongs to, and its windows."""

    candidate: str
    windows: GroupWindows

    def to_json(self) -> dict[str, JSON]:
        """The state as JSON data; floats are kept exactly."""
        bias = self.windows.bias
        changed = np.nonzero(bias)[0].tolist()
        return {
            "candidate": self.candidate,
            "operations": len(bias),
            "start": cast("list[JSON]", self.windows.start.tolist()),
            "end": cast("list[JSON]", self.windows.end.tolist()),
            "settings": list(self.windows.policy),
            "bias": [[op, float(bias[op])] for op in changed],
        }


def read_hint(path: Path, function: Function) -> SearchState:
    """The state in a program file that ``vliwc compile -o`` has written.

    Raises :class:`vliwc.diagnostics.KernelError` (E0902) if there is none, or one of another
    kernel than ``function``, or of other parameters.
    """
    try:
        data: Any = parse_json(read_text(path))
        state = data["meta"][KEY]
        kernel, params = data["meta"]["kernel"], data["meta"]["params"]
        if (kernel, params) != (function.name, function.params):
            raise mismatch(path, f"it is of kernel {shown(kernel)} with {shown(params)}")
        bias = np.zeros(int(state["operations"]))
        for op, value in state["bias"]:
            bias[op] = value
        policy = [float(value) for value in state["settings"]]
        if len(policy) != len(Policy._fields):
            raise ValueError("a policy of another version")
        windows = GroupWindows(
            np.array(state["start"], dtype=np.float64),
            np.array(state["end"], dtype=np.float64),
            Policy(*policy),
            bias,
        )
        return SearchState(str(state["candidate"]), windows)
    except LoadError as error:
        reason = str(error)
    except (ValueError, KeyError, TypeError, IndexError):
        reason = "it holds no search state; write it with `vliwc compile -O3 -o`"
    raise KernelError([Diagnostic("E0902", f"cannot resume from {path}: {reason}")])


def mismatch(path: Path, reason: str) -> KernelError:
    """The error for a state that belongs to something else."""
    hint = "compile the same kernel with the same parameters, machine, level and seed"
    return KernelError([Diagnostic("E0902", f"cannot resume from {path}: {reason}", hint=hint)])

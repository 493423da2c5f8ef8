"""An optimised lane function with what the analyses know of it: where instruction selection
starts."""

from __future__ import annotations

from dataclasses import dataclass

from isa.machine import MachineSpec
from vliwc.analysis.linear import BitFacts, Linear, linear_forms
from vliwc.ir.graph import Function, Loop
from vliwc.ir.value import Value


@dataclass(frozen=True, eq=False)
class LaneProgram:
    """An optimised lane function with what the analyses found out about it."""

    function: Function
    facts: BitFacts
    forms: dict[Value, Linear]
    machine: MachineSpec

    @staticmethod
    def of(function: Function, facts: BitFacts, machine: MachineSpec) -> LaneProgram:
        """Run the linear analysis on ``function``."""
        return LaneProgram(function, facts, linear_forms(function, facts), machine)

    def groups(self, loop: Loop) -> int:
        """Groups of ``vlen`` lanes (the last one possibly short) of a loop."""
        return -(-loop.extent // self.machine.vlen)

"""Constant folding: operations on constants, and loops without iterations.

``add 2, 3`` -> ``5``; ``reduce min`` over no iterations -> ``2**32 - 1``; a store in such a loop
disappears.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.ir.graph import Function
from vliwc.ir.rebuild import Rebuild, runs
from vliwc.ir.value import MASK, Op, Reduction


@dataclass(frozen=True, slots=True)
class ConstantFolding:
    """Evaluate what does not depend on the input; operations that would trap are kept."""

    name: str = "constant-folding"

    def run(self, function: Function) -> Function:
        """The folded function."""
        rebuild = Rebuild(function)
        for value in function:
            if value.op is Op.REDUCE and function.loops[value.imm].extent == 0:
                identity = MASK if value.reduction is Reduction.MIN else 0
                rebuild.replace(value, rebuild.builder.const(identity, value.span))
            elif value.op is Op.STORE and not runs(function, value):
                rebuild.drop(value)
            else:
                rebuild.keep(value)
        return rebuild.finish()

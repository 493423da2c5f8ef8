"""Dead code elimination: what no store needs disappears.

``x = load a[i]; y = add x, 1; store b[i] = x`` -> ``x = load a[i]; store b[i] = x``.

A load that is only named in order edges hands its own order edges on.  An assumption survives as
long as everything it reads is also read by the program: nothing is executed for its sake.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.ir.graph import Function
from vliwc.ir.rebuild import Rebuild, reachable
from vliwc.ir.value import Op


@dataclass(frozen=True, slots=True)
class DeadCodeElimination:
    """Keep the stores and what they are computed from."""

    name: str = "dce"

    def run(self, function: Function) -> Function:
        """The function without dead values."""
        needed = reachable(function.roots)
        assumptions = [
            assumption
            for assumption in function.assumptions
            if all(v in needed for v in reachable([assumption]) if v.op is Op.LOAD)
        ]
        kept = needed | reachable(assumptions)
        rebuild = Rebuild(function)
        for value in function:
            if value in kept:
                rebuild.keep(value)
            else:
                rebuild.drop(value)
        for assumption in assumptions:
            rebuild.builder.assume(rebuild.new[assumption])
        return rebuild.finish(assumptions=False)

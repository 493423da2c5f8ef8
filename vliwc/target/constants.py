"""Constants made from other constants.

A scalar constant takes a load or a flow slot, and both are scarce where it matters; the sum of
two constants that are there already takes one scalar slot, the cheapest there is.  Constants that
are needed first are loaded: deriving them would put their operands on the critical path.
"""

from __future__ import annotations

from collections.abc import Callable

from vliwc.ir.value import MASK
from vliwc.target.dag import MachineDag
from vliwc.target.mops import Form, MOp, Operand

MARGIN = 4.0
"""Cycles that operands of a derived constant must be due earlier than it."""


def derive_constants(dag: MachineDag, due: Callable[[MOp], float]) -> None:
    """Give constants of ``dag`` that are due late the form of a sum or difference of others.

    ``due`` says by which cycle about an operation should issue.
    """
    reachable = dag.shared_index
    waiting = [(due(op), word, op) for word, op in dag.constants.items() if op in reachable]
    waiting.sort(key=lambda item: (item[0], item[1]))
    made: dict[int, tuple[float, int, MOp]] = {}
    for when, word, op in waiting:
        best: tuple[int, int, str, MOp, MOp] | None = None
        for x, (x_due, x_depth, x_op) in made.items():
            if x_due > when - MARGIN:
                continue
            for opcode, y in (("+", (word - x) & MASK), ("-", (x - word) & MASK)):
                if y not in made or made[y][0] > when - MARGIN:
                    continue
                depth = max(x_depth, made[y][1]) + 1
                if best is None or (depth, x) < best[:2]:
                    best = (depth, x, opcode, x_op, made[y][2])
        depth = 0
        if best is not None:
            depth, x, opcode, x_op, y_op = best
            a, b = Operand(x_op, stride=0), Operand(y_op, stride=0)
            op.forms = (
                Form("alu", opcode, (a, b)),
                Form("flow", "add_imm", (a,), imm=(word - x) & MASK),
            )
        made[word] = (when, depth, op)

"""Constants made from other constants.

A scalar constant takes a load or a flow slot, and both are scarce where it matters; the sum of
two constants that are there already takes one scalar slot, the cheapest there is.  Constants that
are needed first are loaded, for deriving them would put their operands on the critical path: unless
so many wait to be loaded that a sum is there before their turn comes.  A few strides are added,
from which the addresses of many groups can be summed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vliwc.ir.value import MASK
from vliwc.mir.dag import MachineDag
from vliwc.mir.operation import Form, MOp, Operand


@dataclass(frozen=True)
class DeriveTuning:
    """The tuned numbers of this module, set by hand: ``python -m benchmarks.suite``."""

    margin: float = 3.0
    """Cycles that operands of a derived constant must be due earlier than it: due times are
    estimates, and its operands must not come onto the critical path."""
    strides: int = 7
    """Strides that are looked at: the vector length, doubled each time."""
    worth: int = 4
    """A stride is added if it lets at least so many more constants be derived as strides there
    are: it takes a load itself."""


TUNING = DeriveTuning()


@dataclass(frozen=True)
class _Made:
    """A constant with the cycle by which it is due, the one after which it can be ready, and the
    number of sums one after the other that it takes."""

    due: float
    ready: int
    depth: int
    op: MOp


def derive_constants(dag: MachineDag, due: Callable[[MOp], float]) -> MachineDag:
    """A DAG in which constants that are due late, or late to be loaded, are sums or differences of
    others.

    ``due`` says by which cycle about an operation should issue.
    """
    waiting = [(due(op), word, op) for word, op in dag.constants.items() if op in dag.shared_index]
    waiting.sort(key=lambda item: (item[0], item[1]))
    strides = _strides(dag, [(when, word) for when, word, _ in waiting])
    made = {word: _Made(0.0, 1, 0, op) for word, op in strides.items()}
    loaded = len(strides)
    slots = dag.machine.slots["load"] + dag.machine.slots["flow"]
    early: dict[int, _Made] = {}
    """Constants that are early enough; both limits only ever rise."""
    for when, word, op in waiting:
        queue = loaded // slots
        for x, operand in list(made.items()):
            if operand.due <= when - TUNING.margin or operand.ready < queue:
                early[x] = made.pop(x)
        best: tuple[int, float, int, str, _Made, _Made] | None = None
        for x, a in early.items():
            for opcode, y in (("+", (word - x) & MASK), ("-", (x - word) & MASK)):
                b = early.get(y)
                if b is None:
                    continue
                depth = max(a.depth, b.depth) + 1
                if best is None or (depth, -a.due, x) < best[:3]:
                    best = (depth, -a.due, x, opcode, a, b)
        if best is None:
            made[word] = _Made(when, queue, 0, op)
            loaded += 1
            continue
        depth, _, x, opcode, first, second = best
        a_word, b_word = Operand(first.op, stride=0), Operand(second.op, stride=0)
        op.forms = (
            Form("alu", opcode, (a_word, b_word)),
            Form("flow", "add_imm", (a_word,), imm=(word - x) & MASK),
        )
        made[word] = _Made(when, max(first.ready, second.ready) + 1, depth, op)
    constants = dag.constants | strides
    return MachineDag(
        dag.machine,
        [*strides.values(), *dag.shared],
        dag.groups,
        dag.order,
        constants,
        dag.fixed,
        dag.before,
    )


def _strides(dag: MachineDag, waiting: list[tuple[float, int]]) -> dict[int, MOp]:
    """Multiples of the vector length that are worth a load each."""
    words = {word for _, word in waiting}
    found: dict[int, MOp] = {}
    zero = next(
        (op for op in dag.shared if not op.forms and op.width == 1),
        None,
    )
    if zero is None:
        return found
    for power in range(TUNING.strides):
        stride = dag.machine.vlen << power
        pairs = sum((word + stride) & MASK in words for word in words)
        if stride in words or pairs < TUNING.worth * (power + 1):
            continue
        forms = (
            Form("load", "const", imm=stride),
            Form("flow", "add_imm", (Operand(zero, stride=0),), imm=stride),
        )
        found[stride] = MOp(f"c{stride}", forms)
    return found

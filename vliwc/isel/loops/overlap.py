"""Loops whose number of iterations is known at run time and fills no whole number of groups: the
last groups overlap.

A block of code is for as many groups as the loop can have.  Where it has fewer iterations, the
groups at the end begin with the last ``vlen`` of them, all alike; or, if the loop has less than one
group, the lanes past its end do the last iteration once more.  Iterations are executed several
times then, side by side, which comes to the same as long as each reads what stood in memory before
the loop: all loads from arrays that the loop stores to come before all stores.  The stores of the
same words follow each other, since no two of a bundle may write one word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vliwc.diagnostics import InternalError
from vliwc.ir.graph import Function, Loop
from vliwc.ir.value import Op, Reduction, Value
from vliwc.isel.program import Overlap
from vliwc.mir.operation import MOp, Source

IDEMPOTENT = (Reduction.MIN, Reduction.MAX, Reduction.OR)
"""Reductions to which a word can contribute twice."""


def hindrance(function: Function) -> str | None:
    """Why iterations of the only loop of ``function`` cannot be executed several times, side by
    side; None if they can.

    A word that an iteration loads from an array that the loop stores to must not be one that it may
    have stored itself; other iterations store none that it loads.  Lanes take no words from each
    other, and reductions do not count them.
    """
    live = function.computed()
    for value in function:
        if value not in live:
            continue
        if value.op in (Op.MOVE, Op.SCAN) or len(function.loops) != 1:
            return "iterations take words from one another"
        if value.op is Op.REDUCE and value.reduction not in IDEMPOTENT:
            return f"`reduce {value.reduction}` counts each iteration"
        if value.op is Op.LOAD and any(before.op is Op.STORE for before in value.order):
            return f"iterations read `{value.array}` after they have stored to it"
    return None


def waiting(function: Function) -> int:
    """The words that each lane loads from arrays to which ``function`` stores."""
    live = function.computed()
    stored = {root.array for root in function.roots}
    return sum(
        value in live and value.op is Op.LOAD and value.loop >= 0 and value.array in stored
        for value in function
    )


def overlap_order(
    function: Function,
    loop: Loop,
    overlap: Overlap,
    groups: int,
    accesses: Callable[[Value, int], Sequence[Source]],
    barrier: Callable[[], MOp],
) -> list[tuple[Source, Source, int]]:
    """The order edges between groups of ``loop`` that may execute the same iterations.

    ``accesses``: what a load or store has become in a group; ``barrier`` makes an operation
    without a slot.
    """
    why = hindrance(function)
    if why is not None:
        raise InternalError(f"lanes overlap, but {why}")
    sharing = range(max(overlap.certain - 1, 0), groups)
    live = function.computed()
    stores: dict[str, list[Value]] = {}
    loads: dict[str, list[Value]] = {}
    for value in function:
        if value in live and value.is_memory and value.loop == loop.number:
            kind = stores if value.op is Op.STORE else loads
            kind.setdefault(value.array, []).append(value)
    edges: list[tuple[Source, Source, int]] = []
    for array, storing in stores.items():
        done, latency = barrier(), 0
        before = [op for load in loads.get(array, ()) for g in sharing for op in accesses(load, g)]
        for group in sharing:
            done.order.extend((op, latency) for op in dict.fromkeys(before))
            ops = list(dict.fromkeys(op for store in storing for op in accesses(store, group)))
            edges += [(done, op, 0) for op in ops]
            if group + 1 < groups:
                done, before, latency = barrier(), ops, 1
    return edges

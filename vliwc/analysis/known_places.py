"""Which word of memory each load and store touches, where that is known when compiling."""

from __future__ import annotations

import numpy as np

from vliwc.analysis.lane_words import Words, lane_words
from vliwc.ir.graph import Function
from vliwc.ir.value import TOP_LEVEL, Value


def known_indices(function: Function) -> dict[Value, Words]:
    """``(extent,)`` indices of the accesses of whole loops, one index at the top level; accesses
    whose index is not known in some iteration, or may leave the array there, have none."""
    found: dict[Value, Words] = {}
    by_loop: dict[int, dict[Value, Words]] = {}
    for value in function.values:
        if not value.is_memory:
            continue
        index = value.args[0]
        if value.loop == TOP_LEVEL:
            words = np.array([index.imm], dtype=np.uint64) if index.is_const else None
        else:
            if value.loop not in by_loop:
                by_loop[value.loop] = lane_words(function, function.loops[value.loop])
            words = by_loop[value.loop].get(index)
        if words is not None and (words < function.arrays[value.array].length).all():
            found[value] = words
    return found

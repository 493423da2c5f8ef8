"""Iterations of a parallel loop that write the same word whatever the input: the loop is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from vliwc.analysis.lane_words import Words
from vliwc.ir.graph import Function, Loop
from vliwc.ir.value import Op, Value


class Clash(NamedTuple):
    """Iterations ``first`` and ``second`` of the loop of ``store`` write ``word`` of its array."""

    store: Value
    first: int
    second: int
    word: int


def clash(function: Function, loop: Loop, words: Mapping[Value, Words]) -> Clash | None:
    """Two iterations of ``loop`` in which one of its stores writes the same word; None if there
    are none, as far as ``words``, which follow from the lane number, tell."""
    for value in function.roots:
        if value.op is not Op.STORE or value.loop != loop.number or value.args[0] not in words:
            continue
        index = words[value.args[0]]
        order = np.argsort(index, kind="stable")
        same = np.flatnonzero(np.diff(index[order]) == 0)
        if len(same):
            at = int(same[0])
            return Clash(value, int(order[at]), int(order[at + 1]), int(index[order[at]]))
    return None

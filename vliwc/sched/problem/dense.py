"""The dense form of a scheduling problem: what inner loops read instead of graph objects."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]

ENGINES = ("alu", "valu", "load", "store", "flow")
"""Engines that cost cycles, in the order of their numbers."""
ALU, VALU, LOAD, STORE, FLOW = range(5)
N_ENGINES = 5
NO_ENGINE = 5
"""The engine number of operations that take no slot (barriers)."""


class Dense(NamedTuple):
    """A scheduling problem as arrays; ``n`` operations, ``e`` edges, ``u`` uses, ``c`` classes.

    Operations of one resource class may run on the same engines: ``class_vector`` is a mask of
    engines that take all lanes in one slot (the vector form, or the only form of a scalar
    operation), ``class_scalarised`` the engine of the scalarised form, which takes one slot a lane
    over any number of cycles (-1: there is none).  Successors and operand uses are
    in compressed rows.
    """

    lanes: Ints
    """(n,) slots of the scalarised form; 0 for barriers."""
    serial: Ints
    """(n,) 1 if at most one lane may issue per cycle, in ascending order."""
    width: Ints
    """(n,) scratch words of the result; 0 without one."""
    group: Ints
    """(n,) the group an operation belongs to; -1 for shared ones."""
    resource_class: Ints
    """(n,) number of the resource class."""
    class_vector: Ints
    class_scalarised: Ints
    class_base: Ints
    """(c,) sums of the sizes of earlier classes."""
    n_preds: Ints
    succ_ptr: Ints
    succ: Ints
    succ_latency: Ints
    """(e,) 1: earliest in the cycle after; 0: in the same cycle or later."""
    use_ptr: Ints
    use: Ints
    """(u,) values an operation reads, each once."""
    n_uses: Ints
    lane_ptr: Ints
    """(n + 1,) offsets of an operation's lanes in ``lane_cycle``."""
    capacity: Ints
    """(5,) slots per cycle of each engine."""
    n_groups: int
    vlen: int
    words: int

"""A project as arrays, and the serial scheme and justification on them in compiled code.

Kelley, *The critical-path method* (1963), for the serial scheme; Valls, Ballestín and Quintanilla,
*Justification and RCPSP* (2005).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vliwc.jit import jit
from vliwc.sched.problem.dense import Ints
from vliwc.sched.problem.view import View

Longs = NDArray[np.int64]


class Network(NamedTuple):
    """A project of n tasks and r resources.

    ``duration`` (n,), ``demand`` (n, r), ``capacity`` (r,).  Dependences in compressed rows: those
    that reach task k are ``ptr[k] : ptr[k + 1]``; they come from ``before``, and the task starts
    ``lag`` or more cycles after the end of that one (-1: in its last cycle).  ``order`` (n,) is
    topological.  ``horizon``: cycles that any schedule of the serial scheme fits into.
    """

    duration: Ints
    demand: Ints
    capacity: Ints
    ptr: Ints
    before: Ints
    lag: Ints
    order: Ints
    horizon: int


def network_of(view: View) -> tuple[Network, Network]:
    """The network of a project, and the same turned around in time."""
    renewable = view.problem.renewable
    if renewable is None:
        raise ValueError("not a project: the problem has no renewable resources")
    order = np.array(view.order, dtype=np.int32)

    def network(rows: list[list[tuple[int, int]]], order: Ints) -> Network:
        return Network(
            renewable.duration.astype(np.int32),
            np.ascontiguousarray(renewable.demand, dtype=np.int32),
            renewable.capacity.astype(np.int32),
            np.cumsum([0, *map(len, rows)]).astype(np.int32),
            np.array([other for row in rows for other, _ in row], dtype=np.int32),
            np.array([latency - 1 for row in rows for _, latency in row], dtype=np.int32),
            order,
            view.serial_length + 1,
        )

    return network(view.predecessors, order), network(view.successors, order[::-1].copy())


@jit
def place_serially(p: Network, order: Ints, free: Ints, start: Ints) -> int:
    """Each task in ``order`` (topological) as early as it fits; the cells looked at.

    ``free`` (horizon, r) is overwritten, ``start`` (n,) filled.
    """
    resources = len(p.capacity)
    looked = 0
    used = 0
    for op in order:
        at = 0
        for k in range(p.ptr[op], p.ptr[op + 1]):
            other = p.before[k]
            at = max(at, start[other] + p.duration[other] + p.lag[k])
        duration = p.duration[op]
        # Backwards from the end: the last cycle that is too full decides where to go on.
        # Cycles from `at` to `low`, without it, have room.
        low = at
        cycle = at + duration - 1
        while cycle >= low:
            while used <= cycle:
                for r in range(resources):
                    free[used, r] = p.capacity[r]
                used += 1
            looked += 1
            fits = True
            for r in range(resources):
                if free[cycle, r] < p.demand[op, r]:
                    fits = False
                    break
            if fits:
                cycle -= 1
            else:
                low = max(low, at + duration)
                at = cycle + 1
                cycle = at + duration - 1
        start[op] = at
        for cycle in range(at, at + duration):
            for r in range(resources):
                free[cycle, r] -= p.demand[op, r]
        looked += int(duration)
    return looked


@jit
def order_by(p: Network, key: Ints, order: Ints) -> None:
    """Fill ``order`` (n,): by increasing ``key`` (n,) as far as the dependences allow."""
    n = len(p.duration)
    least = np.empty(n, dtype=np.int64)
    for k in range(n):
        op = p.order[k]
        own = np.int64(key[op])
        for e in range(p.ptr[op], p.ptr[op + 1]):
            own = max(own, least[p.before[e]] // n)
        # Of equal keys the first in topological order.
        least[op] = own * n + k
    by_key = np.argsort(least)
    for k in range(n):
        order[k] = by_key[k]


@jit
def last_end(p: Network, start: Ints) -> int:
    """Cycles until the last task has ended."""
    return int((start + p.duration).max())


@jit
def _latest_first(p: Network, start: Ints, key: Ints) -> None:
    """Fill ``key`` (n,): numbers from 0 that grow as ends come earlier."""
    last = last_end(p, start)
    for op in range(len(start)):
        key[op] = last - start[op] - p.duration[op]


@jit
def justify(p: Network, back: Network, start: Ints, free: Ints) -> int:
    """Shift all tasks of ``start`` right, then left again; the cells looked at.

    ``back`` is the network turned around.  ``free`` (horizon, r) is overwritten.  Never longer
    unless there are lags of -1, which can keep tasks from the order of their ends.
    """
    n = len(start)
    key = np.empty(n, dtype=np.int32)
    order = np.empty(n, dtype=np.int32)
    mirrored = np.empty(n, dtype=np.int32)
    _latest_first(p, start, key)
    order_by(back, key, order)
    looked = place_serially(back, order, free, mirrored)
    _latest_first(p, mirrored, key)
    order_by(p, key, order)
    return looked + place_serially(p, order, free, start)

"""Virtual deadlines of operations, from the windows of their groups and paths within groups."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vliwc.jit import jit
from vliwc.sched.problem.dense import Dense, Ints
from vliwc.sched.problem.paths import (
    Floats,
    durations,
    edge_sources,
    longest_to_end,
    topological_order,
)

AT_ONCE = -1e9
"""A deadline before all others."""

_DIGIT_BITS = 11
_DIGITS = 6
_SHIFT, _MASK = np.uint64(_DIGIT_BITS), np.uint64((1 << _DIGIT_BITS) - 1)
_SIGN, _ALL = np.uint64(1 << 63), np.uint64((1 << 64) - 1)


class Tails(NamedTuple):
    """Path lengths in cycles: ``topo`` (n,) a topological order; ``duration`` (n,) cycles an
    operation needs at least in its cheapest form, as far as one engine's slots tell; ``tail``
    (n,) longest path after the operation's end within its group; ``longest`` (groups,) the
    longest such path of each group, own durations included; ``first`` (n,) 1 for operations of
    a group that wait for nothing in it, 2 if something outside the group waits for them."""

    topo: Ints
    duration: Floats
    tail: Floats
    longest: Floats
    first: Ints


def group_tails(p: Dense, topo: Ints, duration: Floats) -> tuple[Floats, Floats]:
    """``tail`` and ``longest`` of :class:`Tails`; latencies count as one cycle."""
    inside = p.group[edge_sources(p)] == p.group[p.succ]
    tail = longest_to_end(p, topo, np.where(inside, duration[p.succ], -np.inf))
    longest = np.zeros(p.n_groups + 1)
    np.maximum.at(longest, p.group, tail + duration)
    return tail, longest


@jit
def first_in_group(p: Dense) -> Ints:
    """``first`` of :class:`Tails`."""
    first = np.where(p.group >= 0, 1, 0).astype(np.int32)
    for op in range(len(p.lanes)):
        for s in range(p.succ_ptr[op], p.succ_ptr[op + 1]):
            if p.group[p.succ[s]] == p.group[op]:
                first[p.succ[s]] = 0
    for op in range(len(p.lanes)):
        for s in range(p.succ_ptr[op], p.succ_ptr[op + 1]):
            if first[op] > 0 and p.group[p.succ[s]] != p.group[op]:
                first[op] = 2
    return first


def tails(p: Dense) -> Tails:
    """All of :class:`Tails` for a problem."""
    topo = topological_order(p)
    duration = durations(p)
    tail, longest = group_tails(p, topo, duration)
    return Tails(topo, duration, tail, longest[: p.n_groups], first_in_group(p))


@jit
def deadlines(
    p: Dense,
    topo: Ints,
    duration: Floats,
    tail: Floats,
    longest: Floats,
    first: Ints,
    start: Floats,
    end: Floats,
    prefetch: float,
    last: float,
) -> Floats:
    """Virtual deadlines: group ``g`` is spread evenly over cycles ``start[g]..end[g]``.

    What waits for nothing in its group (loading its inputs) is due earlier, after the part
    ``prefetch`` of the time until ``start``, so that there is always a group to go on with.
    An operation with ``tail`` cycles of its group's longest path after it is due when the rest of
    the path, stretched to the group's span, still fits.  An operation is also due before
    the first of its users outside its group; a shared one without users, at ``last``.
    A word that has to stay zero is due at once: later there might be no clean one left.
    """
    n = len(p.lanes)
    due = np.full(n, last)
    for i in range(n - 1, -1, -1):
        op = topo[i]
        g = p.group[op]
        if g >= 0:
            done = 1.0 - tail[op] / max(longest[g], 1.0)
            due[op] = start[g] + (end[g] - start[g]) * done
            if first[op] > 0:
                due[op] = min(due[op], prefetch * start[g])
        for s in range(p.succ_ptr[op], p.succ_ptr[op + 1]):
            t = p.succ[s]
            if g < 0 or p.group[t] != g:
                due[op] = min(due[op], due[t] - duration[t] - p.succ_latency[s] + 1.0)
    for op in range(n):
        c = p.resource_class[op]
        if p.width[op] > 0 and p.class_vector[c] == 0 and p.class_scalarised[c] < 0:
            due[op] = AT_ONCE
    return due


@jit
def planned_cycles(due: Floats, stretch: float, shift: float, horizon: int) -> Ints:
    """``due * stretch + shift`` as cycles between 0 and ``horizon``."""
    found = np.empty(len(due), dtype=np.int32)
    for i in range(len(due)):
        found[i] = int(min(max(due[i] * stretch + shift, 0.0), float(horizon)))
    return found


@jit
def by_deadline(due: Floats) -> Ints:
    """Operations by ascending deadline; equal deadlines by operation number.

    Radix sort (Knuth 1973, section 5.2.5) of the bits, for searches sort thousands of times: the
    bits of positive numbers ascend with them, those of negative ones are turned around.
    """
    n = len(due)
    bits = (due + 0.0).view(np.uint64)
    for i in range(n):
        bits[i] ^= _ALL if bits[i] & _SIGN else _SIGN
    order = np.arange(n).astype(np.int32)
    other = np.empty(n, dtype=np.int32)
    count = np.zeros((_DIGITS, 1 << _DIGIT_BITS), dtype=np.int32)
    for i in range(n):
        rest = bits[i]
        for d in range(_DIGITS):
            count[d, rest & _MASK] += 1
            rest >>= _SHIFT
    for d in range(_DIGITS):
        shift = np.uint64(d) * _SHIFT
        if n == 0 or count[d, (bits[0] >> shift) & _MASK] == n:
            continue
        before = 0
        for digit in range(1 << _DIGIT_BITS):
            here = count[d, digit]
            count[d, digit] = before
            before += here
        for i in range(n):
            op = order[i]
            digit = (bits[op] >> shift) & _MASK
            other[count[d, digit]] = op
            count[d, digit] += 1
        order, other = other, order
    return order


def ranks(due: Floats) -> Ints:
    """Positions by :func:`by_deadline`."""
    rank = np.empty(len(due), dtype=np.int32)
    rank[by_deadline(due)] = np.arange(len(due), dtype=np.int32)
    return rank

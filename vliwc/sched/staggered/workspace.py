"""What list scheduling writes to: the ready operations of each class, and what is left of each.

The inner loop makes no arrays (:func:`vliwc.jit.jit_in_place`): they are made here, once for each
schedule.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vliwc.jit import jit, jit_in_place
from vliwc.sched.problem.dense import N_ENGINES, Bytes, Dense, Ints

EMPTY = 1 << 30
"""What stands for the most urgent operation of a class in which none is ready."""


class Workspace(NamedTuple):
    """What list scheduling keeps of operations, classes of them, groups and scratch; all start anew
    with each schedule."""

    by_rank: Ints
    heap: Ints
    size: Ints
    top: Ints
    engines: Ints
    waiting: Ints
    readers: Ints
    issued: Ints
    used: Bytes
    scalars: Ints
    pool: Ints
    next_ready: Ints
    running: Ints
    aside: Ints
    done: Ints
    slots: Ints
    work: Ints
    is_open: Bytes
    deferred: Bytes
    left: Ints
    started: Bytes
    future: Ints


@jit
def _engines_of(vector: Ints, scalarised: Ints) -> Ints:
    """(c,) the mask of engines that can take an operation of each class, all bits if it needs
    none."""
    found = vector.copy()
    for c in range(len(vector)):
        if scalarised[c] >= 0:
            found[c] |= 1 << scalarised[c]
        if found[c] == 0:
            found[c] = -1
    return found


@jit
def workspace(p: Dense) -> Workspace:
    """All of it for one schedule of ``p``."""
    n, n_classes = len(p.lanes), len(p.class_vector)
    by_rank = np.empty(n, dtype=np.int32)
    heap = np.empty(n, dtype=np.int32)
    size = np.zeros(n_classes, dtype=np.int32)
    top = np.full(n_classes, EMPTY, dtype=np.int32)
    engines = _engines_of(p.class_vector, p.class_scalarised)
    waiting = p.n_preds.copy()
    readers = p.n_uses.copy()
    issued = np.zeros(n, dtype=np.int32)
    used = np.zeros(p.words // p.vlen, dtype=np.uint8)
    scalars = np.empty(p.words + p.vlen, dtype=np.int32)
    pool = np.zeros(3, dtype=np.int32)
    next_ready = np.empty(n, dtype=np.int32)
    running = np.empty(n, dtype=np.int32)
    aside = np.empty(n, dtype=np.int32)
    done = np.empty(n, dtype=np.int32)
    slots = np.empty(N_ENGINES, dtype=np.int32)
    work = np.zeros(N_ENGINES, dtype=np.int32)
    is_open = np.zeros(n_classes, dtype=np.uint8)
    deferred = np.zeros(n_classes, dtype=np.uint8)
    left = np.zeros(p.n_groups + 1, dtype=np.int32)
    started = np.zeros(p.n_groups + 1, dtype=np.uint8)
    future = np.empty(n, dtype=np.int32)
    return Workspace(
        by_rank,
        heap,
        size,
        top,
        engines,
        waiting,
        readers,
        issued,
        used,
        scalars,
        pool,
        next_ready,
        running,
        aside,
        done,
        slots,
        work,
        is_open,
        deferred,
        left,
        started,
        future,
    )


@jit_in_place
def push(heap: Ints, base: int, size: Ints, top: Ints, c: int, item: int) -> None:
    """Add ``item`` to the heap of class ``c`` that starts at ``base``."""
    at = int(size[c])
    size[c] = at + 1
    if item < top[c]:
        top[c] = item
    while at > 0:
        parent = (at - 1) >> 1
        if heap[base + parent] <= item:
            break
        heap[base + at] = heap[base + parent]
        at = parent
    heap[base + at] = item


@jit_in_place
def pop(heap: Ints, base: int, sizes: Ints, top: Ints, c: int) -> None:
    """Take the least item from the heap of class ``c``, which is not empty."""
    size = int(sizes[c]) - 1
    sizes[c] = size
    last = heap[base + size]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and heap[base + child + 1] < heap[base + child]:
            child += 1
        if heap[base + child] >= last:
            break
        heap[base + at] = heap[base + child]
        at = child
    if size > 0:
        heap[base + at] = last
        top[c] = heap[base]
    else:
        top[c] = EMPTY


@jit_in_place
def mark_open(engines: Ints, slots: Ints, is_open: Bytes) -> None:
    """Mark the classes of operations for which some engine has a slot left."""
    free = 1 << N_ENGINES
    for e in range(N_ENGINES):
        if slots[e] > 0:
            free |= 1 << e
    for c in range(len(engines)):
        is_open[c] = 1 if engines[c] & free else 0

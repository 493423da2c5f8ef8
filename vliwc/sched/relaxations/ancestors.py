"""Windows of operations that know of the work before and after them.

A head, the earliest start of an operation, is usually the longest path to it.  But all its
ancestors have to be executed before it starts, and they share engines: a read that waits for a
hundred constants cannot start in cycle 3.  Of the ancestors with head ``h`` or more that end at
least ``q`` cycles before it starts, all work lies in the cycles between, so that

    head >= h + q + work / slots of a cycle

(Langevin and Cerny 1996, who schedule the ancestors; here each slot has a price, as in
:mod:`vliwc.sched.problem.bounds`).  Heads that are known sharpen those of what follows; tails are
the same with time turned around.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from math import ceil
from typing import Final

import numpy as np

from vliwc.jit import jit
from vliwc.sched.problem.bounds import SLACK, best_window, cheapest_form, price_vectors
from vliwc.sched.problem.dense import ALU, N_ENGINES, VALU, Dense, Ints
from vliwc.sched.problem.paths import Floats, edge_sources, spans, topological_order
from vliwc.sched.problem.view import View

MAX_TAILS: Final = 24
"""Different distances to an operation that are tried as the end of a window, about."""
FEW: Final = 3
"""Ancestors up to which paths say all that there is to say."""
NEVER: Final = -1e9
"""A distance to what is no ancestor."""


@dataclass(frozen=True)
class Windows:
    """``view`` with the sharper heads and tails; no schedule has fewer than ``cycles``."""

    view: View
    cycles: int


def sharpened(view: View) -> Windows:
    """Heads and tails of a machine problem from the work of ancestors and descendants."""
    dense = view.problem.dense
    work = _works(view)
    topo, span = topological_order(dense), spans(view.problem)
    source, lag = edge_sources(dense), (dense.succ_latency - 1).astype(np.float64)
    n = len(view)
    heads = _heads(*_rows(source, dense.succ, lag, n), span, topo, work)
    tails = _heads(*_rows(dense.succ, source, lag, n), span, topo[::-1].copy(), work)
    least = float((heads + span + tails).max(initial=0.0))
    least = max([least, *(best_window(own, heads, tails)[0] for own in work)])
    windows = heads.astype(np.int64).tolist(), tails.astype(np.int64).tolist()
    return Windows(replace(view, windows=windows), ceil(least - SLACK))


def steps(view: View) -> int:
    """Steps that :func:`sharpened` takes at most, from which follows its time."""
    n, n_edges = len(view), len(view.problem.dense.succ)
    return 2 * n * (n_edges + len(_works(view)) * MAX_TAILS * n)


def _works(view: View) -> Floats:
    """(k, n) what each operation takes at least of each of k sets of slots, in cycles of all of
    them."""
    dense = view.problem.dense
    rows = [prices for _, prices in price_vectors(dense)] + _joined(dense)
    return np.array(
        [cheapest_form(dense, prices) / float(dense.capacity @ prices) for prices in rows]
    )


def _joined(dense: Dense) -> list[Floats]:
    """Prices of engines that share operations, two or three of them: a slot costs one, and where
    ``valu`` is among them an ``alu`` slot is one lane of it."""
    forms = [
        {e for e in range(N_ENGINES) if vector >> e & 1} | ({scalarised} - {-1})
        for vector, scalarised in zip(
            dense.class_vector.tolist(), dense.class_scalarised.tolist(), strict=True
        )
    ]
    found: list[Floats] = []
    for engines in (*combinations(range(N_ENGINES), 2), *combinations(range(N_ENGINES), 3)):
        if any(len(own) > 1 and own <= set(engines) for own in forms):
            prices = np.zeros(N_ENGINES)
            prices[list(engines)] = 1.0
            if ALU in engines and VALU in engines:
                prices[ALU] = 1.0 / dense.vlen
            found.append(prices)
    return found


def _rows(before: Ints, after: Ints, lag: Floats, n: int) -> tuple[Ints, Ints, Floats]:
    """Dependences by which of ``n`` operations waits, in compressed rows."""
    order = np.argsort(after, kind="stable")
    ptr = np.concatenate([[0], np.cumsum(np.bincount(after, minlength=n))])
    return ptr.astype(np.int32), before[order], lag[order]


@jit
def _heads(ptr: Ints, before: Ints, lag: Floats, span: Floats, topo: Ints, work: Floats) -> Floats:
    """(n,) heads; ``ptr`` and ``before`` are the predecessors in compressed rows, ``lag`` the
    cycles between, ``topo`` a topological order, ``work`` (k, n)."""
    n = len(topo)
    heads = np.zeros(n)
    distance = np.full(n, NEVER)
    by_head = np.empty(n, dtype=np.int32)
    for i in range(n):
        op = topo[i]
        for j in range(i):
            distance[topo[j]] = NEVER
        head = 0.0
        for e in range(ptr[op], ptr[op + 1]):
            own = before[e]
            head = max(head, heads[own] + span[own] + lag[e])
            distance[own] = max(distance[own], lag[e])
        ancestors = np.empty(i)
        count = 0
        for j in range(i - 1, -1, -1):
            own = topo[j]
            if distance[own] == NEVER:
                continue
            ancestors[count] = distance[own]
            count += 1
            for e in range(ptr[own], ptr[own + 1]):
                far = distance[own] + span[own] + lag[e]
                distance[before[e]] = max(distance[before[e]], far)
        if count > FEW:
            ends = np.unique(ancestors[:count])
            step = max(1, len(ends) // MAX_TAILS)
            for row in range(len(work)):
                for k in range(0, len(ends), step):
                    total = 0.0
                    for j in range(i):
                        own = by_head[j]
                        if distance[own] >= ends[k] and work[row, own] > 0.0:
                            total += work[row, own]
                            head = max(head, total + heads[own] + ends[k])
        heads[op] = np.ceil(head - SLACK)
        at = i
        while at > 0 and heads[by_head[at - 1]] < heads[op]:
            by_head[at] = by_head[at - 1]
            at -= 1
        by_head[at] = op
    return heads

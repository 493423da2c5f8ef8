"""Dependences with latencies above one, for schedulers that only know zero and one.

``a -> b`` with latency 3 becomes ``a -> w1 -> w2 -> b`` with latencies of 1; ``w1`` and ``w2`` take
no slot.  Operations keep their numbers, the waits stand behind them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vliwc.sched.problem.paths import edge_sources
from vliwc.sched.problem.problem import Edges, ScheduleProblem, make_dense
from vliwc.sched.problem.schedule import Schedule


def edges_of(problem: ScheduleProblem) -> Edges:
    """The dependences of a problem, by source; each read is marked on one of its pair's edges."""
    dense = problem.dense
    n = len(problem)
    sources = edge_sources(dense)
    readers: list[int] = np.repeat(np.arange(n), np.diff(dense.use_ptr)).tolist()
    used: list[int] = dense.use.tolist()
    unmatched = set(zip(used, readers, strict=True))
    pairs = list(zip(sources.tolist(), dense.succ.tolist(), strict=True))
    reads = np.zeros(len(pairs), dtype=np.bool_)
    # A pair may also be ordered without reading: the longest latency is the read's.
    for at in sorted(range(len(pairs)), key=lambda k: -int(dense.succ_latency[k])):
        if pairs[at] in unmatched:
            unmatched.remove(pairs[at])
            reads[at] = True
    return Edges(sources, dense.succ, dense.succ_latency, reads)


def expanded(problem: ScheduleProblem) -> ScheduleProblem:
    """The problem with latencies of at most one; the problem itself if it has no others."""
    dense = problem.dense
    if problem.renewable is not None or int(dense.succ_latency.max(initial=0)) <= 1:
        return problem
    edges = edges_of(problem)
    rows: list[tuple[int, int, int, bool]] = []
    waits: dict[tuple[int, int], int] = {}
    n = len(problem)
    columns = (edges.source, edges.target, edges.latency, edges.reads)
    for source, target, latency, reads in zip(*(c.tolist() for c in columns), strict=True):
        at = source
        for step in range(1, latency):
            wait = waits.setdefault((source, step), n + len(waits))
            if wait == n + len(waits) - 1:
                rows.append((at, wait, 1, False))
            at = wait
        if reads:
            rows.append((source, target, 1, True))
        if not reads or at != source:
            rows.append((at, target, min(latency, 1), False))
    rows = list(dict.fromkeys(rows))
    count = len(waits)
    nothing = np.zeros(count, dtype=np.int32)
    classes = list(zip(dense.class_vector.tolist(), dense.class_scalarised.tolist(), strict=True))
    if (0, -1) not in classes:
        classes.append((0, -1))
    wide = make_dense(
        lanes=np.concatenate([dense.lanes, nothing]),
        serial=np.concatenate([dense.serial, nothing]),
        width=np.concatenate([dense.width, nothing]),
        group=np.concatenate([dense.group, nothing - 1]),
        resource_class=np.concatenate([dense.resource_class, nothing + classes.index((0, -1))]),
        classes=classes,
        edges=Edges.of_rows(rows),
        machine=problem.machine,
        n_groups=dense.n_groups,
    )
    names = problem.name_source
    return ScheduleProblem(
        wide, problem.machine, lambda: [*names(), *(f"wait{k}" for k in range(count))]
    )


def restricted(problem: ScheduleProblem, schedule: Schedule) -> Schedule:
    """The part of a schedule of ``expanded(problem)`` that speaks of ``problem``."""
    n = len(problem)
    if len(schedule.engine) == n:
        return schedule
    return replace(
        schedule,
        engine=schedule.engine[:n],
        lane_cycle=schedule.lane_cycle[: int(problem.dense.lane_ptr[-1])],
        address=schedule.address[:n],
    )

"""Steps of list scheduling that are the same whatever order operations are taken in.

The list schedulers, :mod:`vliwc.sched.staggered.core` and :mod:`vliwc.sched.greedy.core`, go
through a problem cycle by cycle.  Arrays are passed one by one; see
:mod:`vliwc.sched.problem.scratch`.
"""

from __future__ import annotations

from vliwc.jit import jit
from vliwc.sched.problem.dense import Ints


@jit
def go_on(
    cycle: int,
    lanes: Ints,
    serial: Ints,
    lane_ptr: Ints,
    engine: Ints,
    slots: Ints,
    issued: Ints,
    lane_cycle: Ints,
    running: Ints,
    n_running: int,
    done: Ints,
) -> tuple[int, int, bool]:
    """Issue in ``cycle`` what the ``slots`` left allow of operations whose lanes are spread over
    several cycles; how many of ``running`` are unfinished, how many went to ``done``, and
    whether any lane was issued.

    ``issued`` (n,) counts the lanes of each operation.
    """
    kept = 0
    n_done = 0
    moved = False
    for i in range(n_running):
        op = int(running[i])
        e = int(engine[op])
        now = min(lanes[op] - issued[op], slots[e])
        if serial[op] == 1:
            now = min(now, 1)
        for k in range(now):
            lane_cycle[lane_ptr[op] + issued[op] + k] = cycle
        issued[op] += now
        slots[e] -= now
        moved = moved or now > 0
        if issued[op] == lanes[op]:
            done[n_done] = op
            n_done += 1
        else:
            running[kept] = op
            kept += 1
    return kept, n_done, moved


@jit
def release_successors(
    op: int,
    succ_ptr: Ints,
    succ: Ints,
    succ_latency: Ints,
    later: bool,
    waiting: Ints,
    ready: Ints,
    n_ready: int,
) -> int:
    """Tell the successors of ``op`` that it has been executed: those of latency 0, or ``later``
    the others.  Those that wait for nothing else are added to ``ready``, which has ``n_ready``
    entries; how many it has then.

    ``waiting`` (n,) counts the predecessors that are not executed yet.  The greedy core has this
    loop in line: called from there, it made scheduling take 1.18 times as long.
    """
    for s in range(succ_ptr[op], succ_ptr[op + 1]):
        if (succ_latency[s] > 0) == later:
            t = int(succ[s])
            waiting[t] -= 1
            if waiting[t] == 0:
                ready[n_ready] = t
                n_ready += 1
    return n_ready

"""The inner loop of list scheduling with simultaneous scratch allocation, on dense arrays.

One forward pass, cycle by cycle (Graham 1969; for VLIW machines Fisher 1981): ready operations
are taken in priority order, each gets an engine that has a slot left, and a place in scratch is
taken when an operation issues and given back when its last reader has issued.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from vliwc.jit import jit, jit_in_place
from vliwc.sched.problem.bounds import SLACK, Bound, cheapest_form
from vliwc.sched.problem.dense import ALU, FLOW, N_ENGINES, NO_ENGINE, VALU, Dense, Ints
from vliwc.sched.problem.paths import Floats, heads_and_tails
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.scratch import (
    SLOTS_FREE,
    fits,
    give_back,
    give_back_operands,
    take,
)
from vliwc.sched.staggered.workspace import Workspace, mark_open, pop, push, workspace

STUCK = -1
"""Result of :func:`list_schedule` when no ready operation can ever issue for want of scratch."""

EITHER = (1 << FLOW) | (1 << VALU)
"""Engines of vector operations that flow or arithmetic can execute."""

N_STATS = 2 + N_ENGINES
"""Length of the ``stats`` array of :func:`list_schedule`."""


@dataclass(frozen=True)
class CoreTuning:
    """The tuned numbers of this module; by hand on ``python -m benchmarks.suite``."""

    ahead: int = 8
    """Groups whose inputs may be loaded before they may go on: each takes scratch until then."""
    held: int = 3
    """Alu slots per cycle that go to urgent scalar operations before vector operations whose lanes
    are spread over several cycles go on; those would otherwise take all of them."""


_AHEAD, _HELD = CoreTuning().ahead, CoreTuning().held


NO_LIMIT = 1 << 30
"""More cycles than any schedule takes."""


class Cutoff(NamedTuple):
    """What is known of every schedule, to give one up as soon as it must become too long.

    The bound of :mod:`vliwc.sched.problem.bounds` holds for what is left of a schedule as well:
    ``work`` (n,) are the cycles that an operation takes at least if all engines share the work at
    the bound's prices, 0 outside of its window; ``drain`` cycles follow the window, and ``after``
    (n,) cycles follow each operation.
    """

    work: Floats
    drain: float
    after: Floats


def cutoff(problem: ScheduleProblem, bound: Bound) -> Cutoff:
    """The cut-off that belongs to a lower bound of ``problem``."""
    dense = problem.dense
    _, after = heads_and_tails(problem)
    work = np.zeros(len(after))
    if bound.prices:
        work = np.where(after >= bound.after, cheapest_form(dense, np.array(bound.prices)), 0.0)
    return Cutoff(work, bound.after, after)


def no_cutoff(p: Dense) -> Cutoff:
    """A cut-off that knows nothing."""
    return Cutoff(np.zeros(len(p.lanes)), 0.0, np.zeros(len(p.lanes)))


@jit_in_place
def _choose_engine(
    vector: int, scalarised: int, lanes: int, slots: Ints, flow_only_waiting: int, flow_queue: int
) -> int:
    """The engine for an operation, the one with the fewest other customers first; -1 if none.

    Vector operations that can run on flow go there if at most ``flow_queue`` flow-only operations
    wait; scalar ones only if nothing else has a slot left, because a flow slot is worth several
    slots of the other engines that take them.  Lanes are spread over several cycles only if no
    engine can finish the operation in this one: its successors wait.
    """
    if vector == 0 and scalarised < 0:
        return NO_ENGINE
    flow = (vector >> FLOW) & 1 and slots[FLOW] > 0
    if flow and (vector >> VALU) & 1 and flow_only_waiting <= flow_queue:
        return FLOW
    if scalarised >= 0 and slots[scalarised] >= lanes:
        return scalarised
    for e in range(N_ENGINES):
        if (vector >> e) & 1 and slots[e] > 0 and e != FLOW:
            return e
    if scalarised >= 0 and slots[scalarised] > 0:
        return scalarised
    return FLOW if flow else -1


@jit_in_place
def _run(
    p: Dense,
    own: Workspace,
    rank: Ints,
    urgent: Ints,
    release: Ints,
    first: Ints,
    group_order: Ints,
    in_flight: int,
    reserve: int,
    flow_queue: int,
    horizon: int,
    known: Cutoff,
    limit: int,
    engine: Ints,
    lane_cycle: Ints,
    address: Ints,
    stats: Ints,
) -> int:
    """:func:`list_schedule` in a workspace of its own."""
    lanes, serial, width, group, resource_class = (
        p.lanes,
        p.serial,
        p.width,
        p.group,
        p.resource_class,
    )
    class_vector, class_scalarised, class_base = p.class_vector, p.class_scalarised, p.class_base
    succ_ptr, succ, succ_latency = p.succ_ptr, p.succ, p.succ_latency
    use_ptr, use, lane_ptr, vlen = p.use_ptr, p.use, p.lane_ptr, p.vlen
    least, after = known.work, known.after
    n = len(lanes)
    n_classes = len(class_vector)
    n_slots = p.words // vlen
    by_rank, heap, size, top = own.by_rank, own.heap, own.size, own.top
    engines, waiting, readers, issued = own.engines, own.waiting, own.readers, own.issued
    used, scalars, pool, next_ready = own.used, own.scalars, own.pool, own.next_ready
    running, aside, done, slots = own.running, own.aside, own.done, own.slots
    work, is_open, deferred, left = own.work, own.is_open, own.deferred, own.left
    started, future = own.started, own.future
    pool[SLOTS_FREE] = n_slots
    opened = 0
    under_way = 0
    n_future = 0
    n_next = 0
    n_running = 0
    oldest = 0
    remaining = n
    peak = 0
    work_left = 0.0
    for op in range(n):
        work_left += least[op]
    flow_only = -1
    for c in range(n_classes):
        if class_vector[c] == 1 << FLOW and class_scalarised[c] < 0:
            flow_only = c
    for op in range(n):
        by_rank[rank[op]] = op
        address[op] = -1
        engine[op] = -1
        left[group[op]] += 1
        if waiting[op] == 0:
            next_ready[n_next] = op
            n_next += 1

    cycle = 0
    while remaining > 0 and cycle < horizon:
        for i in range(n_next):
            future[n_future] = next_ready[i]
            n_future += 1
        n_next = 0
        kept = 0
        for i in range(n_future):
            op = int(future[i])
            if group[op] < 0 and release[op] > cycle:
                future[kept] = op
                kept += 1
            else:
                c = int(resource_class[op])
                push(heap, class_base[c], size, top, c, rank[op])
        n_future = kept
        for e in range(N_ENGINES):
            slots[e] = p.capacity[e]
        progress = False
        n_aside = 0
        n_done = 0

        # Operations whose lanes are spread over several cycles go on first, but they leave some
        # slots to more urgent scalar operations, which would otherwise never find one.
        held = 0
        for i in range(n_running):
            op = int(running[i])
            if engine[op] == ALU:
                for c in range(n_classes):
                    if (class_vector[c] >> ALU) & 1 and top[c] < rank[op]:
                        held = max(held, min(size[c], _HELD))
        slots[ALU] = max(slots[ALU] - held, 0)
        kept = 0
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
            work[e] += now
            progress = progress or now > 0
            if issued[op] == lanes[op]:
                done[n_done] = op
                n_done += 1
                lo, hi = int(use_ptr[op]), int(use_ptr[op + 1])
                give_back_operands(use, lo, hi, width, vlen, readers, address, used, scalars, pool)
            else:
                running[kept] = op
                kept += 1
        n_running = kept
        slots[ALU] += min(held, p.capacity[ALU])
        handled = 0
        hurry = False
        deferred[:] = 0
        mark_open(engines, slots, is_open)

        while True:
            # Same-cycle successors (reads of memory before a write to it) become ready at once.
            while handled < n_done:
                op = int(done[handled])
                handled += 1
                for s in range(succ_ptr[op], succ_ptr[op + 1]):
                    if succ_latency[s] == 0:
                        t = int(succ[s])
                        waiting[t] -= 1
                        if waiting[t] == 0:
                            c = int(resource_class[t])
                            push(heap, class_base[c], size, top, c, rank[t])
            best = n
            chosen = -1
            for c in range(n_classes):
                if top[c] < best and is_open[c] and not deferred[c]:
                    best = top[c]
                    chosen = c
            if chosen < 0:
                if hurry:
                    break
                hurry = True
                deferred[:] = 0
                continue
            op = int(by_rank[best])
            queue = size[flow_only] if flow_only >= 0 and flow_only != chosen else 0
            scalarised = int(class_scalarised[chosen])
            e = _choose_engine(
                class_vector[chosen], scalarised, lanes[op], slots, queue, flow_queue
            )
            if e != FLOW and (class_vector[chosen] & EITHER) == EITHER:
                if not hurry and cycle < urgent[op]:
                    deferred[chosen] = 1
                    continue
            pop(heap, class_base[chosen], size, top, chosen)
            now = lanes[op]
            if e == scalarised:
                now = min(now, slots[e])
                if serial[op] == 1:
                    now = min(now, 1)
            finishing = now == lanes[op]
            keep = 0
            if group[op] >= 0 and group[op] != group_order[oldest] and e != NO_ENGINE:
                keep = reserve
            lo, hi = int(use_ptr[op]), int(use_ptr[op + 1])
            dying = hi if finishing else lo
            g = int(group[op])
            opens = g >= 0 and first[op] == 1 and started[g] == 0
            starts = g >= 0 and first[op] == 0 and started[g] < 2
            if (
                (opens and opened >= in_flight + _AHEAD)
                or (starts and under_way >= in_flight)
                or not fits(width[op], use, lo, dying, width, vlen, keep, readers, used, pool)
            ):
                aside[n_aside] = op
                n_aside += 1
                continue
            if finishing:
                give_back_operands(use, lo, hi, width, vlen, readers, address, used, scalars, pool)
            if width[op] > 0:
                address[op] = take(width[op], vlen, used, scalars, pool)
            if cycle + 1 + after[op] > limit:
                return STUCK
            work_left -= least[op]
            progress = True
            if opens or (starts and started[g] == 0):
                started[g] = 1
                opened += 1
            if starts:
                started[g] = 2
                under_way += 1
            engine[op] = e
            if e < N_ENGINES:
                taken = now if e == scalarised else 1
                slots[e] -= taken
                work[e] += taken
                if slots[e] == 0:
                    mark_open(engines, slots, is_open)
            for k in range(max(now, 1)):
                lane_cycle[lane_ptr[op] + k] = cycle
            issued[op] = now
            if finishing:
                done[n_done] = op
                n_done += 1
            else:
                running[n_running] = op
                n_running += 1

        peak = max(peak, (n_slots - pool[SLOTS_FREE]) * vlen)
        for i in range(n_aside):
            op = int(aside[i])
            c = int(resource_class[op])
            push(heap, class_base[c], size, top, c, rank[op])
        for i in range(n_done):
            op = int(done[i])
            remaining -= 1
            left[group[op]] -= 1
            if group[op] >= 0 and left[group[op]] == 0:
                under_way -= 1 if started[group[op]] == 2 else 0
                opened -= 1 if started[group[op]] > 0 else 0
            if p.n_uses[op] == 0:
                give_back(address[op], width[op], vlen, used, scalars, pool)
            for s in range(succ_ptr[op], succ_ptr[op + 1]):
                if succ_latency[s] > 0:
                    t = int(succ[s])
                    waiting[t] -= 1
                    if waiting[t] == 0:
                        next_ready[n_next] = t
                        n_next += 1
        while oldest < p.n_groups - 1 and left[group_order[oldest]] == 0:
            oldest += 1
        if not progress and n_next == 0 and n_future == 0:
            break
        cycle += 1
        if work_left > SLACK and cycle + work_left + known.drain > limit + SLACK:
            return STUCK
    stats[0] = peak
    stats[1] = remaining
    for e in range(N_ENGINES):
        stats[2 + e] = work[e]
    return cycle if remaining == 0 else STUCK


@jit
def list_schedule(
    p: Dense,
    rank: Ints,
    urgent: Ints,
    release: Ints,
    first: Ints,
    group_order: Ints,
    in_flight: int,
    reserve: int,
    flow_queue: int,
    horizon: int,
    known: Cutoff,
    limit: int,
    engine: Ints,
    lane_cycle: Ints,
    address: Ints,
    stats: Ints,
) -> int:
    """Schedule all operations of ``p``; the number of cycles, or ``STUCK``.

    ``rank`` (n,) is a permutation: 0 is the most urgent operation.  Before cycle ``urgent`` (n,)
    a vector operation that flow can execute waits for it rather than take a compute slot that
    another operation could use.  Shared operations issue from cycle ``release`` (n,) on.  At most
    ``in_flight`` groups are under way at a time, and ``CoreTuning.ahead`` more may have issued
    operations marked 1 in ``first`` (n,); those marked 2 are free to issue.
    ``group_order`` lists groups in the order in which they are to finish: results of a group other
    than the oldest unfinished one must leave ``reserve`` vector slots free, which keeps scratch
    from filling up with groups none of which can go on.  An operation that can run elsewhere takes
    the flow engine only if at most ``flow_queue`` flow-only operations wait.  Gives up with
    ``STUCK`` after ``horizon`` cycles, or as soon as ``known`` says that it would take more than
    ``limit``.  Outputs: ``engine`` (n,) engine numbers, ``lane_cycle``
    the cycle of each lane, ``address`` (n,) scratch addresses (-1 without a result), ``stats``
    (``N_STATS``,) = peak scratch words, operations left unscheduled, slots used on each engine.
    """
    return _run(
        p,
        workspace(p),
        rank,
        urgent,
        release,
        first,
        group_order,
        in_flight,
        reserve,
        flow_queue,
        horizon,
        known,
        limit,
        engine,
        lane_cycle,
        address,
        stats,
    )

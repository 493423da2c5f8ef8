"""Plain list scheduling by a fixed order of urgency, with simultaneous scratch allocation.

Graham's list scheduling (1969): cycle by cycle, the most urgent ready operation that finds a slot
and a place in scratch is issued.  Scratch may fill up with results none of whose readers can go
on.  Operations can therefore be held back to a *look-ahead*: only the first so many unissued
operations of a given sequence may issue.  With a look-ahead of one the sequence itself is executed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vliwc.jit import jit
from vliwc.sched.greedy.tuning import TUNING
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.dense import FLOW, N_ENGINES, NO_ENGINE, VALU, Dense, Ints
from vliwc.sched.problem.paths import depth_first
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.problem.scratch import find_place

STUCK = -1
"""Result of :func:`run_greedy` when nothing can ever issue for want of scratch."""


@jit
def _pick_engine(vector: int, scalarised: int, slots: Ints) -> int:
    """An engine with a slot left: arithmetic before memory before flow, lane by lane last."""
    if vector == 0 and scalarised < 0:
        return NO_ENGINE
    if (vector >> VALU) & 1 and slots[VALU] > 0:
        return VALU
    for e in range(N_ENGINES):
        if e != VALU and e != FLOW and (vector >> e) & 1 and slots[e] > 0:
            return e
    if (vector >> FLOW) & 1 and slots[FLOW] > 0:
        return FLOW
    if scalarised >= 0 and slots[scalarised] > 0:
        return scalarised
    return -1


@jit
def run_greedy(
    p: Dense,
    rank: Ints,
    sequence: Ints,
    lookahead: int,
    engine: Ints,
    lane_cycle: Ints,
    address: Ints,
    stats: Ints,
) -> int:
    """Schedule all operations of ``p``; the number of cycles, or :data:`STUCK`.

    ``rank`` (n,) is a permutation: 0 is the most urgent operation.  ``sequence`` (n,) lists the
    operations in a topological order; only operations among its first ``lookahead`` unissued ones
    may issue.  Outputs as in :class:`vliwc.sched.problem.schedule.Schedule`; ``stats`` (1,) = peak
    words.
    """
    n = len(p.lanes)
    waiting = p.n_preds.copy()
    readers = p.n_uses.copy()
    issued = np.zeros(n, dtype=np.int32)
    begun = np.zeros(n, dtype=np.uint8)
    used = np.zeros(p.words, dtype=np.uint8)
    in_use = 0
    peak = 0
    place = np.empty(n, dtype=np.int32)
    for at in range(n):
        place[sequence[at]] = at
    front = 0
    ready = np.empty(n, dtype=np.int32)
    n_ready = 0
    fresh = np.empty(n, dtype=np.int32)
    n_fresh = 0
    running = np.empty(n, dtype=np.int32)
    n_running = 0
    ended = np.empty(n, dtype=np.int32)
    slots = np.empty(N_ENGINES, dtype=np.int32)
    for op in range(n):
        address[op] = -1
        engine[op] = -1
        if waiting[op] == 0:
            fresh[n_fresh] = op
            n_fresh += 1
        c = int(p.resource_class[op])
        if p.width[op] > 0 and p.class_vector[c] == 0 and p.class_scalarised[c] < 0:
            # Nothing writes it: its words must be zero, so nothing else may have been there.
            at = find_place(used, int(p.width[op]), p.vlen)
            if at < 0:
                return STUCK
            address[op] = at
            used[at : at + p.width[op]] = 1
            in_use += p.width[op]
    remaining = n
    cycle = 0
    while remaining > 0:
        for e in range(N_ENGINES):
            slots[e] = p.capacity[e]
        n_ended = 0
        progress = n_fresh > 0
        kept = 0
        for i in range(n_running):
            op = int(running[i])
            e = engine[op]
            now = min(p.lanes[op] - issued[op], slots[e])
            if p.serial[op] == 1:
                now = min(now, 1)
            for k in range(now):
                lane_cycle[p.lane_ptr[op] + issued[op] + k] = cycle
            issued[op] += now
            slots[e] -= now
            progress = progress or now > 0
            if issued[op] == p.lanes[op]:
                ended[n_ended] = op
                n_ended += 1
                for u in range(p.use_ptr[op], p.use_ptr[op + 1]):
                    v = p.use[u]
                    readers[v] -= 1
                    if readers[v] == 0:
                        used[address[v] : address[v] + p.width[v]] = 0
                        in_use -= p.width[v]
            else:
                running[kept] = op
                kept += 1
        n_running = kept
        handled = 0
        again = True
        while again:
            again = False
            # Same-cycle successors of what has ended become ready at once.
            while handled < n_ended:
                op = ended[handled]
                handled += 1
                for s in range(p.succ_ptr[op], p.succ_ptr[op + 1]):
                    if p.succ_latency[s] == 0:
                        t = p.succ[s]
                        waiting[t] -= 1
                        if waiting[t] == 0:
                            fresh[n_fresh] = t
                            n_fresh += 1
            # `ready` is sorted by rank: insert what is new.
            for i in range(n_fresh):
                op = fresh[i]
                at = n_ready
                while at > 0 and rank[ready[at - 1]] > rank[op]:
                    ready[at] = ready[at - 1]
                    at -= 1
                ready[at] = op
                n_ready += 1
            n_fresh = 0
            kept = 0
            before = n_ended
            for i in range(n_ready):
                op = int(ready[i])
                c = int(p.resource_class[op])
                scalarised = int(p.class_scalarised[c])
                e = -1
                if place[op] < front + lookahead:
                    e = _pick_engine(int(p.class_vector[c]), scalarised, slots)
                if e < 0:
                    ready[kept] = op
                    kept += 1
                    continue
                by_lane = e == scalarised and ((p.class_vector[c] >> e) & 1) == 0
                now = p.lanes[op]
                if by_lane:
                    now = min(now, slots[e])
                    if p.serial[op] == 1:
                        now = min(now, 1)
                finishing = now == p.lanes[op]
                if finishing:
                    # All reads of a bundle come before its writes: dying operands give way.
                    for u in range(p.use_ptr[op], p.use_ptr[op + 1]):
                        v = p.use[u]
                        readers[v] -= 1
                        if readers[v] == 0:
                            used[address[v] : address[v] + p.width[v]] = 0
                at = 0
                writes = p.width[op] > 0 and address[op] < 0
                if writes:
                    at = find_place(used, int(p.width[op]), p.vlen)
                if at < 0:
                    if finishing:
                        for u in range(p.use_ptr[op], p.use_ptr[op + 1]):
                            v = p.use[u]
                            if readers[v] == 0:
                                used[address[v] : address[v] + p.width[v]] = 1
                            readers[v] += 1
                    ready[kept] = op
                    kept += 1
                    continue
                if finishing:
                    for u in range(p.use_ptr[op], p.use_ptr[op + 1]):
                        if readers[p.use[u]] == 0:
                            in_use -= p.width[p.use[u]]
                if writes:
                    address[op] = at
                    used[at : at + p.width[op]] = 1
                    in_use += p.width[op]
                progress = True
                again = True
                engine[op] = e
                begun[op] = 1
                if e < N_ENGINES:
                    slots[e] -= now if by_lane else 1
                for k in range(max(now, 1)):
                    lane_cycle[p.lane_ptr[op] + k] = cycle
                issued[op] = now
                if finishing:
                    ended[n_ended] = op
                    n_ended += 1
                else:
                    running[n_running] = op
                    n_running += 1
            n_ready = kept
            while front < n and begun[sequence[front]]:
                front += 1
            again = again and (n_ended > before or lookahead < n)
        peak = max(peak, in_use)
        for i in range(n_ended):
            op = ended[i]
            remaining -= 1
            if p.n_uses[op] == 0 and p.width[op] > 0:
                used[address[op] : address[op] + p.width[op]] = 0
                in_use -= p.width[op]
            for s in range(p.succ_ptr[op], p.succ_ptr[op + 1]):
                if p.succ_latency[s] > 0:
                    t = p.succ[s]
                    waiting[t] -= 1
                    if waiting[t] == 0:
                        fresh[n_fresh] = t
                        n_fresh += 1
        if not progress and n_fresh == 0:
            return STUCK
        cycle += 1
    stats[0] = peak
    return cycle


@dataclass
class GreedyRunner:
    """Runs :func:`run_greedy` on one problem under different orders of urgency; ``given``: the
    sequence to keep to, instead of a depth-first one."""

    problem: ScheduleProblem
    given: Ints | None = None

    def __post_init__(self) -> None:
        given = self.given
        dense = self.problem.dense
        self.sequence = depth_first(dense, longest_first=True) if given is None else given
        self.bound = lower_bound(self.problem)

    def run(self, rank: Ints, name: str, part: float = 1.0) -> Schedule:
        """The schedule under ``rank``; the look-ahead, at first that part of the operations,
        shrinks until scratch suffices.

        Raises :class:`OutOfScratch` if even the bare sequence does not fit.
        """
        dense = self.problem.dense
        n = len(self.problem)
        engine = np.empty(n, dtype=np.int32)
        lane_cycle = np.zeros(int(dense.lane_ptr[-1]), dtype=np.int32)
        address = np.empty(n, dtype=np.int32)
        stats = np.zeros(1, dtype=np.int32)
        lookahead = max(int(part * n), 1)
        while True:
            cycles = run_greedy(
                dense, rank, self.sequence, lookahead, engine, lane_cycle, address, stats
            )
            if cycles != STUCK:
                break
            if lookahead <= 1:
                raise OutOfScratch(
                    f"operations executed in sequence need more than the {dense.words} words of "
                    "scratch"
                )
            lookahead //= TUNING.lookahead_divisor
        return Schedule(
            cycles,
            engine,
            lane_cycle,
            address,
            int(stats[0]),
            name,
            status="optimal" if cycles == self.bound.cycles else "feasible",
            lower_bound=self.bound.cycles,
            bound_reason=self.bound.reason,
            statistics={"lookahead": lookahead},
        )

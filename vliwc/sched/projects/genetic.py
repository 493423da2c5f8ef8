"""A genetic algorithm over orders of a project's tasks, each child justified.

Hartmann, *A competitive genetic algorithm for resource-constrained project scheduling* (1998), for
the orders, their crossing and mutation; Valls, Ballestín and Quintanilla, *A hybrid genetic
algorithm* (2008), for justifying every child.  Kolisch and Hartmann (2006) found hybrids of this
kind best.  Where a population has nothing more to give, a new one is made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vliwc.jit import jit
from vliwc.sched.anytime import expired
from vliwc.sched.problem.dense import Bytes, Ints
from vliwc.sched.problem.paths import Floats
from vliwc.sched.problem.view import View
from vliwc.sched.projects.network import (
    Longs,
    Network,
    justify,
    last_end,
    network_of,
    order_by,
    place_serially,
)


@dataclass(frozen=True)
class GeneticTuning:
    """Numbers of the genetic algorithm, by hand on PSPLIB's j60 and j120
    (``python -m benchmarks.projects --files FOLDER``)."""

    members: int = 500
    """Schedules of a population: with 60 it stops improving ten times earlier, at worse ones."""
    rate: float = 0.2
    """Probability that a task of a child's order changes places with the next one."""
    children: int = 100
    """Children that are bred between two looks at the effort."""
    patience: int = 40
    """Such batches without a shorter member until a new population is made."""
    cell_effort: float = 8e-9
    """Effort of looking at the resources of one cycle, in units of about a second."""


class GeneticSearch:
    """A population of schedules of a project, bred as long as is asked for.

    ``start`` (n,): starts of the best schedule; ``length``: its cycles; ``effort`` spent so far, in
    units of about a second, counted in cycles that were looked at.
    """

    def __init__(self, view: View, seed: int, tuning: GeneticTuning = GeneticTuning()) -> None:
        self.start = np.zeros(len(view), dtype=np.int32)
        self.length = view.serial_length + 1
        self.effort = 0.0
        self._network, self._back = network_of(view)
        self._tuning = tuning
        self._rng = np.random.default_rng(seed)
        longest = [tail + span for tail, span in zip(view.tails, view.span, strict=True)]
        self._latest = -np.array(longest, dtype=np.float64)
        self._orders = np.empty((0, len(view)), dtype=np.int32)
        self._starts = np.empty((0, len(view)), dtype=np.int32)
        self._lengths = np.empty(0, dtype=np.int32)
        self._idle = tuning.patience

    def take(self, start: Ints) -> None:
        """Go on with a schedule that is known, in place of the worst member."""
        self.start = start.astype(np.int32)
        self.length = last_end(self._network, self.start)
        if len(self._orders):
            worst = int(np.argmax(self._lengths))
            order_by(self._network, self.start, self._orders[worst])
            self._starts[worst], self._lengths[worst] = self.start, self.length

    def run(self, effort: float, target: int) -> None:
        """Breed until ``effort`` more is spent, or a schedule of ``target`` cycles is found."""
        stop = self.effort + effort
        tuning = self._tuning
        n, counts = len(self.start), np.zeros(1, dtype=np.int64)
        while self.effort < stop and self.length > target and not expired():
            if self._idle >= tuning.patience:
                counts[0] = self._new_population()
            else:
                draws = self._rng.random((tuning.children, 6 + n))
                before = int(self._lengths.sum())
                counts[0] = 0
                members = self._orders, self._starts, self._lengths
                breed(self._network, self._back, *members, draws, tuning.rate, counts)
                shorter = int(self._lengths.sum()) < before
                self._idle = 0 if shorter else self._idle + 1
            self.effort += int(counts[0]) * tuning.cell_effort
            best = int(np.argmin(self._lengths))
            if self._lengths[best] < self.length:
                self.start = self._starts[best].copy()
                self.length = int(self._lengths[best])

    def _new_population(self) -> int:
        """Sampled schedules, and of the first population the one that is known; the cells."""
        members, n = self._tuning.members, len(self.start)
        first = not len(self._orders)
        self._orders = np.empty((members, n), dtype=np.int32)
        self._starts = np.empty((members, n), dtype=np.int32)
        self._lengths = np.empty(members, dtype=np.int32)
        self._idle = 0
        draws = self._rng.random((members, n))
        if first:
            self._starts[0] = self.start
        population = self._orders, self._starts, self._lengths
        return sample_members(
            self._network, self._back, self._latest, draws, int(first), *population
        )


@jit
def breed(
    p: Network,
    back: Network,
    orders: Ints,
    starts: Ints,
    lengths: Ints,
    draws: Floats,
    rate: float,
    counts: Longs,
) -> None:
    """Make ``len(draws)`` children one after the other; each takes the place of the worst member
    if it is not longer than that one, and new.

    Members: ``orders`` (m, n), ``starts`` (m, n), ``lengths`` (m,), changed in place.  ``draws``
    (children, 6 + n): uniform numbers.  ``rate``: of swaps.  The cells looked at are added to
    ``counts`` (1,).
    """
    members, n = orders.shape
    child = np.empty(n, dtype=np.int32)
    start = np.empty(n, dtype=np.int32)
    taken = np.empty(n, dtype=np.uint8)
    free = np.empty((p.horizon, len(p.capacity)), dtype=np.int32)
    for c in range(len(draws)):
        # Of two members each the shorter one.
        a, b = int(draws[c, 0] * members), int(draws[c, 1] * members)
        mother = a if lengths[a] <= lengths[b] else b
        a, b = int(draws[c, 2] * members), int(draws[c, 3] * members)
        father = a if lengths[a] <= lengths[b] else b
        a, b = int(draws[c, 4] * (n + 1)), int(draws[c, 5] * (n + 1))
        cross(orders[mother], orders[father], min(a, b), max(a, b), child, taken)
        for k in range(n - 1):
            if draws[c, 6 + k] < rate:
                one, other = child[k], child[k + 1]
                bound = False
                for e in range(p.ptr[other], p.ptr[other + 1]):
                    if p.before[e] == one:
                        bound = True
                if not bound:
                    child[k], child[k + 1] = other, one
        counts[0] += place_serially(p, child, free, start)
        counts[0] += justify(p, back, start, free)
        length = last_end(p, start)
        worst = 0
        known = False
        for m in range(members):
            if lengths[m] >= lengths[worst]:
                worst = m
            if lengths[m] == length and (starts[m] == start).all():
                known = True
        if not known and length <= lengths[worst]:
            order_by(p, start, child)
            orders[worst] = child
            starts[worst] = start
            lengths[worst] = length


@jit
def cross(mother: Ints, father: Ints, first: int, last: int, child: Ints, taken: Bytes) -> None:
    """Fill ``child``: the mother's first tasks up to ``first``, then those that come first in the
    father's order up to ``last``, then the rest in the mother's: topological as both of them."""
    taken[:] = 0
    for k in range(first):
        child[k] = mother[k]
        taken[mother[k]] = 1
    at, k = first, 0
    while at < last:
        if not taken[father[k]]:
            child[at] = father[k]
            taken[father[k]] = 1
            at += 1
        k += 1
    for op in mother:
        if not taken[op]:
            child[at] = op
            at += 1


@jit
def sample_members(
    p: Network,
    back: Network,
    latest: Floats,
    draws: Floats,
    given: int,
    orders: Ints,
    starts: Ints,
    lengths: Ints,
) -> int:
    """Fill a population (as of :func:`breed`) by :func:`sample`, but for the starts of the first
    ``given`` members, which are there; the cells looked at.  ``draws`` (m, n): uniform numbers."""
    members, n = orders.shape
    state = np.empty(n, dtype=np.uint8)
    start = np.empty(n, dtype=np.int32)
    order = np.empty(n, dtype=np.int32)
    free = np.empty((p.horizon, len(p.capacity)), dtype=np.int32)
    looked = 0
    for k in range(members):
        if k < given:
            start[:] = starts[k]
        else:
            sample(p, latest, draws[k], order, state)
            looked += place_serially(p, order, free, start)
        looked += justify(p, back, start, free)
        lengths[k] = last_end(p, start)
        order_by(p, start, order)
        orders[k] = order
        starts[k] = start
    return looked


@jit
def sample(p: Network, latest: Floats, draws: Floats, order: Ints, state: Bytes) -> None:
    """Fill ``order``: again and again one of the eligible tasks, likely one that has to start
    early by ``latest`` (n,) (regret-based biased random sampling, Drexl 1991).

    ``draws`` (n,): uniform numbers; ``state`` (n,) is overwritten: 1 eligible, 2 taken.
    """
    n = len(latest)
    state[:] = 0
    for at in range(n):
        worst = -np.inf
        for op in range(n):
            if state[op] != 2:
                state[op] = 1
                for e in range(p.ptr[op], p.ptr[op + 1]):
                    if state[p.before[e]] != 2:
                        state[op] = 0
                        break
                if state[op] == 1:
                    worst = max(worst, latest[op])
        total = 0.0
        for op in range(n):
            if state[op] == 1:
                total += worst - latest[op] + 1.0
        left = draws[at] * total
        chosen = 0
        for op in range(n):
            if state[op] == 1:
                chosen = op
                left -= worst - latest[op] + 1.0
                if left < 0.0:
                    break
        order[at] = chosen
        state[chosen] = 2

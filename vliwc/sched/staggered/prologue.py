"""The first cycles of a schedule, improved by local search.

While constants and inputs are loaded, arithmetic waits.  The order of those loads is worth several
cycles, and it can be searched quickly: a list schedule goes forward, so that its first cycles can
be judged without the rest.  The search changes deadlines of single operations and keeps what gets
more work done in the first cycles, all engines weighed by what their slots are worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vliwc.jit import jit
from vliwc.sched.problem.dense import Dense
from vliwc.sched.problem.paths import Floats
from vliwc.sched.staggered.anneal import Words, random_bell, random_unit
from vliwc.sched.staggered.core import N_STATS, NO_LIMIT, Cutoff, no_cutoff
from vliwc.sched.staggered.deadlines import Tails
from vliwc.sched.staggered.windows import GroupWindows, schedule_windows


@dataclass(frozen=True)
class PrologueTuning:
    """The tuned numbers of this module; by hand on ``python -m benchmarks.suite``."""

    cycles: int = 40
    """Length of the part that is judged: where engines idle for want of inputs."""
    step: float = 8.0
    """Standard deviation of a change of a deadline, in cycles: several places in the order of the
    loads of these cycles."""
    pairs: float = 0.5
    """Probability that a second deadline changes in the same step."""


TUNING = PrologueTuning()
_PAIRS = TUNING.pairs


@jit
def _search(
    p: Dense,
    tails: Tails,
    windows: GroupWindows,
    known: Cutoff,
    prices: Floats,
    steps: int,
    scale: float,
    cycles: int,
    seed: int,
) -> float:
    """Improve the bias of ``windows`` in place; the gain in the price of the work done."""
    n = len(p.lanes)
    bias, last = windows.bias, windows.end.max()
    state: Words = np.empty(1, dtype=np.uint64)
    state[0] = np.uint64(seed) * np.uint64(11400714819323198485) + np.uint64(88172645463325252)
    engine = np.empty(n, dtype=np.int32)
    lane_cycle = np.zeros(p.lane_ptr[-1], dtype=np.int32)
    address = np.empty(n, dtype=np.int32)
    stats = np.zeros(N_STATS, dtype=np.int32)
    early = np.empty(n, dtype=np.int32)
    best = -1.0
    first = -1.0
    n_early = 0
    for step in range(steps + 1):
        one, two = 0, 0
        one_before, two_before = 0.0, 0.0
        if step > 0:
            one = int(early[int(random_unit(state) * n_early)])
            two = int(early[int(random_unit(state) * n_early)])
            one_before, two_before = bias[one], bias[two]
            bias[one] += scale * random_bell(state)
            if random_unit(state) < _PAIRS:
                bias[two] += scale * random_bell(state)
        schedule_windows(
            p,
            tails,
            windows,
            last,
            cycles,
            known,
            NO_LIMIT,
            engine,
            lane_cycle,
            address,
            stats,
        )
        value = 0.0
        for e in range(len(prices)):
            value += prices[e] * stats[2 + e]
        if value >= best:
            if value > best:
                # What runs early, or could.
                n_early = 0
                for op in range(n):
                    if engine[op] >= 0 or (p.group[op] < 0 and step == 0):
                        early[n_early] = op
                        n_early += 1
            best = value
            if step == 0:
                first = value
        else:
            bias[two] = two_before
            bias[one] = one_before
    return best - first


def search_prologue(
    p: Dense, tails: Tails, windows: GroupWindows, prices: Floats, steps: int, seed: int
) -> GroupWindows:
    """Group windows with deadlines changed so that more work is done in the first cycles.

    ``prices`` (engines,) say what a slot of each engine is worth.
    """
    improved = windows._replace(bias=windows.bias.copy())
    _search(p, tails, improved, no_cutoff(p), prices, steps, TUNING.step, TUNING.cycles, seed)
    return improved

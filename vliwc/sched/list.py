"""List scheduling with staggered groups: several settings, the best schedule wins.

Groups of lanes run the same code; started all at once they would all want the same engine at the
same time.  Each group therefore gets a span of cycles, spans are staggered, and operations are
taken by the virtual deadlines that spans imply.  How far to stagger is found by trying: a fixed
set of settings first, then small random changes of the best one (a (1+1) evolution strategy,
Rechenberg 1973).
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import numpy as np

from vliwc.sched.bounds import Bound, lower_bound
from vliwc.sched.core import STUCK, list_schedule
from vliwc.sched.dense import Ints
from vliwc.sched.priority import Floats, deadlines, ranks, tails
from vliwc.sched.problem import Schedule, ScheduleProblem


class OutOfScratch(Exception):
    """No schedule was found whose results fit into scratch."""


class Stagger(NamedTuple):
    """The spans of groups: group ``u`` of 0..1 lasts from ``length * start * v**bend`` to
    ``length * (first_end + (1 - first_end) * (1 - (1 - u)**curve))``, as fractions of a planned
    number of cycles; at least ``MIN_SPAN`` of it.  ``v`` is 0 for the first part ``together`` of
    the groups and rises to 1 from there.  ``reserve``: part of scratch for the oldest group."""

    length: float = 0.9
    start: float = 0.8
    bend: float = 0.9
    first_end: float = 0.65
    curve: float = 3.4
    reserve: float = 0.04
    flow_queue: float = 1.5
    together: float = 0.2
    prefetch: float = 0.3
    patience: float = 0.0


MIN_SPAN = 0.1

FIRST = (
    Stagger(),
    Stagger(0.92, 0.66, 1.1, 0.73, 3.4, 0.04, 1.0),
    Stagger(0.96, 0.7, 1.0, 0.6, 3.8, 0.1, 1.0),
    Stagger(1.0, 0.9, 1.0, 0.3, 1.5, 0.1, 2.0),
    Stagger(1.0, 0.6, 0.8, 0.7, 2.0, 0.0, 3.0),
    Stagger(0.9, 0.85, 0.8, 0.8, 3.9, 0.12, 3.0),
    Stagger(1.0, 0.95, 1.0, 0.1, 1.0, 0.3, 1.0),
    Stagger(1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0),
)
LIMITS = Stagger(0.5, 0.5, 0.6, 0.9, 4.0, 0.3, 6.0, 0.5, 0.6, 40.0)
"""How far each field may move in one step at first; also the scale of its range."""

NARROW = (0.25, 0.5, 0.75, 0.9, 1.0)
"""Parts of scratch that only the oldest group may use, tried when scratch runs short."""


@dataclass
class Trial:
    """A run of the list scheduler and the arrays it filled."""

    cycles: int
    engine: Ints
    lane_cycle: Ints
    address: Ints
    peak: int


class Runner:
    """Runs the list scheduling core on one problem under different spans of groups."""

    def __init__(self, problem: ScheduleProblem) -> None:
        self.dense = problem.dense
        self.tails = tails(problem.dense)
        self.bound: Bound = lower_bound(problem)
        self.horizon = 4 * int(self.dense.lanes.sum()) + 64
        self.runs = 0

    def run(
        self,
        start: Floats,
        end: Floats,
        *,
        prefetch: float = 1.0,
        reserve: int = 0,
        flow_queue: int = 1,
        stretch: float = 1.0,
        patience: float = 0.0,
    ) -> Trial:
        """One schedule; ``cycles`` is :data:`vliwc.sched.core.STUCK` if scratch ran out."""
        dense = self.dense
        last = float(end.max()) if len(end) else float(self.bound.cycles)
        due = deadlines(dense, *self.tails, start, end, prefetch, last)
        order = np.argsort(end, kind="stable").astype(np.int32)
        trial = Trial(
            STUCK,
            np.empty(len(dense.lanes), dtype=np.int32),
            np.zeros(int(dense.lane_ptr[-1]), dtype=np.int32),
            np.empty(len(dense.lanes), dtype=np.int32),
            0,
        )
        stats = np.zeros(2, dtype=np.int32)
        trial.cycles = list_schedule(
            dense,
            ranks(due),
            np.clip(due * stretch + patience, 0, self.horizon).astype(np.int32),
            order,
            reserve,
            flow_queue,
            self.horizon,
            trial.engine,
            trial.lane_cycle,
            trial.address,
            stats,
        )
        trial.peak = int(stats[0])
        self.runs += 1
        return trial

    def spans(self, stagger: Stagger) -> tuple[Floats, Floats]:
        """Start and end of every group's span, in cycles."""
        groups = self.dense.n_groups
        length = stagger.length * self.bound.cycles
        u = np.arange(groups) / max(groups - 1, 1)
        late = np.maximum(u - stagger.together, 0.0) / max(1.0 - stagger.together, 1e-9)
        start = length * stagger.start * late**stagger.bend
        end = length * (
            stagger.first_end + (1 - stagger.first_end) * (1 - (1 - u) ** stagger.curve)
        )
        return start, np.maximum(end, start + MIN_SPAN * length)

    def try_stagger(self, stagger: Stagger) -> Trial:
        """One schedule under ``stagger``."""
        start, end = self.spans(stagger)
        slots = self.dense.words // self.dense.vlen
        reserve = round(stagger.reserve * slots)
        return self.run(
            start,
            end,
            prefetch=stagger.prefetch,
            reserve=reserve,
            flow_queue=round(stagger.flow_queue),
            stretch=1.0 / stagger.length,
            patience=stagger.patience,
        )


def planned_deadlines(problem: ScheduleProblem) -> Floats:
    """When operations are about due in the schedules that are tried first."""
    runner = Runner(problem)
    start, end = runner.spans(FIRST[0])
    last = float(end.max(initial=0.0))
    return deadlines(problem.dense, *runner.tails, start, end, FIRST[0].prefetch, last)


def mutate(stagger: Stagger, scale: float, rng: Random) -> Stagger:
    """Change some fields of ``stagger`` by up to ``scale`` times their limits."""
    low = Stagger(0.6, 0.0, 0.4, 0.0, 0.8, 0.0, 0.0, 0.0, 0.0, -200.0)
    high = Stagger(1.15, 1.0, 1.6, 1.0, 5.0, 0.5, 12.0, 0.9, 1.0, 200.0)
    changed = [
        min(max(old + rng.gauss(0.0, 0.4) * scale * limit, floor), ceiling)
        if rng.random() < 0.5
        else old
        for old, limit, floor, ceiling in zip(stagger, LIMITS, low, high, strict=True)
    ]
    return Stagger(*changed)


@dataclass(frozen=True)
class ListScheduler:
    """Staggered list scheduling; ``trials`` settings are tried unless the bound is met first."""

    trials: int = 64
    seed: int = 0
    name: str = "list"

    def schedule(
        self, problem: ScheduleProblem, budget: int | None = None, hint: Schedule | None = None
    ) -> Schedule:
        """The best schedule found.

        ``budget`` overrides the number of trials; ``hint`` is returned if nothing better is
        found.  Raises :class:`OutOfScratch` if even one group at a time does not fit.
        """
        runner = Runner(problem)
        trials = budget or self.trials
        best: Trial | None = None
        setting = FIRST[0]
        rng = Random(self.seed)
        for number in range(trials):
            if best is not None and best.cycles <= runner.bound.cycles:
                break
            if number < len(FIRST):
                candidate = FIRST[number]
            else:
                scale = 1.0 - 0.9 * number / trials
                candidate = mutate(setting, scale, rng)
            trial = runner.try_stagger(candidate)
            if trial.cycles != STUCK and (best is None or trial.cycles <= best.cycles):
                best, setting = trial, candidate
        narrowed = 0.0
        if best is None:
            best, narrowed = narrow(runner)
        if hint is not None and hint.cycles <= best.cycles:
            return hint
        return Schedule(
            best.cycles,
            best.engine,
            best.lane_cycle,
            best.address,
            best.peak,
            self.name,
            status="optimal" if best.cycles == runner.bound.cycles else "feasible",
            lower_bound=runner.bound.cycles,
            bound_reason=runner.bound.reason,
            statistics={"trials": runner.runs, "narrowed": narrowed},
        )


def narrow(runner: Runner) -> tuple[Trial, float]:
    """Fewer groups in flight: keep ever more scratch for the oldest unfinished group."""
    for part in NARROW:
        for base in (FIRST[0], FIRST[6]):
            trial = runner.try_stagger(base._replace(reserve=part))
            if trial.cycles != STUCK:
                return trial, part
    raise OutOfScratch(
        f"the results of one group at a time do not fit into {runner.dense.words} words of scratch"
    )

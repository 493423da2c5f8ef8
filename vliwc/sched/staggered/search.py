"""Staggered groups: windows, what they make of the list scheduler, and a search over them.

Groups of lanes run the same code; started all at once they would all want the same engine at the
same time.  Each group therefore gets a window of cycles, windows are staggered, and operations are
taken by the virtual deadlines that windows imply.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import numpy as np

from vliwc.sched.problem.bounds import Bound, lower_bound
from vliwc.sched.problem.dense import N_ENGINES, VALU, Ints
from vliwc.sched.problem.paths import Floats
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.staggered.anneal import (
    FLOW_QUEUE,
    IN_FLIGHT,
    N_SETTINGS,
    PATIENCE,
    PREFETCH,
    RESERVE,
    STRETCH,
    WORST,
    Chain,
    GroupWindows,
)
from vliwc.sched.staggered.core import N_STATS, STUCK, list_schedule
from vliwc.sched.staggered.deadlines import LEAD, deadlines, planned_cycles, ranks, tails
from vliwc.sched.staggered.depth_first import in_chunks
from vliwc.sched.staggered.prologue import search_prologue
from vliwc.sched.staggered.shared_ops import with_shared_in_groups


class Stagger(NamedTuple):
    """The windows of groups: group ``u`` of 0..1 lasts from ``length * start * v**bend`` to
    ``length * (first_end + (1 - first_end) * (1 - (1 - u)**curve))``, as fractions of a planned
    number of cycles; at least ``MIN_WINDOW`` of it.  ``v`` is 0 for the first part ``together`` of
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
    in_flight: float = 64.0


MIN_WINDOW = 0.1
PROLOGUE_TRIALS = 20
"""Settings near the best one that are tried after the first cycles were improved."""
FLIGHTS = (28, 22, 16, 10, 5, 2, 1)
"""Numbers of groups in flight that are tried where there are more groups."""
MANY_GROUPS = 48
"""From here on groups are never all in flight, and settings made for that are not tried."""
NARROW = (0.25, 0.5, 0.75, 0.9, 1.0)
"""Parts of scratch that only the oldest group may use, tried when scratch runs short."""

CHUNKS = (64, 16, 4, 1)
"""Operations taken at a time in depth-first order when nothing else fits into scratch."""
POOR = 1.25
"""Cycles, as a multiple of the lower bound, beyond which a schedule is a poor one."""

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
LIMITS = Stagger(0.5, 0.5, 0.6, 0.9, 4.0, 0.3, 6.0, 0.5, 0.6, 40.0, 4.0)
"""How far each field may move in one step at first; also the scale of its range."""


@dataclass
class Trial:
    """A run of the list scheduler and the arrays it filled."""

    cycles: int
    engine: Ints
    lane_cycle: Ints
    address: Ints
    peak: int


class Runner:
    """Runs the list scheduling core on one problem under different windows of groups."""

    def __init__(self, problem: ScheduleProblem, bound: Bound | None = None) -> None:
        self.dense = problem.dense
        self.tails = tails(problem.dense)
        self.bound = bound or lower_bound(problem)
        self.horizon = 4 * int(self.dense.lanes.sum()) + 64
        self.runs = 0
        self.bias = np.zeros(len(self.dense.lanes))

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
        in_flight: int = 1 << 30,
    ) -> Trial:
        """One schedule; ``cycles`` is :data:`vliwc.sched.staggered.core.STUCK` if scratch ran
        out."""
        dense = self.dense
        last = float(end.max()) if len(end) else float(self.bound.cycles)
        due = self.bias + deadlines(dense, *self.tails, start, end, prefetch, last)
        order = np.argsort(end, kind="stable").astype(np.int32)
        trial = Trial(
            STUCK,
            np.empty(len(dense.lanes), dtype=np.int32),
            np.zeros(int(dense.lane_ptr[-1]), dtype=np.int32),
            np.empty(len(dense.lanes), dtype=np.int32),
            0,
        )
        stats = np.zeros(N_STATS, dtype=np.int32)
        trial.cycles = list_schedule(
            dense,
            ranks(due),
            planned_cycles(due, stretch, patience, self.horizon),
            planned_cycles(due, stretch, -LEAD, self.horizon),
            self.tails.first,
            order,
            in_flight,
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

    def windows(self, stagger: Stagger) -> tuple[Floats, Floats]:
        """Start and end of every group's window, in cycles."""
        groups = self.dense.n_groups
        length = stagger.length * self.bound.cycles
        u = np.arange(groups) / max(groups - 1, 1)
        late = np.maximum(u - stagger.together, 0.0) / max(1.0 - stagger.together, 1e-9)
        start = length * stagger.start * late**stagger.bend
        end = length * (
            stagger.first_end + (1 - stagger.first_end) * (1 - (1 - u) ** stagger.curve)
        )
        shortest = min(MIN_WINDOW, 6 / max(groups, 1)) * length
        return start, np.maximum(end, start + shortest)

    def group_windows(self, setting: Stagger) -> GroupWindows:
        """Group windows and settings as annealing takes them."""
        start, end = self.windows(setting)
        settings = np.zeros(N_SETTINGS)
        settings[PREFETCH] = setting.prefetch
        settings[RESERVE] = round(setting.reserve * (self.dense.words // self.dense.vlen))
        settings[FLOW_QUEUE] = round(setting.flow_queue)
        settings[PATIENCE] = setting.patience
        settings[STRETCH] = 1.0 / setting.length
        settings[IN_FLIGHT] = round(setting.in_flight)
        return GroupWindows(start, end, settings, self.bias)

    def try_stagger(self, stagger: Stagger) -> Trial:
        """One schedule under ``stagger``."""
        start, end = self.windows(stagger)
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
            in_flight=round(stagger.in_flight),
        )


def planned_deadlines(problem: ScheduleProblem) -> Floats:
    """When operations are about due in the schedules that are tried first."""
    runner = Runner(problem)
    start, end = runner.windows(FIRST[0])
    last = float(end.max(initial=0.0))
    return deadlines(problem.dense, *runner.tails, start, end, FIRST[0].prefetch, last)


def mutate(stagger: Stagger, scale: float, rng: Random) -> Stagger:
    """Change some fields of ``stagger`` by up to ``scale`` times their limits."""
    low = Stagger(0.6, 0.0, 0.4, 0.0, 0.8, 0.0, 0.0, 0.0, 0.0, -200.0, 1.0)
    high = Stagger(1.15, 1.0, 1.6, 1.0, 5.0, 0.5, 12.0, 0.9, 1.0, 200.0, 64.0)
    changed = [
        min(max(old + rng.gauss(0.0, 0.4) * scale * limit, floor), ceiling)
        if rng.random() < 0.5
        else old
        for old, limit, floor, ceiling in zip(stagger, LIMITS, low, high, strict=True)
    ]
    return Stagger(*changed)


def first_settings(groups: int) -> list[Stagger]:
    """Settings to try first: those that did well, and with many groups a few in flight."""
    settings = list(FIRST) if groups <= MANY_GROUPS else []
    for flight in FLIGHTS:
        if groups > flight:
            part = min(flight / groups, 0.6)
            few = Stagger(1.0, 1.0 - part, 1.0, part, 1.0, 0.0, 1.0, 0.0, 0.9, 0.0, flight)
            settings.append(few)
    return settings


class StaggerSearch:
    """A (1+1) evolution strategy (Rechenberg 1973) over settings, after a fixed set of them.

    ``best`` is the best schedule so far, made under ``setting``; ``windows`` those to anneal from;
    ``narrowed`` the part of scratch
    that had to be kept for the oldest group to make any schedule possible.
    """

    def __init__(self, problem: ScheduleProblem, seed: int) -> None:
        self.problem = problem
        self.runner = Runner(problem)
        self.best: Trial | None = None
        self.setting = FIRST[0]
        self.narrowed = 0.0
        self.windows = self.runner.group_windows(self.setting)
        self._cost = WORST
        self._rng = Random(seed)

    @property
    def cycles(self) -> int:
        """Cycles of the best schedule."""
        return self.best.cycles if self.best is not None else 1 << 30

    @property
    def done(self) -> bool:
        """Whether the lower bound is reached."""
        return self.cycles <= self.runner.bound.cycles

    @property
    def poor(self) -> bool:
        """Whether the best schedule is so long that scratch may be what is short."""
        return self.cycles > POOR * self.runner.bound.cycles

    def begin(self) -> None:
        """Try the first settings; with less and less scratch for young groups if all fail.

        Raises :class:`OutOfScratch` if even one group at a time does not fit.
        """
        settings = first_settings(self.problem.dense.n_groups)
        for setting in settings:
            if self.done:
                return
            self._try(setting)
        if self.poor:
            self._try_shared_in_groups(settings)
        for part in NARROW:
            if self.best is not None:
                return
            self.narrowed = part
            for base in (FIRST[0], FIRST[6]):
                self._try(base._replace(reserve=part))
        for size in CHUNKS:
            if self.best is None:
                self._try_depth_first(size)
        if self.best is None:
            words = self.problem.dense.words
            raise OutOfScratch(
                f"the results of one group at a time do not fit into {words} words of scratch"
            )

    def _try_shared_in_groups(self, settings: list[Stagger]) -> None:
        """Try the settings with shared operations in the groups that need them first.

        The search goes on that way if it is better, or if nothing else was possible.
        """
        before, cycles = self.runner, self.cycles
        self.runner = Runner(with_shared_in_groups(self.problem), before.bound)
        for setting in settings:
            if self.done:
                return
            self._try(setting)
        if self.best is not None and self.cycles == cycles:
            self.runner = before

    def _try_depth_first(self, size: int) -> None:
        """Try to schedule ``size`` operations at a time in depth-first order."""
        runner = Runner(in_chunks(self.problem, size), self.runner.bound)
        start = np.arange(runner.dense.n_groups, dtype=np.float64)
        trial = runner.run(start, start + 1.0, reserve=runner.dense.words)
        if trial.cycles != STUCK:
            self.best = trial

    def improve(self, trials: int, wide: float = 1.0, narrow: float = 0.1) -> None:
        """Try ``trials`` random changes, from ``wide`` to ``narrow`` ones."""
        for number in range(trials):
            if self.done:
                return
            scale = wide + (narrow - wide) * number / trials
            self._try(mutate(self.setting, scale, self._rng))

    def search_prologue(self, steps: int, seed: int) -> None:
        """Improve the first cycles; keep that if the whole schedule does not become longer.

        Without groups there are no windows to schedule under and nothing is changed.
        """
        if not self.problem.dense.n_groups:
            return
        runner = self.runner
        dense = runner.dense
        prices = np.ones(N_ENGINES)
        prices[VALU] = dense.vlen
        before = runner.bias
        windows = search_prologue(dense, runner.tails, self.windows, prices, steps, seed)
        runner.bias = windows.bias
        cycles = self.cycles
        self._try(self.setting)
        for _ in range(PROLOGUE_TRIALS):
            if self.cycles < cycles:
                break
            self._try(mutate(self.setting, 0.05, self._rng))
        if self.cycles > cycles or runner.bias is not self.windows.bias:
            runner.bias = before

    def follow(self, chain: Chain) -> None:
        """Go on from the windows of an annealing chain if they cost less."""
        if chain.cost >= self._cost:
            return
        self.windows, self._cost = chain.windows, chain.cost
        self._run_windows()

    def resume(self, windows: GroupWindows) -> bool:
        """Go on from saved windows; False if they do not fit the problem."""
        dense = self.problem.dense
        if len(windows.start) != dense.n_groups or len(windows.bias) != len(dense.lanes):
            return False
        self.runner.bias, self.windows = windows.bias, windows
        return self._run_windows()

    def _run_windows(self) -> bool:
        """Schedule under ``windows`` and keep the result unless it is worse."""
        settings = self.windows.settings
        trial = self.runner.run(
            self.windows.start,
            self.windows.end,
            prefetch=float(settings[PREFETCH]),
            reserve=int(settings[RESERVE]),
            flow_queue=int(settings[FLOW_QUEUE]),
            stretch=float(settings[STRETCH]),
            patience=float(settings[PATIENCE]),
            in_flight=int(settings[IN_FLIGHT]),
        )
        if trial.cycles != STUCK and trial.cycles <= self.cycles:
            self.best = trial
        return trial.cycles != STUCK

    def schedule(self, name: str) -> Schedule:
        """The best schedule."""
        best, bound = self.best, self.runner.bound
        if best is None:
            raise OutOfScratch("nothing was scheduled yet")
        return Schedule(
            best.cycles,
            best.engine,
            best.lane_cycle,
            best.address,
            best.peak,
            name,
            status="optimal" if self.done else "feasible",
            lower_bound=bound.cycles,
            bound_reason=bound.reason,
            statistics={"trials": self.runner.runs, "narrowed": self.narrowed},
        )

    def _try(self, setting: Stagger) -> None:
        trial = self.runner.try_stagger(setting)
        if trial.cycles != STUCK and trial.cycles <= self.cycles:
            self.best, self.setting = trial, setting
            self.windows = self.runner.group_windows(setting)

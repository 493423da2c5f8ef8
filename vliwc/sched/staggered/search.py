"""Staggered groups: windows, what they make of the list scheduler, and a search over them.

Groups of lanes run the same code; started all at once they would all want the same engine at the
same time.  Each group therefore gets a window of cycles, windows are staggered, and operations are
taken by the virtual deadlines that windows imply.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np

from vliwc.sched.anytime import expired
from vliwc.sched.problem.bounds import Bound, lower_bound
from vliwc.sched.problem.dense import N_ENGINES, VALU, Ints
from vliwc.sched.problem.paths import Floats
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.staggered.anneal import WORST, Chain
from vliwc.sched.staggered.core import N_STATS, NO_LIMIT, STUCK, cutoff
from vliwc.sched.staggered.deadlines import deadlines, tails
from vliwc.sched.staggered.depth_first import in_chunks
from vliwc.sched.staggered.prologue import search_prologue
from vliwc.sched.staggered.settings import TUNING as SETTINGS
from vliwc.sched.staggered.settings import Stagger, first_settings, mutate
from vliwc.sched.staggered.shared_ops import with_shared_in_groups
from vliwc.sched.staggered.windows import GroupWindows, Policy, schedule_windows


@dataclass(frozen=True)
class SearchTuning:
    """The tuned numbers of this module; by hand on ``python -m benchmarks.suite``."""

    trials: int = 64
    """Changes of the best setting that ``list`` tries unless told otherwise: time
    grows with them."""
    poor: float = 1.25
    """Cycles, as a multiple of the lower bound, beyond which a schedule is a poor one and other
    ways to save scratch are tried."""
    chunks: tuple[int, ...] = (64, 16, 4, 1)
    """Operations taken at a time in depth-first order when nothing else fits into scratch: the more
    the better the schedule, the fewer the less scratch."""
    wide: float = 1.0
    """Size of the first random change, in ``StaggerTuning.reach``, unless the caller has one."""
    narrow: float = 0.1
    """Size of the last one."""
    prologue_trials: int = 20
    """Settings near the best one that are tried after the first cycles were improved, since the
    best setting may now be a neighbour."""
    prologue_scale: float = 0.05
    """Size of these changes."""
    horizon_lanes: int = 4
    """A schedule is given up after so many cycles for each lane of an operation, more than one
    lane after the other takes, ..."""
    horizon_cycles: int = 64
    """... and so many cycles more, for latencies where there are few lanes."""


TUNING = SearchTuning()


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
        self.cutoff = cutoff(problem, self.bound)
        self.horizon = TUNING.horizon_lanes * int(self.dense.lanes.sum()) + TUNING.horizon_cycles
        self.runs = 0
        self.bias = np.zeros(len(self.dense.lanes))

    def run(self, windows: GroupWindows, limit: int = NO_LIMIT) -> Trial:
        """One schedule; ``cycles`` is :data:`vliwc.sched.staggered.core.STUCK` if scratch ran out,
        and may be if it would take more than ``limit``."""
        dense = self.dense
        trial = Trial(
            STUCK,
            np.empty(len(dense.lanes), dtype=np.int32),
            np.zeros(int(dense.lane_ptr[-1]), dtype=np.int32),
            np.empty(len(dense.lanes), dtype=np.int32),
            0,
        )
        stats = np.zeros(N_STATS, dtype=np.int32)
        trial.cycles = schedule_windows(
            dense,
            self.tails,
            windows,
            float(windows.end.max()) if len(windows.end) else float(self.bound.cycles),
            self.horizon,
            self.cutoff,
            limit,
            trial.engine,
            trial.lane_cycle,
            trial.address,
            stats,
        )
        trial.peak = int(stats[0])
        self.runs += 1
        return trial

    def windows(self, setting: Stagger) -> GroupWindows:
        """The windows of groups under ``setting``."""
        dense = self.dense
        slots = dense.words // dense.vlen
        return setting.windows(self.bound.cycles, slots, dense.n_groups, self.bias)


def planned_deadlines(problem: ScheduleProblem) -> Floats:
    """When operations are about due in the schedules that are tried first."""
    runner = Runner(problem)
    start, end, policy, _ = runner.windows(SETTINGS.first[0])
    last = float(end.max(initial=0.0))
    return deadlines(problem.dense, *runner.tails, start, end, policy.prefetch, last)


class StaggerSearch:
    """A (1+1) evolution strategy (Rechenberg 1973) over settings, after a fixed set of them.

    ``best`` is the best schedule so far, made under ``setting``; ``windows`` those to anneal from;
    ``narrowed`` the part of scratch that had to be kept for the oldest group to make any schedule
    possible.
    """

    def __init__(self, problem: ScheduleProblem, seed: int) -> None:
        self.problem = problem
        self.runner = Runner(problem)
        self.best: Trial | None = None
        self.setting = SETTINGS.first[0]
        self.narrowed = 0.0
        self.windows = self.runner.windows(self.setting)
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
        return self.cycles > TUNING.poor * self.runner.bound.cycles

    def begin(self, *, few: bool = False) -> None:
        """Try the first settings; with less and less scratch for young groups if all fail.  With
        ``few``, the first schedule is good enough.

        Raises :class:`OutOfScratch` if even one group at a time does not fit.
        """
        settings = first_settings(self.problem.dense.n_groups)
        for setting in settings:
            if self.done or (few and self.best is not None):
                return
            self._try(setting)
        if self.poor and not few:
            self._try_shared_in_groups(settings)
        for part in SETTINGS.kept:
            if self.best is not None:
                return
            self.narrowed = part
            for base in SETTINGS.cautious:
                self._try(SETTINGS.first[base]._replace(reserve=part))
        for size in TUNING.chunks:
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
        policy = Policy(reserve=float(runner.dense.words))
        trial = runner.run(GroupWindows(start, start + 1.0, policy, runner.bias))
        if trial.cycles != STUCK:
            self.best = trial

    def improve(
        self, trials: int, wide: float = TUNING.wide, narrow: float = TUNING.narrow
    ) -> None:
        """Try ``trials`` random changes, from ``wide`` to ``narrow`` ones."""
        for number in range(trials):
            if self.done or expired():
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
        for _ in range(TUNING.prologue_trials):
            if self.cycles < cycles:
                break
            self._try(mutate(self.setting, TUNING.prologue_scale, self._rng))
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
        trial = self.runner.run(self.windows)
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
        windows = self.runner.windows(setting)
        trial = self.runner.run(windows, self.cycles)
        if trial.cycles != STUCK and trial.cycles <= self.cycles:
            self.best, self.setting, self.windows = trial, setting, windows

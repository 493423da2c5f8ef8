"""A few greedy schedules of different kinds, and the best of them a little disturbed.

No greedy rule is best everywhere: the staggered windows of ``list`` need groups that do the same,
paths need cycles to lose, and where scratch is scarce operations that end live ranges come first
(Goodman and Hsu 1988), or those that are needed last go last (Li and Willis 1992).  So all of them
are tried, and a few random orders.  Then the order of the best schedule is disturbed and
list-scheduled again, which keeps what is good in it (as Storer, Wu and Vaccari 1992 disturb a
problem around a heuristic's solution).
"""

from __future__ import annotations

import numpy as np

from vliwc.sched.anytime import expired, report
from vliwc.sched.greedy.backward import BackwardScheduler
from vliwc.sched.greedy.core import GreedyRunner
from vliwc.sched.greedy.priorities import PRIORITIES, Combination
from vliwc.sched.greedy.tuning import TUNING
from vliwc.sched.problem.dense import Ints
from vliwc.sched.problem.expand import expanded, restricted
from vliwc.sched.problem.paths import Floats
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.problem.view import View
from vliwc.sched.staggered.deadlines import ranks


def better_schedule(
    problem: ScheduleProblem, best: Schedule | None, seed: int, name: str
) -> Schedule | None:
    """The best of a schedule of a machine problem and those of this module; None if no result fits
    into scratch."""
    portfolio = _Portfolio(problem, best, name)
    view = View.of(problem)
    for text in (*PRIORITIES, *TUNING.combined):
        if portfolio.done:
            return portfolio.best
        portfolio.try_urgency(-Combination.parse(text).scores(view))
    portfolio.try_backward()
    rng = np.random.default_rng(seed)
    affordable = TUNING.drawn_work // max(len(problem), 1)
    for _ in range(min(TUNING.samples, affordable)):
        if portfolio.done:
            break
        portfolio.try_rank(rng.permutation(len(portfolio.inner)).astype(np.int32))
    for draw in range(min(TUNING.disturbances, affordable)):
        if portfolio.done or portfolio.best is None:
            break
        scale = TUNING.noise[draw % len(TUNING.noise)]
        first = portfolio.best.lane_cycle[problem.dense.lane_ptr[:-1]]
        # Where scratch is full, look-aheads between those that halving comes to.
        part = TUNING.parts[draw // len(TUNING.noise) % len(TUNING.parts)]
        portfolio.try_urgency(first + scale * rng.standard_normal(len(problem)), part)
    return portfolio.best


class _Portfolio:
    """The best schedule so far, and how to look for others."""

    def __init__(self, problem: ScheduleProblem, best: Schedule | None, name: str) -> None:
        self.problem = problem
        self.best = best
        self.name = name
        self.tried = 0
        self.inner = expanded(problem)
        self.runner = GreedyRunner(self.inner)

    @property
    def done(self) -> bool:
        """Whether there is a schedule, and none that is shorter or no time to find it."""
        if self.best is None:
            return False
        return self.best.cycles <= self.runner.bound.cycles or expired()

    def try_urgency(self, urgency: Floats, part: float = 1.0) -> None:
        """The list schedule that prefers small numbers."""
        rank = np.arange(len(self.inner), dtype=np.int32)
        rank[: len(self.problem)] = ranks(urgency)
        self.try_rank(rank, part)

    def try_rank(self, rank: Ints, part: float = 1.0) -> None:
        """The list schedule of an order of the inner problem."""
        try:
            self._take(restricted(self.problem, self.runner.run(rank, self.name, part)))
        except OutOfScratch:
            pass

    def try_backward(self) -> None:
        """From the results to the inputs."""
        if self.done:
            return
        try:
            self._take(BackwardScheduler(self.name).schedule(self.problem))
        except OutOfScratch:
            pass

    def _take(self, found: Schedule) -> None:
        self.tried += 1
        # Of equally long ones the newest: so that disturbances move on.
        if self.best is None or found.cycles <= self.best.cycles:
            self.best = found
            report(self.tried, found, self.runner.bound.cycles, "list")

"""Random greedy schedules: the baseline that every heuristic has to beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vliwc.sched.greedy.core import GreedyRunner
from vliwc.sched.greedy.sgs import best_project_schedule
from vliwc.sched.greedy.tuning import TUNING
from vliwc.sched.problem.expand import expanded, restricted
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.problem.view import View


@dataclass(frozen=True)
class RandomScheduler:
    """The best of ``budget`` (``samples`` by default) greedy schedules by random priorities."""

    seed: int = 0
    samples: int = TUNING.samples
    name: str = "random"

    def schedule(
        self, problem: ScheduleProblem, budget: int | None = None, hint: Schedule | None = None
    ) -> Schedule:
        """The best schedule found.

        Raises :class:`vliwc.sched.problem.schedule.OutOfScratch` if no order gives one.
        """
        rng = np.random.default_rng(self.seed)
        samples = budget or self.samples
        if problem.renewable is not None:
            scores = [rng.random(len(problem)) for _ in range(samples)]
            return best_project_schedule(View.of(problem), scores, self.name, passes=0)
        inner = expanded(problem)
        runner = GreedyRunner(inner)
        found: list[Schedule] = []
        refusal: OutOfScratch | None = None
        for _ in range(samples):
            try:
                found.append(runner.run(rng.permutation(len(inner)).astype(np.int32), self.name))
            except OutOfScratch as error:
                refusal = error
        if refusal is not None and not found:
            raise refusal
        return restricted(problem, min(found, key=lambda schedule: schedule.cycles))

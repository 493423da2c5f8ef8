"""The scheduler ``list``: staggered list scheduling, for every kind of problem.

Machine problems go to :class:`vliwc.sched.staggered.scheduler.ListScheduler`; projects to the
schemes of :mod:`vliwc.sched.greedy.sgs` under all priorities, with justification.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.sched.greedy.priorities import PRIORITIES, Combination, PriorityScheduler
from vliwc.sched.greedy.sgs import best_project_schedule
from vliwc.sched.greedy.tuning import TUNING
from vliwc.sched.problem.expand import expanded, restricted
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.problem.view import View
from vliwc.sched.staggered.scheduler import ListScheduler


@dataclass(frozen=True)
class AnyListScheduler:
    """List scheduling; ``budget``: trials of machine problems, justifications of projects."""

    seed: int = 0
    name: str = "list"

    def schedule(
        self, problem: ScheduleProblem, budget: int | None = None, hint: Schedule | None = None
    ) -> Schedule:
        """The best schedule found; raises :class:`vliwc.sched.problem.schedule.OutOfScratch`."""
        if problem.renewable is not None:
            view = View.of(problem)
            scores = [priority(view) for priority in PRIORITIES.values()]
            found = best_project_schedule(
                view, scores, self.name, passes=budget or TUNING.justifications
            )
        else:
            found = self._machine(problem, budget)
        return hint if hint is not None and hint.cycles <= found.cycles else found

    def _machine(self, problem: ScheduleProblem, budget: int | None) -> Schedule:
        try:
            inner = expanded(problem)
            scheduler = ListScheduler(seed=self.seed)
            return restricted(problem, scheduler.schedule(inner, budget))
        except OutOfScratch:
            # Without groups there is no stagger that could save scratch: go on in sequence.
            return PriorityScheduler(Combination(TUNING.fallback), self.name).schedule(problem)

"""The scheduler ``list``: list scheduling for every kind of problem.

Machine problems go to :class:`vliwc.sched.staggered.scheduler.ListScheduler`, which is made for
groups that do the same, then to :mod:`vliwc.sched.greedy.portfolio` for all others; projects to the
schemes of :mod:`vliwc.sched.greedy.sgs` under all priorities, with justification, and to
:mod:`vliwc.sched.greedy.backward`.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.sched.greedy.backward import BackwardScheduler
from vliwc.sched.greedy.portfolio import better_schedule
from vliwc.sched.greedy.priorities import PRIORITIES
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
            found = self._project(problem, budget)
        else:
            found = self._machine(problem, budget)
        return hint if hint is not None and hint.cycles <= found.cycles else found

    def _project(self, problem: ScheduleProblem, budget: int | None) -> Schedule:
        view = View.of(problem)
        scores = [priority(view) for priority in PRIORITIES.values()]
        found = best_project_schedule(
            view, scores, self.name, passes=budget or TUNING.justifications
        )
        if found.status == "optimal":
            return found
        backward = BackwardScheduler(self.name).schedule(problem)
        return backward if backward.cycles < found.cycles else found

    def _machine(self, problem: ScheduleProblem, budget: int | None) -> Schedule:
        staggered: Schedule | None = None
        try:
            scheduler = ListScheduler(seed=self.seed)
            staggered = restricted(problem, scheduler.schedule(expanded(problem), budget))
        except OutOfScratch:
            pass  # Without groups there is no stagger that could save scratch.
        found = better_schedule(problem, staggered, self.seed, self.name)
        if found is None:
            raise OutOfScratch(
                f"no list schedule fits into the {problem.dense.words} words of scratch"
            )
        return found

"""List scheduling with staggered groups: several settings are tried, the best schedule wins."""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.staggered.search import TUNING, StaggerSearch

__all__ = ["ListScheduler", "OutOfScratch"]


@dataclass(frozen=True)
class ListScheduler:
    """Staggered list scheduling: the first settings, then ``trials`` changes of the best one."""

    trials: int = TUNING.trials
    seed: int = 0
    name: str = "list"

    def schedule(
        self, problem: ScheduleProblem, budget: int | None = None, hint: Schedule | None = None
    ) -> Schedule:
        """The best schedule found.

        ``budget`` overrides the number of trials; ``hint`` is returned if nothing better is
        found.  Raises :class:`OutOfScratch` if even one group at a time does not fit.
        """
        search = StaggerSearch(problem, self.seed)
        search.begin()
        search.improve(budget if budget is not None else self.trials)
        if hint is not None and hint.cycles <= search.cycles:
            return hint
        return search.schedule(self.name)

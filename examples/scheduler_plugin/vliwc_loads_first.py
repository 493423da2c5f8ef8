"""A scheduler for vliwc in a package of its own: list scheduling that prefers loads.

Few slots load, and everything else waits for what they bring: an operation of the load engine
counts as more urgent than its place on the critical path says.

    python -m pip install examples/scheduler_plugin
    vliwc compare --kernels small --scheduler list:critical-path --scheduler loads-first
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vliwc.sched.dense import LOAD
from vliwc.sched.priorities import schedule_in_order
from vliwc.sched.problem import Schedule, ScheduleProblem
from vliwc.sched.sgs import best_project_schedule
from vliwc.sched.view import View


@dataclass(frozen=True)
class LoadsFirst:
    """One greedy schedule: the latest start decides, ``head_start`` cycles earlier for loads."""

    head_start: float = 4.0
    name: str = "loads-first"

    def schedule(
        self, problem: ScheduleProblem, budget: int | None = None, hint: Schedule | None = None
    ) -> Schedule:
        """The schedule; ``budget`` and ``hint`` are ignored, as the protocol allows."""
        view = View.of(problem)
        rows = zip(view.span, view.tails, strict=True)
        latest = np.array([view.critical_path - span - tail for span, tail in rows], float)
        if problem.renewable is not None:  # a project: no engines, so nothing to prefer
            return best_project_schedule(view, [-latest], self.name, passes=0)
        engines = zip(view.whole, view.split, strict=True)
        loads = np.array([LOAD in whole or split == LOAD for whole, split in engines], float)
        return schedule_in_order(problem, latest - self.head_start * loads, self.name)


def make(seed: int) -> LoadsFirst:
    """What the entry point names; nothing here is random, so that the seed does not matter."""
    return LoadsFirst()

"""A scheduler for vliwc in a package of its own: list scheduling with another priority.

The operation with the longest path to the end goes first, as in `list:critical-path`; but of equal
ones, which are many, the one that most operations wait for.

    python -m pip install examples/scheduler_plugin
    vliwc compare --kernels small --scheduler list:critical-path --scheduler fanout
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vliwc.sched import (
    Schedule,
    ScheduleProblem,
    View,
    best_project_schedule,
    schedule_in_order,
)


@dataclass(frozen=True)
class Fanout:
    """One greedy schedule: longest path to the end first, then most direct successors."""

    name: str = "fanout"

    def schedule(
        self, problem: ScheduleProblem, budget: int | None = None, hint: Schedule | None = None
    ) -> Schedule:
        """The schedule; ``budget`` and ``hint`` are ignored, as the protocol allows."""
        view = View.of(problem)
        path = np.array(view.span) + np.array(view.tails)  # cycles to the end
        waiting = np.array([len(row) for row in view.successors], float)
        score = path + waiting / (1.0 + waiting.max(initial=0.0))  # less than a cycle: for ties
        if problem.renewable is not None:  # a project: no engines, no scratch
            return best_project_schedule(view, [score], self.name, passes=0)
        return schedule_in_order(problem, -score, self.name)


def make(seed: int) -> Fanout:
    """What the entry point names; nothing here is random, so that the seed does not matter."""
    return Fanout()

"""A heuristic to be replaced by yours: hill climbing over the order of list scheduling.

The order begins as that of the longest path to the end.  Each step disturbs the urgency of a few
operations and keeps the new order if its greedy schedule is not longer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vliwc.sched import (
    OutOfScratch,
    Schedule,
    ScheduleProblem,
    View,
    best_project_schedule,
    lower_bound,
    schedule_in_order,
)

STEPS = 40
"""The default budget. A step is one greedy schedule."""


@dataclass(frozen=True)
class Climber:
    """Hill climbing; ``part`` of the operations are disturbed at once, at least one."""

    seed: int
    part: float = 0.1
    name: str = "climber"

    def schedule(
        self, problem: ScheduleProblem, budget: int | None = None, hint: Schedule | None = None
    ) -> Schedule:
        """The best schedule of ``budget`` steps, and of the hint.

        Randomness comes from the seed and effort from the budget, never from the clock.
        Raises :class:`OutOfScratch` if no order fits.
        """
        view = View.of(problem)
        path = np.array(view.span, float) + np.array(view.tails, float)  # cycles to the end
        if problem.renewable is not None:  # a project: no engines, no scratch
            return _shorter(hint, best_project_schedule(view, [path], self.name, passes=0))
        random = np.random.default_rng(self.seed)
        bound = lower_bound(problem).cycles
        moved = max(1, round(self.part * len(view)))
        urgency, best = path, _greedy(problem, path, self.name)
        for _ in range(1, STEPS if budget is None else budget):
            if best is not None and best.cycles <= bound:
                break
            other = urgency.copy()
            chosen = random.choice(len(view), size=min(moved, len(view)), replace=False)
            other[chosen] += random.normal(scale=2.0, size=len(chosen))
            made = _greedy(problem, other, self.name)
            if best is None or (made is not None and made.cycles <= best.cycles):
                urgency, best = other, made
        if best is None and hint is None:
            raise OutOfScratch("no order that was tried fits into scratch")
        return _shorter(hint, best)


def _greedy(problem: ScheduleProblem, urgency: np.ndarray, name: str) -> Schedule | None:
    try:
        return schedule_in_order(problem, -urgency, name)
    except OutOfScratch:
        return None


def _shorter(first: Schedule | None, second: Schedule | None) -> Schedule:
    """The shorter of those that are there; at least one is."""
    found = [each for each in (second, first) if each is not None]
    return min(found, key=lambda schedule: schedule.cycles)


def make(seed: int) -> Climber:
    """What the entry points name: a function from a seed to a scheduler."""
    return Climber(seed)


def small(seed: int) -> Climber:
    """Fewer operations at once."""
    return Climber(seed, part=0.02, name="climber-small")


def large(seed: int) -> Climber:
    """More operations at once."""
    return Climber(seed, part=0.4, name="climber-large")

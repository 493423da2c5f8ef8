"""Selectable priorities of list scheduling, and the schedulers ``list:PRIORITY``.

The classic rules (Kolisch 1996 compares them for projects; Cooper and Torczon, *Engineering a
Compiler*, ch. 12, for instructions):

- ``critical-path``: the longest path to the end first.
- ``slack``: the smallest difference between latest and earliest start first.
- ``resource-weighted``: the longest path to the end, each operation on it counting for as many
  cycles as its scarcest engine or resource is loaded.
- ``successors``: the most operations that wait directly for this one first.
- ``register-pressure``: operations that end more live ranges than they begin first.
- ``depth-first``: in the order of a depth-first walk from the results, group after group.

``0.7*slack+0.3*successors`` adds scores, each scaled to 0..1; without a factor each counts once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vliwc.options import OptionsError
from vliwc.sched.greedy.core import GreedyRunner
from vliwc.sched.greedy.sgs import best_project_schedule
from vliwc.sched.problem.expand import expanded, restricted
from vliwc.sched.problem.paths import Floats, depth_first, longest_to_end, topological_order
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Schedule
from vliwc.sched.problem.view import View
from vliwc.sched.staggered.deadlines import ranks

Priority = Callable[[View], Floats]
"""Scores of all operations; the largest is the most urgent."""


def critical_path(view: View) -> Floats:
    """Cycles from the start of an operation to the end, at least."""
    return np.array([tail + span for tail, span in zip(view.tails, view.span, strict=True)], float)


def slack(view: View) -> Floats:
    """Minus the cycles by which an operation can be late."""
    latest = view.critical_path
    rows = zip(view.heads, view.span, view.tails, strict=True)
    return -np.array([latest - head - span - tail for head, span, tail in rows], float)


def resource_weighted(view: View) -> Floats:
    """The longest path to the end, weighted by how loaded engines and resources are."""
    dense = view.problem.dense
    weight = np.array(_weights(view))
    return weight + longest_to_end(dense, topological_order(dense), weight[dense.succ])


def _weights(view: View) -> list[float]:
    """One cycle, plus the load of the least loaded engine (or of the resources) that it takes."""
    renewable = view.problem.renewable
    if renewable is not None:
        work = (renewable.demand * renewable.duration[:, None]).sum(axis=0)
        load = work / np.maximum(renewable.capacity, 1)
        shares = renewable.demand / np.maximum(renewable.capacity, 1) * load
        total = max(float(load.max(initial=0.0)), 1.0)
        taken: list[float] = (shares.sum(axis=1) / total).tolist()
        return [length * (1.0 + share) for length, share in zip(view.duration, taken, strict=True)]
    busy = np.zeros(len(view.capacity))
    for op, engines in enumerate(view.vector_engines):
        forms = [(e, 1.0) for e in engines]
        if view.scalarised_engine[op] >= 0:
            forms.append((view.scalarised_engine[op], float(view.lanes[op])))
        for engine, slots in forms:
            busy[engine] += slots / view.capacity[engine] / len(forms)
    total = max(float(busy.max(initial=0.0)), 1.0)
    weights: list[float] = []
    for op, engines in enumerate(view.vector_engines):
        used = [busy[e] for e in engines]
        if view.scalarised_engine[op] >= 0:
            used.append(busy[view.scalarised_engine[op]])
        weights.append(view.span[op] + float(min(used, default=0.0)) / total)
    return weights


def successors(view: View) -> Floats:
    """How many operations wait directly for each."""
    return np.array([len(row) for row in view.successors], float)


def register_pressure(view: View) -> Floats:
    """Words whose only reader an operation is, minus the words of its result."""
    score = [-float(width) for width in view.width]
    for value, readers in enumerate(view.readers):
        if len(readers) == 1:
            score[readers[0]] += view.width[value]
    return np.array(score)


def depth_first_walk(view: View) -> Floats:
    """Minus the place in a depth-first walk from the results."""
    score = np.empty(len(view))
    score[depth_first(view.problem.dense, longest_first=True)] = -np.arange(len(view))
    return score


PRIORITIES: dict[str, Priority] = {
    "critical-path": critical_path,
    "slack": slack,
    "resource-weighted": resource_weighted,
    "successors": successors,
    "register-pressure": register_pressure,
    "depth-first": depth_first_walk,
}


@dataclass(frozen=True)
class Combination:
    """A weighted sum of priorities, each scaled to 0..1 over the operations of a problem."""

    terms: tuple[tuple[float, str], ...]

    @staticmethod
    def parse(text: str) -> Combination:
        """The combination that ``a``, ``a+b`` or ``0.7*a+0.3*b`` stands for.

        Raises :class:`vliwc.options.OptionsError` for an unknown priority or a bad factor.
        """
        terms: list[tuple[float, str]] = []
        for part in text.split("+"):
            factor, star, name = part.rpartition("*")
            if name.strip() not in PRIORITIES:
                raise OptionsError(
                    f"no priority is called {name.strip()!r}; there are {', '.join(PRIORITIES)}"
                )
            try:
                weight = float(factor) if star else 1.0
            except ValueError:
                raise OptionsError(f"{part!r}: {factor!r} is not a number") from None
            if not 0.0 < weight < float("inf"):
                raise OptionsError(f"{part!r}: a factor must be positive")
            terms.append((weight, name.strip()))
        return Combination(tuple(terms))

    def scores(self, view: View) -> Floats:
        """The score of each operation; the largest is the most urgent."""
        total = np.zeros(len(view))
        for weight, name in self.terms:
            score = PRIORITIES[name](view)
            low, high = score.min(initial=0.0), score.max(initial=0.0)
            if len(score):
                low, high = float(score.min()), float(score.max())
            total += weight * (score - low) / max(high - low, 1e-12)
        return total


@dataclass(frozen=True)
class PriorityScheduler:
    """One greedy schedule by a fixed priority; ``budget`` and ``hint`` are ignored."""

    priority: Combination
    name: str

    def schedule(
        self, problem: ScheduleProblem, budget: int | None = None, hint: Schedule | None = None
    ) -> Schedule:
        """The greedy schedule; raises :class:`vliwc.sched.problem.schedule.OutOfScratch` as
        described at :class:`vliwc.sched.greedy.core.GreedyRunner`."""
        view = View.of(problem)
        scores = self.priority.scores(view)
        if problem.renewable is not None:
            return best_project_schedule(view, [scores], self.name, passes=0)
        return schedule_in_order(problem, -scores, self.name)


def schedule_in_order(problem: ScheduleProblem, urgency: Floats, name: str) -> Schedule:
    """The greedy schedule of a machine problem that prefers small numbers of ``urgency`` (n,).

    Raises :class:`vliwc.sched.problem.schedule.OutOfScratch` as described at
    :class:`vliwc.sched.greedy.core.GreedyRunner`.
    """
    inner = expanded(problem)
    rank = np.arange(len(inner), dtype=np.int32)
    rank[: len(problem)] = ranks(urgency)
    return restricted(problem, GreedyRunner(inner).run(rank, name))

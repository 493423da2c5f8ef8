"""Large neighbourhood search on projects: some tasks are free, the others keep their order.

The order is a partial-order schedule (Godard, Laborie and Nuijten 2005): each unit of a resource is
a chain of the tasks that take it one after the other, and each link of a chain is a precedence.
Links between tasks of which none is free remain; CP-SAT looks for a schedule that is a cycle
shorter.  What is free is a window of time, or of the tasks that need one resource around a time
(Palpant, Artigues and Michelon 2004).  Its size follows the answers: windows proved infeasible
at once grow, those that are not decided shrink.
"""

from __future__ import annotations

import numpy as np

from vliwc.sched.exact.incumbent import Question, Search
from vliwc.sched.exact.interval_model import IntervalModel
from vliwc.sched.exact.methods import FEASIBLE, solve
from vliwc.sched.problem.view import View
from vliwc.solvers import cp_model


def free_tasks(view: View, start: list[int], count: int, rng: np.random.Generator) -> set[int]:
    """The tasks of a window of a schedule: the ``count`` ones that are closest to one of them, of
    all tasks or of those that need one resource."""
    tasks = [op for op in range(len(view)) if view.duration[op]]
    middle = tasks[int(rng.integers(len(tasks)))]
    resources = len(view.demand[0])
    # As often a window of one resource as of time alone.
    resource = int(rng.integers(2 * resources)) if resources else 0
    if resource < resources:
        tasks = [op for op in tasks if view.demand[op][resource]] or tasks

    def distance(op: int) -> tuple[int, int]:
        twice = 2 * (start[op] - start[middle]) + view.duration[op] - view.duration[middle]
        return abs(twice), op

    return set(sorted(tasks, key=distance)[:count])


def chained(view: View, start: list[int]) -> set[tuple[int, int]]:
    """Pairs of tasks of which the second takes a unit of a resource right after the first."""
    renewable = view.problem.renewable
    links: set[tuple[int, int]] = set()
    if renewable is None:
        return links
    order = sorted(range(len(view)), key=lambda op: (start[op], op))
    for number, capacity in enumerate(renewable.capacity.tolist()):
        ends = [(0, -1)] * capacity
        for op in order:
            wanted = view.demand[op][number]
            if not wanted or not view.duration[op]:
                continue
            # Units that were given back last: of few tasks, and early ones stay for others.
            usable = sorted(
                (unit for unit in range(capacity) if ends[unit][0] <= start[op]),
                key=lambda unit: (-ends[unit][0], ends[unit][1], unit),
            )
            for unit in usable[:wanted]:
                if ends[unit][1] >= 0:
                    links.add((ends[unit][1], op))
                ends[unit] = start[op] + view.duration[op], op
    return links


def project_windows(search: Search, limit: float) -> None:
    """Of a project: windows one after the other until the limit is spent."""
    view, limits = search.view, search.limits
    if view.problem.renewable is None or search.timing is None or not any(view.duration):
        return
    part, before = search.window or limits.window_part, search.left
    while not search.done and before - search.left < min(limit, before):
        start = [own[0] for own in search.timing.cycles]
        count = max(int(part * len(view)), limits.min_window)
        rng = np.random.default_rng([search.seed, search.tried["windows"]])
        free = free_tasks(view, start, count, rng)
        status = _solve(search, chained(view, start), free)
        if status == cp_model.INFEASIBLE:
            part = min(part * limits.window_growth, 1.0)
        elif status == cp_model.UNKNOWN:
            part /= limits.window_growth
    search.window = part


def _solve(search: Search, links: set[tuple[int, int]], free: set[int]) -> cp_model.CpSolverStatus:
    """Look for a schedule shorter than the best one; the status."""
    assert search.best is not None and search.timing is not None
    view = search.view
    model = IntervalModel(view, search.lower, search.best.cycles - 1, None, bare=True)
    model.model.clear_objective()
    for first, second in sorted(links):
        if first not in free and second not in free:
            model.model.add(model.start(second) >= model.start(first) + view.duration[first])
    model.hint(search.timing)
    question = Question(model.model, model.scanned, timing=model.timing, bare=True)
    effort = search.limits.window_effort
    # Simplifying so small a model would take longer than the search.
    status, solver = solve(search, "windows", question, effort, presolve=False)
    if status in FEASIBLE:
        search.accept(model.timing(solver))
    return status

"""A first schedule for the search of :mod:`vliwc.sched.exact.cpsat`, or the proof that none fits
into scratch."""

from __future__ import annotations

from vliwc.sched.anytime import muted
from vliwc.sched.exact.incumbent import Search, timing_of
from vliwc.sched.exact.methods import interval_schedule, time_indexed_schedule
from vliwc.sched.exact.scratch_feasibility import order_exists
from vliwc.sched.greedy.list import AnyListScheduler
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.problem.view import View


def greedy_schedule(search: Search, hint: Schedule | None) -> None:
    """The best of the hint and of what ``list`` finds, with more trials as well."""
    problem = search.view.problem
    trials: list[int | None] = [None]
    if problem.renewable is None:
        trials.append(search.limits.list_trials // max(len(problem), 1))
    best = hint
    for budget in trials:
        if best is not None and best.cycles <= search.lower:
            break
        try:
            with muted():
                found = AnyListScheduler(search.seed).schedule(problem, budget)
        except OutOfScratch:
            continue
        if best is None or found.cycles < best.cycles:
            best = found
    search.best = best
    if best is not None:
        search.timing = timing_of(search.view, best)
        search.tell()


def any_schedule(search: Search) -> None:
    """A schedule of any length, or the proof that none exists.

    Long makespans are easy to fill and hard to prove infeasible, short ones the other way round:
    all are tried, with growing limits.
    """
    view, limits = search.view, search.limits
    if _needed_at_once(view) > view.problem.dense.words:
        search.infeasible = True
        return
    longest = view.serial_length
    limit = limits.first_effort
    # With patience only where the models have not found anything either.
    order_sets = {limit: limits.first_order_sets, 2 * limit: limits.max_order_sets}
    state = (-1, -1)
    while search.left > 0 and search.state != state:
        state = search.state
        if limit in order_sets and not _order_exists(search, order_sets[limit]):
            return
        makespan = search.lower
        while True:
            makespan = min(makespan + max(makespan // limits.makespan_growth, 1), longest)
            for method in (time_indexed_schedule, interval_schedule):
                if search.best is not None or search.infeasible or search.left <= 0:
                    return
                if makespan > search.lower or makespan == longest:
                    method(search, min(limit, search.left), makespan)
            if search.lower > longest:
                search.infeasible, search.longest = True, longest
                return
            if makespan == longest:
                break
        limit *= 2


def _order_exists(search: Search, max_sets: int) -> bool:
    """False, and noted, if it is proved that no order of the operations fits into scratch."""
    exists, sets = order_exists(search.view, search.view.problem.dense.words, max_sets)
    # Not on the search's account: it is little, and the models need all of theirs.
    effort = sets * search.limits.order_effort
    search.spent["orders"] = search.spent.get("orders", 0.0) + effort
    search.infeasible = exists is False
    return not search.infeasible


def _needed_at_once(view: View) -> int:
    """Words that no schedule does without: all operands of some operation, all zeros."""
    operands = [0] * len(view)
    for value, readers in enumerate(view.readers):
        for reader in readers:
            operands[reader] += view.width[value]
    zeros = sum(width for width, zero in zip(view.width, view.is_zero, strict=True) if zero)
    return max(max(operands, default=0), max(view.width, default=0), zeros)

"""`cpsat` on projects with modes: the model of all modes and the project of the best ones, in turn.

The first schedule is greedy.  Then the model of :mod:`vliwc.sched.exact.modes_model` gets a quarter
of the effort, the search for projects a quarter with the modes that were found (it is better at
finding where modes are given, and says nothing about other modes), and the model what is left.
Where there are time lags, which neither greedy schedules nor that search know, the model gets all.
"""

from __future__ import annotations

from vliwc.sched.anytime import muted
from vliwc.sched.exact.modes_model import Improve, ModesSearch
from vliwc.sched.greedy.list import AnyListScheduler
from vliwc.sched.problem.modes import with_modes
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.projects.mode_choice import choose_modes, in_modes


def search_modes(search: ModesSearch, hint: Schedule | None, improve: Improve) -> Schedule:
    """The best schedule found, never worse than ``hint``.  ``improve`` is asked with a budget of at
    least 1. Raises what :meth:`ModesSearch.finished` does."""
    problem = search.problem
    if hint is not None and hint.mode is not None:
        search.offer(hint)
    if problem.lags is not None:
        search.run(search.left)
        return search.finished()
    try:
        choice = choose_modes(problem)
    except OutOfScratch:
        pass  # The model looks for a choice of modes, too.
    else:
        listed = AnyListScheduler(search.seed).schedule(with_modes(problem, choice))
        search.offer(in_modes(problem, listed, choice))
    search.tell()
    part = int(search.effort // 4)
    if not search.done and part:
        search.run(part)
    if not search.done and part and search.best is not None and search.best.mode is not None:
        choice = search.best.mode.tolist()
        with muted():
            made = improve(with_modes(problem, choice), part, search.best)
        search.left -= part
        search.offer(in_modes(problem, made, choice))
    if not search.done:
        search.run(search.left)
    return search.finished()

"""Turns by what methods deliver: equal effort without, a multiple with."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.sched.samples import small_project
from vliwc.sched.exact.incumbent import Search
from vliwc.sched.exact.limits import CpSatLimits
from vliwc.sched.exact.turns import Entry, first_part, run_in_turn
from vliwc.sched.greedy.list import AnyListScheduler
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_problem
from vliwc.sched.problem.view import View


def searching(left: float, problem: ScheduleProblem | None = None) -> Search:
    """A search with a bound far below its schedule."""
    found = problem or project_problem([100] * 3, [[1]] * 3, [1], [])
    search = Search("test", 0, CpSatLimits(), View.of(found), 0, "", left)
    search.best = AnyListScheduler().schedule(found)
    return search


def method(name: str, gain: int = 0) -> Callable[[Search, float], None]:
    """Spends its limit, and raises the bound."""

    def run(search: Search, limit: float) -> None:
        search.account(name, limit, 0)
        if gain:
            search.raise_bound(search.lower + gain, name)

    return run


def test_methods_that_deliver_nothing_get_the_same() -> None:
    search = searching(60.0)
    run_in_turn(search, [Entry(method("a")), Entry(method("b"))])
    assert search.left <= 0
    assert search.spent == {"a": 31.0, "b": 29.0}


def test_a_method_that_delivers_gets_a_multiple() -> None:
    search = searching(120.0)
    run_in_turn(search, [Entry(method("idle")), Entry(method("busy", 1))])
    assert search.spent["busy"] > 3 * search.spent["idle"]


def test_a_method_that_has_nothing_to_try_waits() -> None:
    calls: list[int] = []

    def waiting(search: Search, _limit: float) -> None:
        calls.append(search.lower)

    search = searching(7.0)
    run_in_turn(search, [Entry(waiting)])
    assert (calls, search.left) == ([0], 7.0)
    # It is asked again when the bound has changed.
    run_in_turn(search, [Entry(waiting), Entry(method("busy", 1))])
    assert calls[1:] == sorted(set(calls[1:]))
    assert len(calls) > 3


def test_kinds_of_problems_and_parts() -> None:
    search = searching(8.0, small_project())
    assert Entry(method("a"), kinds="projects").serves(search)
    assert not Entry(method("a"), kinds="blocks").serves(search)
    assert first_part(search, 1.0) == 1.0
    assert first_part(search, 4.0) == 2.0

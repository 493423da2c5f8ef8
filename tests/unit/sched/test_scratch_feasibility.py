"""Whether any order of the operations fits into scratch."""

from __future__ import annotations

from hypothesis import assume, given, settings
from ortools.sat.python import cp_model

from tests.strategies.problems import problems
from tests.unit.sched.samples import machine_problem
from vliwc.sched.allocate import live_ranges, peak_words
from vliwc.sched.exact.scratch_feasibility import order_exists
from vliwc.sched.greedy.backward import BackwardScheduler
from vliwc.sched.greedy.random import RandomScheduler
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import OutOfScratch
from vliwc.sched.problem.view import View, cycles_of
from vliwc.sched.protocol import Scheduler
from vliwc.sched.relaxations.time_indexed import TimeIndexed
from vliwc.sched.staggered.scheduler import ListScheduler


@given(problem=problems())
def test_no_schedule_contradicts_it(problem: ScheduleProblem) -> None:
    """In the words that some schedule takes at once, there is an order."""
    view = View.of(problem)
    schedulers: tuple[Scheduler, ...] = (ListScheduler(), RandomScheduler(3), BackwardScheduler())
    for scheduler in schedulers:
        try:
            schedule = scheduler.schedule(problem, 2)
        except OutOfScratch:
            continue
        words = peak_words(live_ranges(view, cycles_of(problem, schedule)))
        assert order_exists(view, words, 3000)[0] is not False


@settings(deadline=None)
@given(problem=problems(most=10))
def test_where_it_finds_no_order_cp_sat_finds_no_schedule(problem: ScheduleProblem) -> None:
    """One word less than it needs, and so much time that each operation could run alone."""
    view = View.of(problem)
    assume(not any(view.is_zero))  # those the formulation lets go in the cycle of their last read
    words = sum(view.width)
    while words >= 0 and order_exists(view, words, 3000)[0] is not False:
        words -= 1
    assume(words >= 0)
    lags = sum(max(edge.latency - 1, 0) for edge in view.dependences)
    formulation = TimeIndexed(view, sum(max(span, 1) for span in view.span) + lags, words)
    if formulation.possible:
        model, _ = formulation.cp_model()
        assert cp_model.CpSolver().solve(model) == cp_model.INFEASIBLE


def sums(n: int) -> ScheduleProblem:
    """Words ``a[0] .. a[n-1]``, each loaded; then all sums of two neighbours, all added up."""
    operations: list[dict[str, object]] = [{"forms": ["load"], "width": 1} for _ in range(n)]
    operations += [{"forms": ["alu"], "width": 1} for _ in range(n - 1)]
    operations += [{"forms": ["alu"], "width": 1} for _ in range(n - 2)]
    edges: list[list[object]] = []
    for k in range(n - 1):
        edges += [[k, n + k, 1, True], [k + 1, n + k, 1, True]]
    for k in range(n - 2):
        total = n + k if k == 0 else 2 * n - 1 + k - 1
        edges += [[total, 2 * n - 1 + k, 1, True], [n + k + 1, 2 * n - 1 + k, 1, True]]
    return machine_problem(operations, edges, words=64)


def test_the_fewest_words_of_a_chain_of_sums() -> None:
    """The running total, a word and the next one: 3 are enough, 2 are not."""
    view = View.of(sums(6))
    assert order_exists(view, 3, 10_000)[0] is True
    assert order_exists(view, 2, 10_000)[0] is False


def test_operations_that_end_together_free_what_they_share() -> None:
    """Two words, read by two operations: one after the other they need 3 words, together 2."""
    operations: list[dict[str, object]] = [{"forms": ["load"], "width": 1} for _ in range(2)]
    operations += [{"forms": ["alu"], "width": 1} for _ in range(2)]
    operations.append({"forms": ["store"]})
    edges: list[list[object]] = [[a, b, 1, True] for a in (0, 1) for b in (2, 3)]
    edges += [[2, 4, 1, True], [3, 4, 1, True]]
    view = View.of(machine_problem(operations, edges))
    assert order_exists(view, 2, 1000)[0] is True
    assert order_exists(view, 1, 1000)[0] is False


def test_an_operation_of_several_cycles_writes_before_it_has_read_everything() -> None:
    """A vector of 8 lanes, replaced lane by lane: with 2 slots it needs a second place."""
    operations: list[dict[str, object]] = [
        {"forms": ["valu"], "width": 8},
        {"forms": ["load*"], "lanes": 8, "width": 8},
        {"forms": ["store"]},
    ]
    view = View.of(machine_problem(operations, [[0, 1, 1, True], [1, 2, 1, True]]))
    assert view.span[1] == 4
    assert order_exists(view, 16, 1000)[0] is True
    assert order_exists(view, 15, 1000)[0] is False
    operations[1] = {"forms": ["valu"], "width": 8}
    view = View.of(machine_problem(operations, [[0, 1, 1, True], [1, 2, 1, True]]))
    assert order_exists(view, 8, 1000)[0] is True


def test_it_gives_up_where_it_is_told_to() -> None:
    exists, sets = order_exists(View.of(sums(20)), 3, 1)
    assert exists is None and 1 < sets < 40

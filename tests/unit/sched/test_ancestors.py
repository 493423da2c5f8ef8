"""Windows from the work of ancestors: no schedule leaves them, and they see what paths do not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given

from tests.strategies.problems import problems
from tests.unit.sched.samples import block, machine_problem, some_schedules
from vliwc.sched.exact.cpsat import CpSatScheduler
from vliwc.sched.exact.incumbent import Search
from vliwc.sched.exact.limits import CpSatLimits
from vliwc.sched.exact.methods import sharper_windows
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_problem
from vliwc.sched.problem.schedule import Schedule
from vliwc.sched.problem.view import View, cycles_of
from vliwc.sched.relaxations.ancestors import sharpened, steps


def within(problem: ScheduleProblem, schedules: Sequence[Schedule]) -> None:
    """The windows are no wider than those of the paths, and all schedules keep to them."""
    plain = View.of(problem)
    windows = sharpened(plain)
    heads, tails = np.array(windows.view.heads), np.array(windows.view.tails)
    assert (heads >= plain.heads).all() and (tails >= plain.tails).all()
    assert windows.cycles >= windows.view.critical_path >= plain.critical_path
    for schedule in schedules:
        cycles = cycles_of(problem, schedule)
        assert windows.cycles <= schedule.cycles
        assert all(own[0] >= head for own, head in zip(cycles, heads, strict=True))
        assert all(
            own[-1] + tail < schedule.cycles for own, tail in zip(cycles, tails, strict=True)
        )


@given(problem=problems())
def test_no_schedule_leaves_them(problem: ScheduleProblem) -> None:
    within(problem, some_schedules(problem))


@pytest.mark.parametrize(
    ("kernel", "params"),
    [("binary_search", {"n": 15, "batch": 24}), ("murmur", {"n": 24, "seed": 7})],
)
def test_no_schedule_of_a_kernel_leaves_them(kernel: str, params: dict[str, int]) -> None:
    problem = block(kernel, 2, **params)
    within(problem, [*some_schedules(problem), CpSatScheduler().schedule(problem, 5)])


def reads_after_words() -> ScheduleProblem:
    """12 words, 2 a cycle, and two reads that need all of them; 6 more words after each."""
    operations: list[dict[str, object]] = [
        {"name": f"op{k}", "forms": ["load"], "width": 1} for k in range(26)
    ]
    edges: list[list[object]] = [[k, read, 1, True] for k in range(12) for read in (12, 13)]
    edges += [[12 + k % 2, 14 + k, 1, True] for k in range(12)]
    return machine_problem(operations, edges)


def test_what_all_ancestors_take_counts() -> None:
    """The paths say 3 cycles, all loads together 13; the reads share a cycle: 6 + 1 + 6."""
    problem = reads_after_words()
    windows = sharpened(View.of(problem))
    assert windows.view.heads == [0] * 12 + [6] * 2 + [7] * 12
    assert windows.view.tails == [7] * 12 + [3] * 2 + [0] * 12
    assert windows.cycles == 13


def test_it_sees_engines_that_share_operations() -> None:
    """Nine constants for load or flow, three a cycle, before a store: no engine alone is full,
    and the best prices of all engines are on the one that the rest of the block takes."""
    operations: list[dict[str, object]] = [
        {"name": f"op{k}", "forms": ["load", "flow"], "width": 1} for k in range(9)
    ]
    operations.append({"name": "put", "forms": ["store"]})
    operations += [{"name": f"other{k}", "forms": ["valu"]} for k in range(60)]
    problem = machine_problem(operations, [[k, 9, 1, True] for k in range(9)])
    assert sharpened(View.of(problem)).view.heads[9] == 3


def test_projects_keep_their_paths() -> None:
    """On PSPLIB's files the work of ancestors proves nothing more."""
    problem = project_problem([2, 2, 1], [[2], [2], [0]], [3], [(0, 2, 1), (1, 2, 1)])
    search = Search("cpsat", 0, CpSatLimits(), View.of(problem), 0, "", 10.0)
    sharper_windows(search)
    assert search.view.windows is None and search.left == 10


def test_cpsat_takes_them_for_all_models() -> None:
    """Unless there are too many operations; what it has cost is on the account."""
    problem = block("binary_search", 2, n=63, batch=40)
    view = View.of(problem)
    least = sharpened(view).cycles
    assert least > lower_bound(problem).cycles
    for limits, used in ((CpSatLimits(), True), (CpSatLimits(max_window_steps=0), False)):
        search = Search("cpsat", 0, limits, view, lower_bound(problem).cycles, "", 10.0)
        sharper_windows(search)
        assert (search.view.windows is not None) == used
        assert (search.proved >= least) == used
        assert search.left == pytest.approx(10 - used * steps(view) * limits.step_effort)

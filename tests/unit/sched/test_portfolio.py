"""`list` adapts: nobody has to know which greedy rule suits a problem."""

from __future__ import annotations

from statistics import median

import numpy as np
import pytest

from tests.unit.sched.samples import block, chain_of_loads, machine_problem
from vliwc.lab.generators import GENERATORS, generate
from vliwc.sched.check import check_schedule
from vliwc.sched.greedy import portfolio
from vliwc.sched.greedy.core import GreedyRunner
from vliwc.sched.greedy.list import AnyListScheduler
from vliwc.sched.greedy.priorities import PRIORITIES
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.problem.view import View
from vliwc.sched.registry import make_scheduler
from vliwc.sched.staggered.deadlines import ranks
from vliwc.sched.staggered.scheduler import ListScheduler

OTHERS = ("random", "backward", *(f"list:{priority}" for priority in PRIORITIES))


@pytest.mark.parametrize("family", sorted(GENERATORS))
def test_no_other_greedy_scheduler_has_a_smaller_median(family: str) -> None:
    scarce = {"strength": 0.2} if family == "projects" else {"pressure": 0.7}
    problems = [generate(GENERATORS[family](**scarce), seed).problem for seed in range(60, 65)]
    gaps: dict[str, float] = {}
    for name in ("list", *OTHERS):
        cycles = [make_scheduler(name, 1).schedule(problem).cycles for problem in problems]
        bounds = [lower_bound(problem).cycles for problem in problems]
        gaps[name] = median(c / b for c, b in zip(cycles, bounds, strict=True))
    assert gaps["list"] == min(gaps.values())


@pytest.mark.parametrize(
    ("kernel", "params"),
    [("lcg", {"lanes": 32, "steps": 16}), ("binary_search", {"n": 15, "batch": 40})],
)
def test_kernels_are_never_worse_than_staggered(kernel: str, params: dict[str, int]) -> None:
    problem = block(kernel, **params)
    found = AnyListScheduler().schedule(problem)
    check_schedule(problem, found)
    assert found.cycles <= ListScheduler().schedule(problem).cycles
    assert found.scheduler == "list"


def test_seeds_give_equal_schedules() -> None:
    problem = generate(GENERATORS["layered"](pressure=0.9), 3).problem
    one, other = (AnyListScheduler(5).schedule(problem) for _ in range(2))
    assert np.array_equal(one.lane_cycle, other.lane_cycle)
    assert np.array_equal(one.address, other.address)


def test_nothing_is_tried_once_the_bound_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = chain_of_loads(6)
    met = AnyListScheduler().schedule(problem)
    assert met.status == "optimal"

    def never(*_arguments: object) -> Schedule:
        raise AssertionError("a schedule that cannot be better")

    monkeypatch.setattr(GreedyRunner, "run", never)
    assert portfolio.better_schedule(problem, met, 0, "list") is met


def test_what_fits_nowhere_is_out_of_scratch() -> None:
    operations: list[dict[str, object]] = [{"forms": ["load"], "width": 8} for _ in range(3)]
    operations.append({"forms": ["store"]})
    edges: list[list[object]] = [[k, 3, 1, True] for k in range(3)]
    with pytest.raises(OutOfScratch, match="16 words"):
        AnyListScheduler().schedule(machine_problem(operations, edges, words=16))


def test_a_smaller_look_ahead_to_begin_with() -> None:
    problem = generate(GENERATORS["layered"](), 1).problem
    runner = GreedyRunner(problem)
    rank = ranks(-np.array(View.of(problem).tails, float))
    assert runner.run(rank, "whole").statistics["lookahead"] == len(problem)
    part = runner.run(rank, "part", 0.5)
    check_schedule(problem, part)
    assert part.statistics["lookahead"] == len(problem) // 2

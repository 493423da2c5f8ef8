"""Annealing: how much of it, and when it stops."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from tests.unit.backend.test_candidates import kernel, lane_program
from vliwc.backend import anneal as rounds
from vliwc.backend.anneal import TUNING, planned_schedules
from vliwc.backend.candidates import EFFORT, balanced, generate
from vliwc.clock import Clock
from vliwc.options import Options
from vliwc.sched.anytime import watch
from vliwc.sched.staggered.anneal import Cooling, anneal, anneal_parallel
from vliwc.sched.staggered.search import StaggerSearch


@pytest.mark.parametrize("size", [1, 20, 500, 8_500, 100_000])
def test_effort_grows_with_the_problem_and_is_limited(size: int) -> None:
    work = EFFORT[3].anneal
    schedules = planned_schedules(size, work)
    assert schedules <= TUNING.per_operation * size
    assert schedules * size <= work
    assert schedules >= min(TUNING.per_operation * size, work // size)


def test_a_small_kernel_is_annealed_no_longer_than_its_size_is_worth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The chains of a kernel of a few hundred operations make a few thousand schedules."""
    asked: list[tuple[int, int]] = []
    whole = rounds.anneal_parallel

    def counted(dense, tails, starts, bound, steps, *rest):  # type: ignore[no-untyped-def]
        asked.append((len(dense.lanes), steps * len(starts)))
        return whole(dense, tails, starts, bound, steps, *rest)

    monkeypatch.setattr(rounds, "anneal_parallel", counted)
    options = Options(level=3)
    program = lane_program(kernel(24, 3), level=3)
    generate(program, balanced(program, options), options, Clock())
    assert asked
    assert sum(schedules for _, schedules in asked) <= TUNING.per_operation * asked[0][0]


def test_a_chain_stops_at_the_bound() -> None:
    """Steps without end would be made if a chain at the bound went on."""
    options = Options(level=1)
    program = lane_program(kernel(8, 1), level=1)
    problem = generate(program, balanced(program, options), options, Clock()).problem
    search = StaggerSearch(problem, 0)
    search.begin()
    runner = search.runner
    cooling = Cooling(1.0, 0.1, 4.0, 1.0)
    told = runner.dense, runner.tails, search.windows, search.cycles
    go_on = np.zeros(1, dtype=np.int32)
    few = anneal(*told, 1, 0, cooling, go_on)
    endless = anneal(*told, 1 << 40, 0, cooling, go_on)
    assert endless.cycles == few.cycles == search.cycles
    assert np.array_equal(endless.windows.start, few.windows.start)


def test_chains_end_when_they_are_told_to() -> None:
    """They would go on for years: no schedule takes a cycle less than the best there is."""
    options = Options(level=1)
    program = lane_program(kernel(8, 1), level=1)
    problem = generate(program, balanced(program, options), options, Clock()).problem
    search = StaggerSearch(problem, 0)
    search.begin()
    runner = search.runner
    told = runner.dense, runner.tails, [search.windows] * 3, 1
    cooling = Cooling(1.0, 0.1, 4.0, 1.0)
    with watch() as run:
        timer = threading.Timer(0.3, run.stop)
        timer.start()
        chains = anneal_parallel(*told, 1 << 40, 0, cooling, 2)
        assert run.stopped
        assert len(anneal_parallel(*told, 1 << 40, 0, cooling, 2)) == len(chains) == 3

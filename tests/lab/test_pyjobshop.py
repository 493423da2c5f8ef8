"""The example that runs PyJobShop as a scheduler: right on all kinds of problems, and as good as
`cpsat` where both have time enough."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.strategies.problems import random_problem
from vliwc.lab.generators import generate, generator
from vliwc.sched.check import violations
from vliwc.sched.exact.cpsat import CpSatScheduler
from vliwc.sched.problem.modes import Mode, mode_problem
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import OutOfScratch

pytest.importorskip("pyjobshop")
ADAPTER = "examples/pyjobshop_adapter/vliwc_pyjobshop.py"


@pytest.fixture(scope="module")
def adapter(repository: Path) -> Any:
    spec = importlib.util.spec_from_file_location("vliwc_pyjobshop", repository / ADAPTER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


def both(adapter: Any, problem: ScheduleProblem, effort: int = 5) -> tuple[int, int]:
    """The cycles of PyJobShop and of `cpsat`, which has proved its own."""
    found = adapter.make(0).schedule(problem, effort)
    assert not violations(problem, found)
    own = CpSatScheduler().schedule(problem, 20)
    assert own.status == "optimal"
    assert found.statistics["claimed_bound"] <= own.cycles <= found.cycles
    return found.cycles, own.cycles


@pytest.mark.parametrize("seed", range(6))
def test_any_kind_of_operation(adapter: Any, seed: int) -> None:
    """Vector forms, forms by lanes, both; serial lanes, results that nothing writes, latency 0."""
    found, own = both(adapter, random_problem(seed))
    assert found == own


def test_projects(adapter: Any) -> None:
    problem = generate(generator("projects", {"jobs": "20"}), 3).problem
    found, own = both(adapter, problem)
    assert found == own


def test_modes(adapter: Any) -> None:
    """Two fast ways are more than the money allows; a way that no resource allows is not taken."""
    ways = [Mode(1, (1,), (3,)), Mode(4, (1,), (0,)), Mode(0, (0,), (9,))]
    problem = mode_problem([ways] * 3, [1], [5], [(0, 1, 1), (1, 2, 2)])
    found = adapter.make(0).schedule(problem)
    assert not violations(problem, found)
    assert sorted(found.mode.tolist()) == [0, 1, 1]
    assert found.cycles == 10 == CpSatScheduler().schedule(problem).cycles


def test_results_that_do_not_fit_are_scheduled_in_its_order(adapter: Any) -> None:
    tight = generate(generator("layered", {"pressure": "0.9"}), 1).problem
    found = adapter.make(0).schedule(tight, 2)
    assert not violations(tight, found)


def test_equal_schedules_and_hints(adapter: Any) -> None:
    problem = generate(generator("projects", {}), 5).problem
    first, again = (adapter.make(0).schedule(problem, 1) for _ in range(2))
    assert first.lane_cycle.tolist() == again.lane_cycle.tolist()
    assert adapter.make(0).schedule(problem, 1, hint=first).cycles == first.cycles


def test_no_schedule_is_said(adapter: Any) -> None:
    """With no effort nothing is found; a hint is what remains then."""
    problem = generate(generator("projects", {"jobs": "60"}), 1).problem
    nothing = adapter.PyJobShop(effort=1e-9)
    with pytest.raises(OutOfScratch, match="found no schedule within 1e-09 units"):
        nothing.schedule(problem)
    hint = CpSatScheduler().schedule(problem, 1)
    assert nothing.schedule(problem, hint=hint).cycles == hint.cycles

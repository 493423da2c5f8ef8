"""The cause of a cycle: the first that applies, on made-up counts of operations that wait."""

from __future__ import annotations

import numpy as np
import pytest

from tests.strategies.problems import Sketch, Task, small_machine
from tests.unit.sched.helpers import ints
from vliwc.explain.causes import (
    BEHIND,
    LATENCY,
    LATER,
    NONE_LEFT,
    SCRATCH,
    WORK,
    _cause,
    _Waiting,
)
from vliwc.explain.timing import timing
from vliwc.sched.problem.dense import ENGINES
from vliwc.sched.problem.schedule import Schedule

ALU, VALU, LOAD = (ENGINES.index(name) for name in ("alu", "valu", "load"))


def cause(
    *,
    prices: dict[int, float],
    free: dict[int, int],
    left: dict[int, int] | None = None,
    movable: dict[int, int] | None = None,
    blocked: dict[int, int] | None = None,
) -> str:
    """The cause of cycle 1 of 3, with counts by engine; all others are zero."""

    def rows(counts: dict[int, int] | None) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        found = np.zeros((len(ENGINES), 3), dtype=np.int64)
        for engine, count in (counts or {}).items():
            found[engine, 1] = count
        return found

    price, unused = np.zeros(len(ENGINES)), np.zeros(len(ENGINES), dtype=np.int64)
    for engine, value in prices.items():
        price[engine] = value
    for engine, count in free.items():
        unused[engine] = count
    return _cause(1, price, unused, _Waiting(rows(left), rows(movable), rows(blocked)))


def test_engines_without_a_price_do_not_count() -> None:
    assert cause(prices={VALU: 0.5}, free={LOAD: 2}) == WORK
    assert cause(prices={VALU: 0.5}, free={VALU: 1, LOAD: 2}) == NONE_LEFT


@pytest.mark.parametrize(
    ("movable", "blocked", "left", "expected"),
    [
        (1, 1, 2, LATER),
        (0, 1, 2, SCRATCH),
        (0, 0, 2, LATENCY),
        (0, 0, 0, NONE_LEFT),
    ],
)
def test_the_first_that_applies(movable: int, blocked: int, left: int, expected: str) -> None:
    found = cause(
        prices={VALU: 0.5},
        free={VALU: 1},
        movable={VALU: movable},
        blocked={VALU: blocked},
        left={VALU: left},
    )
    assert found == expected


def test_the_longest_line_at_an_engine_without_free_slots() -> None:
    waiting = {"prices": {VALU: 0.5, ALU: 0.1, LOAD: 0.1}, "left": {VALU: 3}}
    lines = {"movable": {ALU: 2, LOAD: 1}, "blocked": {LOAD: 3}}
    assert cause(**waiting, **lines, free={VALU: 1}) == f"{BEHIND}load"
    assert cause(**waiting, movable={ALU: 2, LOAD: 1}, free={VALU: 1}) == f"{BEHIND}alu"
    # Who stands in line for an engine with free slots waits for nothing there.
    only_valu = {"prices": {VALU: 0.5}, "left": {VALU: 3}}
    assert cause(**only_valu, movable={LOAD: 4, ALU: 1}, free={VALU: 1, LOAD: 1}) == f"{BEHIND}alu"


@pytest.mark.parametrize(
    ("serial", "movable"), [(False, [1, 1, 1, 1, 1, 1, 0, 0]), (True, [1, 0, 1, 0, 0, 1, 0, 0])]
)
def test_an_operation_is_left_until_its_last_lane(serial: bool, movable: list[int]) -> None:
    """Lanes one after the other wait for each other: in a cycle with one no other could run."""
    sketch = Sketch(small_machine(vlen=4, words=64, load=2))
    sketch.add(Task(scalarised=LOAD, lanes=4, width=4, serial=serial))
    problem = sketch.problem()
    schedule = Schedule(7, ints([LOAD]), ints([1, 3, 4, 6]), ints([0]), 4, "by hand")
    waiting = _Waiting.of(problem.dense, schedule, timing(problem, schedule))
    assert waiting.left[LOAD].tolist() == [1, 1, 1, 1, 1, 1, 0, 0]
    assert waiting.movable[LOAD].tolist() == movable
    assert not waiting.blocked.any() and not waiting.left[ALU].any()

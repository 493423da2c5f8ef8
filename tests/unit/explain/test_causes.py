"""The cause of a cycle: the first that applies, on made-up counts of operations that wait."""

from __future__ import annotations

import numpy as np
import pytest

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
from vliwc.sched.problem.dense import ENGINES

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

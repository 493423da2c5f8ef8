"""Leaderboards: ranks, intervals and tests against figures computed by hand or by other means."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from tests.unit.lab.test_store import ROW
from vliwc.lab.results.leaderboard import boards, critical_difference, entrant_of, mean_ranks
from vliwc.lab.results.leaderboard_page import leaderboard_page
from vliwc.lab.results.profile_chart import HEIGHT, WIDTH, chart
from vliwc.lab.runs.job import Row

START = datetime(2026, 1, 1, tzinfo=UTC)


def row(instance: str, scheduler: str, cycles: int, family: str = "f", **changed: Any) -> Row:
    """A run that took so many cycles, or with 0 found no schedule; the bound is 10."""
    fixed = replace(
        ROW,
        instance=instance,
        family=family,
        digest=instance,
        scheduler=scheduler,
        seed=0,
        budget=None,
        cycles=cycles,
        lower_bound=10,
        status="feasible" if cycles else "none",
        optimum=None,
        options="",
    )
    return replace(fixed, **changed)


def stored(rows: list[Row]) -> list[tuple[datetime, Row]]:
    return [(START + timedelta(seconds=k), each) for k, each in enumerate(rows)]


def eight(*cycles: tuple[str, int]) -> list[Row]:
    """Each scheduler with its cycles on eight instances."""
    return [row(f"i{k}", name, number) for k in range(8) for name, number in cycles]


def test_ranks_share_ties_and_nothing_comes_last() -> None:
    cycles = np.array([[10.0, 10.0, 12.0], [11.0, 10.0, math.inf]])
    assert mean_ranks(cycles).tolist() == [[1.5, 1.5, 3.0], [2.0, 1.0, 3.0]]


def test_the_critical_difference_is_that_of_the_literature() -> None:
    # Demsar 2006, table 5: q = 2.343, 2.569, 2.728 for 3, 4, 5 at 5 %; his example: 4 of 14.
    for entrants, q in ((3, 2.343), (4, 2.569), (5, 2.728)):
        scale = math.sqrt(entrants * (entrants + 1) / (6 * 14))
        assert critical_difference(entrants, 14) == pytest.approx(q * scale, abs=2e-3)
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.01)


def test_a_clear_order_is_told_apart() -> None:
    (board,) = boards(stored(eight(("c", 14), ("a", 10), ("b", 12))))
    assert [s.entrant for s in board.standings] == ["a", "b", "c"]
    assert [s.rank for s in board.standings] == [1.0, 2.0, 3.0]
    assert [(s.low, s.high) for s in board.standings] == [(1, 1), (2, 2), (3, 3)]
    assert [s.gap for s in board.standings] == [0.0, pytest.approx(0.2), pytest.approx(0.4)]
    assert [s.best for s in board.standings] == [8, 0, 0]
    # chi^2 = 12 N / (k (k + 1)) * (sum of squared mean ranks - k (k + 1)^2 / 4) = 16, 2 degrees.
    assert board.friedman == pytest.approx(math.exp(-8))
    assert [s.close for s in board.standings] == [True, True, False], "1.17 is the difference"


def test_where_all_are_alike_nobody_is_behind() -> None:
    (board,) = boards(stored(eight(("a", 10), ("b", 10), ("c", 10))))
    assert board.friedman is None
    assert all(s.close and s.rank == 2.0 for s in board.standings)


def test_few_instances_or_entrants_are_not_tested() -> None:
    rows = [row(f"i{k}", name, 10 + at) for k in range(5) for at, name in enumerate("abc")]
    (board,) = boards(stored(rows))
    assert (board.friedman, board.difference) == (None, None)
    assert board.standings[0].low is None
    (board,) = boards(stored(eight(("a", 10), ("b", 11))))
    assert (board.friedman, board.difference) == (None, None)


def test_seeds_are_made_one_and_the_newest_code_counts() -> None:
    rows = [row("i", "a", cycles, seed=seed) for seed, cycles in enumerate((10, 30, 20))]
    rows += [row("i", "b", 15), row("i", "b", 25, code="b")]
    (board,) = boards(stored(rows))
    assert [(s.entrant, s.gap) for s in board.standings] == [("a", 1.0), ("b", 1.5)]


def test_instances_that_not_all_have_run_are_left_out() -> None:
    rows = [*eight(("a", 10), ("b", 11)), row("only", "a", 99)]
    (board,) = boards(stored(rows))
    assert (board.instances, board.left_out) == (8, 1)
    assert board.standings[0].gap == 0.0
    (board,) = boards(stored([row("x", "a", 10), row("y", "b", 10)]))
    assert (board.instances, board.left_out, board.standings) == (0, 2, ())


def test_no_schedule_is_last_and_has_no_gap() -> None:
    (board,) = boards(stored(eight(("a", 0), ("b", 11))))
    last = board.standings[-1]
    assert (last.entrant, last.gap, last.scheduled, last.best) == ("a", None, 0, 0)


def test_corpora_stand_apart_and_together() -> None:
    rows = [row("i", "a", 10), row("i", "b", 11)]
    rows += [row("j", "a", 13, family="g"), row("j", "b", 12, family="g")]
    found = boards(stored(rows))
    assert [board.corpus for board in found] == ["all", "f", "g"]
    assert [s.rank for s in found[0].standings] == [1.5, 1.5]
    assert [board.standings[0].entrant for board in found[1:]] == ["a", "b"]
    assert boards([]) == []


def test_profiles_are_of_the_instances_that_count() -> None:
    rows = [row(f"i{k}", name, 10) for k in range(3) for name in "ab"]
    rows += [row("j", "a", 0), row("j", "b", 12), row("k", "a", 15), row("k", "b", 10)]
    (board,) = boards(stored([*rows, row("only", "a", 99)]))
    assert [(p.scheduler, p.ratios, p.shares) for p in board.profiles] == [
        ("b", (1.0,), (1.0,)),
        ("a", (1.0, 1.5), (0.6, 0.8)),
    ]
    assert [p.scheduler for p in board.profiles] == [s.entrant for s in board.standings]
    drawn = chart(board.profiles)
    end = 1.5**1.04
    at = WIDTH * math.log(1.5) / math.log(end)
    # From 60 % at the left, up to 80 % at factor 1.5, and on to the right end.
    path = f"M0.0 {0.4 * HEIGHT:.1f}H{at:.1f}V{0.2 * HEIGHT:.1f}H{WIDTH:.1f}"
    assert [curve.path for curve in drawn.curves] == [f"M0.0 0.0H{WIDTH:.1f}", path]
    assert (drawn.curves[1].first, drawn.curves[1].last) == (60, 80)
    assert len({(curve.colour, curve.dashes) for curve in drawn.curves}) == 2
    assert [tick.text for tick in drawn.factors] == ["1", "1.1", "1.2", "1.3", "1.4", "1.5"]
    assert [tick.place for tick in drawn.shares] == [HEIGHT, 195, 130, 65, 0]


def test_profiles_of_nothing_but_failures() -> None:
    (board,) = boards(stored([row("i", name, 0) for name in "ab"]))
    curves = chart(board.profiles).curves
    assert [curve.path for curve in curves] == [f"M0.0 {HEIGHT}H{WIDTH}"] * 2
    assert "<figure>" in leaderboard_page([board], "t")
    (board,) = boards(stored([row("x", "a", 10), row("y", "b", 10)]))
    assert "<figure>" not in leaderboard_page([board], "t"), "no instance in common"


def test_budgets_and_options_are_other_entrants() -> None:
    names = {entrant_of(row("i", "a", 10, budget=budget)) for budget in (None, 5)}
    assert names == {"a", "a (budget 5)"}
    assert entrant_of(row("i", "a", 10, options="-O3")) == "a -O3"


def test_the_page_is_whole_escaped_and_the_same_again() -> None:
    found = boards(stored(eight(("<b>", 10), ("b", 11), ("c", 12))))
    page = leaderboard_page(found, "R & D")
    assert page == leaderboard_page(found, "R & D")
    assert "&lt;b&gt;" in page and "<b>b" not in page and "R &amp; D" in page
    assert page.count("<tr") == 1 + 3
    assert page.count("<figure>") == 1 and page.count('class="curve"') == 2 * 3
    for outside in ("http:", "https:", "src=", "href="):
        assert outside not in page

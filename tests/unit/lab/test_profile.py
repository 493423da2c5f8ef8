"""Performance profiles by hand, and what holds for all of them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies.comparisons import comparisons, make_row
from vliwc.lab.results.comparison import Comparison
from vliwc.lab.results.profile import LEAST_SECONDS, cycle_profiles, profiles, time_profiles
from vliwc.lab.runs.job import Row

INF = math.inf
COSTS = st.one_of(st.floats(0, 1e6), st.just(INF))


def test_by_hand() -> None:
    a, b = profiles({"a": [1, 4, 3, INF], "b": [2, 2, 3, INF]})
    assert (a.ratios, a.shares) == ((1.0, 2.0), (0.5, 0.75))
    assert (b.ratios, b.shares) == ((1.0, 2.0), (0.5, 0.75))
    assert [a.at(factor) for factor in (0.5, 1, 1.99, 2, 1e9)] == [0, 0.5, 0.5, 0.75, 0.75]


def test_free_solutions() -> None:
    a, b = profiles({"a": [0.0], "b": [5.0]})
    assert a.at(1) == 1.0 and b.at(1e9) == 0.0


def test_bad_costs_are_refused() -> None:
    with pytest.raises(ValueError, match="each instance"):
        profiles({"a": [1.0], "b": [1.0, 2.0]})
    for bad in (-1.0, math.nan):
        with pytest.raises(ValueError, match="negative or not a number"):
            profiles({"a": [bad]})


def test_seconds_below_the_clock_are_equal() -> None:
    rows = [
        make_row("x", "a", 3, seconds=LEAST_SECONDS / 100),
        make_row("x", "b", 3, seconds=LEAST_SECONDS / 2),
        make_row("x", "c", 3, seconds=LEAST_SECONDS * 4),
        make_row("x", "d", 0, seconds=0.0),
    ]
    found = time_profiles(Comparison(rows))
    assert [profile.at(1) for profile in found] == [1, 1, 0, 0]
    assert found[2].ratios == (1.0, 4.0)
    assert found[3].at(1e12) == 0, "quick, but without a schedule"


@given(st.integers(1, 9).flatmap(lambda n: st.lists(st.lists(COSTS, min_size=n, max_size=n))))
def test_profiles_are_monotone_shares(columns: list[list[float]]) -> None:
    found = profiles({str(at): own for at, own in enumerate(columns)})
    for profile, own in zip(found, columns, strict=True):
        assert profile.ratios[0] == 1.0 and profile.at(0.99) == 0
        assert list(profile.ratios) == sorted(set(profile.ratios))
        assert list(profile.shares) == sorted(profile.shares)
        assert all(0 <= share <= 1 for share in profile.shares)
        # A ratio is infinite without a cost, or against one that is nothing.
        solved = sum(cost < INF for cost in own) / len(own)
        assert profile.shares[-1] <= solved
        if all(cost > 1e-3 for column in columns for cost in column):
            assert profile.shares[-1] == solved
    if columns:
        solvable = sum(min(column) < INF for column in zip(*columns, strict=True))
        assert sum(p.at(1) for p in found) * len(columns[0]) >= solvable - 1e-9


@given(comparisons())
def test_profiles_of_comparisons(rows: list[Row]) -> None:
    comparison = Comparison(rows)
    for found in (cycle_profiles(comparison), time_profiles(comparison)):
        for profile, summary in zip(found, comparison.summaries, strict=True):
            assert profile.scheduler == summary.scheduler
            assert profile.shares[-1] == summary.scheduled / len(comparison.compared)

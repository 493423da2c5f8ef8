"""Intervals and tests: by hand, by the binomial distribution, by enumeration."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from vliwc.lab.results.statistics import FEWEST, holm, median_interval, signed_rank

INF = math.inf


def enumerated(differences: list[float]) -> float:
    """The two-sided p of the signed-rank test, straight from its definition: every sign pattern
    is equally likely; count those at least as far from the middle."""
    ranks = rankdata([abs(value) for value in differences])
    middle = ranks.sum() / 2
    own = abs(sum(r for r, value in zip(ranks, differences, strict=True) if value > 0) - middle)
    patterns = list(product((0, 1), repeat=len(differences)))
    far = [
        abs(sum(r for r, sign in zip(ranks, signs, strict=True) if sign) - middle) >= own - 1e-9
        for signs in patterns
    ]
    return sum(far) / len(patterns)


def test_six_wins_of_six() -> None:
    # Of 2**6 sign patterns two are as one-sided as that.
    assert signed_rank([1, 2, 3, 4, 5, 6]) == (6, pytest.approx(2 / 64))
    assert signed_rank([-1, -2, -3, -4, -5, -6]) == (6, pytest.approx(2 / 64))


def test_too_few_pairs_have_no_p() -> None:
    assert signed_rank([]) == (0, None)
    assert signed_rank([0.0] * 50) == (0, None)
    assert signed_rank([0.0, 1, 2, 3, 0.0, 4, 5]) == (5, None)


def test_zeros_are_left_out() -> None:
    values = [3.0, 1.0, -2.0, 5.0, 4.0, 6.0, -0.5]
    assert signed_rank([0.0, *values, 0.0]) == signed_rank(values)


@given(st.lists(st.sampled_from([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0]), min_size=6, max_size=9))
def test_few_pairs_are_exact_with_ties(differences: list[float]) -> None:
    count, p = signed_rank(differences)
    assert count == len(differences) and p == pytest.approx(enumerated(differences))


@given(
    st.lists(
        st.one_of(st.integers(-9, 9).map(float), st.sampled_from([INF, -INF])),
        min_size=0,
        max_size=40,
    )
)
def test_both_directions_agree(differences: list[float]) -> None:
    count, p = signed_rank(differences)
    assert (count, p) == pytest.approx(signed_rank([-value for value in differences]))
    assert p is None or 0 < p <= 1
    assert (p is None) == (count < FEWEST)


def test_infinite_differences_rank_highest_and_equally() -> None:
    finite = [1.0, -2.0, 3.0, 4.0, 5.0]
    assert signed_rank([*finite, INF, INF]) == signed_rank([*finite, 99.0, 99.0])
    assert signed_rank([*finite, -INF]) == signed_rank([*finite, -6.0])


def test_interval_needs_six_values() -> None:
    too_few = median_interval([0.1] * 5)
    assert (too_few.count, too_few.low, too_few.high) == (5, None, None)
    assert median_interval([]).count == 0
    same = median_interval([0.25] * 6)
    assert (same.low, same.high) == (0.25, 0.25)


def test_interval_contains_what_the_binomial_one_does() -> None:
    """Order statistics 40 and 61 of 100 hold the median with 95 % by the binomial distribution."""
    values = [float(k) for k in range(1, 101)]
    found = median_interval(values)
    assert found.low is not None and found.high is not None
    assert found.low == pytest.approx(40, abs=3) and found.high == pytest.approx(61, abs=3)


def test_interval_with_infinite_values() -> None:
    mostly = median_interval([1.0, 2.0, INF, INF, INF, INF, INF, INF])
    assert mostly.high == INF
    everything = median_interval([INF] * 7)
    assert (everything.low, everything.high) == (INF, INF)
    rarely = median_interval([float(k) for k in range(50)] + [INF])
    assert rarely.high is not None and rarely.high < 50


@given(st.lists(st.integers(0, 20).map(float), min_size=6, max_size=12), st.integers(0, 5))
def test_interval_is_reproducible_and_inside(values: list[float], seed: int) -> None:
    found = median_interval(values, seed)
    assert found == median_interval(values, seed)
    assert found.low is not None and found.high is not None
    assert min(values) <= found.low <= found.high <= max(values)


def test_holm_by_hand() -> None:
    # Sorted 0.01 0.03 0.04: times 3, 2, 1 gives 0.03 0.06 0.04; the last may not fall below 0.06.
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_corrects_upwards_and_keeps_the_order(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, corrected, strict=True))
    by_p = [q for _, q in sorted(zip(p_values, corrected, strict=True))]
    assert by_p == sorted(by_p)

"""Comparisons of schedulers, counted by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given

from tests.strategies.comparisons import comparisons, make_row
from vliwc.lab.results.comparison import KNOWN_OPTIMUM, Comparison, ComparisonError
from vliwc.lab.runs.job import Row

INF = math.inf


def test_a_bound_holds_for_all_schedulers() -> None:
    comparison = Comparison(
        [
            make_row("x", "quick", 12, bound=8),
            make_row("x", "slow", 10, bound=10),
            make_row("x", "failing", bound=11, status="failed"),
        ]
    )
    assert comparison.cases["x"].bound == 10, "the bound of a failed run is not believed"
    assert comparison.outcomes["x", "quick"].gap == pytest.approx(0.2)
    assert comparison.summary("quick").proved == 0
    slow = comparison.summary("slow")
    assert (slow.proved, slow.at_bound, slow.best, slow.median_gap) == (1, 1, 1, 0.0)


def test_reaching_a_bound_of_others_is_no_proof() -> None:
    rows = [make_row("x", "quick", 10, bound=8), make_row("x", "slow", 12, bound=10)]
    quick = Comparison(rows).summary("quick")
    assert (quick.at_bound, quick.proved) == (1, 0)


def test_known_optima_are_bounds() -> None:
    comparison = Comparison([make_row("x", "quick", 12, bound=8, optimum=10)])
    assert comparison.cases["x"].bound == 10 and not comparison.failed
    wrong = Comparison([make_row("x", "quick", 12, bound=8, optimum=13)])
    assert wrong.cases["x"].bound == 8 and wrong.failed
    (claim,) = wrong.contradictions
    assert claim.scheduler == KNOWN_OPTIMUM and "13" in claim.message and "12" in claim.message


def test_seeds_are_one_outcome() -> None:
    rows = [make_row("x", "a", cycles, seed=seed) for seed, cycles in enumerate((9, 4, 6))]
    rows += [make_row("x", "b", cycles, seed=seed) for seed, cycles in enumerate((5, 6))]
    comparison = Comparison(rows)
    a, b = comparison.outcomes["x", "a"], comparison.outcomes["x", "b"]
    assert (a.seeds, a.cycles, b.seeds, b.cycles) == (3, 6.0, 2, 5.5)
    (pair,) = comparison.pairwise
    assert (pair.wins, pair.ties, pair.losses) == (0, 0, 1), "one instance is one pair"
    summary = comparison.summary("a")
    assert (summary.runs, summary.instances) == (3, 1)


def test_half_of_the_seeds_without_schedule_is_none() -> None:
    rows = [make_row("x", "a", 5), make_row("x", "a", 0, seed=1)]
    assert Comparison(rows).outcomes["x", "a"].cycles == INF
    rows.append(make_row("x", "a", 7, seed=2))
    outcome = Comparison(rows).outcomes["x", "a"]
    assert outcome.cycles == 7.0 and not outcome.proved


def test_no_schedule_loses_and_is_counted() -> None:
    rows = [
        make_row("x", "a", 6, bound=5),
        make_row("x", "b", 0, bound=5),
        make_row("y", "a", 0, bound=5, status="failed", error="ValueError: oh"),
        make_row("y", "b", 0, bound=5),
        make_row("z", "a", 10, bound=5),
        make_row("z", "b", 0, bound=5),
    ]
    comparison = Comparison(rows)
    (pair,) = comparison.pairwise
    assert (pair.wins, pair.ties, pair.losses, pair.both, pair.ratio) == (2, 1, 0, 0, None)
    a, b = comparison.summaries
    assert (a.scheduled, a.failed, a.none, b.scheduled, b.none) == (2, 1, 0, 0, 3)
    assert a.median_gap == 1.0, "of 0.2, 1 and infinity"
    assert a.mean_gap == pytest.approx(0.6), "of 0.2 and 1"
    assert b.median_gap == INF and b.mean_gap is None
    assert comparison.failed


def test_instances_without_any_schedule() -> None:
    rows = [
        make_row("x", "a", 0, status="infeasible"),
        make_row("x", "b", 0),
        make_row("y", "a", 4, bound=4),
        make_row("y", "b", 5, bound=3),
    ]
    comparison = Comparison(rows)
    assert [case.name for case in comparison.compared] == ["y"]
    a, b = comparison.summaries
    assert (a.instances, a.scheduled, a.infeasible, a.proved, a.median_gap) == (2, 1, 1, 2, 0.0)
    assert (b.none, b.proved, b.median_gap) == (1, 0, 0.25)
    (pair,) = comparison.pairwise
    assert (pair.wins, pair.ties, pair.losses) == (1, 0, 0)
    assert not comparison.failed


def test_refuted_claims_are_failures() -> None:
    rows = [
        make_row("x", "liar", 9, bound=9),
        make_row("x", "pessimist", 0, status="infeasible"),
        make_row("x", "honest", 8, bound=5),
    ]
    comparison = Comparison(rows)
    assert comparison.cases["x"].bound == 5
    assert [claim.scheduler for claim in comparison.contradictions] == ["liar", "pessimist"]
    assert all("honest" in claim.message for claim in comparison.contradictions)
    assert not comparison.outcomes["x", "liar"].proved
    assert [s.failed for s in comparison.summaries] == [1, 1, 0] and comparison.failed
    assert comparison.outcomes["x", "liar"].cycles == 9, "its schedule was checked"


def test_geometric_mean_of_ratios() -> None:
    rows = [
        make_row("x", "a", 2),
        make_row("x", "b", 1),
        make_row("y", "a", 2),
        make_row("y", "b", 4),
    ]
    (pair,) = Comparison(rows).pairwise
    assert pair.ratio == pytest.approx(1.0)


def test_signed_rank_test_of_relative_differences() -> None:
    """By cycles the one loss would have the largest rank; by gaps it has the smallest."""
    rows: list[Row] = []
    for at in range(6):
        rows += [make_row(f"i{at}", "a", 10, bound=10), make_row(f"i{at}", "b", 12 + at, bound=10)]
    rows += [make_row("big", "a", 1010, bound=1000), make_row("big", "b", 1001, bound=1000)]
    (pair,) = Comparison(rows).against("b")
    # The loss is the smallest of 7: sums 27 and 1; 1 + 1 of 128 patterns on each side.
    assert (pair.wins, pair.losses, pair.differing) == (6, 1, 7)
    assert pair.p == pytest.approx(4 / 128)


def test_p_values_are_corrected_for_the_number_of_tests() -> None:
    rows: list[Row] = []
    for at in range(8):
        rows += [
            make_row(f"i{at}", "base", 20),
            make_row(f"i{at}", "same", 20),
            make_row(f"i{at}", "worse", 21 + at),
            make_row(f"i{at}", "better", 10 - at),
        ]
    same, worse, better = Comparison(rows).against("base")
    assert (same.p, same.p_holm, same.differing) == (None, None, 0)
    assert worse.p == better.p == pytest.approx(2 / 256)
    assert worse.p_holm == better.p_holm == pytest.approx(4 / 256), "two tests, not three"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no rows"),
        ([make_row("x", "a", 3), make_row("x", "a", 4)], "two rows of a on x, seed 0"),
        ([make_row("x", "a", 3), make_row("y", "b", 4)], "no row of b on x"),
        ([make_row("x", "a", 3), make_row("x", "b", 3, digest="0")], "two different problems"),
        ([make_row("x", "a", 3), make_row("x", "b", 3, optimum=3)], "two different problems"),
    ],
)
def test_rows_that_cannot_be_compared(rows: list[Row], message: str) -> None:
    with pytest.raises(ComparisonError, match=message):
        Comparison(rows)


@given(comparisons())
def test_nothing_is_dropped(rows: list[Row]) -> None:
    comparison = Comparison(rows)
    for summary in comparison.summaries:
        own = [row for row in rows if row.scheduler == summary.scheduler]
        scheduled = sum(row.status in ("optimal", "feasible") for row in own)
        assert summary.runs == len(own)
        assert scheduled + summary.none + summary.failed + summary.infeasible == len(own)
        assert summary.proved <= summary.at_bound <= summary.best
        assert summary.scheduled <= summary.instances == len(comparison.cases)
    for pair in comparison.pairwise:
        assert pair.wins + pair.ties + pair.losses == len(comparison.compared)


@given(comparisons())
def test_pairs_are_symmetric(rows: list[Row]) -> None:
    forth = Comparison(rows).pairwise
    turned = Comparison(sorted(rows, key=lambda row: row.scheduler, reverse=True))
    back = {(pair.second, pair.first): pair for pair in turned.pairwise}
    for pair in forth:
        other = back[pair.first, pair.second]
        assert (pair.wins, pair.ties, pair.losses) == (other.losses, other.ties, other.wins)
        assert pair.p == pytest.approx(other.p) and pair.p_holm == pytest.approx(other.p_holm)
        if pair.ratio is not None and other.ratio is not None:
            assert pair.ratio * other.ratio == pytest.approx(1)


@given(comparisons())
def test_worse_schedules_never_help(rows: list[Row]) -> None:
    before = Comparison(rows)
    spoiled = [
        replace(row, cycles=row.cycles + 1, status="feasible")
        if row.scheduler == "s0" and row.cycles
        else row
        for row in rows
    ]
    after = Comparison(spoiled)
    assert after.summary("s0").at_bound <= before.summary("s0").at_bound
    for old, new in zip(before.against("s0"), after.against("s0"), strict=True):
        assert new.wins >= old.wins and new.losses <= old.losses

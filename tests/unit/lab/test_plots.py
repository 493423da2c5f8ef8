"""Pictures: complete, equal for equal data, and independent of matplotlib's settings."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import matplotlib as mpl
import pytest
from hypothesis import given, settings

from tests.strategies.comparisons import comparisons, make_row
from vliwc.lab.results.comparison import Comparison
from vliwc.lab.results.plots import draw, gap_figure, looks, profile_figure, time_figure
from vliwc.lab.results.profile import cycle_profiles
from vliwc.lab.runs.job import Row

ROWS = [
    row
    for at in range(5)
    for row in (
        make_row(f"i{at}", "exact", 20 + at, bound=20 + at, seconds=4.0 + at),
        make_row(f"i{at}", "quick", 23 + 3 * at, bound=15, seconds=0.001),
        make_row(f"i{at}", "fragile", 0 if at in (1, 3) else 25, bound=15, seconds=0.1),
    )
]
UNTIMED = {"gaps.svg", "profile-cycles.svg"}
TIMED = {"profile-seconds.svg", "time-quality.svg"}


def test_files_are_equal_for_equal_data() -> None:
    first = draw(Comparison(ROWS))
    assert set(first) == UNTIMED | TIMED
    with mpl.rc_context({"font.size": 30, "axes.grid": True, "lines.linewidth": 9}):
        assert draw(Comparison(ROWS)) == first
        assert mpl.rcParams["font.size"] == 30, "the user's settings are left alone"
    for data in first.values():
        assert ElementTree.fromstring(data).tag.endswith("svg")
        assert b"<dc:date>" not in data


def test_pictures_without_times_do_not_depend_on_them() -> None:
    other = [replace(row, seconds=row.seconds * 2 + 1, machine="another") for row in ROWS]
    first = draw(Comparison(ROWS), times=False)
    assert set(first) == UNTIMED
    assert draw(Comparison(other), times=False) == first
    timed, again = draw(Comparison(ROWS)), draw(Comparison(other))
    assert timed["time-quality.svg"] != again["time-quality.svg"]


def test_png() -> None:
    files = draw(Comparison(ROWS), "png", times=False)
    assert set(files) == {"gaps.png", "profile-cycles.png"}
    assert all(data.startswith(b"\x89PNG") for data in files.values())
    assert files == draw(Comparison(ROWS), "png", times=False)
    with pytest.raises(ValueError, match="svg or png, not pdf"):
        draw(Comparison(ROWS), "pdf")


def test_gap_figure_shows_every_instance_or_counts_it() -> None:
    (axes,) = gap_figure(Comparison(ROWS)).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["exact", "quick", "fragile"]
    assert [len(points.get_offsets()) for points in axes.collections] == [5, 5, 3]
    notes = [text.get_text() for text in axes.texts]
    assert notes == ["5 at the bound", "0 at the bound", "0 at the bound\n2 without schedule"]
    assert axes.get_xlabel() == "gap to the best known bound (%)"


def test_profile_figure_draws_the_profiles() -> None:
    profiles = cycle_profiles(Comparison(ROWS))
    (axes,) = profile_figure(profiles, "cycles", "5 instances").axes
    assert [line.get_label() for line in axes.lines] == ["exact", "quick", "fragile"]
    for line, profile in zip(axes.lines, profiles, strict=True):
        assert list(line.get_xdata())[:-1] == list(profile.ratios)
        assert line.get_ydata()[-1] == 100 * profile.shares[-1]
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["exact", "quick", "fragile"]


def test_time_figure_marks_the_medians() -> None:
    (axes,) = time_figure(Comparison(ROWS)).axes
    large = axes.collections[1::2]
    assert [tuple(marks.get_offsets()[0]) for marks in large] == [
        pytest.approx((6.0, 0.0)),
        pytest.approx((0.001, 100 * (29 - 22) / 22)),
        pytest.approx((0.1, 100 * (25 - 22) / 22)),
    ]
    legend = axes.get_legend()
    assert legend is not None
    assert legend.get_texts()[2].get_text() == "fragile (2 without schedule)"


def test_schedulers_can_be_told_apart() -> None:
    names = [f"s{at}" for at in range(32)]
    found = looks(names)
    assert len({(look.colour, str(look.line), look.marker) for look in found.values()}) == 32
    assert len({look.colour for look in list(found.values())[:8]}) == 8
    assert len({look.marker for look in list(found.values())[:8]}) == 8


@settings(max_examples=8)
@given(comparisons())
def test_any_comparison_can_be_drawn(rows: list[Row]) -> None:
    assert all(draw(Comparison(rows)).values())


def test_a_comparison_without_any_schedule_can_be_drawn() -> None:
    rows = [make_row("x", "a", 0), make_row("x", "b", 0, status="infeasible")]
    assert all(draw(Comparison(rows)).values())

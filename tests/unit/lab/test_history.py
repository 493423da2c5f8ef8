"""Histories: versions in order, compared over what they share."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.lab.test_store import ROW
from vliwc.lab.results.history import history
from vliwc.lab.results.history_plots import draw
from vliwc.lab.runs.job import Row

START = datetime(2026, 11, 1, tzinfo=UTC)


def rows(*points: tuple[str, str, int]) -> list[tuple[datetime, Row]]:
    """A row for each ``(code, instance, cycles)``, an hour after the one before."""
    return [
        (
            START + timedelta(hours=number),
            replace(ROW, key=f"{number:032}", code=code, instance=instance, cycles=cycles),
        )
        for number, (code, instance, cycles) in enumerate(points)
    ]


def test_versions_are_compared_over_what_both_have() -> None:
    stored = rows(
        ("0.1.0+b", "x", 100),
        ("0.1.0+b", "y", 50),
        ("0.1.0+a", "x", 50),
        ("0.1.0+a", "y", 200),
        ("0.1.0+a", "new", 7),
        ("0.1.0+c", "x", 50),
        ("0.1.0+c", "y", 0),
        ("0.1.0+c", "new", 14),
    )
    for order in (stored, stored[::-1]):
        found = history(order)
        first, second, third = found.versions
        assert [v.code for v in found.versions] == ["0.1.0+b", "0.1.0+a", "0.1.0+c"]
        assert [v.rows for v in found.versions] == [2, 3, 3]
        assert (first.ratio, first.index, first.same) == (1.0, 1.0, 0)
        assert second.ratio == pytest.approx(2**0.5)  # half of one, four times the other
        assert (second.better, second.worse, second.same, second.lost) == (1, 1, 0, 0)
        assert third.ratio == pytest.approx(2**0.5)  # of x and new; y has no schedule
        assert third.index == pytest.approx(2.0)
        assert (third.better, third.worse, third.same, third.lost) == (0, 1, 1, 1)
        by_name = {series.instance: series.cycles for series in found.series}
        assert by_name == {"x": (100, 50, 50), "y": (50, 200, 0), "new": (None, 7, 14)}


def test_other_seeds_and_options_are_other_series() -> None:
    (when, row), *_ = rows(("0.1.0+a", "x", 9))
    others = [row, replace(row, seed=4), replace(row, budget=2), replace(row, options="-O1")]
    found = history([(when, replace(each, key=str(n))) for n, each in enumerate(others)])
    assert len(found.series) == 4
    assert len({series.title for series in found.series}) == 4
    assert not any(series.changed for series in found.series)


def test_pictures_are_the_same_each_time() -> None:
    points = [(f"0.1.0+{v}", f"i{n}", 100 + n * (v + 1)) for v in range(3) for n in range(15)]
    found = history(rows(*points))
    pictures = draw(found)
    assert sorted(pictures) == ["history-index.svg", "history-series.svg"]
    assert draw(found) == pictures
    text = pictures["history-series.svg"].decode()
    assert "i14" in text.replace("<!-- ", "") and "14 of 15 series changed" in text
    assert all(data.startswith(b"\x89PNG") for data in draw(found, "png").values())
    with pytest.raises(ValueError, match="svg or png"):
        draw(found, "gif")

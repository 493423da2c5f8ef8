"""Reports are read back equal by other programs' readers, and equal comparisons are equal bytes."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given

from tests.strategies.comparisons import comparisons, make_row
from vliwc.lab.results.comparison import Comparison
from vliwc.lab.results.report import (
    Table,
    Value,
    failures_table,
    instances_table,
    pairs_table,
    rows_table,
    summaries_table,
    to_csv,
    to_json,
    to_parquet,
)
from vliwc.lab.runs.job import Row

ROWS = [
    make_row("x", "a", 12, bound=9, seconds=0.1 + 0.2),
    make_row("x", "b", 9, bound=9, optimum=None, error='not "good",\nreally'),
    make_row("y", "a", 0, status="failed", error="ValueError: é"),
    make_row("y", "b", 0, status="infeasible"),
    make_row("z", "a", 7, bound=6),
    make_row("z", "b", 7, bound=6),
]


def tables(comparison: Comparison) -> list[Table]:
    return [
        rows_table(comparison),
        summaries_table(comparison),
        pairs_table(comparison.pairwise),
        instances_table(comparison),
        failures_table(comparison),
    ]


def from_csv(text: str, table: Table) -> list[tuple[Value, ...]]:
    """The values of a CSV file, with the types that the table says."""
    header, *lines = csv.reader(io.StringIO(text))
    assert header == list(table.columns)
    read = {str: str, int: int, float: float, bool: lambda text: text == "True"}
    return [
        tuple(
            None if cell == "" and kind is not str else read[kind](cell)
            for cell, kind in zip(line, table.columns.values(), strict=True)
        )
        for line in lines
    ]


def from_parquet(data: bytes, table: Table) -> list[tuple[Value, ...]]:
    found = pq.read_table(io.BytesIO(data))
    assert found.column_names == list(table.columns)
    return [tuple(record.values()) for record in found.to_pylist()]


@given(comparisons())
def test_csv_and_parquet_are_read_back_equal(rows: list[Row]) -> None:
    for table in tables(Comparison(rows)):
        for row in table.rows:
            for value, kind in zip(row, table.columns.values(), strict=True):
                assert value is None or type(value) is kind
        assert from_parquet(to_parquet(table), table) == list(table.rows)
        assert from_csv(to_csv(table), table) == list(table.rows)


def test_pandas_reads_both_alike() -> None:
    table = rows_table(Comparison(ROWS))
    by_csv = pd.read_csv(io.StringIO(to_csv(table)), na_filter=False)
    by_parquet = pd.read_parquet(io.BytesIO(to_parquet(table)))
    assert list(by_csv.columns) == list(by_parquet.columns) == list(table.columns)
    for name in ("instance", "scheduler", "error", "lower_bound", "seconds", "statistics"):
        assert by_csv[name].tolist() == by_parquet[name].tolist()
    assert by_parquet["gap"].iloc[0] == float(by_csv["gap"].iloc[0]) == 3 / 9
    assert json.loads(by_csv["statistics"].iloc[0]) == ROWS[0].statistics


def test_rows_without_schedule_have_no_cycles_and_no_gap() -> None:
    records = rows_table(Comparison(ROWS)).records()
    assert [record["cycles"] for record in records] == [12, 9, None, None, 7, 7]
    assert [record["gap"] for record in records] == [
        pytest.approx(value) for value in (1 / 3, 0, None, None, 1 / 6, 1 / 6)
    ]
    assert [record["status"] for record in records[2:4]] == ["failed", "infeasible"]


def test_what_is_not_reproducible_stands_last_or_is_left_out() -> None:
    other = [replace(row, machine="another", seconds=row.seconds * 3 + 1) for row in ROWS]
    for make in (rows_table, summaries_table):
        timed, again = make(Comparison(ROWS)), make(Comparison(other))
        untimed = make(Comparison(ROWS), times=False)
        same = len(untimed.columns)
        assert list(timed.columns)[:same] == list(untimed.columns)
        assert [row[:same] for row in timed.rows] == list(untimed.rows)
        assert to_csv(timed) != to_csv(again)
        assert to_csv(untimed) == to_csv(make(Comparison(other), times=False))
        assert to_parquet(untimed) == to_parquet(make(Comparison(other), times=False))
    assert {"machine", "seconds"}.isdisjoint(rows_table(Comparison(ROWS), times=False).columns)


def test_json_has_everything_and_no_infinity() -> None:
    report = to_json(Comparison(ROWS), "b")
    text = json.dumps(report, allow_nan=False)
    assert json.loads(text) == report
    assert report["failed"] is True and report["baseline"] == "b"
    assert report["failures"] == [
        {"instance": "y", "scheduler": "a", "seed": 0, "error": "ValueError: é"}
    ]
    (against,) = report["against_baseline"]  # type: ignore[misc]
    assert (against["first"], against["losses"]) == ("a", 1)
    assert [case["infeasible"] for case in report["instances"]] == [False, True, False]  # type: ignore[attr-defined]


def test_infinite_medians_are_empty() -> None:
    rows = [make_row("x", "a", 0), make_row("y", "a", 0), make_row("z", "a", 4, bound=4)]
    comparison = Comparison(rows)
    assert comparison.summary("a").median_gap == math.inf
    (record,) = summaries_table(comparison).records()
    assert record["median_gap"] is None and record["median_seconds"] is None
    assert (record["none"], record["scheduled"], record["mean_gap_scheduled"]) == (2, 1, 0.0)

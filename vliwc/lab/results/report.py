"""A comparison as data: JSON, CSV and Parquet of rows, summaries and pairs.

Columns that another run may not reproduce (``machine`` and seconds) stand last; without ``times``
they are left out, and equal comparisons give equal bytes.  Infinite figures (no schedule) are
``null`` in JSON and Parquet and empty in CSV: the numbers of runs beside them say why.

Parquet needs pyarrow (extra ``parquet``).
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any, Final

from vliwc.lab.results.comparison import Comparison, Pair
from vliwc.lab.results.statistics import CONFIDENCE

Value = str | int | float | bool | None

FORMAT: Final = "vliwc-comparison"
VERSION: Final = 1


@dataclass(frozen=True)
class Table:
    """Named, typed columns and their values, row by row.

    Types are those of the values that are not None: the types of a column do not depend on what
    happens to be in it.
    """

    columns: Mapping[str, type]
    rows: Sequence[tuple[Value, ...]]

    def records(self) -> list[dict[str, Value]]:
        """The rows as objects."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


_ROWS: Final[dict[str, type]] = {
    "instance": str,
    "family": str,
    "digest": str,
    "operations": int,
    "scheduler": str,
    "seed": int,
    "budget": int,
    "status": str,
    "cycles": int,
    "lower_bound": int,
    "bound_reason": str,
    "optimum": int,
    "best_bound": int,
    "gap": float,
    "scratch_peak": int,
    "error": str,
    "statistics": str,
    "options": str,
    "code": str,
    "key": str,
}
_ROW_TIMES: Final[dict[str, type]] = {"machine": str, "seconds": float}

_SUMMARIES: Final[dict[str, type]] = {
    "scheduler": str,
    "runs": int,
    "instances": int,
    "scheduled": int,
    "none": int,
    "infeasible": int,
    "failed": int,
    "proved": int,
    "at_bound": int,
    "best": int,
    "median_gap": float,
    "median_gap_low": float,
    "median_gap_high": float,
    "mean_gap_scheduled": float,
}
_SUMMARY_TIMES: Final[dict[str, type]] = {"median_seconds": float}

_PAIRS: Final[dict[str, type]] = {
    "first": str,
    "second": str,
    "wins": int,
    "ties": int,
    "losses": int,
    "both_scheduled": int,
    "cycles_ratio": float,
    "differing": int,
    "p": float,
    "p_holm": float,
}

_FAILURES: Final[dict[str, type]] = {"instance": str, "scheduler": str, "seed": int, "error": str}

_INSTANCES: Final[dict[str, type]] = {
    "instance": str,
    "family": str,
    "operations": int,
    "best_bound": int,
    "best_cycles": int,
    "infeasible": bool,
}


def rows_table(comparison: Comparison, *, times: bool = True) -> Table:
    """Every run: ``gap`` is that to ``best_bound``, the best bound known of the instance, and None
    without a schedule, as ``cycles`` is; ``statistics`` are a JSON object."""
    rows: list[tuple[Value, ...]] = []
    for row in comparison.rows:
        bound = comparison.cases[row.instance].bound
        scheduled = row.status in ("optimal", "feasible")
        values: tuple[Value, ...] = (
            row.instance,
            row.family,
            row.digest,
            row.operations,
            row.scheduler,
            row.seed,
            row.budget,
            row.status,
            row.cycles if scheduled else None,
            row.lower_bound,
            row.bound_reason,
            row.optimum,
            bound,
            (row.cycles - bound) / max(bound, 1) if scheduled else None,
            row.scratch_peak if scheduled else None,
            row.error,
            json.dumps(row.statistics, sort_keys=True),
            row.options,
            row.code,
            row.key,
        )
        rows.append((*values, row.machine, row.seconds) if times else values)
    return Table(_ROWS | _ROW_TIMES if times else _ROWS, rows)


def summaries_table(comparison: Comparison, *, times: bool = True) -> Table:
    """Every scheduler; columns as in :class:`vliwc.lab.results.comparison.Summary`."""
    rows: list[tuple[Value, ...]] = []
    for summary in comparison.summaries:
        values: tuple[Value, ...] = (
            summary.scheduler,
            summary.runs,
            summary.instances,
            summary.scheduled,
            summary.none,
            summary.infeasible,
            summary.failed,
            summary.proved,
            summary.at_bound,
            summary.best,
            _finite(summary.median_gap),
            _finite(summary.interval.low),
            _finite(summary.interval.high),
            summary.mean_gap,
        )
        rows.append((*values, _finite(summary.seconds)) if times else values)
    return Table(_SUMMARIES | _SUMMARY_TIMES if times else _SUMMARIES, rows)


def pairs_table(pairs: Sequence[Pair]) -> Table:
    """Columns as in :class:`vliwc.lab.results.comparison.Pair`."""
    return Table(
        _PAIRS,
        [
            (
                pair.first,
                pair.second,
                pair.wins,
                pair.ties,
                pair.losses,
                pair.both,
                pair.ratio,
                pair.differing,
                pair.p,
                pair.p_holm,
            )
            for pair in pairs
        ],
    )


def instances_table(comparison: Comparison) -> Table:
    """Every instance with what is known of it after the comparison."""
    return Table(
        _INSTANCES,
        [
            (
                case.name,
                case.family,
                case.operations,
                case.bound,
                None if case.best == math.inf else int(case.best),
                case.infeasible,
            )
            for case in comparison.cases.values()
        ],
    )


def failures_table(comparison: Comparison) -> Table:
    """Every run that failed, and every claim that is contradicted, with what is wrong."""
    rows: list[tuple[Value, ...]] = [
        (row.instance, row.scheduler, row.seed, row.error)
        for row in comparison.rows
        if row.status == "failed"
    ]
    rows += [(c.instance, c.scheduler, c.seed, c.message) for c in comparison.contradictions]
    return Table(_FAILURES, rows)


def to_json(comparison: Comparison, baseline: str, *, times: bool = True) -> dict[str, object]:
    """Everything as one object; the p values of ``against_baseline`` are corrected for their own
    number, those of ``pairs`` for theirs."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "baseline": baseline,
        "confidence": CONFIDENCE,
        "bootstrap_seed": comparison.seed,
        "failed": comparison.failed,
        "failures": failures_table(comparison).records(),
        "schedulers": summaries_table(comparison, times=times).records(),
        "best_known": [asdict(each) for each in comparison.to_known()],
        "against_baseline": pairs_table(comparison.against(baseline)).records(),
        "pairs": pairs_table(comparison.pairwise).records(),
        "instances": instances_table(comparison).records(),
        "rows": rows_table(comparison, times=times).records(),
    }


def to_csv(table: Table) -> str:
    """Comma-separated text by RFC 4180, but with plain line feeds; None is an empty field.

    Floats have as many digits as they need to be read back equal.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    return buffer.getvalue()


def to_parquet(table: Table) -> bytes:
    """A Parquet file; None is null, whatever the column."""
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    types = {str: arrow.string(), int: arrow.int64(), float: arrow.float64(), bool: arrow.bool_()}
    fields = [arrow.field(name, types[kind]) for name, kind in table.columns.items()]
    columns = [[row[at] for row in table.rows] for at in range(len(fields))]
    arrays = [
        arrow.array(column, type=field.type) for column, field in zip(columns, fields, strict=True)
    ]
    sink = io.BytesIO()
    parquet.write_table(arrow.Table.from_arrays(arrays, schema=arrow.schema(fields)), sink)
    return sink.getvalue()


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None

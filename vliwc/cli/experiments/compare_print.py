"""What `vliwc compare` prints for people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import typer

from vliwc.cli.common.tables import percent, print_table

if TYPE_CHECKING:
    from vliwc.lab.results.comparison import Comparison, Pair, Summary


def print_comparison(
    comparison: Comparison, baseline: str, *, times: bool = True, each: bool = False
) -> None:
    """Print the tables, remarks on instances without figures, and every failure."""
    if each:
        _print_instances(comparison)
    _print_summaries(comparison, times)
    _print_known(comparison)
    if len(comparison.schedulers) > 1:
        _print_against(comparison, baseline)
    if len(comparison.schedulers) > 2:
        _print_wins(comparison)
    _print_remarks(comparison, times)
    _print_failures(comparison)


def _print_summaries(comparison: Comparison, times: bool) -> None:
    seeds = sorted({row.seed for row in comparison.rows})
    columns = [
        "scheduler",
        "runs",
        "failed",
        "none",
        "proved",
        "at bound",
        "best",
        "median",
        "95 % interval",
        "mean",
        "of",
    ]
    rows: list[list[str]] = []
    for summary in comparison.summaries:
        row = [
            summary.scheduler,
            str(summary.runs),
            str(summary.failed),
            str(summary.none + summary.infeasible),
            str(summary.proved),
            str(summary.at_bound),
            str(summary.best),
            _gap(summary.median_gap),
            _interval(summary),
            _gap(summary.mean_gap),
            str(summary.scheduled),
        ]
        rows.append([*row, _seconds(summary.seconds)] if times else row)
    if times:
        columns.append("seconds")
    many = f", medians of {len(seeds)} seeds" if len(seeds) > 1 else ""
    title = f"{_count(len(comparison.cases))}{many}: gaps to the best known bounds"
    print_table(title, columns, rows, right=columns[1:])


def _print_known(comparison: Comparison) -> None:
    columns = ("scheduler", "reached", "beaten", "mean", "largest", "of")
    rows = [
        (
            each.scheduler,
            str(each.reached),
            str(each.beaten),
            "-" if each.mean is None else f"{100 * each.mean:+.2f} %",
            "-" if each.largest is None else f"{100 * each.largest:+.2f} %",
            f"{each.scheduled} of {each.instances}",
        )
        for each in comparison.to_known()
    ]
    if rows:
        print_table("To the best known values", columns, rows, right=columns[1:])


def _print_against(comparison: Comparison, baseline: str) -> None:
    columns = ("scheduler", "wins", "ties", "losses", "cycles", "p", "p by Holm")
    rows = [
        (
            pair.first,
            str(pair.wins),
            str(pair.ties),
            str(pair.losses),
            "-" if pair.ratio is None else f"{100 * (pair.ratio - 1):+.2f} %",
            _p(pair, pair.p),
            _p(pair, pair.p_holm),
        )
        for pair in comparison.against(baseline)
    ]
    print_table(f"Against {baseline}", columns, rows, right=columns[1:])


def _print_wins(comparison: Comparison) -> None:
    wins: dict[tuple[str, str], int] = {}
    for pair in comparison.pairwise:
        wins[pair.first, pair.second] = pair.wins
        wins[pair.second, pair.first] = pair.losses
    names = comparison.schedulers
    rows = [(a, *(str(wins[a, b]) if a != b else "" for b in names)) for a in names]
    print_table("Wins of the row over the column", ("", *names), rows, right=names)


def _print_instances(comparison: Comparison) -> None:
    names = comparison.schedulers
    rows = [
        (
            case.name.replace(",", ", "),  # so that long names are wrapped, not cut
            str(case.operations),
            "none" if case.infeasible else str(case.bound),
            *([_known(comparison, case.name)] if comparison.known else []),
            *(_cycles(comparison.outcomes[case.name, name].cycles) for name in names),
        )
        for case in comparison.cases.values()
    ]
    known = ("known",) if comparison.known else ()
    columns = ("instance", "operations", "bound", *known, *names)
    print_table("Cycles", columns, rows, right=columns[1:])


def _print_remarks(comparison: Comparison, times: bool) -> None:
    impossible = [case.name for case in comparison.cases.values() if case.infeasible]
    if impossible:
        typer.echo(
            f"proved to have no schedule, and left out of gaps and wins: {', '.join(impossible)}"
        )
    open_ = [case.name for case in comparison.compared if case.best == math.inf]
    if open_:
        typer.echo(f"without any schedule, and lost by everybody: {', '.join(open_)}")
    machines = sorted({row.machine for row in comparison.rows})
    if times and len(machines) > 1:
        typer.echo(f"seconds are of different computers: {'; '.join(machines)}")


def _print_failures(comparison: Comparison) -> None:
    from vliwc.lab.results.report import failures_table

    failures = failures_table(comparison)
    if failures.rows:
        rows = [[str(value) for value in row] for row in failures.rows]
        print_table("FAILURES", list(failures.columns), rows)


def _count(instances: int) -> str:
    return f"{instances} instance{'' if instances == 1 else 's'}"


def _gap(gap: float | None) -> str:
    if gap is None:
        return "-"
    return "no schedule" if gap == math.inf else percent(gap)


def _interval(summary: Summary) -> str:
    interval = summary.interval
    if interval.low is None or interval.high is None:
        return f"n/a: {_count(interval.count)}"
    return f"{100 * interval.low:.1f} to {100 * interval.high:.1f} %"


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None or seconds == math.inf else f"{seconds:.3f}"


def _known(comparison: Comparison, instance: str) -> str:
    cycles = comparison.known.get(instance)
    return "-" if cycles is None else str(cycles)


def _cycles(cycles: float) -> str:
    return "-" if cycles == math.inf else f"{cycles:g}"


def _p(pair: Pair, p: float | None) -> str:
    if p is None:
        return f"n/a: {pair.differing} pair{'' if pair.differing == 1 else 's'}"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"

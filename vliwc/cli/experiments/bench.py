"""`vliwc bench`: cycles, bounds and compile times of the suite, and regressions in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isa.load import cut
from vliwc.cli.common.arguments import DEFAULT_SEED, KERNELS, Budget, Json, Output, Seed
from vliwc.cli.common.errors import EXIT_WRONG, CommandError
from vliwc.cli.common.files import STDOUT, read_json, require_one_printed, write_text
from vliwc.cli.common.output import print_json, progress
from vliwc.cli.common.tables import percent, print_table
from vliwc.cli.experiments.compare_inputs import require_lab
from vliwc.options import LEVELS

if TYPE_CHECKING:
    from vliwc.explain.suite import Case, Difference, Result, Suite


FAR = 0.1
"""Kernel gaps above this are listed again, the largest first, ..."""
ROWS = 12
"""... but no more than so many of a level."""


def bench(
    suite: Annotated[
        str,
        typer.Option(
            "--suite",
            metavar="quick|full|FILE.toml",
            help="Which suite; a file lists kernels and sizes of your own.",
        ),
    ] = "quick",
    levels: Annotated[
        list[int] | None,
        typer.Option("-O", metavar="LEVEL", help="Only this optimisation level; repeatable."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--kernel", metavar="NAME", help="Only this kernel; repeatable."),
    ] = None,
    kernels: Annotated[
        Path | None,
        typer.Option(
            "--kernels",
            metavar="DIR",
            help="The folder of the kernels; without it that of vliwc, or of the suite's file.",
        ),
    ] = None,
    seed: Seed = DEFAULT_SEED,
    budget: Budget = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline",
            metavar="FILE",
            help="Results of an earlier run; exit code 1 if any program became slower.",
        ),
    ] = None,
    summary: Annotated[
        Path | None,
        typer.Option(
            "--summary",
            metavar="FILE.md",
            help="Write what changed, and all results, as Markdown, for a CI job.",
        ),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            "--store",
            metavar="URL",
            help="A database (a path: SQLite) that keeps the results; `vliwc history` shows them.",
        ),
    ] = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Compile the suite and report cycles, proved bounds, gaps and compile times.

    Seconds are reported but never compared. The exit code is 1 if a kernel does not compile, or if
    a baseline is given and a program takes more cycles than there.
    """
    from vliwc.explain.suite import compare, run_cases, to_json

    require_one_printed(output, as_json=as_json)
    if summary == STDOUT and (as_json or output == STDOUT):
        raise CommandError("--summary - would mix with other output; name a file")
    chosen = _suite(suite)
    kernels = kernels or _folder(suite)
    runs = _runs(chosen, levels, only, kernels)
    if store is not None:
        require_lab("sqlalchemy")
        from vliwc.lab.runs.store import require_place

        require_place(store)  # before the work
    before = None if baseline is None else _baseline(baseline)
    with progress(quiet=as_json) as show:
        results = run_cases(kernels, runs, seed, budget, show)
    differences = [] if before is None else compare(before, results)
    report = to_json(chosen.name, results)
    if output is not None:
        write_text(output, json.dumps(report, indent=1) + "\n")
    if summary is not None:
        from vliwc.explain.suite_markdown import summary as markdown

        write_text(summary, markdown(chosen.name, results, before))
    if store is not None:
        from vliwc.lab.results.bench_rows import keep

        keep(store, kernels, results, seed, budget)
    failed = any(result.error for result in results)
    failed = failed or any(difference.regression for difference in differences)
    if as_json:
        if before is not None:
            report["differences"] = [
                {"title": d.title, "before": d.before, "now": d.now, "regression": d.regression}
                for d in differences
            ]
        print_json(report)
    elif STDOUT not in (output, summary):
        _print(results)
        if before is not None:
            known = {result.key for result in before}
            compared = sum(result.key in known for result in results)
            _print_differences(differences, compared)
    if failed:
        raise typer.Exit(EXIT_WRONG)


def _suite(name: str) -> Suite:
    """The suite of that name, or in that file. Raises `SuiteError` or `CommandError`."""
    from vliwc.explain.suite import SUITES
    from vliwc.explain.suite_files import read_suite

    if name in SUITES:
        return SUITES[name]
    if not name.endswith(".toml"):
        raise CommandError(f"--suite {cut(name)}: expected {', '.join(SUITES)}, or a .toml file")
    return read_suite(Path(name))


def _folder(suite: str) -> Path:
    """Where the kernels of a suite are, if nobody says it."""
    return Path(suite).parent if suite.endswith(".toml") else KERNELS


def _runs(
    suite: Suite, levels: Sequence[int] | None, only: Sequence[str] | None, kernels: Path
) -> list[tuple[Case, int]]:
    """Which cases to compile at which levels. Raises `CommandError` if there is nothing to do."""
    for level in levels or ():
        if level not in LEVELS:
            raise CommandError(f"-O {level}: expected {LEVELS.start} to {LEVELS.stop - 1}")
    names = sorted({case.kernel for case in suite.cases})
    for name in only or ():
        if name not in names:
            raise CommandError(f"--kernel {name}: the kernels of the suite are {', '.join(names)}")
    if not kernels.is_dir():
        raise CommandError(f"{kernels}: no such folder; name that of the kernels with --kernels")
    chosen = sorted(set(levels or suite.levels))
    return [
        (case, level) for case in suite.cases if not only or case.kernel in only for level in chosen
    ]


def _baseline(path: Path) -> list[Result]:
    from vliwc.explain.suite import SuiteError, from_json

    try:
        return from_json(read_json(path))
    except SuiteError as error:
        raise CommandError(f"{path}: {error}") from None


def _print(results: Sequence[Result]) -> None:
    from vliwc.explain.suite import MARKS, Case, furthest, kernel_ratios, median_gaps

    rows: list[tuple[str, ...]] = []
    for result in results:
        sizes = Case(result.kernel, tuple(result.params.items())).sizes
        name = (result.kernel, sizes, str(result.level))
        if result.error:
            rows.append((*name, "-", "-", "-", "-", "-", "-", result.error.splitlines()[0]))
            continue
        beaten = result.marks_beaten
        rows.append(
            (
                *name,
                str(result.cycles),
                str(result.lower_bound),
                percent(result.gap),
                str(result.kernel_bound),
                percent(result.kernel_gap),
                f"{result.compile_seconds:.2f}",
                "" if beaten is None else f"{beaten} of {len(MARKS[result.kernel])}",
            )
        )
    columns = (
        "kernel",
        "sizes",
        "-O",
        "cycles",
        "schedule bound",
        "gap",
        "kernel bound",
        "gap",
        "seconds",
        "beats",
    )
    print_table("Benchmarks", columns, rows, right=columns[2:9])
    ratios = kernel_ratios(results)
    for level, gap in median_gaps(results).items():
        typer.echo(
            f"-O{level}: median gap to the schedule bound {percent(gap)}, geometric mean of "
            f"cycles / kernel bound {ratios[level]:.3f}"
        )
    for level in ratios:
        worst = furthest(results, level, FAR, ROWS)
        if worst:
            typer.echo(f"furthest above the kernel bound at -O{level}:")
        for result in worst:
            sizes = Case(result.kernel, tuple(result.params.items())).sizes
            typer.echo(
                f"  {result.cycles / result.kernel_bound:.2f}  {result.kernel} ({sizes}): "
                f"{result.cycles} cycles, kernel bound {result.kernel_bound}"
            )


def _print_differences(differences: Sequence[Difference], compared: int) -> None:
    worse = sum(difference.regression for difference in differences)
    typer.echo(
        f"{compared} compared with the baseline: {worse} worse, {len(differences) - worse} better"
    )
    if differences:
        print_table(
            "Differences from the baseline",
            ("case", "before", "now", "change", ""),
            [
                (
                    d.title,
                    str(d.before),
                    str(d.now) if d.now else "-",
                    f"{d.now - d.before:+d}" if d.now else "-",
                    "WORSE" if d.regression else "better",
                )
                for d in differences
            ],
            right=("before", "now", "change"),
        )

"""`vliwc compare`: schedulers on many instances, side by side."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from vliwc.cli.common.arguments import Definitions, Json, MachineFile, Output
from vliwc.cli.common.errors import EXIT_WRONG, CommandError
from vliwc.cli.common.output import ProgressCallback, progress
from vliwc.cli.experiments.compare_files import Format, PictureFormat, Targets
from vliwc.cli.experiments.compare_inputs import (
    DEFAULT_SCHEDULERS,
    load_instances,
    parse_budgets,
    parse_schedulers,
    parse_seeds,
    require_lab,
)
from vliwc.cli.experiments.compare_print import print_comparison

if TYPE_CHECKING:
    from vliwc.lab.runs.job import Job, Row

DEFAULT_EXPERIMENT: Final = "compare"

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PATH]...",
        help="Problem files, folders of them, and KERNEL.vk files (with -D).",
        show_default=False,
    ),
]
Suite = Annotated[
    str | None,
    typer.Option(
        "--kernels",
        metavar="small|all",
        help="Kernels of the suite: those of a few hundred operations, or all.",
    ),
]
Schedulers = Annotated[
    list[str] | None,
    typer.Option(
        "--scheduler",
        metavar="NAME",
        help="Compare this scheduler; repeatable. Without it the quick ones: "
        f"{', '.join(DEFAULT_SCHEDULERS)}.",
    ),
]
Seeds = Annotated[
    list[str] | None,
    typer.Option(
        "--seed",
        metavar="N|FIRST:END",
        help="A seed of the schedulers, or those from FIRST to END - 1; repeatable. Default 0.",
    ),
]
Budgets = Annotated[
    list[str] | None,
    typer.Option(
        "--budget",
        metavar="NAME=N",
        help="How much a scheduler may do, in its own steps; repeatable.",
    ),
]
KernelLevel = Annotated[
    int | None,
    typer.Option("-O", metavar="LEVEL", help="The level at which kernels are compiled.  [2]"),
]
Baseline = Annotated[
    str | None,
    typer.Option("--baseline", metavar="NAME", help="Compare with this one; else the first."),
]
Processes = Annotated[
    int | None,
    typer.Option("--processes", metavar="N", min=1, help="Jobs at a time on this computer."),
]
Cluster = Annotated[
    str | None,
    typer.Option("--cluster", metavar="ADDRESS", help="A Dask scheduler to send the jobs to."),
]
StorePlace = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="A database (a path: SQLite) that keeps the rows; jobs in it are not run again.",
    ),
]
ExperimentName = Annotated[
    str | None,
    typer.Option(
        "--experiment", metavar="NAME", help=f"The experiment in the store.  [{DEFAULT_EXPERIMENT}]"
    ),
]
OutputFormat = Annotated[
    Format | None,
    typer.Option(
        "--format",
        help="table: for people; csv and parquet: every run; json: everything. Without it by the "
        "suffix of -o.",
    ),
]
SummaryFile = Annotated[
    Path | None,
    typer.Option("--summary", metavar="FILE", help="Write the summaries; .csv or .parquet."),
]
PairsFile = Annotated[
    Path | None,
    typer.Option(
        "--pairs", metavar="FILE", help="Write the comparison of each two; .csv or .parquet."
    ),
]
PlotFolder = Annotated[
    Path | None,
    typer.Option(
        "--plots", metavar="DIR", help="Draw gaps, performance profiles, time against quality."
    ),
]
PlotFormat = Annotated[PictureFormat, typer.Option("--plot-format", help="Of the pictures.")]
NoTimes = Annotated[
    bool,
    typer.Option(
        "--no-times",
        help="Leave out seconds and the machine: the output is the same, to the byte, in each run.",
    ),
]
Each = Annotated[bool, typer.Option("--each", help="Print the cycles on each instance, too.")]


def compare(
    paths: Paths = None,
    kernels: Suite = None,
    definitions: Definitions = None,
    scheduler: Schedulers = None,
    seed: Seeds = None,
    budget: Budgets = None,
    level: KernelLevel = None,
    machine: MachineFile = None,
    baseline: Baseline = None,
    processes: Processes = None,
    cluster: Cluster = None,
    store: StorePlace = None,
    experiment: ExperimentName = None,
    output_format: OutputFormat = None,
    output: Output = None,
    summary: SummaryFile = None,
    pairs: PairsFile = None,
    plots: PlotFolder = None,
    plot_format: PlotFormat = PictureFormat.SVG,
    no_times: NoTimes = False,
    each: Each = False,
    as_json: Json = False,
) -> None:
    """Compare schedulers on kernels and problem files: gaps, wins, proofs, tests.

    Gaps are to the best bound that any of the schedulers proved. Seeds of an instance are made one
    figure, their median, before anything is counted. A run without a schedule loses and counts as
    infinitely bad; nothing is dropped. The exit code is 1 if a scheduler failed: raised, broke a
    rule of the checker, or claimed what a schedule refutes.
    """
    require_lab("scipy", "sqlalchemy")
    targets = Targets.of(output_format, output, summary, pairs, plots, plot_format, as_json=as_json)
    chosen, against = parse_schedulers(scheduler, baseline)
    seeds = parse_seeds(seed)
    budgets = parse_budgets(budget, chosen)
    if experiment is not None and store is None:
        raise CommandError("--experiment names one of a store; give --store, too")
    if processes is not None and cluster is not None:
        raise CommandError("--processes and --cluster exclude each other")
    if cluster is not None:
        require_lab("distributed")

    from vliwc.lab.results.comparison import Comparison
    from vliwc.lab.runs.job import Job
    from vliwc.lab.runs.store import require_place

    if store is not None:
        require_place(store)  # before the work, which may take hours

    with progress(quiet=as_json) as show:
        instances = load_instances(paths or (), kernels, definitions, level, machine, show)
        jobs = [
            Job.of(instance, scheduler_name, number, budgets.get(scheduler_name))
            for instance in instances
            for scheduler_name in chosen
            for number in seeds
        ]
        name = DEFAULT_EXPERIMENT if experiment is None else experiment
        known = {each.name: each.known for each in instances if each.known is not None}
        comparison = Comparison(_run(jobs, store, name, processes, cluster, show), known=known)
    targets.write(comparison, against, times=not no_times)
    if targets.tables:
        print_comparison(comparison, against, times=not no_times, each=each)
        targets.print_written()
    if comparison.failed:
        raise typer.Exit(EXIT_WRONG)


def _run(
    jobs: list[Job],
    place: str | None,
    experiment: str,
    processes: int | None,
    cluster: str | None,
    show: ProgressCallback,
) -> list[Row]:
    """The rows of the jobs, with a store if one is named."""
    from vliwc.lab.runs.store import Store
    from vliwc.lab.runs.sweep import sweep

    with nullcontext() if place is None else Store.open(place) as store:
        return sweep(
            jobs,
            store=store,
            experiment=experiment,
            processes=processes,
            cluster=cluster,
            progress=show,
        )

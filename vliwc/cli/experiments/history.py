"""`vliwc history`: what became of figures from version to version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from vliwc.cli.common.arguments import Json
from vliwc.cli.common.errors import CommandError
from vliwc.cli.common.files import write_bytes
from vliwc.cli.common.output import print_json
from vliwc.cli.common.tables import print_table
from vliwc.cli.experiments.compare_files import PictureFormat
from vliwc.cli.experiments.compare_inputs import require_lab

if TYPE_CHECKING:
    from vliwc.lab.results.history import History, Series
    from vliwc.lab.runs.store import Store

LAST: Final = 10
"""Versions of a table, unless asked for more."""

StorePlace = Annotated[
    str, typer.Argument(metavar="STORE", help="A path (SQLite) or URL.", show_default=False)
]
ExperimentName = Annotated[
    str | None,
    typer.Option("--experiment", metavar="NAME", help="Which; needed if there are several."),
]
Instance = Annotated[
    str | None,
    typer.Option("--instance", metavar="TEXT", help="Only series whose name contains this."),
]
Last = Annotated[int, typer.Option("--last", metavar="N", min=1, help="Only the last N versions.")]
Every = Annotated[bool, typer.Option("--all", help="List all series, not only those that changed.")]
PlotFolder = Annotated[
    Path | None, typer.Option("--plots", metavar="DIR", help="Draw the index and the series.")
]
PlotFormat = Annotated[PictureFormat, typer.Option("--plot-format", help="Of the pictures.")]


def history(
    store: StorePlace,
    experiment: ExperimentName = None,
    instance: Instance = None,
    last: Last = LAST,
    every: Every = False,
    plots: PlotFolder = None,
    plot_format: PlotFormat = PictureFormat.SVG,
    as_json: Json = False,
) -> None:
    """Show how cycles changed from version to version of vliwc.

    Reads a store that `bench --store` or `compare --store` has written. Versions are those of the
    code; they are compared over what both have measured.
    """
    require_lab("sqlalchemy")
    if plots is not None:
        require_lab("matplotlib")
        if plots.exists() and not plots.is_dir():
            raise CommandError(f"--plots {plots}: it is a file, not a folder")

    from vliwc.lab.results.history import history as history_of
    from vliwc.lab.runs.store import Store

    with Store.open(store, create=False) as opened:
        rows = opened.stored(_experiment(opened, experiment))
    rows = [(when, row) for when, row in rows if instance is None or instance in row.instance]
    if not rows:
        raise CommandError(f"{store}: no rows" + (f" of {instance!r}" if instance else ""))
    firsts: dict[str, None] = dict.fromkeys(row.code for _, row in rows)
    kept = list(firsts)[-last:]
    found = history_of([(when, row) for when, row in rows if row.code in kept])
    written: list[Path] = []
    if plots is not None:
        from vliwc.lab.results.history_plots import draw

        plots.mkdir(parents=True, exist_ok=True)
        for name, data in draw(found, plot_format.value).items():
            write_bytes(plots / name, data)
            written.append(plots / name)
    if as_json:
        print_json(_json(found))
        return
    _print(found, every=every)
    for path in written:
        typer.echo(f"written: {path}")


def _experiment(store: Store, name: str | None) -> str:
    names = [experiment.name for experiment in store.experiments()]
    if name is not None and name not in names:
        raise CommandError(f"--experiment {name}: there are {', '.join(names) or 'none'}")
    if name is None and len(names) != 1:
        raise CommandError(
            f"{store.name}: name one of its experiments with --experiment: {', '.join(names)}"
            if names
            else f"{store.name}: no experiments"
        )
    return name or names[0]


def _json(found: History) -> dict[str, object]:
    return {
        "versions": [
            {
                "code": v.code,
                "first": v.first.isoformat(),
                "rows": v.rows,
                "ratio": v.ratio,
                "index": v.index,
                "better": v.better,
                "worse": v.worse,
                "same": v.same,
                "lost": v.lost,
            }
            for v in found.versions
        ],
        "series": [
            {
                "instance": s.instance,
                "scheduler": s.scheduler,
                "seed": s.seed,
                "budget": s.budget,
                "options": s.options,
                "cycles": list(s.cycles),
            }
            for s in found.series
        ],
    }


def _print(found: History, *, every: bool) -> None:
    numbers = ("rows", "cycles", "index", "better", "worse", "same", "lost")
    print_table(
        "Versions, oldest first",
        ("version", "since (UTC)", *numbers),
        [
            (
                v.code,
                f"{v.first:%Y-%m-%d %H:%M}",
                str(v.rows),
                "" if number == 0 else f"{100 * (v.ratio - 1):+.2f} %",
                f"{100 * v.index:.1f}",
                *("" if number == 0 else str(n) for n in (v.better, v.worse, v.same, v.lost)),
            )
            for number, v in enumerate(found.versions)
        ],
        right=numbers,
    )
    shown = [series for series in found.series if every or series.changed]
    if not shown:
        typer.echo(f"{len(found.series)} series, none of them changed")
        return
    print_table(
        "All series" if every else f"{len(shown)} of {len(found.series)} series changed",
        ("series", "first", "best", "last", "change", "cycles by version"),
        [_row(series) for series in shown],
        right=("first", "best", "last", "change"),
    )


def _row(series: Series) -> tuple[str, ...]:
    known = series.known
    by_version = " ".join("." if c is None else str(c or "-") for c in series.cycles)
    if not known:
        return (series.title, "-", "-", "-", "-", by_version)
    last = next(cycles for cycles in reversed(series.cycles) if cycles is not None)
    change = f"{100 * (last / known[0] - 1):+.1f} %" if last else "lost"
    return (
        series.title,
        str(known[0]),
        str(min(known)),
        str(last or "-"),
        change,
        by_version,
    )

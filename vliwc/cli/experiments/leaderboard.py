"""`vliwc leaderboard`: schedulers by corpora over the rows of a store."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from vliwc.cli.common.arguments import Json
from vliwc.cli.common.errors import CommandError
from vliwc.cli.common.files import STDOUT, require_one_printed, write_text
from vliwc.cli.common.output import print_json
from vliwc.cli.common.tables import percent, print_table
from vliwc.cli.experiments.compare_inputs import require_lab
from vliwc.cli.experiments.history import StorePlace

Experiments = Annotated[
    list[str] | None,
    typer.Option("--experiment", metavar="NAME", help="Only this one; repeatable. [default: all]"),
]
Page = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="FILE.html", help="Write one page with sortable tables."
    ),
]
Title = Annotated[str, typer.Option("--title", metavar="TEXT", help="Of the page.")]


def leaderboard(
    store: StorePlace,
    experiment: Experiments = None,
    output: Page = None,
    title: Title = "Leaderboard",
    as_json: Json = False,
) -> None:
    """Rank the schedulers in a store that `compare --store` has written, corpus by corpus.

    Mean ranks with bootstrap intervals, Friedman's test, and Nemenyi's critical difference. Seeds
    are made one figure first, the median; of runs repeated with newer code the newest counts.
    """
    require_lab("sqlalchemy", "scipy")
    require_one_printed(output, as_json=as_json)

    from vliwc.lab.results.leaderboard import boards
    from vliwc.lab.runs.store import Store

    with Store.open(store, create=False) as opened:
        names = [found.name for found in opened.experiments()]
        for name in experiment or ():
            if name not in names:
                raise CommandError(f"--experiment {name}: there are {', '.join(names) or 'none'}")
        stored = [each for name in experiment or names for each in opened.stored(name)]
    found = boards(stored)
    if not found:
        raise CommandError(f"{store}: no rows")
    if output is not None:
        from vliwc.lab.results.leaderboard_page import leaderboard_page

        write_text(output, leaderboard_page(found, title))
    if as_json:
        print_json({"boards": [asdict(board) for board in found]})
        return
    if output == STDOUT:
        return
    for board in found:
        notes = [f"{board.instances} instances"]
        if board.left_out:
            notes.append(f"{board.left_out} left out that not all have run")
        if board.friedman is not None:
            notes.append(f"Friedman p = {board.friedman:.3g}")
        if board.difference is not None:
            notes.append(f"Nemenyi critical difference {board.difference:.2f}")
        print_table(
            f"{board.corpus}: {', '.join(notes)}",
            ("entrant", "mean rank", "95 % interval", "mean gap", "best", "proved", "of", "close"),
            [
                (
                    s.entrant,
                    f"{s.rank:.2f}",
                    "-" if s.low is None or s.high is None else f"{s.low:.2f} to {s.high:.2f}",
                    "-" if s.gap is None else percent(s.gap),
                    str(s.best),
                    str(s.proved),
                    str(s.scheduled),
                    "yes" if s.close else "no",
                )
                for s in board.standings
            ],
            right=("mean rank", "95 % interval", "mean gap", "best", "proved", "of"),
        )
    if output is not None:
        typer.echo(f"written: {output}")

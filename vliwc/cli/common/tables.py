"""Tables and figures for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

PIPE_WIDTH = 120
"""Characters per line where the output goes to no terminal."""


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[str] = (),
) -> None:
    """Print a table on standard output; columns named in ``right`` are right-aligned.

    What is too wide goes on in the next line; nothing is cut.  Columns in ``right`` keep the width
    of their cells, which are numbers, and wrap only a heading that is longer than these.
    """
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for at, name in enumerate(columns):
        number = name in right
        widest = max((len(row[at]) for row in rows), default=0)
        table.add_column(
            name,
            justify="right" if number else "left",
            no_wrap=number and len(name) <= widest,
            min_width=widest if number else None,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=PIPE_WIDTH)
    console.print(table, crop=False)


def percent(fraction: float) -> str:
    """A fraction as people read it."""
    return f"{100 * fraction:.1f} %"

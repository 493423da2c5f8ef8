"""Tables and figures for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

PIPE_WIDTH = 120
"""Characters per line where the output goes to no terminal."""
_KEY_WIDTH = 28
"""Room that is left to a column of text, if its cells need that much."""
_WORD = 20
"""Room for a word of a heading before it is wrapped."""
_GAP = 3
"""Characters between two columns."""


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[str] = (),
) -> None:
    """Print a table on standard output; columns named in ``right`` are right-aligned numbers.

    What is too wide goes on in the next line; nothing is cut.  Columns in ``right`` keep the width
    of their cells, and wrap only a heading that is longer than these.  Where they leave no room for
    the columns that say what a row is about, they are printed in several tables, one below the
    other, each with those columns.
    """
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=PIPE_WIDTH)
    for part in _parts(columns, rows, right, console.width):
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        title = ""
        for at in part:
            name, number = columns[at], columns[at] in right
            widest = _widest(rows, at)
            table.add_column(
                name,
                justify="right" if number else "left",
                no_wrap=number and len(name) <= widest,
                min_width=widest if number else None,
                overflow="fold",
            )
        for row in rows:
            table.add_row(*(row[at] for at in part))
        table.title = table.title or None
        console.print(table, crop=False)


def _widest(rows: Sequence[Sequence[str]], at: int) -> int:
    """Characters of the widest cell of a column."""
    return max((len(row[at]) for row in rows), default=0)


def _parts(
    columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str], width: int
) -> list[list[int]]:
    """The columns of each table to print, by number; all of them in one if they fit."""
    keys = [at for at, name in enumerate(columns) if name not in right]
    numbers = [at for at, name in enumerate(columns) if name in right]
    room = width - sum(min(_widest(rows, at), _KEY_WIDTH) + _GAP for at in keys)
    # A heading is wrapped between its words, and within long ones.
    wide = {
        at: _GAP
        + max(_widest(rows, at), *(min(len(w), _WORD) for w in columns[at].split() or [""]))
        for at in numbers
    }
    total = sum(wide.values())
    if total <= room or not keys or not numbers:
        return [list(range(len(columns)))]
    share = total / -(-total // max(room, 1))
    parts: list[list[int]] = []
    used = 0.0
    for at in numbers:
        if not parts or used + wide[at] > room or used >= share:
            parts.append([*keys])
            used = 0.0
        parts[-1].append(at)
        used += wide[at]
    return parts


def percent(fraction: float) -> str:
    """A fraction as people read it."""
    return f"{100 * fraction:.1f} %"

"""What commands print."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

ProgressCallback = Callable[[str, float | None], None]
"""Called with what is being done and the fraction done, or None where that is not known."""


def print_json(data: Mapping[str, object]) -> None:
    """Print a JSON object on standard output."""
    typer.echo(json.dumps(data, indent=2))


def print_fields(fields: Mapping[str, str]) -> None:
    """Print aligned ``name  value`` lines on standard output; later lines of a value line up."""
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        first, *rest = value.split("\n")
        typer.echo(f"{name:<{width}}  {first}")
        for line in rest:
            typer.echo(f"{'':<{width}}  {line}")


def warn(message: str) -> None:
    """Print a remark on standard error."""
    typer.echo(message, err=True)


@contextmanager
def progress(*, quiet: bool = False) -> Generator[ProgressCallback]:
    """A progress line on standard error, removed at the end; nothing at all in a pipe."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda stage, fraction: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def show(stage: str, fraction: float | None) -> None:
            total = None if fraction is None else 1.0
            bar.update(task, description=stage, completed=fraction or 0.0, total=total)

        yield show

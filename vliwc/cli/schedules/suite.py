"""`vliwc instances suite`: the frozen suite, listed or written to a folder."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vliwc.cli.common.arguments import Json
from vliwc.cli.common.errors import CommandError
from vliwc.cli.common.files import write_text
from vliwc.cli.common.output import print_json
from vliwc.cli.schedules.instance_files import Form, place_of, print_summaries, text_of

if TYPE_CHECKING:
    from vliwc.lab.instances.frozen import Suite


def suite(
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="DIR",
            help="Write the problems there, and best_known.csv with their optima.",
        ),
    ] = None,
    schedules: Annotated[
        Path | None,
        typer.Option(
            "--schedules",
            metavar="DIR",
            help="Write an optimal schedule of each problem there, for `vliwc schedule --hint`.",
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Write into folders that are not empty; files are replaced."),
    ] = False,
    as_json: Json = False,
) -> None:
    """List or write the frozen suite: problems with proved optima that no version changes.

    Papers name it by its version and its digest, which stand above the list.
    """
    from vliwc.lab.instances.best_known import BEST_KNOWN
    from vliwc.lab.instances.frozen import VERSION, frozen_suite
    from vliwc.lab.results.summary import Summary

    _require_room(output, schedules, force=force)
    found = frozen_suite()
    _write(found, output, schedules)
    rows = [Summary.of(instance) for instance in found.instances]
    if not as_json:
        print_summaries(f"Frozen suite, version {VERSION}, digest {found.digest}", rows)
        if output is not None:
            typer.echo(f"written: {output} ({len(rows)} problems, {BEST_KNOWN})")
        if schedules is not None:
            typer.echo(f"written: {schedules} ({len(rows)} schedules)")
        return
    print_json(
        {
            "version": VERSION,
            "digest": found.digest,
            "output": None if output is None else str(output),
            "schedules": None if schedules is None else str(schedules),
            "instances": [
                asdict(row) | {"budget": line.budget, "proof": line.proof}
                for row, line in zip(rows, found.lines, strict=True)
            ],
        }
    )


def _require_room(output: Path | None, schedules: Path | None, *, force: bool) -> None:
    """Refuse folders with files in them, which would be replaced or taken for problems."""
    if output is not None and schedules is not None:
        inner, outer = schedules.resolve(), output.resolve()
        if inner.is_relative_to(outer):
            raise CommandError(
                f"--schedules {schedules}: name a folder outside of {output}, "
                "where schedules would be taken for problems"
            )
    for folder in (output, schedules):
        if folder is not None and not force and folder.is_dir() and any(folder.iterdir()):
            raise CommandError(f"{folder} is not empty; name another folder, or use --force")


def _write(found: Suite, output: Path | None, schedules: Path | None) -> None:
    from vliwc.lab.instances.best_known import BEST_KNOWN
    from vliwc.lab.instances.frozen import table_text
    from vliwc.sched.problem.schedule_json import schedule_to_json

    for instance, schedule in zip(found.instances, found.schedules, strict=True):
        if output is not None:
            text, _ = text_of(instance, Form.JSON)
            write_text(place_of(instance, Form.JSON, output, folder=True), text)
        if schedules is not None:
            text = json.dumps(schedule_to_json(schedule)) + "\n"
            write_text(place_of(instance, Form.JSON, schedules, folder=True), text)
    if output is not None:
        write_text(output / BEST_KNOWN, table_text())

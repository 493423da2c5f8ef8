"""`vliwc examples`: the kernels and examples that come with vliwc, as files to work on."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from vliwc.cli.common.arguments import Json
from vliwc.cli.common.errors import CommandError
from vliwc.cli.common.output import print_json
from vliwc.shipped import FOLDERS, folder

Target = Annotated[
    Path,
    typer.Argument(metavar="DIR", help="Where to put the folders; made if it is not there."),
]
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")


def examples(target: Target, as_json: Json = False) -> None:
    """Copy kernels and examples into a folder: DIR/kernels and DIR/examples.

    Nothing that is there already is overwritten.
    """
    for name in FOLDERS:
        if (target / name).exists():
            raise CommandError(f"{target / name} is there already; name another folder")
    try:
        for name in FOLDERS:
            shutil.copytree(folder(name), target / name, ignore=_LEFT_OUT)
    except OSError as error:  # shutil.Error, which lists files, is one, too
        raise CommandError(f"cannot write {target}: {error.strerror or error}") from error
    files = sorted(
        path for name in FOLDERS for path in (target / name).rglob("*") if path.is_file()
    )
    if as_json:
        print_json({"files": [str(path) for path in files]})
        return
    for name in FOLDERS:
        count = sum(path.is_relative_to(target / name) for path in files)
        typer.echo(f"written: {target / name} ({count} files)")

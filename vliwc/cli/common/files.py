"""Files that commands read and write: JSON data, memory images, results."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

import typer

from isa import load
from vliwc.cli.common.errors import CommandError

STDOUT: Final = Path("-")
"""Stands for standard output where a file to write is named."""


def require_one_printed(output: Path | None, *, as_json: bool) -> None:
    """Raise `CommandError` if a report and a result would mix on standard output."""
    if as_json and output == STDOUT:
        raise CommandError("--json and -o - would both print on standard output; name a file")


def read_text(path: Path) -> str:
    """The text of a UTF-8 file. Raises `CommandError` if it cannot be read."""
    try:
        return load.read_text(path)
    except load.LoadError as error:
        raise CommandError(f"{path}: {error}") from error


def read_stdin() -> str:
    """The text on standard input. Raises `CommandError` if it cannot be read."""
    try:
        return load.read_stream(sys.stdin.buffer)
    except load.LoadError as error:
        raise CommandError(f"<stdin>: {error}") from error


def read_json(path: Path) -> object:
    """The data in a JSON file. Raises `CommandError` if it cannot be read or is no JSON."""
    try:
        return load.parse_json(read_text(path))
    except load.LoadError as error:
        raise CommandError(f"{path}: {error}") from error


def is_word(value: object) -> bool:
    """Whether a JSON value is an integer from 0 to 2**32 - 1."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32


def write_text(path: Path, text: str) -> None:
    """Write a file completely or not at all; ``-`` is standard output.

    The text goes to a new file beside the target, which then takes the target's name. Devices and
    pipes (`/dev/stdout`, a FIFO) cannot be renamed onto and are written directly.

    Raises:
        CommandError: the file cannot be written; what stood there is unchanged.
    """
    if path == STDOUT:
        typer.echo(text, nl=False)
        return
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file completely or not at all, as `write_text` does; ``-`` is a name like others.

    Raises:
        CommandError: the file cannot be written; what stood there is unchanged.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            _replace(path.resolve(), data)
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror or error}") from error


def _replace(target: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, _permissions(target))
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise


def _permissions(target: Path) -> int:
    """Those of the file that is replaced, or what a newly created file would get."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask

"""The files that `vliwc compare` writes, and what it prints instead of tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from vliwc.cli.common.errors import CommandError
from vliwc.cli.common.files import STDOUT, require_one_printed, write_bytes, write_text
from vliwc.cli.common.output import print_json
from vliwc.cli.experiments.compare_inputs import require_lab

if TYPE_CHECKING:
    from vliwc.lab.results.comparison import Comparison
    from vliwc.lab.results.report import Table


class Format(Enum):
    """Forms of a comparison."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


class PictureFormat(Enum):
    """Forms of pictures."""

    SVG = "svg"
    PNG = "png"


_SUFFIXES: Final[Mapping[str, Format]] = {
    ".json": Format.JSON,
    ".csv": Format.CSV,
    ".parquet": Format.PARQUET,
}


@dataclass(frozen=True)
class Targets:
    """What goes where.  ``tables`` if tables are printed on standard output."""

    form: Format
    output: Path | None
    summary: Path | None
    pairs: Path | None
    plots: Path | None
    pictures: PictureFormat
    as_json: bool

    @staticmethod
    def of(
        form: Format | None,
        output: Path | None,
        summary: Path | None,
        pairs: Path | None,
        plots: Path | None,
        pictures: PictureFormat,
        *,
        as_json: bool,
    ) -> Targets:
        """The targets, checked before anything runs: schedulers may run for hours.

        Raises:
            CommandError: options that exclude each other, a suffix that names no format, two
                outputs of one name, a folder that is not there, or a package that is missing.
        """
        require_one_printed(output, as_json=as_json)
        if form is None:
            form = Format.TABLE if output is None else _by_suffix("-o", output, tuple(_SUFFIXES))
        _require_sense(form, output, as_json)
        for option, path in (("--summary", summary), ("--pairs", pairs)):
            if path is not None:
                _by_suffix(option, path, (".csv", ".parquet"))
        named = [path for path in (output, summary, pairs) if path is not None]
        files = [path.resolve() for path in named if path != STDOUT]
        if len(set(files)) < len(files):
            raise CommandError("two outputs have the same name; give each its own file")
        for path in files:
            if not path.parent.is_dir():
                raise CommandError(f"cannot write {path}: there is no folder {path.parent}")
            if path.is_dir():
                raise CommandError(f"cannot write {path}: it is a folder")
        if plots is not None and plots.exists() and not plots.is_dir():
            raise CommandError(f"--plots {plots}: it is a file, not a folder")
        if plots is not None:
            require_lab("matplotlib")
        suffixes = {path.suffix.lower() for path in (summary, pairs) if path is not None}
        if form is Format.PARQUET or ".parquet" in suffixes:
            require_lab("pyarrow")
        return Targets(form, output, summary, pairs, plots, pictures, as_json)

    @property
    def tables(self) -> bool:
        """Whether standard output is for people."""
        printed = self.form is Format.TABLE or self.output is not None
        return printed and self.output != STDOUT and not self.as_json

    def write(self, comparison: Comparison, baseline: str, *, times: bool) -> None:
        """Write all files, each completely or not at all, and print what is not for people."""
        from vliwc.lab.results.report import (
            pairs_table,
            rows_table,
            summaries_table,
            to_csv,
            to_json,
        )

        if self.output is not None and self.form is Format.JSON:
            report = to_json(comparison, baseline, times=times)
            write_text(self.output, json.dumps(report, indent=1) + "\n")
        elif self.output is not None:
            _write_table(self.output, rows_table(comparison, times=times), self.form)
        if self.summary is not None:
            _write_table(self.summary, summaries_table(comparison, times=times))
        if self.pairs is not None:
            _write_table(self.pairs, pairs_table(comparison.pairwise))
        if self.plots is not None:
            self._draw(self.plots, comparison, times)
        if self.as_json or (self.form is Format.JSON and self.output is None):
            print_json(to_json(comparison, baseline, times=times))
        elif self.form is Format.CSV and self.output is None:
            typer.echo(to_csv(rows_table(comparison, times=times)), nl=False)

    def print_written(self) -> None:
        """Say which files were written."""
        for path in (self.output, self.summary, self.pairs, self.plots):
            if path is not None:
                typer.echo(f"written: {path}")

    def _draw(self, folder: Path, comparison: Comparison, times: bool) -> None:
        from vliwc.lab.results.plots import draw

        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CommandError(f"cannot make the folder {folder}: {error.strerror}") from error
        for name, data in draw(comparison, self.pictures.value, times=times).items():
            write_bytes(folder / name, data)


def _require_sense(form: Format, output: Path | None, as_json: bool) -> None:
    """Raise `CommandError` for a format that cannot go where it is to go."""
    if form is Format.TABLE and output is not None:
        raise CommandError("--format table is printed; for -o choose json, csv or parquet")
    if form is Format.PARQUET and output in (None, STDOUT):
        raise CommandError("--format parquet needs a file: give -o FILE")
    if as_json and form is Format.CSV and output is None:
        raise CommandError("--json and --format csv would both print on standard output; give -o")


def _by_suffix(option: str, path: Path, suffixes: tuple[str, ...]) -> Format:
    if path.suffix.lower() not in suffixes:
        hint = ", or --format" if option == "-o" else ""
        raise CommandError(f"{option} {path}: expected a name in {' or '.join(suffixes)}{hint}")
    return _SUFFIXES[path.suffix.lower()]


def _write_table(path: Path, table: Table, form: Format | None = None) -> None:
    from vliwc.lab.results.report import to_csv, to_parquet

    if (form or _SUFFIXES[path.suffix.lower()]) is Format.PARQUET:
        write_bytes(path, to_parquet(table))
    else:
        write_text(path, to_csv(table))

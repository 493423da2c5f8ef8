"""Best known values: a CSV beside a corpus, as the authors of benchmark sets keep them.

The file ``best_known.csv`` stands in the folder of the problems or in the one above.  It has a line
of names, and a line for each problem; the columns ``problem`` (its file's name, the suffix may be
left out) and ``best_known`` are read, and ``set``, where there is one, is the name of the folder.
A value is the optimum (``43``), a proved bound and the best schedule (``82..87``), or the best
schedule alone (``..108``).
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from isa.load import LoadError, cut, read_text
from vliwc.sched.problem.renewable import ProblemError

BEST_KNOWN: Final = "best_known.csv"
_VALUE: Final = re.compile(r"(\d{1,9})?(\.\.)?(\d{1,9})?")


@dataclass(frozen=True)
class Known:
    """``cycles`` of the best schedule that anybody has reported; ``optimal`` if there is none with
    fewer."""

    cycles: int
    optimal: bool

    @staticmethod
    def parse(text: str) -> Known | None:
        """A value of the file; None if it is none."""
        match = _VALUE.fullmatch(text.strip())
        if match is None:
            return None
        lower, dots, upper = match.groups()
        if not dots:
            return None if lower is None else Known(int(lower), True)
        if upper is None or (lower is not None and int(lower) > int(upper)):
            return None
        return Known(int(upper), lower is not None and int(lower) == int(upper))


def read_best_known(folder: Path) -> dict[str, Known]:
    """The values for a folder's problems, by name; none without a file of them.

    Raises :class:`ProblemError` with the line that means nothing.
    """
    places = (folder / BEST_KNOWN, folder.resolve().parent / BEST_KNOWN)
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        return {}
    try:
        rows = csv.DictReader(io.StringIO(read_text(path)))
        columns = rows.fieldnames or ()
    except (LoadError, csv.Error) as error:
        raise ProblemError(f"{path}: {error}") from error
    for name in ("problem", "best_known"):
        if name not in columns:
            raise ProblemError(f"{path}: line 1: no column is called {name}")
    found: dict[str, Known] = {}
    for row in rows:
        problem, value = row.get("problem") or "", row.get("best_known") or ""
        if row.get("set") not in (None, folder.resolve().name):
            continue
        known = Known.parse(value)
        where = f"{path}: line {rows.line_num}"
        if known is None:
            raise ProblemError(f"{where}: {cut(value)!r}: expected N, N..M or ..M")
        name = re.sub(r"\.\w{1,5}$", "", problem)
        if not name or name in found:
            raise ProblemError(f"{where}: {cut(problem)!r}: no name, or one that was there before")
        found[name] = known
    return found

"""The frozen suite: machine problems with proved optima, the same in every version of vliwc.

What a compiler makes of a kernel changes with the compiler, and a generator may change, too: so the
problems are kept here as they were when the suite was made, each with a schedule of as many cycles
as its optimum.  The table ``frozen.csv`` has a line for each, in the form of a file of best known
values (:mod:`vliwc.lab.instances.best_known`): its optimum, its digest, and how `cpsat` proved that
no schedule has fewer cycles.  ``python -m benchmarks.frozen`` has made both files; a change of
either is a new version.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, cast

from isa.load import parse_json
from vliwc.diagnostics import InternalError
from vliwc.lab.instances.instance import Instance
from vliwc.sched.problem.json import problem_from_json
from vliwc.sched.problem.schedule import Schedule
from vliwc.sched.problem.schedule_json import schedule_from_json

VERSION: Final = 1
TABLE, STORED = "frozen.csv", "frozen.json.gz"
_FOLDER: Final = "vliwc.lab.instances"


@dataclass(frozen=True)
class Frozen:
    """A line of the table.

    ``best_known`` is the optimum of ``problem`` in cycles, ``bound`` what is proved without search
    (:mod:`vliwc.sched.problem.bounds`), ``digest`` that of the instance; `cpsat` proved the optimum
    with a budget of ``budget``, by the method ``proof``.
    """

    problem: str
    best_known: int
    operations: int
    bound: int
    budget: int
    proof: str
    digest: str


@dataclass(frozen=True)
class Suite:
    """The suite: lines of the table, and for each the instance and a schedule of its optimum."""

    lines: Sequence[Frozen]
    instances: Sequence[Instance]
    schedules: Sequence[Schedule]

    @property
    def digest(self) -> str:
        """A name for the whole suite; see :func:`suite_digest`."""
        return suite_digest(self.lines)


def table_text() -> str:
    """The table as it is kept: CSV that stands beside the problems as ``best_known.csv``."""
    return files(_FOLDER).joinpath(TABLE).read_text(encoding="utf-8")


def table() -> list[Frozen]:
    """The lines of the suite's table."""
    return [
        Frozen(
            row["problem"],
            int(row["best_known"]),
            int(row["operations"]),
            int(row["bound"]),
            int(row["budget"]),
            row["proof"],
            row["digest"],
        )
        for row in csv.DictReader(io.StringIO(table_text()))
    ]


def suite_digest(lines: Sequence[Frozen]) -> str:
    """16 hexadecimal digits of SHA-256 of the problems' names, digests and optima."""
    text = "".join(f"{line.problem} {line.digest} {line.best_known}\n" for line in lines)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def frozen_suite() -> Suite:
    """The suite, in order of its table.

    Raises :class:`vliwc.diagnostics.InternalError` for a problem that is not what it was: results
    on it could not be compared.
    """
    packed = files(_FOLDER).joinpath(STORED).read_bytes()
    stored = cast("Mapping[str, Mapping[str, object]]", parse_json(gzip.decompress(packed)))
    lines = table()
    instances: list[Instance] = []
    schedules: list[Schedule] = []
    for line in lines:
        name, kept = line.problem, stored[line.problem]
        problem = problem_from_json(kept["problem"], name)
        made = Instance(name, problem, name.partition("(")[0], line.best_known, line.best_known)
        if made.digest != line.digest:
            raise InternalError(
                f"{name} of the frozen suite has the digest {made.digest}, not {line.digest}"
            )
        instances.append(made)
        schedules.append(schedule_from_json(kept["schedule"], name))
    return Suite(lines, instances, schedules)

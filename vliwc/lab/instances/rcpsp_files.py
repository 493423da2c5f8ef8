"""Project files of the literature: PSPLIB's ``.sm`` and ``.mm`` (Kolisch and Sprecher 1996) and
Patterson's ``.rcp`` (1984), read by the package `psplib`.

Projects become problems of :mod:`vliwc.sched.problem.project`, those with several modes a job or
nonrenewable resources of :mod:`vliwc.sched.problem.modes`: a successor starts after the end, so
cycles are the makespan.
Jobs keep their order and are called ``j1``, ``j2``, ...; the first and the last one, which stand
for start and end, stay as operations without duration.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from isa.load import LoadError, read_text
from vliwc.sched.problem.json import LARGEST
from vliwc.sched.problem.modes import Mode, mode_problem
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.renewable import ProblemError

_SECTION: Final = re.compile(r"^\*{3,}.*$", re.MULTILINE)
_NUMBER: Final = re.compile(r"[0-9]+")
_LONG: Final = re.compile(r"\d{11}")  # above `LARGEST`, and perhaps too long for `int`
MAX_JOBS: Final = 100_000


@dataclass(frozen=True)
class _Job:
    """A job as the file has it; ``successors`` by number from 0."""

    modes: tuple[Mode, ...]
    successors: tuple[int, ...]


@dataclass(frozen=True)
class _Project:
    """A project as the file has it: jobs, and the units of renewable (``capacities``) and of
    nonrenewable resources (``amounts``)."""

    jobs: list[_Job]
    capacities: list[int]
    amounts: list[int]

    @property
    def resources(self) -> int:
        """Columns of a mode."""
        return len(self.capacities) + len(self.amounts)


def read_sm(path: Path) -> ScheduleProblem:
    """The project in a PSPLIB file, of one or of several modes a job.

    Raises :class:`ProblemError` with the file: it cannot be read, is damaged, or has what these
    problems do not: several projects, doubly constrained resources, release dates.
    """
    text = project_text(path)
    _refuse_sm_extras(text, path)
    project = _parse(path, text, "psplib")
    _compare_sm(text, project, path)
    return _problem(project, path)


def read_rcp(path: Path) -> ScheduleProblem:
    """The project in a file of Patterson's form. Raises as :func:`read_sm` does."""
    text = project_text(path)
    words = text.split()
    if not all(_NUMBER.fullmatch(word) for word in words):
        raise ProblemError(f"{path}: a file of Patterson's form has nothing but numbers from 0")
    if words and int(words[0]) > MAX_JOBS:
        raise ProblemError(f"{path}: {words[0]} jobs are more than {MAX_JOBS}")
    project = _parse(path, text, "patterson")
    jobs, resources = project.jobs, len(project.capacities)
    expected = 2 + resources + sum(2 + resources + len(job.successors) for job in jobs)
    if len(words) != expected:
        raise ProblemError(
            f"{path}: {len(words)} numbers, but its {len(jobs)} jobs take {expected}; "
            "is it damaged, or another form of file?"
        )
    return _problem(project, path)


def project_text(path: Path) -> str:
    """The text of a file of numbers. Raises :class:`ProblemError` if one of them is too large."""
    try:
        text = read_text(path)
    except LoadError as error:
        raise ProblemError(f"{path}: {error}") from error
    if _LONG.search(text):
        raise ProblemError(f"{path}: a number is above {LARGEST}")
    return text


def _parse(path: Path, text: str, form: str) -> _Project:
    """The project as `psplib` reads them; the package has no types of its own."""
    try:
        psplib: Any = import_module("psplib")
    except ImportError as error:
        raise ProblemError(
            f"{path}: reading it needs the package psplib; install vliwc[lab]"
        ) from error
    try:
        with tempfile.TemporaryDirectory(prefix="vliwc-project-") as folder:
            plain = Path(folder) / "project"  # `psplib` takes nothing but a path
            plain.write_text(text, encoding="utf-8")
            instance = psplib.parse(plain, form)
        renewable = [bool(resource.renewable) for resource in instance.resources]
        capacities = [int(resource.capacity) for resource in instance.resources]
        jobs = [
            _Job(
                tuple(_mode(mode.duration, mode.demands, renewable) for mode in a.modes),
                tuple(a.successors),
            )
            for a in instance.activities
        ]
        return _Project(
            jobs,
            [units for units, gives in zip(capacities, renewable, strict=True) if gives],
            [units for units, gives in zip(capacities, renewable, strict=True) if not gives],
        )
    # The reader stops at whatever its own code stumbles over in a damaged file: StopIteration,
    # IndexError, ValueError.
    except Exception as error:
        reason = "it ends too early" if isinstance(error, StopIteration | IndexError) else error
        raise ProblemError(f"{path}: not a project of the form {form!r} ({reason})") from error


def _mode(duration: int, demands: Sequence[int], renewable: Sequence[bool]) -> Mode:
    columns = list(zip(demands, renewable, strict=True))
    return Mode(
        duration,
        tuple(units for units, gives in columns if gives),
        tuple(units for units, gives in columns if not gives),
    )


def _refuse_sm_extras(text: str, path: Path) -> None:
    """Refuse what the reader would leave out."""
    projects = re.search(r"^projects\s*:\s*(\d+)", text, re.MULTILINE)
    if projects is not None and int(projects[1]) != 1:
        raise ProblemError(f"{path}: {projects[1]} projects; a problem is one project")
    count = re.search(r"- doubly constrained\s*:\s*(\d+)", text)
    if count is not None and int(count[1]):
        raise ProblemError(f"{path}: it has doubly constrained resources, which are not known here")
    info = re.search(r"^pronr\..*\n\s*\d+\s+\d+\s+(\d+)", text, re.MULTILINE)
    if info is not None and int(info[1]):
        raise ProblemError(f"{path}: the project has a release date, {info[1]}; there is none here")


def _rows(text: str, heading: str) -> list[list[int]]:
    """The rows of numbers in the section of a ``.sm`` file that starts with ``heading``."""
    for section in _SECTION.split(text):
        if section.strip().startswith(heading):
            lines = (line.split() for line in section.splitlines())
            return [
                [int(word) for word in line]
                for line in lines
                if line and all(_NUMBER.fullmatch(word) for word in line)
            ]
    return []


def _compare_sm(text: str, project: _Project, path: Path) -> None:
    """Compare what the reader does not look at: numbers of jobs, modes, successors and columns."""
    jobs = project.jobs
    stated = re.search(r"^jobs.*:\s*(\d+)", text, re.MULTILINE)
    if stated is not None and int(stated[1]) != len(jobs):
        raise ProblemError(f"{path}: the file states {stated[1]} jobs and has {len(jobs)}")
    for kind, found in (("renewable", project.capacities), ("nonrenewable", project.amounts)):
        count = re.search(rf"- {kind}\s*:\s*(\d+)", text)
        if count is not None and int(count[1]) != len(found):
            raise ProblemError(
                f"{path}: the file states {count[1]} {kind} resources and has {len(found)}"
            )
    precedences = _rows(text, "PRECEDENCE RELATIONS")
    requests, resources = _rows(text, "REQUESTS/DURATIONS"), project.resources
    heads: list[list[int]] = []
    for job in jobs:
        # The number of the job stands in the row of its first mode only.
        own = requests[: len(job.modes)]
        requests = requests[len(job.modes) :]
        heads += own[:1]
        for at, row in enumerate(own):
            numbers = row if at else row[1:]
            if numbers[:1] != [at + 1] or len(numbers) != 2 + resources:
                raise ProblemError(
                    f"{path}: job {len(heads)}: expected mode {at + 1}, a duration and "
                    f"{resources} resources"
                )
    heads += requests
    for what, rows in (("precedence relations", precedences), ("requests", heads)):
        if [row[0] for row in rows if row] != list(range(1, len(jobs) + 1)):
            raise ProblemError(f"{path}: {what} are not those of jobs 1 to {len(jobs)} in order")
    for row, job in zip(precedences, jobs, strict=True):
        if len(row) < 3 or row[2:] != [len(job.successors), *(s + 1 for s in job.successors)]:
            raise ProblemError(f"{path}: job {row[0]}: the successors are not as many as stated")


def _problem(project: _Project, path: Path) -> ScheduleProblem:
    jobs, stated = project.jobs, (*project.capacities, *project.amounts)
    for number, job in enumerate(jobs):
        numbers = [n for m in job.modes for n in (m.duration, *m.demand, *m.consumption)]
        if max(0, *numbers, *stated) > LARGEST:
            raise ProblemError(f"{path}: job {number + 1}: a number is above {LARGEST}")
        for successor in job.successors:
            if not 0 <= successor < len(jobs):
                raise ProblemError(
                    f"{path}: job {number + 1}: there is no successor {successor + 1}"
                )
    try:
        return mode_problem(
            [job.modes for job in jobs],
            project.capacities,
            project.amounts,
            [(before, after, 1) for before, job in enumerate(jobs) for after in job.successors],
            names=[f"j{number + 1}" for number in range(len(jobs))],
        )
    except ProblemError as error:
        raise ProblemError(f"{path}: {error}") from error

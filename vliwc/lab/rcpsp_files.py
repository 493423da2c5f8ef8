"""Project files of the literature: PSPLIB's ``.sm`` (Kolisch and Sprecher 1996) and Patterson's
``.rcp`` (1984), read by the package `psplib`.

Projects with one mode a job and renewable resources become problems of
:mod:`vliwc.sched.problem.project`: a successor starts after the end, so cycles are the makespan.
Jobs keep their order and are called ``j1``, ``j2``, ...; the first and the last one, which stand
for start and end, stay as operations without duration.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from isa.load import LoadError, read_text
from vliwc.sched.problem.json import LARGEST
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_problem
from vliwc.sched.problem.renewable import ProblemError

_SECTION: Final = re.compile(r"^\*{3,}.*$", re.MULTILINE)
_NUMBER: Final = re.compile(r"[0-9]+")
_LONG: Final = re.compile(r"\d{11}")  # above `LARGEST`, and perhaps too long for `int`
_MAX_JOBS: Final = 100_000


@dataclass(frozen=True)
class _Job:
    """A job as the file has it; ``successors`` by number from 0."""

    duration: int
    demand: tuple[int, ...]
    successors: tuple[int, ...]


def read_sm(path: Path) -> ScheduleProblem:
    """The project in a PSPLIB file of single-mode jobs.

    Raises :class:`ProblemError` with the file: it cannot be read, is damaged, or has what these
    problems do not: several modes or projects, other than renewable resources, release dates.
    """
    text = _text(path)
    _refuse_sm_extras(text, path)
    jobs, capacities = _parse(path, text, "psplib")
    _compare_sm(text, jobs, capacities, path)
    return _problem(jobs, capacities, path)


def read_rcp(path: Path) -> ScheduleProblem:
    """The project in a file of Patterson's form. Raises as :func:`read_sm` does."""
    text = _text(path)
    words = text.split()
    if not all(_NUMBER.fullmatch(word) for word in words):
        raise ProblemError(f"{path}: a file of Patterson's form has nothing but numbers from 0")
    if words and int(words[0]) > _MAX_JOBS:
        raise ProblemError(f"{path}: {words[0]} jobs are more than {_MAX_JOBS}")
    jobs, capacities = _parse(path, text, "patterson")
    expected = 2 + len(capacities) + sum(2 + len(job.demand + job.successors) for job in jobs)
    if len(words) != expected:
        raise ProblemError(
            f"{path}: {len(words)} numbers, but its {len(jobs)} jobs take {expected}; "
            "is it damaged, or another form of file?"
        )
    return _problem(jobs, capacities, path)


def _text(path: Path) -> str:
    try:
        text = read_text(path)
    except LoadError as error:
        raise ProblemError(f"{path}: {error}") from error
    if _LONG.search(text):
        raise ProblemError(f"{path}: a number is above {LARGEST}")
    return text


def _parse(path: Path, text: str, form: str) -> tuple[list[_Job], list[int]]:
    """Jobs and capacities as `psplib` reads them; the package has no types of its own."""
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
        for activity in instance.activities:
            if len(activity.modes) != 1:
                raise ProblemError(f"{path}: a job has {len(activity.modes)} modes; one is allowed")
        if not all(resource.renewable for resource in instance.resources):
            raise ProblemError(f"{path}: it has resources that are not renewable")
        jobs = [
            _Job(a.modes[0].duration, tuple(a.modes[0].demands), tuple(a.successors))
            for a in instance.activities
        ]
        return jobs, [resource.capacity for resource in instance.resources]
    except ProblemError:
        raise
    # The reader stops at whatever its own code stumbles over in a damaged file: StopIteration,
    # IndexError, ValueError.
    except Exception as error:
        reason = "it ends too early" if isinstance(error, StopIteration | IndexError) else error
        raise ProblemError(f"{path}: not a project of the form {form!r} ({reason})") from error


def _refuse_sm_extras(text: str, path: Path) -> None:
    """Refuse what the reader would leave out."""
    projects = re.search(r"^projects\s*:\s*(\d+)", text, re.MULTILINE)
    if projects is not None and int(projects[1]) != 1:
        raise ProblemError(f"{path}: {projects[1]} projects; a problem is one project")
    for kind in ("nonrenewable", "doubly constrained"):
        count = re.search(rf"- {kind}\s*:\s*(\d+)", text)
        if count is not None and int(count[1]):
            raise ProblemError(f"{path}: it has {kind} resources; only renewable ones are known")
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


def _compare_sm(text: str, jobs: list[_Job], capacities: list[int], path: Path) -> None:
    """Compare what the reader does not look at: numbers of jobs, successors and columns."""
    stated = re.search(r"^jobs.*:\s*(\d+)", text, re.MULTILINE)
    if stated is not None and int(stated[1]) != len(jobs):
        raise ProblemError(f"{path}: the file states {stated[1]} jobs and has {len(jobs)}")
    precedences = _rows(text, "PRECEDENCE RELATIONS")
    requests = _rows(text, "REQUESTS/DURATIONS")
    for what, rows in (("precedence relations", precedences), ("requests", requests)):
        if [row[0] for row in rows] != list(range(1, len(jobs) + 1)):
            raise ProblemError(f"{path}: {what} are not those of jobs 1 to {len(jobs)} in order")
    for row, job in zip(precedences, jobs, strict=True):
        if len(row) < 3 or row[2:] != [len(job.successors), *(s + 1 for s in job.successors)]:
            raise ProblemError(f"{path}: job {row[0]}: the successors are not as many as stated")
    for row in requests:
        if len(row) != 3 + len(capacities):
            raise ProblemError(f"{path}: job {row[0]}: there are {len(capacities)} resources")


def _problem(jobs: list[_Job], capacities: list[int], path: Path) -> ScheduleProblem:
    for number, job in enumerate(jobs):
        if max(job.duration, 0, *job.demand, *capacities) > LARGEST:
            raise ProblemError(f"{path}: job {number + 1}: a number is above {LARGEST}")
        for successor in job.successors:
            if not 0 <= successor < len(jobs):
                raise ProblemError(
                    f"{path}: job {number + 1}: there is no successor {successor + 1}"
                )
    try:
        return project_problem(
            [job.duration for job in jobs],
            [job.demand for job in jobs],
            capacities,
            [(before, after, 1) for before, job in enumerate(jobs) for after in job.successors],
            names=[f"j{number + 1}" for number in range(len(jobs))],
        )
    except ProblemError as error:
        raise ProblemError(f"{path}: {error}") from error

"""Projects with minimal and maximal time lags: ``.sch`` files of ProGen/max (Schwindt 1995), the
form of the RCPSP/max sets of PSPLIB.

A line ``jobs renewable nonrenewable doubly``, jobs without the start and the end; then for each job
``number modes count``, the numbers of as many successors, and a lag ``[l]`` for each of them, from
start to start; then for each job ``number mode duration`` and a demand on each resource; then the
units of the resources.  Start and end are jobs 0 and jobs + 1, which stay as operations.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from vliwc.lab.instances.rcpsp_files import MAX_JOBS, project_text
from vliwc.sched.problem.json import LARGEST
from vliwc.sched.problem.lags import Lag
from vliwc.sched.problem.modes import Mode, mode_problem
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.renewable import ProblemError

_NUMBER: Final = re.compile(r"[0-9]+")
_LAG: Final = re.compile(r"\[(-?[0-9]+)\]")


def read_sch(path: Path) -> ScheduleProblem:
    """The project in a file.

    Raises :class:`ProblemError` with the file and the line: it cannot be read, is damaged, has
    several modes a job or other than renewable resources, or lags that no schedule can keep.
    """
    text = project_text(path)
    rows = [
        (number, line.split()) for number, line in enumerate(text.splitlines(), 1) if line.strip()
    ]
    if not rows:
        raise ProblemError(f"{path}: the file is empty")
    head = _numbers(path, rows[0])
    if len(head) != 4 or head[2] or head[3]:
        raise ProblemError(
            f"{path}: line {rows[0][0]}: expected the number of jobs, of renewable resources, and "
            "twice 0: other resources are not known here"
        )
    jobs, resources = head[0] + 2, head[1]
    if jobs > MAX_JOBS:
        raise ProblemError(f"{path}: {jobs} jobs are more than {MAX_JOBS}")
    if len(rows) != 2 * jobs + 2:
        raise ProblemError(
            f"{path}: {len(rows)} lines, but {jobs} jobs, start and end included, take "
            f"{2 * jobs + 2}"
        )
    lags = [lag for job in range(jobs) for lag in _lags(path, rows[1 + job], job, jobs)]
    tasks: list[list[Mode]] = []
    for job, row in enumerate(rows[1 + jobs : -1]):
        numbers = _numbers(path, row)
        if numbers[:2] != [job, 1] or len(numbers) != 3 + resources:
            raise ProblemError(
                f"{path}: line {row[0]}: expected job {job}, mode 1, a duration and {resources} "
                "demands"
            )
        tasks.append([Mode(numbers[2], numbers[3:])])
    capacities = _numbers(path, rows[-1])
    if len(capacities) != resources:
        raise ProblemError(
            f"{path}: line {rows[-1][0]}: expected the units of {resources} resources"
        )
    try:
        return mode_problem(
            tasks, capacities, (), [], names=[f"j{job}" for job in range(jobs)], lags=lags
        )
    except ProblemError as error:
        raise ProblemError(f"{path}: {error}") from error


def _lags(path: Path, row: tuple[int, list[str]], job: int, jobs: int) -> list[Lag]:
    """The lags from a job to its successors."""
    number, words = row
    first = next((at for at, word in enumerate(words) if not _NUMBER.fullmatch(word)), len(words))
    own = _numbers(path, (number, words[:first]))
    found = [_LAG.fullmatch(word) for word in words[first:]]
    if own[:2] != [job, 1]:
        raise ProblemError(f"{path}: line {number}: expected job {job} and one mode")
    if len(own) < 3 or len(own) != 3 + own[2] or len(found) != own[2]:
        raise ProblemError(
            f"{path}: line {number}: the successors, or the lags in brackets, are not as many as "
            "stated"
        )
    lags: list[Lag] = []
    for successor, lag in zip(own[3:], found, strict=True):
        if lag is None or successor >= jobs or abs(int(lag[1])) > LARGEST:
            raise ProblemError(
                f"{path}: line {number}: expected successors up to {jobs - 1}, and for each a lag "
                f"such as [4] or [-9], not beyond {LARGEST}"
            )
        lags.append((job, successor, int(lag[1])))
    return lags


def _numbers(path: Path, row: tuple[int, list[str]]) -> list[int]:
    number, words = row
    if not all(_NUMBER.fullmatch(word) for word in words):
        raise ProblemError(f"{path}: line {number}: expected numbers from 0")
    found = [int(word) for word in words]
    if max(found, default=0) > LARGEST:
        raise ProblemError(f"{path}: line {number}: a number is above {LARGEST}")
    return found

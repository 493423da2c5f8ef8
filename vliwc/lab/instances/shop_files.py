"""Job shops of the literature as projects: a machine is a renewable resource of one unit.

``.jsp`` is the form of the OR-Library and of Taillard's instances (Beasley 1990; Taillard 1993): a
line ``jobs machines``, then a line for each job, ``machine duration`` for each of its operations in
their order, machines from 0.

``.fjs`` is the form of flexible job shops (Brandimarte 1993), where an operation is done by one of
several machines: a line ``jobs machines`` (and a mean number of machines, which is not used), then
a line for each job with the number of its operations and, for each of them, how many machines can
do it and ``machine duration`` for each of those, machines from 1.  Each is a mode of the operation.

Lines that begin with ``#`` are remarks.  Operations are called
``job.operation``, both from 1; the cycles are the makespan.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from isa.load import LoadError, cut, read_text
from vliwc.sched.problem.json import LARGEST
from vliwc.sched.problem.modes import Mode, mode_problem
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_problem
from vliwc.sched.problem.renewable import ProblemError

_NUMBER: Final = re.compile(r"[0-9]{1,10}")
_DECIMAL: Final = re.compile(r"[0-9]{1,10}(\.[0-9]+)?")
_MAX_OPERATIONS: Final = 100_000
_MAX_MACHINES: Final = 10_000


@dataclass(frozen=True)
class _Line:
    """A line of a file: its number from 1, and its words."""

    number: int
    words: tuple[str, ...]

    def numbers(self, path: Path) -> list[int]:
        """The line as whole numbers. Raises :class:`ProblemError` where a word is none."""
        for word in self.words:
            if not _NUMBER.fullmatch(word) or int(word) > LARGEST:
                raise ProblemError(
                    f"{path}: line {self.number}: {cut(word)!r} is no integer from 0 to {LARGEST}"
                )
        return [int(word) for word in self.words]


def read_jsp(path: Path) -> ScheduleProblem:
    """The job shop in a file. Raises :class:`ProblemError` with the file and line."""
    jobs, machines, rows = _lines(path)
    demand_of = _unit_rows(machines)
    durations: list[int] = []
    demands: list[list[int]] = []
    names: list[str] = []
    edges: list[tuple[int, int, int]] = []
    for job, line in enumerate(rows[:jobs]):
        numbers = line.numbers(path)
        if len(numbers) % 2:
            raise ProblemError(
                f"{path}: line {line.number}: {len(numbers)} numbers are no pairs of machine and "
                "duration"
            )
        for at in range(0, len(numbers), 2):
            machine, duration = numbers[at : at + 2]
            if machine >= machines:
                raise ProblemError(
                    f"{path}: line {line.number}: there is no machine {machine}; the last one is "
                    f"{machines - 1}"
                )
            if at:
                edges.append((len(durations) - 1, len(durations), 1))
            durations.append(duration)
            demands.append(demand_of[machine])
            names.append(f"{job + 1}.{at // 2 + 1}")
    try:
        return project_problem(
            durations,
            demands,
            [1] * machines,
            edges,
            names=names,
            resources=[f"machine {k}" for k in range(machines)],
        )
    except ProblemError as error:
        raise ProblemError(f"{path}: {error}") from error


def read_fjs(path: Path) -> ScheduleProblem:
    """The flexible job shop in a file. Raises :class:`ProblemError` with the file and line."""
    jobs, machines, rows = _lines(path)
    demand_of = _unit_rows(machines)
    tasks: list[list[Mode]] = []
    names: list[str] = []
    edges: list[tuple[int, int, int]] = []
    for job, line in enumerate(rows[:jobs]):
        where = f"{path}: line {line.number}"
        numbers = iter(line.numbers(path))
        try:
            for operation in range(next(numbers)):
                modes: list[Mode] = []
                for _ in range(next(numbers)):
                    machine, duration = next(numbers), next(numbers)
                    if not 1 <= machine <= machines:
                        raise ProblemError(
                            f"{where}: there is no machine {machine}; they are 1 to {machines}"
                        )
                    modes.append(Mode(duration, demand_of[machine - 1]))
                if not modes:
                    raise ProblemError(f"{where}: no machine does operation {operation + 1}")
                if operation:
                    edges.append((len(tasks) - 1, len(tasks), 1))
                tasks.append(modes)
                names.append(f"{job + 1}.{operation + 1}")
        except StopIteration as error:
            raise ProblemError(f"{where}: the line ends too early") from error
        if next(numbers, None) is not None:
            raise ProblemError(f"{where}: there is more than the operations stated")
    resources = [f"machine {k + 1}" for k in range(machines)]
    try:
        return mode_problem(tasks, [1] * machines, (), edges, names=names, resources=resources)
    except ProblemError as error:
        raise ProblemError(f"{path}: {error}") from error


def _unit_rows(machines: int) -> list[list[int]]:
    """For each machine, the demand of an operation on it."""
    return [[int(k == machine) for k in range(machines)] for machine in range(machines)]


def _lines(path: Path) -> tuple[int, int, list[_Line]]:
    """Jobs, machines and the line of each job.

    Raises :class:`ProblemError` for a file without them, or with more lines than jobs.
    """
    try:
        text = read_text(path)
    except LoadError as error:
        raise ProblemError(f"{path}: {error}") from error
    lines = [
        _Line(number, tuple(line.split()))
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines or len(lines[0].words) not in (2, 3):
        raise ProblemError(f"{path}: the first line is not the numbers of jobs and machines")
    head = lines[0]
    if len(head.words) == 3 and not _DECIMAL.fullmatch(head.words[2]):
        raise ProblemError(f"{path}: line {head.number}: {cut(head.words[2])!r} is no number")
    jobs, machines = _Line(head.number, head.words[:2]).numbers(path)
    if machines > _MAX_MACHINES:
        raise ProblemError(f"{path}: {machines} machines are more than {_MAX_MACHINES}")
    if len(lines) - 1 != jobs:
        raise ProblemError(f"{path}: {len(lines) - 1} lines of jobs, but {jobs} are stated")
    words = sum(len(line.words) for line in lines)
    if words // 2 > _MAX_OPERATIONS or words * machines > 100 * _MAX_OPERATIONS:
        raise ProblemError(f"{path}: too large: more than {_MAX_OPERATIONS} operations")
    return jobs, machines, lines[1:]

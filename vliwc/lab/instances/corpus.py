"""Corpora: files and folders of scheduling problems, read as instances.

An instance is named after its file.  Its family is what the name has before an opening bracket
(``lcg(lanes=8,steps=4)@O2.json`` is of the family ``lcg``), otherwise the folder's name.  A file
``optima.json`` beside the problems gives least numbers of cycles that are known from elsewhere:
an object such as ``{"j301_1": 43}``; a file ``best_known.csv`` gives best known ones
(:mod:`vliwc.lab.instances.best_known`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, cast

from isa.load import LoadError, parse_json, read_text
from vliwc.lab.instances.best_known import BEST_KNOWN, Known, read_best_known
from vliwc.lab.instances.instance import Instance
from vliwc.lab.instances.rcpsp_files import read_rcp, read_sm
from vliwc.lab.instances.rcpsp_max import read_sch
from vliwc.lab.instances.shop_files import read_fjs, read_jsp
from vliwc.sched.problem.json import problem_from_json
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.renewable import ProblemError

OPTIMA: Final = "optima.json"
"""The name of the file of known optima in a folder of problems."""


def load(paths: Sequence[Path]) -> list[Instance]:
    """The instances in files and, at any depth, in folders, sorted by name.

    Files of folders that have another suffix than those of :data:`READERS` are no instances.  A
    file that is reached twice is one instance.

    Raises :class:`ProblemError` with the file that cannot be read or holds no problem, for a
    folder without instances, for two files of one name, and for an optimum of no instance.
    """
    files: dict[Path, Path] = {}
    optima: dict[Path, dict[str, int]] = {}
    known: dict[Path, dict[str, Known]] = {}
    for path in paths:
        found = _files(path)
        files.update((file.resolve(), file) for file in found)
        for folder in sorted({file.parent for file in found}):
            optima[folder] = read_optima(folder)
            known[folder] = read_best_known(folder)
            if path.is_dir():
                _all_known(folder, optima[folder], found)
    instances: dict[str, Instance] = {}
    places: dict[str, Path] = {}
    for file in sorted(files.values(), key=lambda file: (file.stem, str(file))):
        if file.stem in instances:
            raise ProblemError(f"{file}: {places[file.stem]} has the same name; rename one")
        given = optima[file.parent].get(file.stem)
        best = known[file.parent].get(file.stem)
        if best is not None and best.optimal:
            if given not in (None, best.cycles):
                raise ProblemError(
                    f"{file}: the optimum is {given} by {OPTIMA}, {best.cycles} by {BEST_KNOWN}"
                )
            given = best.cycles
        instances[file.stem] = read_instance(file, given, best and best.cycles)
        places[file.stem] = file
    return [instances[name] for name in sorted(instances)]


def read_instance(path: Path, optimum: int | None = None, known: int | None = None) -> Instance:
    """The instance in one file. Raises :class:`ProblemError` if it holds no problem."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ProblemError(
            f"{path}: no kind of problem file; those end with {', '.join(sorted(READERS))}"
        )
    return Instance(path.stem, reader(path), family_of(path), optimum, known)


def family_of(path: Path) -> str:
    """The family of the instance in a file."""
    kind, bracket, _ = path.stem.partition("(")
    return kind if bracket and kind else path.resolve().parent.name


def read_problem_json(path: Path) -> ScheduleProblem:
    """The problem in a JSON file. Raises :class:`ProblemError` with the file."""
    return problem_from_json(_read_json(path), str(path))


READERS: Final[Mapping[str, Callable[[Path], ScheduleProblem]]] = {
    ".json": read_problem_json,
    ".sm": read_sm,
    ".rcp": read_rcp,
    ".mm": read_sm,
    ".sch": read_sch,
    ".jsp": read_jsp,
    ".fjs": read_fjs,
}
"""What reads a problem file, by its suffix."""


def _files(path: Path) -> list[Path]:
    """The problem files that a path stands for."""
    if not path.exists():
        raise ProblemError(f"{path}: no such file or folder")
    if not path.is_dir():
        return [path]
    found = [
        file
        for file in sorted(path.rglob("*"))
        if file.suffix.lower() in READERS and file.name != OPTIMA and file.is_file()
    ]
    if not found:
        raise ProblemError(f"{path}: no problems here; those end with {', '.join(sorted(READERS))}")
    return found


def read_optima(folder: Path) -> dict[str, int]:
    """The known optima of a folder's instances, by name; none without a file of them.

    Raises :class:`ProblemError` if the file holds something else.
    """
    path = folder / OPTIMA
    if not path.is_file():
        return {}
    data = _read_json(path)
    if not isinstance(data, dict):
        raise ProblemError(f"{path}: expected an object of names and numbers of cycles")
    found: dict[str, int] = {}
    for name, cycles in cast("dict[str, object]", data).items():
        if not isinstance(cycles, int) or isinstance(cycles, bool) or cycles < 0:
            raise ProblemError(f"{path}: {name}: {json.dumps(cycles)} is no number of cycles")
        found[name] = cycles
    return found


def _all_known(folder: Path, optima: Mapping[str, int], files: Sequence[Path]) -> None:
    """Refuse optima that would be ignored: most likely their names are misspelt."""
    names = {file.stem for file in files if file.parent == folder}
    for name in sorted(set(optima) - names):
        raise ProblemError(f"{folder / OPTIMA}: {name}: the folder has no problem of that name")


def _read_json(path: Path) -> object:
    try:
        return parse_json(read_text(path))
    except LoadError as error:
        raise ProblemError(f"{path}: {error}") from error

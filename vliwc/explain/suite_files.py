"""Suites of one's own: a TOML file with kernels and sizes.

levels = [2]

[[case]]
kernel = "box"              # box.vk
sizes = {batch = 256}
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

from isa.load import LoadError, parse_toml, read_text, shown
from vliwc.explain.suite import Case, Suite, SuiteError
from vliwc.options import LEVELS

MOST_CASES: Final = 1000


def read_suite(path: Path) -> Suite:
    """The suite in a file; its name is the file's.

    Raises :class:`vliwc.explain.suite.SuiteError` if it cannot be read or is no suite.
    """
    try:
        data = parse_toml(read_text(path))
    except LoadError as error:
        raise SuiteError(f"{path}: {error}") from None
    if unknown := sorted(data.keys() - {"levels", "case"}):
        raise SuiteError(f"{path}: {shown(unknown[0])}: a suite has levels and [[case]]s")
    rows = data.get("case")
    if not isinstance(rows, list) or not rows:
        raise SuiteError(f"{path}: no [[case]] with kernel and sizes")
    listed = cast("list[object]", rows)
    if len(listed) > MOST_CASES:
        raise SuiteError(f"{path}: more than {MOST_CASES} cases")
    cases = tuple(_case(path, number, row) for number, row in enumerate(listed, 1))
    for number, case in enumerate(cases, 1):
        if case in cases[: number - 1]:
            raise SuiteError(f"{path}: case {number}: {case.kernel} ({case.sizes}) stands twice")
    return Suite(path.stem, cases, _levels(path, data.get("levels", [2])))


def _levels(path: Path, value: object) -> tuple[int, ...]:
    levels = cast("list[object]", value) if isinstance(value, list) else []
    found = [level for level in levels if isinstance(level, int) and level in LEVELS]
    if not found or len(found) < len(levels):
        last = LEVELS.stop - 1
        raise SuiteError(f"{path}: levels: expected a list of levels from 0 to {last}")
    return tuple(sorted(set(found)))


def _case(path: Path, number: int, row: object) -> Case:
    place = f"{path}: case {number}"
    fields = _table(f"{place}: expected kernel and sizes", row)
    if unknown := sorted(fields.keys() - {"kernel", "sizes"}):
        raise SuiteError(f"{place}: {shown(unknown[0])}: expected kernel and sizes")
    kernel = fields.get("kernel")
    if not isinstance(kernel, str) or not kernel or kernel != Path(kernel).name:
        raise SuiteError(f'{place}: expected kernel = "NAME", of NAME.vk')
    sizes = _table(f"{place}: sizes: expected {{name = integer, …}}", fields.get("sizes", {}))
    params: list[tuple[str, int]] = []
    for name, size in sizes.items():
        if not isinstance(size, int) or isinstance(size, bool):
            raise SuiteError(f"{place}: size {name} is {shown(size)}, no integer")
        params.append((name, size))
    return Case(kernel, tuple(params))


def _table(problem: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise SuiteError(problem)
    return cast("Mapping[str, object]", value)

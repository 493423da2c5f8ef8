"""Scheduling problems and schedules as JSON, so that they can be kept, sent and written by hand.

A problem is an object::

    {"format": "vliwc-problem", "version": 1,
     "machine": {"slots": {"alu": 2}, "vlen": 4, "scratch_words": 64},
     "operations": [
       {"name": "x", "forms": ["load"], "width": 1},
       {"name": "y", "forms": ["valu", "alu*"], "lanes": 4, "width": 4}],
     "dependences": [[0, 1, 1, true]]}

``forms`` lists the engines that execute an operation in one slot; ``engine*`` takes one slot per
lane, in any cycles.  Left out keys have defaults: no forms (no slot), ``lanes`` 1, ``width`` 0,
``serial`` false, ``group`` -1 (shared), a name from the number.  A dependence is ``[source, target,
latency, reads]`` with latency 1 and reads false where left out.  A result is read one cycle after
it is made, or later; one that nothing makes (no forms) is zero from the start and may be read with
latency 0.  So may that of the operation ``into``, a number, by one that writes words of it instead
of a result of its own.

A project has ``resources`` (a list of ``{"name", "capacity"}``) instead of a machine, and
operations with ``duration`` and ``demand`` (a list, one number a resource).  With modes, an
operation has ``modes`` instead, a list of objects with ``duration``, ``demand`` and
``consumption`` (one number each of the top ``nonrenewable``, a list of ``{"name", "amount"}``).
A project's ``lags`` are a list of ``[source, target, lag]`` between starts, negative for latest
ones (:mod:`vliwc.sched.problem.lags`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import Final, cast

import numpy as np

from isa.errors import IsaError
from isa.machine import DEFAULT_MACHINE, MachineSpec
from vliwc.sched.problem.dense import ENGINES, N_ENGINES
from vliwc.sched.problem.expand import edges_of
from vliwc.sched.problem.lags import Lag
from vliwc.sched.problem.modes import Mode, mode_problem
from vliwc.sched.problem.paths import CyclicProblem, topological_order
from vliwc.sched.problem.problem import Edges, ScheduleProblem, make_dense
from vliwc.sched.problem.renewable import ProblemError, Renewable

FORMAT: Final = "vliwc-problem"
VERSION: Final = 1
LARGEST: Final = 10_000_000
"""Numbers beyond that are taken for mistakes; they would not fit the arrays' 32 bits either."""


def problem_to_json(problem: ScheduleProblem) -> dict[str, object]:
    """Plain data that :func:`problem_from_json` reads back exactly."""
    renewable = problem.renewable
    data: dict[str, object] = {"format": FORMAT, "version": VERSION}
    edges = _ordered_edges(problem)
    if renewable is not None:
        data["resources"] = [
            {"name": name, "capacity": capacity}
            for name, capacity in zip(renewable.names, renewable.capacity.tolist(), strict=True)
        ]
        if problem.modes is not None:
            names, amounts = problem.modes.names, problem.modes.amount.tolist()
            data["nonrenewable"] = [
                {"name": name, "amount": amount}
                for name, amount in zip(names, amounts, strict=True)
            ]
        data["operations"] = _tasks(problem, renewable)
    else:
        data["machine"] = problem.machine.to_dict()
        data["groups"] = problem.dense.n_groups
        data["operations"] = rows = _operations(problem)
        _add_shared_results(rows, edges)
    data["dependences"] = [list(row) for row in edges]
    if problem.lags is not None:
        data["lags"] = [list(row) for row in problem.lags.rows]
    return data


def _tasks(problem: ScheduleProblem, renewable: Renewable) -> list[dict[str, object]]:
    modes = problem.modes
    if modes is None:
        durations, demands = renewable.duration.tolist(), renewable.demand.tolist()
        return [
            {"name": name, "duration": duration, "demand": demand}
            for name, duration, demand in zip(problem.names, durations, demands, strict=True)
        ]
    ptr: list[int] = modes.ptr.tolist()
    rows = [
        {"duration": duration, "demand": demand, "consumption": consumption}
        for duration, demand, consumption in zip(
            modes.duration.tolist(),
            modes.demand.tolist(),
            modes.consumption.tolist(),
            strict=True,
        )
    ]
    return [
        {"name": name, "modes": rows[low:high]}
        for name, low, high in zip(problem.names, ptr, ptr[1:], strict=False)
    ]


def _operations(problem: ScheduleProblem) -> list[dict[str, object]]:
    dense = problem.dense
    rows: list[dict[str, object]] = []
    forms: list[list[str]] = []
    masks: list[int] = dense.class_vector.tolist()
    scalarised_engines: list[int] = dense.class_scalarised.tolist()
    for mask, scalarised in zip(masks, scalarised_engines, strict=True):
        own = [ENGINES[e] for e in range(N_ENGINES) if mask >> e & 1]
        forms.append(own + ([f"{ENGINES[scalarised]}*"] if scalarised >= 0 else []))
    for name, resource_class, lanes, width, serial, group in zip(
        problem.names,
        dense.resource_class.tolist(),
        dense.lanes.tolist(),
        dense.width.tolist(),
        dense.serial.tolist(),
        dense.group.tolist(),
        strict=True,
    ):
        row: dict[str, object] = {"name": name, "forms": forms[resource_class]}
        if lanes != 1:
            row["lanes"] = lanes
        if width:
            row["width"] = width
        if serial:
            row["serial"] = True
        if group >= 0:
            row["group"] = group
        rows.append(row)
    return rows


def _add_shared_results(
    rows: Sequence[dict[str, object]], edges: Sequence[tuple[int, int, int, bool]]
) -> None:
    """Say which operations write words of the results of others."""
    for a, b, latency, reads in edges:
        if reads and latency < 1 and rows[a]["forms"]:
            rows[b]["into"] = a


def _ordered_edges(problem: ScheduleProblem) -> list[tuple[int, int, int, bool]]:
    """All dependences in an order from which the same rows of successors and of operands follow.

    The dense form keeps the edges' order within each source, and that of reads within each
    reader; both orders are kept by any order of all edges that respects them, and one exists.
    """
    edges = edges_of(problem)
    columns = (edges.source, edges.target, edges.latency, edges.reads)
    rows = [
        (int(a), int(b), int(lat), bool(reads))
        for a, b, lat, reads in zip(*(column.tolist() for column in columns), strict=True)
    ]
    dense = problem.dense
    after: list[list[int]] = [[] for _ in rows]
    waiting = [0] * len(rows)

    def chain(numbers: Sequence[int]) -> None:
        for first, second in zip(numbers, numbers[1:], strict=False):
            after[first].append(second)
            waiting[second] += 1

    ptr: list[int] = dense.succ_ptr.tolist()
    for low, high in zip(ptr, ptr[1:], strict=False):
        chain(range(low, high))
    number = {(row[0], row[1]): k for k, row in enumerate(rows) if row[3]}
    use: list[int] = dense.use.tolist()
    ptr = dense.use_ptr.tolist()
    for reader, (low, high) in enumerate(zip(ptr, ptr[1:], strict=False)):
        chain([number[value, reader] for value in use[low:high]])
    ready = [k for k, count in enumerate(waiting) if not count]
    heapify(ready)
    found: list[tuple[int, int, int, bool]] = []
    while ready:
        at = heappop(ready)
        found.append(rows[at])
        for later in after[at]:
            waiting[later] -= 1
            if not waiting[later]:
                heappush(ready, later)
    return found if len(found) == len(rows) else rows


def problem_from_json(data: object, source: str = "problem") -> ScheduleProblem:
    """The problem that plain data describes.

    Raises :class:`vliwc.sched.problem.renewable.ProblemError` with the guilty part; ``source``
    stands for the file.
    """
    top = _object(data, source)
    if top.get("format") != FORMAT:
        raise ProblemError(f"{source}: not a scheduling problem: format is not {FORMAT!r}")
    if top.get("version") != VERSION:
        raise ProblemError(
            f"{source}: version {top.get('version')!r}; this vliwc reads version {VERSION}"
        )
    known = {"format", "version", "machine", "groups", "operations", "dependences"}
    if "resources" in top:
        known = {*known, "resources", "nonrenewable", "lags"}
    _only(top, known, source)
    rows = [
        _object(row, f"{source}: operation {k}")
        for k, row in enumerate(_list(top.get("operations"), f"{source}: operations"))
    ]
    names = [
        _name(row.get("name", f"op{k}"), f"{source}: operation {k}") for k, row in enumerate(rows)
    ]
    edges = _edges(top.get("dependences", []), len(rows), source)
    if "resources" in top:
        return _project(top, rows, names, edges, source)
    return _machine_problem(top, rows, names, edges, source)


def _machine_problem(
    top: Mapping[str, object],
    rows: Sequence[Mapping[str, object]],
    names: list[str],
    edges: list[tuple[int, int, int, bool]],
    source: str,
) -> ScheduleProblem:
    machine = DEFAULT_MACHINE
    if "machine" in top:
        try:
            described = _object(top["machine"], f"{source}: machine")
            machine = MachineSpec.from_dict(described, source=f"{source}: machine")
        except IsaError as error:
            raise ProblemError(str(error)) from error
    classes: dict[tuple[int, int], int] = {}
    resource_class: list[int] = []
    columns: dict[str, list[int]] = {key: [] for key in ("lanes", "serial", "width", "group")}
    for k, row in enumerate(rows):
        where = f"{source}: operation {k} ({names[k]})"
        _only(row, {"name", "forms", "into", *columns}, where)
        form = _forms(row.get("forms", []), where)
        resource_class.append(classes.setdefault(form, len(classes)))
        lanes = _number(row.get("lanes", 1), f"{where}: lanes", 0)
        if form != (0, -1) and not lanes:
            raise ProblemError(f"{where}: lanes is 0, but the operation has forms")
        columns["lanes"].append(lanes)
        columns["serial"].append(int(_flag(row.get("serial", False), f"{where}: serial")))
        columns["width"].append(_number(row.get("width", 0), f"{where}: width", 0))
        columns["group"].append(_number(row.get("group", -1), f"{where}: group", -1))
    n_groups = 1 + max(columns["group"], default=-1)
    if "groups" in top:
        n_groups = max(n_groups, _number(top["groups"], f"{source}: groups", 0))
    into = {
        k: _number(row["into"], f"{source}: operation {k} ({names[k]}): into", 0)
        for k, row in enumerate(rows)
        if "into" in row
    }
    for a, b, latency, reads in edges:
        if reads and not columns["width"][a]:
            raise ProblemError(f"{source}: {names[b]} reads {names[a]}, which has no result")
        if reads and latency < 1 and rows[a].get("forms") and into.get(b) != a:
            raise ProblemError(f"{source}: {names[b]} reads {names[a]} with latency 0")
    taken = {(a, b) for a, b, _, reads in edges if reads}
    for k, owner in into.items():
        if (owner, k) not in taken:
            raise ProblemError(
                f"{source}: {names[k]} writes into operation {owner}, but does not read its result"
            )
    dense = make_dense(
        **{key: np.array(column, dtype=np.int32) for key, column in columns.items()},
        resource_class=np.array(resource_class, dtype=np.int32),
        classes=list(classes),
        edges=Edges.of_rows(edges),
        machine=machine,
        n_groups=n_groups,
    )
    try:
        topological_order(dense)
    except CyclicProblem as error:
        raise ProblemError(f"{source}: the dependences form a circle: {error}") from error
    return ScheduleProblem(dense, machine, lambda: names)


def _project(
    top: Mapping[str, object],
    rows: Sequence[Mapping[str, object]],
    names: list[str],
    edges: list[tuple[int, int, int, bool]],
    source: str,
) -> ScheduleProblem:
    if "machine" in top:
        raise ProblemError(f"{source}: a problem has resources or a machine, not both")
    resources = [
        _object(row, f"{source}: resource {k}")
        for k, row in enumerate(_list(top["resources"], f"{source}: resources"))
    ]
    consumed = [
        _object(row, f"{source}: nonrenewable {k}")
        for k, row in enumerate(_list(top.get("nonrenewable", []), f"{source}: nonrenewable"))
    ]
    sizes = len(resources), len(consumed)
    tasks: list[list[Mode]] = []
    for k, row in enumerate(rows):
        where = f"{source}: operation {k} ({names[k]})"
        if "modes" not in row:
            _only(row, {"name", "duration", "demand"}, where)
            own = {key: value for key, value in row.items() if key != "name"}
            tasks.append([_mode(own, sizes, where)])
            continue
        _only(row, {"name", "modes"}, where)
        tasks.append([])
        for at, given in enumerate(_list(row["modes"], f"{where}: modes")):
            inside = f"{where}: mode {at}"
            tasks[-1].append(_mode(_object(given, inside), sizes, inside))
        if not tasks[-1]:
            raise ProblemError(f"{where}: there is no mode")
    if any(reads for *_, reads in edges):
        raise ProblemError(f"{source}: operations of a project have no results to read")
    try:
        return mode_problem(
            tasks,
            [_number(r.get("capacity"), f"{source}: capacity", 0) for r in resources],
            [_number(r.get("amount"), f"{source}: amount", 0) for r in consumed],
            [(a, b, latency) for a, b, latency, _ in edges],
            names=names,
            resources=[
                _name(r.get("name", f"R{k + 1}"), f"{source}: resource {k}")
                for k, r in enumerate(resources)
            ],
            consumed=[
                _name(r.get("name", f"N{k + 1}"), f"{source}: nonrenewable {k}")
                for k, r in enumerate(consumed)
            ],
            lags=_lags(top.get("lags", []), f"{source}: lags"),
        )
    except ProblemError as error:
        raise ProblemError(f"{source}: {error}") from error


def _lags(data: object, where: str) -> list[Lag]:
    found: list[Lag] = []
    for k, item in enumerate(_list(data, where)):
        row = _list(item, f"{where}: {k}")
        if len(row) != 3:
            raise ProblemError(f"{where}: {k}: expected [source, target, lag]")
        a, b = (_number(end, f"{where}: {k}", 0) for end in row[:2])
        found.append((a, b, _number(row[2], f"{where}: {k}", -LARGEST)))
    return found


def _mode(row: Mapping[str, object], sizes: tuple[int, int], where: str) -> Mode:
    """A mode; ``sizes``: how many renewable and nonrenewable resources there are."""
    _only(row, {"duration", "demand", "consumption"}, where)
    columns: list[list[int]] = []
    for what, size in zip(("demand", "consumption"), sizes, strict=True):
        given = _list(row.get(what, [0] * size), f"{where}: {what}")
        if len(given) != size:
            raise ProblemError(f"{where}: {len(given)} {what}s for {size} resources")
        columns.append([_number(amount, f"{where}: {what}", 0) for amount in given])
    return Mode(_number(row.get("duration"), f"{where}: duration", 0), *columns)


def _edges(data: object, n: int, source: str) -> list[tuple[int, int, int, bool]]:
    found: list[tuple[int, int, int, bool]] = []
    for k, item in enumerate(_list(data, f"{source}: dependences")):
        where = f"{source}: dependence {k}"
        row = _list(item, where)
        if not 2 <= len(row) <= 4:
            raise ProblemError(f"{where}: expected [source, target, latency, reads]")
        a, b = (_number(end, where, 0) for end in row[:2])
        if a >= n or b >= n:
            raise ProblemError(f"{where}: {a} -> {b}, but there are {n} operations")
        if a == b:
            raise ProblemError(f"{where}: operation {a} waits for itself")
        latency = _number(row[2], f"{where}: latency", 0) if len(row) > 2 else 1
        reads = _flag(row[3], f"{where}: reads") if len(row) > 3 else False
        found.append((a, b, latency, reads))
    reading = Counter((a, b) for a, b, _, reads in found if reads)
    for (a, b), count in reading.items():
        if count > 1:
            raise ProblemError(f"{source}: operation {b} reads {a} in {count} dependences")
    return found


def _forms(data: object, where: str) -> tuple[int, int]:
    vector, scalarised = 0, -1
    for form in _list(data, f"{where}: forms"):
        name = form.removesuffix("*") if isinstance(form, str) else ""
        if name not in ENGINES:
            raise ProblemError(
                f"{where}: form {form!r}; the engines are {', '.join(ENGINES)}, with * lane by lane"
            )
        engine = ENGINES.index(name)
        if form == name:
            vector |= 1 << engine
        elif scalarised >= 0:
            raise ProblemError(f"{where}: two engines take it lane by lane; there can be one")
        else:
            scalarised = engine
    if scalarised >= 0 and vector >> scalarised & 1:
        raise ProblemError(f"{where}: {ENGINES[scalarised]} takes it in one slot and lane by lane")
    return vector, scalarised


def _object(data: object, where: str) -> Mapping[str, object]:
    if not isinstance(data, dict):
        raise ProblemError(f"{where}: expected an object")
    return cast("dict[str, object]", data)


def _list(data: object, where: str) -> list[object]:
    if not isinstance(data, list):
        raise ProblemError(f"{where}: expected a list")
    return cast("list[object]", data)


def _number(data: object, where: str, least: int) -> int:
    if not isinstance(data, int) or isinstance(data, bool) or not least <= data <= LARGEST:
        raise ProblemError(f"{where}: {json.dumps(data)} is no integer from {least} to {LARGEST}")
    return data


def _flag(data: object, where: str) -> bool:
    if not isinstance(data, bool):
        raise ProblemError(f"{where}: expected true or false")
    return data


def _name(data: object, where: str) -> str:
    if not isinstance(data, str) or not data:
        raise ProblemError(f"{where}: a name is text")
    return data


def _only(row: Mapping[str, object], known: set[str], where: str) -> None:
    for key in row:
        if key not in known:
            raise ProblemError(
                f"{where}: unknown key {key!r}; known are {', '.join(sorted(known))}"
            )

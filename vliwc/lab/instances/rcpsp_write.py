"""Problems as PSPLIB files (``.sm``), for solvers of the resource-constrained project problem.

A project is written as it is, its modes and nonrenewable resources included (PSPLIB's ``.mm`` has
the same form): a lag becomes a job without demand.  A machine problem becomes a project as follows.

* Each operation is a job of one cycle; one that takes a slot a lane is a job for each lane, in a
  chain where the lanes are serial.
* Each engine is a renewable resource of as many units as it has slots.  Operations that several
  engines execute in one slot take a unit of a resource that stands for these engines together;
  there is one for each union of such sets that overlap.  By Hall's theorem (1935) unit jobs fit
  onto the engines in a cycle exactly if no such resource is overdrawn, so nothing is lost.

What has no counterpart is left out, each thing so that every schedule of the problem remains one of
the project: the project's makespan is a lower bound on the problem's cycles.

* Scratch: as if there were words without limit.
* An operation with a vector form and a scalarised one takes its cycle, but no resource.
* A dependence of latency 0 keeps only what it implies for the operations before its source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vliwc.sched.problem.dense import ENGINES
from vliwc.sched.problem.paths import edge_sources, longest_from_start, topological_order
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import precedence_graph
from vliwc.sched.problem.renewable import ProblemError, Renewable
from vliwc.sched.problem.view import View

_RULE = "*" * 72
_Modes = Sequence[tuple[int, Sequence[int]]]


@dataclass
class _Project:
    """Jobs and what binds them; ``into``: for each job the jobs before it and their latencies.

    ``resources``: capacities, then the amounts of the ``nonrenewable`` last ones; ``meaning``: what
    stands for what, for people; ``modes``: of each job, durations and what each resource gives;
    ``duration``: the least of each job."""

    resources: list[int]
    meaning: list[str] = field(default_factory=list[str])
    nonrenewable: int = 0
    modes: list[_Modes] = field(default_factory=list[_Modes])
    duration: list[int] = field(default_factory=list[int])
    into: list[dict[int, int]] = field(default_factory=list[dict[int, int]])

    def add(self, duration: int, demand: Sequence[int], into: dict[int, int]) -> int:
        """Append a job of one mode; its number."""
        return self.add_modes([(duration, demand)], into)

    def add_modes(self, modes: _Modes, into: dict[int, int]) -> int:
        """Append a job; its number."""
        self.modes.append(modes)
        self.duration.append(min(duration for duration, _ in modes))
        self.into.append(into)
        return len(self.duration) - 1

    def is_free(self, job: int) -> bool:
        """Whether a job takes no time and no resource."""
        return len(self.modes[job]) == 1 and not any((self.duration[job], *self.modes[job][0][1]))


def left_out(problem: ScheduleProblem) -> list[str]:
    """What a ``.sm`` file of the problem cannot say, for people; empty if it says everything."""
    view = View.of(problem)
    found: list[str] = []
    results = sum(width > 0 for width in view.width)
    if results:
        found.append(
            f"scratch: {results} results need no place ({problem.dense.words} words on the machine)"
        )
    mixed = sum(view.is_mixed)
    if mixed:
        found.append(f"engines: {mixed} operations of two forms take no resource")
    at_once = sum(latency == 0 for _, _, latency in view.dependences)
    if at_once:
        found.append(
            f"dependences: {at_once} of latency 0 bind only through the operations before them"
        )
    if problem.lags is not None:
        found.append(
            f"time lags: {len(problem.lags.rows)} bind only as far as they are dependences"
        )
    return found


def sm_text(problem: ScheduleProblem, name: str, *, relax: bool = False) -> str:
    """The problem as a PSPLIB file; the first lines say what was left out.

    Names of operations are not kept.  A job 1 without duration before all others, and a last one
    after them, are added where the problem has none.

    Raises :class:`ProblemError` if something would be left out and ``relax`` is not set.
    """
    missing = left_out(problem)
    if missing and not relax:
        raise ProblemError(
            f"{name}: a project file cannot hold it as it is; --relax leaves out: "
            + "; ".join(missing)
        )
    renewable = problem.renewable
    project = _from_machine(problem) if renewable is None else _from_project(problem, renewable)
    if not project.resources:
        project.resources = [1]
        project.modes = [[(duration, [0])] for duration in project.duration]
    return _text(_with_ends(project), name, missing)


def _from_project(problem: ScheduleProblem, renewable: Renewable) -> _Project:
    view = View.of(problem)
    project = _Project(renewable.capacity.tolist())
    modes = problem.modes
    if modes is None:
        for op in range(len(view)):
            project.add(view.duration[op], view.demand[op], {})
    else:
        project.resources += modes.amount.tolist()
        project.nonrenewable = len(modes.names)
        taken: list[list[int]] = np.hstack([modes.demand, modes.consumption]).tolist()
        rows = list(zip(modes.duration.tolist(), taken, strict=True))
        ptr: list[int] = modes.ptr.tolist()
        for low, high in zip(ptr, ptr[1:], strict=False):
            project.add_modes(rows[low:high], {})
    for op in view.order:
        project.into[op] = _resolved(project, dict(view.predecessors[op]))
    return project


def _from_machine(problem: ScheduleProblem) -> _Project:
    view = View.of(problem)
    masks = _masks(view)
    engines = [[e for e in range(len(ENGINES)) if mask >> e & 1] for mask in masks]
    project = _Project(
        [sum(view.capacity[e] for e in members) for members in engines],
        [
            f"R {number + 1} stands for {' and '.join(ENGINES[e] for e in members)}"
            for number, members in enumerate(engines)
        ],
    )
    done: dict[int, int] = {}
    for op in view.order:
        own = 0 if view.is_mixed[op] else _mask(view, op)
        demand = [int(own > 0 and own & ~mask == 0) for mask in masks]
        into = _resolved(project, {done[source]: gap for source, gap in view.predecessors[op]})
        lanes = (
            view.lanes[op] if not view.vector_engines[op] and view.scalarised_engine[op] >= 0 else 1
        )
        if view.serial[op]:
            for _ in range(lanes):
                done[op] = project.add(1, demand, into)
                into = {done[op]: 1}
            continue
        jobs = [project.add(1, demand, dict(into)) for _ in range(lanes)]
        # A milestone after all lanes: otherwise each lane of a successor would wait for each.
        nothing = [0] * len(masks)
        done[op] = jobs[0] if lanes == 1 else project.add(0, nothing, dict.fromkeys(jobs, 1))
    return project


def _mask(view: View, op: int) -> int:
    """The engines that may execute an operation, or a lane of it, as bits."""
    split = view.scalarised_engine[op]
    return sum(1 << engine for engine in view.vector_engines[op]) or (
        1 << split if split >= 0 else 0
    )


def _masks(view: View) -> list[int]:
    """The sets of engines of which operations need one, and their unions where they overlap."""
    found = {_mask(view, op) for op in range(len(view)) if not view.is_mixed[op]} - {0}
    while True:
        more = {a | b for a in found for b in found if a & b} - found
        if not more:
            return sorted(found, key=lambda mask: (mask.bit_count(), mask))
        found |= more


def _resolved(project: _Project, before: dict[int, int]) -> dict[int, int]:
    """The jobs before a job, with latencies of 0 replaced by what follows from them."""
    found: dict[int, int] = {}
    waiting = list(before.items())
    while waiting:
        job, latency = waiting.pop()
        if latency >= 1:
            found[job] = max(latency, found.get(job, 0))
            continue
        # A project cannot say that a job may start in the last cycle of another one, only what
        # that means for the jobs before the other one.
        shift = project.duration[job] - 1 + latency
        waiting += [(source, gap + shift) for source, gap in project.into[job].items()]
    return found


def _with_ends(project: _Project) -> tuple[_Project, list[list[int]]]:
    """The project with a first and a last job and without lags; the successors of each job."""
    n = len(project.duration)
    nothing = [0] * len(project.resources)
    has_after = {job for into in project.into for job in into}
    starts = [job for job in range(n) if not project.into[job]]
    ends = [job for job in range(n) if job not in has_after]
    free = [project.is_free(job) for job in range(n)]
    shift = 0 if starts == [0] and free[0] and n > 1 else 1
    whole = _Project(project.resources, project.meaning, project.nonrenewable)
    if shift:
        whole.add(0, nothing, {})
    for job in range(n):
        into = {before + shift: gap for before, gap in project.into[job].items()}
        if shift and not into:
            into = {0: 1}
        whole.add_modes(project.modes[job], into)
    lags = [(job, before) for job, into in enumerate(whole.into) for before in into]
    needs_end = ends != [n - 1] or not free[n - 1] or n == 1
    for job, before in lags:
        gap = whole.into[job][before]
        if gap > 1:
            del whole.into[job][before]
            whole.into[job][whole.add(gap - 1, nothing, {before: 1})] = 1
            needs_end = True
    if needs_end:
        whole.add(0, nothing, {job + shift: 1 for job in ends} or {0: 1})
    after: list[list[int]] = [[] for _ in whole.duration]
    for job, into in enumerate(whole.into):
        for before in into:
            after[before].append(job)
    return whole, after


def _text(parts: tuple[_Project, list[list[int]]], name: str, missing: Sequence[str]) -> str:
    project, after = parts
    jobs, renewable = len(project.duration), len(project.resources) - project.nonrenewable
    horizon = sum(max(duration for duration, _ in modes) for modes in project.modes)
    columns = [
        *(f"  R {r + 1:<2}" for r in range(renewable)),
        *(f"  N {r + 1:<2}" for r in range(project.nonrenewable)),
    ]
    path = _longest_path(project)
    lines = [
        _RULE,
        *(f"*** left out: {thing}" for thing in missing),
        *(f"*** {meaning}" for meaning in project.meaning),
        f"file with basedata            : {' '.join(name.split())}",
        "initial value random generator: 0",
        _RULE,
        "projects                      :  1",
        f"jobs (incl. supersource/sink ):  {jobs}",
        f"horizon                       :  {horizon}",
        "RESOURCES",
        f"  - renewable                 :  {renewable}   R",
        f"  - nonrenewable              :  {project.nonrenewable}   N",
        "  - doubly constrained        :  0   D",
        _RULE,
        "PROJECT INFORMATION:",
        "pronr.  #jobs rel.date duedate tardcost  MPM-Time",
        f"    1  {jobs - 2:5}      0  {path:5}        0  {path:5}",
        _RULE,
        "PRECEDENCE RELATIONS:",
        "jobnr.    #modes  #successors   successors",
        *(
            f"{job + 1:4} {len(project.modes[job]):8} {len(row):10}      "
            + "".join(f" {other + 1:4}" for other in row)
            for job, row in enumerate(after)
        ),
        _RULE,
        "REQUESTS/DURATIONS:",
        "jobnr. mode duration" + "".join(columns),
        "-" * 72,
        *(
            f"{'' if mode else job + 1:4} {mode + 1:5} {duration:6}   "
            + "".join(f" {amount:5}" for amount in taken)
            for job, modes in enumerate(project.modes)
            for mode, (duration, taken) in enumerate(modes)
        ),
        _RULE,
        "RESOURCEAVAILABILITIES:",
        "".join(columns),
        "".join(f" {capacity:5}" for capacity in project.resources),
        _RULE,
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _longest_path(project: _Project) -> int:
    """The makespan without resources."""
    graph = precedence_graph(
        len(project.duration),
        [(before, job, 1) for job, into in enumerate(project.into) for before in into],
    )
    duration = np.array(project.duration, dtype=np.float64)
    start = longest_from_start(graph, topological_order(graph), duration[edge_sources(graph)])
    return int((start + duration).max())

"""Project scheduling problems (RCPSP): building them, and bounds on how long they take.

A project is a :class:`vliwc.sched.problem.problem.ScheduleProblem` whose operations take no engine
slots and no scratch, but :class:`vliwc.sched.problem.renewable.Renewable` resources for several
cycles.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from isa.machine import DEFAULT_MACHINE
from vliwc.sched.problem.dense import Dense
from vliwc.sched.problem.paths import CyclicProblem, heads_and_tails, topological_order
from vliwc.sched.problem.problem import Edges, ScheduleProblem, make_dense
from vliwc.sched.problem.renewable import ProblemError, Renewable

MAX_CYCLES = 200_000
"""Cycles of one job after the other up to which projects are accepted: resources are counted cycle
by cycle."""
MAX_CELLS = 50_000_000
"""The same times the number of resources."""


def project_problem(
    durations: Sequence[int],
    demands: Sequence[Sequence[int]],
    capacities: Sequence[int],
    precedences: Sequence[tuple[int, int, int]],
    *,
    names: Sequence[str] | None = None,
    resources: Sequence[str] | None = None,
) -> ScheduleProblem:
    """A project; ``precedences`` are ``(before, after, latency)``.

    With latency 1 an operation starts in the cycle after the end of the other, or later (the
    finish-start relation of project scheduling); each further unit is one cycle of lag.

    Raises :class:`ProblemError` if the numbers do not fit together, the precedences form a circle,
    or a schedule may take more than `MAX_CYCLES` cycles.
    """
    n = len(durations)
    require_short(durations, precedences, len(capacities))
    for before, after, _ in precedences:
        if not (0 <= before < n and 0 <= after < n):
            raise ProblemError(f"precedence {before} -> {after}: there are {n} operations")
    found = Renewable(
        tuple(resources or [f"R{k + 1}" for k in range(len(capacities))]),
        np.array(capacities, dtype=np.int32),
        np.array(demands, dtype=np.int32).reshape(n, len(capacities)),
        np.array(durations, dtype=np.int32),
    )
    dense = precedence_graph(n, precedences)
    try:
        topological_order(dense)
    except CyclicProblem as error:
        raise ProblemError(f"the precedences form a circle: {error}") from error
    given = list(names) if names is not None else [f"j{k}" for k in range(n)]
    return ScheduleProblem(dense, DEFAULT_MACHINE, lambda: given, found)


def require_short(
    durations: Sequence[int], precedences: Sequence[tuple[int, int, int]], resources: int
) -> None:
    """Refuse what may take more than `MAX_CYCLES` cycles, or with so many resources more than
    `MAX_CELLS` cycles of resources, by :class:`ProblemError`."""
    longest = sum(durations) + sum(max(latency, 1) - 1 for _, _, latency in precedences)
    if longest > MAX_CYCLES:
        raise ProblemError(
            f"durations and lags add up to {longest} cycles, more than {MAX_CYCLES}: divide them "
            "by a common unit"
        )
    if longest * resources > MAX_CELLS:
        raise ProblemError(
            f"durations and lags add up to {longest} cycles of {resources} resources, more than "
            f"{MAX_CELLS} together"
        )


def precedence_graph(n: int, precedences: Sequence[tuple[int, int, int]]) -> Dense:
    """``n`` operations that take no slot and no scratch, and what orders them."""
    none = np.zeros(n, dtype=np.int32)
    return make_dense(
        lanes=none,
        serial=none,
        width=none,
        group=none - 1,
        resource_class=none,
        classes=[(0, -1)],
        edges=Edges.of_rows([(a, b, latency, False) for a, b, latency in precedences]),
        machine=DEFAULT_MACHINE,
        n_groups=0,
    )


def project_bound(problem: ScheduleProblem, renewable: Renewable) -> tuple[int, str]:
    """A proved lower bound on the cycles of a project, and its reason.

    The critical path, and for each resource the work of operations with large heads and tails
    (Carlier 1982): ``h + q + work / capacity`` over those with head >= h and tail >= q.
    """
    duration = renewable.duration
    if not len(duration):
        return 0, "nothing to do"
    head, tail = (part.astype(np.int64) for part in heads_and_tails(problem))
    best, reason = int((head + duration + tail).max()), "critical path"
    by_head = np.argsort(-head, kind="stable")
    for number, name in enumerate(renewable.names):
        capacity = int(renewable.capacity[number])
        work = renewable.demand[:, number].astype(np.int64) * duration
        if not work.any():
            continue
        for q in np.unique(tail).tolist():
            inside = by_head[(tail[by_head] >= q) & (work[by_head] > 0)]
            if not len(inside):
                continue
            cycles = -(-np.cumsum(work[inside]) // capacity) + head[inside] + q
            at = int(np.argmax(cycles))
            if int(cycles[at]) > best:
                best = int(cycles[at])
                reason = (
                    f"resource {name}: {int(work[inside[: at + 1]].sum())} units of work, "
                    f"{head[inside[at]]} cycles before and {q} after"
                )
    return best, reason

"""Tasks that can be done in several ways: multi-mode projects and flexible job shops.

A mode is a duration, a demand on each renewable resource, and what it consumes of nonrenewable
resources, of which there is an amount for the whole project (Talbot 1982).  A problem with modes is
a project whose durations and demands are the *least of any mode*: whatever is proved of that
project (heads, tails, bounds) holds for every choice of modes.  A schedule says which were chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vliwc.sched.problem.dense import Ints
from vliwc.sched.problem.lags import Lag, Lags, as_dependences, earliest_starts, longest_schedule
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_problem, require_short
from vliwc.sched.problem.renewable import Modes, ProblemError, Renewable


class Mode(NamedTuple):
    """A way to do a task; ``consumption`` of each nonrenewable resource."""

    duration: int
    demand: Sequence[int]
    consumption: Sequence[int] = ()


def mode_problem(
    tasks: Sequence[Sequence[Mode]],
    capacities: Sequence[int],
    amounts: Sequence[int],
    precedences: Sequence[tuple[int, int, int]],
    *,
    names: Sequence[str] | None = None,
    resources: Sequence[str] | None = None,
    consumed: Sequence[str] | None = None,
    lags: Sequence[Lag] = (),
) -> ScheduleProblem:
    """A project whose tasks have modes; ``capacities`` of renewable and ``amounts`` of
    nonrenewable resources, which are called ``resources`` and ``consumed``; ``lags`` between
    starts.  The rest is as for :func:`vliwc.sched.problem.project.project_problem`; a project of
    one mode a task, without nonrenewable resources and lags, is one of those.

    Raises :class:`ProblemError`, also for a task that no mode can do, and for lags that no schedule
    can keep.
    """
    rows = [mode for task in tasks for mode in task]
    modes = Modes(
        np.cumsum([0, *map(len, tasks)]).astype(np.int32),
        np.array([mode.duration for mode in rows], dtype=np.int32),
        np.array([mode.demand for mode in rows], dtype=np.int32).reshape(
            len(rows), len(capacities)
        ),
        np.array([mode.consumption for mode in rows], dtype=np.int32).reshape(
            len(rows), len(amounts)
        ),
        tuple(consumed or [f"N{k + 1}" for k in range(len(amounts))]),
        np.array(amounts, dtype=np.int32),
    )
    longest = [max(mode.duration for mode in task) for task in tasks]
    for before, after, _ in lags:
        if not (0 <= before < len(tasks) and 0 <= after < len(tasks)):
            raise ProblemError(f"lag {before} -> {after}: there are {len(tasks)} operations")
    given = set(precedences)
    extra = longest_schedule(longest, lags) - sum(longest)
    require_short([*longest, extra], precedences, len(capacities))
    starts = modes.ptr[:-1]
    least = np.minimum.reduceat(modes.duration, starts) if len(tasks) else modes.duration
    demand = np.minimum.reduceat(modes.demand, starts, axis=0) if len(tasks) else modes.demand
    problem = project_problem(
        least.tolist(),
        demand.tolist(),
        capacities,
        [*precedences, *(row for row in as_dependences(lags, longest) if row not in given)],
        names=names,
        resources=resources,
    )
    if len(rows) == len(tasks) and not amounts and not lags:
        return problem
    possible = executable(modes, np.array(capacities, dtype=np.int32))
    for task, (low, high) in enumerate(zip(modes.ptr, modes.ptr[1:], strict=False)):
        if not possible[low:high].any():
            raise ProblemError(f"operation {task} has no mode that the resources allow")
    if not lags:
        return replace(problem, modes=modes)
    between = Lags.of(lags)
    earliest_starts(problem.dense, least, between)
    return replace(problem, modes=modes, lags=between)


def executable(modes: Modes, capacity: Ints) -> NDArray[np.bool_]:
    """Of each mode, whether the resources would allow it if it were alone."""
    fits = (modes.demand <= capacity).all(axis=1) | (modes.duration == 0)
    return fits & (modes.consumption <= modes.amount).all(axis=1)


def with_modes(problem: ScheduleProblem, choice: Sequence[int]) -> ScheduleProblem:
    """The project that remains when each task is done in the mode chosen for it, from 0."""
    modes, renewable = problem.modes, problem.renewable
    if modes is None or renewable is None:
        raise ValueError("the problem has no modes")
    rows = modes.ptr[:-1] + np.array(choice, dtype=np.int32)
    fixed = Renewable(renewable.names, renewable.capacity, modes.demand[rows], modes.duration[rows])
    return replace(problem, renewable=fixed, modes=None)

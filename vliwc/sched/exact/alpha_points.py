"""List schedules in the order of alpha points of a linear relaxation.

The relaxation of counts (:mod:`vliwc.sched.relaxations.ranked`) keeps the engines full to the end,
but in fractions.  The alpha point of an operation is the first cycle by which the relaxation has
begun that fraction of it (Phillips, Stein and Wein 1998).  A list schedule in the order of these
points stays close to the relaxation; alpha and a little noise, which decides between operations of
about the same cycle, are drawn again and again (as Goemans 1997 draws alpha), and the best one
counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ortools.linear_solver.python import model_builder as mb

from vliwc.sched.greedy.priorities import schedule_in_order
from vliwc.sched.problem.paths import Floats
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.relaxations.ranked import RankedModel
from vliwc.sched.relaxations.relax_and_fix import SLOPE, linear_program

ALPHAS = (0.5, 0.75, 0.9, 1.0)
NOISE = (0.1, 0.2, 0.3, 0.5)
"""Standard deviations of the noise, in cycles."""
DRAWS = 240
PARAMETERS = "output_flag=false\nthreads=1\nsimplex_iteration_limit=20000"
"""Of HiGHS: silent, the same in every run, and limited to some ten seconds."""


def alpha_point_schedule(
    model: RankedModel, seed: int, name: str
) -> tuple[Schedule | None, bool, float]:
    """The best schedule found, whether the relaxation allows any, and the effort (in units of
    CP-SAT's deterministic time, about seconds).

    No schedule without a solution of the relaxation, or where none fits into scratch.
    """
    program, variables, terms = linear_program(model, {}, 0)
    solver = mb.Solver("highs")
    solver.set_solver_specific_parameters(PARAMETERS)
    status = solver.solve(program)
    effort = terms * SLOPE
    if status != mb.SolveStatus.OPTIMAL:
        return None, status != mb.SolveStatus.INFEASIBLE, effort
    value = [solver.value(variable) for variable in variables]
    points = [_alpha_points(model, value, alpha) for alpha in ALPHAS]
    rng = np.random.default_rng(seed)
    best: Schedule | None = None
    for draw in range(DRAWS):
        noise = NOISE[draw // len(ALPHAS) % len(NOISE)] * rng.standard_normal(len(model.view))
        try:
            found = schedule_in_order(model.view.problem, points[draw % len(ALPHAS)] + noise, name)
        except OutOfScratch:
            continue
        if best is None or found.cycles < best.cycles:
            best = found
        if best.cycles <= model.horizon:
            break
    return best, True, effort


def _alpha_points(model: RankedModel, value: Sequence[float], alpha: float) -> Floats:
    """For each operation the first cycle by which so much of it has begun."""
    found = np.full(len(model.view), float(model.horizon))
    for own, started in zip(model.classes.members, model.started, strict=True):
        begun = np.array([part.value(value) for part in started])
        # Solvers return 0.9999999 for 1.
        found[own] = np.searchsorted(begun, np.arange(len(own)) + alpha - 1e-6)
    return found

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
from dataclasses import dataclass

import numpy as np

from vliwc.sched.greedy.priorities import schedule_in_order
from vliwc.sched.problem.paths import Floats
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.relaxations.ranked import RankedModel
from vliwc.sched.relaxations.relax_and_fix import LIMITS, linear_program
from vliwc.solvers import model_builder as mb


@dataclass(frozen=True)
class DrawLimits:
    """Of the list schedules at alpha points; tuned by ``python -m benchmarks.proofs``."""

    alphas: tuple[float, ...] = (0.5, 0.75, 0.9, 1.0)
    """Parts of an operation; early ones (below a half) order by what is not yet decided."""
    noise: tuple[float, ...] = (0.1, 0.2, 0.3, 0.5)
    """Standard deviations of the noise, in cycles: enough to decide between operations of about
    the same cycle, not enough to leave the relaxation."""
    draws: int = 240
    """List schedules: 15 of each alpha and noise, together about as long as the relaxation."""
    simplex_iterations: int = 20_000
    """Iterations of the simplex method, some ten seconds."""

    @property
    def parameters(self) -> str:
        """Of HiGHS: silent, the same in every run."""
        return f"output_flag=false\nthreads=1\nsimplex_iteration_limit={self.simplex_iterations}"


def alpha_point_schedule(
    model: RankedModel, seed: int, name: str, limits: DrawLimits = DrawLimits()
) -> tuple[Schedule | None, bool, float]:
    """The best schedule found, whether the relaxation allows any, and the effort (in units of
    CP-SAT's deterministic time, about seconds).

    No schedule without a solution of the relaxation, or where none fits into scratch.
    """
    program, variables, terms = linear_program(model, {}, 0)
    solver = mb.Solver("highs")
    solver.set_solver_specific_parameters(limits.parameters)
    status = solver.solve(program)
    effort = terms * LIMITS.term_effort
    if status != mb.SolveStatus.OPTIMAL:
        return None, status != mb.SolveStatus.INFEASIBLE, effort
    value = [solver.value(variable) for variable in variables]
    points = [_alpha_points(model, value, alpha) for alpha in limits.alphas]
    rng = np.random.default_rng(seed)
    best: Schedule | None = None
    for draw in range(limits.draws):
        deviation = limits.noise[draw // len(points) % len(limits.noise)]
        noise = deviation * rng.standard_normal(len(model.view))
        try:
            found = schedule_in_order(model.view.problem, points[draw % len(points)] + noise, name)
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

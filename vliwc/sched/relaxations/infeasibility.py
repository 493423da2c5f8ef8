"""Proved lower bounds from linear relaxations: of counts, or of the time-indexed formulation.

A makespan is proved infeasible, and the next one is a bound: a destructive lower bound (Klein and
Scholl 1999).  The relaxation asks by how much slots, resources and scratch would have to be
exceeded within that makespan; if the answer is positive, no schedule is that short.  The solver
computes with floating-point numbers and is not trusted: its multipliers are rounded to integers,
and the excess that they imply is computed exactly (weak duality over the box of the variables;
Neumaier and Shcherbina 2004).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from vliwc.sched.relaxations.rows import IntegerRows
from vliwc.solvers import model_builder as mb

SCALE: Final = 1 << 20
"""Multipliers are rounded to integer multiples of 1/SCALE."""


@dataclass(frozen=True)
class LinearLimits:
    """Of one linear relaxation; tuned by ``python -m benchmarks.proofs``."""

    max_terms: int = 600_000
    """Terms of all rows: larger relaxations take minutes to build and are not tried."""
    effort: float = 8.0
    """GLOP's deterministic time, about seconds."""
    least_excess: float = 1e-4
    """Slots and units by which capacities have to be exceeded at least before multipliers are
    checked: less is lost when they are rounded."""


def proved_infeasible(formulation: IntegerRows, limits: LinearLimits = LinearLimits()) -> bool:
    """Whether it is proved that the formulation has no solution; False if that is not known."""
    if not formulation.possible:
        return True
    if formulation.n_terms > limits.max_terms:
        return False
    model, _, rows = formulation.linear_model(relaxed=True)
    solver = mb.Solver("GLOP")
    solver.set_solver_specific_parameters(f"max_deterministic_time: {limits.effort}")
    if solver.solve(model) != mb.SolveStatus.OPTIMAL:
        return False
    if solver.objective_value < limits.least_excess:
        return False
    return excess_bound(formulation, [-solver.dual_value(row) for row in rows]) > 0


def excess_bound(formulation: IntegerRows, multipliers: list[float]) -> int:
    """A lower bound of the excess, times :data:`SCALE`, that any multipliers of the rows imply.

    ``sum(m * (row - limit)) <= excess`` holds for every solution if the multiplier of a capacity
    row is at most 1 and that of a row without lower limit at least 0; the smallest value of the
    left side over all variables within their bounds is therefore a bound.  All numbers are
    integers here.
    """
    slope = np.zeros(len(formulation.upper), dtype=np.int64)
    columns: list[int] = []
    weights: list[int] = []
    bound = 0
    for row, multiplier in zip(formulation.rows, multipliers, strict=True):
        weight = round(multiplier * SCALE)
        if row.low is None:
            weight = max(weight, 0)
        if row.is_capacity:
            weight = min(weight, SCALE)
        if not weight:
            continue
        limit = row.high if weight > 0 or row.low is None else row.low
        bound -= weight * limit
        for variable, factor in row.terms:
            columns.append(variable)
            weights.append(weight * factor)
    np.add.at(slope, np.array(columns, dtype=np.int64), np.array(weights, dtype=np.int64))
    upper = np.array(formulation.upper, dtype=np.int64)
    return bound + int((np.minimum(slope, 0) * upper).sum())


def destructive_bound(formulation: Callable[[int], IntegerRows], lower: int, upper: int) -> int:
    """The smallest makespan from ``lower`` on whose formulation is not proved infeasible; at most
    ``upper``.

    A shorter makespan is harder, so halving finds it.
    """
    while lower < upper:
        middle = (lower + upper) // 2
        if proved_infeasible(formulation(middle)):
            lower = middle + 1
        else:
            upper = middle
    return lower

"""The linear relaxation of an assignment, which tells the steps that are worth a look.

An assignment is nearly a flow: its relaxation lies within a few thousandths of the best integral
one, and takes a tenth of the time of a search.  What is no use in the relaxation is hardly any in
an assignment, and a search among the few steps left finds better ones in the same time.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

from vliwc.sched.relaxations.solvers import lp_sum
from vliwc.solvers import cp_model
from vliwc.solvers import model_builder as mb

UNLIMITED = 1 << 60
"""Limits beyond this are none: CP-SAT writes them as the ends of its integers."""


@dataclass(frozen=True)
class Relaxation:
    """``value``: no assignment costs less; ``prices[v]``: by how much the cost rises for each unit
    of the variable with index ``v``, at least."""

    value: float
    prices: list[float]


def relaxed(model: cp_model.CpModel, effort: float) -> Relaxation | None:
    """The linear relaxation of a model of linear constraints, each with one range; None if the
    solver does not finish within ``effort``, its deterministic time."""
    source: Any = model.proto  # OR-Tools gives no types for what its models consist of
    target = mb.Model()
    columns: list[mb.Variable] = []
    for each in source.variables:
        low, *_, high = map(float, each.domain)
        columns.append(target.new_num_var(low, high, ""))

    def total(terms: Any) -> mb.LinearExpr:
        numbers: list[int] = list(terms.vars)
        return lp_sum([columns[v] for v in numbers], [float(c) for c in terms.coeffs])

    for each in source.constraints:
        low, *_, high = map(int, each.linear.domain)
        target.add_linear_constraint(
            total(each.linear),
            -inf if low <= -UNLIMITED else float(low),
            inf if high >= UNLIMITED else float(high),
        )
    target.minimize(total(source.objective))
    solver = mb.Solver("GLOP")
    # With preprocessing it gives up some models with thousands of steps as numerically abnormal.
    settings = f"max_deterministic_time: {effort} use_preprocessing: false"
    solver.set_solver_specific_parameters(settings)
    if solver.solve(target) != mb.SolveStatus.OPTIMAL:
        return None
    return Relaxation(solver.objective_value, [solver.reduced_cost(each) for each in columns])

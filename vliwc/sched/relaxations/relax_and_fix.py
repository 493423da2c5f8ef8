"""Relax and fix: integers a few cycles at a time, linear programming for the rest.

Counts of starts and ends (:mod:`vliwc.sched.relaxations.ranked`) are integers in a window of some
cycles and fractions in all later ones; then the first cycles of the window are fixed and the window
moves on. The linear program of what is to come keeps the integers from running into a dead end,
which is what list schedulers lack: where the engines are full from the first cycle to the last, it
finds the schedules that meet the bound.  (For lot sizing: Dillenberger, Escudero, Wollensak and
Zhang 1994; the name is that of Pochet and Wolsey 2006.)
"""

from __future__ import annotations

import math
from collections import Counter

from ortools.linear_solver.python import model_builder as mb

from vliwc.sched.relaxations.ranked import RankedModel
from vliwc.sched.relaxations.solvers import lp_sum

WINDOW, STEP = 6, 4
"""Cycles in integers, and how many of them are fixed before the next window."""
WIDEST = 30
"""A window that reaches back over a dead end is at most so long."""
PARAMETERS = "output_flag=false\nthreads=1\nmip_max_nodes=20"
"""Of HiGHS: silent, and the same in every run."""
SLOPE = 1e-4
"""Effort, in units of CP-SAT's deterministic time (about seconds), for each term of a window."""


def relax_and_fix(model: RankedModel, limit: float) -> tuple[list[int] | None, float]:
    """Values of all variables, or None if it came to a dead end or to the limit, and the effort.

    The values satisfy all rows exactly: rounded, they are checked.
    """
    fixed: dict[int, int] = {}
    effort, start, window = 0.0, 0, WINDOW
    while True:
        end = start + window
        last = end >= model.horizon
        program, variables, terms = linear_program(model, fixed, end)
        effort += terms * SLOPE
        if effort > limit:
            return None, effort
        solver = mb.Solver("highs")
        solver.set_solver_specific_parameters(PARAMETERS)
        if solver.solve(program) not in (mb.SolveStatus.OPTIMAL, mb.SolveStatus.FEASIBLE):
            # A dead end: decide the last cycles once more, together with these.
            if start == 0 or window >= WIDEST:
                return None, effort
            start, window = max(start - 2 * STEP, 0), window + 2 * STEP
            fixed = {number: at for number, at in fixed.items() if model.cycle_of[number] < start}
            continue
        start = end - WINDOW + STEP
        for number, cycle in enumerate(model.cycle_of):
            if last or cycle < start:
                fixed[number] = round(solver.value(variables[number]))
        if last:
            break
        window = WINDOW
    value = [fixed[number] for number in range(len(model.upper))]
    return (value if model.satisfied(value) else None), effort


def estimate(model: RankedModel) -> float:
    """The effort of :func:`relax_and_fix`, about: half of the terms are fixed already."""
    return SLOPE * model.n_terms * -(-model.horizon // STEP) / 2


def linear_program(
    model: RankedModel, fixed: dict[int, int], end: int
) -> tuple[mb.Model, list[mb.Variable], int]:
    """Integers before the cycle ``end``, fractions from there on, and how many terms that takes."""
    program = mb.Model()
    # In fractions, an operation that takes two cycles is no better than two that take one.
    same = {v: other for v, other in model.same.items() if model.cycle_of[v] > end}
    variables: list[mb.Variable] = []
    for number, upper in enumerate(model.upper):
        if number in fixed:
            variables.append(program.new_var(fixed[number], fixed[number], False, None))
        elif number in same:
            variables.append(variables[same[number]])
        else:
            variables.append(program.new_var(0, upper, model.cycle_of[number] < end, None))
    terms = 0
    for row in model.rows:
        factors = Counter[int]()
        constant = 0
        for variable, factor in row.terms:
            if variable in fixed:
                constant += factor * fixed[variable]
            else:
                factors[same.get(variable, variable)] += factor
        taken = [(v, float(factor)) for v, factor in factors.items() if factor]
        if not taken:
            continue
        terms += len(taken)
        low = -math.inf if row.low is None else row.low - constant
        program.add_linear_constraint(
            lp_sum([variables[v] for v, _ in taken], [factor for _, factor in taken]),
            low,
            row.high - constant,
        )
    return program, variables, terms

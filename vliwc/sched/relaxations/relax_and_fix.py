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
from dataclasses import dataclass
from typing import Final

from vliwc.sched.relaxations.ranked import RankedModel
from vliwc.sched.relaxations.solvers import lp_sum
from vliwc.solvers import model_builder as mb


@dataclass(frozen=True)
class WindowLimits:
    """Of relaxing and fixing; tuned by ``python -m benchmarks.proofs``."""

    window: int = 6
    """Cycles in integers: with more, one window takes as long as all have now."""
    step: int = 4
    """How many of them are fixed before the next window; fixing all leads to dead ends."""
    max_window: int = 30
    """Cycles of a window that reaches back over a dead end, at most."""
    max_nodes: int = 20
    """Branch-and-bound nodes of a window: most need one, and hundreds do not help the others."""
    windows: int = 3
    """Windows of all terms that must be left to spend for starting at all."""
    term_effort: float = 1e-4
    """Effort, in units of CP-SAT's deterministic time (about seconds), for each term of a
    window."""

    @property
    def parameters(self) -> str:
        """Of HiGHS: silent, and the same in every run."""
        return f"output_flag=false\nthreads=1\nmip_max_nodes={self.max_nodes}"


LIMITS: Final = WindowLimits()


def relax_and_fix(
    model: RankedModel, limit: float, limits: WindowLimits = LIMITS
) -> tuple[list[int] | None, float]:
    """Values of all variables, or None if it came to a dead end or to the limit, and the effort.

    The values satisfy all rows exactly: rounded, they are checked.
    """
    fixed: dict[int, int] = {}
    effort, start, window = 0.0, 0, limits.window
    while True:
        end = start + window
        last = end >= model.horizon
        program, variables, terms = linear_program(model, fixed, end)
        effort += terms * limits.term_effort
        if effort > limit:
            return None, effort
        solver = mb.Solver("highs")
        solver.set_solver_specific_parameters(limits.parameters)
        if solver.solve(program) not in (mb.SolveStatus.OPTIMAL, mb.SolveStatus.FEASIBLE):
            # A dead end: decide the last cycles once more, together with these.
            if start == 0 or window >= limits.max_window:
                return None, effort
            start, window = max(start - 2 * limits.step, 0), window + 2 * limits.step
            fixed = {number: at for number, at in fixed.items() if model.cycle_of[number] < start}
            continue
        start = end - limits.window + limits.step
        for number, cycle in enumerate(model.cycle_of):
            if last or cycle < start:
                fixed[number] = round(solver.value(variables[number]))
        if last:
            break
        window = limits.window
    value = [fixed[number] for number in range(len(model.upper))]
    return (value if model.satisfied(value) else None), effort


def estimate(model: RankedModel, limits: WindowLimits = LIMITS) -> float:
    """The effort of :func:`relax_and_fix`, about: half of the terms are fixed already."""
    return limits.term_effort * model.n_terms * -(-model.horizon // limits.step) / 2


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

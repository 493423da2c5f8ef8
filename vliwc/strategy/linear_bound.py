"""Integer programs whose linear relaxation proves a lower bound in exact arithmetic.

GLOP (OR-Tools' simplex) finds dual prices in floating point.  Whatever they are, by weak duality
they prove a bound: the price of the right-hand sides plus, for each variable, its reduced cost at
the bound of the variable that makes it least (Neumaier and Shcherbina 2004).  That sum is computed
here with integers, so rounding in the simplex can make the bound weaker, but never wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from vliwc.sched.relaxations.solvers import cp_sum, lp_sum
from vliwc.solvers import cp_model
from vliwc.solvers import model_builder as mb

SCALE = 1 << 80
"""Prices are multiples of one part in so many: finer than a double's."""
WIDE = 1 << 30
"""The simplex takes variables with larger domains for unlimited: it would lose all precision."""

Terms = Sequence[tuple[int, cp_model.IntVar]]
"""Variables with their weights."""


class _Row(NamedTuple):
    """The weighted sum of ``columns`` is at most ``limit``, or just that if it is ``exact``."""

    columns: list[int]
    weights: list[int]
    limit: int
    exact: bool


class TooManyRows(Exception):
    """A model has more rows than it may have."""


class LinearModel:
    """Rows over integer variables from 0 on, for CP-SAT (``cp``) and for :meth:`linear_bound`.

    Adding more than ``most`` rows raises :class:`TooManyRows`.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.cp = cp_model.CpModel()
        self.rows: list[_Row] = []
        self.highs: list[int] = []

    def variable(self, high: int, name: str) -> cp_model.IntVar:
        """A variable of 0 to ``high``."""
        self.highs.append(high)
        return self.cp.new_int_var(0, high, name)

    def high(self, variable: cp_model.IntVar) -> int:
        """The largest value of a variable."""
        return self.highs[variable.index]

    def at_most(self, terms: Terms, limit: int) -> None:
        """Require that the weighted sum of variables is no more than ``limit``."""
        self.cp.add(_sum(terms) <= limit)
        self._row(terms, limit, exact=False)

    def equal(self, terms: Terms, total: int) -> None:
        """Require that the weighted sum of variables is ``total``."""
        self.cp.add(_sum(terms) == total)
        self._row(terms, total, exact=True)

    def _row(self, terms: Terms, limit: int, *, exact: bool) -> None:
        if len(self.rows) >= self.most:
            raise TooManyRows
        columns, weights = [var.index for _, var in terms], [weight for weight, _ in terms]
        self.rows.append(_Row(columns, weights, limit, exact))

    def linear_bound(self, objective: cp_model.IntVar) -> Fraction:
        """No solution has a smaller value of ``objective``; 0 if the simplex finds no prices."""
        target = objective.index
        prices = self._prices(target)
        charged = sum(
            price * weight
            for row, price in zip(self.rows, prices, strict=True)
            for column, weight in zip(row.columns, row.weights, strict=True)
            if column == target
        )
        if charged > SCALE:
            # Rounding has charged more than one for each unit of the objective.
            prices = [price * SCALE // charged for price in prices]
        reduced = [0] * len(self.highs)
        reduced[target] = SCALE
        total = 0
        for row, price in zip(self.rows, prices, strict=True):
            if price > 0 and not row.exact:
                continue  # a price of the wrong sign proves nothing
            total += price * row.limit
            for column, weight in zip(row.columns, row.weights, strict=True):
                reduced[column] -= price * weight
        total += sum(
            cost * high for cost, high in zip(reduced, self.highs, strict=True) if cost < 0
        )
        return Fraction(max(total, 0), SCALE)

    def _prices(self, target: int) -> list[int]:
        """The dual prices of the rows, 0 without an optimal basis."""
        model = mb.Model()
        columns = [
            model.new_num_var(0.0, float(high) if high < WIDE else float("inf"), "")
            for high in self.highs
        ]
        limits: list[mb.LinearConstraint] = []
        for row in self.rows:
            variables = [columns[column] for column in row.columns]
            left = lp_sum(variables, [float(weight) for weight in row.weights])
            limits.append(
                model.add_linear_constraint(
                    left, float(row.limit) if row.exact else -float("inf"), float(row.limit)
                )
            )
        model.minimize(columns[target])
        solver = mb.Solver("glop")
        if solver.solve(model) != mb.SolveStatus.OPTIMAL:
            return [0] * len(self.rows)
        return [int(Fraction(solver.dual_value(limit)) * SCALE) for limit in limits]


def _sum(terms: Terms) -> cp_model.LinearExpr:
    return cp_sum([var for _, var in terms], [weight for weight, _ in terms])

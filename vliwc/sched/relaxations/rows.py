"""Integer rows: a model that an integer program, CP-SAT and a linear relaxation share."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from vliwc.sched.relaxations.solvers import cp_sum, lp_sum
from vliwc.solvers import cp_model
from vliwc.solvers import model_builder as mb

_Number = TypeVar("_Number", int, float)

Terms = list[tuple[int, int]]
"""``(variable, coefficient)`` pairs."""


@dataclass(frozen=True)
class Row:
    """``low <= sum(coefficient * variable) <= high``; without ``low``, only the upper limit.

    ``is_capacity``: the row limits slots, resources or scratch in one cycle.
    """

    terms: Terms
    high: int
    low: int | None = None
    is_capacity: bool = False


class Affine(NamedTuple):
    """A sum of variables and a constant."""

    terms: Terms
    constant: int = 0

    def value(self, values: Sequence[_Number]) -> _Number:
        """The sum for these values of all variables."""
        return self.constant + sum(factor * values[v] for v, factor in self.terms)


@dataclass
class IntegerRows:
    """Variables ``0..upper[v]`` and rows; ``possible`` is False if there is no solution, as is
    known without a solver."""

    upper: list[int] = field(default_factory=list[int])
    rows: list[Row] = field(default_factory=list[Row])
    possible: bool = True

    def variable(self, upper: int = 1) -> int:
        """A new variable, 0 to ``upper``."""
        self.upper.append(upper)
        return len(self.upper) - 1

    def between(self, least: int, most: int) -> Affine:
        """A new variable with these limits, or the constant that they leave."""
        if least > most:
            self.possible = False
        if least >= most:
            return Affine([], most)
        return Affine([(self.variable(most - least), 1)], least)

    def at_most(
        self, parts: Iterable[tuple[Affine, int]], high: int, *, is_capacity: bool = False
    ) -> None:
        """``sum(factor * part) <= high``, as a row if there is anything to be decided."""
        terms, constant = merged(parts)
        room = high - constant
        if sum(factor * self.upper[v] for v, factor in terms if factor > 0) <= room:
            return
        if not terms:
            self.possible = False
        else:
            self.rows.append(Row(terms, room, is_capacity=is_capacity))

    def equal(self, parts: Iterable[tuple[Affine, int]]) -> None:
        """``sum(factor * part) == 0``."""
        terms, constant = merged(parts)
        if terms:
            self.rows.append(Row(terms, -constant, -constant))
        elif constant:
            self.possible = False

    @property
    def n_terms(self) -> int:
        """Terms in all rows: the size of the model."""
        return sum(len(row.terms) for row in self.rows)

    def satisfied(self, value: list[int]) -> bool:
        """Whether these values of all variables satisfy limits and rows."""
        if not all(0 <= one <= upper for one, upper in zip(value, self.upper, strict=True)):
            return False
        for row in self.rows:
            total = sum(factor * value[v] for v, factor in row.terms)
            if total > row.high or (row.low is not None and total < row.low):
                return False
        return self.possible

    def cp_model(self) -> tuple[cp_model.CpModel, list[cp_model.IntVar]]:
        """The rows for CP-SAT."""
        model = cp_model.CpModel()
        variables = [model.new_int_var(0, upper, "") for upper in self.upper]
        for row in self.rows:
            expression = cp_sum(
                [variables[v] for v, _ in row.terms], [factor for _, factor in row.terms]
            )
            if row.low is None:
                model.add(expression <= row.high)
            else:
                model.add_linear_constraint(expression, row.low, row.high)
        return model, variables

    def linear_model(
        self, *, relaxed: bool
    ) -> tuple[mb.Model, list[mb.Variable], list[mb.LinearConstraint]]:
        """The rows for a linear solver.

        ``relaxed``: variables need not be integers, capacities may be exceeded, and the sum of
        the excesses is minimised.
        """
        model = mb.Model()
        integral = not relaxed
        variables = [model.new_var(0, upper, integral, None) for upper in self.upper]
        excesses: list[mb.Variable] = []
        constraints: list[mb.LinearConstraint] = []
        for row in self.rows:
            taken = [variables[v] for v, _ in row.terms]
            factors = [float(factor) for _, factor in row.terms]
            if relaxed and row.is_capacity:
                excesses.append(model.new_var(0, math.inf, False, None))
                taken.append(excesses[-1])
                factors.append(-1.0)
            expression = lp_sum(taken, factors)
            low = -math.inf if row.low is None else row.low
            constraints.append(model.add_linear_constraint(expression, low, row.high))
        if relaxed:
            model.minimize(lp_sum(excesses, [1.0] * len(excesses)))
        return model, variables, constraints


def merged(parts: Iterable[tuple[Affine, int]]) -> Affine:
    """``sum(factor * part)``, each variable once."""
    factors = Counter[int]()
    constant = 0
    for part, times in parts:
        constant += times * part.constant
        for variable, factor in part.terms:
            factors[variable] += times * factor
    return Affine([(v, factor) for v, factor in factors.items() if factor], constant)

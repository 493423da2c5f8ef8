"""Calls into OR-Tools whose type stubs leave parameters without a type, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from vliwc.solvers import cp_model
from vliwc.solvers import model_builder as mb


def cp_sum(
    variables: Sequence[cp_model.IntVar | cp_model.LinearExpr], factors: Sequence[int]
) -> cp_model.LinearExpr:
    """The sum of products, for CP-SAT."""
    return cast(Any, cp_model.LinearExpr).weighted_sum(variables, factors)


def lp_sum(variables: Sequence[mb.Variable], factors: Sequence[float]) -> mb.LinearExpr:
    """The sum of products, for linear solvers."""
    return cast(Any, mb.LinearExpr).weighted_sum(variables, factors)


def enforce(constraint: cp_model.Constraint, literal: cp_model.LiteralT) -> None:
    """Let a constraint hold only where a literal is true."""
    cast(Any, constraint).only_enforce_if(literal)

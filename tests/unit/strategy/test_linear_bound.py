"""Bounds from linear relaxations are exact, and never above the optimum."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vliwc.solvers import cp_model
from vliwc.strategy import linear_bound
from vliwc.strategy.linear_bound import SCALE, LinearModel


def optimum(model: LinearModel, objective: cp_model.IntVar) -> int:
    model.cp.minimize(objective)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    assert solver.solve(model.cp) == cp_model.OPTIMAL
    return round(solver.objective_value)


@st.composite
def flows(draw: st.DrawFn) -> tuple[LinearModel, cp_model.IntVar]:
    """Groups that choose among steps, the slots of engines, and set-up for what is used."""
    model = LinearModel()
    groups = draw(st.integers(1, 40))
    steps = [model.variable(groups, f"step{k}") for k in range(draw(st.integers(1, 5)))]
    model.equal([(1, step) for step in steps], groups)
    used = [model.variable(1, f"used{k}") for k in range(len(steps))]
    for step, once in zip(steps, used, strict=True):
        model.at_most([(1, step), (-groups, once)], 0)
    cycles = model.variable(1 << 40, "cycles")
    for _ in range(draw(st.integers(1, 4))):
        work = [(draw(st.integers(0, 90)), step) for step in steps]
        setup = [(draw(st.integers(0, 300)), once) for once in used]
        capacity, base = draw(st.integers(1, 60)), draw(st.integers(0, 1000))
        model.at_most([*work, *setup, (-capacity, cycles)], -base)
    return model, cycles


@settings(max_examples=60)
@given(flows())
def test_no_solution_is_below_the_bound(flow: tuple[LinearModel, cp_model.IntVar]) -> None:
    model, cycles = flow
    assert 0 <= model.linear_bound(cycles) <= optimum(model, cycles)


def test_without_set_up_the_bound_is_the_optimum() -> None:
    model = LinearModel()
    one, other = model.variable(12, "one"), model.variable(12, "other")
    cycles = model.variable(1 << 40, "cycles")
    model.equal([(1, one), (1, other)], 12)
    model.at_most([(2, one), (-1, cycles)], 0)
    model.at_most([(4, other), (-1, cycles)], 0)
    bound = model.linear_bound(cycles)
    assert optimum(model, cycles) == 16
    assert 16 - Fraction(1, 1 << 20) <= bound <= 16


@pytest.mark.parametrize("price", [3.0, 0.7, -0.25, -1e-9, 1e9, -1e9])
def test_wrong_prices_never_prove_too_much(price: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a solver says, the sum that is computed from it is a bound."""
    model = LinearModel()
    one, other = model.variable(12, "one"), model.variable(12, "other")
    cycles = model.variable(1 << 20, "cycles")
    model.equal([(1, one), (1, other)], 12)
    model.at_most([(2, one), (-1, cycles)], -7)
    model.at_most([(4, other), (-1, cycles)], -3)

    class Wrong(linear_bound.mb.Solver):
        def dual_value(self, ct: Any) -> float:
            return price

    best = optimum(model, cycles)
    monkeypatch.setattr(linear_bound.mb, "Solver", Wrong)
    assert 0 <= model.linear_bound(cycles) <= best


def test_a_model_without_a_solution_proves_nothing() -> None:
    model = LinearModel()
    cycles = model.variable(5, "cycles")
    model.at_most([(-1, cycles)], -7)
    assert model.linear_bound(cycles) == 0
    assert SCALE > 1 << 52

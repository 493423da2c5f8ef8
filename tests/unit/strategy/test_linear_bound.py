"""Bounds from linear relaxations are exact, and never above the optimum."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vliwc.solvers import cp_model
from vliwc.strategy import linear_bound
from vliwc.strategy.linear_bound import SCALE, LinearModel, TooManyRows


def optimum(model: LinearModel, objective: cp_model.IntVar) -> int:
    model.cp.minimize(objective)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    assert solver.solve(model.cp) == cp_model.OPTIMAL
    return round(solver.objective_value)


@st.composite
def flows(draw: st.DrawFn) -> tuple[LinearModel, cp_model.IntVar]:
    """Groups that choose among steps, the slots of engines, and set-up for what is used."""
    model = LinearModel(1000)
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
    model = LinearModel(1000)
    one, other = model.variable(12, "one"), model.variable(12, "other")
    cycles = model.variable(1 << 40, "cycles")
    model.equal([(1, one), (1, other)], 12)
    model.at_most([(2, one), (-1, cycles)], 0)
    model.at_most([(4, other), (-1, cycles)], 0)
    bound = model.linear_bound(cycles)
    assert optimum(model, cycles) == 16
    assert 16 - Fraction(1, 1 << 20) <= bound <= 16


def with_prices(change: Callable[[int, float], float]) -> type[linear_bound.mb.Solver]:
    """A solver that says what `change` makes of the price of each row."""

    class Changed(linear_bound.mb.Solver):
        def dual_value(self, ct: linear_bound.mb.LinearConstraint) -> float:
            return change(ct.index, super().dual_value(ct))

    return Changed


def two_steps() -> tuple[LinearModel, cp_model.IntVar]:
    model = LinearModel(1000)
    one, other = model.variable(12, "one"), model.variable(12, "other")
    cycles = model.variable(1 << 40, "cycles")
    model.equal([(1, one), (1, other)], 12)
    model.at_most([(2, one), (-1, cycles)], -7)
    model.at_most([(4, other), (-1, cycles)], -3)
    model.at_most([(-1, one)], 500)
    return model, cycles


@pytest.mark.parametrize("price", [3.0, 0.7, -0.25, -1e-9, 1e9, -1e9])
@pytest.mark.parametrize("row", range(4))
def test_wrong_prices_never_prove_too_much(
    row: int, price: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a solver says, the sum that is computed from it is a bound."""
    model, cycles = two_steps()
    best = optimum(model, cycles)
    changed = with_prices(lambda at, right: price if at == row else right)
    monkeypatch.setattr(linear_bound.mb, "Solver", changed)
    assert 0 <= model.linear_bound(cycles) <= best


def test_rounded_prices_prove_almost_as_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cycle that costs a millionth too much does not cost that for each possible cycle."""
    model, cycles = two_steps()
    before = model.linear_bound(cycles)
    changed = with_prices(lambda _, right: right * (1 + 1e-6))
    monkeypatch.setattr(linear_bound.mb, "Solver", changed)
    assert before - 1 < model.linear_bound(cycles) <= before + Fraction(1, 1000)


def test_a_model_without_a_solution_proves_nothing() -> None:
    model = LinearModel(1000)
    cycles = model.variable(5, "cycles")
    model.at_most([(-1, cycles)], -7)
    assert model.linear_bound(cycles) == 0
    assert SCALE > 1 << 52


def test_a_model_that_would_be_too_large_is_not_built() -> None:
    model = LinearModel(2)
    cycles = model.variable(5, "cycles")
    model.at_most([(1, cycles)], 7)
    model.equal([(1, cycles)], 5)
    with pytest.raises(TooManyRows):
        model.at_most([(1, cycles)], 6)
    assert len(model.rows) == 2

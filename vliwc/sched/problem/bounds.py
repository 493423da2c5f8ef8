"""Proved lower bounds on the cycles of any schedule of a problem.

*Resources.*  Give every engine a price per slot.  An operation costs at least its cheapest form;
all operations together cost at most the value of all slots, ``cycles * sum(price * slots)``.
The best prices are the dual solution of the linear program that spreads operations over engines.

*Windows.*  Operations that cannot start before cycle ``head`` and need ``tail`` more cycles after
them must fit into the cycles between: the resource bound of such a set, plus head, plus tail
(Carlier's bound for heads and tails, 1982, with priced engines in place of one machine).

*Critical path.*  The longest path through the problem, an operation lasting as many cycles as its
engine's slots force it to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from vliwc.jit import jit
from vliwc.sched.problem.dense import ENGINES, N_ENGINES, Dense
from vliwc.sched.problem.lags import earliest_starts
from vliwc.sched.problem.paths import Floats, heads_and_tails, spans
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_bound
from vliwc.solvers import model_builder as mb

SLACK = 1e-6
"""Bounds are rounded up only when they exceed an integer by more than rounding errors can."""


@dataclass(frozen=True)
class BoundTuning:
    """The tuned numbers of this module; by hand on ``python -m benchmarks.suite``."""

    max_tails: int = 64
    """Different tails up to which each of them is the end of a window; the time for a bound is
    their number times that of the operations."""
    first_tails: int = 48
    """Beyond, the shortest tails that are taken: they leave the largest sets of operations."""
    other_tails: int = 16
    """And the number of equal steps in which the longer ones are sampled."""


TUNING = BoundTuning()


@dataclass(frozen=True)
class Bound:
    """No schedule takes fewer than ``cycles`` cycles; ``reason`` says why, for people.

    ``name`` is what the bound counts; ``work`` the cycles that this takes by itself (all
    operations, no window); ``prices`` the price of a slot of each engine, in parts of a cycle;
    ``after`` the cycles that follow the window.
    """

    cycles: int
    reason: str
    name: str = ""
    work: float = 0.0
    prices: tuple[float, ...] = ()
    after: float = 0.0


def lower_bound(problem: ScheduleProblem) -> Bound:
    """The best of all bounds of this module."""
    return max(every_bound(problem), key=lambda bound: bound.cycles)


def every_bound(problem: ScheduleProblem) -> list[Bound]:
    """All bounds of this module: the critical path, each engine, engines together."""
    dense = problem.dense
    if problem.renewable is not None:
        found = [Bound(*project_bound(problem, problem.renewable))]
        if problem.lags is not None:
            duration = problem.renewable.duration
            start = earliest_starts(dense, duration, problem.lags)
            found.append(Bound(int((start + duration).max(initial=0)), "time lags"))
        return found
    if not len(dense.lanes):
        return [Bound(0, "nothing to do")]
    head, tail = heads_and_tails(problem)
    longest = float((head + spans(problem) + tail).max())
    path = int(ceil(longest - SLACK))
    found = [Bound(path, "critical path", "critical path", longest)]
    for name, prices in price_vectors(dense):
        cost = cheapest_form(dense, prices)
        value = float(dense.capacity @ prices)
        cycles, at_head, at_tail = best_window(cost / value, head, tail)
        work = float(cost.sum()) / value
        reason = f"{name}: {work:.1f} cycles of work"
        if at_head or at_tail:
            reason += f", windows of {at_head:.0f} cycles before and {at_tail:.0f} after"
        shares = tuple((prices / value).tolist())
        found.append(Bound(int(ceil(cycles - SLACK)), reason, name, work, shares, at_tail))
    return found


def only_on(problem: ScheduleProblem, engine: str, groups: range) -> NDArray[np.intp]:
    """The operations of some groups that no other engine can execute."""
    dense = problem.dense
    number = ENGINES.index(engine)
    vector, scalarised = (
        dense.class_vector[dense.resource_class],
        dense.class_scalarised[dense.resource_class],
    )
    only = ((vector == 1 << number) & (scalarised < 0)) | ((vector == 0) & (scalarised == number))
    inside = (dense.group >= groups.start) & (dense.group < groups.stop)
    return np.nonzero(only & inside)[0]


@jit
def cheapest_form(p: Dense, prices: Floats) -> Floats:
    """The least price of executing each operation."""
    n = len(p.lanes)
    cost = np.zeros(n)
    for op in range(n):
        c = p.resource_class[op]
        best = -1.0
        for e in range(N_ENGINES):
            if (p.class_vector[c] >> e) & 1 and (best < 0.0 or prices[e] < best):
                best = prices[e]
        scalarised = p.class_scalarised[c]
        if scalarised >= 0:
            price = prices[scalarised] * p.lanes[op]
            if best < 0.0 or price < best:
                best = price
        cost[op] = max(best, 0.0)
    return cost


def best_window(work: Floats, head: Floats, tail: Floats) -> tuple[float, float, float]:
    """The largest ``h + q + work of operations with head >= h and tail >= q``, with h and q."""
    best = (float(work.sum()), 0.0, 0.0)
    busy = work > 0
    work, head, tail = work[busy], head[busy], tail[busy]
    if not len(work):
        return best
    by_head = np.argsort(-head, kind="stable")
    thresholds: NDArray[np.float64] = np.unique(tail)
    if len(thresholds) > TUNING.max_tails:
        # The first few matter most: large sets with a tail that most operations have.
        step = len(thresholds) // TUNING.other_tails
        first = TUNING.first_tails
        thresholds = np.concatenate([thresholds[:first], thresholds[first::step]])
    for q in thresholds:
        inside = by_head[tail[by_head] >= q]
        sums = np.cumsum(work[inside]) + head[inside] + q
        at = int(np.argmax(sums))
        if sums[at] > best[0]:
            best = (float(sums[at]), float(head[inside[at]]), float(q))
    return best


def price_vectors(dense: Dense) -> list[tuple[str, Floats]]:
    """Prices of a slot of each engine, and what they count: each engine alone, then the best of all
    together."""
    found: list[tuple[str, Floats]] = []
    for e, name in enumerate(ENGINES):
        prices = np.zeros(N_ENGINES)
        prices[e] = 1.0
        found.append((f"{name} slots", prices))
    duals = _joint_prices(dense)
    if duals is not None:
        used = [name for name, price in zip(ENGINES, duals, strict=True) if price > 0]
        found.append((f"{' and '.join(used)} slots together", duals))
    return found


def _joint_prices(dense: Dense) -> Floats | None:
    """Slot prices from the linear program that spreads all operations over the engines."""
    model = mb.Model()
    cycles = model.new_num_var(0.0, math.inf, "cycles")
    used: list[mb.LinearExpr] = [0.0 - float(slots) * cycles for slots in dense.capacity]
    for c in range(len(dense.class_vector)):
        members = dense.resource_class == c
        vector, scalarised = int(dense.class_vector[c]), int(dense.class_scalarised[c])
        forms = [e for e in range(N_ENGINES) if (vector >> e) & 1]
        if not forms and scalarised < 0:
            continue
        for lanes in np.unique(dense.lanes[members]).tolist():
            count = int((dense.lanes[members] == lanes).sum())
            slots = [(e, count) for e in forms]
            if scalarised >= 0:
                slots.append((scalarised, count * lanes))
            all_parts: mb.LinearExpr = 0.0 * cycles
            for e, amount in slots:
                part = model.new_num_var(0.0, 1.0, "part")
                all_parts = all_parts + part
                used[e] = used[e] + float(amount) * part
            model.add(all_parts == 1.0)
    rows = [model.add_linear_constraint(expression, -math.inf, 0.0) for expression in used]
    model.minimize(cycles)
    solver = mb.Solver("GLOP")
    if solver.solve(model) != mb.SolveStatus.OPTIMAL:
        return None
    prices = np.array([max(-solver.dual_value(row), 0.0) for row in rows])
    return prices if prices.sum() > 0 else None

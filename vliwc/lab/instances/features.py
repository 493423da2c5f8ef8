"""Features of an instance, by which methods can be chosen or results explained.

Sources: A. Mastor (1970) for the order strength; R. Dilworth (1950) for the width as a matching;
R. Kolisch, A. Sprecher and A. Drexl, *Characterization and generation of a general class of
resource-constrained project scheduling problems* (1995) for resource factor and strength.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vliwc.lab.instances.instance import Instance
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.dense import ENGINES
from vliwc.sched.problem.paths import heads_and_tails, spans
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.view import View

MAX_CLOSED: Final = 4000
"""Operations up to which all ordered pairs are looked at: their number grows with the square."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Features:
    """An instance in figures that do not depend on its size alone.

    ``width``: the most operations of which none must follow another.  ``parallelism``: the cycles
    of all operations over those of the longest path.  ``order_strength``: the part of all pairs
    that is ordered.  ``resource_factor``: the part of the resources (of a machine: engines) that an
    operation that takes time asks for, on average.  ``resource_strength``: the mean, over resources
    that are asked for, of ``(capacity - least) / (peak - least)``, where ``peak`` is the most that
    is taken at any time if everything starts as early as dependences allow, and ``least`` what a
    single operation needs; never below 0, and 1 or above where the resource does not bind.  On a
    machine, operations that have a choice of engines are left out of it.  ``pressure``: words of
    scratch in the same schedule, at most, over the machine's; None for projects.  ``bound_ratio``:
    the proved bound over the longest path.

    Width and order strength are None above :data:`MAX_CLOSED` operations, a strength is None where
    no resource is scarce even for everything at once.
    """

    name: str
    family: str
    operations: int
    dependences: int
    modes: int
    width: int | None
    parallelism: float
    order_strength: float | None
    resource_factor: float
    resource_strength: float | None
    pressure: float | None
    bound_ratio: float

    @staticmethod
    def of(instance: Instance) -> Features:
        """The features of an instance; needs scipy."""
        problem = instance.problem
        view = View.of(problem)
        n = len(view)
        head, tail = heads_and_tails(problem)
        span = spans(problem)
        path = float((head + span + tail).max(initial=0.0)) or 1.0
        closure = _closure(view) if 0 < n <= MAX_CLOSED else None
        demand, capacity = _demand(problem, view)
        start = head.astype(np.int64)
        duration = np.maximum(span.astype(np.int64), 0)
        return Features(
            name=instance.name,
            family=instance.family,
            operations=n,
            dependences=len(view.dependences),
            modes=n if problem.modes is None else len(problem.modes.duration),
            width=None if closure is None else n - _matched(closure),
            parallelism=float(span.sum()) / path,
            order_strength=None if closure is None else _order_strength(closure),
            resource_factor=_factor(demand[duration > 0]),
            resource_strength=_strength(demand, capacity, start, duration),
            pressure=_pressure(problem, view, start, duration),
            bound_ratio=lower_bound(problem).cycles / path,
        )


def _closure(view: View) -> NDArray[np.bool_]:
    """(n, n) whether the second operation must follow the first."""
    n = len(view)
    after = np.zeros((n, n), dtype=np.bool_)
    for op in reversed(view.order):
        for target, _ in view.successors[op]:
            after[op] |= after[target]
            after[op, target] = True
    return after


def _order_strength(closure: NDArray[np.bool_]) -> float:
    n = len(closure)
    return float(closure.sum()) / (n * (n - 1) / 2) if n > 1 else 0.0


def _matched(closure: NDArray[np.bool_]) -> int:
    """The most pairs of a chain decomposition: n minus them is the size of the largest antichain
    (Dilworth 1950, by bipartite matching: Fulkerson 1956)."""
    sparse: Any = import_module("scipy.sparse")
    csgraph: Any = import_module("scipy.sparse.csgraph")
    graph = sparse.csr_matrix(closure.astype(np.int8))
    return int((csgraph.maximum_bipartite_matching(graph, perm_type="column") >= 0).sum())


def _demand(problem: ScheduleProblem, view: View) -> tuple[Numbers, Numbers]:
    """(n, r) what each operation takes of each resource in a cycle, and (r,) what there is."""
    renewable = problem.renewable
    if renewable is not None:
        return renewable.demand.astype(np.int64), renewable.capacity.astype(np.int64)
    capacity = np.array(view.capacity, dtype=np.int64)
    found = np.zeros((len(view), len(ENGINES)), dtype=np.int64)
    for op in range(len(view)):
        engines, split = view.vector_engines[op], view.scalarised_engine[op]
        if len(engines) == 1 and split < 0:
            found[op, engines[0]] = 1
        elif not engines and split >= 0:
            # By lanes: as many as there are slots in each cycle, one where lanes are serial.
            found[op, split] = 1 if view.serial[op] else min(view.lanes[op], view.capacity[split])
    return found, capacity


def _factor(demand: Numbers) -> float:
    return float((demand > 0).mean()) if demand.size else 0.0


def _strength(
    demand: Numbers, capacity: Numbers, start: Numbers, duration: Numbers
) -> float | None:
    """The mean resource strength; ``start`` and ``duration`` (n,) of the earliest schedule."""
    found: list[float] = []
    for number in range(len(capacity)):
        own = demand[:, number]
        least = int(own.max(initial=0))
        peak = _peak(own, start, start + duration)
        if peak > least:
            found.append((int(capacity[number]) - least) / (peak - least))
    return float(np.mean(found)) if found else None


def _peak(amount: Numbers, begin: Numbers, end: Numbers) -> int:
    """The most that is held at once, each amount from ``begin`` on, until before ``end``."""
    change = np.zeros(int(end.max(initial=0)) + 2, dtype=np.int64)
    np.add.at(change, begin, amount)
    np.subtract.at(change, np.maximum(end, begin), amount)
    return int(np.cumsum(change).max(initial=0))


def _pressure(
    problem: ScheduleProblem, view: View, start: Numbers, duration: Numbers
) -> float | None:
    """Words live at once in the earliest schedule, at most, over the words of scratch."""
    if problem.renewable is not None or not problem.dense.words:
        return None
    last = start + duration
    for op, readers in enumerate(view.readers):
        for reader in readers:
            # Another value may be written in the cycle of the last read.
            last[op] = max(last[op], start[reader] + max(duration[reader], 1) - 1)
    return _peak(np.array(view.width, dtype=np.int64), start, last) / problem.dense.words

"""A scheduling problem as plain lists: what schedulers written in Python read.

The dense form of :mod:`vliwc.sched.problem.dense` is made for machine code; this one is made for
people who write a scheduler or a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from vliwc.sched.problem.dense import N_ENGINES, NO_ENGINE, Ints
from vliwc.sched.problem.paths import edge_sources, heads_and_tails, spans, topological_order
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.schedule import Schedule


class Dependence(NamedTuple):
    """``target`` starts at least ``latency`` cycles after the last cycle of ``source``."""

    source: int
    target: int
    latency: int


@dataclass(frozen=True, eq=False)
class View:
    """Operations ``0..n-1`` and what binds them; lists are indexed by operation.

    ``vector_engines``: engines that execute an operation in one slot (its vector form, or the only
    form of a scalar operation); ``scalarised_engine``: the engine that executes it lane by lane,
    ``lanes`` slots in any cycles (-1: none); where both are empty it takes no
    slot.  ``serial``: lanes issue in ascending order, at most one per cycle.  ``width``: words of
    the result.  ``readers``: operations that read the result.  ``duration``: cycles (1 on the
    machine).  ``demand``: units of each renewable resource.  ``windows``: heads and tails that are
    sharper than those of the longest paths.
    """

    problem: ScheduleProblem
    vector_engines: list[tuple[int, ...]]
    scalarised_engine: list[int]
    lanes: list[int]
    serial: list[bool]
    width: list[int]
    group: list[int]
    readers: list[list[int]]
    dependences: list[Dependence]
    duration: list[int]
    demand: list[tuple[int, ...]]
    windows: tuple[list[int], list[int]] | None = None

    @staticmethod
    def of(problem: ScheduleProblem) -> View:
        """The view of a problem; of several dependences of a pair, the longest remains."""
        dense = problem.dense
        n = len(problem)
        masks: list[int] = dense.class_vector.tolist()
        classes: list[int] = dense.resource_class.tolist()
        all_lanes: list[int] = dense.lanes.tolist()
        engines = [tuple(e for e in range(N_ENGINES) if mask >> e & 1) for mask in masks]
        lane_engines: list[int] = dense.class_scalarised.tolist()
        vector: list[tuple[int, ...]] = []
        scalarised: list[int] = []
        for number, lanes in zip(classes, all_lanes, strict=True):
            if lane_engines[number] >= 0 and lanes == 1:
                # One lane is one slot: no different from the vector form.
                vector.append(tuple(dict.fromkeys((*engines[number], lane_engines[number]))))
                scalarised.append(-1)
            else:
                vector.append(engines[number])
                scalarised.append(lane_engines[number])
        readers: list[list[int]] = [[] for _ in range(n)]
        by_reader: list[int] = np.repeat(np.arange(n), np.diff(dense.use_ptr)).tolist()
        used: list[int] = dense.use.tolist()
        for value, reader in zip(used, by_reader, strict=True):
            readers[value].append(reader)
        longest: dict[tuple[int, int], int] = {}
        sources: list[int] = edge_sources(dense).tolist()
        for source, target, latency in zip(
            sources, dense.succ.tolist(), dense.succ_latency.tolist(), strict=True
        ):
            longest[source, target] = max(latency, longest.get((source, target), 0))
        renewable = problem.renewable
        return View(
            problem,
            vector,
            scalarised,
            all_lanes,
            [bool(flag) for flag in dense.serial.tolist()],
            dense.width.tolist(),
            dense.group.tolist(),
            readers,
            [Dependence(a, b, latency) for (a, b), latency in longest.items()],
            [1] * n if renewable is None else renewable.duration.tolist(),
            [()] * n if renewable is None else [tuple(row) for row in renewable.demand.tolist()],
        )

    def __len__(self) -> int:
        return len(self.vector_engines)

    @cached_property
    def order(self) -> list[int]:
        """A topological order."""
        return topological_order(self.problem.dense).tolist()

    @cached_property
    def successors(self) -> list[list[tuple[int, int]]]:
        """``(target, latency)`` of the dependences that leave each operation."""
        rows: list[list[tuple[int, int]]] = [[] for _ in range(len(self))]
        for source, target, latency in self.dependences:
            rows[source].append((target, latency))
        return rows

    @cached_property
    def predecessors(self) -> list[list[tuple[int, int]]]:
        """``(source, latency)`` of the dependences that reach each operation."""
        rows: list[list[tuple[int, int]]] = [[] for _ in range(len(self))]
        for source, target, latency in self.dependences:
            rows[target].append((source, latency))
        return rows

    @cached_property
    def capacity(self) -> list[int]:
        """Slots per cycle of each engine."""
        return self.problem.dense.capacity.tolist()

    @cached_property
    def span(self) -> list[int]:
        """Cycles from the first to the last slot of an operation, both included, at least."""
        return spans(self.problem).astype(np.int64).tolist()

    @cached_property
    def heads(self) -> list[int]:
        """Earliest start of each operation as far as dependences (or ``windows``) tell."""
        return self._heads_and_tails[0]

    @cached_property
    def tails(self) -> list[int]:
        """Cycles that must follow the last cycle of each operation."""
        return self._heads_and_tails[1]

    @cached_property
    def _heads_and_tails(self) -> tuple[list[int], list[int]]:
        if self.windows is not None:
            return self.windows
        heads, tails = heads_and_tails(self.problem)
        return heads.astype(np.int64).tolist(), tails.astype(np.int64).tolist()

    @property
    def critical_path(self) -> int:
        """Cycles of the longest path."""
        return max(
            (h + s + t for h, s, t in zip(self.heads, self.span, self.tails, strict=True)),
            default=0,
        )

    @property
    def serial_length(self) -> int:
        """Enough cycles for whatever can be done at all: each advances some operation."""
        lags = sum(max(edge.latency - 1, 0) for edge in self.dependences)
        return sum(max(span, 1) for span in self.span) + lags

    def start_windows(self, horizon: int) -> int:
        """Cycles in the start windows of all operations, summed up, one of each not counted."""
        windows = zip(self.heads, self.span, self.tails, strict=True)
        return sum(max(horizon - head - span - tail, 0) for head, span, tail in windows)

    @cached_property
    def is_zero(self) -> list[bool]:
        """Results that nothing writes: words that must stay zero from the start to the last read
        (scratch is zero at the start)."""
        return [
            width > 0 and not vector and scalarised < 0
            for width, vector, scalarised in zip(
                self.width, self.vector_engines, self.scalarised_engine, strict=True
            )
        ]

    @cached_property
    def is_mixed(self) -> list[bool]:
        """Operations with a vector form and a scalarised one."""
        return [
            bool(w) and s >= 0
            for w, s in zip(self.vector_engines, self.scalarised_engine, strict=True)
        ]


def cycle_rows(problem: ScheduleProblem, cycles: Sequence[Sequence[int]]) -> Ints:
    """``Schedule.lane_cycle`` from the cycles of each operation: one entry in vector
    form, one a lane, ascending, in scalarised form."""
    lanes: list[int] = np.maximum(problem.dense.lanes, 1).tolist()
    flat: list[int] = []
    for count, own in zip(lanes, cycles, strict=True):
        flat.extend(own if len(own) == count else [own[0]] * count)
    return np.array(flat, dtype=np.int32)


def cycles_of(problem: ScheduleProblem, schedule: Schedule) -> list[list[int]]:
    """The cycles of each lane of each operation of a schedule."""
    flat: list[int] = schedule.lane_cycle.tolist()
    ptr: list[int] = problem.dense.lane_ptr.tolist()
    return [flat[lo:hi] for lo, hi in zip(ptr, ptr[1:], strict=False)]


def only_engine(vector: tuple[int, ...], scalarised: int) -> int:
    """The engine of an operation with one form; :data:`NO_ENGINE` without forms."""
    if vector:
        return vector[0]
    return scalarised if scalarised >= 0 else NO_ENGINE

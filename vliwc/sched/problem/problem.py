"""Scheduling problems: operations with engine alternatives, dependences, live ranges, a machine.

A problem is plain data and knows nothing of kernels: any DAG can be scheduled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from isa.machine import MachineSpec
from vliwc.sched.problem.dense import ENGINES, Dense, Ints
from vliwc.sched.problem.lags import Lags
from vliwc.sched.problem.renewable import Modes, Renewable


@dataclass(frozen=True)
class Edges:
    """Dependences ``source -> target``: ``target`` issues ``latency`` or more cycles after the
    last slot of ``source``.  Where ``reads`` is set, ``target`` reads the result of ``source``,
    which stays in scratch until then."""

    source: Ints
    target: Ints
    latency: Ints
    reads: NDArray[np.bool_]

    @staticmethod
    def of(
        source: Sequence[int], target: Sequence[int], latency: Sequence[int], reads: Sequence[bool]
    ) -> Edges:
        """Edges from columns."""
        return Edges(
            np.array(source, dtype=np.int32),
            np.array(target, dtype=np.int32),
            np.array(latency, dtype=np.int32),
            np.array(reads, dtype=np.bool_),
        )

    @staticmethod
    def of_rows(rows: Sequence[tuple[int, int, int, bool]]) -> Edges:
        """Edges from ``(source, target, latency, reads)`` rows."""
        columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
        return Edges.of(columns[0], columns[1], columns[2], columns[3])

    @staticmethod
    def concatenate(parts: Sequence[Edges]) -> Edges:
        """All edges of ``parts``."""
        return Edges(
            np.concatenate([p.source for p in parts]),
            np.concatenate([p.target for p in parts]),
            np.concatenate([p.latency for p in parts]),
            np.concatenate([p.reads for p in parts]),
        )

    def moved(self, source: int, target: int) -> Edges:
        """The edges with operation numbers shifted."""
        return Edges(self.source + source, self.target + target, self.latency, self.reads)


def make_dense(
    *,
    lanes: Ints,
    serial: Ints,
    width: Ints,
    group: Ints,
    resource_class: Ints,
    classes: Sequence[tuple[int, int]],
    edges: Edges,
    machine: MachineSpec,
    n_groups: int,
) -> Dense:
    """Put a problem into compressed rows; ``classes`` lists ``(engines of the vector form as a
    mask, engine of the scalarised form)``."""
    n = len(lanes)

    def rows(keys: Ints) -> tuple[Ints, NDArray[np.intp]]:
        order = np.argsort(keys, kind="stable")
        counts = np.bincount(keys, minlength=n)
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32), order

    succ_ptr, by_source = rows(edges.source)
    reads = edges.reads
    use_ptr, by_reader = rows(edges.target[reads])
    class_sizes = np.bincount(resource_class, minlength=len(classes))
    return Dense(
        lanes=lanes,
        serial=serial,
        width=width,
        group=group,
        resource_class=resource_class,
        class_vector=np.array([vector for vector, _ in classes], dtype=np.int32),
        class_scalarised=np.array([scalarised for _, scalarised in classes], dtype=np.int32),
        class_base=np.concatenate([[0], np.cumsum(class_sizes)[:-1]]).astype(np.int32),
        n_preds=np.bincount(edges.target, minlength=n).astype(np.int32),
        succ_ptr=succ_ptr,
        succ=edges.target[by_source],
        succ_latency=edges.latency[by_source],
        use_ptr=use_ptr,
        use=edges.source[reads][by_reader],
        n_uses=np.bincount(edges.source[reads], minlength=n).astype(np.int32),
        lane_ptr=np.concatenate([[0], np.cumsum(np.maximum(lanes, 1))]).astype(np.int32),
        capacity=np.array([machine.slots[name] for name in ENGINES], dtype=np.int32),
        n_groups=n_groups,
        vlen=machine.vlen,
        words=machine.scratch_words,
    )


@dataclass(frozen=True)
class ScheduleProblem:
    """Operations, dependences and a machine; ``name_source`` gives the operations' names.

    With ``renewable`` it is a project (:mod:`vliwc.sched.problem.project`): no operation takes
    engine slots or scratch, each lasts some cycles and takes renewable resources meanwhile.  With
    ``modes`` durations and demands are those of a chosen mode, and ``renewable`` has the least
    ones (:mod:`vliwc.sched.problem.modes`); ``lags`` are there with modes only
    (:mod:`vliwc.sched.problem.lags`).
    """

    dense: Dense
    machine: MachineSpec
    name_source: Callable[[], list[str]] = field(repr=False)
    renewable: Renewable | None = None
    modes: Modes | None = None
    lags: Lags | None = None

    def __len__(self) -> int:
        return len(self.dense.lanes)

    @cached_property
    def names(self) -> list[str]:
        """A name for each operation, for messages and reports."""
        return self.name_source()

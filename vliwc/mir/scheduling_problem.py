"""The scheduling problem of a machine DAG.

Templates are turned into arrays once and shifted for each group: the time is spent in NumPy, not
in loops over operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vliwc.mir.dag import MachineDag
from vliwc.mir.operation import InGroup, MOp, PerGroup, Source, Template, operand_sources
from vliwc.sched.problem.dense import ENGINES, Ints
from vliwc.sched.problem.problem import Edges, ScheduleProblem, make_dense

NO_FORM = (0, -1)
"""The class of operations that take no slot."""


def problem_of(dag: MachineDag) -> ScheduleProblem:
    """The scheduling problem of ``dag``; operation numbers are kept.

    Results at fixed addresses take no scratch of the problem's: the machine of a part of a program
    has only the words that are left.
    """
    classes: dict[tuple[int, int], int] = {}
    parts = [_Part.of(dag.shared, classes, dag.fixed)]
    owners = [np.full(len(dag.shared), -1, dtype=np.int32)]
    by_template = {t: _Part.of(t.ops, classes, {}) for t in dict.fromkeys(dag.groups)}
    edges = [_shared_edges(dag)]
    local = {t: _template_edges(dag, t) for t in by_template}
    for group, template in enumerate(dag.groups):
        parts.append(by_template[template])
        owners.append(np.full(len(template.ops), group, dtype=np.int32))
        edges.append(local[template].at(dag, group))
    order = [(dag.number(a), dag.number(b), latency, False) for a, b, latency in dag.order]
    edges.append(Edges.of_rows(order))
    resource_class = np.concatenate([p.resource_class for p in parts])
    width = np.concatenate([p.width for p in parts])
    every = Edges.concatenate(edges)
    # A word that nothing writes is there from the start: it can be read in the first cycle.
    if NO_FORM in classes:
        every.latency[every.reads & (resource_class[every.source] == classes[NO_FORM])] = 0
    if dag.fixed:
        every.reads[width[every.source] == 0] = False
    dense = make_dense(
        lanes=np.concatenate([p.lanes for p in parts]),
        serial=np.concatenate([p.serial for p in parts]),
        width=width,
        group=np.concatenate(owners),
        resource_class=resource_class,
        classes=list(classes),
        edges=every,
        machine=dag.machine,
        n_groups=len(dag.groups),
    )
    return ScheduleProblem(dense, dag.machine, dag.names)


def _needs(dag: MachineDag, op: MOp) -> list[tuple[Source, int, bool]]:
    """What ``op`` waits for: source, latency, whether it reads the source's result."""
    found: list[tuple[Source, int, bool]] = [(value, 1, True) for value in operand_sources(op)]
    if op.into is not None and all(value != op.into for value, _, _ in found):
        # Its words are taken from the first write on, and until all of them are written.
        found.append((op.into, 0, True))
    found += [(before, latency, False) for before, latency in op.order]
    return [need for need in found if need[0] not in dag.before] if dag.before else found


def _shared_edges(dag: MachineDag) -> Edges:
    return Edges.of_rows(
        [
            (dag.number(value), me, latency, read)
            for me, op in enumerate(dag.shared)
            for value, latency, read in _needs(dag, op)
        ]
    )


def _template_edges(dag: MachineDag, template: Template) -> _TemplateEdges:
    """The edges into a template's operations, sorted by what moves with the group."""
    index = dag.local_index[template]
    inner: list[tuple[int, int, int, bool]] = []
    fixed: list[tuple[int, int, int, bool]] = []
    family: list[tuple[PerGroup, int, int, bool]] = []
    for me, op in enumerate(template.ops):
        for value, latency, read in _needs(dag, op):
            if isinstance(value, PerGroup):
                family.append((value, me, latency, read))
            elif isinstance(value, MOp) and value in index:
                inner.append((index[value], me, latency, read))
            else:
                fixed.append((dag.number(value), me, latency, read))
    return _TemplateEdges(Edges.of_rows(inner), Edges.of_rows(fixed), family)


@dataclass(frozen=True)
class _TemplateEdges:
    inner: Edges
    fixed: Edges
    family: list[tuple[PerGroup, int, int, bool]]

    def at(self, dag: MachineDag, group: int) -> Edges:
        base = dag.base[group]
        known = dag.shared_index
        members = [(f.member(group), me, lat, read) for f, me, lat, read in self.family]
        family = Edges.of_rows(
            [
                (known[op] if isinstance(op, MOp) else dag.number(op), me, lat, read)
                for op, me, lat, read in members
                if isinstance(op, InGroup) or op in known
            ]
        )
        return Edges.concatenate(
            [self.inner.moved(base, base), self.fixed.moved(0, base), family.moved(0, base)]
        )


@dataclass(frozen=True)
class _Part:
    lanes: Ints
    serial: Ints
    width: Ints
    resource_class: Ints

    @staticmethod
    def of(ops: list[MOp], classes: dict[tuple[int, int], int], fixed: Mapping[MOp, int]) -> _Part:
        def column(words: list[int]) -> Ints:
            return np.array(words, dtype=np.int32)

        return _Part(
            column([op.lanes for op in ops]),
            column([int(op.serial) for op in ops]),
            column([0 if op in fixed else op.width for op in ops]),
            column([classes.setdefault(_engines(op), len(classes)) for op in ops]),
        )


def _engines(op: MOp) -> tuple[int, int]:
    """The engines of the vector form of ``op``, as a mask; the engine of its scalarised form."""
    vector = 0
    scalarised = -1
    for form in op.forms:
        engine = ENGINES.index(form.engine)
        if form.scalarised:
            scalarised = engine
        else:
            vector |= 1 << engine
    return vector, scalarised

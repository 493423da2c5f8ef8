"""The machine DAG of a whole kernel: shared operations and instantiated group templates."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from isa.machine import MachineSpec
from vliwc.sched.dense import ENGINES
from vliwc.sched.problem import Edges, ScheduleProblem, make_dense
from vliwc.target.mops import InGroup, MOp, PerGroup, Source, Template, sources

Index = NDArray[np.int32]


@dataclass(eq=False)
class MachineDag:
    """Shared operations followed by one instance of a template per group.

    Operation numbers: shared operations first, then the groups in order, each group's operations
    in template order.
    """

    machine: MachineSpec
    shared: list[MOp]
    groups: list[Template]
    order: list[tuple[Source, Source, int]] = field(
        default_factory=list["tuple[Source, Source, int]"]
    )
    base: list[int] = field(init=False)
    shared_index: dict[MOp, int] = field(init=False)
    local_index: dict[Template, dict[MOp, int]] = field(init=False)

    def __post_init__(self) -> None:
        self.local_index = {}
        for template in self.groups:
            if template not in self.local_index:
                self.local_index[template] = {op: i for i, op in enumerate(template.ops)}
        self.shared = _reachable(self.shared, self.groups, self.order)
        self.shared_index = {op: i for i, op in enumerate(self.shared)}
        self.base = []
        at = len(self.shared)
        for template in self.groups:
            self.base.append(at)
            at += len(template.ops)
        self.size = at

    def number(self, source: Source, group: int = -1) -> int:
        """The operation number that ``source`` means, seen from group ``group``."""
        if isinstance(source, InGroup):
            return self.base[source.group] + self._local(source.group)[source.op]
        if isinstance(source, PerGroup):
            return self.shared_index[source.member(group)]
        shared = self.shared_index.get(source)
        return self.base[group] + self._local(group)[source] if shared is None else shared

    def operations(self) -> list[tuple[MOp, int]]:
        """All operations by number, each with its group (-1: shared)."""
        found = [(op, -1) for op in self.shared]
        for group, template in enumerate(self.groups):
            found.extend((op, group) for op in template.ops)
        return found

    def problem(self) -> ScheduleProblem:
        """The scheduling problem of this DAG; operation numbers are kept."""
        classes: dict[tuple[int, int], int] = {}
        parts = [_Part.of(self.shared, classes)]
        owners = [np.full(len(self.shared), -1, dtype=np.int32)]
        by_template = {t: _Part.of(t.ops, classes) for t in dict.fromkeys(self.groups)}
        edges = [self._edges(self.shared, -1)]
        local = {t: self._template_edges(t) for t in by_template}
        for group, template in enumerate(self.groups):
            parts.append(by_template[template])
            owners.append(np.full(len(template.ops), group, dtype=np.int32))
            edges.append(local[template].at(self, group))
        edges.append(
            Edges.of_rows(
                [(self.number(a), self.number(b), latency, False) for a, b, latency in self.order]
            )
        )
        dense = make_dense(
            lanes=np.concatenate([p.lanes for p in parts]),
            serial=np.concatenate([p.serial for p in parts]),
            width=np.concatenate([p.width for p in parts]),
            group=np.concatenate(owners),
            klass=np.concatenate([p.klass for p in parts]),
            classes=list(classes),
            edges=Edges.concatenate(edges),
            machine=self.machine,
            n_groups=len(self.groups),
        )
        return ScheduleProblem(dense, self.machine, self._names)

    def _names(self) -> list[str]:
        return [op.name if g < 0 else f"g{g}.{op.name}" for op, g in self.operations()]

    def _local(self, group: int) -> dict[MOp, int]:
        return self.local_index[self.groups[group]]

    def _edges(self, ops: list[MOp], group: int) -> Edges:
        source: list[int] = []
        target: list[int] = []
        latency: list[int] = []
        reads: list[bool] = []
        for op in ops:
            me = self.number(op, group)
            for value in sources(op):
                source.append(self.number(value, group))
                target.append(me)
                latency.append(1)
                reads.append(True)
            for before, delay in op.order:
                source.append(self.number(before, group))
                target.append(me)
                latency.append(delay)
                reads.append(False)
        return Edges.of(source, target, latency, reads)

    def _template_edges(self, template: Template) -> _TemplateEdges:
        """The edges of a template as seen from its first group, sorted by what moves with it."""
        index = self.local_index[template]
        inner: list[tuple[int, int, int, bool]] = []
        fixed: list[tuple[int, int, int, bool]] = []
        family: list[tuple[PerGroup, int, int, bool]] = []
        for me, op in enumerate(template.ops):
            pairs: list[tuple[Source, int, bool]] = [(value, 1, True) for value in sources(op)]
            pairs.extend((before, delay, False) for before, delay in op.order)
            for value, delay, read in pairs:
                if isinstance(value, PerGroup):
                    family.append((value, me, delay, read))
                elif isinstance(value, MOp) and value in index:
                    inner.append((index[value], me, delay, read))
                else:
                    fixed.append((self.number(value), me, delay, read))
        return _TemplateEdges(Edges.of_rows(inner), Edges.of_rows(fixed), family)


@dataclass(frozen=True)
class _TemplateEdges:
    inner: Edges
    fixed: Edges
    family: list[tuple[PerGroup, int, int, bool]]

    def at(self, dag: MachineDag, group: int) -> Edges:
        base = dag.base[group]
        family = Edges.of_rows(
            [(dag.shared_index[f.member(group)], me, lat, read) for f, me, lat, read in self.family]
        )
        return Edges.concatenate(
            [self.inner.moved(base, base), self.fixed.moved(0, base), family.moved(0, base)]
        )


@dataclass(frozen=True)
class _Part:
    lanes: Index
    serial: Index
    width: Index
    klass: Index

    @staticmethod
    def of(ops: list[MOp], classes: dict[tuple[int, int], int]) -> _Part:
        def column(words: list[int]) -> Index:
            return np.array(words, dtype=np.int32)

        return _Part(
            column([op.lanes for op in ops]),
            column([int(op.serial) for op in ops]),
            column([op.width for op in ops]),
            column([classes.setdefault(_engines(op), len(classes)) for op in ops]),
        )


def _engines(op: MOp) -> tuple[int, int]:
    """The mask of engines that take ``op`` whole, and the engine that takes it lane by lane."""
    whole = 0
    split = -1
    for form in op.forms:
        engine = ENGINES.index(form.engine)
        if form.split:
            split = engine
        else:
            whole |= 1 << engine
    return whole, split


def _reachable(
    shared: list[MOp], groups: list[Template], order: list[tuple[Source, Source, int]]
) -> list[MOp]:
    """The shared operations that a group or a shared sink needs, in their order."""
    known = set(shared)
    wanted: set[MOp] = set()
    stack = [op for op in shared if op.width == 0 and op.forms]

    def want(source: Source, group: int) -> None:
        op = source.member(group) if isinstance(source, PerGroup) else source
        if isinstance(op, MOp) and op in known:
            stack.append(op)

    for before, _, _ in order:
        want(before, -1)
    needs = {
        template: [s for op in template.ops for s in [*sources(op), *(b for b, _ in op.order)]]
        for template in dict.fromkeys(groups)
    }
    for group, template in enumerate(groups):
        for source in needs[template]:
            want(source, group)
    while stack:
        op = stack.pop()
        if op not in wanted:
            wanted.add(op)
            for source in [*sources(op), *(before for before, _ in op.order)]:
                want(source, -1)
    return [op for op in shared if op in wanted]

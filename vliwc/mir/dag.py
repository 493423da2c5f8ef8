"""The machine DAG of a whole kernel: shared operations and instantiated group templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from isa.machine import MachineSpec
from vliwc.mir.operation import InGroup, MOp, PerGroup, Source, Template, sources


@dataclass(eq=False)
class MachineDag:
    """Shared operations followed by one instance of a template per group.

    ``constants``: the shared operations that make scalar constants, by word.

    A DAG may be a part of a program, executed before or after others.  ``before``: shared
    operations that were executed by then, which nothing here waits for.  ``fixed``: the scratch
    address of each result that crosses the borders of parts, of operations of this part and of
    those before it; no scheduler gives such words to anything else.

    Operation numbers: shared operations first, then the groups in order, each group's operations
    in template order.
    """

    machine: MachineSpec
    shared: list[MOp]
    groups: list[Template]
    order: list[tuple[Source, Source, int]] = field(
        default_factory=list["tuple[Source, Source, int]"]
    )
    constants: dict[int, MOp] = field(default_factory=dict[int, MOp])
    fixed: dict[MOp, int] = field(default_factory=dict[MOp, int])
    before: frozenset[MOp] = frozenset()
    base: list[int] = field(init=False)
    shared_index: dict[MOp, int] = field(init=False)
    local_index: dict[Template, dict[MOp, int]] = field(init=False)

    def __post_init__(self) -> None:
        self.local_index = {}
        for template in self.groups:
            if template not in self.local_index:
                self.local_index[template] = {op: i for i, op in enumerate(template.ops)}
        self.shared = _reachable(self.shared, self.groups, self.order, self.fixed)
        self.shared_index = {op: i for i, op in enumerate(self.shared)}
        # What nobody needs, such as a chunk whose words are not used, waits for nothing: were
        # something ordered after it, it would be needed.
        self.order = [
            edge
            for edge in self.order
            if not isinstance(edge[1], MOp) or edge[1] in self.shared_index
            if edge[0] not in self.before
        ]
        self.base = []
        at = len(self.shared)
        for template in self.groups:
            self.base.append(at)
            at += len(template.ops)
        self.size = at

    def number(self, source: Source, group: int = -1) -> int:
        """The operation number that ``source`` means, seen from group ``group``."""
        if isinstance(source, InGroup):
            return self.base[source.group] + self.local(source.group)[source.op]
        if isinstance(source, PerGroup):
            member = source.member(group)
            return self.shared_index[member] if isinstance(member, MOp) else self.number(member)
        shared = self.shared_index.get(source)
        return self.base[group] + self.local(group)[source] if shared is None else shared

    def place(self, source: Source, group: int = -1) -> int | None:
        """The fixed scratch address of a result, seen from group ``group``; None if it is a
        scheduler's to choose."""
        op = source.member(group) if isinstance(source, PerGroup) else source
        return self.fixed.get(op) if isinstance(op, MOp) else None

    def is_before(self, source: Source, group: int = -1) -> bool:
        """Whether an earlier part has executed ``source``, seen from group ``group``."""
        return (source.member(group) if isinstance(source, PerGroup) else source) in self.before

    def operations(self) -> list[tuple[MOp, int]]:
        """All operations by number, each with its group (-1: shared)."""
        found = [(op, -1) for op in self.shared]
        for group, template in enumerate(self.groups):
            found.extend((op, group) for op in template.ops)
        return found

    def names(self) -> list[str]:
        """A name for each operation, by number."""
        return [op.name if g < 0 else f"g{g}.{op.name}" for op, g in self.operations()]

    def local(self, group: int) -> dict[MOp, int]:
        """Positions of a group's own operations in its template."""
        return self.local_index[self.groups[group]]


def _reachable(
    shared: list[MOp],
    groups: list[Template],
    order: list[tuple[Source, Source, int]],
    fixed: Mapping[MOp, int],
) -> list[MOp]:
    """The shared operations that a group or a shared sink needs, in their order; results that
    stay after this part are sinks as well."""
    known = set(shared)
    wanted: set[MOp] = set()
    stack = [op for op in shared if (not op.width and op.forms and op.into is None) or op in fixed]

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

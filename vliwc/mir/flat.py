"""A machine DAG as one list of operations, in an order in which few words are live.

Groups are copied out of their templates, so that each operation can be changed for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from vliwc.mir.dag import MachineDag
from vliwc.mir.operation import Form, MOp, Operand, Source, operand_sources


def flattened(dag: MachineDag) -> list[MOp]:
    """The operations of ``dag``, a whole program, each after what it waits for.

    The groups come one after the other, shared operations right before what first needs them: in
    the order of their making where nothing does.  Sources are operations of the list.
    """
    numbered = dag.operations()
    copies = [replace(op, order=list(op.order)) for op, _ in numbered]

    def seen(source: Source, group: int) -> MOp:
        return copies[dag.number(source, group)]

    for copy, (op, group) in zip(copies, numbered, strict=True):
        instead = {source: seen(source, group) for source in operand_sources(op)}
        copy.forms = reading(op.forms, instead)
        copy.order = [(seen(before, group), latency) for before, latency in op.order]
        if op.into is not None:
            copy.into = seen(op.into, group)
    for before, after, latency in dag.order:
        seen(after, -1).order.append((seen(before, -1), latency))
    shared = len(dag.shared)
    return _operands_first([*copies[shared:], *copies[:shared]])


def reading(forms: Iterable[Form], instead: Mapping[Source, Source]) -> tuple[Form, ...]:
    """The forms with other sources for some of their operands."""

    def operands(row: tuple[Operand, ...]) -> tuple[Operand, ...]:
        return tuple(each._replace(source=instead.get(each.source, each.source)) for each in row)

    return tuple(
        replace(
            form,
            operands=operands(form.operands),
            per_lane=None
            if form.per_lane is None
            else tuple(operands(lane) for lane in form.per_lane),
        )
        for form in forms
    )


def needs(op: MOp) -> list[MOp]:
    """What ``op``, of a flattened list, waits for."""
    found = [*operand_sources(op), *(before for before, _ in op.order)]
    if op.into is not None:
        found.append(op.into)
    return [source for source in found if isinstance(source, MOp)]


def _operands_first(ops: list[MOp]) -> list[MOp]:
    found: dict[MOp, None] = {}
    for root in ops:
        stack = [(root, iter(needs(root)))]
        while stack:
            op, left = stack[-1]
            if op in found:
                stack.pop()
                continue
            before = next((each for each in left if each not in found), None)
            if before is None:
                found[op] = None
                stack.pop()
            else:
                stack.append((before, iter(needs(before))))
    return list(found)

"""Words that are made again for each of their uses, where scratch cannot hold them in between.

Constants, their broadcasts and words of arrays that nothing writes are shared by all operations of
a machine DAG: made once, they stay in scratch until the last one has read them.  A kernel with more
of them than scratch has words still has a program: each use makes its own, right before it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from vliwc.mir.dag import MachineDag
from vliwc.mir.flat import reading
from vliwc.mir.operation import MOp, PerGroup, Source, Template, operand_sources

_LOADS = ("load", "vload", "load_offset")
MOST = 6
"""Operations that a word may take to be made again; the broadcast of a table word with a constant
folded into it takes five."""


def unshared(dag: MachineDag, loads: Collection[MOp]) -> MachineDag:
    """The DAG in which no two operations share a word that is cheap to make.

    ``loads``: those whose words nothing ever writes.  The operations of ``dag`` are changed in
    place; it must not be used any more.
    """
    again = _cheap(dag, loads)
    shared: list[MOp] = []
    for op in dag.shared:
        if op not in again:
            _make_own(op, again, shared.append, shared.append)
        shared.append(op)
    for template in dict.fromkeys(dag.groups):
        _in_template(template, again, shared.append)
    return MachineDag(dag.machine, shared, dag.groups, dag.order, {}, dag.fixed, dag.before)


def _in_template(
    template: Template, again: dict[MOp, int], add_shared: Callable[[MOp], None]
) -> None:
    ops: list[MOp] = []
    for op in template.ops:
        _make_own(op, again, ops.append, add_shared)
        ops.append(op)
    template.ops = ops


def _cheap(dag: MachineDag, loads: Collection[MOp]) -> dict[MOp, int]:
    """Shared operations that can be repeated at any time, and how many each takes, its operands
    included."""
    ordered: set[Source] = {source for before, after, _ in dag.order for source in (before, after)}
    for op in (*dag.shared, *(op for template in dag.groups for op in template.ops)):
        ordered.update(before for before, _ in op.order)
    found: dict[MOp, int] = {}
    for op in dag.shared:
        memory = any(form.opcode in _LOADS for form in op.forms)
        if not op.forms or (memory and op not in loads):
            continue
        total = 1
        for source in operand_sources(op):
            if not isinstance(source, MOp) or (source.forms and source not in found):
                break
            total += found.get(source, 0)
        else:
            plain = op.width > 0 and op.into is None and not op.order and op not in ordered
            if plain and total <= MOST:
                found[op] = total
    return found


def _make_own(
    user: MOp,
    again: dict[MOp, int],
    add: Callable[[MOp], None],
    add_shared: Callable[[MOp], None],
) -> None:
    """Let ``user`` read words of its own: ``add`` puts an operation before it, ``add_shared`` one
    among the shared operations."""
    own: dict[Source, Source] = {}

    def made(op: MOp, put: Callable[[MOp], None]) -> MOp:
        copies: dict[Source, MOp] = {}
        for each in _operands_first(op, again):
            copy = replace(each, forms=reading(each.forms, copies), order=[])
            copies[each] = copy
            put(copy)
        return copies[op]

    for source in operand_sources(user):
        if isinstance(source, MOp) and source in again:
            own[source] = made(source, add)
        elif isinstance(source, PerGroup):
            members = [made(op, add_shared) if op in again else op for op in source.members]
            own[source] = PerGroup(source.name, source.first, members)
    if own:
        user.forms = reading(user.forms, own)


def _operands_first(op: MOp, again: dict[MOp, int]) -> list[MOp]:
    """``op`` and what it is made of, as far as that is made again, each after its operands."""
    found: dict[MOp, None] = {}

    def visit(each: MOp) -> None:
        for source in operand_sources(each):
            if isinstance(source, MOp) and source in again and source not in found:
                visit(source)
        found[each] = None

    visit(op)
    return list(found)

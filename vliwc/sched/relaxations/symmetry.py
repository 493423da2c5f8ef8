"""Groups of operations that can be exchanged without changing a problem.

Two groups are interchangeable if exchanging their operations, place by place, maps the problem
onto itself.  Shared operations that serve one group only (its addresses, say) move with it.  In
any schedule interchangeable groups can be renumbered, so that a solver need only look at schedules
in which one operation of the first starts no later than that of the second.
"""

from __future__ import annotations

from vliwc.sched.problem.view import View


def interchangeable(view: View) -> list[list[list[int]]]:
    """Chains of interchangeable groups, each group as its operations in matching order."""
    members = _members(view)
    links: dict[tuple[int, int], int] = {(a, b): lat for a, b, lat in view.dependences}
    reads = {(value, r) for value, readers in enumerate(view.readers) for r in readers}
    near: list[list[tuple[int, int]]] = [[] for _ in range(len(view))]
    for a, b in links:
        near[a].append((a, b))
        near[b].append((a, b))
    chains: list[list[list[int]]] = []
    for own in members:
        if not own:
            continue
        for chain in chains:
            if _exchangeable(view, chain[-1], own, near, links, reads):
                chain.append(own)
                break
        else:
            chains.append([own])
    return [chain for chain in chains if len(chain) > 1]


def _members(view: View) -> list[list[int]]:
    """The operations of each group, with the shared ones that serve no other group behind them."""
    owner = list(view.group)
    members: list[list[int]] = [[] for _ in range(1 + max(owner, default=-1))]
    for op, group in enumerate(owner):
        if group >= 0:
            members[group].append(op)
    for op in reversed(view.order):
        users = {owner[target] for target, _ in view.successors[op]}
        if owner[op] < 0 and len(users) == 1 and min(users) >= 0:
            owner[op] = min(users)
            members[owner[op]].append(op)
    return members


def _exchangeable(
    view: View,
    first: list[int],
    second: list[int],
    near: list[list[tuple[int, int]]],
    links: dict[tuple[int, int], int],
    reads: set[tuple[int, int]],
) -> bool:
    if len(first) != len(second):
        return False
    if any(_kind(view, a) != _kind(view, b) for a, b in zip(first, second, strict=True)):
        return False
    image = dict(zip(first, second, strict=True)) | dict(zip(second, first, strict=True))
    for op in image:
        for a, b in near[op]:
            mapped = (image.get(a, a), image.get(b, b))
            if links.get(mapped) != links[a, b] or (mapped in reads) != ((a, b) in reads):
                return False
    return True


def _kind(view: View, op: int) -> tuple[object, ...]:
    return (
        view.vector_engines[op],
        view.scalarised_engine[op],
        view.lanes[op],
        view.serial[op],
        view.width[op],
        view.duration[op],
        view.demand[op],
    )

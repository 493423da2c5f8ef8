"""Words that are changed where they stand: after all that reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from vliwc.mir.operation import InGroup, MOp, PerGroup, Source, Template, sources


def after_readers(
    updates: Mapping[MOp, MOp], shared: Iterable[MOp], groups: Sequence[Template]
) -> list[tuple[Source, Source, int]]:
    """The edges to ``updates`` from all that reads the words they change."""
    update_of = {op: update for update, op in updates.items()}
    found: list[tuple[Source, Source, int]] = []
    for op in shared:
        found += [(op, update_of[need], 0) for need in sources(op) if need in update_of]
    reading = {
        template: [
            (op, need)
            for op in template.ops
            for need in sources(op)
            if isinstance(need, PerGroup) or need in update_of
        ]
        for template in dict.fromkeys(groups)
    }
    for group, template in enumerate(groups):
        for op, need in reading[template]:
            source = need.member(group) if isinstance(need, PerGroup) else need
            if source in update_of:
                found.append((InGroup(group, op), update_of[source], 0))
    return found

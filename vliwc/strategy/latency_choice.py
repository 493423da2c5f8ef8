"""Reads of short programs, which take as long as their words take to come.

Assignments count the slots of engines and cannot see that.  Here all groups of a loop read alike,
and one read after the other is done in another way where that lowers a bound of the machine DAG
that counts both, until no single change does (coordinate descent).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vliwc.strategy.options import LoopReads, Step

Steps = list[list[Step]]
"""For each loop its steps in order."""


def soonest_steps(
    loops: Sequence[LoopReads],
    start: Sequence[Sequence[Step]],
    bound_of: Callable[[Steps], tuple[int, int]],
    operations: int,
    entries: int,
) -> Steps | None:
    """The steps of each loop with the fewest cycles, as far as changes lead there from ``start``;
    None where none is better than ``start``.

    ``bound_of`` gives cycles and the operations of the machine DAG; it is asked for ``operations``
    in all.  Steps want at most ``entries`` words of tables in scratch.  Records are not tried: they
    save loads, and come later.
    """
    ways = [[[s for s in at if s.table is None] for at in reads.steps] for reads in loops]
    chosen = [_by_position(loop, steps) for loop, steps in zip(ways, start, strict=True)]
    least, size = bound_of([_walk(loop) for loop in chosen])
    changed, improved = False, True
    while improved:
        improved = False
        for loop, at in zip(chosen, ways, strict=True):
            for position, steps in enumerate(at):
                for step in steps:
                    before = loop[position]
                    if step is before or operations < size:
                        continue
                    loop[position] = step
                    if _entries(chosen) > entries:
                        loop[position] = before
                        continue
                    found, size = bound_of([_walk(each) for each in chosen])
                    operations -= size
                    if found < least:
                        least = found
                        changed = improved = True
                    else:
                        loop[position] = before
    return [_walk(loop) for loop in chosen] if changed else None


def _by_position(ways: Sequence[Sequence[Step]], steps: Sequence[Step]) -> list[Step]:
    """The step to take at each position: that of ``steps``, or else the first one."""
    found = [at[0] for at in ways]
    position = 0
    for step in steps:
        if step in ways[position]:
            found[position] = step
        position += len(step.reads)
    return found


def _entries(chosen: Sequence[Sequence[Step]]) -> int:
    """Words of tables that all loops want in scratch."""
    return len({entry for loop in chosen for step in _walk(loop) for entry in step.entries})


def _walk(by_position: Sequence[Step]) -> list[Step]:
    """The steps from the first read to the last, where some do several reads."""
    steps: list[Step] = []
    position = 0
    while position < len(by_position):
        steps.append(by_position[position])
        position += len(steps[-1].reads)
    return steps

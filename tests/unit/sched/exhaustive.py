"""The shortest schedule of a tiny problem, found by trying everything; scratch is not limited."""

from __future__ import annotations

from itertools import product

from vliwc.sched.problem.dense import N_ENGINES, NO_ENGINE
from vliwc.sched.problem.problem import ScheduleProblem

State = tuple[tuple[int, int], ...]
"""For each operation the lanes left and the engine it has begun on (-1: not begun)."""


def shortest(problem: ScheduleProblem, limit: int = 40) -> int:
    """The fewest cycles of any schedule: breadth first over what is done after each cycle."""
    p = problem.dense
    n = len(problem)
    before: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    for op in range(n):
        for s in range(int(p.succ_ptr[op]), int(p.succ_ptr[op + 1])):
            before[int(p.succ[s])].append((op, int(p.succ_latency[s])))
    start: State = tuple((max(int(lanes), 1), -1) for lanes in p.lanes)
    seen = {start}
    now: set[State] = {start}
    for cycle in range(limit):
        if any(all(left == 0 for left, _ in state) for state in now):
            return cycle
        following: set[State] = set()
        for state in now:
            following |= _one_cycle(problem, before, state)
        now = following - seen
        seen |= now
    raise AssertionError(f"no schedule within {limit} cycles")


def _one_cycle(
    problem: ScheduleProblem, before: list[list[tuple[int, int]]], old: State
) -> set[State]:
    """All states one cycle later; operations are decided in order of their numbers."""
    p = problem.dense
    free = tuple(int(slots) for slots in p.capacity)
    states: set[tuple[State, tuple[int, ...]]] = {(old, free)}
    for op in range(len(problem)):
        states = {
            result
            for state, slots in states
            for result in _with(problem, before, old, state, slots, op)
        }
    return {state for state, _ in states}


def _with(
    problem: ScheduleProblem,
    before: list[list[tuple[int, int]]],
    old: State,
    state: State,
    slots: tuple[int, ...],
    op: int,
) -> list[tuple[State, tuple[int, ...]]]:
    """What may become of one operation in this cycle: nothing, or some lanes of it.

    Edges go from smaller to larger numbers, so predecessors have been decided already.
    """
    p = problem.dense
    found = [(state, slots)]
    left, begun = state[op]
    ready = all((state if latency == 0 else old)[o][0] == 0 for o, latency in before[op])
    if left == 0 or not ready:
        return found
    whole, split = (
        int(p.class_vector[p.resource_class[op]]),
        int(p.class_scalarised[p.resource_class[op]]),
    )
    if whole == 0 and split < 0:
        return [(_put(state, op, 0, NO_ENGINE), slots)]
    for e, lanes in product(range(N_ENGINES), range(1, left + 1)):
        if begun not in (-1, e) or slots[e] == 0:
            continue
        if begun == -1 and (whole >> e) & 1 and lanes == left:
            found.append((_put(state, op, 0, e), _take(slots, e, 1)))
        most = 1 if p.serial[op] else slots[e]
        if e == split and lanes <= most:
            found.append((_put(state, op, left - lanes, e), _take(slots, e, lanes)))
    return found


def _put(state: State, op: int, left: int, engine: int) -> State:
    return (*state[:op], (left, engine), *state[op + 1 :])


def _take(slots: tuple[int, ...], engine: int, count: int) -> tuple[int, ...]:
    return (*slots[:engine], slots[engine] - count, *slots[engine + 1 :])

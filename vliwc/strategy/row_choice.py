"""Which stores are put together to rows: those that may wait for each other and fit in scratch."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import networkx as nx
import numpy as np

from vliwc.analysis.lane_words import Words
from vliwc.ir.graph import Function, Loop
from vliwc.ir.value import TOP_LEVEL, Op, Value
from vliwc.isel.memory.store_rows import StoreRows, plan_rows
from vliwc.isel.program import LaneProgram
from vliwc.strategy.tuning import TUNING


def loop_rows(program: LaneProgram, loop: Loop) -> tuple[StoreRows, ...]:
    """The stores of ``loop`` that are done by rows, those to one array together."""
    function = program.function
    words = program.words(loop)
    candidates: dict[str, dict[Value, Words]] = {}
    for value in function.roots:
        if value.op is not Op.STORE or value.loop != loop.number:
            continue
        array, index = function.arrays[value.array], words.get(value.args[0])
        if index is not None and not _consecutive(index) and (index < array.length).all():
            candidates.setdefault(value.array, {})[value] = index + np.uint64(array.base)
    return _choose(program, candidates)


def top_rows(program: LaneProgram) -> tuple[StoreRows, ...]:
    """The stores at the top level, to constant addresses, that are done by rows."""
    function = program.function
    candidates: dict[str, dict[Value, Words]] = {}
    for value in function.roots:
        if value.op is Op.STORE and value.loop == TOP_LEVEL and value.args[0].is_const:
            array, index = function.arrays[value.array], value.args[0].imm
            if index < array.length:
                address = np.array([array.base + index], dtype=np.uint64)
                candidates.setdefault(value.array, {})[value] = address
    return _choose(program, candidates)


def _choose(
    program: LaneProgram, candidates: dict[str, dict[Value, Words]]
) -> tuple[StoreRows, ...]:
    chosen: list[StoreRows] = []
    for writes in candidates.values():
        found = plan_rows(_distinct(writes), program.machine.vlen)
        if not found.rows or not _fits(program, found):
            continue
        if can_merge(program.function, [*(rows.stores for rows in chosen), found.stores]):
            chosen.append(found)
    return tuple(chosen)


def _consecutive(index: Words) -> bool:
    """Whether neighbouring lanes write neighbouring words: a vector as it is."""
    return len(index) > 1 and bool((np.diff(index) == 1).all())


def _distinct(writes: dict[Value, Words]) -> dict[Value, Words]:
    """The stores, first come first served, that write words no other one of them does."""
    taken: set[int] = set()
    found: dict[Value, Words] = {}
    for value, words in writes.items():
        addresses: set[int] = set(words.tolist())
        if len(addresses) == len(words) and taken.isdisjoint(addresses):
            taken |= addresses
            found[value] = words
    return found


def _fits(program: LaneProgram, rows: StoreRows) -> bool:
    """Whether few enough words wait for others of their rows, if groups run in their order."""
    vlen = program.machine.vlen
    last: dict[tuple[Value, int], int] = {}
    for row in rows.rows:
        complete = max(word.lane for word in row.words) // vlen
        for store, lane in row.words:
            key = store, lane // vlen
            last[key] = max(last.get(key, complete), complete)
    changes: dict[int, int] = {}
    for (_, group), complete in last.items():
        if complete > group:
            changes[group] = changes.get(group, 0) + vlen
            changes[complete] = changes.get(complete, 0) - vlen
    waiting = peak = 0
    for group in sorted(changes):
        waiting += changes[group]
        peak = max(peak, waiting)
    return peak <= program.machine.scratch_words // TUNING.row_share


def can_merge(function: Function, sets: Sequence[Collection[Value]]) -> bool:
    """Whether the values of each set can become one operation: nothing else need come between."""
    merged: dict[Value, Value] = {}
    for values in sets:
        first = min(values, key=lambda value: value.id)
        merged.update(dict.fromkeys(values, first))
    graph: nx.DiGraph[Value] = nx.DiGraph()
    for value in function.values:
        after = merged.get(value, value)
        for source in (*value.args, *value.order):
            before = merged.get(source, source)
            if before is not after:
                graph.add_edge(before, after)
    return nx.is_directed_acyclic_graph(graph)

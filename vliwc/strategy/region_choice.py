"""Which arrays of a loop are read by regions: those for which that takes fewer loads."""

from __future__ import annotations

from collections.abc import Mapping
from weakref import WeakKeyDictionary

import numpy as np

from vliwc.analysis.lane_cases import Lanes
from vliwc.analysis.lane_words import Words
from vliwc.ir.graph import Loop
from vliwc.ir.value import Op, Value
from vliwc.isel.memory.regions import Regions, plan_regions
from vliwc.isel.program import LaneProgram
from vliwc.strategy.tuning import TUNING

_Known = dict[tuple[Loop, int], "Regions | None"]

_KNOWN: WeakKeyDictionary[LaneProgram, _Known] = WeakKeyDictionary()
"""Regions found before: every balance and every count of the base demand asks for them."""


def loop_regions(program: LaneProgram, loop: Loop, block: int) -> Regions | None:
    """The regions of ``loop`` with chunks shared by ``block`` groups; None if they save nothing."""
    known = _KNOWN.setdefault(program, {})
    if (loop, block) not in known:
        known[loop, block] = _loop_regions(program, loop, block)
    return known[loop, block]


def _loop_regions(program: LaneProgram, loop: Loop, block: int) -> Regions | None:
    vlen = program.machine.vlen
    limit = program.function.certain_words
    if limit < vlen or not loop.extent:
        return None
    cases = program.cases(loop)
    wanted = None if cases is None else cases.wanted
    chosen: dict[Value, Words] = {}
    for reads in known_reads(program, loop).values():
        regions = plan_regions(loop, reads, vlen, block, limit, wanted)
        if _fits(program, regions) and _loads(regions) < _loads_apart(program, reads, wanted):
            chosen.update(reads)
    return plan_regions(loop, chosen, vlen, block, limit, wanted) if chosen else None


def region_cost(program: LaneProgram, block: int) -> tuple[int, int]:
    """Load slots of all chunks of all loops, and how often a group finds the words of a read in
    several chunks, where they cannot be a vector operand."""
    loads = apart = 0
    for loop in program.function.loops:
        regions = loop_regions(program, loop, block)
        if regions is not None:
            loads += _loads(regions)
            apart += sum(
                len({place.chunk for place in words if place is not None}) > 1
                for at in regions.places
                for words in at.values()
            )
    return loads, apart


def known_reads(program: LaneProgram, loop: Loop) -> dict[str, dict[Value, Words]]:
    """The addresses, for all lanes, of reads of ``loop`` whose index is known; by array.

    Reads after a store of the same iteration are left out: they read what was written there.
    """
    function = program.function
    live = function.computed()
    words = program.words(loop)
    found: dict[str, dict[Value, Words]] = {}
    for value in function.values:
        if value.op is not Op.LOAD or value.loop != loop.number or value not in live:
            continue
        array, index = function.arrays[value.array], words.get(value.args[0])
        stored = any(before.op is Op.STORE and before.loop == value.loop for before in value.order)
        if index is None or stored or not (index < array.length).all():
            continue
        found.setdefault(value.array, {})[value] = index + array.base
    return found


def _fits(program: LaneProgram, regions: Regions) -> bool:
    """Whether neither the shared chunks nor those of one group take too much of scratch."""
    vlen = program.machine.vlen
    room = program.machine.scratch_words // TUNING.chunk_share
    uses: dict[tuple[int, int], int] = {}
    for chunks in regions.chunks:
        for chunk in chunks:
            uses[chunk] = uses.get(chunk, 0) + 1
    widest = max(sum(chunk.vectors for chunk in chunks) for chunks in regions.chunks)
    shared = sum(vectors for (_, vectors), count in uses.items() if count == len(regions.chunks))
    return max(widest, shared) * vlen <= room


def _loads(regions: Regions) -> int:
    return sum(chunk.vectors for chunk in regions.distinct)


def _loads_apart(
    program: LaneProgram, reads: dict[Value, Words], wanted: Mapping[Value, Lanes] | None
) -> int:
    """Load slots without regions, in groups where a read is wanted: one if all groups are known to
    read neighbouring words, else one a lane."""
    total, vlen = 0, program.machine.vlen
    for value, words in reads.items():
        plain = program.forms[value.args[0]].is_consecutive
        asked = np.ones(len(words), dtype=np.bool_) if wanted is None else wanted.get(value)
        for start in range(0, len(words) if asked is not None else 0, vlen):
            if asked is not None and asked[start : start + vlen].any():
                total += 1 if plain else len(words[start : start + vlen])
    return total

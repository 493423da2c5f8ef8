"""What the lane number decides: which arm a selection takes in which lane, and who asks for it.

Boundaries of stencils, wrapped indices and masks of lanes are conditions on the lane number alone.
In most groups of lanes they choose the same arm everywhere, so that nothing is left to select; in
the few groups on an edge the word of each lane is known to be that of one value or another.  What
no lane chooses need not be computed, loaded or even stand in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vliwc.analysis.lane_words import Words
from vliwc.analysis.linear import BitFacts
from vliwc.ir.graph import Function, Loop, is_uniform
from vliwc.ir.value import MASK, Op, Value

Case = Value | int
"""What a value is in some lane: another value, itself, or a constant word."""
Codes = NDArray[np.int64]
"""Cases of the lanes of a loop: the position of a value in the function, or ``-1 - word``."""
Lanes = NDArray[np.bool_]
"""``(extent,)`` lanes of a loop."""

TRAPS = (Op.DIV, Op.MOD, Op.SHL, Op.SHR)
"""Operations whose second word may not be just any, not even in lanes whose result is not used."""


@dataclass(frozen=True, eq=False)
class LaneCases:
    """The cases of the groups of ``loop``, ``vlen`` lanes each.

    ``views[g]``: the case of each lane, for all values that group ``g`` need not compute as they
    are written; lanes that no one asks for have the case of one that someone does.  Groups with
    equal ``pattern`` have equal views.  ``wanted[v]``: the ``(extent,)`` lanes in which ``v`` may
    be asked for; no entry: in none.
    """

    loop: Loop
    vlen: int
    views: list[Mapping[Value, tuple[Case, ...]]]
    pattern: list[int]
    wanted: Mapping[Value, Lanes]

    def groups_wanting(self, value: Value) -> NDArray[np.bool_]:
        """``(groups,)``: the groups in which some lane may ask for ``value``."""
        lanes = self.wanted.get(value)
        if lanes is None:
            return np.zeros(len(self.views), dtype=np.bool_)
        return np.add.reduceat(lanes, np.arange(0, len(lanes), self.vlen)) > 0


def lane_cases(
    function: Function,
    loop: Loop,
    words: Mapping[Value, Words],
    facts: BitFacts,
    vlen: int,
) -> LaneCases | None:
    """The cases of ``loop``, where ``words`` follow from the lane number; None if it decides
    nothing."""
    codes = _codes(function, loop, words, facts)
    if not codes or not loop.extent:
        return None
    wanted = _wanted(function, loop, codes, vlen)
    groups = -(-loop.extent // vlen)
    views: list[dict[Value, tuple[Case, ...]]] = [{} for _ in range(groups)]
    order = function.values
    position = {value: number for number, value in enumerate(order)}
    for value, code in codes.items():
        asked = wanted.get(value)
        if asked is None:
            continue
        for group in range(groups):
            lanes = slice(group * vlen, (group + 1) * vlen)
            here, mask = code[lanes], asked[lanes]
            if not mask.any() or (here[mask] == position[value]).any():
                continue
            first = here[mask][0]
            found: list[int] = np.where(mask, here, first).tolist()
            views[group][value] = tuple(order[n] if n >= 0 else -1 - n for n in found)
    numbers: dict[object, int] = {}
    pattern = [numbers.setdefault(tuple(view.items()), len(numbers)) for view in views]
    return LaneCases(loop, vlen, list(views), pattern, wanted)


def _codes(
    function: Function, loop: Loop, words: Mapping[Value, Words], facts: BitFacts
) -> dict[Value, Codes]:
    """The cases of all values that the lane number makes something else in some lane."""
    position = {value: number for number, value in enumerate(function.values)}
    found: dict[Value, Codes] = {}

    def code(value: Value) -> Codes:
        if value in found:
            return found[value]
        if value.is_const:
            return np.full(loop.extent, -1 - value.imm, dtype=np.int64)
        return np.full(loop.extent, position[value], dtype=np.int64)

    def constant(value: Value) -> tuple[Lanes, Words] | None:
        """In which lanes ``value`` is decided by the lane number, and its words there."""
        if is_uniform(value):
            return None
        if value in words:
            return np.ones(loop.extent, dtype=np.bool_), words[value]
        if value in found:
            decided = found[value] < 0
            return decided, np.where(decided, -1 - found[value], 0).astype(np.uint64)
        return None

    for value in function.values:
        if value.loop != loop.number:
            continue
        own = np.full(loop.extent, position[value], dtype=np.int64)
        cases = own
        if value.op is Op.SELECT:
            condition = constant(value.args[0])
            if condition is not None:
                lanes, word = condition
                arms = np.where(word != 0, code(value.args[1]), code(value.args[2]))
                cases = np.where(lanes, arms, own)
        elif value.op is Op.MOVE:
            cases = own.copy()
            for k, (number, at) in enumerate(value.picks):
                arg = value.args[number]
                if is_uniform(arg) or (arg.loop == value.loop and at == k):
                    cases[k] = code(arg)[k]
        elif value.op in (Op.MUL, Op.AND, Op.OR, Op.MADD) and value not in words:
            for known, other in (value.args[:2], value.args[1::-1]):
                decided = constant(known)
                if decided is not None:
                    lanes, word = decided
                    for special, case in _absorbed(value, other, facts):
                        hit = lanes & (word == special)
                        if hit.any():
                            cases = np.where(hit, code(case) if case else -1, cases)
        if (cases != own).any():
            found[value] = cases
    return found


def _absorbed(value: Value, other: Value, facts: BitFacts) -> list[tuple[int, Value | None]]:
    """Words of one factor (or term) that make ``value`` its other one, or zero (None)."""
    match value.op:
        case Op.MUL:
            return [(0, None), (1, other)]
        case Op.AND:
            bit = [(1, other)] if facts.hi(other) <= 1 else []
            return [(0, None), (MASK, other), *bit]
        case Op.OR:
            return [(0, other)]
        case Op.MADD:
            return [(0, value.args[2])]
        case _:
            return []


def _wanted(
    function: Function, loop: Loop, codes: Mapping[Value, Codes], vlen: int
) -> dict[Value, Lanes]:
    """The lanes in which each value may be asked for; one sweep from the results backwards."""
    order = function.values
    position = {value: number for number, value in enumerate(order)}
    live = function.computed()
    wanted: dict[Value, Lanes] = {}
    raw: set[Value] = set()
    """What run-time indices are made of: they have to be right in all lanes of a group, however
    the arithmetic of addresses takes them apart."""

    def ask(value: Value, lanes: Lanes) -> None:
        if value.loop == loop.number and lanes.any():
            wanted[value] = wanted[value] | lanes if value in wanted else lanes

    every = np.ones(loop.extent, dtype=np.bool_)
    for value in reversed(order):
        if value not in live:
            continue
        if (value.op is Op.STORE and value.loop == loop.number) or (
            value.op is Op.REDUCE and value.imm == loop.number
        ):
            wanted[value] = every
            if value.op is Op.STORE:
                raw.add(value.args[0])
            for arg in value.args:
                ask(arg, every)
            continue
        if value.op is Op.MOVE and value.loop != loop.number:
            for number, arg in enumerate(value.args):
                ask(arg, _picked(value, number, loop.extent))
            continue
        lanes = wanted.get(value)
        if lanes is None or value.loop != loop.number:
            continue
        if value.op is Op.SCAN:
            # Whoever asks for one asks for all before it.
            wanted[value] = every
            ask(value.args[0], every)
            continue
        own = lanes
        if value in codes:
            code = codes[value]
            # Where one lane of a group has to be computed, so are all that are asked for.
            own = lanes & _whole_groups(lanes & (code == position[value]), vlen)
            others: list[int] = np.unique(code[lanes & ~own]).tolist()
            for number in others:
                if number >= 0:
                    ask(order[number], lanes & (code == number))
        whole = _whole_groups(lanes if value in raw else own, vlen)
        if value.op is Op.LOAD:
            raw.add(value.args[0])
            ask(value.args[0], whole)
            continue
        if value in raw:
            raw.update(value.args)
        for number, arg in enumerate(value.args):
            trap = number == 1 and value.op in TRAPS
            ask(arg, whole if trap or value in raw else own)
    return wanted


def _picked(move: Value, number: int, extent: int) -> Lanes:
    """The iterations of an operand of which a move picks words."""
    found = np.zeros(extent, dtype=np.bool_)
    found[[at for n, at in move.picks if n == number and at < extent]] = True
    return found


def _whole_groups(lanes: Lanes, vlen: int) -> Lanes:
    """All lanes of the groups in which some of ``lanes`` are."""
    padded = np.zeros(-(-len(lanes) // vlen) * vlen, dtype=np.bool_)
    padded[: len(lanes)] = lanes
    return np.repeat(padded.reshape(-1, vlen).any(axis=1), vlen)[: len(lanes)]

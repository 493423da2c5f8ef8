"""Which raw table reads follow one another by affine addresses, and where their windows start.

See :mod:`vliwc.isel.reads.windows`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vliwc.analysis.linear import Linear, beyond_multiple
from vliwc.ir.value import MASK, Op, Value
from vliwc.isel.address import Flip
from vliwc.isel.cost import EngineDemand, vector_demand
from vliwc.isel.program import LaneProgram
from vliwc.isel.reads.fold import Folds
from vliwc.isel.reads.windows import window_stride
from vliwc.strategy.neighbour_choice import IN_PLACE


@dataclass(frozen=True)
class Place:
    """A window that starts ``offset`` words before the one to read; ``flip``: a bit of which the
    opposite is computed anyway if the word is read raw."""

    offset: int
    flip: Flip | None


def find_windows(
    program: LaneProgram, table: Sequence[Value], folds: Folds
) -> dict[Value, list[Place]]:
    """The windows worth trying for each read of ``table``.

    Two reads belong together if the address of the second one is a multiple of the first one's plus
    one value, or plus one minus a bit.  Their offsets make the constant vanish: the same for both
    if there is one that does, as it goes on then, else those with the narrowest windows.
    """
    vlen = program.machine.vlen
    offsets: dict[Value, dict[int, None]] = {value: {} for value in table}
    flips = {value: _flip(program, value, folds) for value in table}
    for first, second in _links(program, table):
        pairs = list(_pairs(program, first, second, flips[second]))
        if not pairs:
            continue
        known = [pair for pair in pairs if pair[0] in offsets[first]]
        best = min(known or pairs, key=lambda pair: (pair[0] != pair[1], _width(pair, vlen)))
        offsets[first].setdefault(best[0])
        offsets[second].setdefault(best[1])
    return {
        value: [Place(offset, flips[value]) for offset in found if offset]
        for value, found in offsets.items()
    }


def _width(pair: tuple[int, int], vlen: int) -> int:
    return sum(abs(window_stride(offset, vlen)) for offset in pair)


def _links(program: LaneProgram, table: Sequence[Value]) -> Iterator[tuple[Value, Value]]:
    """Reads with those that follow them."""
    for position, second in enumerate(table):
        form = program.forms[second.args[0]]
        for first in reversed(table[:position]):
            rest = beyond_multiple(form, program.forms[first.args[0]])
            if rest is not None and len(rest[0].terms) == 1:
                yield first, second
                break


def _pairs(
    program: LaneProgram, first: Value, second: Value, flip: Flip | None
) -> Iterator[tuple[int, int]]:
    """Offsets of two windows with which the second address needs no constant."""
    found = beyond_multiple(_address(program, second), _address(program, first))
    assert found is not None
    rest, factor = found
    (atom, coefficient), *_ = rest.terms
    if coefficient == MASK and (program.facts.hi(atom) <= 1 or flip is not None):
        target = 1
    elif coefficient == 1:
        target = 0
    else:
        return
    if rest.const == target:
        return  # there is no constant
    for before in range(program.machine.vlen):
        after = (rest.const + factor * before - target) & MASK
        if after >= program.machine.vlen:
            continue
        if _inside(program, first, before) and _inside(program, second, after):
            yield before, after


def _address(program: LaneProgram, value: Value) -> Linear:
    base = program.function.arrays[value.array].base
    return program.forms[value.args[0]].plus(Linear(base))


def _inside(program: LaneProgram, value: Value, offset: int) -> bool:
    """Whether all words of a window are in memory."""
    function = program.function
    array, index = function.arrays[value.array], value.args[0]
    if not offset:
        return True
    end = function.certain_words
    last = array.base + min(program.facts.hi(index), array.length - 1)
    first = array.base + program.facts.lo(index)
    return first >= offset and last - offset + program.machine.vlen <= end


def _flip(program: LaneProgram, value: Value, folds: Folds) -> Flip | None:
    """The bit of the index of ``value`` that is the other way round in the word which a constant
    meets before the word read does."""
    early = folds.before(value)
    if early is None or early.fold[0] != "^":
        return None
    other, mask = early.other, early.fold[1]
    for atom in program.forms[value.args[0]].atoms:
        if atom.op in (Op.AND, Op.SHR) and atom.args[0] is other and atom.args[1].is_const:
            position = 0 if atom.op is Op.AND else atom.args[1].imm
            taken = atom.args[1].imm == (1 if atom.op is Op.AND else 31)
            if taken and mask >> position & 1:
                return Flip(atom, other, mask)
    return None


def window_demand(
    value: Value, own: int, folds: Folds, used_by: Mapping[Value, Sequence[Value]], vlen: int
) -> tuple[EngineDemand, EngineDemand]:
    """What a read through a window asks of the engines, and the part of it that its users may do
    without: only alu reads words that are apart."""
    ops = used_by.get(value, ())
    folded = value in folds.of
    copied = not folded and not (len(ops) == 1 and ops[0].op in IN_PLACE)
    demand = vector_demand(vlen, plain=own + folded, lanes=int(copied), load=vlen)
    if not copied:
        demand = demand._replace(alu=demand.alu + vlen)
    return demand, demand.less(vector_demand(vlen, plain=own, load=vlen), vlen)

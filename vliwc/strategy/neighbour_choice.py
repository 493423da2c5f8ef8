"""Which table reads touch neighbouring words, and what loading them as rows costs.

See :mod:`vliwc.isel.reads.neighbour_reads`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vliwc.analysis.linear import Linear
from vliwc.ir.value import MASK, Op, Value
from vliwc.isel.cost import EngineDemand, vector_demand
from vliwc.isel.program import LaneProgram
from vliwc.isel.reads.fold import Folds
from vliwc.isel.reads.neighbour_reads import InRow, RowOfNeighbours

IN_PLACE = frozenset(
    (Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.MOD, Op.AND, Op.OR, Op.XOR, Op.SHL, Op.SHR, Op.LT, Op.EQ)
)
"""Operations that take a word from where it stands, on alu."""


@dataclass(frozen=True, eq=False)
class Row:
    """Reads that one row for each lane serves; ``loader``, the first of them in the function,
    loads it.

    ``demand``: what the loads and the places of the words ask of the engines; ``uncertain``: the
    part of it that the users of the words may do without.  ``address``: where the rows start.
    """

    loader: Value
    reads: tuple[tuple[Value, RowOfNeighbours | InRow], ...]
    demand: EngineDemand
    uncertain: EngineDemand
    address: Linear


def users(program: LaneProgram, folds: Folds) -> dict[Value, list[Value]]:
    """The live values that use each value; what is folded into a table word uses nothing."""
    live = program.function.computed()
    found: dict[Value, list[Value]] = {}
    for value in program.function.values:
        if value in live:
            source = folds.aliases.get(value)
            for arg in value.args if source is None else (source,):
                found.setdefault(arg, []).append(value)
    return found


def side_by_side(program: LaneProgram, table: Sequence[Value]) -> list[Value]:
    """``table`` with the reads of neighbouring words one after the other: what stands between them
    reads other arrays or places, and no address waits for it."""
    alike: dict[object, dict[Value, None]] = {}
    for value in table:
        key = value.array, program.forms[value.args[0]].terms
        alike.setdefault(key, {})[value] = None
    found: list[Value] = []
    for first in table:
        left = alike[first.array, program.forms[first.args[0]].terms]
        if first in left:
            row = {first: 0}
            for value in left:
                if value is not first:
                    _join(program, row, value)
            for value in row:
                del left[value]
            found += row
    return found


def _join(program: LaneProgram, row: dict[Value, int], value: Value) -> bool:
    """Add ``value`` to a row if a vector has room for its word too; ``row`` has the place of each
    word relative to the first one.  Whether it was added."""
    first, vlen = next(iter(row)), program.machine.vlen
    lead, form = program.forms[first.args[0]], program.forms[value.args[0]]
    place = ((form.const - lead.const + vlen) & MASK) - vlen
    if value.array != first.array or form.terms != lead.terms or not lead.terms:
        return False
    if max(*row.values(), place) - min(*row.values(), place) >= vlen:
        return False
    row[value] = place
    return True


def find_row(
    program: LaneProgram,
    table: Sequence[Value],
    position: int,
    folds: Folds,
    used_by: Mapping[Value, Sequence[Value]],
    order: Mapping[Value, int],
) -> Row | None:
    """The row that starts with read ``position`` of ``table`` and serves as many of those after it
    as have neighbouring words; None if there is none, or if it would reach out of memory.

    ``order`` numbers the values of the function: in ``table`` other rows may have moved a read
    behind one that comes later."""
    first = table[position]
    forms, vlen = program.forms, program.machine.vlen
    places = {first: 0}
    for at in range(position + 1, len(table)):
        if not _join(program, places, table[at]):
            break
    if len(places) < 2:
        return None
    lowest = min(places, key=lambda value: places[value])
    spare = _spare(program, lowest, max(places.values()) - places[lowest] + 1)
    if spare is None:
        return None
    back = spare - places[lowest]
    pitch = max(places.values()) + back + 1
    loader = min(places, key=lambda value: order[value])
    reads = tuple(
        (
            value,
            RowOfNeighbours(back + at, pitch)
            if value is loader
            else InRow(loader, back + at, pitch),
        )
        for value, at in places.items()
    )
    base = program.function.arrays[first.array].base
    demand, sure = _demand(list(places), folds, used_by, vlen)
    return Row(
        loader,
        reads,
        demand,
        demand.less(sure, vlen),
        forms[first.args[0]].plus(Linear(base)).minus(Linear(back)),
    )


def _spare(program: LaneProgram, lowest: Value, span: int) -> int | None:
    """How many words before the one that ``lowest`` reads a row has to start so that all of it is
    in memory, if the last of the ``span`` words it is for is; None if memory is too short."""
    function = program.function
    array, index = function.arrays[lowest.array], lowest.args[0]
    end = function.certain_words
    last = array.base + min(program.facts.hi(index), array.length - span)
    spare = max(0, last + program.machine.vlen - end)
    return spare if spare <= array.base + program.facts.lo(index) else None


def _demand(
    reads: Sequence[Value],
    folds: Folds,
    used_by: Mapping[Value, Sequence[Value]],
    vlen: int,
) -> tuple[EngineDemand, EngineDemand]:
    """What the rows ask of the engines, and the part that is certain: a word that does not stand
    beside those of the other lanes can only be read by alu, two of them by one operation."""
    copies = in_place = 0
    for value in reads:
        if value in folds.of:
            in_place += 1
        else:
            ops = used_by.get(value, ())
            alone = len(ops) == 1 and ops[0].op in IN_PLACE
            copies += not alone
            in_place += alone
    plain = sum(value in folds.of for value in reads)
    demand = vector_demand(vlen, lanes=copies, plain=plain, load=vlen)
    demand = demand._replace(alu=demand.alu + vlen * in_place)
    sure = EngineDemand(alu=vlen * -(-len(reads) // 2), load=vlen)
    return demand, sure

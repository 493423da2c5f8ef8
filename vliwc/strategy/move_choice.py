"""Which records may have their words moved through memory, and what that costs.

See :mod:`vliwc.isel.reads.moved_records`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vliwc.analysis.linear import Linear
from vliwc.ir.graph import is_uniform
from vliwc.ir.value import Value
from vliwc.isel.cost import EngineDemand
from vliwc.isel.memory.working_memory import free_spaces
from vliwc.isel.program import LaneProgram
from vliwc.isel.reads.fold import Folds
from vliwc.isel.reads.moved_records import MovedFirst, MovedSecond
from vliwc.isel.reads.records import RecordSecond, RecordTable
from vliwc.isel.select import UNSAFE_SECONDS
from vliwc.strategy.neighbour_choice import IN_PLACE

CANDIDATES = 2
"""Of so many words one lands in its place and one moves through memory."""


def moved_record(
    program: LaneProgram,
    table: RecordTable,
    first: Value,
    second: RecordSecond,
    folds: Folds,
    used_by: Mapping[Value, Sequence[Value]],
    order: Mapping[Value, int],
) -> tuple[MovedFirst, MovedSecond] | None:
    """The reads, if alu can combine the first word with one that is there before the rows land, and
    rows that end with a record lie in memory."""
    vlen = program.machine.vlen
    ops = used_by.get(first, ())
    if len(second.words) != CANDIDATES or len(ops) != 1 or not program.numbered:
        return None
    user = ops[0]
    if user.op not in IN_PLACE or user.op in UNSAFE_SECONDS or user in folds.aliases:
        return None
    other = user.args[1] if user.args[0] is first else user.args[0]
    if other is first or is_uniform(other) or order[other] > order[first]:
        return None
    lasting, passing = free_spaces(program.function, program.forms, vlen)
    if any(space.base < vlen - table.pitch for space in (*lasting, *passing)):
        return None
    loop = program.function.loops[first.loop]
    if loop.extent < vlen or program.cases(loop) is not None:
        return None
    moved = MovedSecond(table, second.first, second.atom, second.words)
    return MovedFirst(table, user=user), moved


def moved_demand(demand: EngineDemand, vlen: int) -> EngineDemand:
    """What a record asks for whose words move, if it asks for ``demand`` else: what uses the word
    is done once, for a load and as many stores as lanes."""
    return demand._replace(
        compute=demand.compute - vlen,
        alu=demand.alu - vlen,
        load=demand.load + 1,
        store=demand.store + vlen,
    )


def moved_address(address: Linear, table: RecordTable, vlen: int) -> Linear:
    """The address of rows that end with a record, from the ``address`` of the record."""
    return address.minus(Linear(vlen - table.pitch))

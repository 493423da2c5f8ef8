"""Which words of a loop may be computed from addresses, and what they take as they are written.

See :mod:`vliwc.isel.reads.address_sums`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from vliwc.analysis.linear import Linear, beyond_multiple
from vliwc.ir.graph import Loop, is_uniform
from vliwc.ir.value import Op, Value
from vliwc.isel.cost import NOTHING, EngineDemand, vector_demand
from vliwc.isel.program import LaneProgram
from vliwc.isel.reads.fold import Folds

SPARED = 2
"""An address must take the place of so many terms of a sum: what replaces one is no cheaper."""


class WrittenSum(NamedTuple):
    """``value`` takes ``demand`` as it is written; other words may need the part ``shareable`` of
    it."""

    value: Value
    demand: EngineDemand
    shareable: EngineDemand


def written_sums(
    program: LaneProgram,
    loop: Loop,
    table: Sequence[Value],
    addresses: Collection[Linear],
    folds: Folds,
    used_by: Mapping[Value, Sequence[Value]],
    order: Mapping[Value, int],
) -> list[WrittenSum]:
    """The sums of ``loop`` that are of use as words and have much in common with one of the
    ``addresses`` of its table reads; they follow all reads of ``table``.

    Where edges are code of their own, or a loop is a piece of a machine loop, there are none.
    """
    if not table or program.cut is not None or program.cases(loop) is not None:
        return []
    function = program.function
    live = function.computed()
    last = max(table, key=lambda value: order[value])
    found: list[Value] = []
    for value in function.values[order[last] + 1 :]:
        if value not in live or value.loop != loop.number or value in folds.aliases:
            continue
        form = program.forms.get(value)
        if form is None or len(form.terms) < SPARED or is_uniform(value):
            continue
        wanted = any(_takes_word(program, user, value) for user in used_by.get(value, ()))
        if wanted and any(_spares(form, address) for address in addresses):
            found.append(value)
    return [_written(program, value, found, used_by, order) for value in found]


def _takes_word(program: LaneProgram, user: Value, value: Value) -> bool:
    """Whether ``user`` needs the word of ``value`` rather than adding to its form."""
    if user.is_memory:
        return value in user.args[1:]
    form = program.forms.get(user)
    return form is None or form.terms == ((user, 1),)


def _spares(form: Linear, address: Linear) -> bool:
    found = beyond_multiple(form, address)
    return found is not None and len(found[0].terms) + SPARED <= len(form.terms)


def _written(
    program: LaneProgram,
    value: Value,
    sums: Collection[Value],
    used_by: Mapping[Value, Sequence[Value]],
    order: Mapping[Value, int],
) -> WrittenSum:
    """What ``value`` takes between its atoms, or other ``sums``, and itself.

    Reads and stores take addresses by their forms, so that an index alone is not computed; but the
    bits of one may be taken from it, hence such a part counts as shareable.
    """
    inside = {value}
    demand, shareable = NOTHING, NOTHING
    own = {value}
    stack = [value]
    ends = {*program.forms[value].atoms, *sums}
    cone: dict[Value, None] = {}
    while stack:
        at = stack.pop()
        if at in cone:
            continue
        cone[at] = None
        stack.extend(
            arg for arg in at.args if not is_uniform(arg) and arg not in ends and arg not in cone
        )
    for at in sorted(cone, key=lambda each: -order[each]):
        users = used_by.get(at, ())
        words = [user for user in users if not user.is_memory or at in user.args[1:]]
        if at is not value and not inside.issuperset(words):
            continue
        inside.add(at)
        if at is value or own.issuperset(users):
            own.add(at)
        cost = _demand(at, program.machine.vlen)
        demand = demand.plus(cost)
        if at not in own:
            shareable = shareable.plus(cost)
    return WrittenSum(value, demand, shareable)


def _demand(value: Value, vlen: int) -> EngineDemand:
    if value.op is Op.MADD:
        return vector_demand(vlen, valu=1)
    if value.op is Op.SELECT:
        return vector_demand(vlen, either=1)
    return vector_demand(vlen, plain=1)

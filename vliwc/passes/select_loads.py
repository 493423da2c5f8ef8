"""Selecting between two loads of one array: one load at the selected index.

``select c, (load a[i]), (load a[j])`` -> ``load a[select c, i, j]``

Lanes that read wherever they like cost a load each, so that one gather does instead of two.  Where
the lanes of a group read neighbouring or equal words a load costs next to nothing, and a selected
index would scatter it: such loads stay.  So do loads with other uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vliwc.analysis.facts import Facts
from vliwc.analysis.linear import Linear, linear_forms
from vliwc.ir.graph import Function
from vliwc.ir.rebuild import Rebuild
from vliwc.ir.value import TOP_LEVEL, Op, Value


@dataclass(frozen=True, slots=True)
class SelectLoads:
    """Replace a selection between two gathers that nothing else uses by one gather."""

    name: str = "select-loads"

    def run(self, function: Function) -> Function:
        """The function with one load for each such selection; nested ones merge step by step."""
        while chosen := _mergeable(function):
            function = _merged(function, chosen)
        return function


def _merged(function: Function, chosen: set[Value]) -> Function:
    """The function with the loads of the selections in ``chosen`` merged."""
    gone = {load for selection in chosen for load in selection.args[1:]}
    rebuild = Rebuild(function)
    for value in function:
        if value in gone:
            # Nothing refers to it before the selection does.
            continue
        if value not in chosen:
            rebuild.keep(value)
            continue
        condition, first, second = value.args
        index = rebuild.builder.op(
            Op.SELECT,
            rebuild.new[condition],
            rebuild.new[first.args[0]],
            rebuild.new[second.args[0]],
            span=value.span,
        )
        order = (*rebuild.order(first), *rebuild.order(second))
        load = rebuild.builder.load(first.array, index, order, span=value.span)
        rebuild.move(first, load)
        rebuild.move(second, load)
        rebuild.replace(value, load)
    return rebuild.finish()


def _mergeable(function: Function) -> set[Value]:
    """Selections between two gathers of one array that can be one."""
    values = function.values
    candidates = [value for value in values if value.op is Op.SELECT and _of_one_array(value)]
    if not candidates:
        return set()
    users = function.users()
    forms = linear_forms(function, Facts(function))
    position = {value: number for number, value in enumerate(values)}
    ordered: dict[Value, int] = {}
    for number, value in enumerate(values):
        for before in value.order:
            ordered.setdefault(before, number)
    assumed = set(function.assumptions)

    def merges(selection: Value) -> bool:
        for arm, load in enumerate(selection.args[1:], 1):
            if load in assumed or users[load] != [selection] or load.loop != selection.loop:
                return False
            if _is_consecutive(_unguarded(selection, arm), forms):
                return False
            # The new load stands where the selection stands: what has to come after the old one
            # must not come before that.
            if ordered.get(load, len(values)) < position[selection]:
                return False
        return True

    return {selection for selection in candidates if merges(selection)}


def _of_one_array(selection: Value) -> bool:
    """Whether a selection in a parallel loop chooses between two loads of one array."""
    _, first, second = selection.args
    return (
        selection.loop != TOP_LEVEL
        and first is not second
        and first.op is second.op is Op.LOAD
        and first.array == second.array
    )


def _unguarded(selection: Value, arm: int) -> Value:
    """The index of the load in an arm as it is where the condition has chosen this arm."""
    index = selection.args[arm].args[0]
    guarded = index.op is Op.SELECT and index.args[0] is selection.args[0]
    return index.args[arm] if guarded else index


def _is_consecutive(index: Value, forms: Mapping[Value, Linear]) -> bool:
    """Whether neighbouring lanes read neighbouring words, or all the same one."""
    return index.loop == TOP_LEVEL or forms[index].is_consecutive

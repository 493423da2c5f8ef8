"""Loops in the order of the program: each comes behind all loops whose values or stores it needs.

What follows a function loop by loop, such as instruction selection and chains through loops, goes
by their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vliwc.diagnostics import InternalError
from vliwc.ir.builder import Builder
from vliwc.ir.graph import Function
from vliwc.ir.value import TOP_LEVEL, Op, Value


def needed_loops(function: Function, *, memory: bool = True) -> list[int]:
    """For each loop a mask of the loops that it needs, itself included: by operands, and, if
    ``memory``, by what its memory operations come after."""
    needs: dict[Value, int] = {}
    loops = [1 << loop.number for loop in function.loops]
    for value in function:
        mask = 0 if value.loop == TOP_LEVEL else 1 << value.loop
        if value.op is Op.REDUCE:
            mask |= 1 << value.imm
        for before in (*value.args, *(value.order if memory else ())):
            mask |= needs[before]
        needs[value] = mask
        if value.loop != TOP_LEVEL:
            loops[value.loop] |= mask
    return loops


def loops_in_order(function: Function) -> Function:
    """The function with its loops numbered in the order of the program; among loops that do not
    need each other they keep their order.

    Raises :class:`InternalError` if two loops need each other.
    """
    needs = needed_loops(function)
    order: list[int] = []
    done = 0
    while len(order) < len(needs):
        ready = [number for number, mask in enumerate(needs) if mask & ~done == 1 << number]
        if not ready:
            raise InternalError(f"loops of {function.name} need each other")
        order.append(ready[0])
        done |= 1 << ready[0]
    return function if order == sorted(order) else _renumbered(function, order)


def _renumbered(function: Function, order: Sequence[int]) -> Function:
    """The function with the loops in another ``order``, of their old numbers."""
    new_number = {old: new for new, old in enumerate(order)} | {TOP_LEVEL: TOP_LEVEL}
    loops = [replace(function.loops[old], number=new) for new, old in enumerate(order)]
    builder = Builder.like(replace(function, loops=tuple(loops)), fold=False)
    new: dict[Value, Value] = {}
    for value in function:
        loop = new_number[value.loop]
        named = new_number[value.imm] if value.op in (Op.LANE, Op.REDUCE) else value.imm
        moved = replace(value, loop=loop, imm=named)
        order_edges = [new[before] for before in value.order]
        new[value] = builder.rebuild(moved, tuple(new[arg] for arg in value.args), order_edges)
    for value in function.assumptions:
        builder.assume(new[value])
    return builder.finish()

"""Memory for values that scratch cannot hold: words of arrays at times when nobody needs them.

By the roles of arrays, along one order of all memory operations of a program: an `out` or
`scratch` array is free before anything accesses it, a `scratch` or `in scratch` one after that. The
words of an `inout` array have to keep what is not stored to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vliwc.ir.graph import Array, Function, Role
from vliwc.mir.operation import MOp, Source
from vliwc.mir.spill import FOREVER, Spare

_ACCESSES = frozenset(("load", "vload", "load_offset", "store", "vstore"))


def spare_words(function: Function, ops: Sequence[MOp], vlen: int) -> list[Spare]:
    """The words of the arrays of ``function`` that are free some time while ``ops`` execute."""
    accesses = _accesses(function, ops, vlen)
    found: list[Spare] = []
    for name, array in function.arrays.items():
        if array.placed and array.length:
            found += _of_array(array, ops, accesses[name])
    return found


def _of_array(array: Array, ops: Sequence[MOp], accesses: list[int]) -> list[Spare]:
    """The times at which the words of ``array`` are free, by the places of its ``accesses``."""
    found: list[Spare] = []
    if array.role in (Role.OUT, Role.SCRATCH):
        found.append(_between(array, ops, [], accesses))
    if accesses and array.role in (Role.SCRATCH, Role.IN_SCRATCH):
        found.append(_between(array, ops, accesses, []))
    if array.role is Role.IN_SCRATCH and not accesses:
        found.append(_between(array, ops, [], []))
    return [spare for spare in found if spare.first < spare.end]


def _between(
    array: Array, ops: Sequence[MOp], before: Sequence[int], behind: Sequence[int]
) -> Spare:
    """The words of ``array`` from the last of the places ``before`` to the first ``behind``."""
    return Spare(
        array.base,
        array.length,
        before[-1] + 1 if before else 0,
        behind[0] if behind else FOREVER,
        tuple(ops[place] for place in before),
        tuple(ops[place] for place in behind),
    )


def _accesses(function: Function, ops: Sequence[MOp], vlen: int) -> dict[str, list[int]]:
    """The places of operations that may access each array."""
    found: dict[str, list[int]] = {name: [] for name in function.arrays}
    for place, op in enumerate(ops):
        if any(form.opcode in _ACCESSES for form in op.forms):
            for name in _arrays(function, op, vlen):
                found[name].append(place)
    return found


def _arrays(function: Function, op: MOp, vlen: int) -> Iterable[str]:
    """The arrays that an operation may access: all of them, where that is not known."""
    addresses = {_constant(operand.source) for operand in op.forms[0].all_operands()[:1]}
    for form in op.forms:
        for lane in form.per_lane or ():
            addresses.add(_constant(lane[0].source))
    if None not in addresses:
        known = [address for address in addresses if address is not None]
        for name, array in function.arrays.items():
            if any(array.base < at + vlen and at < array.end for at in known):
                yield name
    elif op.origin is not None and op.origin.is_memory:
        yield op.origin.array
    else:
        yield from function.arrays


def _constant(source: Source) -> int | None:
    """The word that an operation makes, if it makes a constant."""
    if not isinstance(source, MOp):
        return None
    return next((form.imm for form in source.forms if form.opcode == "const"), None)

"""The verifier: what every function of the lane IR has to satisfy, checked after each pass."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import networkx as nx

from vliwc.diagnostics import InternalError
from vliwc.ir.graph import Array, Function, Where, link
from vliwc.ir.loop_numbers import needed_loops
from vliwc.ir.value import ANY_NUMBER, MASK, OPS, TOP_LEVEL, Op, Value

if TYPE_CHECKING:
    from vliwc.ir.graph import ValueGraph


class VerifyError(InternalError):
    """A malformed function; ``value`` is the guilty value, None if a declaration is at fault."""

    def __init__(self, reason: str, value: Value | None = None) -> None:
        self.reason = reason
        self.value = value
        super().__init__(f"{value!r}: {reason}" if value is not None else reason)


def verify(function: Function) -> None:
    """Raise :class:`VerifyError` at the first value that breaks a rule of the IR.

    Checked are the declarations, and for each value: dense ids in topological order, arity,
    ranges of immediates, loops, arrays, order edges, canonical and interned form, that the
    graph's edges, the roots and the assumptions say the same as the values themselves, and that
    no loop takes words of a later one.
    """
    _check_declarations(function)
    seen: set[Value] = set()
    interned: dict[tuple[object, ...], Value] = {}
    for position, value in enumerate(function.graph.nodes):
        if value.id != position:
            raise VerifyError(f"stands at position {position}; ids must be dense", value)
        _check_operands(value, seen)
        _check_immediates(function, value)
        _check_loops(function, value)
        _check_memory(function, value)
        _check_interned(value, interned)
        seen.add(value)
    _check_edges(function)
    _check_roots(function, seen)
    for number, needed in enumerate(needed_loops(function, memory=False)):
        if needed >> number + 1:
            other = needed.bit_length() - 1
            raise VerifyError(f"loop {number} takes words of loop {other}, which is a later one")


def _check_declarations(function: Function) -> None:
    for number, loop in enumerate(function.loops):
        if loop.number != number:
            raise VerifyError(f"loop {loop.number} is declared as number {number}")
        if not 0 <= loop.extent <= MASK:
            raise VerifyError(f"loop {number} has extent {loop.extent}")
    limit = function.memory_words
    arrays = sorted(function.arrays.items(), key=lambda item: (item[1].base, item[1].end))
    previous: Array | None = None
    for name, array in arrays:
        if array.name != name:
            raise VerifyError(f"array {array.name} is declared under the name {name}")
        if array.base < 0 or array.length < 0 or not 0 < array.below <= 1 << 32:
            raise VerifyError(f"array {name} has an impossible place, length or bound")
        if array.shape and (len(array.shape) < 2 or prod(array.shape) != array.length):
            raise VerifyError(f"array {name} has {array.length} words in shape {array.shape}")
        if array.where is Where.SCRATCH and array.length != 1:
            raise VerifyError(f"array {name} in scratch has {array.length} words")
        if array.length == 0 or not array.placed:
            continue
        if limit is not None and array.end > limit:
            raise VerifyError(f"array {name} ends at {array.end}, memory at {limit}")
        if previous is not None and previous.end > array.base:
            raise VerifyError(f"arrays {previous.name} and {name} overlap")
        previous = array


def _check_operands(value: Value, seen: set[Value]) -> None:
    arity = OPS[value.op].arity
    if len(value.args) != arity and not (arity == ANY_NUMBER and value.args):
        raise VerifyError(f"has {len(value.args)} operands, not {arity}", value)
    for arg in value.args:
        if arg not in seen:
            raise VerifyError(f"uses {arg!r}, which does not precede it", value)
        if not OPS[arg.op].produces:
            raise VerifyError(f"uses {arg!r}, which has no result", value)
    for before in value.order:
        if before not in seen:
            raise VerifyError(f"is ordered after {before!r}, which does not precede it", value)
    if OPS[value.op].commutative:
        first, second = value.args[:2]
        if (first.is_const, first.id) > (second.is_const, second.id):
            raise VerifyError("has its commuting operands in the wrong order", value)


def _check_immediates(function: Function, value: Value) -> None:
    match value.op:
        case Op.CONST:
            if not 0 <= value.imm <= MASK:
                raise VerifyError(f"holds {value.imm}, which is not a 32-bit word", value)
        case Op.LANE | Op.REDUCE:
            if not 0 <= value.imm < len(function.loops):
                raise VerifyError(f"names loop {value.imm}, which is not declared", value)
        case Op.SCAN:
            if value.imm not in (0, 1):
                raise VerifyError(f"has an immediate, {value.imm}", value)
        case _:
            if value.imm != 0:
                raise VerifyError(f"has an immediate, {value.imm}", value)
    if (value.reduction is not None) is not (value.op in (Op.REDUCE, Op.SCAN)):
        raise VerifyError("reduces without an operator, or has one without reducing", value)


def _check_loops(function: Function, value: Value) -> None:
    varying = {arg.loop for arg in value.args if arg.loop != TOP_LEVEL}
    match value.op:
        case Op.LANE:
            expected = value.imm
        case Op.REDUCE:
            expected = TOP_LEVEL
            varying.discard(value.imm)
        case Op.MOVE:
            _check_picks(function, value)
            return
        case Op.STORE | Op.SCAN:
            expected = value.loop
            lowest = TOP_LEVEL + (value.op is Op.SCAN)
            if not lowest <= expected < len(function.loops):
                raise VerifyError(f"stands in loop {expected}, which is not declared", value)
            varying.discard(expected)
        case _:
            expected = max(varying, default=TOP_LEVEL)
            varying.discard(expected)
    if varying:
        raise VerifyError(f"uses a value of loop {min(varying)}, which is another loop", value)
    if value.loop != expected:
        raise VerifyError(f"stands in loop {value.loop}, not {expected}", value)


def _check_picks(function: Function, value: Value) -> None:
    def extent(loop: int) -> int:
        return 1 if loop == TOP_LEVEL else function.loops[loop].extent

    if not TOP_LEVEL <= value.loop < len(function.loops):
        raise VerifyError(f"stands in loop {value.loop}, which is not declared", value)
    if len(value.picks) != extent(value.loop):
        raise VerifyError(f"picks {len(value.picks)} words for {extent(value.loop)}", value)
    if list(dict.fromkeys(number for number, _ in value.picks)) != list(range(len(value.args))):
        raise VerifyError("does not pick words of its operands in their order", value)
    for number, at in value.picks:
        if not 0 <= at < extent(value.args[number].loop):
            raise VerifyError(f"picks iteration {at} of {value.args[number]!r}", value)
    for k, (number, at) in enumerate(value.picks):
        if at != k and value.args[number].loop == value.loop != TOP_LEVEL:
            raise VerifyError("moves words between iterations of its own loop", value)


def _check_memory(function: Function, value: Value) -> None:
    if not value.is_memory:
        if value.array or value.order:
            raise VerifyError("is no memory operation but has an array or order edges", value)
        return
    array = function.arrays.get(value.array)
    if array is None:
        raise VerifyError(f"names array {value.array}, which is not declared", value)
    if value.op is Op.STORE and array.role.protected:
        raise VerifyError(f"writes {value.array}, which must stay intact", value)
    for before in value.order:
        if not before.is_memory or before.array != value.array:
            raise VerifyError(f"is ordered after {before!r}, which is not on its array", value)
    ids = [before.id for before in value.order]
    if any(a >= b for a, b in zip(ids, ids[1:], strict=False)):
        raise VerifyError("has order edges that are not sorted or not unique", value)


def _check_interned(value: Value, interned: dict[tuple[object, ...], Value]) -> None:
    if value.op is Op.STORE:
        return
    key = (
        value.op,
        tuple(arg.id for arg in value.args),
        value.imm,
        value.array,
        value.reduction,
        tuple(before.id for before in value.order),
        value.loop,
        value.picks,
    )
    twin = interned.setdefault(key, value)
    if twin is not value:
        raise VerifyError(f"repeats {twin!r} instead of being it", value)


def _check_edges(function: Function) -> None:
    expected: ValueGraph = nx.DiGraph()
    for value in function.graph.nodes:
        link(expected, value)
    for value in function.graph.nodes:
        found = dict(function.graph.pred[value])
        if found != dict(expected.pred[value]):
            raise VerifyError("has other edges in the graph than operands and order", value)


def _check_roots(function: Function, values: set[Value]) -> None:
    stores = [value for value in function.graph.nodes if value.op is Op.STORE]
    roots = set(function.roots)
    for store in stores:
        if store not in roots:
            raise VerifyError("is a store but no root", store)
    if list(function.roots) != stores:
        guilty = next((root for root in function.roots if root.op is not Op.STORE), None)
        raise VerifyError("the roots are not the stores in their order", guilty)
    assumed: set[Value] = set()
    for value in function.assumptions:
        if value not in values or not OPS[value.op].produces or value.is_const:
            raise VerifyError("cannot be an assumption", value)
        if value in assumed:
            raise VerifyError("is assumed twice", value)
        assumed.add(value)

"""Rebuilding: order edges survive the operations that they went through."""

from __future__ import annotations

import pytest

from vliwc.diagnostics import InternalError
from vliwc.ir.rebuild import Rebuild, executed, reachable
from vliwc.ir.text import parse_function
from vliwc.ir.value import Op, Reduction
from vliwc.ir.verify import verify

TEXT = """
function f {
  array a: u32[4] inout at 0
  loop 0 i: 4
  loop 1 j: 0
  %0 = lane 0
  %1 = const 1
  %2 = store a[%0] = %1 in loop 0
  %3 = load a[%0] after %2
  %4 = load a[%1] after %3
  %5 = store a[%0] = %3 in loop 0 after %4
  %6 = lane 1
  %7 = store a[%6] = %4 in loop 1 after %5
}
"""


def test_order_edges_pass_through_what_disappears() -> None:
    function = parse_function(TEXT)
    rebuild = Rebuild(function)
    for value in function:
        if value.id == 3:
            rebuild.replace(value, rebuild.new[function.values[1]])
        elif value.id == 4:
            rebuild.drop(value)
        elif value.id != 7:
            rebuild.keep(value)
        else:
            rebuild.drop(value)
    result = rebuild.finish()
    first, second = result.roots
    assert second.order == (first,)
    assert second.args[1].op is Op.CONST


def test_forgetting_a_store_is_an_error() -> None:
    function = parse_function(TEXT)
    rebuild = Rebuild(function)
    for value in function.values[:5]:
        rebuild.keep(value)
    with pytest.raises(InternalError, match="%5:store was forgotten"):
        rebuild.finish()


def test_reachable_and_executed() -> None:
    function = parse_function(TEXT)
    values = function.values
    # Operands only: %3 is ordered after the store %2, but not computed from it.
    assert reachable([values[5]]) == {values[0], values[3], values[5]}
    assert values[7] not in executed(function) and values[4] not in executed(function)


def test_a_builder_keeps_what_traps_and_loads_at_different_times() -> None:
    function = parse_function(TEXT)
    builder = Rebuild(function).builder
    one, zero = builder.const(1, None), builder.const(0, None)
    for op in (Op.DIV, Op.MOD):
        assert builder.op(op, one, zero, span=None).op is op
        assert builder.op(op, zero, one, span=None).imm == 0
    store = builder.store("a", zero, one, span=None)
    early, late = (builder.load("a", zero, order, span=None) for order in ((), (store,)))
    assert early is not late
    assert builder.load("a", zero, (store,), span=None) is late


def test_a_builder_tells_reductions_apart_by_all_they_have() -> None:
    builder = Rebuild(parse_function(TEXT)).builder
    lanes = [builder.lane(loop, None) for loop in (0, 1)]
    found = {
        builder.reduce(kind, loop, value, None)
        for kind in Reduction
        for loop, value in enumerate(lanes)
    }
    assert len(found) == 2 * len(Reduction)
    assert builder.reduce(Reduction.MAX, 1, lanes[1], None) in found


def test_a_builder_puts_order_edges_into_one_order() -> None:
    builder = Rebuild(parse_function(TEXT)).builder
    zero, one = builder.const(0, None), builder.const(1, None)
    first, second = (builder.store("a", index, one, span=None) for index in (zero, one))
    load = builder.load("a", zero, (second, first, second), span=None)
    assert load.order == (first, second)
    assert builder.load("a", zero, (first, second), span=None) is load
    assert builder.store("a", one, one, (load, second, first), span=None).order == (
        first,
        second,
        load,
    )


MOVE = """
function f {
  array a: u32[4] inout at 0
  loop 0 i: 2
  loop 1 j: 2
  %0 = lane 0
  %1 = const 1
  %2 = load a[%0]
  %3 = add %2, %1
  %4 = move loop 1 of %3[1], %2[0]
  %5 = lane 1
  %6 = store a[%5] = %4 in loop 1 after %2
}
"""


def test_a_move_of_what_became_the_same_everywhere() -> None:
    """A uniform value has one word, whichever iteration's was moved before."""
    function = parse_function(MOVE)
    rebuild = Rebuild(function)
    for value in function:
        if value.id == 3:
            rebuild.replace(value, rebuild.new[function.values[1]])
        else:
            rebuild.keep(value)
    result = rebuild.finish()
    (store,) = result.roots
    move = store.args[1]
    assert move.op is Op.MOVE and [arg.op for arg in move.args] == [Op.CONST, Op.LOAD]
    assert move.picks == ((0, 0), (1, 0))
    verify(result)

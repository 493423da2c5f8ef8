"""The rewriter: sharing, facts, spans, assumptions, and behaviour on long chains."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.strategies.sketch import Sketch
from vliwc.diagnostics import Span
from vliwc.ir.graph import Array, Function, Role
from vliwc.ir.text import parse_function, print_function
from vliwc.ir.value import Op, Value
from vliwc.ir.verify import verify
from vliwc.passes.base import RulePass, run_passes
from vliwc.passes.pipeline import PASSES, PIPELINE
from vliwc.passes.simplify import SIMPLIFY

ARRAYS = {"x": Array("x", 0, 64, Role.IN), "y": Array("y", 64, 64, Role.OUT)}


def lanes() -> tuple[Sketch, Value, Value]:
    """A builder with a loop of 16 iterations, its lane, and a word that varies."""
    builder = Sketch("test", ARRAYS)
    lane = builder.lane(builder.loop(16, "i").number)
    return builder, lane, builder.load("x", lane)


def stored(function: Function) -> Value:
    return function.roots[-1].args[1]


def test_hits_are_counted_by_rule() -> None:
    builder, lane, x = lanes()
    value = builder.op(Op.ADD, builder.op(Op.ADD, x, builder.const(3)), builder.const(4))
    builder.store("y", lane, builder.op(Op.MUL, value, builder.const(1)), loop=0)
    _, hits = SIMPLIFY.run_counted(builder.finish())
    assert hits == Counter({"reassociate/add-merge": 1, "identity/mul-one": 1})


@pytest.mark.parametrize("uses", [1, 2])
def test_a_multiply_add_replaces_a_product_that_nothing_else_needs(uses: int) -> None:
    builder, lane, x = lanes()
    product = builder.op(Op.MUL, x, x)
    value = builder.op(Op.ADD, product, lane)
    if uses == 2:
        value = builder.op(Op.DIV, value, builder.op(Op.OR, product, builder.const(1)))
    builder.store("y", lane, value, loop=0)
    found = {value.op for value in SIMPLIFY.run(builder.finish())}
    assert (Op.MADD in found) is (uses == 1)
    assert (Op.MUL in found) is (uses == 2)


def test_all_uses_of_a_shared_product_may_form_multiply_adds() -> None:
    builder, lane, x = lanes()
    product = builder.op(Op.MUL, x, x)
    sums = [builder.op(Op.ADD, product, other) for other in (lane, builder.load("x", x))]
    builder.store("y", lane, builder.op(Op.XOR, *sums), loop=0)
    found = Counter(value.op for value in SIMPLIFY.run(builder.finish()))
    assert found[Op.MADD] == 2 and found[Op.MUL] == 0 and found[Op.ADD] == 0


def test_what_replaces_a_value_keeps_its_place_in_the_source() -> None:
    builder, lane, x = lanes()
    here = Span("k.vk", 3, 1, 3, 9)
    inner = builder.op(Op.SHL, x, builder.const(4))
    value = builder.op(Op.ADD, builder.op(Op.ADD, x, builder.const(7)), inner, span=here)
    builder.store("y", lane, value, loop=0)
    result = stored(SIMPLIFY.run(builder.finish()))
    assert result.op is Op.MADD and result.span == here


def test_a_constant_moves_out_of_a_long_chain_in_one_sweep() -> None:
    builder, lane, x = lanes()
    value = builder.op(Op.XOR, x, builder.const(0xABCD1234))
    for step in range(300):
        word = builder.load("x", builder.op(Op.AND, builder.op(Op.ADD, x, builder.const(step)), x))
        value = builder.op(Op.XOR, value, word)
    builder.store("y", lane, value, loop=0)
    function, hits = SIMPLIFY.run_counted(builder.finish())
    assert stored(function).args[1].imm == 0xABCD1234
    assert hits["reassociate/xor-out"] == 300


def test_deep_functions_need_no_deep_stack() -> None:
    builder, lane, x = lanes()
    value = x
    for step in range(3000):
        value = builder.op((Op.XOR, Op.ADD, Op.MUL)[step % 3], value, builder.const(step * 2 + 3))
    builder.store("y", lane, value, loop=0)
    function = builder.finish()
    assert len(parse_function(print_function(function))) == len(function)
    verify(run_passes(function, PIPELINE))


def test_assumptions_survive_the_facts_they_give() -> None:
    text = """
    function f {
      array x: u32[16] in at 0
      array y: u32[16] out at 16
      loop 0 i: 16
      %0 = lane 0
      %1 = load x[%0]
      %2 = const 8
      %3 = mod %1, %2
      %4 = const 5
      %5 = lt %3, %4
      assume %5
      %6 = const 6
      %7 = lt %3, %6
      %8 = add %3, %7
      %9 = store y[%0] = %8 in loop 0
    }"""
    function = run_passes(parse_function(text), PIPELINE, check=True)
    (assumption,) = function.assumptions
    assert assumption.op is Op.LT and assumption.args[0].op is Op.AND
    value = stored(function)
    assert value.op is Op.ADD and value.args[1].imm == 1
    assert run_passes(function, PIPELINE).assumptions != ()


def test_facts_from_assumptions_pass_on_to_what_replaces_a_value() -> None:
    text = """
    function f {
      array x: u32[16] in at 0
      array y: u32[16] out at 16
      loop 0 i: 16
      %0 = lane 0
      %1 = load x[%0]
      %2 = const 256
      %3 = mod %1, %2
      %4 = const 2
      %5 = lt %3, %4
      assume %5
      %6 = const 1
      %7 = const 0
      %8 = select %3, %6, %7
      %9 = store y[%0] = %8 in loop 0
    }"""
    value = stored(SIMPLIFY.run(parse_function(text)))
    assert value.op is Op.AND and value.args[1].imm == 255


def test_a_rule_pass_of_no_family_only_folds_what_facts_decide() -> None:
    builder, lane, x = lanes()
    masked = builder.op(Op.AND, builder.op(Op.ADD, x, builder.const(0)), builder.const(0))
    builder.store("y", lane, masked, loop=0)
    result = RulePass("nothing", ()).run(builder.finish())
    assert stored(result).is_const and stored(result).imm == 0


def test_passes_are_registered_under_their_names() -> None:
    assert all(each.name == name for name, each in PASSES.items())
    assert {each.name for each in PIPELINE} <= set(PASSES)

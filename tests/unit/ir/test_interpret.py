"""The IR interpreter: lanes, memory order, reductions and traps."""

from __future__ import annotations

import random

import pytest

from tests.strategies.sketch import Sketch
from vliwc.ir.graph import Array, Role
from vliwc.ir.interpret import IrTrap, execute, interpret
from vliwc.ir.text import parse_function
from vliwc.ir.value import OPS, Op

EDGES = (0, 1, 2, 31, 32, 33, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@pytest.mark.parametrize("op", [op for op, info in OPS.items() if info.arithmetic])
def test_vectors_and_words_agree(op: Op) -> None:
    """The operation table is evaluated word by word, the interpreter works on arrays."""
    generator = random.Random(1)
    rows = [
        [generator.choice((*EDGES, generator.getrandbits(32))) for _ in range(3)]
        for _ in range(300)
    ]
    if OPS[op].can_trap:
        rows = [[a, b or 1, c] for a, b, c in rows]
    n = len(rows)
    arrays = {"x": Array("x", 0, 3 * n, Role.IN), "y": Array("y", 3 * n, n, Role.OUT)}
    builder = Sketch("f", arrays)
    lane = builder.lane(builder.loop(n).number)
    row = builder.op(Op.MUL, lane, builder.const(3))
    args = [
        builder.load("x", builder.op(Op.ADD, row, builder.const(k))) for k in range(OPS[op].arity)
    ]
    builder.store("y", lane, builder.op(op, *args), loop=0)
    memory = interpret(builder.finish(), [word for words in rows for word in words] + [0] * n)
    evaluate = OPS[op].evaluate
    assert evaluate is not None
    assert memory[3 * n :] == [evaluate(*words[: OPS[op].arity]) for words in rows]


def test_uniform_operands_spread_over_lanes() -> None:
    function = parse_function("""
    function f {
      array x: u32[4] in at 0
      array y: u32[4] out at 4
      loop 0 i: 4
      %i = lane 0
      %two = const 2
      %u = load x[%two]
      %v = shl %i, %u
      %w = select %i, %u, %v
      %s = store y[%i] = %w in loop 0
    }""")
    assert interpret(function, [9, 8, 3, 6] + [0] * 4) == [9, 8, 3, 6, 0, 3, 3, 3]


def test_memory_operations_follow_their_order() -> None:
    function = parse_function("""
    function f {
      array a: u32[2] inout at 0
      array y: u32[2] out at 2
      %zero = const 0
      %one = const 1
      %before = load a[%zero]
      %s = store a[%zero] = %one at top after %before
      %after = load a[%zero] after %s
      %t = store y[%zero] = %before at top
      %u = store y[%one] = %after at top after %t
    }""")
    assert interpret(function, [7, 0, 0, 0]) == [1, 0, 7, 1]


@pytest.mark.parametrize(
    ("kind", "expected", "empty"),
    [
        ("sum", 2, 0),
        ("xor", 4 ^ 0xFFFFFFFB ^ 3, 0),
        ("min", 3, 0xFFFFFFFF),
        ("max", 0xFFFFFFFB, 0),
    ],
)
def test_reductions(kind: str, expected: int, empty: int) -> None:
    text = """
    function f {{
      array x: u32[3] in at 0
      array y: u32[1] out at 3
      loop 0 i: {extent}
      %i = lane 0
      %x = load x[%i]
      %r = reduce {kind} loop 0 of %x
      %zero = const 0
      %s = store y[%zero] = %r at top
    }}"""
    memory = [4, 0xFFFFFFFB, 3, 99]
    full = parse_function(text.format(extent=3, kind=kind))
    assert interpret(full, memory)[3] == expected
    assert interpret(parse_function(text.format(extent=0, kind=kind)), memory)[3] == empty


def test_a_uniform_word_is_reduced_once_per_iteration() -> None:
    function = parse_function("""
    function f {
      array y: u32[2] out at 0
      loop 0 i: 5
      %seven = const 7
      %sum = reduce sum loop 0 of %seven
      %xor = reduce xor loop 0 of %seven
      %zero = const 0
      %one = const 1
      %s = store y[%zero] = %sum at top
      %t = store y[%one] = %xor at top after %s
    }""")
    assert interpret(function, [0, 0]) == [35, 7]


TRAPPING = """
function f {{
  array x: u32[4] in at 0
  array y: u32[4] out at 4
  loop 0 i: 4
  %i = lane 0
  %x = load x[%i]
  %one = const 1
  {code}
  %s = store y[%i] = %r in loop 0
}}"""


@pytest.mark.parametrize(
    ("code", "op", "reason"),
    [
        ("%r = div %one, %x", Op.DIV, "the divisor is zero"),
        ("%r = mod %x, %x", Op.MOD, "the divisor is zero"),
        ("%r = load x[%x]", Op.LOAD, "index 4 of x[4]"),
        ("%r = add %x, %one %t = store y[%x] = %r in loop 0", Op.STORE, "index 4 of y[4]"),
        ("%r = add %x, %one %c = lt %x, %one assume %c", Op.LT, "the assumption does not hold"),
    ],
)
def test_traps(code: str, op: Op, reason: str) -> None:
    function = parse_function(TRAPPING.format(code=code))
    with pytest.raises(IrTrap, match=reason.replace("[", r"\[")) as caught:
        interpret(function, [0, 1, 2, 4] + [0] * 4)
    assert caught.value.value.op is op
    assert caught.value.reason == reason


def test_an_image_that_is_too_short_traps() -> None:
    function = parse_function(TRAPPING.format(code="%r = add %x, %one"))
    for words in (6, 7):
        with pytest.raises(IrTrap, match=f"address 7 of {words} words"):
            interpret(function, list(range(words)))
    assert len(interpret(function, [0] * 8)) == 8


def test_only_what_is_needed_is_executed() -> None:
    """A dead load cannot trap, and neither can code of a loop that does not run."""
    dead = parse_function(TRAPPING.format(code="%r = add %x, %one %d = load x[%r]"))
    assert interpret(dead, [0, 1, 2, 9] + [0] * 4)[4:] == [1, 2, 3, 10]
    text = TRAPPING.format(code="%big = const 99 %r = load x[%big]").replace("i: 4", "i: 0")
    execution = execute(parse_function(text), [0] * 8)
    assert execution.memory == [0] * 8 and not execution.data


def test_execution_keeps_the_words_of_values() -> None:
    function = parse_function(TRAPPING.format(code="%r = add %x, %one"))
    execution = execute(function, [5, 6, 7, 8] + [0] * 4)
    values = function.values
    assert execution.words(values[1]) == [5, 6, 7, 8]
    assert execution.words(values[2]) == [1]


def test_assumptions_need_not_be_checked() -> None:
    function = parse_function(TRAPPING.format(code="%r = add %x, %x %c = lt %x, %one assume %c"))
    assert interpret(function, [1] * 4 + [0] * 4, check_assumptions=False)[4:] == [2] * 4

"""Ranges, known bits and their product: soundness on random sets, and the precision we rely on."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.strategies.sketch import Sketch
from vliwc.analysis import facts, knownbits, ranges
from vliwc.analysis.bounds import check_bounds
from vliwc.analysis.facts import Fact, Facts
from vliwc.ir.graph import Array, Function, Role
from vliwc.ir.interpret import execute
from vliwc.ir.text import parse_function
from vliwc.ir.value import MASK, OPS, Op, Reduction, Value

ARITHMETIC = [op for op, info in OPS.items() if info.arithmetic]
WORD = st.one_of(
    st.integers(0, 40),
    st.integers(0, MASK),
    st.integers(MASK - 40, MASK),
    st.builds(lambda k, d: ((1 << k) + d) & MASK, st.integers(0, 31), st.integers(-2, 2)),
)


@st.composite
def words_and_fact(draw: st.DrawFn) -> tuple[int, Fact]:
    """A word and a set that contains it."""
    word = draw(WORD)
    lo = draw(st.integers(0, word)) if draw(st.booleans()) else word
    hi = draw(st.integers(word, MASK)) if draw(st.booleans()) else word
    known = draw(st.one_of(st.just(0), st.just(MASK), WORD))
    fact = facts.reduced(lo, hi, ~word & known & MASK, word & known)
    assert fact is not None and contains(fact, word)
    return word, fact


def contains(fact: Fact, word: int) -> bool:
    return fact.lo <= word <= fact.hi and not word & fact.zeros and not ~word & fact.ones


@pytest.mark.parametrize("op", ARITHMETIC)
@given(operands=st.tuples(words_and_fact(), words_and_fact(), words_and_fact()))
def test_transfer_is_sound(op: Op, operands: tuple[tuple[int, Fact], ...]) -> None:
    """The result of members lies in the result set: intervals, bits and both together."""
    info = OPS[op]
    words = [word for word, _ in operands][: info.arity]
    args = [fact for _, fact in operands][: info.arity]
    if info.can_trap and words[1] == 0:
        return
    assert info.evaluate is not None
    result = info.evaluate(*words)
    lo, hi = ranges.transfer(op, [(arg.lo, arg.hi) for arg in args])
    assert lo <= result <= hi
    zeros, ones = knownbits.transfer(op, [(arg.zeros, arg.ones) for arg in args])
    assert not result & zeros and not ~result & ones
    assert contains(facts.transfer(op, args), result)


@pytest.mark.parametrize("op", ARITHMETIC)
@given(words=st.tuples(WORD, WORD, WORD))
def test_transfer_is_exact_on_single_words(op: Op, words: tuple[int, int, int]) -> None:
    info = OPS[op]
    if info.can_trap and words[1] == 0:
        return
    assert info.evaluate is not None
    args = [facts.exactly(word) for word in words[: info.arity]]
    assert facts.transfer(op, args).word == info.evaluate(*words[: info.arity])


@given(a=words_and_fact(), b=words_and_fact())
def test_meet_and_join(a: tuple[int, Fact], b: tuple[int, Fact]) -> None:
    both = facts.join(a[1], b[1])
    assert contains(both, a[0]) and contains(both, b[0])
    if contains(b[1], a[0]):
        assert contains(facts.meet(a[1], b[1]), a[0])


@pytest.mark.parametrize(
    ("op", "args", "expected"),
    [
        (Op.ADD, [(5, 9), (MASK - 1, MASK)], (3, 8)),
        (Op.SUB, [(1, 2), (1, 2)], (0, MASK)),
        (Op.SUB, [(1, 2), (3, 4)], (MASK - 2, MASK)),
        (Op.MUL, [(3, 6), (MASK - 1, MASK - 1)], (MASK - 11, MASK - 5)),
        (Op.MADD, [(3, 6), (MASK - 1, MASK - 1), (12, 13)], (0, 7)),
        (Op.MADD, [(0, 1), (2, 2), (1, 2)], (1, 4)),
        (Op.MOD, [(0, MASK), (1, 10)], (0, 9)),
        (Op.MOD, [(20, 22), (16, 16)], (4, 6)),
        (Op.DIV, [(10, 21), (0, 3)], (3, 21)),
        (Op.SHL, [(1, 3), (4, 4)], (16, 48)),
        (Op.SHL, [(1, 3), (4, 5)], (16, 96)),
        (Op.SHL, [(1, MASK), (1, 2)], (0, MASK)),
        (Op.SHR, [(64, 255), (2, 40)], (0, 63)),
        (Op.XOR, [(0, 5), (0, 9)], (0, 15)),
        (Op.LT, [(0, 5), (6, 9)], (1, 1)),
        (Op.LT, [(6, 9), (0, 6)], (0, 0)),
        (Op.EQ, [(0, 5), (6, 9)], (0, 0)),
        (Op.EQ, [(0, 5), (0, 5)], (0, 1)),
    ],
)
def test_intervals(op: Op, args: list[ranges.Range], expected: ranges.Range) -> None:
    assert ranges.transfer(op, args) == expected


@pytest.mark.parametrize("parity", ["1 or 2", "2 - bit"])
def test_the_level_of_a_tree_index_is_exact(parity: str) -> None:
    """``idx' = 2 idx + (1 or 2)`` from 0 lies in ``2^l - 1 .. 2^(l+1) - 2``, then wraps to 0."""
    height, n = 10, 2**11 - 1
    arrays = {"x": Array("x", 0, 64, Role.IN), "y": Array("y", 64, 64, Role.OUT)}
    builder = Sketch("walk", arrays)
    lane = builder.lane(builder.loop(64).number)
    const, op = builder.const, builder.op
    index = const(0)
    levels: list[Value] = []
    for _ in range(height + 3):
        word = builder.load("x", op(Op.AND, op(Op.ADD, index, lane), const(63)))
        bit = op(Op.AND, word, const(1))
        step = op(Op.SELECT, bit, const(2), const(1))
        if parity == "2 - bit":
            step = op(Op.SUB, const(2), bit)
        index = op(Op.MADD, index, const(2), step)
        outside = op(Op.EQ, op(Op.LT, index, const(n)), const(0))
        index = op(Op.SELECT, outside, const(0), index)
        levels.append(index)
    builder.store("y", lane, index, loop=0)
    found = Facts(builder.finish())
    for level, value in enumerate(levels, start=1):
        depth = level % (height + 1)
        assert (found.lo(value), found.hi(value)) == (2**depth - 1, 2 ** (depth + 1) - 2)


def facts_of(text: str) -> tuple[Function, Facts]:
    function = parse_function(text)
    return function, Facts(function)


ASSUMING = """
function f {{
  array x: u32[8] in at 0
  array y: u32[8] out at 8
  loop 0 i: 8
  %0 = lane 0
  %1 = load x[%0]
  %2 = const 10
  %3 = const 0
  %4 = const 7
  {code}
  %s = store y[%0] = %1 in loop 0
}}"""


@pytest.mark.parametrize(
    ("code", "lo", "hi", "zeros"),
    [
        ("%a = lt %1, %2 assume %a", 0, 9, MASK ^ 15),
        ("%a = lt %2, %1 assume %a", 11, MASK, 0),
        ("%a = eq %1, %3 assume %a", 0, 0, MASK),
        ("%a = lt %1, %2 %b = eq %a, %3 assume %b", 10, MASK, 0),
        ("%a = lt %2, %1 %b = eq %a, %3 assume %b", 0, 10, MASK ^ 15),
        ("%a = eq %1, %3 %b = eq %a, %3 assume %b", 1, MASK, 0),
        ("%a = and %1, %4 %b = eq %a, %3 assume %b", 0, MASK ^ 7, 7),
        ("%e = const 8 %a = mod %1, %e %b = eq %a, %3 assume %b", 0, MASK ^ 7, 7),
        ("%e = const 6 %a = mod %1, %e %b = eq %a, %3 assume %b", 0, MASK, 0),
        ("%a = lt %1, %2 %b = lt %4, %1 %c = and %a, %b assume %c", 8, 9, (MASK ^ 15) | 6),
        ("%o = const 1 %a = lt %1, %2 %b = xor %a, %o assume %b", 10, MASK, 0),
        # A word of several says less than a constant: its far end bounds, and it excludes none.
        ("%a = lt %1, %0 assume %a", 0, 6, MASK ^ 7),
        ("%a = lt %0, %1 assume %a", 1, MASK, 0),
        ("%a = lt %1, %0 %b = eq %a, %3 assume %b", 0, MASK, 0),
        ("%a = lt %0, %1 %b = eq %a, %3 assume %b", 0, 7, MASK ^ 7),
        ("%a = eq %1, %0 assume %a", 0, 7, MASK ^ 7),
        ("%a = eq %1, %0 %b = eq %a, %3 assume %b", 0, MASK, 0),
        ("assume %1", 1, MASK, 0),
        ("%a = or %1, %2 assume %a", 0, MASK, 0),
        # One of two facts says nothing of either, nor does that not both are true.
        ("%a = lt %1, %2 %b = eq %0, %3 %c = or %a, %b assume %c", 0, MASK, 0),
        ("%a = lt %1, %2 %b = lt %4, %1 %c = or %a, %b assume %c", 0, MASK, 0),
        ("%a = lt %1, %2 %b = eq %0, %3 %c = xor %a, %b assume %c", 0, MASK, 0),
        ("%a = lt %1, %2 %b = lt %0, %2 %c = and %a, %b %d = eq %c, %3 assume %d", 0, MASK, 0),
    ],
)
def test_assumptions_narrow_what_they_speak_of(code: str, lo: int, hi: int, zeros: int) -> None:
    function, found = facts_of(ASSUMING.format(code=code))
    load = function.values[1]
    assert (found.lo(load), found.hi(load), found.known_zero(load)) == (lo, hi, zeros)


def test_contradicting_assumptions_are_survived() -> None:
    code = "%a = lt %1, %4 assume %a %b = lt %2, %1 assume %b"
    function, found = facts_of(ASSUMING.format(code=code))
    assert found.lo(function.values[1]) <= found.hi(function.values[1])


def test_loads_know_what_was_promised_and_what_was_stored() -> None:
    function, found = facts_of("""
    function f {
      array a: u32[8] inout at 0 below 16
      array y: u32[8] out at 8
      loop 0 i: 8
      %i = lane 0
      %big = const 1000
      %first = load a[%i]
      %s = store a[%i] = %big in loop 0 after %first
      %second = load a[%i] after %s
      %sum = add %first, %second
      %t = store y[%i] = %sum in loop 0
    }""")
    _, _, first, _, second, _, _ = function.values
    assert (found.lo(first), found.hi(first)) == (0, 15)
    assert (found.lo(second), found.hi(second)) == (0, 1000)


def test_the_arms_of_a_selection_know_its_condition() -> None:
    function, found = facts_of("""
    function f {
      array x: u32[8] in at 0
      array y: u32[8] out at 8
      loop 0 i: 8
      %i = lane 0
      %x = load x[%i]
      %n = const 100
      %c = lt %x, %n
      %min = select %c, %x, %n
      %max = select %c, %n, %x
      %s = store y[%i] = %min in loop 0
      %t = store y[%i] = %max in loop 0 after %s
    }""")
    minimum, maximum = function.values[4:6]
    assert (found.lo(minimum), found.hi(minimum)) == (0, 100)
    assert (found.lo(maximum), found.hi(maximum)) == (100, MASK)


@pytest.mark.parametrize(
    ("kind", "lo", "hi"), [("sum", 32, 120), ("xor", 0, 15), ("min", 4, 15), ("max", 4, 15)]
)
def test_reductions(kind: str, lo: int, hi: int) -> None:
    function, found = facts_of(f"""
    function f {{
      array y: u32[8] out at 0
      loop 0 i: 8
      %0 = lane 0
      %1 = const 8
      %2 = const 4
      %3 = or %0, %1
      %4 = lt %0, %2
      %5 = select %4, %2, %3
      %6 = reduce {kind} loop 0 of %5
      %7 = const 0
      %8 = store y[%7] = %6 at top
    }}""")
    value = function.values[6]
    assert (found.lo(value), found.hi(value)) == (lo, hi)


@pytest.mark.parametrize("kind", list(Reduction))
@example(words=[], more=[(0, facts.ANY)])
@example(words=[(MASK, facts.exactly(MASK))] * 2, more=[])
@example(words=[(1, facts.exactly(1)), (MASK, facts.exactly(MASK))], more=[])
@given(words=st.lists(words_and_fact(), max_size=5), more=st.lists(words_and_fact(), max_size=1))
def test_reductions_are_sound(
    kind: Reduction, words: list[tuple[int, Fact]], more: list[tuple[int, Fact]]
) -> None:
    """What the words reduce to is in the set; iterations that never run may say anything."""
    function, found = facts_of(f"""
    function f {{
      array x: u32[8] in at 0
      array y: u32[1] out at 8
      loop 0 i: {len(words)}
      %0 = lane 0
      %1 = load x[%0]
      %2 = reduce {kind.value} loop 0 of %1
      %3 = const 0
      %4 = store y[%3] = %2 at top
    }}""")
    load, result = function.values[1:3]
    sets = [fact for _, fact in words + more]
    found.narrow(load, reduce(facts.join, sets) if sets else facts.ANY)
    image = [word for word, _ in words] + [0] * (9 - len(words))
    assert contains(found.add(result), execute(function, image).words(result)[0])


def test_bounds() -> None:
    function, found = facts_of("""
    function f {
      array x: u32[8] in at 0
      array y: u32[6] out at 8
      loop 0 i: 8
      %0 = lane 0
      %1 = load x[%0]
      %2 = const 5
      %3 = and %1, %2
      %4 = load x[%1]
      %5 = store y[%3] = %4 in loop 0
      %6 = store y[%0] = %4 in loop 0 after %5
      %7 = const 1
      %8 = add %0, %7
      %9 = load x[%8]
      %10 = sub %8, %7
      %11 = load x[%0]
    }""")
    assert [value.id for value in check_bounds(function, found)] == [4, 6, 9]


def test_new_values_can_be_added_and_narrowed() -> None:
    function, found = facts_of(ASSUMING.format(code=""))
    load = function.values[1]
    extra = Value(99, Op.AND, (load, function.values[4]), loop=0)
    assert extra not in found
    assert found.add(extra).hi == 7 and found.is_bit(extra) is False
    found.narrow(extra, facts.between(1, 1))
    assert found.is_bit(extra) and found.of(extra).word == 1

"""Shared code: constants, table words, addresses of groups, and code outside the loops."""

from __future__ import annotations

import pytest

from tests.unit.isel.helpers import (
    kernel_text,
    opcodes,
    program_of,
    selected,
    verified,
    verified_function,
)
from vliwc.diagnostics import InternalError
from vliwc.ir.value import MASK
from vliwc.isel.scalar import Uniform
from vliwc.mir.operation import MOp, Operand, PerGroup


def uniform() -> Uniform:
    return Uniform(program_of(kernel_text("o[i] = t[v & 1];"), n=16).function, 8)


def test_constants_are_made_once() -> None:
    shared = uniform()
    assert shared.word(77) == shared.word(77)
    assert shared.word(77 + (1 << 32)) == shared.word(77)
    assert shared.word(-1) == shared.word(MASK)
    assert shared.vector(77) == shared.vector(77)
    assert opcodes(shared.ops) == {"const": 2, "vbroadcast": 1}


def test_zero_is_there_already() -> None:
    shared = uniform()
    zero = shared.word(0).source
    assert isinstance(zero, MOp) and zero.forms == () and zero.width == 1
    assert not opcodes(shared.ops)


def test_neighbouring_table_words_come_together() -> None:
    shared = uniform()
    table = shared.function.arrays["t"]
    first, second = shared.table_word(table, 3), shared.table_word(table, 10)
    assert first.source is second.source and second.offset - first.offset == 7
    far = shared.table_word(table, 11)
    assert far.source is not first.source
    last = shared.table_word(table, 63)
    assert last.offset == 7, "the vload ends with the array"
    assert opcodes(shared.ops)["vload"] == 3
    assert shared.table_loads == {"t": [first.source, far.source, last.source]}


def test_words_come_together_downwards_too() -> None:
    """Reading a table backwards once took a vload for each word: -O0 ran out of scratch."""
    shared = uniform()
    table = shared.function.arrays["t"]
    words = [shared.table_word(table, index) for index in range(table.length - 1, -1, -1)]
    assert opcodes(shared.ops)["vload"] == table.length // 8
    assert [word.offset for word in words] == [7, 6, 5, 4, 3, 2, 1, 0] * (table.length // 8)


def test_a_vload_that_begins_with_the_array_covers_the_word() -> None:
    shared = uniform()
    table = shared.function.arrays["t"]
    assert shared.table_word(table, 5).offset == 0
    assert shared.table_word(table, 4).offset == 4


def test_words_of_small_tables_come_alone() -> None:
    text = "kernel k(n) { memory { t: u32[3] in at 0; o: u32[n] out at 3; }"
    text += " parallel for i in 0 .. n { o[i] = t[1] + t[2] * i; } }"
    instance, _ = selected(program_of(text, n=9))
    assert opcodes(instance.uniform.ops)["load"] == 2
    verified(text, {"n": 9})


def test_constants_folded_into_table_words() -> None:
    shared = uniform()
    table = shared.function.arrays["t"]
    assert shared.table_word(table, 3, ("^", 9)) == shared.table_word(table, 3, ("^", 9))
    assert shared.table_word(table, 3, ("^", 9)) != shared.table_word(table, 3)
    assert opcodes(shared.ops)["^"] == 1


def test_addresses_of_groups() -> None:
    shared = uniform()
    family = shared.addresses(67, 2, 3, 8)
    assert family is shared.addresses(67, 2, 3, 8)
    assert [family.member(group) for group in (2, 3, 4)] == family.members
    for group in (1, 5, -1):
        with pytest.raises(InternalError, match="no member"):
            family.member(group)


def test_lane_numbers_of_groups() -> None:
    text = "kernel k(n) { memory { o: u32[n] out at 0; } parallel for i in 3 .. n + 3 "
    text += "{ o[i - 3] = i * i; } }"
    for n in (1, 8, 21):
        verified(text, {"n": n})
    shared = uniform()
    family = shared.lane_numbers(0, 3)
    assert isinstance(family, PerGroup) and family is shared.lane_numbers(0, 3)
    assert Operand(family.member(0)).source.lanes == 8


TOP = """
kernel top(n) {
  memory {
    x: u32[8] inout at 0;
    o: u32[n] inout at 8;
    r: u32[6] out at 8 + n;
  }
  let before = x[2];
  x[2] = x[3] + 1;
  let between = x[2] * x[before %% 8];
  %s
  r[0] = before;
  r[1] = between;
  r[2] = x[2];
  r[3] = x[before / 3 %% 8];
  x[before / 5 %% 8] = 9;
  r[4] = x[4];
  r[5] = if before == 0 then 1 else between / before;
}
"""


@pytest.mark.parametrize(
    "loop",
    [
        "",
        "parallel for i in 0 .. n { o[i] = o[i] + x[2] * between; }",
        "parallel for i in 0 .. n { o[i] = o[i] / (before | 1); }",
        "parallel for i in 0 .. n { o[i] = x[i % 8]; }",
    ],
)
def test_code_outside_loops_reads_and_writes_in_order(loop: str) -> None:
    """Words of an array that is written are loaded where the kernel reads them, not before."""
    for n in (1, 8, 11):
        verified(TOP % loop, {"n": n}, images=4)


def test_a_word_is_read_before_it_is_overwritten() -> None:
    """The load has no store before it, and the store must come after it all the same."""
    text = """
kernel k(n) {
  memory { x: u32[n] inout at 0; r: u32[2] out at n; }
  r[0] = x[0];
  parallel for i in 0 .. n { x[i] = i + 100; }
  r[1] = x[0];
}
"""
    for n in (1, 8, 40):
        verified(text, {"n": n})


UNIFORM = ["a / (b | 1)", "a % (b | 1)", "a << (b % 40)", "a >> (b % 40)", "a * b + 7", "min(a, b)"]


@pytest.mark.parametrize("expression", [*UNIFORM, "if a < b then a - b else b & a", "rotl(a, b)"])
def test_uniform_arithmetic(expression: str) -> None:
    text = f"""
kernel k(n) {{
  memory {{ x: u32[2] in at 0; o: u32[n] out at 2; r: u32[1] out at 2 + n; }}
  let a = x[0];
  let b = x[1];
  let c = {expression};
  parallel for i in 0 .. n {{ o[i] = c + i; }}
  r[0] = c;
}}
"""
    verified(text, {"n": 9}, images=4)


def test_uniform_multiply_adds() -> None:
    """The machine has none for single words."""
    verified_function("""
    function f {
      array x: u32[3] in at 0
      array y: u32[9] out at 3
      loop 0 i: 9
      %i = lane 0
      %zero = const 0
      %one = const 1
      %two = const 2
      %a = load x[%zero]
      %b = load x[%one]
      %c = load x[%two]
      %m = madd %a, %b, %c
      %v = add %i, %m
      %s = store y[%i] = %v in loop 0
    }""")

"""Words that follow from the lane number, against the interpreter of the lane IR."""

from __future__ import annotations

import pytest

from vliwc.analysis.lane_words import lane_words
from vliwc.ir.interpret import execute
from vliwc.ir.text import parse_function

EXTENT = 40
WORDS = f"""
function f {{{{
  array x: u32[{EXTENT}] in at 0
  array y: u32[{EXTENT}] out at {EXTENT}
  loop 0 i: {EXTENT}
  loop 1 j: 8
  %0 = lane 0
  %1 = const {{word}}
  %2 = const 7
  %3 = {{operation}}
  %4 = store y[%0] = %3 in loop 0
}}}}"""


@pytest.mark.parametrize(
    "operation",
    [
        *(f"{op} %0, %1" for op in ("add", "sub", "mul", "and", "or", "xor", "lt", "eq")),
        *("sub %1, %0", "shl %1, %0", "shr %1, %0", "lt %1, %0", "madd %0, %1, %2"),
        *("div %0, %1", "mod %0, %1", "select %0, %1, %2", "select %0, %2, %1"),
    ],
)
@pytest.mark.parametrize("word", [1, 3, 33, 0xFFFFFFFF, 0x80000001])
def test_words_are_those_of_the_interpreter(operation: str, word: int) -> None:
    function = parse_function(WORDS.format(word=word, operation=operation))
    words = lane_words(function, function.loops[0])
    result = execute(function, [0] * (2 * EXTENT))
    value = function.values[3]
    assert words[value].tolist() == list(result.words(value))


@pytest.mark.parametrize("operation", ["div %1, %0", "mod %1, %0"])
def test_what_traps_in_some_lane_is_not_known(operation: str) -> None:
    function = parse_function(WORDS.format(word=5, operation=operation))
    assert function.values[3] not in lane_words(function, function.loops[0])


def test_other_loops_are_not_known() -> None:
    function = parse_function(WORDS.format(word=5, operation="add %0, %1"))
    words = lane_words(function, function.loops[1])
    assert function.values[0] not in words and function.values[3] not in words
    assert words[function.values[1]].tolist() == [5] * 8

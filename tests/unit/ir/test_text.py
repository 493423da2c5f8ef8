"""The text form: what it accepts, and where it says that something is wrong."""

from __future__ import annotations

import pytest

from vliwc.diagnostics import KernelError
from vliwc.ir.graph import Array, Loop, Role, Where
from vliwc.ir.interpret import execute, interpret
from vliwc.ir.text import parse_function, print_function, print_value
from vliwc.ir.value import TOP_LEVEL, Op, Reduction
from vliwc.ir.verify import verify

EVERYTHING = """\
function everything {
  memory 60
  param n = 4
  param offset = -3
  array x: u32[4] in at 7 below 1024
  array w: u32[4] in scratch at 11
  array s: u32[4] scratch at 15
  array y: u32[4] inout at 19
  array z: u32[1] out at 23
  loop 0 i: 4
  loop 1: 2
  %0 = lane 0
  %1 = lane 1
  %2 = load x[%0]
  %3 = const 0
  %4 = const 0xFFFFFFFF
  %5 = madd %2, %4, %0
  %6 = store s[%0] = %5 in loop 0
  %7 = load s[%1] after %6
  %8 = reduce max loop 1 of %7
  %9 = select %8, %3, %4
  %10 = store z[%3] = %9 at top
  %11 = load w[%0]
  %12 = load w[%3]
  %13 = store w[%0] = %3 in loop 0 after %11, %12
  %14 = lt %2, %4
  assume %14
}
"""


def test_everything_prints_back_exactly() -> None:
    function = parse_function(EVERYTHING)
    assert print_function(function) == EVERYTHING
    assert function.arrays["x"] == Array("x", 7, 4, Role.IN, 1024)
    assert function.arrays["w"].role is Role.IN_SCRATCH
    assert function.loops == (Loop(0, 4, "i"), Loop(1, 2, ""))
    assert function.params == {"n": 4, "offset": -3}
    values = function.values
    assert values[8].reduction is Reduction.MAX and values[8].loop == TOP_LEVEL
    assert [value.id for value in values[13].order] == [11, 12]
    assert values[7].loop == 1 and values[13].loop == 0
    assert function.assumptions == (values[14],)
    assert print_value(values[5]) == "%5 = madd %2, %4, %0"


def test_names_comments_and_layout_are_free() -> None:
    text = """
    # two names for one value
    function f { array y: u32[2] out at 0x3
      %one = const 0x1  %uno = const 1
      %two = add %one, %uno   # commutes
      %s = store y[%one] = %two at top }
    """
    function = parse_function(text)
    assert [value.op for value in function] == [Op.CONST, Op.ADD, Op.STORE]
    assert interpret(function, [0] * 5) == [0, 0, 0, 0, 2]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("function", "^fun", "expected function, found fun"),
        ("%5 = madd", "%5 = ^mad", "mad is not an operation"),
        ("madd %2, %4, %0", "^madd %2, %4", "madd takes 3 operands, not 2"),
        ("madd %2, %4", "madd %2, ^%44", "%44 is not defined"),
        ("%5 = madd", "^%4 = madd", "%4 is defined twice"),
        ("load x[%0]", "load ^q[%0]", "array q is not declared"),
        ("in scratch at", "in ^memory at", "expected at, found memory"),
        ("u32[4] scratch", "u32[4] ^private", "private is not a role"),
        ("lane 1", "lane ^2", "loop 2 is not declared"),
        ("loop 1:", "loop ^2:", "expected the declaration of loop 1"),
        ("array w:", "array ^x:", "array x is declared twice"),
        ("0xFFFFFFFF", "^0x1FFFFFFFF", "a constant must be from 0 to 4294967295"),
        ("reduce max", "reduce ^mean", "mean is not a reduction"),
        ("at top", "at ^bottom", "expected top, found bottom"),
        ("%0 = lane 0", "%0 = lane ^$", "unexpected text"),
        ("%14\n}\n", "%14\n^", "expected a value, assume or }, found the end of the text"),
        ("%14\n}", "%14\n} ^x", "expected the end of the text, found x"),
    ],
)
def test_errors_name_line_and_column(old: str, new: str, message: str) -> None:
    """The caret in ``new`` marks the expected place."""
    assert EVERYTHING.count(old) == 1
    before, _, after = EVERYTHING.replace(old, new).partition("^")
    with pytest.raises(KernelError) as caught:
        parse_function(before + after, "bad.vir")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message == message
    assert diagnostic.span is not None
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert str(diagnostic.span) == f"bad.vir:{line}:{column}"


ELSEWHERE = """\
function elsewhere {
  memory 3
  array x: u32[4294967296] inout at run time
  array start: u32[1] inout at scratch below 100
  loop 0 i: 2
  %0 = lane 0
  %1 = const 0
  %2 = load start[%1]
  %3 = add %0, %2
  %4 = load x[%3]
  %5 = store x[%3] = %2 in loop 0 after %4
  %6 = reduce sum loop 0 of %4
  %7 = store start[%1] = %6 at top after %2
}
"""


def test_arrays_at_run_time_and_in_scratch() -> None:
    function = parse_function(ELSEWHERE)
    assert print_function(function) == ELSEWHERE
    verify(function)
    assert [function.arrays[name].where for name in ("x", "start")] == [
        Where.RUN_TIME,
        Where.SCRATCH,
    ]
    kept = {"start": 1}
    assert execute(function, [5, 6, 7], scratch=kept).memory == [5, 1, 1]
    assert kept == {"start": 13}

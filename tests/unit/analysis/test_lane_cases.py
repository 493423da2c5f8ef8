"""What the lane number decides: the cases of groups, and the lanes that are asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from isa.machine import DEFAULT_MACHINE
from tests.unit.isel.helpers import (
    kernel_text,
    loads_of,
    opcodes,
    program_of,
    selected,
    verified,
    verified_function,
)
from vliwc.analysis.facts import Facts
from vliwc.analysis.lane_cases import LaneCases, lane_cases
from vliwc.analysis.lane_words import lane_words
from vliwc.ir.text import parse_function
from vliwc.ir.value import Op, Value
from vliwc.isel.program import LaneProgram


def cases_of(body: str, n: int) -> tuple[LaneProgram, LaneCases]:
    program = program_of(kernel_text(body), n=n)
    cases = program.cases(program.function.loops[0])
    assert cases is not None
    return program, cases


def the_select(program: LaneProgram, cases: LaneCases) -> Value:
    """The selection between words that are loaded."""
    (found,) = [
        value
        for value in program.function.values
        if value.op is Op.SELECT and any(arg.op is Op.LOAD for arg in value.args[1:])
    ]
    return found


def test_an_edge_is_a_case_of_its_group_alone() -> None:
    program, cases = cases_of("o[i] = (if i == 0 then v else a[i - 1]) + 3;", 24)
    choice = the_select(program, cases)
    own, left = loads_of(program, "a")
    own, left = (own, left) if own.args[0].op is Op.LANE else (left, own)
    assert cases.views[0][choice] == (own, *[left] * 7)
    assert cases.views[1][choice] == cases.views[2][choice] == (left,) * 8
    assert cases.pattern == [0, 1, 1]
    assert cases.wanted[left].tolist() == [False] + [True] * 23
    assert cases.wanted[own].tolist() == [True] + [False] * 23
    # One lane is enough for a group to ask.
    assert cases.groups_wanting(own).tolist() == [True, False, False]
    assert cases.groups_wanting(left).tolist() == [True, True, True]


def test_what_no_lane_chooses_is_not_asked_for() -> None:
    program, cases = cases_of("o[i] = (if i < 16 then v * 5 else t[i % 3]) ^ 1;", 24)
    (table,) = loads_of(program, "t")
    assert cases.groups_wanting(table).tolist() == [False, False, True]


def test_lanes_no_one_asks_for_have_the_case_of_others() -> None:
    """The inner choice matters in lanes 0 to 3 only, where it is always the same."""
    program, cases = cases_of("o[i] = if i < 4 then (if i < 6 then v + 1 else a[0]) else 7;", 8)
    inner = [v for v in cases.views[0] if not isinstance(cases.views[0][v][-1], int)]
    assert all(len(set(cases.views[0][value])) == 1 for value in inner)
    assert program.function.loops[0] is cases.loop


def test_a_mask_of_lanes_is_a_case() -> None:
    program, cases = cases_of("o[i] = (v | 1) * (if i % 16 < 8 then 0 else 1) + v;", 32)
    view = cases.views[0]
    assert view and all(case == cases.views[2][value] for value, case in view.items())
    assert cases.pattern == [0, 1, 0, 1]
    assert view != cases.views[1]
    assert program.cases(cases.loop) is cases


def test_a_group_with_a_lane_to_compute_computes_all_that_is_asked_for() -> None:
    """Lane 2 is zero by a word that lane 5 multiplies: it must be zero there."""
    verified(kernel_text("o[i] = (v ^ (if i % 2 > 0 then v else 0) * (i % 3)) * 3 - v;"), {"n": 6})


@pytest.mark.parametrize("word", ["(v | 6) * (1 + i / 8)", "v & (1 + i / 8 * 2)"])
def test_factors_and_masks_of_one(word: str) -> None:
    """A factor of one leaves the other one; a mask of one does only where that is a bit."""
    program = program_of(kernel_text(f"o[i] = ({word}) ^ (v * 5);"), n=24)
    cases = program.cases(program.function.loops[0])
    assert (cases is not None) == (word != "v & (1 + i / 8 * 2)")
    verified(kernel_text(f"o[i] = ({word}) ^ (v * 5);"), {"n": 24})


@pytest.mark.parametrize(
    ("word", "op", "left"),
    [
        ("(v | 1) * (i / 8 % 2) + v * v", Op.MADD, Op.MUL),
        ("v | (0 - i / 8 % 2)", Op.OR, Op.LOAD),
    ],
)
def test_a_zero_leaves_the_addend_and_the_other_word(word: str, op: Op, left: Op) -> None:
    """In groups 0 and 2 the lane number gives the word 0, in group 1 a factor of 1 or all ones."""
    body = f"o[i] = ({word}) ^ (v * 5);"
    program, cases = cases_of(body, 24)
    (value,) = [value for value in program.function.values if value.op is op]
    rest = next(value for value in program.function.values if value.op is left)
    assert [view.get(value) for view in cases.views] == [(rest,) * 8, None, (rest,) * 8]
    verified(kernel_text(body), {"n": 24})


def test_what_indices_are_made_of_is_right_in_all_lanes() -> None:
    """The address takes the selection ``%16`` apart and reads the bit ``%8`` itself, for which
    otherwise only the lanes ask in which ``%12`` chooses it."""
    verified_function("""
function test {
  memory 115
  array t: u32[64] in at 3
  array a: u32[24] in at 67
  array o: u32[24] out at 91
  loop 0 i: 24
  %0 = lane 0
  %1 = load a[%0]
  %2 = const 1
  %3 = const 2
  %4 = and %0, %2
  %5 = shr %0, %3
  %6 = and %5, %2
  %7 = xor %6, %2
  %8 = select %4, %6, %7
  %9 = const 5
  %10 = mul %8, %9
  %11 = const 7
  %12 = select %6, %10, %11
  %13 = const 3
  %14 = and %1, %13
  %15 = add %14, %13
  %16 = select %8, %15, %14
  %17 = const 16
  %18 = shr %1, %3
  %19 = and %18, %13
  %20 = madd %19, %17, %16
  %21 = load t[%20]
  %22 = xor %21, %12
  %23 = store o[%0] = %22 in loop 0
}
""")


def test_without_a_decision_there_are_no_cases() -> None:
    program = program_of(kernel_text("o[i] = if v > 3 then v else t[v % 64];"), n=24)
    assert program.cases(program.function.loops[0]) is None


def test_divisors_are_right_in_lanes_whose_quotient_is_not_used() -> None:
    """A divisor is zero where the quotient is not chosen, unless its guard is kept."""
    body = "o[i] = if i % 8 == 0 then 5 else v / (if i % 8 == 0 then 1 else a[i - 1] | 1);"
    verified(kernel_text(body), {"n": 40})
    program, cases = cases_of(body, 40)
    divisions = [v for v in program.function.values if v.op is Op.DIV]
    assert all(cases.wanted[v.args[1]].all() for v in divisions)


@pytest.mark.parametrize(
    "word",
    [
        "if i == 0 then a[0] else a[i - 1]",
        "a[min(i + 1, n - 1)] - v",
        "a[(i + 1) % n]",
        "if i % 10 == 9 || i + 1 == n then v else a[i + 1]",
    ],
)
def test_groups_inside_select_nothing(word: str) -> None:
    """Group 2 of an iteration space that wraps at 10 and ends at 80 touches no edge."""
    text = kernel_text(f"o[i] = ({word}) ^ 9;")
    verified(text, {"n": 77})
    instance, _ = selected(program_of(text, n=80))
    found = opcodes(instance.selected[2].template.ops)
    assert found["vselect"] == 0 and found["=="] == 0 and found["<"] == 0


def test_an_edge_costs_no_operation_where_scalars_can_read_the_words() -> None:
    """The first group takes its words one by one, with the operation that needs them."""
    instance, first = selected(
        program_of(kernel_text("o[i] = (if i == 0 then 77 else a[i - 1]) ^ 9;"), n=24)
    )
    (edge,) = [op for op in first.template.ops if op.width]
    assert edge.forms[0].per_lane is not None and edge.forms[0].opcode == "^"
    (inside,) = [op for op in instance.selected[1].template.ops if op.width]
    assert inside.forms[0].engine == "valu"


@pytest.mark.parametrize("n", [24, 45])
def test_lanes_of_two_vectors_are_copied_or_selected_by_a_mask(n: int) -> None:
    text = kernel_text("o[i] = if i % 16 == 3 || i == 20 then v * 5 + 1 else v * 3 + 2;")
    _, first = selected(program_of(text, n=24))
    (edge,) = [op for op in first.template.ops if op.forms[0].opcode == "vselect"]
    assert {form.engine for form in edge.forms} == {"alu", "flow"}
    for slots in ({"alu": 1, "flow": 2}, {"alu": 24, "flow": 1}):
        machine = replace(DEFAULT_MACHINE, slots=DEFAULT_MACHINE.slots | slots)
        built, _ = verified(text, {"n": n}, machine=machine)
        flow = [slot for bundle in built.program.bundles for slot in bundle.get("flow", ())]
        assert any(slot[0] == "vselect" for slot in flow) or slots["alu"] > 1


def test_words_that_other_loops_take_are_asked_for() -> None:
    function = parse_function("""
    function f {
      array x: u32[16] in at 0
      array y: u32[16] in at 16
      array z: u32[8] out at 32
      loop 0 i: 16
      loop 1 j: 8
      %i = lane 0
      %five = const 5
      %low = lt %i, %five
      %x = load x[%i]
      %y = load y[%i]
      %w = select %low, %x, %y
      %j = lane 1
      %m = move loop 1 of %w[3 to 8], %w[12]*2
      %s = store z[%j] = %m in loop 1
    }
    """)
    loop = function.loops[0]
    cases = lane_cases(function, loop, lane_words(function, loop), Facts(function), 8)
    assert cases is not None
    x, y = (value for value in function.values if value.op is Op.LOAD)
    (w,) = (value for value in function.values if value.op is Op.SELECT)

    def asked(value: Value) -> list[int]:
        return [lane for lane in range(16) if cases.wanted[value][lane]]

    assert (asked(w), asked(x), asked(y)) == ([3, 4, 5, 6, 7, 8, 12], [3, 4], [5, 6, 7, 8, 12])
    assert cases.views[1][w] == (y,) * 8

"""Words that loops take from groups of other loops: what they cost, and that they are right."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.unit.isel.helpers import opcodes, verified
from vliwc.ir.text import parse_function
from vliwc.ir.value import Op, Value
from vliwc.isel.memory.moves import loop_moves, needed_moves, taken_in, taken_words
from vliwc.isel.scalar import Uniform
from vliwc.mir.operation import InGroup, MOp, Operand
from vliwc.mir.scheduling_problem import problem_of
from vliwc.mir.text import parse_dag, print_dag
from vliwc.sched.problem.json import problem_to_json


def two_loops(read: str, extent: str = "n") -> str:
    """A loop that stores words, and one that reads them as ``w[read]``."""
    return f"""
kernel test(n) {{
  memory {{
    x: u32[n] in at 0;
    w: u32[n] scratch at n;
    y: u32[n] inout at 2 * n;
  }}
  parallel for i in 0 .. n {{ w[i] = x[i] * x[i]; }}
  parallel for i in 0 .. {extent} {{ y[i] = w[{read}] + 5; }}
}}
"""


@pytest.mark.parametrize(
    ("read", "engines"),
    [
        ("i", "valu"),
        ("i / 8 * 8 + 3", "valu"),
        ("(i + 8) % n", "valu"),
        ("i ^ 1", "alu"),
        ("(i + 3) % n", "alu"),
        ("n - 1 - i", "alu"),
    ],
)
def test_aligned_vectors_cost_nothing_and_other_words_are_read_in_place(
    read: str, engines: str
) -> None:
    built, _ = verified(two_loops(read), {"n": 32})
    first, second = built.dag.groups[0], built.dag.groups[-1]
    assert opcodes(first.ops) == Counter({"vload": 1, "*": 1})
    assert opcodes(second.ops) == Counter({"+": 1, "vstore": 1})
    assert {form.engine for form in second.ops[0].forms} >= {engines}
    assert ("valu" in {form.engine for form in second.ops[0].forms}) is (engines == "valu")


def test_a_word_for_all_lanes_of_a_group_is_broadcast() -> None:
    built, _ = verified(two_loops("i / 8 + 3"), {"n": 32})
    assert opcodes(built.dag.shared)["vbroadcast"] == 4 + 1  # a word for each group, and 5


def test_groups_with_words_at_equal_places_share_a_template() -> None:
    built, _ = verified(two_loops("i ^ 9"), {"n": 64})
    assert len(set(built.dag.groups[8:])) == 1
    assert len(set(built.dag.groups[:8])) == 1


@pytest.mark.parametrize("n", [3, 8, 13, 29])
@pytest.mark.parametrize("read", ["i", "i / 2", "n - 1 - i", "(i + 5) % n", "0"])
def test_short_groups(read: str, n: int) -> None:
    verified(two_loops(read), {"n": n})
    verified(two_loops(read, extent="(n + 1) / 2"), {"n": n})


def test_words_of_results_at_the_top_level() -> None:
    text = two_loops("i").replace("in 0 .. n { y", "in 1 .. n { y")
    text = text.rstrip().removesuffix("}") + "  y[0] = w[n - 1] + w[2] * 3;\n}\n"
    built, _ = verified(text, {"n": 21})
    assert opcodes(built.dag.shared)["load"] == 0


def test_families_of_results_print_and_parse_back() -> None:
    built, _ = verified(two_loops("i ^ 9"), {"n": 32})
    text = print_dag(built.dag)
    assert re.search(r"family @\d+ \"moved0\" from 4: g1\.%\d+, g0\.%\d+, g3", text)
    again = parse_dag(text)
    assert print_dag(again) == re.sub(r" # .*", "", text)
    assert problem_to_json(problem_of(again)) == problem_to_json(problem_of(built.dag))


FUNCTION = parse_function("""
function f {
  array x: u32[16] inout at 0
  loop 0 i: 16
  loop 1 j: 16
  %0 = lane 0
  %1 = load x[%0]
  %2 = lane 1
  %3 = move loop 1 of %1[8 to 15], %1[1]*7, %2[15]
  %4 = store x[%2] = %3 in loop 1 after %1
  %5 = move at top of %1[0]
}
""")


def test_places_of_words_name_results_by_number_within_the_group() -> None:
    results = [MOp(name, (), 8, 8) for name in ("a", "b")]

    def word(value: Value, at: int) -> Operand:
        assert value.op is Op.LOAD
        return Operand(InGroup(at // 8, results[at // 8]), at % 8, 0)

    uniform = Uniform(FUNCTION, 8)
    moves = loop_moves(FUNCTION.loops[1], needed_moves(FUNCTION), uniform, 2, word)
    assert moves is not None and [len(group.results) for group in moves.groups] == [1, 1]
    move = FUNCTION.values[3]
    first = moves.words(0, move)
    assert isinstance(first, Operand) and (first.offset, first.stride) == (0, 1)
    second = moves.words(1, move)
    assert isinstance(second, tuple) and second[7] is FUNCTION.values[2]
    assert {(w.offset, w.stride) for w in second if isinstance(w, Operand)} == {(1, 0)}
    assert loop_moves(FUNCTION.loops[0], [], uniform, 0, word) is None


def test_only_what_is_picked_by_something_needed_is_taken() -> None:
    (taken,) = taken_words(needed_moves(FUNCTION)).values()
    assert taken == {FUNCTION.values[1]: frozenset({1, *range(8, 16)})}
    load = FUNCTION.values[1]
    assert taken_in(taken, 0, 8) == taken_in(taken, 1, 8) == (load,)
    assert taken_in({load: frozenset({3})}, 1, 8) == ()


def test_lanes_past_the_end_of_a_short_group_read_no_words_behind_a_result() -> None:
    """Vectors end within the result: three lanes from word 5 on are read one by one."""
    function = parse_function("""
    function f {
      array x: u32[16] in at 0
      array y: u32[3] out at 16
      loop 0 i: 16
      loop 1 j: 3
      %0 = lane 0
      %1 = load x[%0]
      %2 = lane 1
      %3 = move loop 1 of %1[5 to 7]
      %4 = move loop 1 of %1[8 to 10]
      %5 = xor %3, %4
      %6 = store y[%2] = %5 in loop 1
    }
    """)
    results = [MOp(name, (), 8, 8) for name in ("a", "b")]
    moves = loop_moves(
        function.loops[1],
        needed_moves(function),
        Uniform(function, 8),
        2,
        lambda _, at: Operand(InGroup(at // 8, results[at // 8]), at % 8, 0),
    )
    assert moves is not None
    behind, first = (moves.words(0, value) for value in function.values if value.op is Op.MOVE)
    assert isinstance(behind, tuple) and [w.offset for w in behind if isinstance(w, Operand)] == [
        *(5, 6, 7)
    ]
    assert isinstance(first, Operand) and (first.offset, first.stride) == (0, 1)

"""Running totals: what they cost, and that groups carry in what those before them add up to."""

from __future__ import annotations

import re

import pytest

from tests.unit.isel.helpers import opcodes, verified
from vliwc.ir.interpret import interpret
from vliwc.ir.text import parse_function, print_function
from vliwc.ir.verify import VerifyError, verify
from vliwc.isel.loops.scans import BLOCK, LONG_CHAIN
from vliwc.lang import bind, parse_kernel
from vliwc.lang.interpret import interpret as run_kernel
from vliwc.mir.scheduling_problem import problem_of
from vliwc.mir.text import parse_dag, print_dag
from vliwc.sched.problem.json import problem_to_json
from vliwc.sched.problem.paths import heads_and_tails

MASK = 0xFFFFFFFF


def scan(*heads: str, stored: str) -> str:
    body = "".join(f"scan x[i] into {head.split()[-1]}; " for head in heads)
    return f"""
kernel test(n) {{
  memory {{ x: u32[n] in at 0; y: u32[n] out at n; t: u32[1] out at 2 * n; }}
  parallel for i in 0 .. n scan {", ".join(heads)} {{ {body} y[i] = {stored}; }}
  t[0] = {heads[0].split()[-1]};
}}
"""


KINDS = {
    "sum": lambda a, b: (a + b) & MASK,
    "xor": lambda a, b: a ^ b,
    "min": min,
    "max": max,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("before", ["", "before "])
def test_the_language_scans(kind: str, before: str) -> None:
    words = [7, 2**32 - 3, 9, 2, 2, 4000000000]
    kernel = bind(parse_kernel(scan(f"{kind} {before}s", stored="s"), "test.vk"), {"n": 6})
    found = run_kernel(kernel, words + [0] * 7)
    total = MASK if kind == "min" else 0
    for k, word in enumerate(words):
        after = KINDS[kind](total, word)
        assert found[6 + k] == (total if before else after)
        total = after
    assert found[12] == total


def test_a_group_takes_an_operation_for_each_lane_and_one_for_all() -> None:
    built, _ = verified(scan("sum s", stored="s"), {"n": 64})
    template = built.dag.groups[3]
    found = opcodes(template.ops)
    assert (found["+"], found["|"], found["vload"], found["vstore"]) == (8, 1, 1, 1)
    assert len(set(built.dag.groups[:-1])) == 1


def test_scans_of_one_word_share_their_operations() -> None:
    built, _ = verified(scan("sum s", "sum before b", stored="s ^ b * 3"), {"n": 24})
    found = opcodes(built.dag.groups[1].ops)
    assert found["+"] == 8 + 2
    verified(scan("sum before b", stored="b"), {"n": 21})


def test_totals_of_many_groups_are_combined_in_blocks() -> None:
    """The chain of totals is that of the blocks, not of the groups."""
    lengths: list[int] = []
    for groups in (LONG_CHAIN, 4 * LONG_CHAIN):
        built, _ = verified(scan("sum s", stored="s"), {"n": 8 * groups}, images=1)
        head, tail = heads_and_tails(problem_of(built.dag))
        lengths.append(int((head + tail).max()))
    assert lengths[1] - lengths[0] < 4 * LONG_CHAIN // BLOCK + BLOCK - LONG_CHAIN // 2


@pytest.mark.parametrize("n", [1, 5, 8, 9, 8 * LONG_CHAIN + 9, 8 * (LONG_CHAIN + BLOCK) + 1])
def test_sizes(n: int) -> None:
    verified(scan("sum s", "max before m", stored="s + m"), {"n": n}, images=1)


def test_scans_print_and_parse_back() -> None:
    built, _ = verified(scan("min s", stored="s"), {"n": 24})
    text = print_dag(built.dag)
    again = parse_dag(text)
    assert print_dag(again) == re.sub(r" # .*", "", text)
    assert problem_to_json(problem_of(again)) == problem_to_json(problem_of(built.dag))


TEXT = """function f {
  array x: u32[3] inout at 0
  loop 0 i: 3
  %0 = lane 0
  %1 = load x[%0]
  %2 = scan min before loop 0 of %1
  %3 = scan xor loop 0 of %2
  %4 = store x[%0] = %3 in loop 0 after %1
}
"""


def test_scans_of_the_lane_ir() -> None:
    function = parse_function(TEXT)
    verify(function)
    assert print_function(function) == TEXT
    assert interpret(function, [5, 3, 9]) == [MASK, MASK ^ 5, MASK ^ 5 ^ 3]
    outside = TEXT.replace("loop 0 of %2", "loop 1 of %2")
    with pytest.raises(VerifyError, match="uses a value of loop 0"):
        verify(parse_function(outside.replace("i: 3\n", "i: 3\n  loop 1 j: 3\n")))

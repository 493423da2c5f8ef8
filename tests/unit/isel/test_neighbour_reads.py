"""Neighbouring words at run-time places: one row for each lane, its words read where they stand."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isa.original import OriginalProblem
from isa.simulator import run
from tests.strategies.neighbour_words import neighbour_words
from tests.strategies.plans import build, lane_program, named_choice, random_choice
from tests.unit.isel.helpers import loads_of, opcodes, program_of, selected, verified
from vliwc.driver import compile_text
from vliwc.isel.reads.neighbour_reads import InRow, RowOfNeighbours
from vliwc.lang import bind, parse_kernel
from vliwc.lang.interpret import interpret, output_words, random_memory
from vliwc.options import Options
from vliwc.strategy.options import Step, loop_reads

TAKEHOME = os.environ.get("VLIWC_TAKEHOME")
ORIGINAL = OriginalProblem(f"{TAKEHOME}/tests/frozen_problem.py") if TAKEHOME else None


def nodes(use: str, *, before: int = 0, below: int = 40, n: int = 16) -> str:
    """A kernel that reads words of the node `x`, with room around the table."""
    return f"""
kernel nodes(n) {{
  memory {{
    p: u32[n] in at {before + 3 * below} below {below};
    t: u32[{3 * below}] in at {before};
    o: u32[n] out at {before + 3 * below} + n;
  }}
  parallel for i in 0 .. n {{ let x = 3 * p[i]; o[i] = {use}; }}
}}
"""


def row(text: str, n: int = 16) -> Step | None:
    """The row that starts with the first table read of a kernel."""
    program = program_of(text, n=n)
    steps = loop_reads(program, program.function.loops[0]).steps[0]
    return next((step for step in steps if step.name == "row"), None)


def test_a_row_serves_all_neighbours_with_one_vload_for_each_lane() -> None:
    text = nodes("(t[x] ^ t[x + 2]) + t[x + 1]")
    built, _ = verified(text, {"n": 16}, "row")
    found = row(text)
    assert found is not None and len(found.reads) == 3
    (_, first), (_, second), (_, third) = found.reads
    assert isinstance(first, RowOfNeighbours) and (first.back, first.pitch) == (0, 3)
    assert isinstance(second, InRow) and isinstance(third, InRow)
    assert sorted((second.place, third.place)) == [1, 2]
    loads = opcodes(op for op, _ in built.dag.operations())
    assert loads["vload"] >= 2 and not loads["load"] > 8


def test_a_row_is_the_load_of_all_its_words() -> None:
    """For whatever has to come before or after one of them."""
    program = program_of(nodes("(t[x] ^ t[x + 2]) + t[x + 1]"), n=16)
    _, lanes = selected(program, "row")
    (load,) = [op for op in lanes.template.ops if op.name.startswith("row")]
    assert [lanes.memory[value] for value in loads_of(program, "t")] == [[load]] * 3


@pytest.mark.parametrize("low", [0, 1, 2])
def test_the_first_read_need_not_be_the_lowest_word(low: int) -> None:
    order = [low, *(k for k in range(3) if k != low)]
    text = nodes(" + ".join(f"t[x + {k}] * {k + 2}" for k in order))
    verified(text, {"n": 13}, "row")
    found = row(text, 13)
    assert found is not None
    first = found.reads[0][1]
    assert isinstance(first, RowOfNeighbours) and first.back == low


def test_the_read_that_comes_first_in_the_kernel_loads_the_row() -> None:
    """One row serves `t[x]` and `t[x + 1]`, another could serve `t[x + 1]` and `t[x + 8]`, of which
    the second stands before the first."""
    text = nodes("(t[x] ^ 3) * (t[x + 8] ^ 5) * (t[x + 1] ^ 7)").replace("3 * p", "2 * p")
    program = program_of(text, n=13)
    reads = loop_reads(program, program.function.loops[0])
    order = {value: number for number, value in enumerate(program.function.values)}
    rows = [step for steps in reads.steps for step in steps if step.name == "row"]
    assert len(rows) == 2
    for step in rows:
        loader = next(value for value, read in step.reads if isinstance(read, RowOfNeighbours))
        assert order[loader] == min(order[value] for value, _ in step.reads)
    kernel = bind(parse_kernel(text, "test.vk"), {"n": 13})
    for pick in range(4):
        chosen = random_choice(program, random.Random(pick))
        memory = random_memory(kernel, pick)
        expected = interpret(kernel, memory)
        found = run(build(program, chosen).program, memory).memory
        for words in output_words(kernel):
            assert found[words.start : words.stop] == expected[words.start : words.stop]


def test_rows_at_the_end_of_memory_start_earlier() -> None:
    """Nothing behind memory is loaded; where a row does not fit before either, there is none."""
    text = """
kernel last(n) {
  memory {
    p: u32[n] in at 0 below 10;
    o: u32[n] out at n;
    t: u32[WORDS] in at 2 * n;
  }
  parallel for i in 0 .. n { let x = 3 * p[i]; o[i] = t[x] ^ t[x + 1] ^ t[x + 2]; }
}
"""
    for words, back in ((30, 5), (33, 2), (35, 0), (40, 0)):
        exact = text.replace("WORDS", str(words))
        found = row(exact)
        assert found is not None
        first = found.reads[0][1]
        assert isinstance(first, RowOfNeighbours)
        assert (first.back, first.pitch) == (back, back + 3)
        verified(exact, {"n": 16}, "row")
    unknown = text.replace("WORDS", "30").replace("below 10", "").replace("3 * p[i]", "p[i]")
    found = row(unknown)
    assert found is not None
    first = found.reads[0][1]
    assert isinstance(first, RowOfNeighbours) and (first.back, first.pitch) == (5, 8)
    short = text.replace("below 10", "below 2").replace("3 * p", "p").replace(" ^ t[x + 2]", "")
    assert row(short.replace("WORDS", "3"), n=2) is None  # all of memory is seven words
    assert row(short.replace("WORDS", "6"), n=2) is not None


def test_reads_of_other_arrays_may_stand_between() -> None:
    text = """
kernel probe(n) {
  memory {
    p: u32[n] in at 0 below 20;
    t: u32[30] in at n;
    v: u32[30] in at n + 30;
    o: u32[n] out at n + 60;
  }
  parallel for i in 0 .. n {
    let x = p[i];
    var s = 0;
    for k in 0 .. 4 {
      s = if t[x + k] % 2 == 1 then v[x + k] else s;
    }
    o[i] = s;
  }
}
"""
    program = program_of(text, n=16)
    reads = loop_reads(program, program.function.loops[0])
    assert [value.array for value in reads.table] == ["t"] * 4 + ["v"] * 4
    for at in (0, 4):
        found = next(step for step in reads.steps[at] if step.name == "row")
        assert len(found.reads) == 4
    verified(text, {"n": 16}, "row")


def test_what_is_no_row() -> None:
    assert row(nodes("t[x] + t[x / 2]")) is None
    assert row(nodes("t[x] + t[x % 4 + 8]")) is None
    assert row(nodes("t[x]")) is None


@pytest.mark.parametrize(
    "use", ["t[x] * t[x + 1]", "(t[x] ^ 5) + (t[x + 1] ^ 5)", "t[x] * (t[x] + 3)"]
)
@pytest.mark.parametrize("n", [5, 8, 17])
def test_uses_of_the_words(use: str, n: int) -> None:
    verified(nodes(use + " + t[x + 1]", n=n), {"n": n}, "row")


@settings(max_examples=60)
@given(neighbour_words(), st.integers(0, 2**32))
def test_rows_and_random_choices_give_the_right_words(
    kernel: tuple[str, dict[str, int]], seed: int
) -> None:
    text, params = kernel
    bound = bind(parse_kernel(text, "near.vk"), params)
    program = lane_program(bound)
    for choice in (named_choice(program, "row"), random_choice(program, random.Random(seed))):
        made = build(program, choice)
        memory = random_memory(bound, seed)
        expected, found = interpret(bound, memory), [run(made.program, memory).memory]
        if ORIGINAL is not None:
            found.append(ORIGINAL.run(made.program, memory).memory)
        for words in output_words(bound):
            for each in found:
                assert each[words.start : words.stop] == expected[words.start : words.stop]


@settings(max_examples=15)
@given(neighbour_words(), st.sampled_from((1, 2)))
def test_programs_are_right(kernel: tuple[str, dict[str, int]], level: int) -> None:
    text, params = kernel
    result = compile_text(text, "near.vk", params, Options(level=level, verify=True))
    memory = random_memory(result.kernel, 1)
    expected, found = interpret(result.kernel, memory), run(result.program, memory).memory
    for words in output_words(result.kernel):
        assert found[words.start : words.stop] == expected[words.start : words.stop]


def test_leaving_the_strategy_out() -> None:
    text = nodes("t[x] ^ t[x + 1] ^ t[x + 2]", below=400, n=64)
    with_rows = compile_text(text, "n.vk", {"n": 64}, Options())
    without = compile_text(text, "n.vk", {"n": 64}, Options(without=("neighbours",)))
    assert with_rows.cycles * 2 < without.cycles
    assert with_rows.kernel_bound < without.lower_bound

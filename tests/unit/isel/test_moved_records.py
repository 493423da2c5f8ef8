"""Words of records that move through memory: what comes out, what it takes, who takes turns."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isa.simulator import run
from tests.strategies.plans import build, lane_program, named_choice, random_choice, slots_by_engine
from tests.unit.isel.helpers import program_of, verified
from tests.unit.isel.test_records import USES, walk
from vliwc.isel.memory.lane_buffer import LaneBuffer
from vliwc.isel.program import LaneProgram
from vliwc.lang import bind, parse_kernel
from vliwc.lang.interpret import interpret, output_words, random_memory
from vliwc.strategy.choose import slots_needed
from vliwc.strategy.options import loop_reads

MOVED = "moved record"


def moved(text: str, n: int = 16, left_out: frozenset[str] = frozenset()) -> int:
    """How many records of a kernel could have their words moved."""
    found = program_of(text, n=n)
    program = LaneProgram.of(found.function, found.facts, found.machine, left_out=left_out)
    reads = loop_reads(program, program.function.loops[0], moves=True)
    return sum(step.name == MOVED for steps in reads.steps for step in steps)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("n", [8, 24, 29])
def test_every_use_of_the_word_that_is_chosen(use: str, n: int) -> None:
    verified(walk("x = x ^ k;", use), {"n": n}, MOVED)


@pytest.mark.parametrize("use", ["x = x ^ k;", "x = k - x;", "x = x - k;", "x = (x ^ k) ^ 99;"])
def test_uses_of_the_first_word(use: str) -> None:
    verified(walk(use, "x = x + k;"), {"n": 24}, MOVED)


@pytest.mark.parametrize(
    "use", ["x = k; y = y ^ k;", "x = x / k;", "x = x << (k % 32);", "x = k * k + x;"]
)
def test_first_words_that_alu_cannot_combine_while_rows_land(use: str) -> None:
    assert moved(walk("x = x ^ k;", "x = x ^ k;")) == 1
    assert moved(walk(use, "x = x ^ k;")) == 0


def test_not_with_three_words_to_choose_from_nor_if_left_out() -> None:
    text = walk("x = x ^ k;", "x = x ^ k;")
    assert moved(text, left_out=frozenset(["moves"])) == 0
    three = text.replace("2 * node + 1 + (x >> 3) % 2", "3 * node + 1 + (x >> 3) % 3")
    assert moved(three) == 0


def test_rows_do_not_start_before_memory() -> None:
    """Five words before a record belong to its row."""
    text = """
kernel low(n) {
  memory { s: u32[32] scratch at %d; a: u32[n] inout at %d; t: u32[7] in at %d + n; }
  parallel for i in 0 .. n {
    var v = a[i];
    var x = v %% 2;
    for k in 0 .. 2 { v = (v ^ t[x]) * 5; x = 2 * x + 1 + v %% 2; }
    a[i] = v;
  }
}
"""
    assert moved(text % (5, 37, 37)) == 1
    verified(text % (5, 37, 37), {"n": 16}, MOVED)
    assert moved(text % (4, 36, 36)) == 0


def test_what_it_takes_and_saves() -> None:
    """A vector operation less for a load and eight stores, in each group, as the step says."""
    text = walk("x = x ^ k;", "x = (x ^ k) * 3;")
    program = program_of(text, n=16)
    steps = {
        step.name: step
        for steps in loop_reads(program, program.function.loops[0], moves=True).steps
        for step in steps
    }
    built = {name: verified(text, {"n": 16}, name)[0] for name in ("record", MOVED)}
    plain, other = (slots_needed(built[name].dag.groups[0].ops) for name in ("record", MOVED))
    asked = steps[MOVED].demand.plus(steps["record"].demand, -1)
    assert (asked.compute, asked.load, asked.store) == (-8, 1, 8)
    for field in ("compute", "flow", "load", "store"):
        assert getattr(other, field) - getattr(plain, field) == getattr(asked, field), field


def test_words_land_side_by_side_and_groups_take_turns() -> None:
    text = walk("x = x ^ k;", "x = x ^ k;")
    built, _ = verified(text, {"n": 24}, MOVED)
    names = built.dag.names()
    cycle = built.schedule.lane_cycle
    first = built.problem.dense.lane_ptr
    at = {name: [int(cycle[first[i]]) for i, n in enumerate(names) if n == name] for name in names}
    landing = next(n.split(".")[1] for n in names if ".land" in n)
    moves, brought = landing.replace("land", "move"), landing.replace("land", "moved")
    widths = [op.width for op in built.dag.groups[0].ops if op.name == landing]
    assert sorted(widths) == [0] * 7 + [15]
    for group in range(3):
        assert at[f"g{group}.{landing}"] == sorted(set(at[f"g{group}.{landing}"]))
        assert max(at[f"g{group}.{moves}"]) < at[f"g{group}.{brought}"][0]
        if group:
            assert at[f"g{group - 1}.{brought}"][0] <= min(at[f"g{group}.{moves}"])


def test_a_buffer_in_words_that_a_group_lends() -> None:
    """Where there is no scratch array, the words of results are used until they are stored."""
    text = walk("x = x ^ k;", "x = x ^ k;").replace("s: u32[96] scratch at 32 + 2 * n;", "")
    program = program_of(text, n=64)
    choice = named_choice(program, MOVED)
    (space,) = choice.placements[LaneBuffer(0)].spaces
    assert space.before is not None
    built, _ = verified(text, {"n": 64}, MOVED)
    assert slots_by_engine(built.program)["store"] > 64


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1 << 30), st.sampled_from(USES), st.integers(8, 40))
def test_mixed_with_other_ways(seed: int, use: str, n: int) -> None:
    text = walk("x = x ^ k;", use, "x = x ^ k;", "x = x + k;")
    kernel = bind(parse_kernel(text, "test.vk"), {"n": n})
    program = lane_program(kernel)
    built = build(program, random_choice(program, random.Random(seed)))
    memory = random_memory(kernel, seed)
    expected, found = interpret(kernel, memory), run(built.program, memory).memory
    for words in output_words(kernel):
        assert found[words.start : words.stop] == expected[words.start : words.stop]

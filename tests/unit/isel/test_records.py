"""Record packing: content of the tables, the rows of lanes, and every use of their words."""

from __future__ import annotations

import pytest

from isa.machine import MachineSpec
from isa.simulator import run
from tests.strategies.plans import Choice, build, lane_program, named_choice
from tests.unit.isel.helpers import program_of, verified
from vliwc.isel.program import LaneProgram
from vliwc.isel.reads.records import RecordTable
from vliwc.lang import bind, parse_kernel
from vliwc.lang.interpret import interpret, output_words
from vliwc.strategy.options import loop_reads

WALK = """
kernel test(n) {
  memory {
    t: u32[31] in at 0;
    v: u32[n] inout at 31;
    w: u32[n] out at 31 + n;
    z: u32[1] out at 31 + 2 * n;
    s: u32[96] scratch at 32 + 2 * n;
  }
  parallel for i in 0 .. n reduce sum total {
    var node = 0;
    var x = v[i];
    var y = 0;
%s
    v[i] = x;
    w[i] = y + node;
    reduce x into total;
  }
  z[0] = total;
}
"""

DOWN = "node = 2 * node + 1 + (x >> 3) % 2;"


def walk(*uses: str) -> str:
    """A walk down a binary tree that uses each word it meets (`k`) as told."""
    steps = [
        f"    {DOWN} let k{number} = t[node]; {use.replace('k', f'k{number}')}"
        for number, use in enumerate(uses)
    ]
    return WALK % "\n".join(steps)


def test_content() -> None:
    table = RecordTable("t", 3, 4, 2, (1, 2), (("^", 9), None))
    assert (table.pitch, table.words) == (3, 12)
    assert [table.content(position) for position in range(6)] == [
        (3, ("^", 9)),
        (7, None),
        (8, None),
        (4, ("^", 9)),
        (9, None),
        (10, None),
    ]


def test_the_table_in_memory() -> None:
    """After a run the records still stand in the scratch array, constants folded in."""
    text = walk("x = x ^ (k ^ 5);", "x = x ^ (k ^ 9);")
    built, ran = verified(text, {"n": 16}, "record")
    choice = named_choice(program_of(text, n=16), "record")
    ((table, placement),) = choice.placements.items()
    assert placement.spaces[0].group is None
    assert (table.first, table.count, table.scale, table.offsets) == (1, 2, 2, (1, 2))
    tree = ran.memory[:31]
    base = placement.base
    assert ran.memory[base : base + 6] == [
        *(tree[1] ^ 5, tree[3] ^ 9, tree[4] ^ 9),
        *(tree[2] ^ 5, tree[5] ^ 9, tree[6] ^ 9),
    ]
    rows = [op for op in built.dag.groups[0].ops if op.serial]
    assert [(op.lanes, op.width) for op in rows] == [(8, 3 * 7 + 8)]


USES = [
    "x = x ^ k;",
    "x = k - x;",
    "x = x - k;",
    "x = x * 5 + k;",
    "x = k * 9 + x;",
    "x = k * k + x;",
    "x = k; y = y ^ k;",
    "y = if x % 3 == 0 then k else y; x = x >> 1;",
    "y = y + (if k % 2 == 0 then x else k); x = x >> 1;",
    "y = if k == 0 then 1 else y; x = x >> 1;",
    "x = x ^ (k & 255);",
    "x = x ^ (k * 77);",
    "x = x ^ (k / 3);",
    "x = x ^ (k % 10);",
    "x = x ^ (k << 4);",
    "x = x ^ (k >> 4);",
    "x = x ^ (k | 8);",
    "x = x + (k - 7);",
    "x = (x ^ k) ^ 99;",
    "x = (x + k) + 99;",
    "y = y + (if k < 1000 then 1 else 0); x = x * 3;",
    "x = x << (k % 32);",
    "x = x / (k | 1);",
]


@pytest.mark.parametrize("use", USES)
def test_uses_of_both_words(use: str) -> None:
    verified(walk(use, use), {"n": 24}, "record")


@pytest.mark.parametrize("use", ["x = x / k;", "x = x % k;", "x = x << (k % 32);"])
def test_a_word_that_is_not_chosen_may_be_a_bad_divisor(use: str) -> None:
    """Each lane goes down on the left, and the words on the right are zeros."""
    kernel = bind(parse_kernel(walk("x = x ^ (k & 4);", use), "test.vk"), {"n": 8})
    program = lane_program(kernel)
    choice = named_choice(program, "record")
    assert choice.steps["record"]
    memory = [7] * 31 + [0x1000] * 8 + [0] * (kernel.memory_words - 39)
    for right in (2, 4, 6):
        memory[right] = 0
    ran = run(build(program, choice).program, memory)
    expected = interpret(kernel, memory)
    for words in output_words(kernel):
        assert ran.memory[words.start : words.stop] == expected[words.start : words.stop]


@pytest.mark.parametrize("first", USES[:6])
@pytest.mark.parametrize("second", USES[10:19])
def test_words_with_different_constants(first: str, second: str) -> None:
    verified(walk(first, second), {"n": 11}, "record", images=1)
    verified(walk(second, first), {"n": 11}, "record", images=1)


@pytest.mark.parametrize("n", [2, 7, 8, 9, 16, 23])
def test_short_groups(n: int) -> None:
    verified(walk("x = x ^ k;", "x = x * 3 + k;", "x = x + k;", "x = x ^ k;"), {"n": n}, "record")


@pytest.mark.parametrize("vlen", [3, 4, 5, 8, 16])
def test_vector_lengths(vlen: int) -> None:
    """With vectors of three words, rows do not overlap."""
    machine = MachineSpec(vlen=vlen)
    verified(walk("x = x ^ k;", "x = x * 3 + k;"), {"n": 13}, "record", machine)


def test_no_records_wider_than_a_vector() -> None:
    program = program_of(walk("x = x ^ k;", "x = x + k;"), MachineSpec(vlen=2), n=8)
    (steps, *_) = loop_reads(program, program.function.loops[0]).steps
    assert "record" not in [step.name for step in steps]


def test_one_table_serves_two_pairs_of_reads() -> None:
    """The second pair's rows are loaded before the last use of the first pair's word."""
    text = (
        WALK
        % """
    let a = 1 + (x >> 2) % 2;
    let p = t[a];
    let q = t[2 * a + 1 + (x >> 3) % 2];
    let b = 1 + (x >> 4) % 2;
    let r = t[b];
    let u = t[2 * b + 1 + (x >> 5) % 2];
    x = (q ^ u) + p * r;
    y = p + q + r + u;
"""
    )
    verified(text, {"n": 16}, "record")


def test_ternary_trees() -> None:
    text = (
        WALK
        % """
    node = 3 * node + 1 + x % 3; x = x ^ t[node];
    node = 3 * node + 1 + x % 3; x = x + t[node];
    y = x;
"""
    )
    built, _ = verified(text, {"n": 16}, "record")
    rows = [op for op in built.dag.groups[0].ops if op.serial]
    assert [op.width for op in rows] == [4 * 7 + 8]


def test_a_picker_that_is_not_a_bit() -> None:
    text = (
        WALK
        % """
    let a = x % 4;
    x = x ^ t[a];
    x = x + t[3 * a + 2 + (x & 12) / 4 % 3];
    y = a;
"""
    )
    verified(text, {"n": 16}, "record")


def test_tables_that_no_plan_reads_are_not_built() -> None:
    """Their words may belong to results; nothing would order the stores."""

    def unread(program: LaneProgram) -> Choice:
        placements = named_choice(program, "record").placements
        assert placements
        return Choice(named_choice(program, "gather").assignment, placements)

    text = walk("x = x ^ k;", "x = x + k;").replace("s: u32[96] scratch", "s: u32[96] in")
    built, _ = verified(text, {"n": 24}, unread)
    assert len(built.problem) == len(verified(text, {"n": 24}, "gather")[0].problem)


def test_some_groups_read_records_and_others_do_not() -> None:
    def mixed(program: LaneProgram) -> Choice:
        choices = [named_choice(program, name) for name in ("record", "gather", "select")]
        plans = [choices[group % 3].assignment[0][group] for group in range(5)]
        return Choice([plans], choices[0].placements)

    text = walk("x = x ^ k;", "x = x + k;", "x = x * 3 + k;")
    verified(text, {"n": 40}, mixed)


def test_a_table_in_the_words_of_results() -> None:
    """Without scratch arrays the records stand where results go, until these are stored."""
    text = walk("x = x ^ k;", "x = x + k;").replace("s: u32[96] scratch", "s: u32[96] in")
    choice = named_choice(program_of(text, n=64), "record")
    (placement,) = choice.placements.values()
    assert all(space.before is not None for space in placement.spaces)
    verified(text, {"n": 64}, "record")

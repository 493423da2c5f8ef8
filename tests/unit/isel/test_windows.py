"""Windows at addresses that need no constant: where they start, what they save, what comes out."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isa.simulator import run
from tests.strategies.plans import build, lane_program, named_choice, random_choice
from tests.unit.isel.helpers import kinds, program_of, verified
from vliwc.isel.program import LaneProgram
from vliwc.isel.reads.windows import Window, window_stride
from vliwc.lang import bind, parse_kernel
from vliwc.lang.interpret import interpret, output_words, random_memory
from vliwc.mir.operation import MOp
from vliwc.strategy.options import Step, loop_reads


def walk(
    base: int,
    use: str = "v = (v ^ t[x]) * 5;",
    step: str = "2 * x + 1 + v % 2",
    *,
    nodes: int = 31,
    steps: int = 4,
    room: int = 0,
) -> str:
    """A walk that begins at node `1`, through a table that stands at `base`; `room`: words that
    follow what the kernel stores."""
    return f"""
kernel walk(n) {{
  memory {{
    o: u32[n] out at {base + nodes};
    t: u32[{nodes}] in at {base};
    a: u32[n] in at {base + nodes} + n;
    r: u32[{room}] in at {base + nodes} + 2 * n;
  }}
  parallel for i in 0 .. n {{
    var v = a[i];
    var x = 1 + v / 2 % 2;
    for k in 0 .. {steps} {{ {use} x = {step}; }}
    o[i] = v;
  }}
}}
"""


def windows(text: str, n: int = 16, left_out: frozenset[str] = frozenset()) -> list[Step]:
    """The steps of a kernel that read through windows."""
    found = program_of(text, n=n)
    program = LaneProgram.of(found.function, found.facts, found.machine, left_out=left_out)
    reads = loop_reads(program, program.function.loops[0])
    return [step for steps in reads.steps for step in steps if step.name == "window"]


def offsets(text: str, n: int = 16) -> list[int]:
    """How many words before the one to read the windows of a kernel start."""
    reads = [step.reads[0][1] for step in windows(text, n)]
    return [read.offset for read in reads if isinstance(read, Window)]


def chosen(by_kind: Counter[str]) -> int:
    """Operations that flow can take."""
    return by_kind["flow"] + by_kind["either"]


def computed(by_kind: Counter[str]) -> int:
    """Operations that it cannot."""
    return by_kind["plain"] + by_kind["lanes"] + by_kind["valu"]


def loads(ops: list[MOp]) -> list[MOp]:
    """Loads of windows."""
    return [op for op in ops if op.name.startswith("window")]


@pytest.mark.parametrize(
    ("offset", "stride"), [(1, 2), (2, 3), (3, 4), (4, -4), (5, -3), (6, -2), (7, -1)]
)
def test_windows_stand_as_close_as_their_words_allow(offset: int, stride: int) -> None:
    """Each lane's window covers some words of the one loaded before; not the one that counts."""
    assert window_stride(offset, 8) == stride
    lanes = range(8) if stride > 0 else reversed(range(8))
    scratch: dict[int, tuple[int, int]] = {}
    for lane in lanes:
        start = lane * abs(stride)
        scratch.update({start + word: (lane, word) for word in range(8)})
    for lane in range(8):
        assert scratch[lane * abs(stride) + offset] == (lane, offset)


@pytest.mark.parametrize("base", range(2, 9))
def test_the_offset_takes_the_constant_of_the_chain(base: int) -> None:
    """Nodes at `base + x` have children at `2 * (base + x) + 1 - base + bit`."""
    assert offsets(walk(base)) == [base - 1] * 4
    built, _ = verified(walk(base), {"n": 16}, "window")
    first, *others = loads(built.dag.groups[0].ops)
    assert {op.forms[0].dest_stride for op in (first, *others)} == {window_stride(base - 1, 8)}
    assert first.width == abs(window_stride(base - 1, 8)) * 7 + 8 and first.serial
    for op in others:
        (address,) = (operand.source for operand in op.forms[0].operands)
        assert isinstance(address, MOp)
        ((form,)) = address.forms
        assert form.opcode == "multiply_add", "nothing but twice the last one and a bit"


@pytest.mark.parametrize(("base", "found"), [(0, [1, 3, 7]), (1, []), (9, [7, 6, 4]), (20, [])])
def test_offsets_that_do_not_stay(base: int, found: list[int]) -> None:
    """If no offset is its own successor, some steps can do; without a constant, none is needed."""
    assert offsets(walk(base)) == found
    if found:
        verified(walk(base), {"n": 16}, "window")


def test_without_a_constant_an_address_is_one_operation() -> None:
    built, _ = verified(walk(1), {"n": 16})
    gathers = [op for op in built.dag.groups[0].ops if op.name.startswith("t")]
    for op in gathers[1:]:
        (address,) = (operand.source for operand in op.forms[0].operands)
        assert isinstance(address, MOp) and address.forms[0].opcode == "multiply_add"


def test_windows_save_a_selection_at_each_step() -> None:
    """The one that chooses between the constants of an address."""
    groups = [
        verified(walk(5), {"n": 16}, name)[0].dag.groups[0].ops for name in ("gather", "window")
    ]
    plain, through = (kinds(ops) for ops in groups)
    assert chosen(plain) - chosen(through) == 3
    assert plain["load"] == through["load"] and computed(plain) == computed(through)


def words_before_a_bit(constant: int) -> str:
    """The word that is looked up is combined with `v`, and then with a constant."""
    return f"""
kernel k(n) {{
  memory {{ t: u32[40] in at 7; a: u32[n] in at 47; o: u32[n] out at 47 + n; }}
  parallel for i in 0 .. n {{
    let v = a[i];
    let x = 1 + v / 2 % 2;
    let w = (v * 3) ^ t[x];
    let y = 2 * x + 2 - w % 2;
    let z = (w ^ t[y]) ^ {constant};
    o[i] = z * 5;
  }}
}}
"""


@pytest.mark.parametrize(("constant", "free"), [(9, True), (8, False)])
def test_only_odd_constants_turn_the_lowest_bit(constant: int, free: bool) -> None:
    text = words_before_a_bit(constant)
    steps = windows(text)
    assert [step.flip is not None for step in steps] == [False, free]
    built, _ = verified(text, {"n": 16}, "window")
    by_kind = kinds(built.dag.groups[0].ops)
    other = kinds(verified(text, {"n": 16})[0].dag.groups[0].ops)
    assert chosen(by_kind) - chosen(other) == (-1 if free else 0)
    assert computed(by_kind) == computed(other)


def test_the_highest_bit_is_turned_by_the_highest_bit() -> None:
    text = words_before_a_bit(0x80000000).replace("w % 2", "(w >> 31)")
    assert [step.flip is not None for step in windows(text)] == [False, True]
    verified(text, {"n": 13}, "window")
    text = words_before_a_bit(0x40000000).replace("w % 2", "(w >> 31)")
    assert not any(step.flip for step in windows(text))


@pytest.mark.parametrize(
    ("base", "step", "expected"),
    [
        (4, "3 * x + 2 + v % 3", [3] * 4),
        (5, "3 * x + 2 + v % 3", [4] * 4),
        (6, "3 * x + v % 3", [6] * 4),
        (4, "4 * x + v % 4", [4] * 4),
        (3, "x + 1 + v % 2", [1, 2, 3]),
        (3, "x + v % 3", []),
    ],
    ids=["ternary", "ternary 5", "ternary 6", "four children", "steps", "no constant"],
)
def test_other_factors(base: int, step: str, expected: list[int]) -> None:
    """With another factor another offset stays as it is; if the factor is one, it grows."""
    text = walk(base, step=step, nodes=700)
    assert offsets(text) == expected
    if expected:
        verified(text, {"n": 16}, "window")


@pytest.mark.parametrize(("words", "inside"), [(0, False), (2, False), (3, True)])
def test_windows_stay_inside_of_memory(words: int, inside: bool) -> None:
    """The last word of the table is the last but a few of memory; a window that starts four words
    before it needs three more."""
    text = f"""
kernel last(n) {{
  memory {{ a: u32[n] inout at 0; t: u32[15] in at n; r: u32[{words}] in at n + 15; }}
  parallel for i in 0 .. n {{
    var v = a[i];
    var x = 1 + v / 2 % 2;
    for k in 0 .. 3 {{ v = v ^ t[x]; x = 2 * x + 1 + v % 2; }}
    a[i] = v;
  }}
}}
"""
    program = program_of(text, n=5)
    reads = loop_reads(program, program.function.loops[0])
    assert ("window" in [step.name for step in reads.steps[2]]) is inside
    verified(text, {"n": 5}, "window")


def test_short_groups_and_words_with_several_users() -> None:
    for use in (
        "v = (v ^ t[x]) + (t[x] >> 3);",
        "v = v + (t[x] ^ 9);",
        "v = (v + t[x]) + 77;",
        "v = v / (t[x] | 1);",
        "v = (v ^ t[x]) ^ v * 3;",
    ):
        for base in (4, 6, 8):
            verified(walk(base, use), {"n": 21}, "window")


def test_without_windows() -> None:
    assert windows(walk(5)) and not windows(walk(5), left_out=frozenset({"windows"}))


def test_quick_reads_have_no_windows() -> None:
    program = program_of(walk(5), n=16)
    reads = loop_reads(program, program.function.loops[0])
    names = [[step.name for step in steps] for steps in reads.quick().steps]
    assert "window" not in {name for steps in names for name in steps}
    assert [steps[0] for steps in names] == ["gather"] * 4


@settings(max_examples=60)
@given(
    base=st.integers(0, 9),
    factor=st.integers(1, 4),
    constant=st.integers(-3, 3),
    use=st.sampled_from(
        [
            "v = (v ^ t[x]) * 5;",
            "v = (v ^ t[x]) ^ 9; v = v ^ (v >> 5);",
            "v = (v + t[x]) + 7; v = v * 3;",
            "v = t[x] ^ (v >> 1);",
        ]
    ),
    down=st.booleans(),
    n=st.sampled_from([3, 8, 13, 24]),
    seed=st.integers(0, 1 << 20),
)
def test_random_walks_under_random_choices(
    base: int, factor: int, constant: int, use: str, down: bool, n: int, seed: int
) -> None:
    """Whatever is chosen, results are those of the reference interpreter."""
    sign = "-" if down else "+"
    step = f"({factor} * x + {constant + 3} {sign} v % 2) % 60"
    kernel = bind(parse_kernel(walk(base, use, step, nodes=64), "test.vk"), {"n": n})
    program = lane_program(kernel)
    rng = random.Random(seed)
    choice = random_choice(program, rng) if seed % 2 else named_choice(program, "window")
    built = build(program, choice, 1)
    memory = random_memory(kernel, seed)
    expected = interpret(kernel, memory)
    ran = run(built.program, memory)
    for words in output_words(kernel):
        assert ran.memory[words.start : words.stop] == expected[words.start : words.stop]


def test_constants_meet_what_a_gathered_word_is_combined_with() -> None:
    """Nothing is left to do when the word arrives but to combine it."""
    text = walk(1, "v = (v ^ t[x]) ^ 0x5A5A5A5A; v = v * 3;", steps=1)
    built, _ = verified(text, {"n": 16})
    ops = built.dag.groups[0].ops
    (gather,) = (op for op in ops if op.name.startswith("t") and op.forms[0].engine == "load")
    (user,) = (op for op in ops if gather in {o.source for o in op.forms[0].operands})
    other = next(o.source for o in user.forms[0].operands if o.source is not gather)
    assert isinstance(other, MOp) and other.forms[0].opcode == "^"
    after = [op for op in ops if user in {o.source for o in op.forms[0].operands}]
    assert [op.forms[0].opcode for op in after] == ["*"]

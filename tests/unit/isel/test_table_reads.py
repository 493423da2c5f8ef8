"""Reading tables by gathers and select trees: the right words, with the operations promised."""

from __future__ import annotations

import pytest

from isa.machine import MachineSpec
from tests.unit.isel.helpers import kernel_text, kinds, opcodes, program_of, selected, verified
from vliwc.strategy.options import loop_reads

BITS = "let b0 = v & 1; let b1 = (v >> 1) & 1; let b2 = (v >> 2) & 1; let b3 = (v >> 3) & 1;"


def tree_of(text: str, n: int) -> str:
    """The step that selects: by bits where that takes no more of any engine."""
    program = program_of(text, n=n)
    (steps,) = loop_reads(program, program.function.loops[0]).steps
    found = {step.name for step in steps}
    return "select" if "select" in found else "bit select 1"


@pytest.mark.parametrize(
    ("index", "choices"),
    [
        ("b0", 1),
        ("5 + b0", 1),
        ("9 - b0", 1),
        ("2 * b0 + b1", 3),
        ("1 + 2 * b0 + b1", 3),
        ("40 - 20 * b0 - 3 * b1", 3),
        ("4 * b0 + 2 * b1 + b2 + 7", 7),
        ("(if b0 == 1 then 9 else 4) + 2 * b1", 3),
        ("8 * b0 + 4 * b1 + 2 * b2 + b3", 15),
    ],
)
def test_a_tree_over_bits(index: str, choices: int) -> None:
    """One choice less than there are entries, and no load per lane."""
    text = kernel_text(BITS + f"o[i] = t[{index}] ^ v;")
    tree = tree_of(text, 24)
    verified(text, {"n": 24}, tree)
    _, lanes = selected(program_of(text, n=24), tree)
    found = kinds(lanes.template.ops)
    assert found["either"] + found["flow"] == choices
    assert found["load"] == 1, "the vload of the inputs"


@pytest.mark.parametrize(
    "index",
    [
        "v % 3",
        "v % 4",
        "5 + v % 3",
        "2 * (v % 3) + (v & 8) / 8",
        "(v & 4) + 1",
        "3 * (v & 2) + (v >> 5) % 3",
        "7 * ((v & 16) / 16) + 2 * (v % 4)",
        "v % 3 + 3 * (v / 3 % 4)",  # two words of one atom are compared with
    ],
)
def test_a_tree_over_other_domains(index: str) -> None:
    text = kernel_text(f"o[i] = t[{index}] ^ v;")
    verified(text, {"n": 24}, tree_of(text, 24))


def test_more_words_than_fit_are_not_kept() -> None:
    text = kernel_text(BITS + "o[i] = t[16 * (v >> 4 & 1) + 8 * b0 + 4 * b1 + 2 * b2 + b3];")
    program = program_of(text, n=8)
    ((gather,),) = loop_reads(program, program.function.loops[0]).steps
    assert gather.name == "gather"


def test_an_index_of_unknown_parts_is_no_tree() -> None:
    program = program_of(kernel_text("o[i] = t[v % 60];"), n=8)
    assert [len(steps) for steps in loop_reads(program, program.function.loops[0]).steps] == [1]


@pytest.mark.parametrize(
    "fold", ["^ 77", "+ 77", "- 77", "* 77", "/ 7", "% 7", "& 7", "| 7", "<< 3"]
)
@pytest.mark.parametrize("name", ["select", "gather"])
def test_constants_are_applied(fold: str, name: str) -> None:
    verified(kernel_text(BITS + f"o[i] = v ^ (t[2 * b0 + b1] {fold});"), {"n": 13}, name)


def test_constants_are_folded_into_entries_and_not_into_words_gathered() -> None:
    text = kernel_text(BITS + "o[i] = v ^ (t[2 * b0 + b1] * 77);")
    program = program_of(text, n=16)
    for name, multiplications in (("select", 0), ("gather", 1)):
        instance, lanes = selected(program, name)
        # The entries are multiplied once, in shared code.
        shared = opcodes(instance.uniform.ops)["*"]
        assert (opcodes(lanes.template.ops)["*"], shared) == (
            multiplications,
            4 - 4 * multiplications,
        )


def test_equal_entries_are_kept_once() -> None:
    """Two bits lead to t[0], t[4], t[4] and t[8]."""
    text = kernel_text(BITS + "o[i] = t[4 * b0 + 4 * b1] ^ v;")
    verified(text, {"n": 16}, tree_of(text, 16))
    instance, _ = selected(program_of(text, n=16), tree_of(text, 16))
    words = [op.name for op in instance.uniform.ops if op.name.startswith("t[")]
    assert len(words) == len(set(words)) == 2, "two vloads bring the three words"


def test_a_gather_takes_a_load_per_lane() -> None:
    text = kernel_text("o[i] = t[v % 60];")
    verified(text, {"n": 20})
    instance, _ = selected(program_of(text, n=20))
    full, short = instance.selected[0].template, instance.selected[2].template
    assert kinds(full.ops)["load"] == 1 + 8
    assert short.lanes == 4 and kinds(short.ops)["load"] >= 4


@pytest.mark.parametrize("vlen", [1, 2, 3, 4, 16])
@pytest.mark.parametrize("name", ["gather", "select"])
def test_vector_lengths(vlen: int, name: str) -> None:
    text = kernel_text(BITS + "o[i] = t[2 * b0 + b1 + 3] + (t[4 * b2 + b3] ^ v);")
    verified(text, {"n": 11}, name, MachineSpec(vlen=vlen))


def test_inputs_come_by_vector_loads_where_the_image_allows() -> None:
    """Nine lanes: the second vload would leave the image only behind the last array."""
    inside = kernel_text("o[i] = v * 3;")
    instance, _ = selected(program_of(inside, n=9))
    (short,) = [lanes.template for lanes in instance.selected[1:]]
    assert opcodes(short.ops)["vload"] == 1, "the results follow, so that the words exist"
    last = """
kernel test(n) {
  memory { o: u32[n] out at 0; a: u32[n] in at n; }
  parallel for i in 0 .. n { o[i] = a[i] * 3; }
}
"""
    instance, _ = selected(program_of(last, n=9))
    assert opcodes(instance.selected[1].template.ops)["load"] == 1
    verified(last, {"n": 9})
    verified(inside, {"n": 9})


def test_words_written_in_the_loop_are_gathered_in_order() -> None:
    text = """
kernel test(n) {
  memory { a: u32[n] in at 0; x: u32[2 * n] inout at n; }
  parallel for i in 0 .. n {
    x[2 * i] = x[2 * i] + a[i];
    x[2 * i + 1] = x[2 * i] * x[2 * i + 1];
    x[2 * i] = x[2 * i + 1] ^ x[2 * i];
  }
}
"""
    for n in (1, 8, 13):
        verified(text, {"n": n})

"""Instruction selection for one group of lanes: forms, strides, garbage lanes."""

from __future__ import annotations

import pytest

from isa.machine import MachineSpec
from isa.opcodes import alu_semantics, multiply_add_semantics
from tests.unit.isel.helpers import (
    kernel_text,
    kinds,
    opcodes,
    program_of,
    selected,
    verified,
    verified_function,
)
from vliwc.mir.operation import Form, MOp, Operand


def engines(op: MOp) -> set[str]:
    return {form.engine for form in op.forms}


def computed(form: Form, known: dict[MOp, int]) -> int:
    """What one lane computes of words that are known and of constants."""

    def word(operand: Operand) -> int:
        source = operand.source
        while isinstance(source, MOp) and source not in known and source.forms:
            if source.forms[0].opcode == "const":
                return source.forms[0].imm
            source = source.forms[0].operands[0].source
        return known.get(source, 0) if isinstance(source, MOp) else 0

    words = [word(operand) for operand in form.operands]
    if form.opcode == "vselect":
        return words[1] if words[0] else words[2]
    if form.opcode == "multiply_add":
        return multiply_add_semantics(words[0], words[1], words[2])
    return alu_semantics(form.opcode)(words[0], words[1])


def test_arithmetic_runs_on_valu_or_lane_by_lane_on_alu() -> None:
    _, lanes = selected(program_of(kernel_text("o[i] = (v + 7) ^ (v >> 3);"), n=16))
    shift = next(op for op in lanes.template.ops if op.forms[0].opcode == ">>")
    assert [(form.engine, form.scalarised) for form in shift.forms] == [
        ("valu", False),
        ("alu", True),
    ]


def test_choices_run_on_flow() -> None:
    text = kernel_text("o[i] = if v < 100 then v * 3 else v ^ 7;")
    verified(text, {"n": 13})
    _, lanes = selected(program_of(text, n=16))
    assert kinds(lanes.template.ops)["flow"] == 1


@pytest.mark.parametrize(
    ("one", "zero", "others"),
    [
        (8, 7, {"alu", "valu"}),
        (7, 8, {"alu", "valu"}),
        (100, 7, {"valu"}),
        (1 << 31, 5, {"valu"}),
        (5, 1 << 31, {"valu"}),
    ],
)
def test_choices_between_constants_run_on_flow_or_as_arithmetic(
    one: int, zero: int, others: set[str]
) -> None:
    """The scheduler takes one of the ways; the words are the same for each of them."""
    _, lanes = selected(program_of(kernel_text("o[i] = if v < 9 then v else 3;"), n=16))
    bit = next(op for op in lanes.template.ops if op.forms[0].opcode == "<")
    choice = lanes.group.bit_choice(Operand(bit), one, zero).source
    assert isinstance(choice, MOp)
    assert engines(choice) == {"flow"} | others
    for form in choice.forms:
        for chosen, word in ((one, 1), (zero, 0)):
            assert computed(form, {bit: word}) == chosen, form
    verified(kernel_text(f"o[i] = v * (if v < 1 << 30 then {one} else {zero});"), {"n": 21})


def test_a_word_that_is_no_bit_is_asked_whether_it_is_zero() -> None:
    """Neither a sum nor a product of the word is the choice."""
    for one, zero in ((5, 9), (6, 5), (5, 6)):
        text = kernel_text(f"o[i] = if v % 4 != 0 then {one} else {zero};")
        _, lanes = selected(program_of(text, n=16))
        choice = next(op for op in lanes.template.ops if op.name.startswith("select"))
        assert engines(choice) == {"flow"}
        verified(text, {"n": 16}, machine=MachineSpec(slots={**MachineSpec().slots, "flow": 1}))


@pytest.mark.parametrize("slots", [{"flow": 1}, {"flow": 3}])
def test_both_ways_to_choose_give_the_same(slots: dict[str, int]) -> None:
    """Many choices at once: some are taken by flow, some computed."""
    body = " ".join(
        f"let c{k} = if ((v >> {k}) & 1) == 1 then {10 + 3 * k} else {1000 - k * k};"
        for k in range(12)
    )
    total = " + ".join(f"(c{k} << {k})" for k in range(12))
    text = kernel_text(f"{body} o[i] = {total};")
    machine = MachineSpec(slots={**MachineSpec().slots, **slots})
    built, _ = verified(text, {"n": 24}, machine=machine)
    used = {op.name for op, _ in built.dag.operations() if len(op.forms) > 1}
    assert used


def test_strided_lanes_are_copied_together_once() -> None:
    _, lanes = selected(program_of(kernel_text("o[i] = v;"), n=8))
    wide = MOp("row", (), lanes=8, width=29)
    strided = Operand(wide, 1, 3)
    before = len(lanes.template.ops)
    moved = lanes.group.adjacent(strided)
    assert lanes.group.adjacent(strided) == moved
    assert lanes.group.adjacent(moved) == moved
    (copy,) = lanes.template.ops[before:]
    assert engines(copy) == {"alu"} and copy.forms[0].scalarised


@pytest.mark.parametrize("way", ["madd", "select", "bit_choice"])
def test_vector_instructions_get_neighbouring_lanes(way: str) -> None:
    _, lanes = selected(program_of(kernel_text("o[i] = v;"), n=8))
    strided = Operand(MOp("row", (), lanes=8, width=29), 2, 3)
    if way == "madd":
        result = lanes.group.madd(strided, strided, strided)
    elif way == "select":
        result = lanes.group.select(strided, strided, strided)
    else:
        result = lanes.group.bit_choice(strided, 100, 7)
    assert isinstance(result.source, MOp)
    for form in result.source.forms:
        if not form.scalarised:
            assert {operand.stride for operand in form.operands} == {1}


def test_arithmetic_reads_strided_lanes_on_alu_only() -> None:
    _, lanes = selected(program_of(kernel_text("o[i] = v;"), n=8))
    strided = Operand(MOp("row", (), lanes=8, width=29), 2, 3)
    result = lanes.group.elementwise("+", strided, strided)
    assert isinstance(result.source, MOp)
    assert engines(result.source) == {"alu"}


TRAPS = [
    "v / (v >> 5 | 1)",
    "v % (v >> 5 | 1)",
    "if v >> 31 == 1 then v / (v >> 31) else 7",
    "v << (v % 32)",
    "v >> (v % 40)",
]


@pytest.mark.parametrize("expression", TRAPS)
@pytest.mark.parametrize("n", [1, 3, 8, 9, 15])
def test_garbage_lanes_do_not_trap(expression: str, n: int) -> None:
    """Lanes past the end of the loop may hold a zero divisor."""
    verified(kernel_text(f"o[i] = {expression};"), {"n": n})


def test_divisions_of_short_groups_skip_garbage_lanes() -> None:
    instance, _ = selected(program_of(kernel_text("o[i] = v / (v >> 5 | 1);"), n=11))
    full, short = (lanes.template for lanes in instance.selected)
    for template, expected in ((full, {"valu", "alu"}), (short, {"alu"})):
        (division,) = [op for op in template.ops if op.forms[-1].opcode == "//"]
        assert engines(division) == expected
        assert division.lanes == template.lanes


def test_stores_of_short_groups_write_their_lanes_only() -> None:
    text = kernel_text("o[i] = v * 3; p[i] = v;", "p: u32[n] out at 67 + 2 * n;")
    for n in (3, 8, 12):
        verified(text, {"n": n})
    instance, _ = selected(program_of(text, n=12))
    full, short = (lanes.template for lanes in instance.selected)
    assert opcodes(full.ops)["vstore"] == 2 and opcodes(short.ops)["vstore"] == 0
    assert [op.lanes for op in short.ops if op.width == 0] == [4, 4]


@pytest.mark.parametrize(
    "index", ["2 * i", "n - 1 - i", "(i + 3) % n", "i ^ 1", "i / 2 * 2 + (1 - i % 2)"]
)
def test_scattered_stores(index: str) -> None:
    text = f"""
kernel test(n) {{
  memory {{ a: u32[n] in at 0; x: u32[2 * n] inout at n; }}
  parallel for i in 0 .. n {{ x[{index}] = a[i] + i; }}
}}
"""
    for n in (8, 14):
        verified(text, {"n": n})


def test_operations_nobody_needs_are_left_out() -> None:
    """The address arithmetic of a read that is done by selections is not computed."""
    text = kernel_text("let b = v & 1; o[i] = t[40 * b + 3];")
    gathers = len(selected(program_of(text, n=8))[1].template.ops)
    selects = len(selected(program_of(text, n=8), "select")[1].template.ops)
    assert selects < gathers
    needed = selected(program_of(text, n=8), "select")[1]
    read = {
        operand.source
        for op in needed.template.ops
        for form in op.forms
        for operand in form.all_operands()
    }
    assert all(op in read or op.width == 0 for op in needed.template.ops)


@pytest.mark.parametrize("count", [31, 32, 33, (1 << 32) - 1])
def test_no_word_is_shifted_out_by_the_machine(count: int) -> None:
    """In a loop and outside; the validator of what we emit refuses such operations."""
    verified_function(f"""
    function f {{
      array x: u32[16] in at 0
      array y: u32[16] out at 16
      array z: u32[1] out at 32
      loop 0 i: 16
      %i = lane 0
      %zero = const 0
      %count = const {count}
      %x = load x[%i]
      %first = load x[%zero]
      %u = shl %first, %count
      %v = shl %x, %count
      %w = add %v, %u
      %s = store y[%i] = %w in loop 0
      %t = store z[%zero] = %u at top
    }}""")

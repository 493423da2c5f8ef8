"""Selections on flow, and as arithmetic on valu and alu."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isa.simulator import run
from tests.strategies.plans import Choice, build, named_choice
from tests.unit.isel.helpers import kernel_text, program_of
from vliwc.driver import compile_text
from vliwc.ir.value import Op
from vliwc.isel.reads.selections import arithmetic_operations, masks
from vliwc.lang import bind, parse_kernel
from vliwc.lang.interpret import interpret, output_words, random_memory
from vliwc.options import Options

CONDITIONS = ("v & 1 != 0", "v & 2 != 0", "v < w", "w == 3", "v != 0", "v % 3 != 0")
ARMS = ("v", "w", "v ^ w", "0", "1", "v & 1", "w & 3", "x")


@st.composite
def bodies(draw: st.DrawFn) -> str:
    """Some selections, each of which may use the one before."""
    lines = ["let w = a[i] * 5 >> 3;", "let x0 = v + 9;"]
    count = draw(st.integers(1, 4))
    for number in range(1, count + 1):
        c = draw(st.sampled_from(CONDITIONS))
        one, two = (draw(st.sampled_from(ARMS)).replace("x", f"x{number - 1}") for _ in range(2))
        pair = draw(st.booleans())
        extra = f" + (if {c} then {two} else {one}) * 3" if pair else ""
        lines.append(f"let x{number} = (if {c} then {one} else {two}){extra};")
    return "\n".join([*lines, f"o[i] = x{count};"])


@given(bodies(), st.integers(1, 30), st.integers(0, 3))
def test_arithmetic_chooses_as_flow_does(body: str, n: int, some: int) -> None:
    text = kernel_text(body)
    kernel = bind(parse_kernel(text, "test.vk"), {"n": n})
    program = program_of(text, n=n)
    selects = [v for v in program.function.values if v.op is Op.SELECT]
    arithmetic = frozenset(selects[:some] if some < 3 else selects)
    plain = named_choice(program, "gather")
    plans = [[replace(plan, arithmetic=arithmetic) for plan in group] for group in plain.assignment]
    built = build(program, Choice(plans))
    memory = random_memory(kernel, n)
    expected = interpret(kernel, memory)
    ran = run(built.program, memory)
    for words in output_words(kernel):
        assert ran.memory[words.start : words.stop] == expected[words.start : words.stop]


@pytest.mark.parametrize(
    ("condition", "product"), [("v % 3 != 0", False), ("v % 2 != 0", True), ("v < 9", True)]
)
def test_only_a_bit_masks_a_word(condition: str, product: bool) -> None:
    """Where the condition is a word that is not zero, the product is not the word."""
    program = program_of(kernel_text(f"o[i] = if {condition} then v ^ 5 else 0;"), n=16)
    (select,) = [v for v in program.function.values if v.op is Op.SELECT]
    assert masks(select, program.facts) is product


def test_what_selections_take_without_flow() -> None:
    text = kernel_text(
        """
        let p = v < 100; let y = v >> 7; let z = v * 3;
        let low = if p then y else z; let high = if p then z else y;
        o[i] = low ^ (high << 1) ^ (if y != 0 then y else z) ^ (if p then z else 0);
        """
    )
    program = program_of(text, n=16)
    facts = program.facts
    selects = [v for v in program.function.values if v.op is Op.SELECT]
    general = [v for v in selects if not masks(v, facts)]
    counts = arithmetic_operations(general, facts)
    assert sorted(counts.values()) == [2, 2, 2]
    assert all(v.args[2].imm == 0 for v in selects if masks(v, facts))


@pytest.mark.parametrize("level", [1, 2])
def test_many_selections_do_not_wait_for_flow(level: int) -> None:
    """A network of comparators with more selections than cycles."""
    lines = [f"var x{k} = v * {2 * k + 1} >> {k};" for k in range(4)]
    for step in range(6):
        for k in range(step % 2, 3, 2):
            lines.append(f"let lo{step}{k} = min(x{k}, x{k + 1}); x{k + 1} = max(x{k}, x{k + 1});")
            lines.append(f"x{k} = lo{step}{k};")
    text = kernel_text("\n".join([*lines, "o[i] = x0 ^ (x1 << 1) ^ (x2 << 2) ^ (x3 << 3);"]))
    result = compile_text(text, "network.vk", {"n": 128}, Options(level=level))
    selections = 16 * 2 * 9
    assert result.ops["flow"] < result.cycles < 0.7 * selections

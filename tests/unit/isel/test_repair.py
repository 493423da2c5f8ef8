"""Vectors with an edge in them: computed whole, a lane or two done anew before anyone reads."""

from __future__ import annotations

import random

import pytest

from isa.simulator import run
from tests.strategies.plans import build, random_choice
from tests.unit.isel.helpers import program_of
from vliwc.isel.instantiate import instantiate
from vliwc.isel.program import LaneProgram
from vliwc.isel.repair import longest_run
from vliwc.lang import bind, parse_kernel
from vliwc.lang.interpret import interpret, output_words, random_memory
from vliwc.mir.operation import MOp, Operand
from vliwc.strategy.choose import gather_only


def edges(use: str, store: str = "o[i] = w;", n: int = 66) -> str:
    """A kernel over rows of `width` words, at whose first word the left neighbour is missing."""
    return f"""
kernel edges(width) {{
  memory {{
    x: u32[{n}] in at 0;
    y: u32[{n}] in at {n};
    o: u32[{3 * n}] inout at {2 * n};
  }}
  parallel for i in 0 .. {n} {{
    let left = if i % width == 0 then x[i] else x[i - 1];
    let w = {use};
    {store}
  }}
}}
"""


def repairs(program: LaneProgram, block: int = 1) -> list[MOp]:
    dag = instantiate(program, gather_only(program, block)).dag
    return [op for op, group in dag.operations() if group >= 0 and op.into is not None]


def verify(text: str, width: int) -> None:
    """All plans give what the language says."""
    program = program_of(text, width=width)
    kernel = bind(parse_kernel(text, "test.vk"), {"width": width})
    for pick in range(6):
        memory = random_memory(kernel, pick)
        expected = interpret(kernel, memory)
        chosen = random_choice(program, random.Random(pick))
        found = run(build(program, chosen).program, memory).memory
        for words in output_words(kernel):
            assert found[words.start : words.stop] == expected[words.start : words.stop]


def test_a_run_with_words_elsewhere() -> None:
    chunk, other = MOp("chunk", (), 1, 16), MOp("other", (), 1, 8)
    words = [Operand(chunk, 3 + lane, 0) for lane in range(8)]
    assert longest_run(words, 8) == (Operand(chunk, 3), ())
    words[2] = Operand(other, 5, 0)
    words[7] = Operand(chunk, 3, 0)
    assert longest_run(words, 8) == (Operand(chunk, 3), (2, 7))
    # The vector would begin before the chunk, or end behind it.
    assert longest_run([Operand(chunk, max(lane - 1, 0), 0) for lane in range(8)], 8) is None
    assert longest_run([Operand(chunk, min(lane + 9, 15), 0) for lane in range(8)], 8) is None


@pytest.mark.parametrize("width", [9, 11, 33])
def test_one_lane_is_done_anew(width: int) -> None:
    text = edges("left + y[i]")
    found = repairs(program_of(text, width=width))
    # Row starts within a group, but for those in lane 0 whose neighbours are in no chunk before.
    starts = [i for i in range(0, 64, width) if i % 8]
    assert len(found) >= len(starts) - 1
    for op in found:
        assert (op.lanes, op.width) == (1, 0)
        assert [form.engine for form in op.forms] == ["alu"]
        assert (op.into, 1) in op.order, "the whole vector is written before"
    verify(text, width)


def test_who_reads_the_vector_waits() -> None:
    program = program_of(edges("(left + y[i]) * 3"), width=11)
    dag = instantiate(program, gather_only(program, 1)).dag
    done = {op.into: op for op, group in dag.operations() if group >= 0 and op.into is not None}
    assert done
    for op, _ in dag.operations():
        for form in op.forms:
            for operand in form.all_operands():
                again = done.get(operand.source)
                if again is not None and op is not again:
                    assert (again, 1) in op.order


@pytest.mark.parametrize(
    "use",
    [
        "left - y[i]",
        "y[i] / (left | 1)",
        "y[i] << (left & 31)",
        "left ^ left * y[i]",
        "(left + y[i]) * (left + y[i])",
        "if left < y[i] then left + 1 else y[i]",
    ],
)
@pytest.mark.parametrize("width", [5, 9, 11, 33])
def test_all_uses_of_edges_are_right(use: str, width: int) -> None:
    verify(edges(use), width)


@pytest.mark.parametrize("use", ["left + y[i]", "if i < 32 then left + y[i] else left - y[i]"])
@pytest.mark.parametrize("width", [7, 9, 33])
def test_sums_and_rows_of_such_vectors_are_right(width: int, use: str) -> None:
    """The second use is one of its arms in all lanes of a group."""
    verify(edges(use, "o[3 * i] = w; o[3 * i + 1] = left; o[3 * i + 2] = w ^ 1;"), width)
    total = edges(use, "reduce w into s;").replace(".. 66 {", ".. 66 reduce sum s {")
    verify(total.rstrip()[:-1] + "  o[0] = s;\n}\n", width)


PRODUCTS = """
kernel products(m) {
  memory { a: u32[m][m] in at 0; b: u32[m][m] in at m * m; c: u32[m][m] out at 2 * m * m; }
  parallel for i in 0 .. m, j in 0 .. m {
    var sum = 0;
    for k in 0 .. m {
      sum = sum + a[i][k] * b[k][j];
    }
    c[i][j] = sum;
  }
}
"""


def test_a_product_of_words_here_and_there_takes_them_where_they_stand() -> None:
    """Groups of lanes that reach over the end of a row: a slot of alu for each lane of a product,
    and none for copies of its factors."""
    program = program_of(PRODUCTS, m=12)
    instance = instantiate(program, gather_only(program, 1))
    over_the_end = instance.selected[1].template.ops
    lanes = [op for op in over_the_end if any(form.per_lane for form in op.forms)]
    assert [op.forms[0].opcode for op in lanes] == ["*"] * 12
    assert not any(form.opcode == "multiply_add" for op in over_the_end for form in op.forms)
    kernel = bind(parse_kernel(PRODUCTS, "test.vk"), {"m": 12})
    memory = random_memory(kernel, 1)
    expected = interpret(kernel, memory)
    final = run(build(program, random_choice(program, random.Random(1))).program, memory).memory
    for words in output_words(kernel):
        assert final[words.start : words.stop] == expected[words.start : words.stop]

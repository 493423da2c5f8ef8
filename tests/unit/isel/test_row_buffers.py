"""Rows of stored words that operations write in place: buffers, and programs with them."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from tests.unit.isel.helpers import kernel_text, opcodes, program_of, selected, verified
from vliwc.analysis.lane_words import Words
from vliwc.ir.value import Op, Value
from vliwc.isel.memory.row_buffers import Lay, RowBuffer, row_buffers
from vliwc.isel.memory.store_rows import StoreRows
from vliwc.mir.operation import MOp
from vliwc.mir.scheduling_problem import problem_of
from vliwc.mir.text import parse_dag, print_dag
from vliwc.sched.problem.json import problem_to_json

SUMS = kernel_text(
    "var s = v; r[4 * i] = s; s = s + a[i / 2]; r[4 * i + 1] = s;"
    " s = s * s; r[4 * i + 2] = s; s = s ^ 7; r[4 * i + 3] = s; o[i] = v;",
    arrays="r: u32[4 * n] out at 67 + 2 * n;",
)


def stored(indices: list[list[int]]) -> tuple[list[StoreRows], dict[Value, Words]]:
    """Stores of words that vary, at these indices."""
    lane = Value(0, Op.LANE, loop=0)
    found: dict[Value, Words] = {}
    stores: list[Value] = []
    for number, words in enumerate(indices, 1):
        index = Value(number, Op.ADD, (lane, lane), loop=0)
        found[index] = np.array(words, dtype=np.uint64)
        stores.append(Value(100 + number, Op.STORE, (index, lane), loop=0))
    return [StoreRows(frozenset(stores), ())], found


def lays(indices: list[list[int]], group: int = 0) -> list[tuple[int, int]]:
    rows, words = stored(indices)
    (buffer,) = row_buffers(rows, words, group, 8)
    assert buffer.words == sum(len(each[8 * group : 8 * group + 8]) for each in indices)
    return [(lay.start, lay.stride) for lay in buffer.lays]


def test_a_buffer_mirrors_the_words_that_a_group_stores() -> None:
    rows = [[3 * lane + k + 5 for lane in range(16)] for k in (1, 0, 2)]
    assert lays(rows) == lays(rows, 1) == [(1, 3), (0, 3), (2, 3)]
    assert lays([list(range(20, 4, -1))]) == [(7, -1)]


def test_words_with_holes_or_without_a_stride_have_no_buffer() -> None:
    for indices in ([[2 * lane for lane in range(8)]], [[0, 1, 2, 4, 3, 5, 6, 7]]):
        rows, words = stored(indices)
        assert row_buffers(rows, words, 0, 8) == ()


def writers(ops: list[MOp]) -> list[MOp]:
    return [op for op in ops if op.into is not None or any(f.dest_stride != 1 for f in op.forms)]


@pytest.mark.parametrize("n", [8, 16, 21])
def test_what_computes_a_word_writes_it_into_its_row(n: int) -> None:
    built, _ = verified(SUMS, {"n": n})
    assert opcodes(built.dag.shared)["|"] == 0 or n % 8
    for template in built.dag.groups:
        found = writers(template.ops)
        assert [op.start for op in found] == [1, 2, 3, 0]
        assert Counter(op.width for op in found) == {0: 3, 4 * template.lanes: 1}
        # The first word is also stored as a vector: only that one is copied.
        assert [{f.opcode for f in op.forms} for op in found] == [{"+"}, {"*"}, {"^"}, {"|"}]


def test_a_vector_that_others_read_whole_is_copied() -> None:
    text = kernel_text(
        "let w = v * v; r[2 * i] = w; r[2 * i + 1] = v * 5 + 3; o[i] = w;",
        arrays="r: u32[2 * n] out at 67 + 2 * n;",
    )
    _, group = selected(program_of(text, n=16))
    assert [{f.opcode for f in op.forms} for op in writers(group.template.ops)] == [{"|"}] * 2
    verified(text, {"n": 16})


def test_reversed_words_are_written_downwards() -> None:
    text = kernel_text("r[n - 1 - i] = v * v; o[i] = v;", arrays="r: u32[n] out at 67 + 2 * n;")
    built, _ = verified(text, {"n": 16})
    assert opcodes(built.dag.shared)["|"] == 0
    (op,) = writers(built.dag.groups[0].ops)
    assert (op.start, op.forms[0].dest_stride) == (7, -1)


def test_words_that_are_the_same_in_all_lanes_take_no_buffer() -> None:
    body = "".join(f"r[4 * i + {k}] = {k};" for k in range(4))
    text = kernel_text(body + "o[i] = v;", arrays="r: u32[4 * n] out at 67 + 2 * n;")
    built, _ = verified(text, {"n": 16})
    assert not any(writers(template.ops) for template in built.dag.groups)


@pytest.mark.parametrize("text", [SUMS, SUMS.replace("r[4 * i", "r[4 * n - 4 - 4 * i")])
def test_buffers_print_and_parse_back(text: str) -> None:
    built, _ = verified(text, {"n": 16})
    printed = print_dag(built.dag)
    assert " into %" in printed and " at 3" in printed
    again = parse_dag(printed)
    assert print_dag(again) == re.sub(r" # .*", "", printed)
    assert problem_to_json(problem_of(again)) == problem_to_json(problem_of(built.dag))


def test_a_buffer_holds_the_words_of_one_group() -> None:
    rows, words = stored([[4 * lane + k for lane in range(16)] for k in range(4)])
    lays_of = [buffer.lays for g in (0, 1) for buffer in row_buffers(rows, words, g, 8)]
    assert lays_of[0] == lays_of[1]
    store = min(rows[0].stores, key=lambda store: store.id)
    assert lays_of[0][0] == Lay(store, 0, 4)
    assert row_buffers(rows, words, 0, 8) == (RowBuffer(32, lays_of[0]),)


def test_a_buffer_has_its_place_from_the_first_write_until_all_words_are_written() -> None:
    text = kernel_text(
        "r[2 * i] = v ^ 3; r[2 * i + 1] = v ^ 5; o[i] = v;",
        arrays="r: u32[2 * n] out at 67 + 2 * n;",
    )
    dag = selected(program_of(text, n=8))[0].dag
    problem = problem_of(dag).dense
    owner, other = (dag.number(op, 0) for op in writers(dag.groups[0].ops))
    assert (problem.width[owner], problem.width[other]) == (16, 0)
    after = slice(problem.succ_ptr[owner], problem.succ_ptr[owner + 1])
    edges = dict(
        zip(problem.succ[after].tolist(), problem.succ_latency[after].tolist(), strict=True)
    )
    assert edges[other] == 0
    assert owner in problem.use[problem.use_ptr[other] : problem.use_ptr[other + 1]]

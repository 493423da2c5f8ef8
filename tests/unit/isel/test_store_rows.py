"""Stores at known addresses that together fill vectors: rows, their legality, their programs."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isa.original import OriginalProblem
from isa.simulator import run
from tests.strategies.stored_rows import permuted_kernels, row_kernels, top_kernels
from tests.unit.isel.helpers import kernel_text, opcodes, program_of, selected, stores_of, verified
from vliwc.driver import compile_text
from vliwc.ir.value import Op, Value
from vliwc.isel.memory.store_rows import Row, Word, emit_row, plan_rows
from vliwc.isel.scalar import Uniform
from vliwc.lang.interpret import interpret, output_words, protected_words, random_memory
from vliwc.mir.operation import MOp, Operand
from vliwc.options import Options
from vliwc.strategy.row_choice import can_merge, loop_rows

TAKEHOME = os.environ.get("VLIWC_TAKEHOME")
ORIGINAL = OriginalProblem(f"{TAKEHOME}/tests/frozen_problem.py") if TAKEHOME else None


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 60)), min_size=1, max_size=9),
    st.integers(1, 30),
)
def test_rows_write_the_words_of_their_stores(stores: list[tuple[int, int]], n: int) -> None:
    lanes = np.arange(n, dtype=np.uint64)
    writes = {
        Value(number, Op.STORE): lanes * np.uint64(stride) + np.uint64(1000 * number + offset)
        for number, (stride, offset) in enumerate(stores)
    }
    found = plan_rows(writes, 8)
    written: dict[int, tuple[Value, int]] = {}
    for row in found.rows:
        for at, word in enumerate(row.words, row.base):
            assert written.setdefault(at, tuple(word)) == tuple(word)
    expected = {
        int(address): (store, lane)
        for store in found.stores
        for lane, address in enumerate(writes[store])
    }
    assert written == expected
    assert len(found.rows) <= sum(-(-n // 8) for _ in found.stores)


def test_a_run_that_is_no_multiple_of_a_vector_ends_with_an_overlap() -> None:
    lanes = np.arange(13, dtype=np.uint64)
    found = plan_rows({Value(0, Op.STORE): lanes[::-1]}, 8)
    assert [row.base for row in found.rows] == [0, 5]


def test_stores_of_short_runs_stay_as_they_are() -> None:
    lanes = np.arange(16, dtype=np.uint64)
    pairs = {Value(k, Op.STORE): lanes * np.uint64(4) + np.uint64(k) for k in range(2)}
    assert not plan_rows(pairs, 8).stores


def emitted_row(words: list[Operand], before: MOp | None = None) -> tuple[MOp, Operand]:
    """The store of a row of these words, and the vector that it stores."""
    shared = Uniform(program_of(kernel_text("o[i] = v;"), n=8).function, 8)
    row = Row(40, tuple(Word(Value(0, Op.STORE), lane) for lane in range(8)))
    store = emit_row(shared, row, lambda word: words[word.lane], before)
    return store, store.forms[0].operands[1]


def test_words_are_copied_unless_they_stand_in_a_vector_or_are_equal() -> None:
    one, two = (MOp(name, (), lanes=8, width=16) for name in ("one", "two"))
    in_order = [Operand(one, 3 + lane, 0) for lane in range(8)]
    assert emitted_row(in_order)[1] == Operand(one, 3)
    alike, data = [Operand(two, 5, 0)] * 8, emitted_row([Operand(two, 5, 0)] * 8)[1]
    assert isinstance(data.source, MOp) and data.source.forms[0].opcode == "vbroadcast"
    mixed = [in_order[:5] + [Operand(two, 8 + lane, 0) for lane in range(3)]]
    mixed += [alike[:7] + in_order[:1], in_order[::-1]]
    for words in mixed:
        data = emitted_row(words)[1]
        assert isinstance(data.source, MOp)
        (copy,) = data.source.forms
        assert [lanes[0] for lanes in copy.per_lane] == words


def test_a_row_that_overlaps_another_is_stored_after_it() -> None:
    """Not in the same cycle: two stores of one word in a bundle are refused."""
    before = MOp("before", (), width=0)
    words = [Operand(MOp("vector", (), lanes=8, width=8), lane, 0) for lane in range(8)]
    assert emitted_row(words, before)[0].order == [(before, 1)]
    assert emitted_row(words)[0].order == []


@pytest.mark.parametrize("n", [8, 16, 21])
def test_fields_of_a_row_take_one_vstore_for_a_vector(n: int) -> None:
    body = "".join(f"r[4 * i + {k}] = v + {k};" for k in (2, 0, 3, 1))
    text = kernel_text(body + "o[i] = v;", arrays="r: u32[4 * n] out at 67 + 2 * n;")
    program = program_of(text, n=n)
    instance, group = selected(program)
    assert opcodes(instance.dag.shared)["vstore"] == -(-4 * n // 8)
    assert (
        not any(form.opcode == "store" for op in group.template.ops for form in op.forms) or n < 8
    )
    verified(text, {"n": n})


def test_equal_words_need_no_copies() -> None:
    body = "".join(f"r[4 * i + {k}] = 9;" for k in range(4))
    text = kernel_text(body + "o[i] = v;", arrays="r: u32[4 * n] out at 67 + 2 * n;")
    built, _ = verified(text, {"n": 16})
    assert opcodes(built.dag.shared)["|"] == 0
    assert opcodes(built.dag.shared)["vstore"] == 8


def test_words_that_are_in_order_need_no_copies() -> None:
    text = kernel_text(
        "r[i / 8 * 9 + i % 8] = v * v; o[i] = v;", arrays="r: u32[27] inout at 67 + 2 * n;"
    )
    built, _ = verified(text, {"n": 24})
    assert opcodes(built.dag.shared)["|"] == 0


def test_what_must_come_between_keeps_stores_apart() -> None:
    body = "r[2 * i] = v; let w = r[2 * i + v % 2]; r[2 * i + 1] = w; o[i] = w;"
    text = kernel_text(body, arrays="r: u32[2 * n] inout at 67 + 2 * n;")
    program = program_of(text, n=16)
    stores = stores_of(program, "r")
    assert not can_merge(program.function, [stores])
    assert can_merge(program.function, [stores[:1], stores[1:]])
    assert loop_rows(program, program.function.loops[0]) == ()
    verified(text, {"n": 16})


def test_what_follows_one_store_of_a_row_follows_all() -> None:
    body = "r[2 * i] = v; r[2 * i + 1] = v + 1; o[i] = r[2 * i + v % 2];"
    text = kernel_text(body, arrays="r: u32[2 * n] inout at 67 + 2 * n;")
    program = program_of(text, n=24)
    assert loop_rows(program, program.function.loops[0])
    verified(text, {"n": 24})


def test_loads_of_one_chunk_do_not_wait_for_each_other() -> None:
    body = "r[2 * i] = r[2 * i] + v; r[2 * i + 1] = r[2 * i] * r[2 * i + 1]; o[i] = v;"
    verified(kernel_text(body, arrays="r: u32[2 * n] inout at 67 + 2 * n;"), {"n": 16})


@pytest.mark.parametrize(("index", "rows"), [("n - 1 - i", 3), ("n - i", 0)])
def test_stores_that_leave_their_array_stay_as_they_are(index: str, rows: int) -> None:
    """Words behind it may be another array's, with whose stores the row would be in no order."""
    text = kernel_text(f"r[{index}] = v; o[i] = v;", arrays="r: u32[n] out at 67 + 2 * n;")
    program = program_of(text, n=24)
    found = loop_rows(program, program.function.loops[0])
    assert sum(len(each.rows) for each in found) == rows


def test_a_word_of_a_row_has_one_store() -> None:
    """The third store writes words of the first two: it follows their rows."""
    body = "r[2 * i] = v; r[2 * i + 1] = v * 3; r[2 * i + i % 2] = v + 1; o[i] = v;"
    text = kernel_text(body, arrays="r: u32[2 * n] out at 67 + 2 * n;")
    program = program_of(text, n=24)
    (found,) = loop_rows(program, program.function.loops[0])
    assert found.stores == set(stores_of(program, "r")[:2])
    verified(text, {"n": 24})


def test_rows_whose_words_wait_too_long_are_not_made() -> None:
    text = """
kernel turn(r, c) {
  memory { a: u32[r * c] in at 0; o: u32[r * c] out at r * c; }
  parallel for i in 0 .. r * c { o[i % c * r + i / c] = a[i]; }
}
"""
    small, large = program_of(text, r=8, c=32), program_of(text, r=8, c=256)
    assert loop_rows(small, small.function.loops[0])
    assert not loop_rows(large, large.function.loops[0])


@settings(max_examples=30)
@given(st.one_of(row_kernels(), permuted_kernels(), top_kernels()), st.sampled_from((0, 1, 1, 2)))
def test_programs_write_the_right_words(kernel: tuple[str, dict[str, int]], level: int) -> None:
    text, params = kernel
    result = compile_text(text, "rows.vk", params, Options(level=level, verify=True))
    memory = random_memory(result.kernel, params["n"])
    expected = interpret(result.kernel, memory)
    runs = [run(result.program, memory)]
    if ORIGINAL is not None:
        runs.append(ORIGINAL.run(result.program, memory))
    for ran in runs:
        for words in (*output_words(result.kernel), *protected_words(result.kernel)):
            assert ran.memory[words.start : words.stop] == expected[words.start : words.stop]

"""Chains before and after the work of an engine, counted by hand."""

from __future__ import annotations

import pytest

from tests.strategies.plans import lane_program_of
from vliwc.driver import compile_text
from vliwc.strategy.unavoidable import unavoidable_work


def kernel(body: str, memory: str = "x: u32[512] in at 512; y: u32[512] out at 0;") -> str:
    return f"kernel test() {{ memory {{ {memory} }} {body} }}"


def busiest(text: str) -> int:
    return unavoidable_work(lane_program_of(text), 1).busiest


CHAIN = "parallel for i in 0 .. 256 { let v = x[i]; y[i] = (v ^ (v >> 3)) * 5; }"


@pytest.mark.parametrize(
    ("text", "cycles"),
    [
        # An address, 32 vloads, three operations and a vstore; or all before 32 vstores.
        (kernel(CHAIN), 1 + 16 + 4),
        # The first eight words may be loaded at once: the other 31 vloads cannot.
        (kernel(CHAIN, "x: u32[512] in at 0; y: u32[512] out at 512;"), 1 + 16 + 4),
        # One vload of words behind address 0.
        (
            kernel(
                "parallel for i in 0 .. 8 { y[i] = x[i]; }",
                "x: u32[8] in at 0; y: u32[8] out at 8;",
            ),
            1 + 1,
        ),
        # Half of the words are stored as they are, and may be loaded last.
        (
            kernel("parallel for i in 0 .. 256 { y[i] = if i < 128 then x[i] * 5 ^ 3 else x[i]; }"),
            1 + 16 + 1,
        ),
        # Each vload brings words that are not; but nobody reads the last lane of their products,
        # hence no lane is certain to have anything behind these.
        (
            kernel(
                "parallel for i in 0 .. 256 { y[i] = if i % 8 < 7 then (x[i] ^ 3) * 5 else x[i]; }"
            ),
            1 + 16 + 2,
        ),
        # 8 groups, 180 operations each on 7.5 slots, all after a vload and before a vstore.
        (
            kernel(
                "parallel for i in 0 .. 64 { var v = x[i]; "
                "for k in 0 .. 60 { v = (v ^ 5) * 3 ^ v; } y[i] = v; }"
            ),
            2 + -(-8 * 180 * 8 // 60) + 1,
        ),
        # Words of rows are copied side by side, or stored one by one: copies take no cycle.
        (kernel("parallel for i in 0 .. 64 { y[8 * (i % 8) + i / 8] = x[i]; }"), 2 + 4),
        # Words a stride apart are copied side by side for a multiply_add.
        (
            kernel("parallel for i in 0 .. 64 { y[i] = x[2 * i] * 3 + 7; }"),
            1 + 8 + 2,
        ),
        # Words of a sum are combined with others, and the sum is stored.
        (
            kernel(
                "parallel for i in 0 .. 256 reduce sum s { reduce x[i] into s; } y[0] = s;",
            ),
            1 + 16 + 2,
        ),
    ],
)
def test_engines_wait_at_both_ends(text: str, cycles: int) -> None:
    assert busiest(text) == cycles
    assert compile_text(text, "test", {}).cycles >= cycles


def test_nothing_is_certain_with_tables_and_in_machine_loops() -> None:
    table = kernel("parallel for i in 0 .. 256 { y[i] = x[x[i] % 32]; }")
    assert busiest(table) == 0
    program = lane_program_of(kernel(CHAIN))
    assert unavoidable_work(program, 1).busiest > 0


def test_a_word_that_many_read_is_loaded_before_the_longest_chain() -> None:
    """One load brings it for all, but who needs it first may be served by another."""
    text = kernel(
        "parallel for i in 0 .. 256 { y[i] = x[i]; y[i + 256] = ((x[255 - i] ^ 3) * 5) >> 1; }"
    )
    assert busiest(text) == max(1 + 16 + 4, 2 + 32)

"""What no program of a kernel avoids, counted by hand: words in, words out, arithmetic, chains."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies.plans import lane_program_of
from vliwc.driver import compile_text
from vliwc.isel.cost import EngineDemand
from vliwc.options import Options
from vliwc.strategy.bound import least_work, proved_kernel_bound
from vliwc.strategy.unavoidable import (
    fewest_stores,
    fewest_windows,
    unavoidable_work,
    ways_to_share,
)


def kernel(body: str, memory: str = "x: u32[512] in at 0; y: u32[512] out at 512;") -> str:
    return f"kernel test() {{ memory {{ {memory} }} {body} }}"


@given(words=st.sets(st.integers(0, 14), max_size=6), vlen=st.integers(1, 4))
def test_fewest_windows_are_the_fewest_that_cover(words: set[int], vlen: int) -> None:
    windows = [set(range(at, at + vlen)) for at in range(15)]
    fewest = next(
        count
        for count in range(len(words) + 1)
        if any(words <= set().union(*chosen) for chosen in combinations(windows, count))
    )
    assert fewest_windows(words, vlen) == fewest


@given(words=st.sets(st.integers(0, 11), max_size=8), vlen=st.integers(2, 4))
def test_fewest_stores_write_nothing_else(words: set[int], vlen: int) -> None:
    vectors = [set(range(at, at + vlen)) for at in range(12)]
    writes = [w for w in [*vectors, *({at} for at in range(12))] if w <= words]
    fewest = next(
        count
        for count in range(len(words) + 1)
        if any(set().union(*chosen) == words for chosen in combinations(writes, count))
    )
    assert fewest_stores(words, vlen) == fewest


@pytest.mark.parametrize(
    ("body", "words", "loads"),
    [
        ("parallel for i in 0 .. 64 { y[i] = x[2 * i] + 1; }", 64, 16),
        ("parallel for i in 0 .. 64 { y[i] = x[8 * i] + 1; }", 64, 64),
        ("parallel for i in 0 .. 64 { y[i] = x[i] + x[i + 1] + x[i + 2]; }", 66, 9),
        ("parallel for i in 0 .. 64 { y[i] = x[i / 8] ^ x[i % 8]; }", 8, 1),
        # Reads that nothing depends on after optimisation.
        ("parallel for i in 0 .. 64 { y[i] = x[i] + 0 * x[i + 100]; }", 64, 8),
        ("parallel for i in 0 .. 64 { let z = x[i + 100]; y[i] = x[i]; }", 64, 8),
        ("parallel for i in 0 .. 64 { y[i] = if 1 < 2 then x[i] else x[i + 99]; }", 64, 8),
    ],
)
def test_each_word_that_matters_is_read_once(body: str, words: int, loads: int) -> None:
    program = lane_program_of(kernel(body))
    for block in (1, 4):
        work = unavoidable_work(program, block)
        assert (len(work.words), work.loads) == (words, loads)


@pytest.mark.parametrize(
    ("body", "stores"),
    [
        ("parallel for i in 0 .. 64 { y[i] = x[i]; }", 8),
        ("parallel for i in 0 .. 64 { y[3 * i] = x[i]; }", 64),
        ("parallel for i in 0 .. 64 { y[2 * i] = x[i]; y[2 * i + 1] = x[i] + 1; }", 16),
        ("parallel for i in 0 .. 64 { y[63 - i] = x[i]; }", 8),
        ("parallel for i in 0 .. 60 { y[i] = x[i]; }", 8),
        ("y[3] = x[0]; y[4] = x[1]; y[9] = x[2];", 3),
    ],
)
def test_each_word_is_written_once(body: str, stores: int) -> None:
    assert unavoidable_work(lane_program_of(kernel(body)), 1).stores == stores


def test_a_selection_takes_flow_or_arithmetic() -> None:
    body = """parallel for i in 0 .. 256 {
        let a = x[i]; let b = x[i + 256];
        y[i] = (if a < b then a else b) ^ (if b < a * 3 then b * 5 else a * 7);
    }"""
    work = unavoidable_work(lane_program_of(kernel(body)), 1)
    assert work.selects == ((EngineDemand(compute=16, valu=1), 64),)
    assert work.demand.flow == 0


def test_selections_decide_by_what_is_left_beside_flow() -> None:
    body = """parallel for i in 0 .. 256 {
        var a = x[i]; var b = x[i + 256];
        for r in 0 .. 6 { let c = min(a, b) * 3; b = max(a, b) ^ 5; a = c; }
        y[i] = a; y[i + 256] = b;
    }"""
    # In 32 groups and 6 rounds 3 operations and 2 selections, T of which flow takes:
    # 60 T = 8 * 32 * 6 * 3 + 16 * (32 * 6 * 2 - T).
    found = proved_kernel_bound(lane_program_of(kernel(body)))
    assert found == pytest.approx(8 * 32 * 6 * 7 / 76, abs=0.5)  # and vectors of constants


def test_chains_count_where_nothing_else_does() -> None:
    body = """parallel for i in 0 .. 8 {
        var h = x[i];
        for r in 0 .. 100 { h = (h ^ (h >> 3)) * 5; }
        y[i] = h;
    }"""
    # A vload, three operations a round, a vstore; address and constants are not sure.
    work = least_work(lane_program_of(kernel(body)))
    assert work.cycles == work.work.latency == 302
    assert compile_text(kernel(body), "test", {}).cycles >= 302


def test_a_chain_through_memory_counts_its_loads_and_stores() -> None:
    memory = "x: u32[64] in at 0 below 16; y: u32[128] inout at 64;"
    body = """parallel for i in 0 .. 8 {
        for r in 0 .. 8 { y[16 * i + x[8 * i + r]] = y[16 * i + x[8 * i + r]] + 1; }
    }"""
    # A load, an addition and a store for each of eight rounds, each store before the next load.
    assert unavoidable_work(lane_program_of(kernel(body, memory)), 1).latency == 24


def test_groups_that_share_words_are_an_alternative() -> None:
    """With chunks for one group each, nothing is saved: the reads stay two ``vload``s a group."""
    text = kernel("parallel for i in 0 .. 504 { y[i] = x[i] ^ x[i + 1]; }")
    program = lane_program_of(text)
    assert proved_kernel_bound(program) <= compile_text(text, "test", {}).lower_bound


def test_ways_to_share_that_differ_are_kept_apart() -> None:
    """Without rows, words of a transposition are stored one by one."""
    text = kernel("parallel for i in 0 .. 256 { y[16 * (i % 16) + i / 16] = x[i]; }")
    ways = {work.block: work for work in ways_to_share(lane_program_of(text), (1, 4))}
    assert ways[1].stores == 32
    assert ways[0].demand.store == 256
    assert least_work(lane_program_of(text)).work.block == 1


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_strided_kernel_is_bound_by_its_words(level: int) -> None:
    text = kernel("parallel for i in 0 .. 256 { y[i] = x[2 * i] + x[2 * i + 1]; }")
    bound = proved_kernel_bound(lane_program_of(text))
    # 512 words by 64 vloads, two a cycle, of which one needs no address; an addition and a vstore.
    assert bound == 1 + 32 + 2
    result = compile_text(text, "test", {}, Options(level=level))
    assert bound <= result.lower_bound <= result.cycles

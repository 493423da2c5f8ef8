"""Words at known addresses: which chunks are loaded, and that programs read the right words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isa.machine import DEFAULT_MACHINE
from isa.simulator import run
from tests.strategies.plans import Choice
from tests.unit.isel.helpers import kernel_text, loads_of, program_in_memory, program_of, verified
from vliwc.analysis.lane_words import lane_words
from vliwc.driver import compile_text
from vliwc.ir.builder import Builder
from vliwc.ir.graph import Loop
from vliwc.ir.value import Op, Value
from vliwc.isel.memory.regions import RegionLoads, plan_regions, stride_of
from vliwc.isel.program import LaneProgram
from vliwc.isel.scalar import Uniform
from vliwc.lang.interpret import interpret, output_words, protected_words, random_memory
from vliwc.mir.operation import Operand, PerGroup
from vliwc.options import Options
from vliwc.strategy.options import loop_reads
from vliwc.strategy.region_choice import known_reads, loop_regions

INDICES = (
    "{s} * i + {k}",
    "(n - 1 - i) * {s} + {k}",
    "(i / {c}) * {s} + {k}",
    "i % {c} + {k}",
    "(i ^ {c}) + {k}",
    "(i / {c}) + (i % {c}) * {s}",
    "(i << 1 & {c}) + {k}",
    "if i == 0 then {k} else i - 1",
)


def kernel(index: str, second: str, words: int) -> str:
    return f"""
kernel known(n) {{
  memory {{
    a: u32[{words}] in at 3;
    o: u32[n] out at 3 + {words};
  }}
  parallel for i in 0 .. n {{
    o[i] = (a[{index}] ^ 77) * 3 + a[{second}] + (a[{index}] >> 3);
  }}
}}
"""


@st.composite
def indices(draw: st.DrawFn) -> str:
    form = draw(st.sampled_from(INDICES))
    return form.format(
        s=draw(st.integers(0, 9)), k=draw(st.integers(0, 20)), c=draw(st.integers(1, 40))
    )


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30)), min_size=1, max_size=4),
    st.integers(1, 40),
    st.sampled_from((1, 2, 4, -1, -4)),
)
def test_places_hold_the_words(rows: list[tuple[int, int]], n: int, block: int) -> None:
    """Each lane finds its address in its chunk, chunks lie in memory, strides in one chunk."""
    limit = 9 * 39 + 31
    lanes = np.arange(n, dtype=np.uint64)
    reads = {
        Value(number, Op.LOAD): lanes * np.uint64(stride) + np.uint64(offset)
        for number, (stride, offset) in enumerate(rows)
    }
    regions = plan_regions(Loop(0, n), reads, 8, block, limit)
    for group, (chunks, places) in enumerate(zip(regions.chunks, regions.places, strict=True)):
        assert all(c.base >= 0 and c.base + 8 * c.vectors <= limit for c in chunks)
        for value, words in reads.items():
            own = words[8 * group : 8 * group + 8].tolist()
            found = [chunks[p.chunk].base + p.offset for p in places[value]]
            assert found == own
            assert all(0 <= p.offset < 8 * chunks[p.chunk].vectors for p in places[value])
            if stride_of(own, 8) and block > 0:
                assert len({p.chunk for p in places[value]}) == 1


@pytest.mark.parametrize("words", [[199], [197, 198, 199], [193, 195, 197], [192, 193]])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_chunks_end_where_memory_does(words: list[int], n: int) -> None:
    """The last word can only be loaded with those before it."""
    reads = {Value(0, Op.LOAD): np.array(words[:n], dtype=np.uint64)}
    regions = plan_regions(Loop(0, min(n, len(words))), reads, 8, 1, 200)
    (chunk,) = regions.distinct
    assert chunk == (192, 1)
    (places,) = regions.places[0].values()
    assert [chunk.base + place.offset for place in places] == words[:n]


def test_neighbours_share_what_they_load() -> None:
    lanes = np.arange(64, dtype=np.uint64)
    reads = {Value(k, Op.LOAD): lanes + np.uint64(k) for k in range(5)}
    alone = plan_regions(Loop(0, 64), reads, 8, 1, 68)
    shared = plan_regions(Loop(0, 64), reads, 8, 4, 68)
    assert sum(c.vectors for c in alone.distinct) == 8 * 2
    assert sum(c.vectors for c in shared.distinct) == 2 * 5


def test_what_one_read_touches_comes_together() -> None:
    """Rows of neighbours that do not overlap stay apart, and are loaded once for all blocks."""
    lanes = np.arange(96, dtype=np.uint64)
    reads = {Value(k, Op.LOAD): lanes + np.uint64(32 * k) for k in range(3)}
    regions = plan_regions(Loop(0, 96), reads, 8, 4, 200)
    assert regions.distinct == {(32 * k, 4) for k in range(5)}


@pytest.mark.parametrize("n", [5, 64, 77])
def test_chunks_that_do_not_overlap_load_each_word_once(n: int) -> None:
    """Only where one ends are the lanes of a group in two."""
    lanes = np.arange(n, dtype=np.uint64)
    left, right = Value(0, Op.LOAD), Value(1, Op.LOAD)
    reads = {left: lanes + np.uint64(3), right: lanes + np.uint64(4)}
    regions = plan_regions(Loop(0, n), reads, 8, -4, 90)
    assert sum(chunk.vectors for chunk in regions.distinct) == -(-(n + 1) // 8)
    for group, (chunks, places) in enumerate(zip(regions.chunks, regions.places, strict=True)):
        for value, words in reads.items():
            found = [place and chunks[place.chunk].base + place.offset for place in places[value]]
            assert found == words[8 * group : 8 * group + 8].tolist()
        whole = group % 4 != 3 or n < 32
        assert len({place and place.chunk for place in places[left]}) == 1
        assert whole is (len({place and place.chunk for place in places[right]}) == 1)


def test_a_lane_that_reads_elsewhere_leaves_the_others_side_by_side() -> None:
    """Words 15 to 22 but for the first lane, which reads word 23."""
    words = np.array([*range(8), 15 + 8, *range(16, 23)], dtype=np.uint64)
    regions = plan_regions(Loop(0, 16), {Value(0, Op.LOAD): words}, 8, 1, 200)
    assert sorted(regions.chunks[1]) == [(15, 1), (23, 1)]
    # Where that vector would start before memory, words are where they are.
    words[8:] = [7, *range(7)]
    regions = plan_regions(Loop(0, 16), {Value(0, Op.LOAD): words}, 8, 1, 200)
    assert [chunk.base for chunk in regions.chunks[1]] == [0]


def test_rows_of_a_torus_take_a_vector_operation_and_a_lane() -> None:
    text = """
    kernel torus() {
      memory { a: u32[16][8] in at 0; b: u32[16][8] out at 128; }
      parallel for y in 0 .. 16, x in 0 .. 8 { b[y][x] = a[y][(x + 1) % 8] ^ a[y][x] * 3; }
    }
    """
    made = compile_text(text, "torus", {})
    assert made.cycles <= 16
    assert made.ops["alu"] < 128  # all of them, lane by lane


def test_far_words_are_in_chunks_of_their_own() -> None:
    words = np.array([*range(8), *range(100, 108)], dtype=np.uint64)
    regions = plan_regions(Loop(0, 16), {Value(0, Op.LOAD): words}, 8, -4, 200)
    assert regions.distinct == {(0, 1), (100, 1)}


def test_equal_chunks_of_all_groups_are_loaded_once() -> None:
    lanes = np.arange(64, dtype=np.uint64)
    reads = {Value(0, Op.LOAD): lanes % np.uint64(8)}
    assert len(plan_regions(Loop(0, 64), reads, 8, 1, 68).distinct) == 1


def test_groups_with_equal_places_share_a_pattern() -> None:
    lanes = np.arange(44, dtype=np.uint64)
    reads = {Value(0, Op.LOAD): lanes * np.uint64(3)}
    regions = plan_regions(Loop(0, 44), reads, 8, 1, 200)
    assert regions.pattern[:5] == [0] * 5 and regions.pattern[5] == 1


def test_groups_with_other_places_have_other_patterns() -> None:
    """Chunks of equal length, words in reverse order."""
    words = np.array([*range(8), *reversed(range(8, 16))], dtype=np.uint64)
    assert plan_regions(Loop(0, 16), {Value(0, Op.LOAD): words}, 8, 1, 68).pattern == [0, 1]


def loads_of_words(*words: int) -> tuple[RegionLoads, Value]:
    """The loads for one group that reads these words of a memory of 200."""
    value = Value(0, Op.LOAD)
    reads = {value: np.array(words, dtype=np.uint64)}
    regions = plan_regions(Loop(0, len(words)), reads, 8, 1, 200)
    return RegionLoads(
        regions, Uniform(program_of(kernel_text("o[i] = v;"), n=8).function, 8), 0
    ), value


def test_short_groups_do_not_read_past_their_chunk() -> None:
    """A vector operation reads all lanes; past the chunk there may be no scratch."""
    for words in ([192, 193, 194], [20, 21, 22]):
        loads, value = loads_of_words(*words)
        assert isinstance(loads.operand(0, value), Operand)
    loads, value = loads_of_words(196, 197, 198)
    found = loads.operand(0, value)
    assert isinstance(found, tuple) and [word.offset for word in found] == [4, 5, 6]


@pytest.mark.parametrize("block", [1, 4, -4])
def test_short_groups_store_words_from_inside_of_a_chunk(block: int) -> None:
    text = kernel_text("o[i] = if i > 20 then v else v * a[(i + 1) % n] + a[(i + 2) % n];")

    def shared(program: LaneProgram) -> Choice:
        (loop,) = program.function.loops
        plan = loop_reads(program, loop, block=block).plan([])
        return Choice([[plan] * program.groups(loop)])

    verified(text, {"n": 29}, shared)


def test_a_read_needs_all_chunks_with_words_of_it() -> None:
    loads, value = loads_of_words(3, 150, 80, 4)
    assert {op.name for op in loads.loads_in(0, value)} == {"mem3", "mem80", "mem150"}
    assert set(loads.loads_in(0, value)) == set(loads.all_loads())


def test_one_word_for_all_lanes_is_broadcast() -> None:
    loads, value = loads_of_words(195, 195, 195)
    found = loads.operand(0, value)
    assert isinstance(found, Operand) and isinstance(found.source, PerGroup)
    (word,) = found.source.member(0).forms[0].operands
    assert (word.offset, word.stride) == (3, 0)


@pytest.mark.parametrize(
    ("words", "step"),
    [
        ([5], 0),
        ([4, 6, 8], 2),
        ([4, 4], 0),
        ([8, 4], None),
        ([1, 2, 4], None),
        ([None, 4, None, 8], 2),
        ([None, 4, None, 7], None),
        ([4, None, None], None),
    ],
)
def test_strides(words: list[int | None], step: int | None) -> None:
    assert stride_of(words, 8) == step


def test_lanes_that_no_one_asks_for_add_no_loads() -> None:
    """They have a place only if that makes the words a vector operand of what is loaded anyway."""
    value, lanes = Value(0, Op.LOAD), np.arange(24, dtype=np.uint64)
    reads = {value: lanes + np.uint64(7)}
    asked = np.array([*[False] * 4, *[True] * 12, *[False] * 8])
    regions = plan_regions(Loop(0, 24), reads, 8, 1, 200, {value: asked})
    assert regions.chunks == [((11, 1),), ((15, 1),), ()]
    assert [place is None for place in regions.places[0][value]] == [True] * 4 + [False] * 4
    assert [place and place.offset for place in regions.places[1][value]] == list(range(8))
    assert value not in regions.places[2]


def test_words_that_follow_from_the_lane_are_known() -> None:
    program = program_of(
        kernel_text("o[i] = t[(i * 5 + 3) % 64] + t[(i << 40) + (i >> 1)] + t[v & 63];"), n=20
    )
    function = program.function
    words = lane_words(function, function.loops[0])
    indices = [v.args[0] for v in function.values if v.op is Op.LOAD and v.array == "t"]
    known = [words[index].tolist() for index in indices if index in words]
    assert [(5 * i + 3) % 64 for i in range(20)] in known
    assert [i >> 1 for i in range(20)] in known
    assert any(index not in words for index in indices)


def test_a_division_that_traps_is_not_known() -> None:
    builder = Builder("trap", {})
    lane = builder.lane(builder.loop(4).number, None)
    sixty = builder.const(60, None)
    quotient = builder.op(Op.DIV, sixty, lane, span=None)
    remainder = builder.op(Op.MOD, lane, sixty, span=None)
    function = builder.finish()
    words = lane_words(function, function.loops[0])
    assert quotient not in words
    assert words[remainder].tolist() == [0, 1, 2, 3]


def region_program(body: str, scratch_words: int = DEFAULT_MACHINE.scratch_words) -> LaneProgram:
    text = kernel_text(body, arrays="r: u32[8 * n] inout at 67 + 2 * n;")
    return program_in_memory(text, replace(DEFAULT_MACHINE, scratch_words=scratch_words), n=24)


def test_what_a_store_may_have_written_is_read_after_it() -> None:
    """The first read needs the chunk before the store, the second one after it."""
    body = "let x = r[2 * i + 1]; r[2 * i] = x + v; o[i] = r[2 * i + i % 2] + r[2 * i];"
    program = region_program(body)
    first, second = loads_of(program, "r")
    assert set(known_reads(program, program.function.loops[0])["r"]) == {first}
    assert second.order
    verified(kernel_text(body, arrays="r: u32[2 * n] inout at 67 + 2 * n;"), {"n": 24})


@pytest.mark.parametrize(
    ("scratch_words", "stride", "pays"),
    [
        (1536, 4, True),  # four vectors for a group instead of eight loads
        (64, 4, True),
        (56, 4, False),  # chunks of a group take half of scratch at most
        (1536, 8, False),  # as many loads either way
    ],
)
def test_regions_fit_and_take_fewer_loads(scratch_words: int, stride: int, pays: bool) -> None:
    program = region_program(f"o[i] = r[{stride} * i] ^ v; r[8 * i] = 1;", scratch_words)
    for block in (1, 4):
        found = loop_regions(program, program.function.loops[0], block)
        assert (found is not None) == pays


@given(indices(), indices(), st.integers(1, 45), st.sampled_from((0, 1, 2)))
def test_programs_read_the_right_words(first: str, second: str, n: int, level: int) -> None:
    result = compile_text(
        kernel(first, second, 600), "known.vk", {"n": n}, Options(level=level, verify=True)
    )
    memory = random_memory(result.kernel, n)
    expected = interpret(result.kernel, memory)
    ran = run(result.program, memory)
    for words in (*output_words(result.kernel), *protected_words(result.kernel)):
        assert ran.memory[words.start : words.stop] == expected[words.start : words.stop]

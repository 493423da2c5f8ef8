"""Reading tables by the bits of an index: where these are found, the words, the operations."""

from __future__ import annotations

from itertools import product

import pytest
import z3

from isa.machine import MachineSpec
from tests.unit.isel.helpers import kernel_text, kinds, opcodes, program_of, selected, verified
from vliwc.ir.value import MASK
from vliwc.isel.reads.index_bits import SplitIndex, split_index
from vliwc.isel.reads.split_reads import packed_run
from vliwc.strategy.options import Step, loop_reads

NARROW = "p: u32[64] in at 200 below 16;"


def split_of(index: str, most: int = 7) -> SplitIndex | None:
    program = program_of(kernel_text(f"o[i] = t[{index}];"), n=8)
    (load,) = loop_reads(program, program.function.loops[0]).table
    return split_index(program.forms[load.args[0]], program.facts, (), most)


def places(index: str) -> list[tuple[int, int]]:
    """Position and weight of each bit; all of them stand in `v`."""
    found = split_of(index)
    assert found is not None and len(found.sources) == 1
    assert found.sources[0].array == "a"
    return [(bit.position, bit.weight) for bit in found.bits]


@pytest.mark.parametrize(
    ("index", "bits"),
    [
        ("(v >> 12) & 3", [(12, 1), (13, 2)]),
        ("v >> 30", [(30, 1), (31, 2)]),
        ("v << 3 >> 29 << 2", [(26, 4), (27, 8), (28, 16)]),
        ("(v & 6) / 2 + 5", [(1, 1), (2, 2)]),
        ("3 * (v & 1) + 7 * (v >> 31)", [(0, 3), (31, 7)]),
        ("(v >> 4 & 1) + 2 * (v >> 4 & 3)", [(4, 3), (5, 4)]),
        ("((v ^ 240) >> 3) & 1", [(3, 1)]),
        ("((v | 240) >> 8) & 3", [(8, 1), (9, 2)]),
    ],
)
def test_bits_are_found_where_they_stand(index: str, bits: list[tuple[int, int]]) -> None:
    assert places(index) == bits


def test_combinations_count_the_bits() -> None:
    found = split_of("5 + (v & 1) + 3 * (v >> 30)")
    assert found is not None
    assert found.combinations() == [5, 6, 8, 9, 11, 12, 14, 15]


def test_bits_that_are_known_are_part_of_the_constant() -> None:
    found = split_of("((v | 240) >> 4) & 31")
    assert found is not None
    assert found.combinations() == [15, 31]
    assert [(bit.position, bit.weight) for bit in found.bits] == [(8, 16)]


def test_too_many_bits_are_not_split() -> None:
    assert split_of("v & 31", most=5) is not None
    assert split_of("v & 31", most=4) is None


@pytest.mark.parametrize(
    ("position", "mask"),
    [
        (position, mask)
        for position in (0, 1, 30, 31)
        for mask in (MASK, 1, 0x80000000, 0x7FFFFFFF, 2, 0x40000002)
        if mask >> position & 1
    ],
)
def test_flags_and_units_for_every_word(position: int, mask: int) -> None:
    """Z3: a flag is zero where the bit is not set, a unit is the bit; for words within a mask."""
    body = f"let w = v & {mask}; o[i] = t[(w >> {position}) & 1] + w;"
    program = program_of(kernel_text(body), n=8)
    (load,) = loop_reads(program, program.function.loops[0]).table
    form, kept = program.forms[load.args[0]], set(program.function.values)
    for index in (
        split_index(form, program.facts, (), 1),
        split_index(form, program.facts, (), 1, kept),
    ):
        assert index is not None
        (bit,) = index.bits
        word = z3.BitVec("word", 32)
        within = word & program.facts.known_zero(bit.source) == 0
        unit, flag = (
            _applied(word, ops) for ops in (bit.unit(program.facts), bit.flag(program.facts))
        )
        truth = z3.LShR(word, bit.position) & 1
        solver = z3.Solver()
        solver.add(within, z3.Or(unit != truth, (flag != 0) != (truth == 1)))
        assert solver.check() == z3.unsat


def _applied(word: z3.BitVecRef, operations: tuple[tuple[str, int], ...]) -> z3.BitVecRef:
    for opcode, constant in operations:
        word = {
            "&": lambda w, c: w & c,
            ">>": lambda w, c: z3.LShR(w, c),
            "<<": lambda w, c: w << c,
        }[opcode](word, constant)
    return word


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_sums_of_products_choose_the_word(bits: int) -> None:
    """Z3: with the coefficients of Moebius inversion, the multiply_adds give each word."""
    words = [z3.BitVec(f"w{k}", 32) for k in range(1 << bits)]
    found = list(words)
    for level in range(bits):
        for number in range(len(found)):
            if number >> level & 1:
                found[number] = found[number] - found[number ^ 1 << level]
    for setting in product((0, 1), repeat=bits):
        vectors = list(found)
        for bit in setting:
            vectors = [
                one * bit + zero for one, zero in zip(vectors[1::2], vectors[::2], strict=True)
            ]
        chosen = words[sum(bit << level for level, bit in enumerate(setting))]
        solver = z3.Solver()
        solver.add(vectors[0] != chosen)
        assert solver.check() == z3.unsat


INDICES = (
    "(v >> 12) & 15",
    "15 - ((v >> 12) & 15)",
    "v >> 28",
    "(v & 3) * 4 + (v >> 9 & 3)",
    "(v & 7) + 8 * (i % 2)",
    "3 + (v & 1) + 5 * (v >> 4 & 3)",
    "(v >> 5 & 3) + 20 * (v * 9 >> 31)",
    "v % 4",
    "v / 16 % 3",
    "2 * (v % 3) + (v & 8) / 8",
)


@pytest.mark.parametrize("name", ["bit select 0", "bit select 1", "bit sum 2"])
@pytest.mark.parametrize("index", INDICES)
def test_trees_by_bits(index: str, name: str) -> None:
    text = kernel_text(f"o[i] = t[{index}] ^ v;")
    names = {step.name for step in steps_of(text)}
    if name in names:
        verified(text, {"n": 21}, name)
    else:
        assert name == "bit select 0" and "bit select 1" in names


def steps_of(text: str, machine: MachineSpec | None = None) -> list[Step]:
    program = program_of(text, machine or MachineSpec(), n=21)
    return loop_reads(program, program.function.loops[0]).steps[0]


@pytest.mark.parametrize("name", ["bit select 1", "bit sum 2", "packed 1"])
def test_words_past_the_end_of_memory_are_not_touched(name: str) -> None:
    text = """
    kernel test(n) {
      memory {
        a: u32[n] in at 0 below 13;
        o: u32[n] out at n;
        t: u32[13] in at 2 * n below 16;
      }
      parallel for i in 0 .. n { o[i] = t[a[i]]; }
    }
    """
    verified(text, {"n": 24}, name)


@pytest.mark.parametrize("name", ["packed 0", "packed 1"])
@pytest.mark.parametrize("index", [*INDICES, "(v >> 9) & 63", "63 - (v & 63)", "(v * v) >> 26"])
def test_packed_words(index: str, name: str) -> None:
    text = kernel_text(f"o[i] = p[{index}] ^ v;", NARROW)
    names = {step.name for step in steps_of(text)}
    if name in names:
        verified(text, {"n": 21}, name)
    assert names & {"packed 0", "packed 1"}


@pytest.mark.parametrize("below", [2, 3, 5, 16, 17, 255, 256, 65536, 65537])
def test_the_width_of_packed_words(below: int) -> None:
    found = split_of("v >> 25")
    assert found is not None
    run = packed_run(found, below)
    if below > 65536:
        assert run is None
    else:
        assert run is not None
        bits, log_width = run
        assert below - 1 < 1 << (1 << log_width)
        assert len(bits) == 5 - log_width and bits[0].position == 25
    text = kernel_text("o[i] = p[v & 31] ^ v;", NARROW.replace("16", str(below)))
    assert ("packed 0" in {step.name for step in steps_of(text)}) is (below <= 65536)
    if below <= 65536:
        verified(text, {"n": 16}, "packed 0")


def test_packed_words_may_not_be_wider_than_promised() -> None:
    """A promise about one word read is none about the table."""
    text = kernel_text("let x = t[v >> 28]; assume x < 16; o[i] = x ^ v;")
    assert not [step for step in steps_of(text) if step.name.startswith("packed")]


@pytest.mark.parametrize("fold", ["^ 77", "- 77", "/ 7", "& 7", "<< 3"])
@pytest.mark.parametrize("name", ["bit select 0", "bit sum 2", "packed 0"])
def test_constants_are_applied(fold: str, name: str) -> None:
    """Reads whose constants differ share the words; alone, a constant is in the words."""
    one = f"o[i] = v ^ (p[v >> 30] {fold});"
    two = f"o[i] = v ^ (p[v >> 30] {fold}) ^ (p[v >> 11 & 3] {fold} + 5);"
    for body in (one, two):
        verified(kernel_text(body, NARROW), {"n": 13}, name)


def test_sums_leave_flow_alone() -> None:
    text = kernel_text("o[i] = t[(v >> 12) & 15] ^ t[(v >> 20) & 15];")
    for name, flow, valu in (("bit select 0", 15, 0), ("bit sum 2", 3, 12), ("bit sum 4", 0, 15)):
        instance, lanes = selected(program_of(text, n=16), name)
        found = kinds(lanes.template.ops)
        assert (found["flow"], found["valu"]) == (2 * flow, 2 * valu)
        assert found["load"] == 1, "the vload of the inputs"
        entries = [op for op in instance.uniform.ops if op.name == "entry"]
        assert len(entries) == 16, "the reads share their words"


def test_conditions_take_one_operation_and_no_index() -> None:
    text = kernel_text("o[i] = t[(v >> 12) & 15] ^ v;")
    _, lanes = selected(program_of(text, n=16), "bit select 0")
    assert opcodes(lanes.template.ops)["&"] == 4 and opcodes(lanes.template.ops)[">>"] == 0


def test_a_folded_word_is_no_place_for_bits() -> None:
    """The shift by 4 is done to the words of `t`: the word read is never there as it was."""
    text = kernel_text("let x = t[v % 64] >> 4; o[i] = t[x & 3] ^ v;")
    for name in ("bit select 1", "bit sum 2"):
        verified(text, {"n": 16}, name)


@pytest.mark.parametrize("vlen", [1, 2, 3, 4, 16])
@pytest.mark.parametrize("name", ["bit select 0", "bit sum 2", "packed 0"])
def test_vector_lengths(vlen: int, name: str) -> None:
    text = kernel_text("o[i] = p[v >> 12 & 3] + (p[v >> 30] ^ v);", NARROW)
    verified(text, {"n": 11}, name, MachineSpec(vlen=vlen))

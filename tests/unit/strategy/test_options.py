"""What the compiler sees at each table read of a loop, and whether it costs what it says."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from isa.machine import MachineSpec
from tests.strategies.plans import Choice, lane_program, named_choice, names
from tests.strategies.walks import random_walk
from tests.unit.isel.helpers import kernel_text, kinds, parts, program_of
from vliwc.analysis.linear import Linear
from vliwc.ir.value import Value
from vliwc.isel.cost import NOTHING, EngineDemand, vector_demand
from vliwc.isel.instantiate import instantiate
from vliwc.isel.memory.working_memory import Lenders, WorkingMemory
from vliwc.isel.program import LaneProgram
from vliwc.isel.reads.table_reads import Consecutive, Gather
from vliwc.strategy.options import LoopReads, Step, loop_reads

BITS = "let b0 = v & 1; let b1 = (v >> 1) & 1; let b2 = (v >> 2) & 1;"

TWO_BITS = ["gather", "select", "bit sum 2"]


def reads_of(body: str, machine: MachineSpec | None = None, arrays: str = "") -> LoopReads:
    program = program_of(kernel_text(BITS + body, arrays), machine or MachineSpec(), n=16)
    return loop_reads(program, program.function.loops[0])


def test_inputs_and_written_arrays_are_no_choice() -> None:
    reads = reads_of("x[2 * i] = v; o[i] = x[2 * i] + t[9];", arrays="x: u32[2 * n] inout at 100;")
    assert reads.table == []
    assert {type(read) for read in reads.fixed.values()} <= {Consecutive, Gather}


def test_words_that_the_loop_writes_are_gathered() -> None:
    """A copy of them in scratch, or in records, would not see what is written."""
    body = "let s = x[2 * i + b0]; x[2 * i + b0] = s + 1; o[i] = s;"
    reads = reads_of(body, arrays="x: u32[2 * n] inout at 100;")
    assert reads.table == []
    assert Counter(type(read) for read in reads.fixed.values()) == {Consecutive: 1, Gather: 1}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("o[i] = t[b0];", [["gather", "select"]]),
        ("o[i] = t[v % 50];", [["gather"]]),
        ("o[i] = t[v % 4 + 60];", [["gather", "bit select 1", "bit sum 2"]]),
        ("o[i] = t[v % 4 + 61];", [["gather"]]),
        ("o[i] = t[2 * b0 - b1];", [["gather"]]),
        ("o[i] = t[b0] ^ t[2 * b0 + b1];", [["gather", "select", "record"], TWO_BITS]),
        (
            "o[i] = t[b0] ^ t[3 * b0 + b1 + 5];",
            [["gather", "select", "record"], TWO_BITS],
        ),
        ("o[i] = t[b0] ^ t[9 * b0 + b1];", [["gather", "select"], TWO_BITS]),
        (
            "o[i] = t[b0] ^ t[2 * b0 + b1 + 2 * b2];",
            [
                ["gather", "select"],
                ["gather", "select", "bit select 0", "bit sum 2", "bit sum 3"],
            ],
        ),
        ("o[i] = t[v % 50] ^ t[v % 50 + b1];", [["gather", "record"], ["gather"]]),
        (
            "o[i] = t[b0] ^ a[b1] ^ t[2 * b0 + b1];",
            [["gather", "select"], ["gather", "select"], TWO_BITS],
        ),
        (
            "o[i] = t[v % 4 + 60] ^ t[v % 4 + 57 + b1];",
            [
                ["gather", "bit select 1", "bit sum 2", "record"],
                ["gather", "select", "bit select 1", "bit sum 2"],
            ],
        ),
        (
            "o[i] = t[v % 4 + 61] ^ t[v % 4 + 57 + b1];",
            [["gather"], ["gather", "select", "bit select 0", "bit sum 2", "bit sum 3"]],
        ),
        ("o[i] = t[b0] ^ t[2 * b0 + b1 + 61];", [["gather", "select"], ["gather"]]),
        (
            "o[i] = t[b0 + 2 * b1 + 4 * b2 + v / 8 % 2 * 8];",
            [["gather", "bit select 1", "bit sum 2", "bit sum 3", "bit sum 4"]],
        ),
        ("o[i] = t[b0 + 2 * b1 + 4 * b2 + v / 8 % 2 * 8 + v / 16 % 2 * 16];", [["gather"]]),
    ],
    ids=[
        *(
            "bit",
            "unknown",
            "domain",
            "beyond the end",
            "before the start",
            "children",
            "other pitch",
            "too far",
            "two pickers",
        ),
        *("next", "another array between"),
        *("records up to the end", "first words beyond the end", "records beyond the end"),
        *("sixteen words", "more words than two for each lane"),
    ],
)
def test_ways_to_read(body: str, expected: list[list[str]]) -> None:
    assert [names(steps) for steps in reads_of(body).quick().steps] == expected


def test_large_tables_make_no_records() -> None:
    text = """
kernel k(n, m) {
  memory { t: u32[m] in at 0; a: u32[n] in at m; o: u32[n] out at n + m; }
  parallel for i in 0 .. n {
    let x = a[i] % (m / 2);
    o[i] = t[x] ^ t[2 * x + a[i] / 8 % 2];
  }
}
"""
    for m, expected in ((256, True), (258, False)):
        program = program_of(text, n=16, m=m)
        first, _ = loop_reads(program, program.function.loops[0]).steps
        assert ("record" in names(first)) is expected


def test_records_need_both_words_inside_the_table() -> None:
    """The children of the last nodes would lie outside."""
    text = """
kernel k(n) {
  memory { t: u32[%d] in at 0; a: u32[n] in at 70; o: u32[n] out at 70 + n; }
  parallel for i in 0 .. n {
    let x = 1 + a[i] %% 2;
    let y = 2 * x + 1 + a[i] / 4 %% 2;
    o[i] = t[x] ^ (if y < 6 then t[y] else 0);
  }
}
"""
    for nodes, expected in ((7, True), (6, False)):
        program = program_of(text % nodes, n=16)
        first, _ = loop_reads(program, program.function.loops[0]).steps
        assert ("record" in names(first)) is expected


def test_steps_without_some_tables() -> None:
    reads = reads_of("o[i] = t[b0] ^ t[2 * b0 + b1];").quick()
    (table,) = {step.table for steps in reads.steps for step in steps} - {None}
    assert table is not None
    assert [names(steps) for steps in reads.without({table}).steps] == [
        ["gather", "select"],
        TWO_BITS,
    ]


def predicted(reads: LoopReads, path: list[tuple[Step, int]]) -> EngineDemand:
    """The demand of a path, as the balance adds it up."""
    total, known = NOTHING, None
    for step, bits in path:
        address = reads.address_sum(step, known, bits)
        total = total.plus(step.demand)
        if address is not None:
            total = total.plus(address.demand(8))
        known = step.address or known
    return total


def measured(program: LaneProgram, path: list[tuple[Step, int]]) -> Counter[str] | None:
    """The operations of the first group of the first loop; None if there is no room for tables."""
    loop = program.function.loops[0]
    memory = WorkingMemory(program.function, program.forms, 8)
    choice = Choice(named_choice(program, "gather").assignment)
    choice.assignment[0] = [loop_reads(program, loop).plan(path)] * program.groups(loop)
    for step, _ in path:
        if step.table is not None and step.table not in choice.placements:
            place = memory.place(step.table.words, 8 - step.table.pitch, 0, Lenders(100, 100))
            if place is None:
                return None
            choice.placements[step.table] = place
    instance = instantiate(program, choice.assignment, choice.placements)
    return kinds(instance.selected[0].template.ops)


def random_path(reads: LoopReads, rng: random.Random) -> list[tuple[Step, int]]:
    path: list[tuple[Step, int]] = []
    at = 0
    while at < len(reads.table):
        records = [step for step in reads.steps[at] if step.table is not None]
        step = rng.choice(records or reads.steps[at])
        # For records the balance takes one bit: it knows no constant that a second could ride on.
        path.append((step, 1 if step.table is not None else rng.randint(1, 2)))
        at += len(step.reads)
    return path


def test_costs_are_those_of_the_code() -> None:
    """The difference between a path and gathers throughout, in operations of one group.

    Exact by kind of operation without records, but for comparisons that two reads share.  With
    records the kinds differ (words of rows are read by alu, and the place of the table is not
    known yet); in all, a pair of reads may take a few operations more than predicted: where a
    word of it is not an operand of simple arithmetic, its candidates are copied first.
    """
    compared = with_records = 0
    for seed in range(200):
        generated = random_walk(seed)
        if generated.params["batch"] < 8:
            continue
        program = lane_program(generated.kernel)
        reads = loop_reads(program, program.function.loops[0])
        plain = [(steps[0], 1) for steps in reads.steps]
        path = random_path(reads, random.Random(seed))
        before, after = measured(program, plain), measured(program, path)
        if before is None or after is None:
            continue
        compared += 1
        real, model = Counter(after), Counter(parts(predicted(reads, path)))
        real.subtract(before)
        model.subtract(parts(predicted(reads, plain)))
        records = sum(step.table is not None for step, _ in path)
        assert real["load"] == model["load"], f"load slots of seed {seed}"
        if records:
            with_records += 1
            more = (real.total() - real["load"]) - (model.total() - model["load"])
            assert -records <= more <= 3 * records, seed
        else:
            assert real.pop("plain", 0) <= model.pop("plain", 0), seed
            assert real == model, seed
    assert compared > 80 and with_records > 10


def test_addresses_of_the_next_read_start_from_the_last_one() -> None:
    reads = reads_of("o[i] = t[2 * b0 + b1] ^ t[4 * b0 + 2 * b1 + b2];")
    first, second = (steps[0] for steps in reads.steps)
    alone, after = (reads.address_sum(second, known, 1) for known in (None, first.address))
    assert alone is not None and after is not None
    assert after.operations < alone.operations
    select = next(step for step in reads.steps[0] if step.name == "select")
    assert reads.address_sum(select, None, 1) is None


def test_plans_keep_their_choice_bits() -> None:
    reads = reads_of("o[i] = t[2 * b0 + b1 + 5];")
    (value,) = reads.table
    for bits in (1, 2):
        plan = reads.plan([(reads.steps[0][0], bits)])
        read = plan.reads[value]
        assert isinstance(read, Gather) and read.choice_bits == bits


def test_the_form_of_an_address_includes_the_array_s_base() -> None:
    reads = reads_of("o[i] = t[2 * b0 + b1 + 5];")
    assert reads.steps[0][0].address == Linear(8, _terms(reads, reads.table[0]))


def _terms(reads: LoopReads, load: Value) -> tuple[tuple[Value, int], ...]:
    return reads.program.forms[load.args[0]].terms


@pytest.mark.parametrize(("second", "shared"), [("(v >> 8) & 3", 0), ("(v >> 5) & 3", 1)])
def test_what_two_reads_extract_is_shareable(second: str, shared: int) -> None:
    """Bit 5 is the second of the one index and the first of the other."""
    reads = reads_of(f"o[i] = t[(v >> 4) & 3] * t[{second}];")
    for steps in reads.steps:
        (step,) = (step for step in steps if step.name == "bit select 0")
        assert step.shareable == vector_demand(8, plain=shared)

"""Words that are computed from the addresses of table reads instead of as they are written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies.plans import Choice, named_choice
from tests.unit.isel.helpers import kinds, program_of, verified
from vliwc.driver import compile_file
from vliwc.isel.cost import EngineDemand, vector_demand
from vliwc.isel.program import LaneProgram
from vliwc.mir.operation import MOp
from vliwc.options import Options
from vliwc.strategy.options import Step, loop_reads

KERNELS = Path(__file__).resolve().parents[3] / "kernels"


def walk(end: str = "o[i] = x;", steps: int = 3, last: str = "x = 2 * x + 1 + v % 2;") -> str:
    """A walk of `steps` steps and one more without a read, which returns by `end`."""
    return f"""
kernel walk(n) {{
  memory {{
    t: u32[31] in at 5;
    a: u32[n] in at 36;
    o: u32[n] out at 36 + n;
  }}
  parallel for i in 0 .. n {{
    var v = a[i];
    var x = 1 + v / 2 % 2;
    for k in 0 .. {steps} {{ v = (v ^ t[x]) * 5 + 3; x = 2 * x + 1 + v / 4 % 2; }}
    {last}
    {end}
  }}
}}
"""


def ways(text: str, left_out: frozenset[str] = frozenset(), n: int = 16) -> list[list[Step]]:
    """The steps for words that may be computed from addresses."""
    found = program_of(text, n=n)
    program = LaneProgram.of(found.function, found.facts, found.machine, left_out=left_out)
    reads = loop_reads(program, program.function.loops[0])
    return [steps for steps in reads.steps if steps[0].name == "as written"]


def test_a_sum_follows_from_the_last_address() -> None:
    """The last address and two bits are left to add up: a choice between two constants by one of
    them, and a multiple of the address, and the other bit."""
    ((written, summed),) = ways(walk())
    assert written.demand.valu == 4 and written.demand.compute >= 5 * 8
    assert summed.demand == EngineDemand() and summed.address is not None
    plain, _ = verified(walk(), {"n": 16})
    built, _ = verified(walk(), {"n": 16}, "from address")
    before, after = (kinds(found.dag.groups[0].ops) for found in (plain, built))
    assert before["valu"] - after["valu"] == written.demand.valu - 1
    assert before.total() - after.total() == written.demand.compute // 8 - 3


@pytest.mark.parametrize("choice_bits", [0, 1, 2])
def test_the_constant_may_ride_on_a_choice(choice_bits: int) -> None:
    def chosen(program: LaneProgram) -> Choice:
        return named_choice(program, "from address", choice_bits)

    built, _ = verified(walk(), {"n": 24}, chosen)
    choices = [op for op in built.dag.groups[0].ops if _is_choice(op)]
    plain, _ = verified(walk(), {"n": 24}, lambda p: named_choice(p, "gather", choice_bits))
    others = [op for op in plain.dag.groups[0].ops if _is_choice(op)]
    assert len(choices) - len(others) == (0, 1, 3)[choice_bits]


def _is_choice(op: MOp) -> bool:
    return any(form.engine == "flow" for form in op.forms)


@pytest.mark.parametrize(
    "text",
    [
        walk(end="o[i] = x * 6 + 5;"),
        walk(end="o[i] = 100 - x;"),
        walk(end="o[i] = x ^ v;"),
        walk(end="o[i] = v % (x + 1);"),
        walk(end="o[i] = x + 77; "),
        walk(last=""),
        walk(last="x = 2 * x + 1 + v % 2; v = v * 3; x = 2 * x + 1 + v / 8 % 2;"),
    ],
)
@pytest.mark.parametrize("kind", ["from address", "record", "select"])
def test_every_use_of_a_sum(text: str, kind: str) -> None:
    """Whatever takes the word, and however the reads are done that left an address behind."""
    assert ways(text)

    def chosen(program: LaneProgram) -> Choice:
        choice = named_choice(program, kind)
        sums = {
            step.reads[0]
            for loop in program.function.loops
            for steps in loop_reads(program, loop).steps
            for step in steps
            if step.name == "from address"
        }
        for plans in choice.assignment:
            for plan in plans:
                plan.reads.update(dict(sums))
        return choice

    verified(text, {"n": 16}, chosen)


@pytest.mark.parametrize(
    "text",
    [
        walk(end="o[i] = v;"),
        walk(steps=0),
        walk(steps=1, last=""),
    ],
)
def test_words_that_no_address_spares_anything(text: str) -> None:
    assert ways(text) == []


def test_words_that_come_before_a_read() -> None:
    """The addresses there are then are fewer than a model of them all knows."""
    word = "x = 2 * x + 1 + v % 2;"
    assert len(ways(walk(last=word, end="o[i] = x ^ v;"))) == 1
    assert ways(walk(last=f"{word} v = v + t[v % 8];", end="o[i] = x ^ v;")) == []


def test_an_address_alone_is_no_word() -> None:
    """Stores take addresses by their forms: a sum is of use where a word of it is stored."""
    arrays = "o: u32[n] out at 36 + n; w: u32[1000] out at 36 + 2 * n;"
    text = walk().replace("o: u32[n] out at 36 + n;", arrays)
    assert ways(text.replace("o[i] = x;", "o[i] = v; w[x] = v;")) == []
    assert len(ways(text.replace("o[i] = x;", "o[i] = v; w[v % 9] = x;"))) == 1


def test_what_is_an_index_as_well_may_be_shared() -> None:
    """A read may take its bits from the word of its index, which is there for both then: a bound
    counts what follows the last index alone, two steps of a walk."""
    ((written, _),) = ways(walk())
    steps = vector_demand(8, valu=2, plain=2)
    assert written.demand.plus(written.shareable, -1) == steps
    assert written.shareable == steps  # of the two steps between the first index and the last


def test_shared_parts_count_once() -> None:
    """What is a word itself, or index of which bits may be taken, is not of one sum alone."""
    first, second = ways(walk(end="o[i] = x * 3 ^ (2 * x + v % 16 / 8) * 5;"))
    assert [steps[0].name for steps in (first, second)] == ["as written"] * 2
    alone = ways(walk())[0][0].demand
    total = first[0].demand.compute + second[0].demand.compute
    assert total <= alone.compute + 5 * 8


def test_sums_are_left_out() -> None:
    assert ways(walk(), frozenset({"sums"})) == []


def test_edges_and_machine_loops_compute_sums_as_written() -> None:
    """A last group that is short is no edge."""
    assert ways(walk(), n=13)
    edge = walk(last="x = if i == 0 then 3 else 2 * x + 1 + v % 2;")
    assert ways(edge) == []


def test_the_balance_takes_them() -> None:
    """A walk that returns its index takes fewer operations at every level that balances; many
    groups of few rounds, since words that wait for an address come late."""
    sizes = {"forest_height": 10, "rounds": 4, "batch_size": 256}
    path = KERNELS / "tree_hash_indices.vk"
    results = [compile_file(path, sizes, Options(level=1, without=w)) for w in ((), ("sums",))]
    names = [
        {read.name for plan in result.generated.assignment[0] for read in plan.reads.values()}
        for result in results
    ]
    assert "from address" in names[0] and "from address" not in names[1]
    assert results[0].lower_bound < results[1].lower_bound


@settings(max_examples=20, deadline=None)
@given(
    factor=st.integers(0, 2**32 - 1),
    more=st.integers(0, 2**32 - 1),
    bit=st.integers(0, 31),
)
def test_any_multiple_of_a_walk(factor: int, more: int, bit: int) -> None:
    text = walk(end=f"o[i] = x * {factor} + {more} + v / {1 << bit} % 2;")
    verified(text, {"n": 16}, "gather")
    if ways(text):
        verified(text, {"n": 16}, "from address")

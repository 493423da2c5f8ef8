"""Choosing strategy assignments for all loops, and places for the tables they use."""

from __future__ import annotations

import random

import pytest

from isa.machine import MachineSpec
from tests.strategies.plans import lane_program, random_choice
from tests.strategies.walks import random_walk
from tests.unit.isel.helpers import program_of
from vliwc.isel.instantiate import instantiate
from vliwc.isel.program import LaneProgram
from vliwc.isel.reads.records import RecordFirst
from vliwc.lang.interpret import protected_words
from vliwc.mir.operation import Form, MOp, Operand
from vliwc.strategy.choose import (
    Strategy,
    choose_strategies,
    gather_only,
    slots_needed,
)
from vliwc.strategy.tuning import TUNING

WALK = """
kernel walk(n, rounds) {
  memory {
    tree: u32[63] in at 0;
    v: u32[n] inout at 63;
    s: u32[%d] %s at 63 + n;
  }
  parallel for i in 0 .. n {
    var node = 0;
    var x = v[i];
    for r in 0 .. rounds {
      x = ((x ^ tree[node]) * 0x9E3779B1) ^ (x >> 9);
      node = 2 * node + 1 + x %% 2;
    }
    v[i] = x;
  }
}
"""


def walk(words: int = 256, role: str = "scratch", n: int = 256) -> LaneProgram:
    return program_of(WALK % (words, role), n=n, rounds=6)


def strategies(
    program: LaneProgram, *, records: bool = True, allowances: int = 2
) -> list[Strategy]:
    return choose_strategies(
        program, TUNING.allowances[:allowances], records=records, seed=0, effort=1.0, measuring=0.2
    )


def tables(strategy: Strategy) -> set[object]:
    """The record tables that plans read."""
    return {
        read.table
        for part in strategy.loops
        for plan in part.plans
        for read in plan.reads.values()
        if isinstance(read, RecordFirst)
    }


def test_each_strategy_covers_all_groups() -> None:
    program = walk()
    for strategy in strategies(program):
        for loop, part in zip(program.function.loops, strategy.loops, strict=True):
            assert sum(path.groups for path in part.assignment.paths) == program.groups(loop)
            assert len(part.plans) == len(part.assignment.paths)


def test_different_guesses_that_lead_to_one_assignment_are_one_strategy() -> None:
    assert 1 <= len(strategies(walk(), allowances=len(TUNING.allowances))) <= len(TUNING.allowances)
    plain = program_of(
        "kernel k(n) { memory { o: u32[n] out at 0; } parallel for i in 0 .. n { o[i] = i; } }",
        n=40,
    )
    assert len(strategies(plain, allowances=len(TUNING.allowances))) == 1


def test_tables_have_places() -> None:
    used = False
    for strategy in strategies(walk()):
        assert tables(strategy) == set(strategy.placements)
        used = used or bool(strategy.placements)
    assert used, "records pay for this kernel"


def test_no_records_on_demand() -> None:
    for strategy in strategies(walk(), records=False):
        assert not tables(strategy) and not strategy.placements


@pytest.mark.parametrize(("words", "role"), [(256, "in"), (8, "scratch"), (1, "scratch")])
def test_tables_without_a_place_are_given_up(words: int, role: str) -> None:
    """There may still be room in the words of results, but nowhere else."""
    program = walk(words, role, n=64)
    spare = program.function.arrays["s"]
    for strategy in strategies(program):
        assert tables(strategy) == set(strategy.placements)
        for placement in strategy.placements.values():
            inside = range(placement.base, placement.base + placement.words)
            assert spare.role.protected is False or not set(inside) & set(
                range(spare.base, spare.end)
            )


def test_places_lie_where_roles_allow_and_do_not_overlap() -> None:
    """Of strategies that are chosen, and of random ones, which place far more tables."""
    placed = 0
    for seed in range(60):
        generated = random_walk(seed)
        program = lane_program(generated.kernel)
        protected = {a for words in protected_words(generated.kernel) for a in words}
        chosen = choose_strategies(
            program, TUNING.allowances[:1], records=True, seed=0, effort=0.2, measuring=0.2
        )
        placements = [strategy.placements for strategy in chosen]
        for places in (*placements, random_choice(program, random.Random(seed)).placements):
            taken: set[int] = set()
            for placement in places.values():
                words = set(range(placement.base, placement.base + placement.words))
                assert not words & protected and not words & taken
                taken |= words
                placed += 1
    assert placed >= 8


def test_few_groups_and_small_scratch() -> None:
    for n in (1, 5, 8):
        for machine in (MachineSpec(), MachineSpec(scratch_words=64), MachineSpec(vlen=3)):
            program = program_of(WALK % (64, "scratch"), machine, n=n, rounds=5)
            for strategy in strategies(program, allowances=1):
                entries = {
                    entry
                    for part in strategy.loops
                    for path in part.assignment.paths
                    for step, _ in path.steps
                    for entry in step.entries
                }
                assert len(entries) * machine.vlen <= machine.scratch_words


def test_slots_are_counted_by_what_can_execute_them() -> None:
    a = MOp("a", ())
    x = (Operand(a), Operand(a))
    valu, alu = Form("valu", "+", x), Form("alu", "+", x, scalarised=True)
    ops = [
        MOp("either way", (valu, alu), lanes=8, width=8),
        MOp("valu", (Form("valu", "multiply_add", (*x, x[0])),), lanes=8, width=8),
        MOp("alu", (alu,), lanes=8, width=8),
        MOp("scalar", (Form("alu", "+", x),)),
        MOp("flow", (Form("flow", "vselect", (*x, x[0])),), lanes=8, width=8),
        MOp("gather", (Form("load", "load", (x[0],), scalarised=True),), lanes=8, width=8),
        MOp("vload", (Form("load", "vload", (x[0],)),), width=8),
        MOp("store", (Form("store", "vstore", x),), width=0),
        MOp("barrier", (), lanes=0, width=0),
    ]
    load = slots_needed(ops)
    assert (load.compute, load.valu, load.alu) == (8 + 8 + 8 + 1, 1, 8 + 1)
    assert (load.flow, load.load, load.store) == (1, 8 + 1, 1)


def test_base_loads_are_those_of_the_code() -> None:
    """With gathers only, the slots counted are those of the operations that were built."""
    program = walk()
    dag = instantiate(program, gather_only(program)).dag
    counted = slots_needed(op for op, group in dag.operations() if group >= 0)
    gathers = sum(len(plan.reads) - 1 for plan in gather_only(program)[0])
    assert counted.load >= 8 * gathers * 0.8
    assert counted.store == program.groups(program.function.loops[0])

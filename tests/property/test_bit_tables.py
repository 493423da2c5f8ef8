"""Tables read at bits of words: every way to do it, and every level, gives the right words."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isa.machine import MachineSpec
from isa.original import OriginalProblem
from isa.simulator import run
from tests.property.test_whole_way import Case, check
from tests.strategies.bit_tables import bit_tables
from tests.strategies.kernels import GeneratedKernel
from tests.strategies.plans import Choice, build, lane_program
from vliwc.isel.program import LaneProgram
from vliwc.strategy.bound import proved_kernel_bound
from vliwc.strategy.options import Step, loop_reads


def mixed(program: LaneProgram, rng: random.Random) -> Choice:
    """Other steps for every read and group, those with many choices not more often."""
    choice = Choice()
    for loop in program.function.loops:
        reads = loop_reads(program, loop, records=False)
        plans = []
        for _ in range(2):
            path: list[tuple[Step, int]] = []
            for steps in reads.steps:
                kinds = sorted({step.name for step in steps} - {"gather"}) or ["gather"]
                kind = rng.choice(kinds)
                path.append((next(step for step in steps if step.name == kind), 1))
                choice.steps[kind] += 1
            plans.append(reads.plan(path))
        choice.assignment.append([rng.choice(plans) for _ in range(program.groups(loop))])
    return choice


@settings(max_examples=25)
@given(generated=bit_tables(), seed=st.integers(0, 2**20))
def test_every_way_reads_the_right_words(generated: GeneratedKernel, seed: int) -> None:
    machine = MachineSpec(scratch_words=6000)
    program = lane_program(generated.kernel, machine=machine)
    case = Case.of(generated, seed)
    rng = random.Random(seed)
    for _ in range(3):
        built = build(program, mixed(program, rng), trials=1)
        case.check("mixed", run(built.program, case.before).memory)


@settings(max_examples=8)
@pytest.mark.parametrize("level", [1, 2])
@given(generated=bit_tables())
def test_levels_agree(level: int, generated: GeneratedKernel) -> None:
    result = check(generated, level)
    program = lane_program(generated.kernel)
    assert proved_kernel_bound(program) <= result.cycles


def test_on_the_original(takehome: Path) -> None:
    original = OriginalProblem(takehome / "tests" / "frozen_problem.py")
    found: Counter[str] = Counter()

    @settings(max_examples=12, database=None, derandomize=True)
    @given(generated=bit_tables())
    def attempt(generated: GeneratedKernel) -> None:
        result = check(generated, 2, original=original)
        for plans in result.generated.assignment:
            found.update(read.name for plan in plans for read in plan.reads.values())

    attempt()
    assert found["packed"] and found["bit select"] + found["bit sum"], found

"""Random kernels all the way: every stage and every execution of a kernel gives the same words.

The reference interpreter of the text, the interpreter of the lane IR after each pass, the
simulator on the emitted program, the batch simulator and the original one have to agree on the
output words, and no word outside the arrays' roles may change, at every optimisation level and on
other machines.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isa.batch import run_batch
from isa.machine import DEFAULT_MACHINE, MachineSpec
from isa.original import OriginalProblem
from isa.simulator import run
from tests.strategies.edges import edge_kernels
from tests.strategies.kernels import GeneratedKernel, kernels, random_kernel
from tests.strategies.plans import build, lane_program, random_choice
from tests.strategies.walks import random_walk, walks
from vliwc.diagnostics import KernelError
from vliwc.driver import Compilation, compile_text
from vliwc.ir.interpret import interpret as run_ir
from vliwc.lang.interpret import interpret, output_words, protected_words, random_memory
from vliwc.options import Options
from vliwc.sched.staggered.scheduler import OutOfScratch

LEVELS = (0, 1, 2)
SEARCH_STEPS = 200
ON_THE_ORIGINAL = 300 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 24


@dataclass(frozen=True)
class Case:
    """A kernel's memory image with what the reference interpreter makes of it."""

    generated: GeneratedKernel
    before: list[int]
    after: list[int]

    @classmethod
    def of(cls, generated: GeneratedKernel, seed: int) -> Case:
        memory = random_memory(generated.kernel, seed)
        return cls(generated, memory, interpret(generated.kernel, memory))

    def check(self, where: str, found: list[int]) -> None:
        """`found` is a final memory image; working memory may hold anything."""
        assert len(found) == len(self.before), where
        for words in protected_words(self.generated.kernel):
            for address in words:
                assert found[address] == self.before[address], f"{where}: wrote word {address}"
        for words in output_words(self.generated.kernel):
            for address in words:
                assert found[address] == self.after[address], f"{where}: wrong word {address}"


def compiled(generated: GeneratedKernel, level: int, machine: MachineSpec) -> Compilation:
    budget = SEARCH_STEPS if level == 3 else None
    options = Options(level=level, machine=machine, verify=True, budget=budget)
    return compile_text(generated.text, "generated.vk", generated.params, options, keep_stages=True)


def check(
    generated: GeneratedKernel,
    level: int,
    machine: MachineSpec = DEFAULT_MACHINE,
    images: int = 2,
    original: OriginalProblem | None = None,
) -> Compilation:
    cases = [Case.of(generated, generated.seed + k) for k in range(images)]
    result = compiled(generated, level, machine)
    for name, function in result.stages:
        cases[0].check(f"-O{level} IR after {name}", run_ir(function, cases[0].before))
    batch = run_batch(result.program, np.array([case.before for case in cases], np.uint32))
    batch.raise_first()
    for number, case in enumerate(cases):
        ran = run(result.program, case.before)
        assert ran.status == "ended"
        assert ran.cycles == result.cycles == batch.cycles[number]
        case.check(f"-O{level} simulator", ran.memory)
        assert batch.memories[number].tolist() == ran.memory
        assert batch.scratch[number].tolist() == ran.scratch
        if original is not None:
            assert original.run(result.program, case.before) == ran
    assert result.lower_bound <= result.cycles
    assert result.scratch_words <= machine.scratch_words
    return result


def random_machine(rng: random.Random) -> MachineSpec:
    """Machines from a single slot per engine to twice the default one."""
    slots = {
        "alu": rng.choice([1, 2, 3, 5, 12, 24]),
        "valu": rng.choice([1, 2, 6, 9]),
        "load": rng.choice([1, 2, 3, 5]),
        "store": rng.choice([1, 2, 4]),
        "flow": rng.choice([1, 2, 3]),
        "debug": 64,
    }
    vlen = rng.choice([1, 2, 3, 4, 5, 8, 16])
    words = rng.choice([256, 260, 509, 1024, 1536, 4096])
    return MachineSpec(f"vlen {vlen}", slots, vlen, words)


machines = st.integers(0, 2**20).map(lambda seed: random_machine(random.Random(seed)))


@settings(max_examples=6)
@pytest.mark.parametrize("level", LEVELS)
@given(generated=kernels())
def test_all_executions_agree(level: int, generated: GeneratedKernel) -> None:
    check(generated, level)


@pytest.mark.parametrize("part", range(8))
def test_a_fixed_corpus_on_the_original(takehome: Path, part: int) -> None:
    """Strides, reversed and permuted orders, no iterations, one of several facts: at all levels."""
    original = OriginalProblem(takehome / "tests" / "frozen_problem.py")
    for seed in range(part, ON_THE_ORIGINAL, 8):
        for level in (*LEVELS, 3):
            check(random_kernel(seed), level, original=original)


def test_the_corpus_has_what_it_is_for() -> None:
    """Of the first 24 kernels, several have each of the things that went wrong elsewhere."""
    found: Counter[str] = Counter()
    for seed in range(24):
        generated = random_kernel(seed)
        found["nothing"] += 0 in (generated.params["n"], generated.params["m"])
        found["reversed"] += " - 1 - (" in generated.text
        found["permuted"] += " * (i" in generated.text and ")) % " in generated.text
        found["stride"] += any(f"u32[{stride} * " in generated.text for stride in range(2, 10))
        found["either"] += any(
            "assume" in line and "||" in line for line in generated.text.splitlines()
        )
    assert all(found[kind] >= 2 for kind in ("nothing", "reversed", "stride", "either")), found


@settings(max_examples=6)
@given(generated=kernels(), machine=machines)
def test_other_machines(generated: GeneratedKernel, machine: MachineSpec) -> None:
    """A machine may be too small for a kernel; then it is told so, and nothing else goes wrong."""
    try:
        check(generated, 2, machine)
    except KernelError as error:
        assert error.diagnostics[0].code == "E0901"
        assert machine.scratch_words < DEFAULT_MACHINE.scratch_words


@settings(max_examples=8)
@given(generated=walks())
def test_walks_through_tables(generated: GeneratedKernel) -> None:
    check(generated, 2)


@settings(max_examples=12)
@pytest.mark.parametrize("level", (1, 2))
@given(generated=edge_kernels())
def test_boundaries(level: int, generated: GeneratedKernel) -> None:
    check(generated, level)


@settings(max_examples=6)
@given(generated=edge_kernels(), machine=machines)
def test_boundaries_on_other_machines(generated: GeneratedKernel, machine: MachineSpec) -> None:
    try:
        check(generated, 2, machine)
    except KernelError as error:
        assert error.diagnostics[0].code == "E0901"


def check_plans(generated: GeneratedKernel, seed: int, machine: MachineSpec) -> Counter[str]:
    """Strategies drawn at random give the same words as those the compiler chooses."""
    rng = random.Random(seed)
    case = Case.of(generated, generated.seed)
    program = lane_program(generated.kernel, level=rng.choice(LEVELS[1:]), machine=machine)
    choice = random_choice(program, rng)
    built = build(program, choice)
    ran = run(built.program, case.before)
    case.check(f"plans of seed {seed}", ran.memory)
    assert built.schedule.lower_bound <= ran.cycles
    return choice.steps


@settings(max_examples=25)
@given(generated=st.one_of(walks(), edge_kernels()), seed=st.integers(0, 2**20))
def test_any_strategy_assignment_is_right(generated: GeneratedKernel, seed: int) -> None:
    check_plans(generated, seed, DEFAULT_MACHINE)


def test_a_fixed_corpus_of_strategies() -> None:
    """Every strategy and every kind of working memory is taken, on machines of all sizes."""
    steps: Counter[str] = Counter()
    for seed in range(60):
        machine = DEFAULT_MACHINE if seed % 2 else random_machine(random.Random(seed))
        try:
            steps += check_plans(random_walk(seed), seed, machine)
        except OutOfScratch:
            assert machine.scratch_words < DEFAULT_MACHINE.scratch_words
    assert steps.keys() >= {"gather", "select", "record", "lasting", "passing"}, steps

"""Our simulators against the original one, on random programs; needs VLIWC_TAKEHOME."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from isa.batch import run_batch
from isa.errors import SimulationError
from isa.opcodes import OPCODES
from isa.program import Program, Slot
from isa.simulator import RunResult, run
from isa.takehome import OriginalProblem, memory_image, naive_program, reference_kernel
from isa.validate import validate
from tests.strategies.programs import GeneratorOptions, random_memory, random_program

N_VALID_PROGRAMS = 1200
N_TRAPPING_PROGRAMS = 300
N_INVALID_PROGRAMS = 300
IMAGES_PER_PROGRAM = 2


@pytest.fixture(scope="module")
def original(takehome: Path) -> OriginalProblem:
    return OriginalProblem(takehome / "tests" / "frozen_problem.py")


@dataclass(frozen=True)
class State:
    """What must be equal; the original does not tell how a core stopped."""

    cycles: int
    memory: list[int]
    scratch: list[int]
    pc: int
    trace: list[int]

    @classmethod
    def of(cls, result: RunResult) -> State:
        return cls(result.cycles, result.memory, result.scratch, result.pc, result.trace)


def on_original(original: OriginalProblem, program: Program, memory: list[int]) -> State | None:
    """The final state, or None for a trap."""
    try:
        return State.of(original.run(program, memory))
    except SimulationError:
        return None


def on_ours(program: Program, memory: list[int]) -> State | None:
    try:
        return State.of(run(program, memory))
    except SimulationError:
        return None


def compare(original: OriginalProblem, n_programs: int, options: GeneratorOptions) -> Counter[str]:
    """Run random programs on all three simulators; how the images ended."""
    outcomes: Counter[str] = Counter()
    for seed in range(n_programs):
        rng = random.Random(seed)
        program = random_program(rng, n_segments=rng.randint(1, 9), options=options)
        if not (options.double_writes or options.negative_words):
            assert validate(program) == [], f"seed {seed}"
        images = [random_memory(rng) for _ in range(IMAGES_PER_PROGRAM)]
        batch = run_batch(program, np.array(images, np.uint32))
        for image, memory in enumerate(images):
            expected = on_original(original, program, memory)
            assert on_ours(program, memory) == expected, f"seed {seed}, image {image}"
            found = None
            if batch.errors[image] is None:
                found = State(
                    int(batch.cycles[image]),
                    batch.memories[image].tolist(),
                    batch.scratch[image].tolist(),
                    int(batch.pcs[image]),
                    batch.traces[image],
                )
            assert found == expected, f"batch: seed {seed}, image {image}"
            outcomes["trapped" if expected is None else batch.statuses[image]] += 1
    return outcomes


def test_valid_programs(original: OriginalProblem) -> None:
    outcomes = compare(original, N_VALID_PROGRAMS, GeneratorOptions())
    assert outcomes["trapped"] == 0
    assert outcomes["halted"] > 100 and outcomes["ended"] > 1000


def test_trapping_programs(original: OriginalProblem) -> None:
    outcomes = compare(original, N_TRAPPING_PROGRAMS, GeneratorOptions(may_trap=True))
    assert outcomes["trapped"] > 50 and outcomes["ended"] > 50


def test_programs_that_only_the_machine_accepts(original: OriginalProblem) -> None:
    options = GeneratorOptions(double_writes=True, negative_words=True)
    outcomes = compare(original, N_INVALID_PROGRAMS, options)
    assert outcomes["trapped"] == 0


@pytest.mark.parametrize("engine", ["alu", "valu"])
def test_arithmetic_on_edge_words(original: OriginalProblem, engine: str) -> None:
    """Every two-operand operation on every pair of edge words, as far as the original can."""
    edges = (0, 1, 2, 3, 31, 32, 33, 63, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)
    for (unit, op), info in OPCODES.items():
        if unit != engine or not info.is_binary:
            continue
        for a in edges:
            for b in edges:
                if op == "<<" and b > 63:
                    continue
                load: list[Slot] = [("vload", 8, 0), ("load", 3, 1)]
                program = Program(
                    (
                        {"load": [("const", 0, 0), ("const", 1, 8)]},
                        {"load": load},
                        {"valu": [("vbroadcast", 16, 3)]},
                        {engine: [(op, 24, 8, 16)]},
                    )
                )
                memory = [a, *range(7), b]
                assert on_ours(program, memory) == on_original(original, program, memory), (
                    op,
                    a,
                    b,
                )


def test_pausing(original: OriginalProblem) -> None:
    program = Program(
        ({"flow": [("pause",)], "load": [("const", 1, 3)]}, {"load": [("const", 2, 3)]})
    )
    for pause in (False, True):
        ours = run(program, [1], pause=pause)
        assert original.run(program, [1], pause=pause) == ours


@pytest.mark.parametrize(
    ("reference", "agrees"), [({"a": 3, (0, "b"): 3}, True), ({"a": 3, (0, "b"): 4}, False)]
)
def test_debug_comparisons(
    original: OriginalProblem, reference: dict[str | tuple[int, str], int], agrees: bool
) -> None:
    program = Program(
        (
            {"load": [("const", 1, 3)]},
            {"valu": [("vbroadcast", 8, 1)]},
            {
                "debug": [
                    ("compare", 1, "a"),
                    ("vcompare", 8, '["a", "a", "a", "a", [0, "b"], "a", "a", "a"]'),
                ]
            },
        )
    )
    for execute in (run, original.run):
        if agrees:
            assert execute(program, [], debug=True, reference=reference).cycles == 2
        else:
            with pytest.raises(SimulationError):
                execute(program, [], debug=True, reference=reference)


def test_the_reference_problem(original: OriginalProblem) -> None:
    program, memory = naive_program(5, 4, 8), memory_image(5, 4, 8, seed=3)
    result = original.run(program, memory)
    assert result == run(program, memory)
    assert result.memory == reference_kernel(memory)

"""Sizes and addresses known at run time: one program gives the words of the reference interpreter
for all of them, as do the lane functions of its phases before and after each pass."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isa.original import OriginalProblem
from isa.simulator import run
from isa.takehome import memory_image, reference_kernel
from tests.strategies.sized import SizedKernel, random_sized, sized_kernels
from vliwc.checking import Case, compare, our_simulator, run_cases
from vliwc.driver import Compilation, compile_file, compile_text
from vliwc.ir.graph import Function
from vliwc.ir.interpret import execute
from vliwc.ir.verify import verify
from vliwc.lang import CheckedKernel, bind, parse_kernel
from vliwc.lang.interpret import at_run_time, interpret, random_memory
from vliwc.options import Options
from vliwc.passes.pipeline import PIPELINE
from vliwc.phases import COUNT, START, TRIPS, Phase, lower_phases

CASES = 5
"""Images that each kernel is run on."""
CORPUS = 60 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 9

BATCHES = (
    range(301)
    if os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
    else (0, 1, 7, 8, 9, 31, 64, 129, 255, 256, 257, 300)
)


def check(generated: SizedKernel, level: int, seed: int = 0) -> Compilation:
    result = compile_text(generated.text, "sized.vk", {}, Options(level=level))
    outcome = run_cases(result, range(seed, seed + CASES), our_simulator(result))
    assert outcome.correct, f"{outcome}\n{generated.text}"
    assert result.kernel_bound <= result.cycles
    assert result.lower_bound <= result.cycles
    assert result.bundles == sum(cycles for _, cycles, _ in result.parts)
    return result


@settings(max_examples=8)
@pytest.mark.parametrize("level", [0, 1, 2])
@given(generated=sized_kernels())
def test_one_program_for_all_sizes(level: int, generated: SizedKernel) -> None:
    check(generated, level)


def test_a_fixed_corpus_meets_none_and_remainders() -> None:
    """No iterations at all, one, whole blocks, and all kinds of remainders."""
    counts: set[int] = set()
    for seed in range(CORPUS):
        generated = random_sized(seed)
        kernel = check(generated, 1, CASES * seed).kernel
        cases = range(CASES * seed, CASES * (seed + 1))
        counts |= {random_memory(kernel, case)[2] for case in cases}
    assert counts >= {0, 1} and max(counts) > 60
    assert len(counts) >= 12


def test_on_the_original(takehome: Path) -> None:
    original = OriginalProblem(takehome / "tests" / "frozen_problem.py")
    for seed in range(4):
        result = compile_text(random_sized(seed).text, "sized.vk", {}, Options(level=seed % 3))
        for case in range(4):
            image = random_memory(result.kernel, case)
            ran = original.run(result.program, image)
            assert ran == run(result.program, image)
            expected = interpret(result.kernel, image)
            sized = at_run_time(result.kernel, image)
            assert compare(sized, Case(image), "original", expected, ran.memory) is None


PROMISED = {
    "words of an array are addresses, and one past its end is read nowhere": """kernel k() {
      word n at 64;
      assume n <= 64;
      memory { x: u32[n] in at 0; y: u32[n] out at 65; }
      parallel for i in 0 .. n { y[i] = if x[i] < n then x[x[i]] else 7; }
    }""",
    "what is promised of words at entry holds until others are stored": """kernel k() {
      word n at 0;
      assume n <= 64;
      memory { x: u32[n] inout at 1 below 2; }
      parallel for i in 0 .. n { x[i] = x[i] + 3; }
      parallel for i in 0 .. n { x[i] = if x[i] < 2 then 0 else x[i] * 2; }
    }""",
    "a word is subtracted from an address": """kernel k() {
      word n at 0;
      word a at 1;
      word b at 2;
      assume n <= 64 && a <= 100 && b <= a;
      assume a - b <= 30;
      memory { y: u32[n] out at 3; x: u32[n + a - b] in at 70; }
      parallel for i in 0 .. n { y[i] = x[i + a - b]; }
    }""",
}


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("text", PROMISED.values(), ids=PROMISED)
def test_places_and_promises(text: str, level: int) -> None:
    check(SizedKernel(text), level)


def of_one(phase: Phase) -> Function:
    """The function of a phase, a loop's for one iteration at a time."""
    function = phase.function
    if phase.count is None:
        return function
    (loop,) = function.loops
    return replace(function, loops=(replace(loop, extent=1),))


def executed(kernel: CheckedKernel, functions: list[Function], image: list[int]) -> list[int]:
    """Memory after the phases, each iteration of a loop executed by itself."""
    kept: dict[str, int] = {}
    for function in functions:
        if not function.loops or START not in {root.array for root in function.roots}:
            image = execute(function, image, scratch=kept).memory
            continue
        kept |= {START: 0, TRIPS: 0}
        for _ in range(kept[COUNT]):
            image = execute(function, image, scratch=kept).memory
    return image


@settings(max_examples=10)
@given(generated=sized_kernels(), seed=st.integers(0, 9))
def test_phases_before_and_after_each_pass(generated: SizedKernel, seed: int) -> None:
    kernel = bind(parse_kernel(generated.text), {})
    image = random_memory(kernel, seed)
    expected = interpret(kernel, image)
    sized = at_run_time(kernel, image)
    functions = [of_one(phase) for phase in lower_phases(kernel)]
    for each in (None, *PIPELINE):
        if each is not None:
            functions = [each.run(function) for function in functions]
        for function in functions:
            verify(function)
        found = executed(kernel, functions, image)
        name = "lowering" if each is None else each.name
        assert compare(sized, Case(image), name, expected, found) is None, generated.text


def test_every_batch_of_the_reference_problem(kernels: Path, takehome: Path) -> None:
    """One program for all of them, within a tenth of the one that is compiled for 256."""
    original = OriginalProblem(takehome / "tests" / "frozen_problem.py")
    sizes = {"forest_height": 10, "rounds": 16}
    result = compile_file(kernels / "tree_hash_any.vk", sizes)
    for batch in BATCHES:
        image = memory_image(10, 16, batch, seed=batch)
        expected = reference_kernel(image)
        for ran in (run(result.program, image), original.run(result.program, image)):
            for words in (slice(len(image) - batch, None), slice(7 + 2**11 - 1)):
                assert ran.memory[words] == expected[words], batch
            assert ran.cycles == result.cycles_for(image)
    alone = compile_file(kernels / "tree_hash.vk", {**sizes, "batch_size": 256})
    image = memory_image(10, 16, 256, seed=0)
    assert run(result.program, image).cycles <= 1.1 * alone.cycles

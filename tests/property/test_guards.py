"""Guarded programs: random kernels with assumptions, on inputs on which they hold and on inputs on
which they do not, give the words of the reference interpreter, which knows of no assumption then.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isa.original import OriginalProblem
from isa.simulator import run
from isa.takehome import memory_image, reference_kernel
from tests.strategies.assumed import assumed_kernels, random_assumed
from tests.strategies.kernels import GeneratedKernel, kernels
from tests.strategies.walks import random_walk, walks
from vliwc.checking import Case, broken_image, compare
from vliwc.diagnostics import KernelError
from vliwc.driver import compile_file, compile_text
from vliwc.lang import bind
from vliwc.lang.ast import without_assumptions
from vliwc.lang.interpret import interpret, random_memory
from vliwc.options import Options

CORPUS = 120 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 30
HEADLINE = {"forest_height": 10, "rounds": 16, "batch_size": 256}


def check(
    generated: GeneratedKernel, options: Options, original: OriginalProblem | None = None
) -> Counter[str]:
    """Compile with a guard; what the kernel and the inputs it was run on were like."""
    kernel = generated.kernel
    try:
        result = compile_text(
            generated.text, "generated.vk", generated.params, replace(options, guard=True)
        )
    except KernelError as error:
        assert error.diagnostics[0].code == "E0518"
        return Counter(refused=1)
    if result.guarded is None:
        return Counter(nothing=1)
    general = bind(without_assumptions(kernel.program), kernel.params)
    seen: Counter[str] = Counter()
    for seed in range(generated.seed, generated.seed + 3):
        image = random_memory(kernel, seed)
        broken = broken_image(kernel, general, image, seed)
        for holds, words in ((True, image), (False, broken)):
            if words is None:
                continue
            ran = run(result.program, words)
            if original is not None:
                assert original.run(result.program, words) == ran
            wrong = compare(general, Case(words), "ours", interpret(general, words), ran.memory)
            assert wrong is None, f"holds: {holds}; {wrong}\n{generated.text}"
            assert ran.cycles == (result.cycles if holds else result.guarded.otherwise)
            assert ran.cycles == result.cycles_for(words)
            seen["holds" if holds else "broken"] += 1
    return seen


@settings(max_examples=8)
@pytest.mark.parametrize("level", [0, 1, 2])
@given(generated=st.one_of(assumed_kernels(), assumed_kernels(), kernels(), walks()))
def test_both_ways_give_the_same_words(level: int, generated: GeneratedKernel) -> None:
    check(generated, Options(level=level))


def test_a_fixed_corpus(takehome: Path) -> None:
    original = OriginalProblem(takehome / "tests" / "frozen_problem.py")
    seen: Counter[str] = Counter()
    for seed in range(CORPUS):
        generated = random_assumed(seed) if seed % 4 else random_walk(seed)
        options = Options(level=seed % 3, max_bundles=60 if seed % 5 == 0 else 20_000)
        seen += check(generated, options, original)
    assert seen["holds"] >= CORPUS and seen["broken"] >= CORPUS, seen


def test_the_headline_from_any_start(kernels: Path, takehome: Path) -> None:
    """At most 25 cycles for the test where all walks begin at the root; right where they do not."""
    original = OriginalProblem(takehome / "tests" / "frozen_problem.py")
    plain = compile_file(kernels / "tree_hash.vk", HEADLINE)
    result = compile_file(kernels / "tree_hash.vk", HEADLINE, Options(guard=True))
    assert result.guarded is not None
    assert result.cycles <= plain.cycles + 25
    starts = 7 + 2**11 - 1
    for changed in ((), (0,), (255,), range(256)):
        image = memory_image(10, 16, 256, seed=len(changed))
        for lane in changed:
            image[starts + lane] = 2046 - 3 * lane
        expected = reference_kernel(image)[-256:]
        for ran in (run(result.program, image), original.run(result.program, image)):
            assert ran.memory[-256:] == expected
            assert ran.memory[:starts] == image[:starts]
            assert ran.cycles == (result.guarded.otherwise if changed else result.cycles)

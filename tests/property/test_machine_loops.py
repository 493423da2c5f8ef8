"""Machine loops: a program with a loop gives the words of the reference interpreter, and those of
the program in which all groups are code of their own.

The limit on bundles is drawn so low that kernels of any size get loops, of few trips and of many,
with all numbers of groups and of lanes left over.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isa.batch import run_batch
from isa.original import OriginalProblem
from isa.simulator import run
from tests.property.test_whole_way import Case, machines
from tests.strategies.batches import batches, random_batch
from tests.strategies.edges import edge_kernels
from tests.strategies.kernels import GeneratedKernel, kernels
from tests.strategies.walks import walks
from vliwc.diagnostics import KernelError
from vliwc.driver import Compilation, compile_text
from vliwc.options import Options

LIMITS = (1, 7, 20, 60)
"""Bundles that a program may have before its loop becomes one."""
CORPUS = 120 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 24


def check(
    generated: GeneratedKernel, options: Options, original: OriginalProblem | None = None
) -> Compilation:
    """Compile with and without a machine loop and compare all executions."""
    result = compile_text(generated.text, "generated.vk", generated.params, options)
    cases = [Case.of(generated, generated.seed + k) for k in range(2)]
    batch = run_batch(result.program, np.array([case.before for case in cases], np.uint32))
    batch.raise_first()
    for number, case in enumerate(cases):
        ran = run(result.program, case.before)
        assert ran.status == "ended"
        assert ran.cycles == result.cycles == batch.cycles[number]
        case.check("simulator", ran.memory)
        assert batch.memories[number].tolist() == ran.memory
        if original is not None:
            assert original.run(result.program, case.before) == ran
    assert result.lower_bound <= result.cycles
    assert result.kernel_bound <= result.cycles
    assert result.scratch_words <= options.machine.scratch_words
    assert result.bundles == sum(cycles for _, cycles, _ in result.parts)
    assert sum(result.ops.values()) >= result.bundles
    if len(result.parts) > 1:
        unrolled = compile_text(
            generated.text,
            "generated.vk",
            generated.params,
            replace(options, max_bundles=100_000),
        )
        assert len(unrolled.parts) == 1
        cases[0].check("unrolled", run(unrolled.program, cases[0].before).memory)
    return result


@settings(max_examples=8)
@pytest.mark.parametrize("level", (0, 1, 2))
@given(
    generated=st.one_of(batches(), batches(), edge_kernels(), walks(), kernels()),
    limit=st.sampled_from(LIMITS),
)
def test_loops_give_the_same_words(level: int, generated: GeneratedKernel, limit: int) -> None:
    check(generated, Options(level=level, max_bundles=limit))


@settings(max_examples=6)
@given(generated=batches(), machine=machines)
def test_loops_on_other_machines(generated: GeneratedKernel, machine: object) -> None:
    options = Options(level=1, max_bundles=7)
    try:
        check(generated, replace(options, machine=machine))  # type: ignore[arg-type]
    except KernelError as error:
        assert error.diagnostics[0].code == "E0901"


def test_a_fixed_corpus_of_loops() -> None:
    """Many kernels get a loop, some with lanes left over, and few trips as well as many."""
    found: Counter[str] = Counter()
    for seed in range(CORPUS):
        options = Options(level=1 + seed % 2, max_bundles=LIMITS[seed % len(LIMITS)])
        parts = check(random_batch(seed), options).parts
        if len(parts) > 1:
            found["loop"] += 1
            found["rest"] += len(parts) > 2
            found["end"] += parts[-1][0] == "end"
            found["many trips"] += max(trips for _, _, trips in parts) > 4
    assert all(found[kind] >= 2 for kind in ("loop", "rest", "end", "many trips")), found


def test_loops_on_the_original(takehome: Path) -> None:
    original = OriginalProblem(takehome / "tests" / "frozen_problem.py")
    for seed in range(6):
        check(random_batch(seed), Options(level=1, max_bundles=LIMITS[seed % 4]), original)

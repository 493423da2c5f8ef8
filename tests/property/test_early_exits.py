"""Loops that lanes leave early: reference interpreter, lane IR and programs agree."""

from __future__ import annotations

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from isa.original import OriginalProblem
from isa.simulator import run
from tests.strategies.early_exits import early_exits
from tests.strategies.kernels import GeneratedKernel
from vliwc.driver import compile_text
from vliwc.ir.interpret import interpret as run_ir
from vliwc.ir.verify import verify
from vliwc.lang.interpret import interpret, output_words, protected_words
from vliwc.lang.lower import lower
from vliwc.options import Options
from vliwc.passes.base import run_passes
from vliwc.passes.pipeline import PIPELINE

TAKEHOME = os.environ.get("VLIWC_TAKEHOME")
ORIGINAL = OriginalProblem(f"{TAKEHOME}/tests/frozen_problem.py") if TAKEHOME else None


@settings(max_examples=120)
@given(early_exits())
def test_masks_keep_the_meaning(generated: GeneratedKernel) -> None:
    kernel, memory = generated.kernel, generated.memory
    expected = interpret(kernel, memory)
    function = lower(kernel)
    for each in (function, run_passes(function, PIPELINE, check=True)):
        verify(each)
        result = run_ir(each, memory)
        for part in (*output_words(kernel), *protected_words(kernel)):
            assert result[part.start : part.stop] == expected[part.start : part.stop]


@settings(max_examples=20)
@given(early_exits(), st.integers(0, 2))
def test_programs_write_the_right_words(generated: GeneratedKernel, level: int) -> None:
    options = Options(level=level, verify=True)
    result = compile_text(generated.text, "generated.vk", generated.params, options)
    memory = generated.memory
    expected = interpret(result.kernel, memory)
    runs = [run(result.program, memory)]
    if ORIGINAL is not None:
        runs.append(ORIGINAL.run(result.program, memory))
    for ran in runs:
        for words in output_words(result.kernel):
            assert ran.memory[words.start : words.stop] == expected[words.start : words.stop]

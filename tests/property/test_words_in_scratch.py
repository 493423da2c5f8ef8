"""Words that go from loop to loop in scratch, and running totals: the same memory at exit, however
they get there."""

from __future__ import annotations

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from isa.original import OriginalProblem
from isa.simulator import run
from tests.strategies.loops_over_arrays import loops_over_arrays
from tests.strategies.running_totals import scan_kernels, sequences
from vliwc.driver import compile_text
from vliwc.ir.interpret import interpret as run_ir
from vliwc.ir.text import parse_function, print_function
from vliwc.ir.verify import verify
from vliwc.lang import bind, parse_kernel
from vliwc.lang.interpret import interpret, output_words, random_memory
from vliwc.lang.lower import lower
from vliwc.options import Options
from vliwc.passes.base import run_passes
from vliwc.passes.forward_words import ForwardWords
from vliwc.passes.pack_stores import PackStores
from vliwc.passes.pipeline import PIPELINE

TAKEHOME = os.environ.get("VLIWC_TAKEHOME")
ORIGINAL = OriginalProblem(f"{TAKEHOME}/tests/frozen_problem.py") if TAKEHOME else None


KERNELS = st.one_of(loops_over_arrays(), scan_kernels(), sequences())


@settings(max_examples=200)
@given(KERNELS, st.sampled_from((0, 40, 1152)), st.integers(0, 9))
def test_passes_keep_the_memory_at_exit(
    kernel: tuple[str, dict[str, int]], words: int, seed: int
) -> None:
    """By itself, with few words and with many, and with all other passes around it."""
    bound = bind(parse_kernel(kernel[0], "test.vk"), kernel[1])
    memory = random_memory(bound, seed)
    expected = interpret(bound, memory)
    before = lower(bound)
    alone = [ForwardWords(words).run(before), PackStores(2).run(before)]
    for function in (*alone, run_passes(before, PIPELINE, check=True)):
        verify(function)
        found = run_ir(function, memory)
        for each in output_words(bound):
            assert found[each.start : each.stop] == expected[each.start : each.stop]
        assert print_function(parse_function(print_function(function))) == print_function(function)


@settings(max_examples=80)
@given(KERNELS, st.sampled_from((0, 1, 1, 2)), st.booleans())
def test_programs_write_the_right_words(
    kernel: tuple[str, dict[str, int]], level: int, chunks: bool
) -> None:
    without = () if chunks or not level else ("chunks", "rows", "edges")
    options = Options(level=level, verify=True, without=without)
    result = compile_text(kernel[0], "test.vk", kernel[1], options)
    memory = random_memory(result.kernel, 5)
    expected = interpret(result.kernel, memory)
    runs = [run(result.program, memory)]
    if ORIGINAL is not None:
        runs.append(ORIGINAL.run(result.program, memory))
    for ran in runs:
        for words in output_words(result.kernel):
            assert ran.memory[words.start : words.stop] == expected[words.start : words.stop]

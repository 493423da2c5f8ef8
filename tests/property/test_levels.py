"""A level is never worse than the one below it: in cycles, and in what it can compile at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from isa.simulator import run
from tests.strategies.kernels import GeneratedKernel, kernels
from vliwc.diagnostics import KernelError
from vliwc.driver import compile_text
from vliwc.lang.interpret import interpret, output_words, random_memory
from vliwc.options import Options

BACK_AND_FORTH = """
kernel back_and_forth(m) {
  memory { t: u32[m] in at 0; y: u32[1] out at m; }
  var s = 1;
  for r in 0 .. m { s = (s + t[r]) * 3; }
  for r in 0 .. m { s = (s ^ t[m - 1 - r]) * 5; }
  y[0] = s;
}
"""


@given(generated=kernels())
@settings(max_examples=15)
def test_higher_levels_take_no_more_cycles(generated: GeneratedKernel) -> None:
    try:
        cycles = [
            compile_text(
                generated.text,
                "random.vk",
                generated.params,
                Options(level=level, budget=40 if level == 3 else None),
            ).cycles
            for level in (1, 2, 3)
        ]
    except KernelError:
        return  # does not fit at -O1: the next test is about that
    assert cycles[2] <= cycles[1] <= cycles[0]


def test_what_fits_at_a_lower_level_compiles_at_all_above() -> None:
    below = compile_text(BACK_AND_FORTH, "back.vk", {"m": 195}, Options(level=1))
    result = compile_text(BACK_AND_FORTH, "back.vk", {"m": 195}, Options(level=2))
    assert result.cycles <= below.cycles
    memory = random_memory(result.kernel, 1)
    found, expected = run(result.program, memory).memory, interpret(result.kernel, memory)
    for words in output_words(result.kernel):
        assert found[words.start : words.stop] == expected[words.start : words.stop]


def test_what_fits_nowhere_is_an_error() -> None:
    with pytest.raises(KernelError, match="E0901"):
        compile_text(BACK_AND_FORTH, "back.vk", {"m": 2000}, Options(level=2))

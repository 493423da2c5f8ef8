"""Random kernels of the language: the passes keep what they compute, after each pass."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings

from tests.strategies.kernels import GeneratedKernel, kernels, random_kernel
from vliwc.ir.interpret import interpret
from vliwc.ir.verify import verify
from vliwc.lang.interpret import output_words, protected_words
from vliwc.lang.lower import lower
from vliwc.passes.pipeline import PIPELINE


def check(generated: GeneratedKernel, changed: Counter[str]) -> None:
    kernel, memory = generated.kernel, generated.memory
    function = lower(kernel)
    parts = (*output_words(kernel), *protected_words(kernel))
    expected = interpret(function, memory)
    for each in PIPELINE:
        result = each.run(function)
        changed[each.name] += result is not function and len(result) != len(function)
        function = result
        verify(function)
        found = interpret(function, memory)
        for part in parts:
            assert found[part.start : part.stop] == expected[part.start : part.stop], each.name


@given(kernels())
@settings(max_examples=60)
def test_passes_keep_the_meaning_of_kernels(generated: GeneratedKernel) -> None:
    check(generated, Counter())


def test_a_fixed_corpus() -> None:
    changed: Counter[str] = Counter()
    for seed in range(60):
        check(random_kernel(seed), changed)
    # Otherwise the corpus says little about the passes.
    for name in ("ranges", "simplify", "dce", "store-forwarding", "redundant-loads"):
        assert changed[name] > 0, changed

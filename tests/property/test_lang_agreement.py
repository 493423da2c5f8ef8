"""Random kernels: the reference interpreter and the lowered function give the same results."""

from __future__ import annotations

from hypothesis import given, settings

from tests.strategies.kernels import GeneratedKernel, kernels, random_kernel
from vliwc.ir.interpret import interpret as run_ir
from vliwc.ir.text import print_function
from vliwc.ir.verify import verify
from vliwc.lang.interpret import interpret, output_words, protected_words
from vliwc.lang.lower import lower


def check(generated: GeneratedKernel) -> None:
    kernel, memory = generated.kernel, generated.memory
    function = lower(kernel)
    verify(function)
    expected, result = interpret(kernel, memory), run_ir(function, memory)
    for part in (*output_words(kernel), *protected_words(kernel)):
        assert result[part.start : part.stop] == expected[part.start : part.stop]
    for part in protected_words(kernel):
        assert result[part.start : part.stop] == memory[part.start : part.stop]


@given(kernels())
@settings(max_examples=60)
def test_lowering_keeps_the_meaning(generated: GeneratedKernel) -> None:
    check(generated)


def test_a_fixed_corpus() -> None:
    for seed in range(150):
        check(random_kernel(seed))


def test_the_corpus_is_varied() -> None:
    """The generator reaches what it is there for; otherwise the tests above say little."""
    text = "\n".join(random_kernel(seed).text for seed in range(150))
    for feature in (
        *(
            "reduce sum",
            "reduce xor",
            "reduce min",
            "reduce max",
            "assume",
            "below",
            "fn ",
            "const ",
        ),
        *("in scratch", "inout", " scratch", "&&", "||", "if ", "/", "%", "rotl", "rotr", "2 * n"),
        *("distinct", "cells[spots[", "[h][w]", "[h][w][d]", ".. h, ", "len(g_"),
    ):
        assert feature in text, feature
    batches = {random_kernel(seed).params["n"] for seed in range(150)}
    assert len(batches) > 25
    assert {1, 40} <= batches


def test_lowering_is_deterministic() -> None:
    for seed in range(20):
        kernel = random_kernel(seed).kernel
        again = random_kernel(seed).kernel
        assert print_function(lower(kernel)) == print_function(lower(again))

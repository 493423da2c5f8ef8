"""Every value knows its place in the source, whatever passes have made of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.strategies.functions import Example, examples
from tests.strategies.kernels import GeneratedKernel, kernels
from vliwc.ir.graph import Function
from vliwc.lang.lower import lower
from vliwc.passes.base import Pass, run_passes
from vliwc.passes.pipeline import PASSES, passes_for


def require_places(before: Function, after: Function) -> None:
    """Every value of `after` has a place of `before`; a memory operation, one of its own kind."""
    places = {value.span for value in before}
    accesses = {(value.op, value.array, value.span) for value in before if value.is_memory}
    assert None not in places
    for value in after:
        assert value.span in places, value
        assert not value.is_memory or (value.op, value.array, value.span) in accesses, value


@pytest.mark.parametrize("each", PASSES.values(), ids=PASSES)
@settings(max_examples=60)
@given(example=examples())
def test_a_pass_keeps_the_places_of_values(each: Pass, example: Example) -> None:
    require_places(example.function, each.run(example.function))


@settings(max_examples=60)
@given(generated=kernels())
def test_lowering_and_all_passes_keep_the_places_of_values(generated: GeneratedKernel) -> None:
    function = lower(generated.kernel)
    require_places(function, run_passes(function, passes_for(2)))


@settings(max_examples=60)
@given(generated=kernels())
def test_places_lie_in_the_text(generated: GeneratedKernel) -> None:
    lines = generated.text.split("\n")
    for value in lower(generated.kernel):
        assert value.span is not None
        line = lines[value.span.start_line - 1]
        assert line[value.span.start_col - 1 : value.span.end_col - 1].strip()
        assert not value.is_memory or value.array in line

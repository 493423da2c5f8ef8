"""Random functions: every pass preserves what a function does, and never makes it longer."""

from __future__ import annotations

import random

import networkx as nx
import pytest
from hypothesis import given, settings

from tests.strategies.functions import Example, examples
from vliwc.ir.builder import Builder
from vliwc.ir.graph import Function
from vliwc.ir.interpret import interpret
from vliwc.ir.value import Value
from vliwc.ir.verify import verify
from vliwc.passes.base import Pass, run_passes
from vliwc.passes.pipeline import PASSES, PIPELINE
from vliwc.passes.simplify import SIMPLIFY
from vliwc.rules.match import RuleSet
from vliwc.rules.rewrite import rewrite
from vliwc.rules.tables import ALL_RULES


def operations(function: Function) -> int:
    """How many operations are executed in total, at the top level and in one iteration each."""
    return sum(1 for value in function.computed() if value.info.arithmetic or value.is_memory)


def reordered(function: Function, seed: int) -> Function:
    """``function`` with its values in another topological order: only the edges count."""
    generator = random.Random(seed)
    rank = {value: generator.random() for value in function}
    builder = Builder.like(function, fold=False)
    new: dict[Value, Value] = {}
    for value in nx.lexicographical_topological_sort(function.graph, key=rank.__getitem__):
        args = tuple(new[arg] for arg in value.args)
        new[value] = builder.rebuild(value, args, [new[before] for before in value.order])
    for value in function.assumptions:
        builder.assume(new[value])
    return builder.finish()


def check(example: Example, function: Function) -> None:
    verify(function)
    before = example.visible(interpret(example.function, example.memory))
    assert example.visible(interpret(function, example.memory)) == before
    assert example.visible(interpret(reordered(function, 1), example.memory)) == before


@pytest.mark.parametrize("each", PASSES.values(), ids=PASSES)
@settings(max_examples=60)
@given(example=examples())
def test_a_pass_preserves_the_result(each: Pass, example: Example) -> None:
    check(example, each.run(example.function))


@settings(max_examples=100)
@given(example=examples(size=24))
def test_the_pipeline_preserves_the_result(example: Example) -> None:
    check(example, run_passes(example.function, PIPELINE, check=True))


@pytest.mark.parametrize("each", PASSES.values(), ids=PASSES)
@settings(max_examples=40)
@given(example=examples())
def test_no_pass_adds_operations(each: Pass, example: Example) -> None:
    clean = PASSES["dce"].run(PASSES["constant-folding"].run(example.function))
    assert operations(each.run(clean)) <= operations(clean)


UNCONDITIONAL = RuleSet(rule for rule in ALL_RULES if not rule.brackets)
COUNTED = RuleSet(rule for rule in ALL_RULES if not rule.free)


@settings(max_examples=150)
@given(example=examples())
def test_moving_constants_outwards_adds_no_operation(example: Example) -> None:
    """Rules that need an inner value to disappear do not fire where it stays."""
    function = rewrite(example.function, UNCONDITIONAL)
    assert operations(rewrite(function, COUNTED)) <= operations(function)


@settings(max_examples=60)
@given(example=examples())
def test_simplification_reaches_a_fixed_point(example: Example) -> None:
    function = SIMPLIFY.run(example.function)
    again, hits = SIMPLIFY.run_counted(function)
    assert not hits, hits
    assert len(again) == len(function)

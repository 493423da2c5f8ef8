"""Random functions: text round trip, and facts that hold in every execution."""

from __future__ import annotations

import dataclasses

from hypothesis import given, settings

from tests.strategies.functions import Example, examples
from vliwc.analysis.bounds import check_bounds
from vliwc.analysis.facts import Facts
from vliwc.ir.interpret import execute, interpret
from vliwc.ir.text import parse_function, print_function
from vliwc.ir.verify import verify
from vliwc.passes.simplify import SIMPLIFY


@given(example=examples())
def test_generated_functions_are_valid(example: Example) -> None:
    verify(example.function)
    interpret(example.function, example.memory)


@given(example=examples())
def test_text_round_trip(example: Example) -> None:
    text = print_function(example.function)
    again = parse_function(text)
    verify(again)
    assert print_function(again) == text
    for old, new in zip(example.function, again, strict=True):
        for field in dataclasses.fields(old):
            if field.name not in ("args", "order", "span"):
                assert getattr(old, field.name) == getattr(new, field.name)
    assert interpret(again, example.memory) == interpret(example.function, example.memory)


@settings(max_examples=200)
@given(example=examples())
def test_facts_hold_in_every_execution(example: Example) -> None:
    for function in (example.function, SIMPLIFY.run(example.function)):
        facts = Facts(function)
        execution = execute(function, example.memory)
        for value in execution.data:
            for word in execution.words(value):
                assert facts.lo(value) <= word <= facts.hi(value), value
                assert word & facts.known_zero(value) == 0, value
                assert word & facts.known_one(value) == facts.known_one(value), value


@given(example=examples())
def test_unproved_accesses_are_reported(example: Example) -> None:
    facts = Facts(example.function)
    reported = check_bounds(example.function, facts)
    for value in example.function:
        if value.is_memory and value not in reported:
            length = example.function.arrays[value.array].length
            assert facts.hi(value.args[0]) < length

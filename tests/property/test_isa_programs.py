"""Properties of random programs: formats round-trip, and all our executions agree."""

from __future__ import annotations

import json
import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from isa.assembly import format_assembly, parse_assembly
from isa.batch import run_batch
from isa.errors import SimulationError
from isa.files import parse_program
from isa.opcodes import OPCODES
from isa.program import Program, decode_key, encode_key, from_json, from_takehome
from isa.simulator import RunResult, Simulator, run
from isa.trace import record
from isa.validate import validate
from tests.strategies.programs import GeneratorOptions, memories, programs, random_program

ANYTHING = GeneratorOptions(may_trap=True, any_shift=True, double_writes=True, negative_words=True)
TRAPPING = GeneratorOptions(may_trap=True, any_shift=True)
MAX_CYCLES = 400

keys = st.recursive(
    st.text() | st.integers(), lambda parts: st.lists(parts, max_size=3).map(tuple), max_leaves=6
)


def assert_same(first: Program, second: Program) -> None:
    """Equal, including the order of engines, which decides between two writes of a word."""
    assert first == second
    assert [list(bundle) for bundle in first.bundles] == [list(b) for b in second.bundles]


def outcome(program: Program, memory: list[int]) -> RunResult | str:
    try:
        return run(program, memory, max_cycles=MAX_CYCLES)
    except SimulationError as error:
        return str(error)


@given(programs(ANYTHING))
def test_every_format_round_trips(program: Program) -> None:
    assert_same(parse_assembly(format_assembly(program)), program)
    assert_same(from_json(program.to_json()), program)
    assert_same(from_takehome(program.to_takehome()), program)
    takehome = json.dumps(program.to_takehome())
    for text in (format_assembly(program), program.to_json_text(), takehome):
        assert_same(parse_program(text), program)


@given(programs(TRAPPING))
def test_the_generator_makes_valid_programs(program: Program) -> None:
    assert validate(program) == []


@given(programs(GeneratorOptions(any_shift=True)), memories())
def test_programs_terminate_without_traps(program: Program, memory: list[int]) -> None:
    assert isinstance(run(program, memory, max_cycles=5000), RunResult)


@given(programs(ANYTHING), st.lists(memories(), min_size=1, max_size=5))
def test_batch_and_simulator_agree(program: Program, images: list[list[int]]) -> None:
    batch = run_batch(program, np.array(images, np.uint32), max_cycles=MAX_CYCLES)
    for image, memory in enumerate(images):
        single = outcome(program, memory)
        if isinstance(single, str):
            assert str(batch.errors[image]) == single
            continue
        assert batch.errors[image] is None
        assert single == RunResult(
            int(batch.cycles[image]),
            batch.memories[image].tolist(),
            batch.scratch[image].tolist(),
            int(batch.pcs[image]),
            batch.statuses[image],
            batch.traces[image],
        )


@settings(max_examples=20)
@given(programs(ANYTHING), memories())
def test_stepping_tracing_and_running_agree(program: Program, memory: list[int]) -> None:
    expected = outcome(program, memory)
    trace = record(program, memory, max_cycles=MAX_CYCLES)
    assert (trace.result if trace.error is None else str(trace.error)) == expected
    simulator = Simulator(program, memory, max_cycles=MAX_CYCLES)
    try:
        while simulator.step() == "running":
            pass
    except SimulationError as error:
        assert str(error) == expected
    else:
        assert simulator.result() == expected


@settings(max_examples=20)
@given(programs(), memories())
def test_pausing_and_resuming_changes_nothing(program: Program, memory: list[int]) -> None:
    result = run(program, memory, pause=True)
    pauses = 0
    while result.status == "paused":
        pauses += 1
        result = run(program, result.memory, pause=True, resume=result)
    assert result == run(program, memory)
    assert pauses <= result.cycles


@given(keys)
def test_debug_keys_round_trip(key: object) -> None:
    assert decode_key(encode_key(key)) == key


def test_the_generator_reaches_every_operation() -> None:
    """A generator that misses an operation would prove nothing about it."""
    seen = {
        (engine, slot[0])
        for seed in range(60)
        for bundle in random_program(random.Random(seed), n_segments=8).bundles
        for engine, slots in bundle.items()
        for slot in slots
    }
    assert seen == set(OPCODES)

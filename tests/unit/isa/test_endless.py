"""Programs that never end: noticed exactly where a whole state repeats, at no cost to others."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from isa import endless, trace
from isa.endless import FIRST, WatchedSimulator
from isa.errors import SimulationError
from isa.program import Bundle, Program
from isa.simulator import run
from isa.trace import record
from tests.strategies.programs import memories, programs

ENDLESS = "never ends"


def counting(bundles: int, last: int) -> Program:
    """Counts word 0 of memory to `last`, then halts.

    One round takes `bundles` bundles; scratch is the same at the start of each, only memory is not.
    """
    start: list[Bundle] = [
        {"load": [("const", 1, 0)], "flow": [("add_imm", 4, 4, 1)]},
        {"load": [("const", 3, last)]},
    ]
    loop: list[Bundle] = [
        {"load": [("load", 2, 1)]},
        {"alu": [("+", 2, 2, 4)]},
        {"store": [("store", 1, 2)], "alu": [("<", 5, 2, 3)]},
        {"load": [("const", 2, 0), ("const", 5, 0)], "flow": [("cond_jump", 5, 2)]},
    ]
    loop[1:1] = [{"alu": []} for _ in range(bundles - len(loop))]
    return Program((*start, *loop, {"flow": [("halt",)]}))


def idle_loop(bundles: int, start: int = 0) -> Program:
    """`start` bundles, then a loop of `bundles` that changes nothing after its first round."""
    before: list[Bundle] = [{"flow": [("add_imm", 0, 0, 1)]} for _ in range(start)]
    body: list[Bundle] = [{"alu": [("+", 2, 1, 1)]} for _ in range(bundles - 1)]
    return Program((*before, *body, {"flow": [("jump", start)]}))


@pytest.mark.parametrize(("bundles", "start"), [(1, 0), (2, 7), (511, 0), (3000, 5000)])
def test_a_loop_that_changes_nothing_never_ends(bundles: int, start: int) -> None:
    simulator = WatchedSimulator(idle_loop(bundles, start), [1, 2])
    with pytest.raises(SimulationError, match=ENDLESS) as caught:
        simulator.run()
    assert caught.value.cycle <= max(2 * FIRST, 18 * bundles + 2 * start)
    assert f"bundle {caught.value.pc}, cycle {caught.value.cycle}: " in str(caught.value)
    assert f"since cycle {caught.value.cycle - bundles}" in str(caught.value)


@pytest.mark.parametrize("bundles", [4, 5, 700])
def test_a_loop_that_changes_one_word_of_memory_goes_on(bundles: int) -> None:
    program = counting(bundles, 9000)
    result = WatchedSimulator(program, [0, 7]).run()
    assert result == run(program, [0, 7])
    assert (result.status, result.memory) == ("halted", [9000, 7])


def test_a_counter_in_the_last_word_of_scratch_goes_on() -> None:
    last = 1535
    bundles: tuple[Bundle, ...] = (
        {"flow": [("add_imm", last, last, 1)], "load": [("const", 1, 20_000)]},
        {"alu": [("<", 0, last, 1)]},
        {"flow": [("cond_jump", 0, 0)]},
    )
    program = Program(bundles)
    assert WatchedSimulator(program, []).run() == run(program, [])


def test_what_is_written_to_the_trace_buffer_is_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    bundles: tuple[Bundle, ...] = ({"flow": [("trace_write", 0)]}, {"flow": [("jump", 0)]})
    with pytest.raises(SimulationError, match=ENDLESS):
        WatchedSimulator(Program(bundles), []).run()
    monkeypatch.setattr(endless, "MAX_TRACE_WORDS", 1000)
    bundles = (*bundles[:1], {"flow": [("add_imm", 1, 1, 1)]}, *bundles[1:])
    with pytest.raises(SimulationError, match="trace buffer"):
        WatchedSimulator(Program(bundles), []).run()


def test_the_limit_of_cycles_comes_first() -> None:
    with pytest.raises(SimulationError, match="more than 100 cycles"):
        WatchedSimulator(idle_loop(1), [], max_cycles=100).run()


def test_steps_are_watched_too() -> None:
    simulator = WatchedSimulator(idle_loop(3), [])
    with pytest.raises(SimulationError, match=ENDLESS):
        while simulator.step() == "running":
            assert simulator.cycles < 2 * FIRST


def test_a_paused_core_goes_on() -> None:
    pauses: tuple[Bundle, ...] = ({"flow": [("pause",)]}, {"flow": [("jump", 0)]})
    simulator = WatchedSimulator(Program(pauses), [], pause=True)
    for cycles in (1, 3, 5):
        result = simulator.run()
        assert (result.status, result.cycles) == ("paused", cycles)


@given(programs(), memories())
@settings(max_examples=40)
def test_programs_that_end_run_as_on_the_frozen_simulator(
    program: Program, memory: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(endless, "FIRST", 16)  # states are kept and compared in short runs, too
        assert WatchedSimulator(program, memory).run() == run(program, memory)


def test_traces_end_with_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = record(idle_loop(1), [])
    assert recorded.error is not None and ENDLESS in str(recorded.error)
    monkeypatch.setattr(trace, "MAX_EVENTS", 50)
    recorded = record(idle_loop(1), [])
    assert recorded.error is not None and "more than 50 events" in str(recorded.error)
    assert recorded.result.cycles == 51

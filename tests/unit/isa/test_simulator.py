"""The simulator's rules one by one; states are written down by hand, not computed."""

from __future__ import annotations

import pytest

from isa.errors import MemoryImageError, SimulationError
from isa.machine import MachineSpec
from isa.program import Bundle, Program, Slot, encode_key
from isa.simulator import RunResult, Simulator, decode, run

W = 2**32


def consts(**words: int) -> list[Bundle]:
    """One bundle per scratch word to set; ``consts(r5=7)``."""
    return [{"load": [("const", int(name[1:]), value)]} for name, value in words.items()]


def execute(*bundles: Bundle, memory: list[int] | None = None, **options: bool) -> RunResult:
    return run(Program(bundles), memory or [], max_cycles=100, **options)


def trap(*bundles: Bundle, memory: list[int] | None = None, debug: bool = False) -> SimulationError:
    with pytest.raises(SimulationError) as error:
        run(Program(bundles), memory or [], max_cycles=100, debug=debug)
    return error.value


# Cycles ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bundle", "cycles"),
    [
        ({}, 0),
        ({"debug": [("comment", "x")]}, 0),
        ({"alu": []}, 1),
        ({"debug": [], "flow": []}, 1),
        ({"load": [("const", 0, 1)], "alu": [("+", 1, 0, 0)]}, 1),
    ],
)
def test_cost_of_a_bundle(bundle: Bundle, cycles: int) -> None:
    assert execute(bundle, bundle).cycles == 2 * cycles
    assert execute(bundle).status == "ended"


def test_the_empty_program_ends_at_once() -> None:
    result = execute()
    assert (result.cycles, result.pc, result.status) == (0, 0, "ended")
    assert result.scratch == [0] * 1536


# Reads before writes -----------------------------------------------------------------------------


def test_two_words_swap_in_one_bundle() -> None:
    swap: Bundle = {"alu": [("+", 1, 2, 0), ("+", 2, 1, 0)]}
    assert execute(*consts(r1=5, r2=7), swap).scratch[1:3] == [7, 5]


def test_overlapping_vectors_read_the_old_words() -> None:
    memory = list(range(10, 18))
    result = execute(
        {"load": [("vload", 8, 0)]},
        {"valu": [("+", 9, 8, 100)], "alu": [("+", 8, 9, 100)]},
        memory=memory,
    )
    assert result.scratch[8:18] == [11, *memory, 0]


def test_loads_see_the_memory_before_the_stores_of_their_bundle() -> None:
    result = execute(
        *consts(r1=0, r2=9),
        {"store": [("store", 1, 2)], "load": [("load", 3, 1)]},
        {"load": [("load", 4, 1)]},
        memory=[5],
    )
    assert result.scratch[3:5] == [5, 9]
    assert result.memory == [9]


@pytest.mark.parametrize(
    ("bundle", "value"),
    [
        ({"load": [("const", 1, 5)], "flow": [("add_imm", 1, 0, 9)]}, 9),
        ({"flow": [("add_imm", 1, 0, 9)], "load": [("const", 1, 5)]}, 5),
        ({"load": [("const", 1, 5), ("const", 1, 6)]}, 6),
        ({"valu": [("vbroadcast", 0, 9)], "alu": [("==", 1, 9, 9)]}, 1),
        ({"alu": [("==", 1, 9, 9)], "valu": [("vbroadcast", 0, 9)]}, 0),
    ],
)
def test_the_last_of_two_writes_wins(bundle: Bundle, value: int) -> None:
    assert execute(bundle).scratch[1] == value


def test_the_last_of_two_stores_wins() -> None:
    stores: Bundle = {"store": [("store", 0, 1), ("store", 0, 2)]}
    assert execute(*consts(r1=5, r2=7), stores, memory=[0]).memory == [7]


# Operations --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slot", "expected"),
    [
        (("+", 0, 1, 2), 3),
        (("-", 0, 3, 1), W - 13),
        (("*", 0, 1, 1), 256),
        (("//", 0, 1, 2), 0),
        (("cdiv", 0, 1, 3), 6),
        (("^", 0, 1, 3), 19),
        (("&", 0, 1, 4), 16),
        (("|", 0, 1, 3), 19),
        (("<<", 0, 3, 1), 3 * 2**16),
        (("<<", 0, 3, 4), 0),
        ((">>", 0, 2, 3), (W - 13) >> 3),
        (("%", 0, 2, 1), 3),
        (("<", 0, 1, 2), 1),
        (("<", 0, 2, 1), 0),
        (("==", 0, 1, 1), 1),
    ],
)
def test_scalar_arithmetic(slot: Slot, expected: int) -> None:
    setup = consts(r1=16, r2=W - 13, r3=3, r4=48)
    result = execute(*setup, {"alu": [slot]})
    assert result.scratch[0] == expected


def test_constants_are_reduced() -> None:
    scratch = execute(*consts(r1=-1, r2=W + 5), {"flow": [("add_imm", 3, 1, 2)]}).scratch
    assert scratch[1:4] == [W - 1, 5, 1]


def test_vector_operations() -> None:
    memory = [1, 2, 3, 4, 5, 6, 7, 8, 0, W - 1, 0, 1, 0, 1, 0, 1]
    result = execute(
        *consts(r1=0, r2=8),
        {"load": [("vload", 8, 1), ("vload", 16, 2)]},
        {"valu": [("*", 24, 8, 8), ("vbroadcast", 32, 2), ("multiply_add", 40, 8, 16, 8)]},
        {"flow": [("vselect", 48, 16, 8, 24)]},
        memory=memory,
    )
    assert result.scratch[24:32] == [1, 4, 9, 16, 25, 36, 49, 64]
    assert result.scratch[32:40] == [8] * 8
    assert result.scratch[40:48] == [1, 0, 3, 8, 5, 12, 7, 16]
    assert result.scratch[48:56] == [1, 2, 9, 4, 25, 6, 49, 8]


def test_memory_operations() -> None:
    result = execute(
        *consts(r1=3, r2=12, r5=2),
        {"load": [("load", 10, 1), ("load_offset", 20, 2, 3)]},
        {"store": [("store", 1, 2), ("vstore", 5, 20)]},
        memory=[*range(50, 60), 1, 2],
    )
    assert (result.scratch[10], result.scratch[23]) == (53, 52)
    assert result.memory == [50, 51, 0, 0, 0, 52, 0, 0, 0, 0, 1, 2]


def test_flow_values() -> None:
    result = execute(
        *consts(r1=1, r2=7, r3=9),
        {"flow": [("select", 4, 1, 2, 3)]},
        {"flow": [("select", 5, 0, 2, 3)]},
        {"flow": [("coreid", 1)]},
        {"flow": [("trace_write", 2)]},
        {"flow": [("trace_write", 3)], "load": [("const", 3, 1)]},
    )
    assert result.scratch[4:6] == [7, 9]
    assert result.scratch[1] == 0
    assert result.trace == [7, 9]


# Control -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slot", "path"),
    [
        (("jump", 4), [1, 0, 1]),
        (("cond_jump", 1, 4), [1, 0, 1]),
        (("cond_jump", 0, 4), [1, 1, 1]),
        (("cond_jump_rel", 1, 1), [1, 0, 1]),
        (("cond_jump_rel", 0, 1), [1, 1, 1]),
        (("jump_indirect", 2), [1, 0, 1]),
        (("jump", 5), [1, 0, 0]),
        (("jump", 1000), [1, 0, 0]),
        (("halt",), [1, 0, 0]),
    ],
)
def test_jumps(slot: Slot, path: list[int]) -> None:
    """All slots of the jumping bundle execute; then bundle 3, bundle 4, or neither."""
    result = execute(
        {"load": [("const", 1, 1), ("const", 2, 4)]},
        {},
        {"flow": [slot], "load": [("const", 10, 1)]},
        {"load": [("const", 11, 1)]},
        {"load": [("const", 12, 1)]},
    )
    assert result.scratch[10:13] == path
    assert result.cycles == 1 + sum(path)
    assert result.status == ("halted" if slot == ("halt",) else "ended")


def test_a_jump_reads_its_condition_before_the_bundle() -> None:
    bundle: Bundle = {"load": [("const", 1, 1)], "flow": [("cond_jump", 1, 9)]}
    assert execute(bundle, {"load": [("const", 2, 1)]}).cycles == 2


def test_negative_bundle_indices_count_from_the_end() -> None:
    """As in the original: bundle -1 is the last one, and bundle 0 follows it."""
    result = execute({"flow": [("jump", -1)]}, {"alu": []}, {"flow": [("halt",)]})
    assert (result.cycles, result.pc, result.status) == (2, 0, "halted")
    assert "bundle -4 is before the start" in str(trap({"flow": [("jump", -4)]}, {}, {}))


def test_pausing_and_resuming() -> None:
    program = Program(({"flow": [("pause",)], "load": [("const", 1, 3)]}, *consts(r2=1)))
    ignored = run(program, [])
    assert (ignored.status, ignored.cycles) == ("ended", 2)
    paused = run(program, [7], pause=True)
    assert (paused.status, paused.cycles, paused.pc, paused.scratch[1]) == ("paused", 1, 1, 3)
    resumed = run(program, paused.memory, resume=paused)
    assert (resumed.status, resumed.cycles, resumed.scratch[1:3]) == ("ended", 2, [3, 1])
    simulator = Simulator(program, [7], pause=True)
    assert simulator.run() == paused
    final = simulator.run()
    assert final == resumed
    assert simulator.run() == final


def test_stepping_gives_every_state_of_a_run() -> None:
    program = Program((*consts(r1=3), {"debug": []}, {"alu": [("+", 1, 1, 1)]}))
    simulator = Simulator(program, [])
    seen = [(simulator.step(), simulator.pc, simulator.cycles) for _ in range(4)]
    assert seen == [("running", 1, 1), ("running", 2, 1), ("running", 3, 2), ("ended", 3, 2)]
    assert simulator.result() == run(program, [])


def test_the_step_limit() -> None:
    loop = Program(({"flow": [("jump", 0)]},))
    with pytest.raises(SimulationError, match="needs more than 10 cycles") as error:
        run(loop, [], max_cycles=10)
    assert error.value.cycle == 10
    assert run(Program(tuple(consts(r1=1, r2=2))), [], max_cycles=2).cycles == 2


# Traps -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bundle", "place", "reason"),
    [
        ({"load": [("const", 0, 1), ("load", 1, 9)]}, ("load", 1), "address 40 out of range"),
        ({"load": [("vload", 16, 8)]}, ("load", 0), "addresses 33 to 40 out of range"),
        ({"load": [("load_offset", 1, 5, 4)]}, ("load", 0), "memory has 40 words"),
        ({"store": [("store", 9, 0)]}, ("store", 0), "address 40 out of range"),
        ({"store": [("store", 0, 0), ("vstore", 8, 0)]}, ("store", 1), "addresses 33 to 40"),
        ({"alu": [("+", 1, 1, 1), ("//", 0, 1, 7)]}, ("alu", 1), "division by zero"),
        ({"alu": [("%", 0, 1, 7)]}, ("alu", 0), "division by zero"),
        ({"valu": [("cdiv", 16, 0, 4)]}, ("valu", 0), "division by zero"),
        ({"alu": [("?", 0, 1, 7)]}, ("alu", 0), "there is no operation"),
        ({"alu": [("+", 0, 1)]}, ("alu", 0), "+ takes 3 operands, got 2"),
        ({"alu": [("+", 0, "x", 1)]}, ("alu", 0), "operand a of + is 'x', not an integer"),
        ({"alu": [("+", 1536, 1, 1)]}, ("alu", 0), "scratch words 1536 to 1536"),
        ({"valu": [("+", 1529, 0, 0)]}, ("valu", 0), "scratch words 1529 to 1536"),
        ({"alu": [("+", 0, -1537, 1)]}, ("alu", 0), "scratch words -1537"),
        ({"flow": [("pause",), ("pause",)]}, ("flow", 1), "2 slots, but the limit is 1"),
        ({"mul": []}, (None, None), "no engine 'mul'"),
    ],
)
def test_traps_name_their_slot(
    bundle: Bundle, place: tuple[str | None, int | None], reason: str
) -> None:
    error = trap(*consts(r9=40, r8=33), bundle, memory=[0] * 40)
    assert (error.engine, error.slot) == place
    assert (error.pc, error.cycle) == (2, 2)
    assert reason in error.reason
    assert str(error).startswith("bundle 2, cycle 2")


def test_a_trap_leaves_the_state_before_the_bundle() -> None:
    program = Program(({"load": [("const", 1, 9)]}, {"store": [("store", 0, 1), ("store", 1, 1)]}))
    simulator = Simulator(program, [5])
    with pytest.raises(SimulationError):
        simulator.run()
    assert (simulator.memory, simulator.pc, simulator.cycles) == ([5], 1, 1)


def test_what_is_not_executed_cannot_trap() -> None:
    assert execute({"flow": [("halt",)]}, {"alu": [("?",)]}).status == "halted"


@pytest.mark.parametrize("memory", [[W], [-1], ["1"], [1.0], [None]])
def test_memory_holds_words(memory: list[int]) -> None:
    with pytest.raises(MemoryImageError, match="memory word 0 is"):
        run(Program(()), memory)


# Debug slots -------------------------------------------------------------------------------------


def test_debug_comparisons() -> None:
    key, lanes = encode_key((0, "x")), encode_key([(0, "x")] * 7 + ["y"])
    program = Program(
        (
            *consts(r8=5),
            {"valu": [("vbroadcast", 8, 8)]},
            {"debug": [("compare", 8, key), ("vcompare", 8, lanes), ("comment", "x"), ("other",)]},
        )
    )
    good = {(0, "x"): 5, "y": 5}
    assert run(program, [], debug=True, reference=good).cycles == 2
    assert run(decode(program, debug=True), [], reference=good).cycles == 2
    assert run(program, [], debug=False).cycles == 2
    with pytest.raises(SimulationError, match=r"compare .*\[5\], expected \[6\]") as error:
        run(program, [], debug=True, reference={**good, (0, "x"): 6})
    assert (error.value.engine, error.value.slot, error.value.pc) == ("debug", 0, 2)
    with pytest.raises(SimulationError, match="compare") as error:
        run(program, [], debug=True, reference={**good, "y": 6})
    assert error.value.slot == 1
    with pytest.raises(SimulationError, match="no reference value for the key 'y'"):
        run(program, [], debug=True, reference={(0, "x"): 5})


def test_debug_reads_the_state_before_the_bundle() -> None:
    bundle: Bundle = {"load": [("const", 1, 5)], "debug": [("compare", 1, "k")]}
    assert run(Program((bundle,)), [], debug=True, reference={"k": 0}).scratch[1] == 5


def test_debug_slots_have_a_limit_only_where_they_execute() -> None:
    bundle: Bundle = {"debug": [("comment", "x")] * 65}
    assert execute(bundle).cycles == 0
    assert "65 slots" in str(trap(bundle, debug=True))


# Other machines ----------------------------------------------------------------------------------


@pytest.mark.parametrize("vlen", [1, 4, 16])
def test_other_vector_lengths(vlen: int) -> None:
    machine = MachineSpec(vlen=vlen, scratch_words=64)
    program = Program(
        (
            {"load": [("vload", 0, 60), ("const", 63, 3)]},
            {"valu": [("vbroadcast", 16, 63)]},
            {"valu": [("multiply_add", 32, 0, 16, 16)], "flow": [("vselect", 16, 16, 0, 0)]},
            {"store": [("vstore", 60, 32)]},
        ),
        machine,
    )
    memory = list(range(20))
    result = run(program, memory)
    assert result.memory == [3 * word + 3 for word in memory[:vlen]] + memory[vlen:]
    assert result.scratch[16 : 16 + vlen] == memory[:vlen]


def test_two_flow_slots_on_a_machine_that_has_them() -> None:
    machine = MachineSpec("wide", {**MachineSpec().slots, "flow": 2})
    program = Program(({"flow": [("jump", 2), ("trace_write", 0)]}, *consts(r1=1)), machine)
    result = run(program, [])
    assert (result.cycles, result.trace, result.scratch[1]) == (1, [0], 0)

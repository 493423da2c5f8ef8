"""The batch simulator where images do not go the same way: jumps, ends, traps, odd bundles."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from isa.batch import BatchResult, run_batch
from isa.errors import IsaError, MemoryImageError, SimulationError
from isa.machine import MachineSpec
from isa.opcodes import ALU_OPS
from isa.program import Bundle, Program
from isa.simulator import decode, run
from isa.takehome import memory_image, naive_program, reference_images


def images(*rows: list[int]) -> NDArray[np.uint32]:
    return np.array(rows, np.uint32)


def assert_equal_to_simulator(program: Program, memories: NDArray[np.uint32]) -> BatchResult:
    """Compare everything with one run of the reference simulator per image."""
    batch = run_batch(program, memories, max_cycles=200)
    for image, memory in enumerate(memories.tolist()):
        try:
            single = run(program, memory, max_cycles=200)
        except SimulationError as error:
            assert str(batch.errors[image]) == str(error)
            continue
        assert batch.errors[image] is None
        assert batch.cycles[image] == single.cycles
        assert batch.memories[image].tolist() == single.memory
        assert batch.scratch[image].tolist() == single.scratch
        assert batch.pcs[image] == single.pc
        assert batch.statuses[image] == single.status
        assert batch.traces[image] == single.trace
    return batch


LOAD: Bundle = {"load": [("load", 1, 0), ("const", 2, 1)]}


def test_the_reference_problem() -> None:
    memories = images(*(memory_image(4, 5, 6, seed) for seed in range(7)))
    before = memories.copy()
    batch = run_batch(naive_program(4, 5, 6), memories)
    assert (batch.memories == reference_images(memories)).all()
    assert (memories == before).all()
    batch.raise_first()


def test_images_may_loop_different_numbers_of_times() -> None:
    program = Program(
        (
            LOAD,
            {"alu": [("-", 1, 1, 2), ("+", 3, 3, 2)], "flow": [("trace_write", 1)]},
            {"flow": [("cond_jump", 1, 1)]},
            {"store": [("store", 0, 3)]},
        )
    )
    batch = assert_equal_to_simulator(program, images([5], [1], [9], [2], [1]))
    assert batch.cycles.tolist() == [12, 4, 20, 6, 4]
    assert batch.memories[:, 0].tolist() == [5, 1, 9, 2, 1]


def test_images_may_stop_at_different_places() -> None:
    program = Program(
        (
            LOAD,
            {"flow": [("jump_indirect", 1)]},
            {"flow": [("halt",)]},
            {"alu": [("+", 5, 2, 2)]},
            {"alu": [("+", 6, 2, 2)]},
        )
    )
    batch = assert_equal_to_simulator(program, images([2], [3], [4], [99], [2**32 - 1]))
    assert batch.statuses == ("halted", *["ended"] * 4)
    assert batch.pcs.tolist() == [3, 5, 5, 99, 2**32 - 1]


@pytest.mark.parametrize(
    "bundle",
    [
        {"load": [("load", 3, 1)]},
        {"load": [("vload", 8, 1)]},
        {"store": [("store", 1, 2)]},
        {"store": [("store", 0, 2), ("vstore", 1, 8)], "alu": [("+", 2, 2, 2)]},
        {"alu": [("//", 3, 2, 1), ("+", 2, 2, 2)]},
        {"valu": [("%", 16, 8, 0)]},
        {"flow": [("cond_jump", 1, 0)], "load": [("load", 2, 1)]},
        {"alu": [("+", 1536, 0, 0)]},
        {"alu": [("+", -1, 1, 2)]},
    ],
)
def test_single_images_trap_by_themselves(bundle: Bundle) -> None:
    program = Program((LOAD, bundle, {"flow": [("add_imm", 4, 1, 5)]}))
    memories = images(*([first, *range(8)] for first in (0, 1, 2, 8, 9, 2**32 - 1)))
    assert_equal_to_simulator(program, memories)


def test_the_state_of_a_trapped_image_is_that_before_the_bundle() -> None:
    stores: Bundle = {"store": [("store", 0, 2), ("store", 1, 2)]}
    program = Program((LOAD, stores, {"flow": [("halt",)]}))
    batch = assert_equal_to_simulator(program, images([0, 7], [2, 7]))
    assert batch.memories.tolist() == [[1, 7], [2, 7]]
    assert batch.pcs.tolist() == [3, 1]
    assert batch.cycles.tolist() == [3, 1]
    assert batch.statuses == ("halted", "running")
    error = batch.errors[1]
    assert error is not None and (error.pc, error.engine, error.slot) == (1, "store", 1)
    with pytest.raises(SimulationError, match="address 2 out of range"):
        batch.raise_first()


def test_all_images_may_trap() -> None:
    batch = assert_equal_to_simulator(Program(({"alu": [("//", 0, 0, 0)]},)), images([1], [2]))
    assert all(error is not None for error in batch.errors)


def test_the_cycle_limit_holds_per_image() -> None:
    program = Program((LOAD, {"alu": [("-", 1, 1, 2)], "flow": [("cond_jump", 1, 1)]}))
    batch = assert_equal_to_simulator(program, images([3], [1000], [198], [199], [200]))
    assert [error is None for error in batch.errors] == [True, False, True, False, False]


def test_swaps_and_chains_within_a_bundle() -> None:
    """Every order of overwriting would be wrong for a rotation; a chain has one right order."""
    rotate: Bundle = {"alu": [("+", 1, 2, 0), ("+", 2, 3, 0), ("+", 3, 1, 0), ("+", 5, 6, 3)]}
    chain: Bundle = {"alu": [("+", 1, 2, 0), ("+", 2, 3, 0), ("+", 3, 5, 0)]}
    shifted: Bundle = {"valu": [("+", 9, 8, 16), ("multiply_add", 17, 16, 8, 9)]}
    program = Program(({"load": [("vload", 0, 20), ("vload", 8, 20)]}, rotate, chain, shifted))
    assert_equal_to_simulator(program, images(list(range(10, 18)), list(range(30, 38))))


def test_odd_bundles_are_executed_by_the_reference() -> None:
    program = Program(
        (
            LOAD,
            {"load": [("const", 3, 5), ("const", 3, 6)]},
            {"alu": [("+", -1, 1, 3)], "flow": [("cond_jump", 1, -1)]},
            {"flow": [("trace_write", -1)]},
            {"flow": [("halt",)]},
        )
    )
    assert_equal_to_simulator(program, images([0], [1], [2]))


def test_pauses_and_debug_slots_are_ignored() -> None:
    program = Program(({"flow": [("pause",)]}, {"debug": [("compare", 0, "missing")]}))
    batch = assert_equal_to_simulator(program, images([1], [2]))
    assert batch.statuses == ("ended", "ended")
    with pytest.raises(IsaError, match="decode the program without debug=True"):
        run_batch(decode(program, debug=True), images([1]))


@pytest.mark.parametrize("shape", [(0, 5), (3, 0), (1, 4)])
def test_degenerate_batches(shape: tuple[int, int]) -> None:
    memories = np.zeros(shape, np.uint32)
    batch = assert_equal_to_simulator(Program((LOAD, {"store": [("store", 0, 1)]})), memories)
    assert batch.memories.shape == shape
    assert batch.scratch.shape == (shape[0], 1536)


def test_other_vector_lengths() -> None:
    machine = MachineSpec(vlen=4, scratch_words=64)
    program = Program(
        (
            {"load": [("vload", 0, 60), ("const", 63, 3)]},
            {"valu": [("vbroadcast", 16, 63), ("<<", 24, 0, 0)]},
            {"valu": [("multiply_add", 32, 0, 16, 16)], "flow": [("vselect", 17, 16, 0, 0)]},
            {"store": [("vstore", 60, 32)]},
        ),
        machine,
    )
    assert_equal_to_simulator(program, images([0, 31, 32, 33], [5, 6, 7, 2**32 - 1]))


@pytest.mark.parametrize(
    "memories",
    [
        np.zeros(3, np.uint32),
        np.zeros((2, 3), np.float64),
        np.array([[2**32]], np.int64),
        np.array([[-1]], np.int64),
    ],
)
def test_memories_are_tables_of_words(memories: NDArray[np.uint32]) -> None:
    with pytest.raises(MemoryImageError):
        run_batch(Program(()), memories)


def test_other_integer_types_are_accepted() -> None:
    result = run_batch(Program((LOAD,)), np.array([[2**32 - 1]], np.int64))
    assert result.scratch[0, 1] == 2**32 - 1


@pytest.mark.parametrize("engine", ["alu", "valu"])
@pytest.mark.parametrize("op", ALU_OPS)
def test_arithmetic_on_words_that_differ_between_images(engine: str, op: str) -> None:
    """Also in lanes behind the first one, where some image divides by zero."""
    edges = (0, 1, 2, 3, 7, 31, 32, 33, 2**31, 2**32 - 1)
    program = Program(
        (
            {"load": [("const", 0, 0), ("const", 1, 8)]},
            {"load": [("vload", 8, 0), ("vload", 16, 1)]},
            {engine: [(op, 24, 8, 16)]},
        )
    )
    rows = [[a, *range(7), b, 1, 2, b, 4, 5, 6, 7] for a in edges for b in edges]
    assert_equal_to_simulator(program, images(*rows))
    last = [[a, *range(7), 3, 1, 2, b, 4, 5, 6, 7] for a in edges for b in edges]
    assert_equal_to_simulator(program, images(*last))

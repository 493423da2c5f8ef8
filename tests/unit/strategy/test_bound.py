"""The bound over all assignments stays below whatever is made of a kernel."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from isa.machine import DEFAULT_MACHINE, MachineSpec
from vliwc.analysis.facts import Facts
from vliwc.driver import compile_file, compile_text
from vliwc.isel.cost import EngineDemand
from vliwc.isel.instantiate import instantiate
from vliwc.isel.program import LaneProgram
from vliwc.isel.reads.table_reads import Plan
from vliwc.lang import bind, load_kernel, parse_kernel
from vliwc.lang.lower import lower
from vliwc.mir.scheduling_problem import problem_of
from vliwc.options import Options
from vliwc.passes.base import run_passes
from vliwc.passes.pipeline import PIPELINE
from vliwc.sched.problem.bounds import every_bound
from vliwc.strategy import bound as bound_module
from vliwc.strategy.bound import least_work, proved_kernel_bound
from vliwc.strategy.choose import gather_only
from vliwc.strategy.options import LoopReads, Step, loop_reads
from vliwc.strategy.unavoidable import Unavoidable, unavoidable_work

KERNELS = Path(__file__).resolve().parents[3] / "kernels"
SMALL: list[tuple[str, dict[str, int]]] = [
    ("tree_hash", {"forest_height": 4, "rounds": 7, "batch_size": 64}),
    ("tree_hash", {"forest_height": 6, "rounds": 6, "batch_size": 27}),
    ("tree_hash_indices", {"forest_height": 4, "rounds": 9, "batch_size": 64}),
    ("tree_hash_full", {"forest_height": 3, "rounds": 4, "batch_size": 32}),
    ("ternary_tree", {"levels": 3, "steps": 5, "batch": 40}),
    ("binary_search", {"n": 7, "batch": 64}),
    ("crc32", {"batch": 16, "words": 1}),
    ("dfa", {"states": 4, "symbol_bits": 1, "batch": 24, "words": 1}),
    ("saxpy_dot", {"n": 61}),
    ("murmur", {"n": 40, "seed": 7}),
    ("lcg", {"lanes": 16, "steps": 8}),
]
NARROW = MachineSpec(
    name="narrow",
    slots={"alu": 2, "valu": 1, "load": 1, "store": 1, "flow": 1, "debug": 64},
    vlen=4,
    scratch_words=1024,
)


def lane_program(
    name: str, params: dict[str, int], machine: MachineSpec = DEFAULT_MACHINE
) -> LaneProgram:
    """A kernel as it reaches the back end at -O2."""
    kernel = load_kernel(KERNELS / f"{name}.vk", params)
    function = run_passes(lower(kernel), PIPELINE)
    return LaneProgram.of(function, Facts(function), machine)


def random_plan(reads: LoopReads, rng: random.Random) -> Plan:
    """A plan with random steps, record tables aside."""
    steps: list[tuple[Step, int]] = []
    position = 0
    while position < len(reads.table):
        step = rng.choice([step for step in reads.steps[position] if step.table is None])
        steps.append((step, rng.choice((0, 1, 2))))
        position += len(step.reads)
    return reads.plan(steps)


@pytest.mark.parametrize("machine", [DEFAULT_MACHINE, NARROW], ids=lambda m: m.name)
@pytest.mark.parametrize(("name", "params"), SMALL, ids=lambda p: p if isinstance(p, str) else "")
@settings(max_examples=4)
@given(seed=st.integers(0, 2**32))
def test_no_random_assignment_needs_less_work(
    name: str, params: dict[str, int], machine: MachineSpec, seed: int
) -> None:
    program = lane_program(name, params, machine)
    least = least_work(program)
    rng = random.Random(seed)
    assignment: list[list[Plan]] = []
    block = rng.choice((0, 1, 4))
    for loop in program.function.loops:
        reads = loop_reads(program, loop, records=False, block=block)
        plans = [random_plan(reads, rng) for _ in range(rng.choice((1, 2, 3)))]
        assignment.append([rng.choice(plans) for _ in range(program.groups(loop))])
    problem = problem_of(instantiate(program, assignment).dag)
    assert max(b.cycles for b in every_bound(problem)) >= least.cycles
    # The bound is a multiple of a tenth, rounded up from what the best assignment's work takes.
    if least.cycles > max(least.work.latency, least.work.busiest):
        assert max(b.work for b in every_bound(problem) if b.prices) > least.cycles - 1


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize(("name", "params"), SMALL, ids=lambda p: p if isinstance(p, str) else "")
def test_no_compilation_beats_the_bound(name: str, params: dict[str, int], level: int) -> None:
    result = compile_file(KERNELS / f"{name}.vk", params, Options(level=level))
    bound = result.least_work.cycles
    assert 0 < bound <= result.lower_bound <= result.cycles


def text_program(text: str) -> LaneProgram:
    """A kernel without parameters as it reaches the back end."""
    function = run_passes(lower(bind(parse_kernel(text, "test"), {})), PIPELINE)
    return LaneProgram.of(function, Facts(function), DEFAULT_MACHINE)


def test_bound_counts_loads_and_stores() -> None:
    text = """
    kernel copy() {
      memory { x: u32[160] in at 0; y: u32[160] in at 160; z: u32[160] out at 320; }
      parallel for i in 0 .. 160 { z[i] = x[i] ^ y[i]; }
    }
    """
    program = text_program(text)
    work = unavoidable_work(program, 1)
    assert (work.loads, work.stores, len(work.words)) == (40, 20, 320)
    assert work.demand == EngineDemand(compute=160)
    # An address, 39 vloads that wait for one, an operation, a vstore.
    assert proved_kernel_bound(program) == 1 + 20 + 2
    assert compile_text(text, "test", {}).cycles >= 23


def test_bound_counts_gathers_where_nothing_else_is_possible() -> None:
    text = """
    kernel gather() {
      memory { t: u32[4096] in at 0; x: u32[80] in at 4096 below 4096; z: u32[80] out at 4176; }
      parallel for i in 0 .. 80 { z[i] = t[x[i]]; }
    }
    """
    # 80 scalar loads and 10 vector loads, two a cycle.
    assert proved_kernel_bound(text_program(text)) == 45.0


def test_bound_counts_words_at_known_addresses_once() -> None:
    text = """
    kernel pairs() {
      memory { x: u32[320] in at 0; z: u32[160] out at 320; }
      parallel for i in 0 .. 160 { z[i] = x[2 * i] ^ x[2 * i + 1] + x[0]; }
    }
    """
    # x[0] is one of the 320 words, which 40 vector loads bring.
    work = unavoidable_work(text_program(text), 1)
    assert (work.loads, len(work.words)) == (40, 320)


def test_bound_counts_table_words_that_are_loaded_anyway_once() -> None:
    text = """
    kernel both() {
      memory {
        a: u32[320] in at 0; b: u32[320] in at 320; c: u32[320] in at 640; z: u32[320] out at 960;
      }
      parallel for i in 0 .. 320 { z[i] = a[i] ^ b[i] ^ c[i] ^ a[c[i] % 4]; }
    }
    """
    # Nothing but 960 words in order: the four of the table are among them.
    assert proved_kernel_bound(text_program(text)) == 60.0


def test_the_bound_is_that_of_the_least_way_to_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where what table reads take on top makes another way the least."""
    program = lane_program("tree_hash", {"forest_height": 4, "rounds": 4, "batch_size": 16})
    work = unavoidable_work(program, 1)
    floors, totals = {2: 10.0, 3: 11.0, 5: 12.0, 7: 13.0}, {2: 20.0, 3: 15.0, 5: 12.5, 7: 14.0}
    ways = [replace(work, block=block) for block in floors]
    asked: list[int] = []

    def proved(_: LaneProgram, work: Unavoidable, __: float, *, steps: bool) -> float:
        asked.extend([work.block] if steps else [])
        return (totals if steps else floors)[work.block]

    monkeypatch.setattr(bound_module, "ways_to_share", lambda *_: ways)
    monkeypatch.setattr(bound_module, "_proved", proved)
    least = least_work(program)
    assert (least.cycles, least.work.block) == (12.5, 5)
    assert asked == [2, 3, 5]  # with a floor of 13, the last one cannot be less


def test_bound_follows_the_machine() -> None:
    params = {"forest_height": 5, "rounds": 8, "batch_size": 256}
    program = lane_program("tree_hash", params)
    bound = proved_kernel_bound(program)
    slots = {engine: 2 * count for engine, count in DEFAULT_MACHINE.slots.items()}
    twice = replace(program, machine=replace(DEFAULT_MACHINE, slots=slots))
    assert proved_kernel_bound(twice) == pytest.approx(bound / 2, abs=0.2)


def test_unavoidable_work_is_part_of_the_plain_translation() -> None:
    for name, params in SMALL:
        program = lane_program(name, params)
        problem = problem_of(instantiate(program, gather_only(program)).dag)
        work = unavoidable_work(program, 1)
        assert 0 < work.demand.compute <= int(problem.dense.lanes.sum())


def test_presolve_alone_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """CP-SAT's presolve can be wrong; without it the solver has to say the same."""
    program = lane_program("lcg", {"lanes": 16, "steps": 8})
    right = proved_kernel_bound(program)
    claimed = bound_module._claimed_bound

    def too_much(model: cp_model.CpModel, effort: float, *, presolve: bool) -> float:
        return claimed(model, effort, presolve=presolve) + 5 * presolve

    monkeypatch.setattr(bound_module, "_claimed_bound", too_much)
    assert proved_kernel_bound(program) == right

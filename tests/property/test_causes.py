"""Cycles by cause: they add up for every kernel and level, and each is what it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isa.machine import DEFAULT_MACHINE
from isa.trace import record
from tests.differential.test_kernels_compiled import SMALL
from tests.strategies.kernels import GeneratedKernel
from tests.strategies.kernels import kernels as random_kernels
from vliwc.driver import ENGINES, Compilation, compile_file, compile_text
from vliwc.explain.causes import BEHIND, LATENCY, LATER, NONE_LEFT, SCRATCH, WORK, cause_text
from vliwc.explain.report import Explanation, explain
from vliwc.explain.slots import slot_table
from vliwc.explain.timing import timing
from vliwc.lang.images import random_memory
from vliwc.options import Options

LEVELS = {0: None, 1: None, 2: None, 3: 20}
"""Levels with the budget of their search."""


def add_up(explanation: Explanation) -> None:
    """Every cycle has one cause; their numbers and idle times are those of the program, or of
    one trip of its loop."""
    made, causes = explanation.compilation, explanation.causes
    parts = zip(made.generated.every_part, made.lengths, strict=True)
    cycles = next(length for part, length in parts if part.dag is made.generated.dag)
    assert sum(cause.cycles for cause in causes.each) == cycles == len(causes.of_cycle)
    for number, cause in enumerate(causes.each):
        assert cause.cycles == causes.of_cycle.count(number) == sum(cause.phases.values())
        assert cause.text == cause_text(cause.name)
    gap = explanation.gap
    if gap is None:
        assert cycles == 0
        return
    assert sum(cause.idle for cause in causes.each) == pytest.approx(
        sum(phase.idle for phase in gap.phases)
    )
    for phase in gap.phases:
        counted = sum(cause.phases[phase.name] for cause in causes.each)
        assert counted == phase.end - phase.first


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", SMALL)
def test_cycles_of_every_kernel_add_up(kernels: Path, name: str, level: int) -> None:
    for sizes in SMALL[name]:
        options = Options(level=level, budget=LEVELS[level])
        add_up(explain(compile_file(kernels / f"{name}.vk", sizes, options)))


@settings(max_examples=20)
@given(generated=random_kernels(), level=st.sampled_from([0, 1, 2]))
def test_cycles_of_random_kernels_add_up(generated: GeneratedKernel, level: int) -> None:
    options = Options(level=level)
    add_up(explain(compile_text(generated.text, "random", generated.params, options)))


CASES = {
    "tree_hash": {"forest_height": 6, "rounds": 9, "batch_size": 200},
    "saxpy_dot": {"n": 200},
    "lcg": {"lanes": 11, "steps": 9},
    "matmul": {"n": 4},
    "prefix_rows": {"rows": 20, "width": 9},
    "fnv_rows": {"batch": 30, "words": 3},
}


@pytest.fixture(scope="module", params=CASES)
def compilation(request: pytest.FixtureRequest, kernels: Path) -> Compilation:
    return compile_file(kernels / f"{request.param}.vk", CASES[request.param])


def test_each_cause_is_what_it_says(compilation: Compilation) -> None:
    """By looking at every operation in every cycle, in Python."""
    explanation = explain(compilation)
    table, gap = slot_table(compilation), explanation.gap
    assert gap is not None
    problem, schedule = compilation.generated.problem, compilation.generated.schedule
    dense = problem.dense
    times = timing(problem, schedule)
    free = dense.capacity - table.usage()
    counted = [e for e, name in enumerate(ENGINES) if gap.prices[name] > 0]
    for at, cycle in enumerate(table.schedule_cycle.tolist()):
        idle = [e for e in counted if free[at][e] > 0]
        name = explanation.causes.each[explanation.causes.of_cycle[at]].name
        assert (name == WORK) == (not idle)
        if not idle:
            continue
        movable = blocked = left = 0
        lines = dict.fromkeys(range(len(ENGINES)), 0)
        for op in range(len(dense.lanes)):
            kind = dense.resource_class[op]
            vector, lanes = dense.class_vector[kind], dense.class_scalarised[kind]
            engines = [e for e in range(len(ENGINES)) if vector >> e & 1 or lanes == e]
            if times.last[op] <= cycle:
                continue
            useful = any(e in idle for e in engines)
            left += useful
            own = schedule.lane_cycle[dense.lane_ptr[op] : dense.lane_ptr[op + 1]]
            if times.ready[op] > cycle or (dense.serial[op] and cycle in own):
                continue
            between = times.held[cycle : max(times.first[op], cycle)]
            fits = bool((between + dense.width[op] <= dense.words).all())
            movable += useful and fits
            blocked += useful and not fits
            for e in engines:
                lines[e] += free[at][e] == 0
        longest = max(lines, key=lambda e: lines[e])
        if movable:
            assert name == LATER
        elif blocked:
            assert name == SCRATCH
        elif not left:
            assert name == NONE_LEFT
        else:
            assert name == (f"{BEHIND}{ENGINES[longest]}" if lines[longest] else LATENCY)


def test_held_words_are_those_of_live_results(compilation: Compilation) -> None:
    """Counted word by word from the addresses: no word is held twice, so that sums are sizes."""
    problem, schedule = compilation.generated.problem, compilation.generated.schedule
    times = timing(problem, schedule)
    for cycle in range(0, schedule.cycles, max(schedule.cycles // 20, 1)):
        never = schedule.engine >= len(ENGINES)
        held = np.flatnonzero(((times.first <= cycle) | never) & (cycle < times.until))
        words = {
            word
            for op in held.tolist()
            for word in range(schedule.address[op], schedule.address[op] + problem.dense.width[op])
        }
        assert len(words) == times.held[cycle]


def test_scratch_is_the_cause_where_it_is_short() -> None:
    """Sums in another order than the loads: with few words, loads wait until some are free."""
    text = """
    kernel reversed() {
      memory { x: u32[64] in at 0; y: u32[64] out at 64; }
      parallel for i in 0 .. 64 { y[i] = (x[i] * x[i] + 3) * (x[i] ^ 7) + x[i]; }
    }
    """
    few = replace(DEFAULT_MACHINE, scratch_words=64)
    found = explain(compile_text(text, "reversed", {}, Options(machine=few))).causes
    assert SCRATCH in [cause.name for cause in found.each]
    plenty = explain(compile_text(text, "reversed", {})).causes
    assert SCRATCH not in [cause.name for cause in plenty.each]


@pytest.mark.parametrize("name", ["tree_hash", "saxpy_dot"])
def test_traces_count_the_same_words(kernels: Path, name: str) -> None:
    """What a run shows as live is what the schedule holds; no lane is idle in these, which could
    read words of others without any use."""
    compilation = compile_file(kernels / f"{name}.vk", CASES[name])
    trace = record(compilation.program, random_memory(compilation.kernel, 1))
    live, counted = 0, []
    changes = {e["ts"]: e["args"]["words"] for e in trace.events if e["ph"] == "C"}
    for cycle in range(compilation.cycles):
        live = changes.get(cycle, live)
        counted.append(live)
    problem, schedule = compilation.generated.problem, compilation.generated.schedule
    held = timing(problem, schedule).held[slot_table(compilation).schedule_cycle]
    # A result that nothing reads, and words of a vector that nothing reads, are held all the same.
    assert all(seen <= words for seen, words in zip(counted, held.tolist(), strict=True))
    assert sum(counted) > 0.5 * held.sum()

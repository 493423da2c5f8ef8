"""The parts of an explanation agree with the program they explain."""

from __future__ import annotations

from pathlib import Path

import pytest

from vliwc.driver import ENGINES, Compilation, compile_file, compile_text
from vliwc.explain.attribution import attribute_gap, kind, owner, shares, windows
from vliwc.explain.bounds import bound_report, with_one_more_slot
from vliwc.explain.reads import read_assignments
from vliwc.explain.report import explain
from vliwc.explain.slots import slot_table
from vliwc.options import Options

KERNELS = Path(__file__).resolve().parents[3] / "kernels"


@pytest.fixture(scope="module", params=["tree_hash", "saxpy_dot", "ternary_tree"])
def compilation(request: pytest.FixtureRequest) -> Compilation:
    params = {
        "tree_hash": {"forest_height": 6, "rounds": 9, "batch_size": 69},
        "saxpy_dot": {"n": 100},
        "ternary_tree": {"levels": 3, "steps": 5, "batch": 40},
    }[request.param]
    return compile_file(KERNELS / f"{request.param}.vk", params, Options(level=1))


def capacity(compilation: Compilation) -> list[int]:
    return [compilation.program.machine.slots[engine] for engine in ENGINES]


def test_slots_are_those_of_the_program(compilation: Compilation) -> None:
    table = slot_table(compilation)
    used = table.usage()
    assert table.cycles == compilation.cycles
    for cycle, bundle in enumerate(compilation.program.bundles):
        assert [len(bundle.get(engine, ())) for engine in ENGINES] == used[cycle].tolist()
    assert table.totals() == compilation.ops


def test_gap_adds_up(compilation: Compilation) -> None:
    slots, bounds = slot_table(compilation), bound_report(compilation)
    gap = attribute_gap(slots, capacity(compilation), bounds.dag)
    assert gap is not None
    idle = sum(phase.idle for phase in gap.phases)
    assert gap.work + gap.dearer + idle == pytest.approx(compilation.cycles)
    assert gap.dearer >= -1e-6, "no form is cheaper than the cheapest"
    assert all(phase.idle >= -1e-6 for phase in gap.phases)
    assert [phase.first for phase in gap.phases[1:]] == [phase.end for phase in gap.phases[:-1]]
    for engine, slots_per_cycle in zip(ENGINES, capacity(compilation), strict=True):
        free = sum(phase.idle_slots[engine] for phase in gap.phases)
        assert free == slots_per_cycle * compilation.cycles - compilation.ops[engine]


@pytest.mark.parametrize("count", [1, 3, 10_000])
def test_windows_average_to_the_utilization(compilation: Compilation, count: int) -> None:
    found = windows(slot_table(compilation), capacity(compilation), count)
    assert len(found) == min(count, compilation.cycles)
    for engine in ENGINES:
        total = sum(window.used[engine] * (window.end - window.first) for window in found)
        assert total / compilation.cycles == pytest.approx(compilation.utilization[engine])


def test_shares_cover_every_slot(compilation: Compilation) -> None:
    slots = slot_table(compilation)
    prices = dict.fromkeys(ENGINES, 0.5)
    for name_of in (owner, kind):
        found = shares(slots, prices, name_of)
        for engine in ENGINES:
            assert sum(share.slots[engine] for share in found) == compilation.ops[engine]
        for share in found:
            assert share.value == pytest.approx(sum(share.slots.values()) / 2)
        assert [s.value for s in found] == sorted((s.value for s in found), reverse=True)


def test_every_group_does_every_read(compilation: Compilation) -> None:
    program = compilation.function
    vlen = compilation.program.machine.vlen
    reads = read_assignments(compilation)
    assert reads
    for read in reads:
        assert sum(read.ways.values()) == -(-program.loops[read.loop].extent // vlen)
        assert 0 <= read.low <= read.high < program.arrays[read.array].length
        assert str(read).startswith(f"{read.array}[{read.low}")


def test_another_slot_never_raises_the_bound(compilation: Compilation) -> None:
    report = bound_report(compilation)
    for bound in with_one_more_slot(compilation.generated.problem).values():
        assert bound.cycles <= report.best.cycles


def test_one_more_slot_relieves_the_engine_that_binds() -> None:
    text = """
    kernel copy() {
      memory { x: u32[800] in at 0; y: u32[800] out at 800; }
      parallel for i in 0 .. 800 { y[i] = x[i]; }
    }
    """
    result = compile_text(text, "test", {}, Options(level=1))
    before = bound_report(result).best.cycles
    after = with_one_more_slot(result.generated.problem)
    assert after["load"].cycles < before
    assert after["valu"].cycles == before


def test_a_program_without_slots_is_explained() -> None:
    text = "kernel nothing() { memory { x: u32[8] in at 0; } }"
    explanation = explain(compile_text(text, "test", {}))
    assert explanation.gap is None
    assert explanation.windows == () and explanation.reads == ()
    assert explanation.to_json()["cycles"] == 0

"""The driver: what a compilation reports, that it is the same every time, and its errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from isa.errors import ProgramError
from isa.machine import MachineSpec
from isa.program import Bundle, Program
from isa.simulator import run
from vliwc import stages
from vliwc.backend.candidates import Generated
from vliwc.checking import check
from vliwc.diagnostics import KernelError
from vliwc.driver import Compilation, compile_file, compile_text
from vliwc.options import Options
from vliwc.passes.pipeline import passes_for
from vliwc.sched.check import ScheduleError

TEXT = """
kernel walk(n, rounds) {
  memory {
    tree: u32[15] in at 3;
    starts: u32[n] in scratch at 18;
    values: u32[n] inout at 18 + n;
  }
  parallel for i in 0 .. n {
    var node = 0;
    var x = values[i];
    for r in 0 .. rounds {
      x = (x ^ tree[node]) * 5 + 1;
      node = 2 * node + 1 + x % 2;
      node = if node >= 15 then 0 else node;
    }
    values[i] = x;
  }
}
"""
PARAMS = {"n": 40, "rounds": 6}


def compiled(level: int = 2, **options: object) -> Compilation:
    return compile_text(TEXT, "walk.vk", PARAMS, Options(level=level, **options))  # pyright: ignore


@pytest.fixture(scope="module")
def result() -> Compilation:
    return compiled()


def test_the_report_has_the_keys_of_the_contract(result: Compilation) -> None:
    report = json.loads(json.dumps(result.to_json()))
    assert report.keys() >= {
        *("cycles", "lower_bound", "gap", "bundles", "ops", "utilization", "scratch_words"),
        *("compile_seconds", "passes", "scheduler", "seed", "kernel", "params", "notes"),
    }
    assert report["params"] == PARAMS and report["kernel"] == "walk"
    assert report["scheduler"] == "list" and report["seed"] == 0
    for step in report["passes"]:
        assert step.keys() == {"name", "seconds"} and step["seconds"] >= 0
    assert {"lower", "schedule", "emit"} <= {step["name"] for step in report["passes"]}


def test_the_numbers_are_those_of_the_program(result: Compilation) -> None:
    bundles = result.program.bundles
    ran = run(result.program, list(range(18 + 2 * PARAMS["n"])))
    assert ran.cycles == result.cycles == result.bundles == len(bundles)
    assert result.gap == result.cycles / result.lower_bound - 1 >= 0
    for engine, count in result.ops.items():
        assert count == sum(len(bundle.get(engine, ())) for bundle in bundles)
        slots = result.program.machine.slots[engine]
        assert result.utilization[engine] == pytest.approx(count / slots / result.cycles)
        assert 0 <= result.utilization[engine] <= 1
    highest = max(
        (
            word
            for bundle in bundles
            for slots in bundle.values()
            for slot in slots
            for word in slot[1:2]
            if isinstance(word, int)
        ),
        default=0,
    )
    assert 0 < result.scratch_words <= 1536 and highest < 1536


@pytest.mark.parametrize("level", [0, 1, 2])
def test_passes_of_a_level(level: int) -> None:
    """-O0 translates straight; the passes stand in the report in the order of the pipeline."""
    names = [name for name, _ in compiled(level).passes]
    expected = [step.name for step in passes_for(level)]
    assert [name for name in names if name in expected] == expected
    assert bool(expected) is (level > 0)


def test_higher_levels_are_not_slower() -> None:
    cycles = [compiled(level).cycles for level in (0, 1, 2)]
    assert cycles[0] >= cycles[1] >= cycles[2]


def test_stages_are_kept_on_demand(result: Compilation) -> None:
    assert result.stages == []
    kept = compile_text(TEXT, "walk.vk", PARAMS, Options(level=1), keep_stages=True)
    assert [name for name, _ in kept.stages] == [
        "lower",
        *(step.name for step in passes_for(1)),
    ]


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_wrong_schedule_becomes_no_program(monkeypatch: pytest.MonkeyPatch, level: int) -> None:
    """Whatever a scheduler says, an independent checker has looked at it."""
    right = stages.rescheduled

    def wrong(*arguments: Any) -> Generated:
        generated = right(*arguments)
        early = np.zeros_like(generated.schedule.lane_cycle)
        return replace(generated, schedule=replace(generated.schedule, lane_cycle=early))

    monkeypatch.setattr(stages, "rescheduled", wrong)
    with pytest.raises(ScheduleError, match="broken rules"):
        compiled(level)


@pytest.mark.parametrize(
    ("bundles", "message"),
    [
        (({"alu": [("+", 1536, 0, 0)]},), "scratch word 1536"),
        (({"load": [("const", 1, 32)]}, {"alu": [("<<", 2, 0, 1)]}), "<< shifts by 32"),
        (({"store": [("store", 1, 2), ("store", 3, 4)]},), "writes memory word 0"),
    ],
)
def test_a_wrong_program_is_not_given_out(
    monkeypatch: pytest.MonkeyPatch, bundles: tuple[Bundle, ...], message: str
) -> None:
    """Rules of the machine, and what its description says never to emit."""
    monkeypatch.setattr(stages, "emit_parts", lambda *parts: (Program(bundles), (len(bundles),)))
    with pytest.raises(ProgramError, match=message):
        compiled(0)


def test_progress_is_told() -> None:
    told: list[tuple[str, float | None]] = []
    compile_text(TEXT, "walk.vk", PARAMS, Options(), lambda *stage: told.append(stage))
    assert told[0] == ("front-end", None)
    assert "schedule" in [stage for stage, _ in told]
    assert all(part is None or 0 <= part <= 1 for _, part in told)


def test_a_file(kernels: Path) -> None:
    result = compile_file(kernels / "saxpy_dot.vk", {"n": 9}, Options(level=1))
    assert result.function.name == "saxpy_dot"


def test_nothing_to_do() -> None:
    text = (
        "kernel empty(n) { memory { o: u32[n] out at 0; } parallel for i in 0 .. n { o[i] = i; } }"
    )
    for level in (0, 1, 2):
        result = compile_text(text, "empty.vk", {"n": 0}, Options(level=level))
        assert (result.cycles, result.bundles, result.gap) == (0, 0, 0.0)
        assert set(result.utilization.values()) == {0.0}


def test_unproved_bounds_are_noted() -> None:
    text = """
kernel k(n) {
  memory { a: u32[n] in at 0; o: u32[n] out at n; }
  parallel for i in 0 .. n { o[i] = a[a[i]]; }
}
"""
    (note,) = compile_text(text, "k.vk", {"n": 8}, Options(level=1)).notes
    assert note.startswith("cannot prove that a[...] stays inside the array") and "k.vk" in note


def test_too_little_scratch_is_an_error_with_a_code() -> None:
    machine = MachineSpec(scratch_words=8)
    with pytest.raises(KernelError) as caught:
        compile_text(TEXT, "walk.vk", PARAMS, Options(machine=machine))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "E0901" and "8 words of scratch" in diagnostic.message


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_table_read_upwards_and_downwards_takes_its_own_words_of_scratch(level: int) -> None:
    text = """
kernel k(n) {
  memory { t: u32[n] in at 0; y: u32[1] out at n; }
  var s = 1;
  for r in 0 .. n { s = (s + t[r]) * 3; }
  for r in 0 .. n { s = (s ^ t[n - 1 - r]) * 5; }
  y[0] = s;
}
"""
    machine = MachineSpec(scratch_words=160)
    result = compile_text(text, "k.vk", {"n": 100}, Options(level=level, machine=machine))
    assert result.scratch_words <= 160 and not result.notes
    assert check(result, 2).correct


def test_little_scratch_is_noted_and_not_an_error() -> None:
    """The same kernel with fewer groups in flight fits, and the compiler finds that itself."""
    machine = MachineSpec(scratch_words=240)
    for level in (1, 2):
        result = compile_text(TEXT, "walk.vk", PARAMS, Options(level=level, machine=machine))
        assert result.scratch_words <= 240
        memory = [7 * k % 1013 for k in range(18 + 2 * PARAMS["n"])]
        assert (
            run(result.program, memory).memory[-40:] == run(compiled().program, memory).memory[-40:]
        )


SCRIPT = """
import sys
from pathlib import Path
from vliwc.driver import compile_text
from vliwc.options import Options
from tests.strategies.walks import random_walk
from tests.unit.test_driver import PARAMS, TEXT
walk = random_walk(12)
small = [(TEXT, {"n": 11, "rounds": 2})]
large = [(TEXT, PARAMS), (walk.text, walk.params)]
for text, params in small if sys.argv[1] == "small" else large:
    for level in (0, 1, 2):
        result = compile_text(text, "walk.vk", params, Options(level=level))
        schedule = result.generated.schedule
        print(result.program.to_json_text())
        print(schedule.engine.tolist(), schedule.lane_cycle.tolist(), schedule.address.tolist())
        print(result.lower_bound, result.bound_reason, result.scratch_words, result.notes)
"""


def output(repository: Path, sizes: str, **environment: str) -> str:
    """What the script prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, sizes],
        cwd=repository,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stdout) > 1000
    return done.stdout


def test_compilations_are_reproducible(repository: Path) -> None:
    """Byte for byte, whatever the hash seed of Python."""
    first = output(repository, "large", PYTHONHASHSEED="1")
    assert output(repository, "large", PYTHONHASHSEED="77") == first


def test_hot_loops_do_the_same_without_numba(repository: Path) -> None:
    assert output(repository, "small", VLIWC_NO_JIT="1") == output(repository, "small")


def test_the_seed_changes_the_search_and_not_the_answer() -> None:
    programs = [compiled(seed=seed).program for seed in range(3)]
    memory = [7 * k % 1013 for k in range(18 + 2 * PARAMS["n"])]
    finals = [run(program, memory).memory[-40:] for program in programs]
    assert finals[0] == finals[1] == finals[2]


@pytest.mark.parametrize(
    ("kernel", "params"),
    [
        ("saxpy_dot", {"n": 16}),
        ("binary_search", {"n": 7, "batch": 8}),
        ("tree_hash", {"forest_height": 3, "rounds": 2, "batch_size": 16}),
    ],
)
def test_no_cycle_of_a_schedule_is_empty(
    kernels: Path, kernel: str, params: dict[str, int]
) -> None:
    """So that what is proved of schedules holds for programs, however exact the proof."""
    for scheduler in ("list", "cpsat"):
        found = compile_file(kernels / f"{kernel}.vk", params, Options(scheduler=scheduler))
        assert found.generated.schedule.cycles == found.bundles
        assert found.lower_bound <= found.cycles


def test_an_assignment_that_meets_its_own_bound_does_not_hide_a_better_one(kernels: Path) -> None:
    """Gathers alone take 18 cycles, proved; with the table in scratch it is 13."""
    found = compile_file(kernels / "binary_search.vk", {"n": 7, "batch": 8}, Options())
    assert found.cycles <= 13

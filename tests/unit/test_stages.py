"""The list of stages: names, times, what each of them shows, and that the ends meet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from isa.assembly import parse_assembly
from vliwc.clock import Clock
from vliwc.driver import compile_file
from vliwc.ir.text import parse_function, print_function
from vliwc.lang import load_kernel
from vliwc.mir.scheduling_problem import problem_of
from vliwc.mir.text import parse_dag
from vliwc.options import Options
from vliwc.passes.pipeline import passes_for
from vliwc.sched.problem.json import problem_from_json, problem_to_json
from vliwc.sched.problem.schedule_json import schedule_from_json
from vliwc.stages import Unit, stages

SIZES = {"n": 15, "batch": 24}


@pytest.fixture(scope="module")
def shown(kernels: Path) -> dict[str, str]:
    """What the stages of a kernel show at -O2, the last run of each."""
    options = Options(verify=True)
    unit = Unit(lambda: load_kernel(kernels / "binary_search.vk", SIZES), options, Clock())
    found: dict[str, str] = {}
    for stage in stages(options):
        stage.run(unit)
        found |= {each.name: each.show(unit) for each in (*stage.parts, stage)}
    return found


def test_every_stage_shows_a_text(shown: dict[str, str]) -> None:
    assert all(text.endswith("\n") for text in shown.values())
    assert shown["lower"] != shown["hoist"]
    assert "n = 15" in shown["front-end"] and "kernel binary_search" in shown["front-end"]
    assert "strategy 0" in shown["balance"] and "gather" in shown["balance"]


def test_facts_are_comments_of_the_function(shown: dict[str, str]) -> None:
    assert print_function(parse_function(shown["analyse"])) == shown["hoist"]
    assert "# 0 .. 23, zeros" in shown["analyse"]


def test_the_back_end_can_be_entered_at_every_form(shown: dict[str, str], kernels: Path) -> None:
    dag = parse_dag(shown["derive-constants"])
    problem = json.loads(shown["problem"])
    assert problem_to_json(problem_of(dag)) == problem
    schedule = schedule_from_json(json.loads(shown["schedule"]))
    assert len(schedule.engine) == len(problem_from_json(problem))
    compiled = compile_file(kernels / "binary_search.vk", SIZES)
    assert parse_assembly(shown["emit"]).bundles == compiled.program.bundles
    assert shown["validate"] == shown["emit"] and shown["check"] == shown["apply-scheduler"]


def test_deriving_constants_is_shown_by_its_difference(shown: dict[str, str]) -> None:
    before, after = parse_dag(shown["instantiate"]), parse_dag(shown["derive-constants"])
    assert before.constants.keys() <= after.constants.keys()
    assert shown["instantiate"] != shown["derive-constants"]


@pytest.mark.parametrize("level", [0, 1, 2])
def test_times_are_those_of_the_list(kernels: Path, level: int) -> None:
    """Each stage once, parts before the stage they belong to; no pass at -O0."""
    options = Options(level=level)
    result = compile_file(kernels / "saxpy_dot.vk", {"n": 13}, options)
    expected = [each.name for stage in stages(options) for each in (*stage.parts, stage)]
    assert [name for name, _ in result.passes] == expected
    assert [s.name for s in stages(options) if s.lane_ir] == [
        "lower",
        *(each.name for each in passes_for(level)),
    ]
    assert sum(seconds for _, seconds in result.passes) <= result.compile_seconds


def test_parts_count_for_themselves() -> None:
    told: list[tuple[str, float | None]] = []
    clock = Clock(lambda stage, part: told.append((stage, part)))
    with clock.stage("outer"):
        for _ in range(3):
            with clock.part("inner"):
                sum(range(100_000))
    with clock.part("nowhere"):
        pass
    (inner, seconds), (outer, own) = clock.times
    assert (inner, outer) == ("inner", "outer") and seconds > own >= 0
    assert told == [("outer", None)]

"""What stands between a program and the kernel bound is named, with its lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from vliwc.driver import Compilation, compile_file
from vliwc.explain.report import explain
from vliwc.explain.standing import Obstacle, in_ranges
from vliwc.options import Options

KERNELS = Path(__file__).resolve().parents[3] / "kernels"


def of(result: Compilation) -> list[Obstacle]:
    return list(explain(result).obstacles)


def line_of(name: str, text: str) -> int:
    lines = (KERNELS / f"{name}.vk").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_moved_words_are_named_with_the_array_and_the_line() -> None:
    result = compile_file(KERNELS / "transpose.vk", {"rows": 16, "columns": 16})
    first = of(result)[0]
    assert "`turned`" in first.what and "side by side" in first.what
    assert first.lines == (line_of("transpose", "turned["),)
    assert first.slots["alu"] == 256 and first.slots["load"] == 0
    assert first.cycles > 0 and "last index" in first.hint
    assert str(first).startswith("`turned`") and "256 alu slots" in str(first)


def test_words_apart_are_told_from_other_arithmetic() -> None:
    result = compile_file(KERNELS / "ternary_tree.vk", {"levels": 4, "steps": 12, "batch": 256})
    apart = [each for each in of(result) if each.what.startswith("arithmetic on words that do not")]
    assert len(apart) == 1
    assert {engine for engine, count in apart[0].slots.items() if count} == {"alu"}


@pytest.mark.parametrize("name", ["lcg", "saxpy_dot", "transpose", "sort8"])
def test_obstacles_are_parts_of_the_program(name: str) -> None:
    sizes = {
        "lcg": {"lanes": 16, "steps": 20},
        "saxpy_dot": {"n": 64},
        "transpose": {"rows": 8, "columns": 12},
        "sort8": {"batch": 16},
    }
    result = compile_file(KERNELS / f"{name}.vk", sizes[name])
    explanation = explain(result)
    assert explanation.gap is not None
    worth = [
        sum(explanation.gap.prices[engine] * count for engine, count in each.slots.items())
        for each in explanation.obstacles
    ]
    for each, value in zip(explanation.obstacles, worth, strict=True):
        assert 0.01 * result.cycles <= each.cycles <= value + 1e-9
        lines = result.kernel.source.text.count("\n") + 1
        assert all(1 <= number <= lines for number in each.lines)
    costs = [each.cycles for each in explanation.obstacles]
    assert costs == sorted(costs, reverse=True)
    for engine, used in result.ops.items():
        assert sum(each.slots[engine] for each in explanation.obstacles) <= used
    assert explanation.to_json()["obstacles"] == [each.to_json() for each in explanation.obstacles]


def test_nothing_is_claimed_where_the_bound_is_of_another_function() -> None:
    result = compile_file(KERNELS / "sort8.vk", {"batch": 16}, Options(level=0))
    assert of(result) == []


def test_lines_are_shown_as_ranges() -> None:
    assert in_ranges([]) == ""
    assert in_ranges([4]) == "4"
    assert in_ranges([1, 2, 3, 7, 9, 10]) == "1..3, 7, 9..10"

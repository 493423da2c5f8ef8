"""Guards: the answers where assumptions hold and where they do not, and what the test costs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from isa.machine import MachineSpec
from isa.simulator import run
from isa.takehome import memory_image, reference_kernel
from vliwc import guard
from vliwc.checking import our_simulator, run_cases
from vliwc.diagnostics import KernelError
from vliwc.driver import compile_file, compile_text
from vliwc.options import Options

TEXT = """
kernel g(n) {
  memory { x: u32[n] in at 0; y: u32[n] inout at n; o: u32[1] out at 2 * n; }
  parallel for i in 0 .. n reduce or seen {
    assume y[i] < 100 && x[i] != 5;
    y[i] = (if x[i] != 5 then y[i] else 7) + min(y[i], 200);
    reduce y[i] into seen;
  }
  o[0] = seen;
}
"""


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("n", [1, 8, 21])
def test_answers_with_and_without_the_assumptions(level: int, n: int) -> None:
    result = compile_text(TEXT, "g.vk", {"n": n}, Options(level=level, guard=True))
    assert result.guarded is not None and result.guarded.cost < result.cycles
    outcome = run_cases(result, range(8), our_simulator(result))
    assert outcome.correct, str(outcome)


def test_walks_that_begin_anywhere(kernels: Path) -> None:
    sizes = {"forest_height": 4, "rounds": 5, "batch_size": 21}
    result = compile_file(kernels / "tree_hash.vk", sizes, Options(level=1, guard=True))
    assert result.guarded is not None
    for broken in (None, 0, 20):
        image = memory_image(4, 5, 21, seed=1)
        if broken is not None:
            image[7 + 31 + broken] = 17
        ran = run(result.program, image)
        assert ran.memory[-21:] == reference_kernel(image)[-21:]
        assert ran.cycles == (result.cycles if broken is None else result.guarded.otherwise)


def test_an_assumption_about_what_the_kernel_has_written() -> None:
    text = TEXT.replace("    reduce y", "    assume y[i] > 3;\n    reduce y")
    with pytest.raises(KernelError, match="that the kernel writes"):
        compile_text(text, "g.vk", {"n": 8}, Options(level=1, guard=True))


def test_no_more_groups_than_are_tested_by_code_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guard, "TUNING", replace(guard.TUNING, groups=2))
    options = Options(level=1, guard=True)
    assert compile_text(TEXT, "g.vk", {"n": 16}, options).guarded is not None
    with pytest.raises(KernelError, match="a guard for 3 groups of lanes, more than 2") as caught:
        compile_text(TEXT, "g.vk", {"n": 17}, options)
    (error,) = caught.value.diagnostics
    assert error.code == "E0518" and error.span is not None and error.hint


@pytest.mark.parametrize("level", [0, 1, 2])
def test_little_scratch(level: int) -> None:
    """The test is made with as little as the kernel, or refused as what does not fit."""
    fits: list[bool] = []
    for words in (40, 56, 64, 80):
        machine = MachineSpec("small", MachineSpec().slots, 8, words)
        options = Options(level=level, guard=True, machine=machine)
        try:
            result = compile_text(TEXT, "g.vk", {"n": 160}, options)
        except KernelError as error:
            assert "the test of what is assumed" in str(error)
            assert error.diagnostics[0].code == "E0901" and error.diagnostics[0].span is not None
            fits.append(False)
            continue
        outcome = run_cases(result, range(4), our_simulator(result))
        assert outcome.correct, str(outcome)
        fits.append(True)
    assert fits == [False, True, True, True]


def test_nothing_to_guard(kernels: Path) -> None:
    result = compile_file(kernels / "lcg.vk", {"lanes": 8, "steps": 2}, Options(guard=True))
    assert result.guarded is None
    assert any("nothing to guard" in note for note in result.notes)

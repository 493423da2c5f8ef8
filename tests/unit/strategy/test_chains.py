"""Chains through several loops: what is counted, and that no program is faster."""

from __future__ import annotations

from dataclasses import replace

import pytest

from isa.machine import DEFAULT_MACHINE
from vliwc.analysis.facts import Facts
from vliwc.analysis.known_addresses import known_addresses
from vliwc.driver import compile_text
from vliwc.isel.instantiate import instantiate
from vliwc.isel.program import LaneProgram
from vliwc.lang import bind, parse_kernel
from vliwc.lang.lower import lower
from vliwc.options import Options
from vliwc.passes.base import run_passes
from vliwc.passes.pipeline import PIPELINE
from vliwc.strategy import chains as chains_module
from vliwc.strategy.bound import proved_kernel_bound
from vliwc.strategy.chains import chain_over_loops
from vliwc.strategy.choose import gather_only
from vliwc.strategy.tuning import TUNING
from vliwc.strategy.unavoidable import unavoidable_work

REVERSED = """
kernel reversed(n, steps) {
  memory { x: u32[n] inout at 0; }
  for s in 0 .. steps {
    parallel for i in 0 .. n {
      x[i] = (x[n - 1 - i] ^ 77) * (s + 3);
    }
  }
}
"""
"""Each lane waits for another one: two operations a step, between a load and a store."""
HALVES = """
kernel halves(n) {
  memory { x: u32[n] in at 0; y: u32[n] inout at n; z: u32[n] out at 2 * n; }
  parallel for i in 0 .. n {
    y[i] = if i < n / 2 then ((x[i] ^ 5) * 7 ^ 9) * 11 else x[i];
  }
  parallel for i in 0 .. n { z[i] = y[n / 2 + i / 2]; }
}
"""
"""The lanes with the long chain are not those that are read."""


def program_of(text: str, **params: int) -> LaneProgram:
    function = run_passes(lower(bind(parse_kernel(text, "k.vk"), params)), PIPELINE)
    return LaneProgram.of(function, Facts(function), DEFAULT_MACHINE)


def chain(program: LaneProgram, block: int = 1) -> int:
    instance = instantiate(program, gather_only(program, block))
    return chain_over_loops(program, instance, known_addresses(program.function))


@pytest.mark.parametrize("steps", [2, 3, 5])
def test_a_chain_goes_through_all_loops(steps: int) -> None:
    program = program_of(REVERSED, n=16, steps=steps)
    assert chain(program) == 2 * steps + 2
    assert unavoidable_work(program, 1).latency == 2 * steps + 2
    assert proved_kernel_bound(program) >= 2 * steps + 2


@pytest.mark.parametrize("block", [0, 1])
@pytest.mark.parametrize("n", [8, 16, 32])
def test_lanes_wait_for_their_own_words_only(n: int, block: int) -> None:
    # The long chain: load, four operations, store. Two more would follow it, were lanes mixed up.
    assert chain(program_of(HALVES, n=n), block) == 6


def test_one_loop_and_large_programs_are_left_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chain(program_of(REVERSED, n=16, steps=1)) == 0
    program = program_of(REVERSED, n=16, steps=3)
    assert chain(program) == 8
    monkeypatch.setattr(chains_module, "TUNING", replace(TUNING, chain_operations=3))
    assert chain(program) == 0


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize(
    "text", [REVERSED.replace("steps", "4"), HALVES], ids=["reversed", "halves"]
)
def test_no_program_beats_the_chain(text: str, level: int) -> None:
    text = text.replace("(n, 4)", "(n)")
    for n in (8, 16, 24):
        result = compile_text(text, "k.vk", {"n": n}, Options(level=level))
        assert result.cycles >= result.kernel_bound

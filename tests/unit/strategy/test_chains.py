"""Chains through several loops: what is counted, and that no program is faster."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from isa.machine import DEFAULT_MACHINE
from tests.unit.isel.helpers import program_in_memory
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


def operations(word: str, count: int) -> str:
    """So many operations on ``word``, none of which joins another one."""
    for k in range(count):
        word = f"({word} {'*^'[k % 2]} {2 * k + 5})"
    return word


SLOW = operations("(x[i] * x[i])", 7)
"""With its load nine cycles."""
ARRAYS = (
    "x: u32[n] in at 0; w: u32[n] inout at n; y: u32[n] inout at 2 * n; z: u32[n] out at 3 * n;"
)
SLOW_HALF = f"""
kernel slow_half(n) {{
  memory {{ {ARRAYS} }}
  parallel for i in 0 .. n / 2 {{ w[i] = {SLOW}; }}
  parallel for i in 0 .. n {{ y[i] = w[i] OP; }}
  parallel for i in 0 .. n / 2 {{ z[i] = {operations("y[i + n / 2]", 8)}; }}
}}
"""
"""Of the words that one operation makes, those of the first half come late, the others go on."""
SET_BETWEEN = f"""
kernel set_between(n) {{
  memory {{ {ARRAYS} }}
  parallel for i in 0 .. n {{ y[i] = {SLOW}; }}
  parallel for i in 0 .. n {{ w[i] = y[i] ^ 3; }}
  for i in 0 .. n {{ y[i] = x[n - 1 - i]; }}
  parallel for i in 0 .. n {{ z[i] = {operations("y[i]", 8)}; }}
}}
"""
"""Two long chains that have an array in common."""
SWAPPED = f"""
kernel swapped(n) {{
  memory {{ y: u32[n] inout at 0; }}
  parallel for i in 0 .. n {{ y[i] = {operations("(y[n - 1 - i] * y[i])", 7)}; }}
  parallel for i in 0 .. n {{ y[i] = {operations("(y[n - 1 - i] * y[i])", 7)}; }}
}}
"""
FIRST_WORD = f"""
kernel first_word(n) {{
  memory {{ x: u32[n] in at 0; y: u32[n] inout at n; z: u32[n] out at 2 * n; }}
  parallel for i in 0 .. n {{ y[i] = {SLOW}; }}
  parallel for i in 0 .. n {{ z[i] = y[0] * (x[i] ^ 3); }}
}}
"""
KERNELS = {
    "reversed": REVERSED.replace("(n, steps)", "(n)").replace("steps", "4"),
    "halves": HALVES,
    "slow_half": SLOW_HALF.replace("OP", "^ 3"),
    "slow_half_vector": SLOW_HALF.replace("OP", "* 3 + 1"),
    "set_between": SET_BETWEEN,
    "swapped": SWAPPED,
    "first_word": FIRST_WORD,
}


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


@pytest.mark.parametrize("block", [0, 1])
def test_lanes_of_a_vector_wait_for_each_other(block: int) -> None:
    """A product and sum is done for all lanes at once, what alu can do lane by lane is not."""
    late, soon = 9 + 1 + 1, 1 + 1 + 8 + 1  # up to the stores to `y` and `z`
    for n in (8, 24):  # a group of both halves
        assert chain(program_of(KERNELS["slow_half"], n=n), block) == max(late, soon)
        assert chain(program_of(KERNELS["slow_half_vector"], n=n), block) == 9 + 1 + 8 + 1
        in_memory = program_in_memory(KERNELS["slow_half"], n=n)  # where both forms are possible
        assert chain(in_memory, block) == max(late + 2, soon + 2)
    assert chain(program_of(KERNELS["slow_half_vector"], n=16), block) == max(late, soon)


@pytest.mark.parametrize("n", [8, 16, 24])
def test_words_that_are_set_between_loops(n: int) -> None:
    """One by one, or in a loop: its number says that it comes before the last one."""
    slow = 9 + 1 + (1 + 1 + 1)  # through `y` to the store to `w`
    assert chain(program_of(SET_BETWEEN, n=n)) == 9 + 1 + 1
    assert chain(program_in_memory(SET_BETWEEN, n=n)) == (slow if n >= 16 else 10)


@pytest.mark.parametrize("n", [8, 16, 24])
def test_groups_read_what_was_there_before_their_loop(n: int) -> None:
    assert chain(program_in_memory(SWAPPED, n=n)) == 2 * (1 + 8 + 1)


@pytest.mark.parametrize("n", [8, 16])
def test_a_word_of_another_group_is_copied_to_all_lanes(n: int) -> None:
    assert chain(program_of(FIRST_WORD, n=n)) == 9 + 1 + 1


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("name", KERNELS)
def test_no_program_beats_the_chain(name: str, level: int) -> None:
    for n, without in product((8, 16, 24), ((), ("forward-words",) * (level > 0))):
        options = Options(level=level, without=without)
        result = compile_text(KERNELS[name], "k.vk", {"n": n}, options)
        assert result.cycles >= result.kernel_bound

"""Rows of neighbouring words that start at an address known when the program runs."""

from __future__ import annotations

import random

import pytest

from isa.simulator import run
from vliwc.driver import compile_text
from vliwc.lang.interpret import interpret
from vliwc.options import Options

TEXT = """
kernel offsets(n) {
  memory {
    o:  u32[2]     in    at 0;
    x:  u32[2 * n] in    at 2;
    y:  u32[2 * n] inout at 2 + 2 * n;
  }
  let first = o[0];
  let second = o[1];
  parallel for i in 0 .. n {
    let v = x[first + i];
    y[i + second - 1] = 3 * v + (if v % 3 == 0 then y[second + i - 1] else i);
  }
}
"""


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("n", [1, 7, 8, 9, 21])
def test_answers_for_all_offsets(n: int, level: int) -> None:
    result = compile_text(TEXT, "offsets.vk", {"n": n}, Options(level=level))
    rng = random.Random(n)
    for first, second in ((0, 1), (n, n + 1), (n // 2, 2)):
        words = [first, second, *(rng.getrandbits(32) for _ in range(4 * n))]
        assert list(run(result.program, words).memory) == interpret(result.kernel, words)


def test_full_groups_load_and_store_vectors() -> None:
    result = compile_text(TEXT, "offsets.vk", {"n": 64}, Options(level=1))
    loads = [slot[0] for bundle in result.program.bundles for slot in bundle.get("load", ())]
    stores = [slot[0] for bundle in result.program.bundles for slot in bundle.get("store", ())]
    assert loads.count("vload") == 8  # of x; y is read where a condition holds only
    assert stores == ["vstore"] * 8


def test_trips_of_a_machine_loop_go_on_from_the_offset() -> None:
    result = compile_text(TEXT, "offsets.vk", {"n": 1003}, Options(level=1, max_bundles=60))
    assert len(result.parts) > 1
    words = [5, 700, *(k * k for k in range(4012))]
    assert list(run(result.program, words).memory) == interpret(result.kernel, words)

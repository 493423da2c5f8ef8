"""A level is never worse than the one below it: in cycles, and in what it can compile at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from isa.machine import MachineSpec
from isa.simulator import run
from tests.strategies.kernels import GeneratedKernel, kernels
from vliwc import stages
from vliwc.diagnostics import KernelError
from vliwc.driver import compile_text
from vliwc.lang.interpret import interpret, output_words, random_memory
from vliwc.options import Options

BACK_AND_FORTH = """
kernel back_and_forth(m) {
  memory { t: u32[m] in at 0; y: u32[1] out at m; }
  var s = 1;
  for r in 0 .. m { s = (s + t[r]) * 3; }
  for r in 0 .. m { s = (s ^ t[m - 1 - r]) * 5; }
  y[0] = s;
}
"""

AS_WRITTEN = "the operations as they are written, at -O0, gave the better program"

SEVERAL_LOOPS = """
kernel several_loops(n, k) {
  memory { x: u32[n] in at 1; r: u32[k * 4 + 1] out at 1 + n; }
  var acc = 0;
  for j in 0 .. k {
    parallel for i in j .. n - j reduce sum a, min b, max c, xor d {
      for q in 0 .. j { reduce x[i] + q into a; reduce rotl(x[i], q) into b; }
      reduce (if x[i] % 3 == 0 then x[i] else 0) into c;
      reduce x[i] - acc into d;
    }
    acc = acc + a + b + c + d;
    r[4 * j] = a; r[4 * j + 1] = b; r[4 * j + 2] = c; r[4 * j + 3] = d;
  }
  r[4 * k] = acc;
}
"""
"""What assignments count of these loops is more than they take."""


DIVISIONS = """
kernel divisions(n) {
  memory { x: u32[n] in at 0; y: u32[10 * n] out at n; }
  parallel for i in 0 .. n {
    let v = x[i];
    y[i] = (-v) % 8;
    y[n + i] = (0 - 1) % 2 ** 32 % 7 + v;
    y[2 * n + i] = (v - 1) % 16;
    y[3 * n + i] = (-7 % 4) + v;
    y[4 * n + i] = (-(v % 8)) % 8;
    y[5 * n + i] = -v / 4;
    y[6 * n + i] = (-9 / 4 % 2 ** 32) ^ v;
    y[7 * n + i] = -(v / 4);
    y[8 * n + i] = (v * 8 - 4) % 8;
    y[9 * n + i] = (-v & 7) + (v & 7);
  }
}
"""


@pytest.mark.parametrize(("n", "k"), [(17, 2), (17, 3), (24, 4)])
def test_loops_whose_cycles_are_counted_too_high(n: int, k: int) -> None:
    cycles = [
        compile_text(SEVERAL_LOOPS, "loops.vk", {"n": n, "k": k}, Options(level=level)).cycles
        for level in (1, 2)
    ]
    assert cycles[1] <= cycles[0]


@pytest.mark.parametrize(
    ("text", "params"), [(SEVERAL_LOOPS, {"n": 17, "k": 3}), (DIVISIONS, {"n": 13})]
)
def test_what_is_shorter_as_it_is_written(text: str, params: dict[str, int]) -> None:
    """Passes gave programs of 74 cycles instead of 71, and of 36 instead of 35."""
    found = [compile_text(text, "short.vk", params, Options(level=level)) for level in (0, 1, 2)]
    assert found[2].cycles <= found[1].cycles <= found[0].cycles
    assert AS_WRITTEN in found[1].notes and AS_WRITTEN not in found[0].notes
    assert found[1].program.bundles == found[0].program.bundles
    for result in found:
        assert result.kernel_bound <= found[2].cycles
        memory = random_memory(result.kernel, 1)
        ran, expected = run(result.program, memory).memory, interpret(result.kernel, memory)
        for words in output_words(result.kernel):
            assert ran[words.start : words.stop] == expected[words.start : words.stop]


def test_only_short_programs_of_few_values_are_tried_as_they_are_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes = {"n": 17, "k": 3}
    for name in ("SHORT", "FEW"):
        with monkeypatch.context() as patch:
            patch.setattr(stages, name, 70)
            result = compile_text(SEVERAL_LOOPS, "short.vk", sizes, Options(level=1))
            assert AS_WRITTEN not in result.notes and result.cycles > 70


@given(generated=kernels())
@settings(max_examples=15)
def test_higher_levels_take_no_more_cycles(generated: GeneratedKernel) -> None:
    try:
        cycles = [
            compile_text(
                generated.text,
                "random.vk",
                generated.params,
                Options(level=level, budget=40 if level == 3 else None),
            ).cycles
            for level in (1, 2, 3, 0)
        ]
    except KernelError:
        return  # does not fit at -O1: the next test is about that
    assert cycles[2] <= cycles[1] <= cycles[0]
    assert cycles[0] <= max(cycles[3], stages.SHORT)


def test_what_fits_at_a_lower_level_compiles_at_all_above() -> None:
    below = compile_text(BACK_AND_FORTH, "back.vk", {"m": 195}, Options(level=1))
    result = compile_text(BACK_AND_FORTH, "back.vk", {"m": 195}, Options(level=2))
    assert result.cycles <= below.cycles
    memory = random_memory(result.kernel, 1)
    found, expected = run(result.program, memory).memory, interpret(result.kernel, memory)
    for words in output_words(result.kernel):
        assert found[words.start : words.stop] == expected[words.start : words.stop]


def test_what_does_not_fit_at_once_is_loaded_again() -> None:
    """No more of the table than scratch has words; each word is used twice, far apart."""
    result = compile_text(BACK_AND_FORTH, "back.vk", {"m": 1600}, Options(level=2))
    assert result.notes[0].startswith("what operations share does not fit into scratch")
    memory = random_memory(result.kernel, 1)
    found, expected = run(result.program, memory).memory, interpret(result.kernel, memory)
    for words in output_words(result.kernel):
        assert found[words.start : words.stop] == expected[words.start : words.stop]


def test_what_fits_nowhere_is_an_error() -> None:
    """What is computed cannot be loaded again."""
    values = "".join(f"let v{k} = (t[{k}] ^ {k}) * y[0];" for k in range(9))
    total = " + ".join(f"v{k} * v{8 - k}" for k in range(9))
    arrays = "t: u32[9] in at 0; y: u32[1] inout at 9;"
    text = f"kernel k() {{ memory {{ {arrays} }} {values} y[0] = {total}; }}"
    with pytest.raises(KernelError, match="E0901"):
        compile_text(text, "k.vk", {}, Options(machine=MachineSpec(scratch_words=8)))

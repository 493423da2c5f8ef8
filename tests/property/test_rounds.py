"""Long sequential loops: rounds that are repeated give the words of rounds that are unrolled."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isa.simulator import run
from tests.property.test_whole_way import Case
from tests.strategies.kernel_parts import GeneratedKernel
from vliwc.backend import rounds
from vliwc.backend.rounds import RoundTuning
from vliwc.diagnostics import KernelError
from vliwc.driver import compile_text
from vliwc.options import Options

STEPS = (
    "x = x * {c} + {d};",
    "x = (x ^ t[x % 32]) * {c};",
    "x = x ^ t[p]; p = 2 * p + 1 + x % 2; p = if p >= 7 then 0 else p;",
    "x = x + t[p]; p = if p >= {k} then 0 else p + 1;",
    "let old = x; x = y ^ (x >> {k}); y = old + {d};",
    "y = y * {c} + i; x = x ^ y;",
    "x = x + q; q = if q == {k} then 2 else q + 1;",
    "x = x + u[i];",
)
WITHOUT = ("x = x + r;", "q = q + 1; x = x ^ q;", "x = x + a[i];")
"""What keeps rounds from being repeated."""


@st.composite
def iterated(draw: st.DrawFn) -> GeneratedKernel:
    """A kernel whose lanes repeat one to three steps."""
    steps: list[str] = [*draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=3))]
    if draw(st.integers(0, 7)) == 0:
        steps.append(draw(st.sampled_from(WITHOUT)))
    numbers = {"c": draw(st.integers(1, 2**32 - 1)), "d": draw(st.integers(0, 2**32 - 1))}
    steps = [step.replace("old", f"old{n}") for n, step in enumerate(steps)]
    body = "\n      ".join(steps).format(k=draw(st.integers(2, 6)), **numbers)
    start = draw(st.sampled_from(("0", "spare[i]")))
    text = f"""
kernel iterated(n, rounds) {{
  memory {{
    t: u32[32] in at 0;
    a: u32[n] inout at 32;
    b: u32[n] inout at 32 + n;
    u: u32[n] in at 32 + 2 * n;
    spare: u32[n] in scratch at 32 + 3 * n;
  }}
  parallel for i in 0 .. n {{
    assume spare[i] == 0;
    var x = a[i];
    var y = b[i];
    var p = {start};
    var q = 2;
    for r in 0 .. rounds {{
      {body}
    }}
    a[i] = x;
    b[i] = y;
  }}
}}
"""
    sizes = {"n": draw(st.integers(1, 40)), "rounds": draw(st.integers(2, 90))}
    return GeneratedKernel(text, sizes, draw(st.integers(0, 99)))


@settings(max_examples=6)
@pytest.mark.parametrize("level", (0, 1, 2))
@given(generated=iterated(), trip=st.sampled_from((1, 100, 2000)))
def test_repeated_rounds(level: int, generated: GeneratedKernel, trip: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounds, "TUNING", RoundTuning(lane=10, kernel=10, trip=trip))
        text, params = generated.text, generated.params
        result = compile_text(text, "generated.vk", params, Options(level=level))
    case = Case.of(generated, generated.seed)
    ran = run(result.program, case.before)
    case.check(f"-O{level}", ran.memory)
    assert ran.cycles == result.cycles
    assert result.lower_bound <= result.cycles


def test_a_long_walk() -> None:
    """Rounds are repeated, some are left over, and the last ones are the kernel once more."""
    text = """
kernel walk(n, rounds) {
  memory {
    tree: u32[7] in at 0;
    a: u32[n] inout at 7;
  }
  parallel for i in 0 .. n {
    var x = a[i];
    var p = 0;
    for r in 0 .. rounds {
      x = (x ^ tree[p]) * 0x9E3779B9;
      p = 2 * p + 1 + x % 2;
      p = if p >= 7 then 0 else p;
    }
    a[i] = x;
  }
}
"""
    generated = GeneratedKernel(text, {"n": 19, "rounds": 3_001}, 3)
    result = compile_text(text, "walk.vk", generated.params, Options(level=1))
    assert result.rounds is not None and result.rounds.rounds % 3 == 0
    assert [name for name, _, _ in result.parts] == ["set-up", "trip", "last rounds"]
    assert result.rounds.trips * result.rounds.rounds + result.rounds.rest == 3_001
    assert result.bundles < result.cycles / 2
    case = Case.of(generated, 3)
    ran = run(result.program, case.before)
    case.check("simulator", ran.memory)
    assert ran.cycles == result.cycles and result.kernel_bound <= result.cycles


def test_a_long_loop_that_does_not_repeat_is_refused() -> None:
    text = """
kernel count(n, rounds) {
  memory { a: u32[n] inout at 0; }
  parallel for i in 0 .. n {
    var x = a[i];
    var c = 0;
    for r in 0 .. rounds { c = c + 1; x = x * 3 + c; }
    a[i] = x;
  }
}
"""
    with pytest.raises(KernelError) as caught:
        compile_text(text, "count.vk", {"n": 8, "rounds": 10**6}, Options(level=1))
    assert [each.code for each in caught.value.diagnostics] == ["E0512"]

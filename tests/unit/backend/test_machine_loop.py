"""Machine loops of small kernels: the parts, and what they compute."""

from __future__ import annotations

import pytest

from isa.simulator import run
from vliwc.driver import Compilation, compile_text
from vliwc.lang.interpret import interpret, output_words, protected_words, random_memory
from vliwc.options import Options, OptionsError


def looped(text: str, limit: int = 1, level: int = 1, **params: int) -> Compilation:
    """Compile under a limit of bundles, run, and compare with the reference interpreter."""
    options = Options(level=level, max_bundles=limit)
    result = compile_text(text, "test.vk", params, options)
    for seed in range(2):
        memory = random_memory(result.kernel, seed)
        expected = interpret(result.kernel, memory)
        ran = run(result.program, memory)
        assert ran.cycles == result.cycles
        for words in output_words(result.kernel):
            assert ran.memory[words.start : words.stop] == expected[words.start : words.stop]
        for words in protected_words(result.kernel):
            assert ran.memory[words.start : words.stop] == memory[words.start : words.stop]
    return result


STREAM = """
kernel stream(n) {
  memory { a: u32[n] in at 3; o: u32[n] out at 3 + n; }
  parallel for i in 0 .. n { o[i] = a[i] * 3 + i; }
}
"""


@pytest.mark.parametrize(("n", "names"), [(64, 2), (67, 3), (40, 2), (41, 3)])
def test_trips_and_what_is_left(n: int, names: int) -> None:
    result = looped(STREAM, n=n)
    assert [name for name, _, _ in result.parts] == ["set-up", "trip", "rest"][:names]
    assert result.parts[1][2] == n // 8
    assert result.cycles == sum(cycles * trips for _, cycles, trips in result.parts)


def test_a_trip_has_as_many_groups_as_the_limit_allows() -> None:
    trips = [looped(STREAM, limit, n=3200).parts[1][2] for limit in (1, 20, 60)]
    assert trips == sorted(trips, reverse=True) and trips[0] == 400 and trips[-1] < 100


def test_trips_are_short_where_groups_wait_for_each_other() -> None:
    """One change of an accumulator a cycle: a trip of 8000 operations would take 8000 cycles."""
    text = (
        "kernel k(n) { memory { y: u32[1] out at 0; } "
        "parallel for i in 0 .. n reduce sum s { reduce i into s; } y[0] = s; }"
    )
    result = compile_text(text, "test.vk", {"n": 1_000_000_000}, Options(level=1))
    (_, cycles, trips) = result.parts[1]
    assert 1000 <= cycles <= 2000 and cycles * trips == 125_000_000


@pytest.mark.parametrize("level", (0, 1, 2))
def test_short_loops_are_unrolled(level: int) -> None:
    assert len(looped(STREAM, 20_000, level, n=64).parts) == 1
    assert len(looped(STREAM, n=15, level=level).parts) == 1


@pytest.mark.parametrize("kind", ("sum", "xor", "min", "max"))
@pytest.mark.parametrize("n", (48, 53))
def test_reductions(kind: str, n: int) -> None:
    text = f"""
kernel reduction(n) {{
  memory {{ a: u32[n] in at 0; s: u32[2] inout at n; }}
  let before = s[1];
  parallel for i in 0 .. n reduce {kind} total {{ reduce a[i] ^ before into total; }}
  s[0] = total;
  s[1] = s[0] + before;
}}
"""
    result = looped(text, n=n)
    assert result.parts[-1][0] == "end" and len(result.parts) == 3 + (n % 8 > 0)


def test_the_top_level_comes_before_and_after() -> None:
    text = """
kernel around(n) {
  memory { a: u32[n] inout at 0; s: u32[3] inout at n; }
  let first = a[0];
  s[0] = first + 1;
  let stored = s[0];
  parallel for i in 0 .. n { a[i] = a[i] * stored; }
  s[1] = a[0];
  s[2] = first;
}
"""
    assert [name for name, _, _ in looped(text, n=80).parts] == ["set-up", "trip", "end"]


def test_several_loops_are_unrolled() -> None:
    text = """
kernel two(n) {
  memory { a: u32[n] inout at 0; }
  parallel for i in 0 .. n { a[i] = a[i] + 1; }
  parallel for i in 0 .. n { a[i] = a[i] * a[i]; }
}
"""
    assert len(looped(text, n=80).parts) == 1


def test_no_program_has_no_bundles() -> None:
    with pytest.raises(OptionsError, match="max-bundles"):
        Options(max_bundles=0)

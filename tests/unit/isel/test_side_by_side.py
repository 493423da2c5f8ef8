"""Results that stand side by side in scratch: neighbours' words are vectors that start anywhere."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.kernels import is_right
from isa.machine import DEFAULT_MACHINE
from isa.original import OriginalProblem
from tests.unit.isel.helpers import program_of, verified
from vliwc.driver import compile_text
from vliwc.explain.what_if import usual_changes
from vliwc.isel.memory.moves import needed_moves
from vliwc.isel.memory.side_by_side import MOST_GROUPS, Layout, layouts
from vliwc.options import Options

TAKEHOME = os.environ.get("VLIWC_TAKEHOME")
ORIGINAL = OriginalProblem(f"{TAKEHOME}/tests/frozen_problem.py") if TAKEHOME else None

HEAT = """
kernel heat(n, steps) {
  memory { a: u32[n] inout at 0; b: u32[n] scratch at n; }
  for t in 0 .. steps {
    parallel for i in 0 .. n {
      let left = if i == 0 then a[0] else a[i - 1];
      let right = if i == n - 1 then a[n - 1] else a[i + 1];
      b[i] = (left + 2 * a[i] + right) / 4;
    }
    parallel for i in 0 .. n { a[i] = b[i]; }
  }
}
"""

TORUS = """
kernel torus(height, width, steps) {
  memory { a: u32[height][width] inout at 0; b: u32[height][width] scratch at height * width; }
  for t in 0 .. steps {
    parallel for y in 0 .. height, x in 0 .. width {
      b[y][x] = a[y][(x + 1) % width] * 3 ^ a[(y + height - 1) % height][(x + width - 1) % width];
    }
    parallel for y in 0 .. height, x in 0 .. width { a[y][x] = b[y][x]; }
  }
}
"""


def buffers(text: str, **params: int) -> list[Layout]:
    program = program_of(text, **params)
    return list(layouts(program, needed_moves(program.function)).values())


def test_vectors_start_anywhere_in_a_buffer() -> None:
    """Two operations for each vector and step, and the words at both ends."""
    assert buffers(HEAT, n=64, steps=3) == [Layout(1, 66)] * 2
    built, _ = verified(HEAT, {"n": 64, "steps": 3})
    lanes = sum(op.lanes for ops in built.dag.groups for op in ops.ops if op.lanes > 1)
    plain = compile_text(HEAT, "heat", {"n": 64, "steps": 3}, Options(without=("adjacent",)))
    assert plain.cycles > 1.3 * compile_text(HEAT, "heat", {"n": 64, "steps": 3}).cycles
    assert lanes <= 8 * 8 * 3 * 5


def test_what_if_asks_for_programs_without() -> None:
    for text, asked in ((HEAT, True), (HEAT.replace("i - 1", "i").replace("i + 1", "i"), False)):
        base = compile_text(text, "heat", {"n": 32, "steps": 2}, keep_stages=True)
        names = [change.name for change in usual_changes(base, Options())]
        assert ("without=adjacent" in names) is asked


def test_lanes_at_edges_are_done_anew_beside_words_of_no_one() -> None:
    """The first and the last vector reach over the ends of the buffer."""
    (layout,) = buffers(TORUS, height=6, width=8, steps=2)
    assert layout == Layout(8 + 1, 8 + 1 + 48) or layout.before > 0
    verified(TORUS, {"height": 6, "width": 8, "steps": 2})


@pytest.mark.parametrize(
    ("text", "params"),
    [
        (HEAT, {"n": 64, "steps": 1}),  # read from memory
        (HEAT.replace("i - 1", "i").replace("i + 1", "i"), {"n": 64, "steps": 3}),
        (HEAT.replace("i - 1", "i - 8").replace("== 0", "< 8"), {"n": 64, "steps": 3}),
        (HEAT, {"n": 520, "steps": 2}),  # more than a third of scratch
        (HEAT, {"n": 64, "steps": MOST_GROUPS // 8 + 2}),
    ],
)
def test_what_gains_nothing_or_does_not_fit(text: str, params: dict[str, int]) -> None:
    if "i - 8" in text:
        text = text.replace("a[i + 1]", "a[i]")
    found = buffers(text, **params)
    assert len(found) * (params["n"] // 8) <= MOST_GROUPS
    assert not found or params["steps"] > 60


def test_half_of_the_lanes_are_too_many_to_do_anew() -> None:
    text = HEAT.replace("if i == 0 then a[0] else a[i - 1]", "a[i ^ 1]")
    text = text.replace("if i == n - 1 then a[n - 1] else a[i + 1]", "a[i ^ 3]")
    assert buffers(text, n=64, steps=3) == []


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("other", ["c[n - 1 - i] = v;", "c[2 * i] = v; c[2 * i + 1] = v + 1;"])
def test_vectors_that_others_want_are_copied(other: str, level: int) -> None:
    """Rows of stored words are put together from where vectors stand."""
    text = f"""
    kernel two(n) {{
      memory {{
        a: u32[n] inout at 0; b: u32[n] scratch at n; c: u32[2 * n] out at 2 * n;
        s: u32[1] out at 4 * n;
      }}
      parallel for i in 0 .. 2 * n {{ c[i] = 0; }}
      parallel for i in 0 .. n reduce xor all {{
        let v = a[i] * 5 ^ 3;
        b[i] = v;
        {other}
        reduce v into all;
      }}
      parallel for i in 0 .. n {{ a[i] = if i > 0 && i + 1 < n then b[i - 1] + b[i + 1] else 7; }}
      s[0] = all;
    }}
    """
    made = compile_text(text, "two.vk", {"n": 40}, Options(level=level, verify=True))
    assert is_right(made, cases=2, original=ORIGINAL)
    assert not level or len(buffers(text, n=40)) == 1


OFFSETS = st.lists(st.integers(-20, 20), min_size=1, max_size=4)


@given(
    n=st.integers(8, 90),
    steps=st.integers(1, 4),
    offsets=OFFSETS,
    kind=st.sampled_from(("wrap", "clamp", "zero")),
    level=st.sampled_from((1, 2)),
    more=st.sampled_from(("", "total", "both")),
)
@settings(max_examples=40, deadline=None)
def test_any_neighbours(
    n: int, steps: int, offsets: list[int], kind: str, level: int, more: str
) -> None:
    """Wrapped, clamped and guarded; with sums of the words, and words that go to two arrays."""
    reads = {
        "wrap": "a[(i + {0} + 3 * n) % n]",
        "clamp": "a[min(max(i + 40 + {0}, 40), n + 39) - 40]",
        "zero": "(if i + 40 + {0} >= 40 && i + 40 + {0} < n + 40 then a[i + {0}] else 9)",
    }[kind]
    word = " ^ ".join(f"{reads.format(offset)} * {2 * k + 3}" for k, offset in enumerate(offsets))
    text = f"""
    kernel near(n, steps) {{
      memory {{
        a: u32[n] inout at 3; b: u32[n] scratch at 3 + n; c: u32[n] out at 3 + 2 * n;
        s: u32[1] out at 3 + 3 * n;
      }}
      for t in 0 .. steps {{
        parallel for i in 0 .. n {{ b[i] = {word}; {"c[i] = b[i] + t;" if more == "both" else ""} }}
        parallel for i in 0 .. n {{ a[i] = b[i]; }}
      }}
      parallel for i in 0 .. n {{ c[i] = a[n - 1 - i]; }}
      {"parallel for i in 0 .. n reduce sum all { reduce a[i] into all; }" if more else ""}
      s[0] = {"all" if more else "1"};
    }}
    """
    made = compile_text(
        text, "near.vk", {"n": n, "steps": steps}, Options(level=level, verify=True)
    )
    assert is_right(made, cases=2, original=ORIGINAL)


def test_where_scratch_is_small_words_stand_apart() -> None:
    """A level does not fail where buffers do not fit."""
    machine = replace(DEFAULT_MACHINE, name="small", scratch_words=260)
    made = compile_text(HEAT, "heat", {"n": 80, "steps": 3}, Options(machine=machine))
    assert is_right(made, cases=2, original=None)
    assert not made.notes or "compiled at" not in made.notes[0]

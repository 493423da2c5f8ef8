"""Loops over products of ranges, arrays of several dimensions, and arrays of distinct words."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.lang.helpers import make, run
from vliwc.ir.graph import Array, Function, Role
from vliwc.ir.text import parse_function, print_function
from vliwc.ir.value import Op, Value
from vliwc.lang import CheckedKernel
from vliwc.lang.interpret import EvaluationError, interpret, random_memory
from vliwc.lang.lower import lower
from vliwc.passes.simplify import SIMPLIFY

STENCIL = """kernel test(h, w, a, b) {
  memory {
    x: u32[h][w] in  at 0;
    y: u32[h][w] out at h * w;
    s: u32[2]    out at 2 * h * w;
  }
  parallel for i in a .. h + a, j in b .. w + b reduce sum total, max last {
    let up = if i == a then 0 else x[i - a - 1][j - b];
    let right = if j - b + 1 < w then x[i - a][j - b + 1] else 0;
    y[i - a][j - b] = x[i - a][j - b] + 10 * up + 100 * right;
    reduce x[i - a][j - b] into total;
    reduce i * 1000 + j into last;
  }
  s[0] = total;
  s[1] = last;
}"""


def stencil(h: int, w: int, a: int, b: int, x: list[int]) -> list[int]:
    """What the kernel computes, written another way."""
    y: list[int] = []
    for i in range(h):
        for j in range(w):
            up = x[(i - 1) * w + j] if i else 0
            right = x[i * w + j + 1] if j + 1 < w else 0
            y.append((x[i * w + j] + 10 * up + 100 * right) % 2**32)
    last = (h - 1 + a) * 1000 + w - 1 + b if h and w else 0
    return [*y, sum(x) % 2**32, last]


@given(
    st.integers(0, 5),
    st.integers(0, 9),
    st.integers(0, 2),
    st.integers(0, 2),
    st.randoms(use_true_random=False),
)
def test_a_stencil_over_any_grid(h: int, w: int, a: int, b: int, rng: random.Random) -> None:
    x = [rng.getrandbits(32) for _ in range(h * w)]
    kernel = make(STENCIL, h=h, w=w, a=a, b=b)
    assert run(kernel, [*x, *([0] * (h * w + 2))])[h * w :] == stencil(h, w, a, b, x)


def indices(function: Function, array: str) -> list[Value]:
    return [value.args[0] for value in function if value.array == array]


def unguarded(index: Value) -> Value:
    return index.args[1] if index.op is Op.SELECT else index


def offset(index: Value) -> tuple[Op, int]:
    """An index of the form `lane + constant`, as the operation of its base and the constant."""
    if index.op is Op.ADD and index.args[1].is_const:
        return index.args[0].op, index.args[1].imm
    return index.op, 0


@pytest.mark.parametrize("a", (0, 1))
@pytest.mark.parametrize("w", (8, 9))
def test_indices_of_a_grid_are_the_iteration_plus_a_constant(a: int, w: int) -> None:
    function = lower(make(STENCIL, h=5, w=w, a=a, b=2 * a))
    (loop,) = function.loops
    assert (loop.extent, loop.name) == (5 * w, "i.j")
    found = [offset(unguarded(index)) for index in indices(function, "x")]
    assert found == [(Op.LANE, 2**32 - w), (Op.LANE, 1), (Op.LANE, 0)]
    assert [offset(index) for index in indices(function, "y")] == [(Op.LANE, 0)]


def test_a_word_put_together_of_the_counters_is_the_iteration() -> None:
    """Not only indices: the rules know the relation too."""
    text = """kernel test(h, w) {
      memory { y: u32[h][w] out at 0; }
      parallel for i in 1 .. h + 1, j in 0 .. w { y[i - 1][j] = i * w + j; }
    }"""
    for w in (8, 9):
        function = SIMPLIFY.run(lower(make(text, h=4, w=w)))
        (store,) = function.roots
        assert offset(store.args[1]) == (Op.LANE, w)


def test_digits_that_are_not_all_named_are_put_together_as_far_as_they_go() -> None:
    text = """kernel test(h, w, d) {
      memory {
        rows:  u32[h][w]    in  at 0;
        parts: u32[w][d]    in  at h * w;
        y:     u32[h][w][d] out at h * w + w * d;
      }
      parallel for i in 0 .. h, j in 0 .. w, k in 0 .. d {
        y[i][j][k] = rows[i][j] ^ parts[j][k];
      }
    }"""
    function = lower(make(text, h=3, w=5, d=7))
    (rows,), (parts,) = indices(function, "rows"), indices(function, "parts")
    assert (rows.op, rows.args[0].op, rows.args[1].imm) == (Op.DIV, Op.LANE, 7)
    assert (parts.op, parts.args[0].op, parts.args[1].imm) == (Op.MOD, Op.LANE, 35)
    kernel = make(text, h=3, w=5, d=7)
    run(kernel, random_memory(kernel, 1)[: kernel.memory_words - 105] + [0] * 105)


def test_ranges_of_one_value_cost_nothing() -> None:
    function = lower(make(STENCIL, h=1, w=9, a=0, b=0))
    assert not any(value.op in (Op.DIV, Op.MOD) for value in function)
    function = lower(make(STENCIL, h=9, w=1, a=0, b=0))
    assert not any(value.op in (Op.DIV, Op.MOD) for value in function)


def test_a_long_sum_is_no_trap() -> None:
    """`x + x` over and over has 2^40 paths to its start, and a sum of 5000 terms is deep."""
    text = """kernel test(h, w) {
      memory { x: u32[h][w] in at 0 below 1; y: u32[h][w] out at h * w; }
      parallel for i in 0 .. h, j in 0 .. w {
        var deep = x[i][j];
        for k in 0 .. 40 { deep = deep + deep; }
        for k in 0 .. 5000 { deep = deep + x[0][0] * k; }
        y[i][j] = x[i][(j + deep) % w];
      }
    }"""
    kernel = make(text, h=2, w=3)
    assert run(kernel, [0] * 12) == [0] * 12


def test_indices_are_checked_dimension_by_dimension() -> None:
    text = """kernel test(h, w) {
      memory { p: u32[1] in at 0; x: u32[h][w] in at 1; y: u32[1] out at 1 + h * w; }
      y[0] = x[0][p[0]];
    }"""
    kernel = make(text, h=2, w=3)
    assert run(kernel, [2, 10, 11, 12, 13, 14, 15, 0])[-1] == 12
    with pytest.raises(EvaluationError, match="length 3 in dimension 2 of 2"):
        interpret(kernel, [3, 10, 11, 12, 13, 14, 15, 0])
    # The compiler may rely on it: the flat index alone would not say so.
    (assumption,) = lower(kernel).assumptions
    assert assumption.op is Op.LT and assumption.args[1].imm == 3


def test_shapes_and_distinct_words_in_the_text_form() -> None:
    kernel = make(
        """kernel test(h, w) {
          memory { x: u32[h][w] in at 0 distinct below h * w; y: u32[h * w] out at h * w; }
          parallel for i in 0 .. h, j in 0 .. w { y[x[i][j]] = j; }
        }""",
        h=3,
        w=5,
    )
    function = lower(kernel)
    text = print_function(function)
    assert "array x: u32[3][5] in at 0 below 15 distinct\n" in text
    assert "array y: u32[15] out at 15\n" in text
    parsed = parse_function(text)
    assert parsed.arrays == function.arrays == dict(kernel.arrays)
    assert parsed.arrays["x"] == Array("x", 0, 15, Role.IN, 15, (3, 5), distinct=True)
    assert print_function(parsed) == text


def distinct(n: int, clauses: str, assumption: str = "") -> CheckedKernel:
    return make(
        f"""kernel test(n) {{
          memory {{ p: u32[n] in at 0 distinct {clauses}; y: u32[n] out at n; }}
          parallel for i in 0 .. n {{ {assumption} y[i] = p[i]; }}
        }}""",
        n=n,
    )


@given(st.integers(1, 50), st.integers(0, 3), st.integers(0, 99))
def test_random_images_are_distinct(n: int, more: int, seed: int) -> None:
    for clauses in (f"below n + {more}", f"below n + {more} ascending", ""):
        kernel = distinct(n, clauses)
        words = random_memory(kernel, seed)[:n]
        assert len(set(words)) == n
        assert max(words) < kernel.arrays["p"].below
        if "ascending" in clauses:
            assert words == sorted(words)


def test_random_permutations_are_all_possible() -> None:
    kernel = distinct(3, "below 3")
    assert len({tuple(random_memory(kernel, seed)[:3]) for seed in range(100)}) == 6


def test_distinct_words_that_assumptions_speak_of() -> None:
    """Words with few choices are drawn first, so that the others leave them one."""
    kernel = distinct(6, "below 6", "assume p[i] <= 5 - i && p[i] != 7;")
    for seed in range(20):
        assert random_memory(kernel, seed)[:6] == [5, 4, 3, 2, 1, 0]
    kernel = distinct(30, "", "assume p[i] < 31 && p[i] != 4;")
    for seed in range(20):
        assert sorted(random_memory(kernel, seed)[:30]) == [k for k in range(31) if k != 4]


def test_a_scatter_runs_on_random_images() -> None:
    text = """kernel test(n) {
      memory {
        p: u32[n] in at 0 below 2 * n distinct;
        x: u32[2 * n] inout at n;
      }
      parallel for i in 0 .. n { x[p[i]] = x[p[i]] + i; }
    }"""
    kernel = make(text, n=20)
    for seed in range(10):
        run(kernel, random_memory(kernel, seed))

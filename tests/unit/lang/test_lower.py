"""Lowering: what the lane IR of small kernels looks like."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lang.helpers import lane, make, run
from vliwc.analysis.facts import Facts
from vliwc.diagnostics import KernelError
from vliwc.ir.graph import Function
from vliwc.ir.interpret import interpret
from vliwc.ir.value import TOP_LEVEL, Op, Value
from vliwc.lang import bind, load_kernel, parse_kernel
from vliwc.lang.interpret import random_memory
from vliwc.lang.lower import lower


def memory_operations(function: Function, array: str) -> list[Value]:
    return [value for value in function if value.array == array]


def select_indices(function: Function) -> list[Value]:
    """The indices of loads that are guarded."""
    indices = [value.args[0] for value in function if value.op is Op.LOAD]
    return [index for index in indices if index.op is Op.SELECT]


def test_declarations_are_carried_over(kernels: Path) -> None:
    sizes = {"states": 5, "symbol_bits": 2, "batch": 9, "words": 3}
    kernel = load_kernel(kernels / "dfa.vk", sizes)
    function = lower(kernel)
    assert function.name == "dfa"
    assert function.params == sizes
    assert function.memory_words == kernel.memory_words == 20 + 5 + 27 + 9 + 1
    assert function.arrays == dict(kernel.arrays)
    assert function.arrays["next"].below == 5
    assert [(loop.extent, loop.name) for loop in function.loops] == [(9, "i")]


def test_rounds_are_unrolled_and_functions_inlined(kernels: Path) -> None:
    sizes = {"forest_height": 10, "rounds": 16, "batch_size": 256}
    function = lower(load_kernel(kernels / "tree_hash.vk", sizes))
    assert len(memory_operations(function, "forest")) == 16
    assert 300 < len(function) < 600
    assert [value.array for value in function.roots] == ["values"]
    (assumption,) = function.assumptions
    assert assumption.op is Op.EQ and assumption.args[0].array == "indices"


def test_spans_point_into_the_source() -> None:
    function = lower(lane("y[i] = x[i] * 3;"))
    (product,) = [value for value in function if value.op is Op.MUL]
    assert product.span is not None and str(product.span) == "test.vk:8:12"
    assert all(value.span is not None for value in function)


def test_order_edges_follow_the_program() -> None:
    kernel = make(
        """kernel test(n, m) {
          memory { a: u32[n] inout at 0; b: u32[n] out at n; }
          parallel for i in 0 .. n {
            let one = a[i];
            let two = a[n - 1 - i];
            a[i] = one + 1;
            a[i] = two + 2;
            b[i] = a[i];
            let four = a[i];
            a[i] = four * 2;
          }
          b[0] = a[m];
        }""",
        n=1,
        m=0,
    )
    function = lower(kernel)
    first, other, store_1, store_2, again, store_3, last = memory_operations(function, "a")
    assert [v.op is Op.STORE for v in (store_1, store_2, store_3)] == [True] * 3
    assert first.order == other.order == ()
    assert store_1.order == (first, other)
    assert store_2.order == (store_1,)
    assert again.order == (store_2,)  # read twice, one load
    assert store_3.order == (store_2, again)
    assert last.order == (store_3,)
    in_loop, top = memory_operations(function, "b")
    assert (in_loop.order, in_loop.loop) == ((), 0)
    assert (top.order, top.loop) == ((in_loop,), TOP_LEVEL)


def test_stores_follow_all_loads_since_the_last_store() -> None:
    kernel = make(
        """kernel test(n) {
          memory { a: u32[n] inout at 0; }
          let p = a[0];
          let q = a[1];
          a[0] = q;
          a[1] = p;
        }""",
        n=2,
    )
    function = lower(kernel)
    p, q, first, second = memory_operations(function, "a")
    assert first.order == (p, q)
    assert second.order == (first,)
    assert run(kernel, [3, 4]) == [4, 3]


def test_only_conditional_accesses_are_guarded() -> None:
    assert select_indices(lower(lane("y[i] = x[i] + x[x[i]] + x[0];"))) == []
    function = lower(lane("y[i] = if x[i] < 4 then x[x[i]] + x[3] + x[i] else 0;"))
    (guard,) = select_indices(function)
    condition, taken, harmless = guard.args
    assert condition.op is Op.LT and taken.op is Op.LOAD
    assert harmless.is_const and harmless.imm == 0


def test_guards_take_the_whole_path() -> None:
    function = lower(lane("y[i] = if i > 1 then (if x[i] < 4 then 0 else 7 / x[i]) else 1;"))
    (division,) = [value for value in function if value.op is Op.DIV]
    divisor = division.args[1]
    assert divisor.op is Op.SELECT and divisor.args[2].imm == 1
    assert divisor.args[0].op is Op.AND
    constant = lower(lane("y[i] = if i > 1 then x[i] / 7 else 1;"))
    (division,) = [value for value in constant if value.op is Op.DIV]
    assert division.args[1].is_const


@pytest.mark.parametrize("count", ["31", "32", "33", "4294967295", "x[i]", "x[i] % 33", "i + 29"])
def test_no_word_is_shifted_left_by_32_or_more(count: str) -> None:
    """The original machine would compute with integers of so many bits."""
    kernel = lane(f"y[i] = x[i] << {count}; y[i] = y[i] + (x[0] << {count});")
    function = lower(kernel)
    facts = Facts(function)
    counts = [value.args[1] for value in function if value.op is Op.SHL]
    assert all(facts.hi(shift) <= 31 for shift in counts)
    run(kernel, [31, 32, 65, 0, 0, 0, 0, 0])


def test_divisors_that_are_zero_on_a_path_never_taken() -> None:
    body = "let zero: u32 = n - 4; y[i] = if i > 5 then x[i] / zero + x[i] % zero else 1;"
    assert run(lane(body), [1, 2, 3, 4, 0, 0, 0, 0])[4:] == [1, 1, 1, 1]


def test_known_accesses_need_no_guard() -> None:
    """The same element was read unconditionally, or the index is the counter of the loop."""
    body = "let k = x[x[i]]; y[i] = if k > 4 then x[x[i]] + x[i] else k;"
    assert select_indices(lower(lane(body))) == []
    outside = (
        "parallel for j in 0 .. n + 1 reduce sum s { reduce (if j < n then x[j] else 1) into s; }"
    )
    text = (
        "kernel k(n) { memory { x: u32[n] in at 0; r: u32[1] out at n; } "
        + outside
        + " r[0] = s; }"
    )
    assert len(select_indices(lower(make(text, n=3)))) == 1  # the loop is longer than the array
    assert run(make(text, n=3), [4, 5, 6, 0])[3:] == [16]


def test_a_load_from_an_empty_array_on_a_path_never_taken() -> None:
    kernel = make(
        """kernel test(n, m) {
          memory { t: u32[m] in at 0; y: u32[n] out at m; }
          parallel for i in 0 .. n { y[i] = if i < m then t[i] else i + 5; }
        }""",
        n=3,
        m=0,
    )
    assert all(value.op is not Op.LOAD for value in lower(kernel))
    assert run(kernel, [0, 0, 0]) == [5, 6, 7]


def test_parallel_loops_without_iterations_disappear() -> None:
    text = """kernel test(n) {
      memory { t: u32[n] in at 0; r: u32[4] out at n; }
      parallel for i in 2 .. n + 2 reduce sum s, min low, max high, xor x {
        reduce t[0] / t[i - 2] into s;
        reduce t[i - 2] into low;
        reduce t[i - 2] into high;
        reduce t[i - 2] into x;
      }
      r[0] = s;
      r[1] = low;
      r[2] = high;
      r[3] = x;
    }"""
    empty = make(text, n=0)
    assert lower(empty).loops == ()
    assert run(empty, [9, 9, 9, 9]) == [0, 2**32 - 1, 0, 0]
    assert run(make(text, n=3), [12, 3, 2, 0, 0, 0, 0])[3:] == [1 + 4 + 6, 2, 12, 12 ^ 3 ^ 2]


def test_reductions_in_sequential_loops_and_without_contributions() -> None:
    kernel = make(
        """kernel test(n) {
          memory { t: u32[n] in at 0; r: u32[5] out at n; }
          parallel for i in 0 .. n reduce sum s, min low, max high, xor x, min none {
            for k in 0 .. 3 {
              reduce t[i] * k into s;
              reduce t[i] + k into low;
              reduce t[i] + k into high;
              reduce t[i] << k into x;
            }
          }
          r[0] = s; r[1] = low; r[2] = high; r[3] = x; r[4] = none;
        }""",
        n=2,
    )
    x = 5 ^ 10 ^ 20 ^ 9 ^ 18 ^ 36
    assert run(kernel, [5, 9, 0, 0, 0, 0, 0])[2:] == [42, 5, 11, x, 2**32 - 1]


def test_sums_of_a_uniform_value_count_the_iterations() -> None:
    kernel = make(
        """kernel test(n) {
          memory { r: u32[1] out at 0; }
          parallel for i in 0 .. n reduce sum s { reduce 3 into s; }
          r[0] = s;
        }""",
        n=7,
    )
    assert run(kernel, [0]) == [21]


def test_parallel_loops_inside_sequential_ones() -> None:
    kernel = make(
        """kernel test(n) {
          memory { a: u32[n] inout at 0; }
          for r in 1 .. 4 {
            parallel for i in r .. n reduce sum s { a[i] = a[i] + r; reduce 1 into s; }
            a[0] = a[0] * 10 + s;
          }
        }""",
        n=5,
    )
    assert [loop.extent for loop in lower(kernel).loops] == [4, 3, 2]
    assert run(kernel, [0] * 5) == [432, 1, 3, 6, 6]


def test_assumptions_become_facts() -> None:
    body = "assume x[i] < 7 && x[i] != 2; y[i] = x[i];"
    assert len(lower(lane(body)).assumptions) == 2
    outside = "fn f(a: u32) -> u32 { assume a > 1; return a / 2; }"
    function = lower(lane("y[i] = if i == 0 then 1 else f(x[i]);", outside))
    (assumption,) = function.assumptions
    assert assumption.op is Op.OR  # it need not hold where the call is not reached
    kernel = lane("y[i] = if i == 0 then 1 else f(x[i]);", outside)
    assert run(kernel, [0, 9, 7, 5, 0, 0, 0, 0])[4:] == [1, 4, 3, 2]


def test_shared_expressions_are_computed_once() -> None:
    function = lower(lane("let a = x[i] * 3 + 1; let b = x[i] * 3 + 1; y[i] = a ^ (b << 1);"))
    assert sum(value.op is Op.MUL for value in function) == 1


def test_equal_sides_need_no_select() -> None:
    function = lower(lane("y[i] = if x[i] > 2 then x[i] + 1 else x[i] + 1;"))
    assert all(value.op is not Op.SELECT for value in function)


def test_the_limit_counts_unrolled_operations(kernels: Path) -> None:
    kernel = load_kernel(kernels / "lcg.vk", {"lanes": 4, "steps": 1000})
    assert len(lower(kernel)) > 3000
    with pytest.raises(KernelError, match="E0512") as caught:
        lower(kernel, limit=3000)
    assert "1000 iterations" in str(caught.value)
    # Whether its rounds repeat is only known when they are lowered.
    long = load_kernel(kernels / "lcg.vk", {"lanes": 4, "steps": 800_000})
    with pytest.raises(KernelError, match="more than 50000 operations"):
        lower(long)
    big = load_kernel(kernels / "lcg.vk", {"lanes": 4, "steps": 800_000}, limit=10**9)
    with pytest.raises(KernelError, match="more than 50000 operations"):
        lower(big, limit=50_000)


def test_lowering_large_batches_costs_nothing(kernels: Path) -> None:
    sizes = {"forest_height": 12, "rounds": 8, "batch_size": 65536}
    kernel = load_kernel(kernels / "tree_hash.vk", sizes)
    assert len(lower(kernel)) < 400
    assert len(random_memory(kernel, 1)) == kernel.memory_words


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("n > 3 && x[i] > 5", {2: [9, 9], 5: [9, 7]}),
        ("n > 3 || x[i] > 5", {2: [9, 7], 5: [7, 7]}),
    ],
)
def test_a_known_left_side_decides_or_leaves_it_to_the_right(
    condition: str, expected: dict[int, list[int]]
) -> None:
    text = f"""
kernel k(n) {{
  memory {{ x: u32[2] in at 0; y: u32[2] out at 2; }}
  parallel for i in 0 .. 2 {{ y[i] = if {condition} then 7 else 9; }}
}}
"""
    for n, words in expected.items():
        function = lower(bind(parse_kernel(text), {"n": n}))
        assert interpret(function, [1, 9, 0, 0])[2:] == words

"""The reference interpreter: errors with their place and values, images, promises about inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.lang.helpers import lane, make, run
from vliwc.diagnostics import KernelError
from vliwc.lang import load_kernel
from vliwc.lang.interpret import (
    AssumptionViolated,
    EvaluationError,
    Interpreter,
    interpret,
    output_words,
    protected_words,
    random_memory,
)


def test_the_image_is_not_changed_and_may_be_longer() -> None:
    kernel = lane("y[i] = x[i] + 1;")
    memory = [1, 2, 3, 4, 0, 0, 0, 0, 77, 78]
    kept = list(memory)
    assert interpret(kernel, memory) == [1, 2, 3, 4, 2, 3, 4, 5, 77, 78]
    assert memory == kept
    interpreter = Interpreter(kernel)
    assert interpreter.run(memory) == interpreter.run(tuple(memory))


def test_an_error_carries_place_iteration_and_values() -> None:
    kernel = lane("let a = x[i]; y[i] = 5 / (a - 7);")
    with pytest.raises(EvaluationError, match="E0602") as caught:
        interpret(kernel, [1, 2, 7, 4, 0, 0, 0, 0])
    error = caught.value
    assert not isinstance(error, AssumptionViolated)
    assert error.span is not None and error.span.start_line == 8
    assert error.element == (("i", 2),)
    assert error.values == {"a - 7": 0}


def test_an_assumption_carries_its_values() -> None:
    kernel = lane("assume x[i] * 2 < n + 3; y[i] = x[i];")
    with pytest.raises(AssumptionViolated) as caught:
        interpret(kernel, [1, 2, 3, 4, 0, 0, 0, 0])
    assert caught.value.element == (("i", 3),)
    assert caught.value.values == {"x[i] * 2": 8, "n + 3": 7}


def test_errors_at_the_top_level_have_no_iteration() -> None:
    kernel = make(
        """kernel test(n) {
          memory { a: u32[n] inout at 0; }
          parallel for i in 0 .. n { a[i] = i; }
          let k = a[1];
          a[0] = a[k * 9];
        }""",
        n=2,
    )
    with pytest.raises(EvaluationError, match="E0601") as caught:
        interpret(kernel, [0, 0])
    assert caught.value.element == ()
    assert caught.value.values == {"k * 9": 9}


def test_words_are_checked() -> None:
    kernel = lane("y[i] = x[i];")
    wrong: list[Any] = [-1, 2**32, True, 1.5, None]
    for word in wrong:
        with pytest.raises(EvaluationError, match="E0607"):
            interpret(kernel, [word, 0, 0, 0, 0, 0, 0, 0])
    with pytest.raises(EvaluationError, match="E0606"):
        interpret(kernel, [0] * 7)


def test_iterations_may_share_what_nobody_writes_and_loops_are_separate() -> None:
    kernel = make(
        """kernel test(n) {
          memory { a: u32[n] inout at 0; b: u32[n] out at n; }
          parallel for i in 0 .. n { b[i] = a[(i + 1) % n] + a[0]; }
          parallel for i in 0 .. n { a[n - 1 - i] = b[i]; a[n - 1 - i] = a[n - 1 - i] + 1; }
        }""",
        n=3,
    )
    assert run(kernel, [1, 2, 3, 0, 0, 0]) == [3, 5, 4, 3, 4, 2]


def test_inout_words_that_are_not_written_keep_their_value() -> None:
    kernel = make(
        """kernel test(n) {
          memory { a: u32[n] inout at 0; }
          parallel for i in 0 .. n / 2 { a[2 * i] = 0; }
        }""",
        n=5,
    )
    assert run(kernel, [1, 2, 3, 4, 5]) == [0, 2, 0, 4, 5]


def test_protected_and_output_words() -> None:
    kernel = make(
        """kernel test(n) {
          memory {
            a: u32[n] in         at 2;
            o: u32[2] out        at 10;
            s: u32[2] scratch    at 12;
            e: u32[0] inout      at 14;
            d: u32[2] in scratch at 15;
            z: u32[3] in         at 20;
            x: u32[1] inout      at 6;
          }
          o[0] = a[0]; o[1] = z[0]; x[0] = d[0];
        }""",
        n=4,
    )
    assert kernel.memory_words == 23
    assert protected_words(kernel) == (range(6), range(7, 10), range(14, 15), range(17, 23))
    assert output_words(kernel) == (range(10, 12), range(6, 7))


def test_random_images_are_a_function_of_the_seed(kernels: Path) -> None:
    kernel = load_kernel(kernels / "murmur.vk", {"n": 9, "seed": 3})
    assert random_memory(kernel, 5) == random_memory(kernel, 5)
    assert random_memory(kernel, 5) != random_memory(kernel, 6)
    assert len(random_memory(kernel, 5)) == kernel.memory_words


def test_random_images_hold_the_promises() -> None:
    kernel = make(
        """const LIMITS = [3, 9];
        kernel test(n, m) {
          memory {
            a: u32[n] in         at 0 below 7;
            b: u32[n] in         at n ascending;
            c: u32[n] inout      at 2 * n;
            d: u32[n] in scratch at 3 * n;
            o: u32[n] out        at 4 * n;
          }
          assume b[0] != 3 && n > 2;
          parallel for i in 0 .. n {
            assume c[i] == i + m && 5 <= a[i];
            let first = d[n - 1 - i];
            assume first < LIMITS[1] && first > LIMITS[0] && first != 6;
            o[i] = c[i];
            c[i] = 0;
          }
        }""",
        n=20,
        m=3,
    )
    seen: set[int] = set()
    for seed in range(30):
        memory = random_memory(kernel, seed)
        interpret(kernel, memory)
        assert {*memory[0:20]} == {5, 6}
        assert memory[20:40] == sorted(memory[20:40])
        assert memory[40:60] == list(range(3, 23))
        seen |= {*memory[60:80]}
    assert seen == {4, 5, 7, 8}


def test_assumptions_about_what_was_stored_are_tested_on_the_run() -> None:
    kernel = make(
        """kernel test(n) {
          memory { a: u32[n] inout at 0; }
          parallel for i in 0 .. n {
            a[i] = a[i] % 4;
            assume a[i] < 2;
          }
        }""",
        n=3,
    )
    memory = random_memory(kernel, 1)
    assert all(word % 4 < 2 for word in memory)


def test_assumptions_in_functions_and_sequential_loops() -> None:
    kernel = lane(
        "for r in 0 .. 3 { assume x[i] >= r * 1000; } y[i] = f(x[i]);",
        "fn f(a: u32) -> u32 { assume a % 2 == 0; return a / 2; }",
    )
    for seed in range(5):
        memory = random_memory(kernel, seed)
        assert all(word >= 2000 and word % 2 == 0 for word in memory[:4])


def test_random_images_for_one_of_several_facts() -> None:
    """Every alternative is taken on some image, and no other word is restricted by it."""
    kernel = make(
        """kernel test(n) {
          memory { a: u32[n] in at 0; b: u32[n] in at n; o: u32[n] out at 2 * n; }
          parallel for i in 0 .. n {
            let small = a[i] < 16;
            assume small || a[i] >= 4294967280;
            assume a[i] == 3 || (b[i] == 5 && a[i] != 4) || b[i] > 4294967294;
            assume i < 4 || b[i] < 2147483648 || n == 0;
            o[i] = a[i];
          }
        }""",
        n=8,
    )
    seen: set[tuple[bool, bool, bool]] = set()
    for seed in range(20):
        memory = random_memory(kernel, seed)
        interpret(kernel, memory)
        for a, b in zip(memory[0:8], memory[8:16], strict=True):
            seen.add((a < 16, a == 3, b == 5))
    assert len(seen) == 6, seen


def test_alternatives_for_distinct_words_are_drawn_until_they_fit() -> None:
    kernel = make(
        """kernel test(n) {
          memory { a: u32[n] in at 0 distinct; o: u32[n] out at n; }
          parallel for i in 0 .. n { assume a[i] == 3 || a[i] > 90; o[i] = a[i]; }
        }""",
        n=2,
    )
    for seed in range(10):
        interpret(kernel, random_memory(kernel, seed))


def test_alternatives_that_are_not_known_are_left_out_or_tried() -> None:
    for condition in ("x[i] * x[i] == 3 || x[i] == 9", "x[i] < 5 || x[i] + x[i] == 5"):
        kernel = lane(f"assume {condition}; y[i] = x[i];")
        interpret(kernel, random_memory(kernel, 4))
    mixed = lane("assume x[i] % 2 == 0 || x[i] % 3 == 0; y[i] = x[i];")
    interpret(mixed, random_memory(mixed, 4))
    with pytest.raises(KernelError, match="E0609"):
        random_memory(lane("assume x[i] == 3; assume x[i] == 4 || x[i] < 2; y[i] = 0;"), 1)


def test_no_random_image() -> None:
    for condition in ("x[i] < 3 && x[i] > 3", "x[i] < 0", "x[i] * x[i] == 3"):
        with pytest.raises(KernelError, match="E0609"):
            random_memory(lane(f"assume {condition}; y[i] = 0;"), 1)


def test_images_beyond_all_reason_are_refused() -> None:
    kernel = make("kernel k(n) { memory { x: u32[n] in at 0; } }", n=2**31)
    with pytest.raises(KernelError, match="2147483648 words"):
        random_memory(kernel, 1)


def test_empty_kernels_and_arrays() -> None:
    assert run(make("kernel test() { memory {} }"), []) == []
    kernel = lane("y[i] = x[i];", n=0)
    assert run(kernel, []) == []
    assert random_memory(kernel, 1) == []
    assert protected_words(kernel) == output_words(kernel) == ()

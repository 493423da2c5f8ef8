"""Words of memory that are read when a program starts: bounds, places, random ones."""

from __future__ import annotations

import random

import pytest

from vliwc.diagnostics import KernelError
from vliwc.ir.graph import Where
from vliwc.lang import CheckedKernel, bind, parse_kernel
from vliwc.lang.draw import draw_sizes
from vliwc.lang.interpret import at_run_time, random_memory

TEXT = """
kernel k(most) {
  word n at 1;
  word m at 0;
  word a_at at 3;
  word b_at at 4;
  assume n <= most && 3 < n;
  assume m == 5 && m < n;
  memory {
    fixed: u32[2] in at 5;
    a: u32[n + m] in at a_at;
    b: u32[n][2] out at b_at;
  }
  parallel for i in 0 .. n, j in 0 .. 2 { b[i][j] = a[i + j] + fixed[1]; }
}
"""


@pytest.fixture
def kernel() -> CheckedKernel:
    return bind(parse_kernel(TEXT), {"most": 30})


def test_bounds_follow_from_the_assumptions(kernel: CheckedKernel) -> None:
    found = {word.name: (word.address, word.low, word.high) for word in kernel.words}
    assert found["n"] == (1, 4, 30)
    assert found["m"] == (0, 5, 5)
    assert found["a_at"] == (3, 0, 2**32 - 1)
    assert kernel.run_time and kernel.memory_words == 7
    assert kernel.arrays["a"].where is Where.RUN_TIME and kernel.arrays["fixed"].placed


def test_a_kernel_with_its_sizes(kernel: CheckedKernel) -> None:
    sized = kernel.with_sizes({"n": 7, "m": 5, "a_at": 20, "b_at": 40})
    assert not sized.run_time
    arrays = sized.arrays
    assert (arrays["a"].base, arrays["a"].length) == (20, 12)
    assert (arrays["b"].base, arrays["b"].dimensions) == (40, (7, 2))
    with pytest.raises(KernelError, match="overlap"):
        kernel.with_sizes({"n": 7, "m": 5, "a_at": 20, "b_at": 31})
    with pytest.raises(KernelError, match="overlap"):
        kernel.with_sizes({"n": 7, "m": 5, "a_at": 6, "b_at": 31})
    with pytest.raises(KernelError, match="does not hold"):
        kernel.with_sizes({"n": 4, "m": 5, "a_at": 20, "b_at": 40})


def test_random_sizes_keep_the_bounds_and_no_arrays_overlap(kernel: CheckedKernel) -> None:
    rng = random.Random(1)
    seen: set[int] = set()
    order: set[bool] = set()
    for _ in range(200):
        sizes = draw_sizes(kernel, rng)
        seen.add(sizes["n"])
        order.add(sizes["a_at"] < sizes["b_at"])
        if sizes["m"] < sizes["n"]:
            kernel.with_sizes(sizes)
    assert min(seen) == 4 and max(seen) == 30 and len(seen) > 15
    assert order == {False, True}


def test_random_images_hold_their_words(kernel: CheckedKernel) -> None:
    for seed in range(5):
        image = random_memory(kernel, seed)
        assert image == random_memory(kernel, seed)
        sized = at_run_time(kernel, image)
        assert sized.memory_words <= len(image)
        assert sized.sizes is not None and sized.sizes["m"] == 5


def test_words_that_cannot_be() -> None:
    text = TEXT.replace("m < n", "n < m")
    kernel = bind(parse_kernel(text.replace("3 < n", "n > 6")), {"most": 30})
    with pytest.raises(KernelError, match="cannot make a random input"):
        random_memory(kernel, 0)

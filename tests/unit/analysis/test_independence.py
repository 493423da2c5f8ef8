"""Iterations that write the same word on every input are told, with their place."""

from __future__ import annotations

import pytest

from tests.unit.isel.helpers import kernel_text
from vliwc.diagnostics import KernelError
from vliwc.driver import compile_text
from vliwc.options import Options

ARRAYS = "r: u32[2 * n] inout at 67 + 2 * n;"


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize(
    ("index", "told"),
    [
        ("i / 2", "iterations 0 and 1 of a parallel loop both write `r[0]`"),
        ("(i + 3) % 13", "iterations 0 and 13 of a parallel loop both write `r[3]`"),
        ("5", "iterations 0 and 1 of a parallel loop both write `r[5]`"),
        ("2 * i + i % 2", None),
        ("n - 1 - i", None),
        ("i / 2 + v % 2", None),  # whether they meet is known at run time only
    ],
)
def test_stores_of_two_iterations_to_one_word(index: str, told: str | None, level: int) -> None:
    text = kernel_text(f"r[{index}] = v; o[i] = v;", arrays=ARRAYS)
    if told is None:
        assert compile_text(text, "k.vk", {"n": 16}, Options(level=level)).cycles > 0
        return
    with pytest.raises(KernelError) as caught:
        compile_text(text, "k.vk", {"n": 16}, Options(level=level))
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == ("E0514", told)
    assert found.span is not None and found.span.start_line == 11

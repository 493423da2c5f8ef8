"""The tree-hash kernel at small sizes, odd batches and short walks included."""

from __future__ import annotations

import pytest

from benchmarks.sizes import BATCHES, HEIGHTS, ROUNDS, SMALL, SPREAD, Size, verify


@pytest.mark.parametrize("size", SMALL, ids=str)
def test_small_sizes_compile_and_verify(size: Size) -> None:
    assert verify(size).failure is None


def test_the_sweep_covers_what_it_should() -> None:
    assert len(SPREAD) >= 60
    assert {size.height for size in SPREAD} == set(HEIGHTS)
    assert {(size.rounds, size.batch) for size in SPREAD} >= {
        (rounds, batch) for rounds in ROUNDS for batch in BATCHES
    }
    assert len(SMALL) >= 12

"""Places in scratch against a search over all addresses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vliwc.sched.problem.scratch import find_place


@example(used=[0, 1, 0, 0], width=3, vlen=4)  # two free runs do not make one
@example(used=[0, 1, 0, 1], width=2, vlen=2)  # the last word of an aligned run counts
@example(used=[1, 0, 0, 1], width=2, vlen=2)  # no aligned run, but another one
@given(
    used=st.lists(st.sampled_from((0, 0, 1)), max_size=20),
    width=st.integers(1, 7),
    vlen=st.integers(1, 5),
)
def test_a_place_is_free_and_the_first_in_the_stated_order(
    used: list[int], width: int, vlen: int
) -> None:
    starts = [at for at in range(len(used) - width + 1) if not any(used[at : at + width])]
    if width == 1:
        expected = max(starts, default=-1)
    else:
        expected = min(starts, key=lambda at: (at % vlen != 0, at), default=-1)
    assert find_place(np.array(used, dtype=np.uint8), width, vlen) == expected


@pytest.mark.parametrize("width", [1, 2])
def test_a_full_scratch_has_no_place(width: int) -> None:
    assert find_place(np.ones(8, dtype=np.uint8), width, 4) == -1

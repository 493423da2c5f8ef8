"""Options say what they refuse."""

from __future__ import annotations

import pytest

from isa.machine import DEFAULT_MACHINE
from vliwc.options import Options, OptionsError


def test_defaults() -> None:
    options = Options()
    assert (options.level, options.scheduler, options.seed) == (2, "list", 0)
    assert options.machine is DEFAULT_MACHINE
    assert options.budget is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"level": -1}, "level -1: expected 0 to 3"),
        ({"level": 4}, "level 4: expected 0 to 3"),
        ({"scheduler": ""}, "name is empty"),
        ({"seed": -1}, "seed -1"),
        ({"budget": 0}, "budget 0"),
    ],
)
def test_values_out_of_range(wrong: dict[str, int], words: str) -> None:
    with pytest.raises(OptionsError, match=words):
        Options(**wrong)

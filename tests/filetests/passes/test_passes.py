"""File tests of passes: ``<pass>/<case>.vir`` holds a function, and what the pass makes of it.

The two are separated by a line ``====``.  Run with ``VLIWC_UPDATE_GOLDENS=1`` to write the second
part anew; the text before the first function is a comment and stays.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from vliwc.ir.interpret import IrTrap, interpret
from vliwc.ir.text import parse_function, print_function
from vliwc.ir.value import MASK
from vliwc.ir.verify import verify
from vliwc.passes.pipeline import PASSES

HERE = Path(__file__).parent
CASES = sorted(HERE.glob("*/*.vir"))
SEPARATOR = "\n====\n"


@pytest.mark.parametrize("path", CASES, ids=[f"{p.parent.name}/{p.stem}" for p in CASES])
def test_the_pass_gives_the_expected_function(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    given, _, expected = text.partition(SEPARATOR)
    function = parse_function(given, path.name)
    verify(function)
    result = PASSES[path.parent.name].run(function)
    verify(result)
    found = print_function(result)
    if os.environ.get("VLIWC_UPDATE_GOLDENS"):
        path.write_text(f"{given.rstrip()}\n{SEPARATOR.strip()}\n{found}", encoding="utf-8")
    else:
        assert found == expected


@pytest.mark.parametrize("path", CASES, ids=[f"{p.parent.name}/{p.stem}" for p in CASES])
def test_the_function_still_does_the_same(path: Path) -> None:
    """On every image on which the given function neither traps nor breaks an assumption."""
    function = parse_function(path.read_text(encoding="utf-8").partition(SEPARATOR)[0], path.name)
    result = PASSES[path.parent.name].run(function)
    end = max((array.end for array in function.arrays.values()), default=0)
    rng = random.Random(0)
    for most in (1, 3, 9, 20, MASK) * 4:
        image = [rng.randint(0, most) for _ in range(function.memory_words or end)]
        for array in function.arrays.values():
            for at in range(array.base, array.end):
                image[at] %= array.below
        try:
            expected = interpret(function, image)
        except IrTrap:
            continue
        found = interpret(result, image)
        for array in function.arrays.values():
            if array.role.observable or array.role.protected:
                words = slice(array.base, array.end)
                assert found[words] == expected[words], array


def test_every_pass_has_a_file() -> None:
    assert {path.parent.name for path in CASES} == set(PASSES)
    assert {path.parent for path in HERE.glob("**/*.vir")} == {path.parent for path in CASES}

"""Extreme constants and run-time words: no program makes the original simulator compute with huge
integers, at any level, and both simulators give what the reference interpreter gives."""

from __future__ import annotations

import pytest

from isa.original import OriginalProblem
from isa.simulator import run
from tests.strategies.executed import largest_left_shift
from vliwc.driver import compile_text
from vliwc.lang import bind, parse_kernel
from vliwc.lang.interpret import interpret, output_words
from vliwc.options import Options

LEVELS = (0, 1, 2)
EDGES = (0, 1, 2, 31, 32, 33, 63, 64, 2**16, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)
OPERATORS = ("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>")
FUNCTIONS = ("rotl", "rotr", "min", "max")

TEXT = """
kernel extreme(n, m) {{
  memory {{ x: u32[n] in at 0; s: u32[n] in at n; y: u32[{outputs} * n] out at 2 * n; }}
  parallel for i in 0 .. n {{
    let v = x[i]; let c = s[i];
{lines}
  }}
}}
"""


def kernel_of(terms: list[str]) -> str:
    lines = [f"    y[{number} * n + i] = {term};" for number, term in enumerate(terms)]
    return TEXT.format(outputs=len(terms), lines="\n".join(lines))


def constants(operation: str) -> list[str]:
    """A run-time word and an edge word, in both orders and unhidden and hidden behind a `let`."""
    terms: list[str] = []
    for edge in EDGES:
        if operation in FUNCTIONS:
            terms += [f"{operation}(v, {edge})", f"{operation}({edge}, v)"]
            continue
        if operation not in "/%":
            terms.append(f"{edge} {operation} v")
        if operation not in "/%" or edge:
            terms.append(f"v {operation} {edge}")
    return terms


RUN_TIME = [
    "v << c",
    "(v << c) + 1",
    "1 << c",
    "v << i",
    "rotl(v, i)",
    "rotr(v, i)",
    "rotr(v, c)",
    "rotl(v, c)",
    "(v << 20) << 20",
    "v << (c % 40)",
    "v << (c & 63)",
    "v << (c & 31)",
    "(v << 31) << (c & 1)",
    "(if c < 32 then v << c else 7)",
    "(if c < 2 then 3 else v << (32 + c))",
    "(v >> (c & 63)) << (c & 63)",
]


def check(terms: list[str], level: int, original: OriginalProblem | None) -> None:
    text, params = kernel_of(terms), {"n": len(EDGES), "m": 1}
    kernel = bind(parse_kernel(text, "extreme.vk"), params)
    result = compile_text(text, "extreme.vk", params, Options(level=level, verify=True))
    for turn in range(3):
        memory = [0] * kernel.memory_words
        memory[: len(EDGES)] = EDGES
        memory[len(EDGES) : 2 * len(EDGES)] = EDGES[4 * turn :] + EDGES[: 4 * turn]
        expected = interpret(kernel, memory)
        assert largest_left_shift(result.program, memory) < 32
        runs = [run(result.program, memory)]
        if original is not None:
            runs.append(original.run(result.program, memory))
        for ran in runs:
            assert ran.cycles == result.cycles
            for words in output_words(kernel):
                assert ran.memory[words.start : words.stop] == expected[words.start : words.stop]


@pytest.mark.parametrize("level", LEVELS)
def test_shifts_by_any_count(level: int) -> None:
    check(constants("<<") + constants("rotr") + RUN_TIME, level, None)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("operation", [*OPERATORS, *FUNCTIONS, "run time"])
def test_on_the_original(takehome_problem: OriginalProblem, operation: str, level: int) -> None:
    terms = RUN_TIME if operation == "run time" else constants(operation)
    check(terms, level, takehome_problem)


@pytest.fixture(scope="module")
def takehome_problem(takehome: object) -> OriginalProblem:
    return OriginalProblem(f"{takehome}/tests/frozen_problem.py")

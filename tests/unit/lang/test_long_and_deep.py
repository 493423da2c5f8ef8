"""Long kernels cost in proportion to their length; only what is deep is refused, and at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import FrameType

import pytest
from lark import Token

from benchmarks.front_end import SHAPES, front_end
from tests.unit.lang.helpers import evaluate, lane, run
from vliwc.diagnostics import KernelError
from vliwc.lang.check import MAX_ERRORS
from vliwc.lang.nesting import MAX_OPEN, Brackets, TooDeep

MASK = 2**32 - 1
PRODUCTS: dict[str, Callable[[int, int], int]] = {
    "*": lambda a, b: a * b & MASK,
    "/": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}


@pytest.mark.parametrize(("terms", "a"), [(2, 7), (100, MASK), (5000, 123_456_789)])
def test_a_sum_may_have_any_number_of_terms(terms: int, a: int) -> None:
    text = " + ".join(f"(a >> {k % 32})" for k in range(terms))
    assert evaluate(text, a) == [sum(a >> k % 32 for k in range(terms)) & MASK]


def test_a_long_chain_of_mixed_operators_goes_from_left_to_right() -> None:
    text, expected = "a", 123_456_789
    for k in range(700):
        op, operand = "***/**%"[k % 7], 10**9 + 7 * k if k % 7 == 6 else k % 5 + 2
        text, expected = f"{text} {op} {operand}", PRODUCTS[op](expected, operand)
    assert evaluate(text, 123_456_789) == [expected]


def test_a_long_chain_of_compile_time_values_is_exact() -> None:
    text = "(2 ** 100" + " - 1 + 3" * 400 + ") % 2 ** 32 + a"
    assert evaluate(text, 5) == [(2**100 + 800) % 2**32 + 5]


def test_a_long_chain_of_conditions_stops_where_it_is_decided() -> None:
    """Behind a false condition nothing is evaluated that could trap."""
    guarded = " && ".join(f"100 / a > {k % 9}" for k in range(300))
    text = f"if a != 0 && {guarded} then 1 else 0"
    assert evaluate(text, 0, 2, 50, 0) == [0, 1, 0, 0]
    either = " || ".join(["a == 0", *(f"100 / a == {k}" for k in range(300, 600))])
    assert evaluate(f"if {either} then 1 else 0", 0, 2, 0, 1) == [1, 0, 1, 0]


def test_a_chain_in_every_place_of_an_assumption() -> None:
    chain = "i" + " + 0" * 300
    kernel = lane(f"assume x[{chain}] < 10{' + 1' * 300} && {chain} < 9; y[i] = x[i];")
    assert run(kernel, [309, 0, 1, 2, 0, 0, 0, 0])[4:] == [309, 0, 1, 2]


@pytest.mark.parametrize(
    "shape", ["sum", "mixed chain", "statements", "names", "loops", "functions"]
)
def test_the_front_end_is_linear(shape: str) -> None:
    """Twice the tokens take at most twice the calls, and a little."""
    per_unit, text = SHAPES[shape]
    few, many = (_calls(text(tokens // per_unit)) for tokens in (2000, 4000))
    assert many < 2.2 * few


def _calls(text: str) -> int:
    """How many Python functions the front end calls for `text`."""
    count = 0

    def called(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(called)
    try:
        assert front_end(text) == "accepted"
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    ("opening", "rest"),
    [
        ("LPAR", ""),
        ("LSQB", ""),
        ("LBRACE", ""),
        ("IF", ""),
        ("IF", "NAME THEN INT ELSE"),
        ("IF", "NAME THEN"),
        ("MINUS", ""),
        ("NOT", "MINUS"),
    ],
)
def test_what_is_too_deep_is_refused_before_the_rest_is_read(opening: str, rest: str) -> None:
    read = 0

    def endless() -> Iterator[Token]:
        nonlocal read
        while True:
            for kind in (opening, *rest.split()):
                read += 1
                yield Token(kind, kind)

    with pytest.raises(TooDeep):
        for _ in Brackets().process(endless()):
            pass
    assert read <= (MAX_OPEN + 1) * (1 + len(rest.split()))


@pytest.mark.parametrize(
    "kinds",
    [
        "LPAR RPAR",
        "NAME MINUS INT MINUS",
        "IF NAME THEN INT ELSE INT SEMICOLON",
        "IF NAME THEN INT ELSE INT COMMA",
        "LPAR IF NAME THEN INT ELSE INT RPAR PLUS",
        "LPAR IF IF NAME THEN INT ELSE INT THEN IF NAME THEN INT ELSE INT ELSE INT RPAR PLUS",
    ],
)
def test_what_stands_side_by_side_is_not_deep(kinds: str) -> None:
    tokens = [Token(kind, kind) for kind in kinds.split()] * 1000
    assert list(Brackets().process(iter(tokens))) == tokens


@pytest.mark.parametrize("shape", ["parentheses", "conditionals", "signs", "powers"])
def test_deep_kernels_are_refused(shape: str) -> None:
    assert front_end(SHAPES[shape][1](10_000)) == "E0106"


def test_the_first_errors_are_reported() -> None:
    with pytest.raises(KernelError) as caught:
        lane("".join(f"y[i] = q{k}; " for k in range(10 * MAX_ERRORS)))
    assert len(caught.value.diagnostics) == MAX_ERRORS

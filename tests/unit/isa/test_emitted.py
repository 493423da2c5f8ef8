"""What a compiler must not emit is found wherever it follows from constants, and nowhere else."""

from __future__ import annotations

import pytest

from isa.emitted import check_emitted, forbidden
from isa.errors import ProgramError
from isa.program import Bundle, Program


def problems(*bundles: Bundle) -> list[str]:
    return [str(problem) for problem in forbidden(Program(bundles))]


COUNT = "alu slot 0: << shifts by {}; a count must be less than 32"


@pytest.mark.parametrize(("count", "found"), [(31, False), (32, True), (2**32 - 1, True)])
def test_a_constant_count(count: int, found: bool) -> None:
    bundles: list[Bundle] = [{"load": [("const", 1, count)]}, {"alu": [("<<", 2, 0, 1)]}]
    assert problems(*bundles) == ([f"bundle 1, {COUNT.format(count)}"] if found else [])


@pytest.mark.parametrize(
    "made",
    [
        {"alu": [("+", 2, 1, 1)]},
        {"alu": [("*", 2, 1, 1)]},
        {"alu": [("-", 2, 0, 1)]},
        {"flow": [("add_imm", 2, 1, 40)]},
        {"flow": [("add_imm", 2, 1, -21)]},
        {"flow": [("select", 2, 1, 3, 0)]},
        {"flow": [("select", 2, 0, 0, 3)]},
        {"valu": [("vbroadcast", 2, 3)]},
        {"valu": [("multiply_add", 2, 1, 8, 3)]},
        {"flow": [("vselect", 2, 8, 8, 3)]},
    ],
)
def test_counts_made_of_constants(made: Bundle) -> None:
    """Word 1 is 20, word 3 is 99, all others are zeros."""
    start: Bundle = {"load": [("const", 1, 20), ("const", 3, 99)]}
    assert len(problems(start, made, {"alu": [("<<", 9, 1, 2)]})) == 1


@pytest.mark.parametrize(
    "unknown",
    [
        {"load": [("load", 1, 0)]},
        {"load": [("vload", 1, 0)]},
        {"load": [("load_offset", 0, 0, 1)]},
        {"flow": [("coreid", 1)]},
        {"alu": [("//", 1, 1, 0)]},
        {"alu": [("%", 1, 1, 0)]},
        {"alu": [("cdiv", 1, 1, 0)]},
    ],
)
def test_words_that_are_not_known(unknown: Bundle) -> None:
    start: Bundle = {"load": [("const", 1, 99)]}
    assert problems(start, unknown, {"alu": [("<<", 2, 0, 1)]}) == []


def test_an_unknown_operand_makes_the_result_unknown() -> None:
    bundles: list[Bundle] = [
        {"load": [("const", 1, 99), ("load", 2, 0)]},
        {"alu": [("+", 1, 1, 2)], "flow": [("select", 3, 2, 1, 1)]},
        {"alu": [("<<", 4, 4, 1), ("<<", 5, 5, 3)]},
    ]
    assert problems(*bundles) == []


def test_each_lane_of_a_vector_counts() -> None:
    bundles: list[Bundle] = [
        {"load": [("const", 12, 32)]},
        {"valu": [("<<", 16, 24, 4), ("<<", 32, 24, 8), ("<<", 40, 24, 13)]},
    ]
    found = problems(*bundles)
    assert [text.split(":")[0] for text in found] == ["bundle 1, valu slot 1"]


def test_reads_see_the_state_before_the_bundle() -> None:
    assert problems({"load": [("const", 1, 99)], "alu": [("<<", 2, 0, 1)]}) == []
    swap: Bundle = {"load": [("const", 1, 0)], "alu": [("<<", 2, 0, 1)]}
    assert len(problems({"load": [("const", 1, 99)]}, swap)) == 1
    later: Bundle = {"alu": [("+", 2, 1, 1)], "valu": [("<<", 16, 24, 2)]}
    assert problems({"load": [("const", 1, 99)]}, later) == []


@pytest.mark.parametrize(
    "jump",
    [("jump", 2), ("cond_jump", 0, 2), ("cond_jump_rel", 0, 1), ("jump_indirect", 0)],
)
def test_nothing_is_known_where_a_jump_arrives(jump: tuple[str | int, ...]) -> None:
    bundles: list[Bundle] = [
        {"flow": [jump], "load": [("const", 1, 99)]},
        {},
        {"alu": [("<<", 2, 0, 1)]},
    ]
    assert problems(*bundles) == []


def test_bundles_before_the_arrival_of_a_jump_are_looked_at() -> None:
    bundles: list[Bundle] = [
        {"load": [("const", 1, 99)]},
        {"alu": [("<<", 2, 0, 1)]},
        {"flow": [("cond_jump", 3, 2)]},
    ]
    assert len(problems(*bundles)) == 1
    back: Bundle = {"flow": [("cond_jump", 3, 0)]}
    assert len(problems(*bundles[:2], back)) == 1, "the constant is set after the arrival"
    assert problems({}, bundles[1], {"flow": [("cond_jump", 3, 0)]}) == []


def test_two_stores_to_one_word() -> None:
    start: Bundle = {"load": [("const", 1, 3), ("const", 2, 10)]}
    vectors: Bundle = {"store": [("vstore", 1, 8), ("vstore", 2, 8)]}
    message = "bundle 1, store slot 1: {} writes memory word {}, which store slot 0 of the same "
    message += "bundle writes too"
    assert problems(start, vectors) == [message.format("vstore", 10)]
    assert problems(start, {"store": [("store", 2, 8), ("vstore", 1, 8)]}) == [
        message.format("vstore", 10)
    ]
    assert problems(start, {"store": [("store", 1, 8), ("store", 1, 9)]}) == [
        message.format("store", 3)
    ]
    apart: Bundle = {"store": [("store", 1, 8), ("vstore", 2, 8)]}
    assert problems(start, apart) == []
    assert problems(start, {"store": [("store", 1, 8)]}, {"store": [("store", 1, 8)]}) == []


def test_check() -> None:
    start: Bundle = {"load": [("const", 1, 99)]}
    good = Program((start, {"alu": [("<<", 2, 0, 3)]}))
    check_emitted(good)
    with pytest.raises(ProgramError, match="bundle 1, alu slot 0: << shifts by 99") as error:
        check_emitted(Program((start, {"alu": [("<<", 2, 0, 1)]})))
    assert (error.value.bundle, error.value.engine, error.value.slot) == (1, "alu", 0)
    assert len(error.value.problems) == 1
    with pytest.raises(ProgramError, match="alu has no operation"):
        check_emitted(Program(({"alu": [("?", 1, 2, 3)]},)))

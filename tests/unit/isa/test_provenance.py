"""The places of slots: written into meta data, read back, left out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isa.assembly import format_assembly, parse_assembly
from isa.errors import ProgramError
from isa.files import parse_program
from isa.program import Bundle, Program
from isa.provenance import (
    KEY,
    Place,
    slot_places,
    source_text,
    value_name,
    with_provenance,
    without_provenance,
)

BUNDLES: tuple[Bundle, ...] = (
    {"alu": [("+", 1, 2, 3), ("+", 2, 2, 3)], "load": [("const", 5, 7)]},
    {},
    {"alu": [], "store": [("store", 1, 2)]},
)
PLACES = [
    {"alu": [Place(7, 0, "y"), Place(7, 0, "y")], "load": [Place(None)]},
    {},
    {"alu": [], "store": [Place(12)]},
]


def test_the_text_form() -> None:
    program = with_provenance(Program(BUNDLES, meta={"kernel": "k"}), "k.vk", PLACES)
    assert program.meta == {
        "kernel": "k",
        KEY: {"source": "k.vk", "slots": ["7@0:y*2 -", "", "12"]},
    }
    assert slot_places(parse_program(program.to_json_text())) == PLACES
    assert slot_places(Program(BUNDLES)) is None


def test_it_may_hold_the_source() -> None:
    program = with_provenance(Program(BUNDLES), "k.vk", PLACES, "kernel k() {}")
    assert source_text(parse_program(program.to_json_text())) == ("k.vk", "kernel k() {}")
    assert slot_places(program) == PLACES
    for other in (Program(BUNDLES), with_provenance(Program(BUNDLES), "k.vk", PLACES)):
        assert source_text(other) is None


def test_it_can_be_left_out_and_assembly_leaves_it_out() -> None:
    plain = Program(BUNDLES, meta={"kernel": "k"})
    program = with_provenance(plain, "k.vk", PLACES)
    assert without_provenance(program) == plain == without_provenance(plain)
    assert parse_assembly(format_assembly(program)) == plain
    assert ".meta" not in format_assembly(with_provenance(Program(BUNDLES), "k.vk", PLACES))


@given(
    st.lists(
        st.lists(
            st.tuples(
                st.none() | st.integers(1, 9),
                st.integers(-1, 3),
                st.sampled_from(["", "x", "forest[3..]", "7", ":", "@2"])
                | st.text().map(value_name),
            ),
            max_size=9,
        ),
        max_size=4,
    )
)
def test_round_trip(places: list[list[tuple[int | None, int, str]]]) -> None:
    found = [{"alu": [Place(*each) for each in bundle]} for bundle in places]
    program = Program(tuple({"alu": [("+", 1, 2, 3)] * len(bundle)} for bundle in places))
    assert slot_places(with_provenance(program, "", found)) == found


def test_places_have_to_fit() -> None:
    with pytest.raises(ProgramError, match="do not fit"):
        with_provenance(Program(BUNDLES), "k.vk", PLACES[:2])
    with pytest.raises(ProgramError, match="do not fit"):
        with_provenance(Program(BUNDLES[:1]), "k.vk", [{"alu": [Place(1)]}])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, 'needs "slots"'),
        ({"slots": [1, "", ""]}, 'needs "slots"'),
        ({"slots": [""]}, "is of 1 bundles, but the program has 3"),
        ({"slots": ["7@0*2", "", "12"]}, "bundle 0: 2 places for 3 slots"),
        ({"slots": ["7@0*4", "", "12"]}, "bundle 0: '7@0\\*4' is no"),
        ({"slots": ["7@0*0", "", "12"]}, "bundle 0: '7@0\\*0' is no"),
        ({"slots": ["7@0*2 -", "", "x"]}, "bundle 2: 'x' is no LINE@GROUP:VALUE\\*COUNT of its 1"),
    ],
)
def test_malformed_meta_data(data: dict[str, list[object]] | None, message: str) -> None:
    program = replace(Program(BUNDLES), meta={KEY: data})
    with pytest.raises(ProgramError, match=message):
        slot_places(program)

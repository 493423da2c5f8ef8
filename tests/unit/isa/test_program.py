"""Programs: JSON, the take-home's lists, recognition by content, and the errors of each."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from isa.errors import AssemblyError, ProgramError
from isa.files import load_program, parse_program
from isa.machine import MachineSpec
from isa.program import Program, decode_key, encode_key, from_json, from_takehome
from isa.simulator import run

PROGRAM = Program(
    (
        {"load": [("const", 1, 5)], "alu": []},
        {"debug": [("compare", 1, encode_key((0, "x")))], "flow": [("pause",)]},
        {},
    ),
    MachineSpec(scratch_words=64),
    {"kernel": "k", "sizes": [1, 2.5, None, True]},
)


def test_json_round_trip() -> None:
    for data in (PROGRAM.to_json(), PROGRAM.to_json_text(), PROGRAM.to_json_text().encode()):
        again = from_json(data)
        assert again == PROGRAM
        assert [list(bundle) for bundle in again.bundles] == [
            ["load", "alu"],
            ["debug", "flow"],
            [],
        ]
    assert json.loads(PROGRAM.to_json_text()) == PROGRAM.to_json()


def test_json_names_its_format_and_version() -> None:
    data = PROGRAM.to_json()
    assert (data["format"], data["version"]) == ("vliwc-program", 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "format is 'other'; expected 'vliwc-program'"),
        ({"version": 2}, "version 2; this package reads version 1"),
        ({"extra": 1}, "unknown keys ['extra']"),
        ({"bundles": {}}, 'no list of "bundles"'),
        ({"meta": None}, 'needs the objects "machine" and "meta"'),
        ({"machine": {"vlen": 0}}, "vlen is 0"),
        ({"bundles": [{"alu": 3}]}, "bundle 0, alu: 3 is not a list of slots"),
        ({"bundles": [3]}, "bundle 0: 3 is not a table of engines"),
        ({"bundles": [{"alu": ["+"]}]}, "alu slot 0: '+' is not a list of an operation"),
        ({"bundles": [{"alu": [["+", 1.5]]}]}, "operand 1.5 of ['+', 1.5] is neither text nor"),
        ({"bundles": [{"alu": [["+", None]]}]}, "operand None"),
    ],
)
def test_json_that_is_no_program(change: dict[str, object], message: str) -> None:
    with pytest.raises(ProgramError) as error:
        from_json({**PROGRAM.to_json(), **change})
    assert message in str(error.value)


def test_json_text_that_is_no_json() -> None:
    with pytest.raises(ProgramError, match="not valid JSON"):
        from_json("{")
    with pytest.raises(ProgramError, match="not a JSON object"):
        from_json("3")


def test_takehome_lists_may_be_tuples_lists_or_numpy_numbers() -> None:
    program = from_takehome(
        [
            {"alu": (["+", np.int64(1), np.uint32(2), 3], ("^", True, 2, 3))},
            {"debug": [["comment", "x"], ("compare", 3, (0, 1, "val"))], "alu": []},
        ]
    )
    assert program.bundles[0] == {"alu": [("+", 1, 2, 3), ("^", 1, 2, 3)]}
    assert all(type(operand) is int for operand in program.bundles[0]["alu"][0][1:])
    assert program.to_takehome()[1] == {
        "debug": [("comment", "x"), ("compare", 3, (0, 1, "val"))],
        "alu": [],
    }


def test_takehome_debug_slots_of_any_shape_do_not_disturb() -> None:
    program = from_takehome(
        [{"debug": [("unknown", 1.5, None), ("comment", {"a": 1}), ()], "load": [("const", 0, 3)]}]
    )
    assert run(program, []).scratch[0] == 3


def test_a_takehome_program_of_another_machine() -> None:
    machine = MachineSpec(vlen=4)
    assert from_takehome([], machine, {"a": 1}) == Program((), machine, {"a": 1})


@pytest.mark.parametrize(
    "key",
    ["idx", "", "1", "[1]", '"x"', "NaN", 7, -1, (0, 1, "val"), ((), (("a",), 2)), "ключ\n"],
)
def test_debug_keys_survive(key: object) -> None:
    assert decode_key(encode_key(key)) == key
    assert type(decode_key(encode_key(key))) is type(key)


def test_vcompare_keys_become_a_list_again() -> None:
    slot = ("vcompare", 8, [(0, lane, "val") for lane in range(8)])
    program = from_takehome([{"debug": [slot]}])
    assert program.to_takehome() == [{"debug": [slot]}]
    assert from_takehome(json.loads(json.dumps(program.to_takehome()))) == program


def test_files_are_recognised_by_content(tmp_path: Path) -> None:
    takehome = from_takehome([{"load": [("const", 1, 5)]}])
    texts = {
        "a.txt": (PROGRAM.to_json_text(), PROGRAM),
        "b.asm": (f"\n  {json.dumps(takehome.to_takehome())}", takehome),
        "c.json": ("# assembly\n{ load const r1, 5 }", takehome),
        "d.json": ("   { load const r1, 5 }", takehome),
    }
    for name, (text, program) in texts.items():
        (tmp_path / name).write_text(text)
        assert load_program(tmp_path / name) == program, name


def test_loading_names_the_file_in_errors(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="missing: cannot be read: No such file"):
        load_program(tmp_path / "missing")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ProgramError, match="binary: not a text file"):
        load_program(tmp_path / "binary")
    with pytest.raises(ProgramError, match="p: bundle 0, alu slot 1: 3 is not a list") as error:
        parse_program('[{"alu": [["+", 1, 2, 3], 3]}]', source="p")
    assert (error.value.bundle, error.value.engine, error.value.slot) == (0, "alu", 1)
    with pytest.raises(ProgramError, match="p: not valid JSON"):
        parse_program("[1,", source="p")
    with pytest.raises(AssemblyError, match="p:1:1"):
        parse_program("?", source="p")

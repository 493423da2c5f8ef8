"""Machine descriptions: the default one, TOML files, and every way to get them wrong."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from isa.errors import MachineError
from isa.machine import DEFAULT_MACHINE, MachineSpec


def test_the_default_machine() -> None:
    assert DEFAULT_MACHINE.slots == {
        "alu": 12,
        "valu": 6,
        "load": 2,
        "store": 2,
        "flow": 1,
        "debug": 64,
    }
    assert (DEFAULT_MACHINE.vlen, DEFAULT_MACHINE.scratch_words) == (8, 1536)


def test_equal_machines_are_interchangeable() -> None:
    again = MachineSpec.from_dict(DEFAULT_MACHINE.to_dict())
    assert again == DEFAULT_MACHINE and hash(again) == hash(DEFAULT_MACHINE)
    assert pickle.loads(pickle.dumps(again)) == DEFAULT_MACHINE
    assert replace(again, vlen=4) != DEFAULT_MACHINE


def test_toml_keeps_defaults_for_missing_keys(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text("scratch_words = 64\n[slots]\nvalu = 1\n")
    machine = MachineSpec.from_toml(path)
    assert machine.name == "small"
    assert machine.scratch_words == 64
    assert machine.slots == {**DEFAULT_MACHINE.slots, "valu": 1}
    assert list(machine.slots) == list(DEFAULT_MACHINE.slots)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("width = 3", "unknown key 'width'"),
        ("vlen = 0", "vlen is 0; it must be a positive integer"),
        ("vlen = -8", "vlen is -8"),
        ("vlen = 2.5", "vlen is 2.5"),
        ("vlen = true", "vlen is True"),
        ('vlen = "8"', "vlen is '8'"),
        ("scratch_words = 0", "scratch_words is 0"),
        ("scratch_words = 4", "cannot hold one vector of 8 words"),
        ("latency = 2", "every operation of this machine has latency 1"),
        ("latency = true", "latency is True; every operation"),
        ("name = 3", "name is 3; it must be text"),
        ('name = ""', "name is empty"),
        ("slots = 3", "it must be a table"),
        ("[slots]\nmul = 1", "unknown engine 'mul'"),
        ("[slots]\nalu = 0", "slots.alu is 0"),
        ("vlen = ", "not valid TOML"),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "machine.toml"
    path.write_text(text)
    with pytest.raises(MachineError, match="machine") as error:
        MachineSpec.from_toml(path)
    assert message in str(error.value)


def test_a_missing_file_and_a_missing_engine() -> None:
    with pytest.raises(MachineError, match="cannot be read: No such file"):
        MachineSpec.from_toml("/nonexistent/machine.toml")
    with pytest.raises(MachineError, match="no slot count for valu, load"):
        MachineSpec("partial", {"alu": 1, "store": 1, "flow": 1, "debug": 1})

"""The examples in docs/machine.md are what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from isa.assembly import format_assembly, parse_assembly
from isa.machine import MachineSpec
from isa.opcodes import OPCODES
from isa.program import from_json, from_takehome
from isa.simulator import run
from isa.takehome import memory_image, naive_program
from isa.validate import check


@pytest.fixture(scope="module")
def text(repository: Path) -> str:
    return (repository / "docs" / "machine.md").read_text(encoding="utf-8")


def block(text: str, heading: str) -> str:
    """The first code block behind `heading`, without its fences."""
    found = re.search(r"```\w*\n(.*?)```", text[text.index(heading) :], re.DOTALL)
    assert found is not None
    return found[1]


def test_assembly_example(text: str) -> None:
    program = parse_assembly(block(text, "**Assembly**:"))
    check(program)
    assert program.machine == MachineSpec("half", scratch_words=768)
    assert program.meta == {"kernel": "countdown"}
    assert run(program, []).cycles == 1 + 10 + 1 + 1
    assert parse_assembly(format_assembly(program)) == program


def test_json_examples(text: str) -> None:
    program = from_json(block(text, "**Program JSON**"))
    check(program)
    assert program.meta == {"names": {"1": "counter"}}
    key = '["compare", 5, "[0, 3, \\"val\\"]"]'
    assert key in text
    takehome = from_takehome([{"debug": [("compare", 5, (0, 3, "val"))]}])
    assert takehome.bundles[0]["debug"] == [("compare", 5, '[0, 3, "val"]')]


def test_machine_example(text: str, tmp_path: Path) -> None:
    path = tmp_path / "half.toml"
    path.write_text(block(text, "## Other machines"))
    assert MachineSpec.from_toml(path).slots["valu"] == 3


def test_every_operation_is_documented(text: str) -> None:
    table = text[text.index("## Operations") : text.index("## What traps")].replace("\\|", "|")
    for engine, name in OPCODES:
        assert re.search(rf"[ `]{re.escape(name)}[ `]", table), f"{engine} {name}"


def test_cycles_of_the_naive_program(text: str) -> None:
    cycles = run(naive_program(10, 16, 256), memory_image(10, 16, 256, 0)).cycles
    assert f"{cycles} cycles for height 10" in text

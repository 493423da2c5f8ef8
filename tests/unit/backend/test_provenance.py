"""Every slot of a compiled kernel knows its line of the source and its group of lanes."""

from __future__ import annotations

from pathlib import Path

import pytest

from isa.files import parse_program
from isa.provenance import SHARED, slot_places
from tests.differential.test_kernels_compiled import SMALL
from vliwc.driver import compile_file
from vliwc.options import Options

CONSTANTS = ("const", "add_imm")


@pytest.mark.parametrize("level", [0, 2])
@pytest.mark.parametrize("name", SMALL)
def test_every_slot_has_a_place(kernels: Path, name: str, level: int) -> None:
    path = kernels / f"{name}.vk"
    result = compile_file(path, SMALL[name][0], Options(level=level))
    lines = path.read_text(encoding="utf-8").split("\n")
    program = parse_program(result.annotated_program().to_json_text())
    assert program.bundles == result.program.bundles
    found = slot_places(program)
    assert found is not None
    groups = len(result.generated.dag.groups)
    stored: set[str] = {root.array for root in result.function.roots}
    loaded = set(result.function.arrays)
    for bundle, places in zip(program.bundles, found, strict=True):
        assert bundle.keys() == places.keys()
        for engine, slots in bundle.items():
            for slot, place in zip(slots, places[engine], strict=True):
                assert SHARED <= place.group < groups
                # Records are built for all reads of a table, strides for many addresses.
                assert place.line is not None or place.group == SHARED
                if place.line is None or slot[0] in CONSTANTS:
                    continue
                text = lines[place.line - 1]
                assert text.strip()
                if engine in ("load", "store") and not text.strip().startswith("word "):
                    arrays = loaded if engine == "load" else stored
                    assert any(f"{array}[" in text for array in arrays), (slot, text)


def test_places_are_those_of_the_operations(kernels: Path) -> None:
    """`saxpy_dot` has two groups of lanes, and set-up for both of them."""
    path = kernels / "saxpy_dot.vk"
    result = compile_file(path, {"n": 16}, Options())
    found = slot_places(result.annotated_program())
    assert found is not None
    lines = path.read_text(encoding="utf-8").split("\n")
    stores = {
        (lines[place.line - 1].partition("[")[0].strip(), place.group)
        for bundle in found
        for place in bundle.get("store", [])
        if place.line is not None
    }
    assert stores == {("y", 0), ("y", 1), ("dot", SHARED)}

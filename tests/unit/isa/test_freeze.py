"""The simulator is frozen: what was measured with one version stays reproducible."""

from __future__ import annotations

import hashlib
from pathlib import Path

import isa

FILES = ("opcodes.py", "decode.py", "simulator.py")

DIGESTS: dict[int, dict[str, str]] = {
    1: {
        "opcodes.py": "57ee247ce9c39d45d6b4ce0e2eb6dd7acec86f8868696c2ee6304db1e5831c32",
        "decode.py": "31df0cb1fb6cbbdac86731e1d992cb5114d5dd8113a527d8b5b23c1ff3ca63f7",
        "simulator.py": "238f876aaa5df5d13fdd35d7112a9ff0bc9172744eeba24159d6e04f619e33fa",
    },
}
"""SHA-256 of every frozen file by `isa.SIMULATOR_VERSION`. Entries are added, never changed."""


def test_the_simulator_is_frozen() -> None:
    folder = Path(isa.__file__).parent
    found = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
    frozen = DIGESTS.get(isa.SIMULATOR_VERSION, {})
    changed = [name for name in FILES if found[name] != frozen.get(name)]
    assert not changed, (
        f"{', '.join(changed)} differ from version {isa.SIMULATOR_VERSION} of the simulator. They "
        "define what a cycle count means. If the change is not deliberate, undo it. If it is: "
        "raise isa.SIMULATOR_VERSION, pass tests/differential/test_original_simulator.py with "
        f"VLIWC_TAKEHOME set, and add to DIGESTS in {Path(__file__).name} for the new version: "
        f"{found}"
    )


def test_the_newest_version_is_in_use() -> None:
    assert max(DIGESTS) == isa.SIMULATOR_VERSION

"""Filetests of error messages: each `.vk` file gives exactly the text of its `.expected` file.

Lines at the top of a file say how far to go: `// params: n=4` binds parameters (without it the
file is only parsed and checked), `// size: 1000` allows
so many machine operations, `// lower: 1000` lowers with that limit, `// phases: 1` into phases,
`// memory: 1 2 3` runs on that image, `// random: 1` asks for a random one.
`VLIWC_UPDATE_GOLDENS=1` rewrites the expectations.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from vliwc.diagnostics import KernelError
from vliwc.lang import bind, parse_kernel
from vliwc.lang.binding import require_size
from vliwc.lang.check import check
from vliwc.lang.interpret import interpret, random_memory
from vliwc.lang.lower import lower
from vliwc.phases import lower_phases

FOLDER = Path(__file__).resolve().parents[2] / "filetests" / "lang" / "errors"
FILES = sorted(FOLDER.glob("*.vk"))
UPDATE = os.environ.get("VLIWC_UPDATE_GOLDENS") == "1"


def directives(text: str) -> dict[str, str]:
    return dict(
        re.findall(r"^// (params|size|lower|phases|memory|random): *(.*)$", text, re.MULTILINE)
    )


def process(path: Path) -> None:
    """Do with the file what its directives say."""
    text = path.read_text(encoding="utf-8")
    wanted = directives(text)
    program = parse_kernel(text, path.name)
    if "params" not in wanted:
        check(program)
        return
    pairs = (pair.split("=") for pair in wanted["params"].split())
    kernel = bind(program, {name: int(value) for name, value in pairs})
    if "size" in wanted:
        require_size(kernel, 8, int(wanted["size"]))
    if "lower" in wanted:
        lower(kernel, int(wanted["lower"]))
    if "phases" in wanted:
        lower_phases(kernel)
    if "memory" in wanted:
        interpret(kernel, [int(word) for word in wanted["memory"].split()])
    if "random" in wanted:
        random_memory(kernel, int(wanted["random"]))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_error_message(path: Path) -> None:
    with pytest.raises(KernelError) as caught:
        process(path)
    rendered = caught.value.render() + "\n"
    golden = path.with_suffix(".expected")
    if UPDATE:
        golden.write_text(rendered, encoding="utf-8")
    assert rendered == golden.read_text(encoding="utf-8")


def test_every_expectation_has_its_file() -> None:
    assert {path.stem for path in FOLDER.glob("*.expected")} == {path.stem for path in FILES}


def test_every_code_of_the_compiler_is_provoked_somewhere() -> None:
    source = Path(__file__).resolve().parents[3] / "vliwc" / "lang"
    raised = {
        code
        for path in source.rglob("*.py")
        for code in re.findall(r'"(E\d{4})"', path.read_text(encoding="utf-8"))
    }
    shown = {
        code
        for path in FOLDER.glob("*.expected")
        for code in re.findall(r"error\[(E\d{4})\]", path.read_text(encoding="utf-8"))
    }
    # A parameter that is no integer cannot be written in a file; test_api has it.
    assert raised - shown == {"E0504"}

"""Program files: JSON of ours, the take-home's bundles or assembly, told apart by content."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, cast

from isa.assembly import parse_assembly
from isa.errors import ProgramError
from isa.load import LoadError, parse_json, read_text
from isa.program import Program, from_json, from_takehome

_JSON_START: Final = re.compile(r'\s*(\[|\{\s*")')
"""How our JSON formats begin, unlike assembly, whose bundles stand in braces too."""


def parse_program(text: str, *, source: str = "<program>") -> Program:
    """A program from text in any of our formats, recognised by content.

    A JSON object is our program format, a JSON list the take-home's bundles, anything else
    assembly.

    Raises:
        ProgramError: JSON that is no program.
        AssemblyError: text that is neither JSON nor assembly.
    """
    if not _JSON_START.match(text):
        return parse_assembly(text, source=source)
    try:
        data = parse_json(text)
    except LoadError as error:
        raise ProgramError(f"{source}: {error}") from error
    try:
        if isinstance(data, list):
            return from_takehome(cast("list[object]", data))
        return from_json(data)
    except ProgramError as error:
        raise ProgramError(
            f"{source}: {error}", bundle=error.bundle, engine=error.engine, slot=error.slot
        ) from error


def load_program(path: str | Path) -> Program:
    """The program in a file of any of our formats, recognised by content.

    Raises:
        ProgramError: the file cannot be read, or holds no program.
        AssemblyError: assembly with a mistake.
    """
    try:
        text = read_text(path)
    except LoadError as error:
        raise ProgramError(f"{path}: {error}") from error
    return parse_program(text, source=str(path))

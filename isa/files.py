"""Program files: JSON of ours, the take-home's bundles or assembly, told apart by content."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final, cast

from isa.assembly import parse_assembly
from isa.errors import ProgramError
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
        data: object = json.loads(text)
    except ValueError as error:
        raise ProgramError(f"{source}: not valid JSON: {error}") from error
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
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ProgramError(f"{path}: cannot read the program: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ProgramError(f"{path}: not a text file: {error}") from error
    return parse_program(text, source=str(path))

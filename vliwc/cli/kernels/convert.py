"""`vliwc export`, `vliwc asm`, `vliwc disasm`: programs between their formats."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from isa.assembly import format_assembly, parse_assembly
from isa.files import load_program
from isa.program import Program
from isa.validate import check
from vliwc.cli.common.arguments import Json, MachineFile, Output, ProgramFile, load_machine
from vliwc.cli.common.files import STDOUT, read_text, write_text
from vliwc.cli.common.output import print_json


class Format(StrEnum):
    """The forms a program can be written in."""

    PROGRAM = "program"
    TAKEHOME = "takehome"
    ASM = "asm"


Emit = Annotated[
    Format,
    typer.Option(
        "--emit",
        help="program: our versioned JSON; takehome: a JSON list of bundles that the original "
        "Machine executes; asm: assembly text.",
    ),
]


def program_text(program: Program, form: Format, *, comments: bool = False) -> str:
    """The program in one of the formats; assembly with the places of slots as ``comments``."""
    match form:
        case Format.PROGRAM:
            return program.to_json_text()
        case Format.TAKEHOME:
            lines = ",\n".join(json.dumps(bundle) for bundle in program.to_takehome())
            return f"[\n{lines}\n]\n"
        case Format.ASM:
            return format_assembly(program, comments=comments)


def read_program(path: Path, machine: Path | None) -> Program:
    """The program in a file, for another machine than it names if one is given.

    Raises:
        isa.errors.IsaError: the file holds no program, or the machine file no machine.
    """
    program = load_program(path)
    return program if machine is None else replace(program, machine=load_machine(machine))


def export(
    program: ProgramFile,
    emit: Emit = Format.TAKEHOME,
    output: Output = STDOUT,
    machine: MachineFile = None,
    as_json: Json = False,
) -> None:
    """Write a program in another format.

    A program that breaks a rule of the machine is refused, here as in `asm` and `disasm`.
    """
    _convert(read_program(program, machine), emit, output, as_json)


def asm(
    source: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Assembly text.", show_default=False),
    ],
    emit: Emit = Format.PROGRAM,
    output: Output = STDOUT,
    machine: MachineFile = None,
    as_json: Json = False,
) -> None:
    """Assemble text into a program."""
    program = parse_assembly(read_text(source), source=str(source))
    if machine is not None:
        program = replace(program, machine=load_machine(machine))
    _convert(program, emit, output, as_json)


def disasm(
    program: ProgramFile,
    output: Output = STDOUT,
    machine: MachineFile = None,
    comments: Annotated[
        bool,
        typer.Option(
            "--comments/--no-comments",
            help="Say behind each slot from which line of the source and for which lane group it "
            "was made, and what it computes, where the program knows.",
        ),
    ] = True,
    as_json: Json = False,
) -> None:
    """Write a program as assembly text."""
    _convert(read_program(program, machine), Format.ASM, output, as_json, comments=comments)


def _convert(
    program: Program, form: Format, output: Path | None, as_json: bool, *, comments: bool = False
) -> None:
    check(program)
    path = output or STDOUT
    text = program_text(program, form, comments=comments)
    if not as_json:
        write_text(path, text)
        return
    report: dict[str, object] = {"format": form.value, "bundles": len(program.bundles)}
    if path == STDOUT:
        report["text"] = text
    else:
        write_text(path, text)
        report["output"] = str(path)
    print_json(report)

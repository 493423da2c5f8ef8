"""`vliwc run`: a program on our simulator."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, TypedDict, cast

import typer

from isa.endless import WatchedSimulator
from isa.program import DebugKey, decode_key
from isa.trace import record
from vliwc.cli.arguments import Json, MachineFile, ProgramFile
from vliwc.cli.convert import read_program
from vliwc.cli.errors import CommandError
from vliwc.cli.files import image_text, is_word, read_image, read_json, write_text
from vliwc.cli.output import print_fields, print_json

MAX_CYCLES: Final = 100_000_000
"""A program that runs longer most likely does not end."""


class _How(TypedDict):
    """How a program is run, for `WatchedSimulator` and `isa.trace.record` alike."""

    pause: bool
    debug: bool
    max_cycles: int | None
    reference: dict[DebugKey, int]


def run(
    program: ProgramFile,
    memory: Annotated[
        Path,
        typer.Option(
            "--memory",
            metavar="IMAGE.json",
            help="The initial memory: a JSON list of words.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to write the final memory."),
    ] = None,
    trace: Annotated[
        Path | None,
        typer.Option(
            "--trace",
            metavar="FILE",
            help="Where to write a trace for ui.perfetto.dev or chrome://tracing; after a trap, "
            "the trace up to there.",
        ),
    ] = None,
    pause: Annotated[
        bool, typer.Option("--pause", help="Stop at the first pause instead of ignoring pauses.")
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Execute debug comparisons; wants --reference."),
    ] = False,
    reference: Annotated[
        Path | None,
        typer.Option(
            "--reference",
            metavar="FILE.json",
            help="Reference values for debug comparisons: a JSON object from key to word.",
        ),
    ] = None,
    max_cycles: Annotated[
        int,
        typer.Option("--max-cycles", min=0, metavar="N", help="Fail after N cycles."),
    ] = MAX_CYCLES,
    machine: MachineFile = None,
    as_json: Json = False,
) -> None:
    """Run a program on a memory image and print its cycles.

    As in the take-home's tests, pauses and debug slots are ignored unless asked for. A program that
    comes to the same bundle again with nothing changed is refused as one that never ends.
    """
    if reference is not None and not debug:
        raise CommandError("--reference has a meaning only together with --debug")
    loaded = read_program(program, machine)
    image = read_image(memory)
    how: _How = {
        "pause": pause,
        "debug": debug,
        "max_cycles": max_cycles,
        "reference": {} if reference is None else read_reference(reference),
    }
    if trace is None:
        result = WatchedSimulator(loaded, image, **how).run()
    else:
        recorded = record(loaded, image, **how)
        # The way into a trap is what one wants to see of a program that traps.
        write_text(trace, recorded.to_json_text())
        if recorded.error is not None:
            raise recorded.error
        result = recorded.result
    report: dict[str, object] = {
        "cycles": result.cycles,
        "bundles": len(loaded.bundles),
        "status": result.status,
        "pc": result.pc,
        "trace_buffer": result.trace,
        "changed_words": sum(a != b for a, b in zip(image, result.memory, strict=True)),
    }
    if trace is not None:
        report["trace"] = str(trace)
    if out is not None:
        write_text(out, image_text(result.memory))
        report["out"] = str(out)
    if as_json:
        print_json(report)
    else:
        print_fields({name.replace("_", " "): str(value) for name, value in report.items()})


def read_reference(path: Path) -> dict[DebugKey, int]:
    """Reference values by debug key.

    Raises:
        CommandError: the file cannot be read, or is not an object of words.
    """
    data = read_json(path)
    if not isinstance(data, dict):
        raise CommandError(f"{path}: reference values are a JSON object from key to word")
    values: dict[DebugKey, int] = {}
    for key, word in cast("dict[str, object]", data).items():
        if not is_word(word):
            raise CommandError(f"{path}: the value of {key!r} is not from 0 to 2**32 - 1")
        values[decode_key(key)] = cast(int, word)
    return values

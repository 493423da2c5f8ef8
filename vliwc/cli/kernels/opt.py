"""`vliwc opt`: passes of your choice on a function of the lane IR, text in and text out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from vliwc.cli.common.arguments import Json, Output, Verify
from vliwc.cli.common.files import STDOUT, read_stdin, read_text, write_text
from vliwc.cli.common.output import print_json
from vliwc.clock import Clock
from vliwc.diagnostics import Diagnostic, KernelError, SourceFile

if TYPE_CHECKING:
    from vliwc.ir.graph import Function

STDIN: Final = Path("-")
MALFORMED: Final = "E0702"
"""The diagnostic code of a function that breaks a rule of the IR."""


def opt(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.vir",
            help="A function of the lane IR, as `vliwc ir` prints it; - is standard input.",
            show_default=False,
        ),
    ],
    passes: Annotated[
        str,
        typer.Option(
            "--passes",
            metavar="LIST",
            help="Which passes to run, in order: a,b{option=1,names=x+y}. docs/passes.md has them "
            "and their options; an empty list prints the function as it is.",
        ),
    ] = "",
    verify_each: Verify = False,
    output: Output = STDOUT,
    as_json: Json = False,
) -> None:
    """Run passes on a function in .vir form and print what becomes of it, in the same form."""
    # Loading the passes takes longer than `vliwc --help` should.
    from vliwc.ir.text import print_function
    from vliwc.passes.base import run_passes
    from vliwc.passes.pipeline import parse_passes

    chosen = parse_passes(passes)
    name = "<stdin>" if file == STDIN else str(file)
    function = read_function(read_stdin() if file == STDIN else read_text(file), name)
    clock = Clock()
    for each in chosen:
        with clock.stage(each.name):
            function = run_passes(function, [each], check=verify_each)
    text = print_function(function)
    path = output or STDOUT
    if path != STDOUT or not as_json:
        write_text(path, text)
    if as_json:
        seconds = [{"name": name, "seconds": time} for name, time in clock.times]
        print_json({"passes": seconds, "text": text})


def read_function(text: str, name: str) -> Function:
    """The function in ``text``, which keeps the rules of the IR.

    Raises:
        KernelError: it does not; the message has the place.
    """
    from vliwc.ir.text import parse_function
    from vliwc.ir.verify import VerifyError, verify

    function = parse_function(text, name)
    try:
        verify(function)
    except VerifyError as error:
        span = None if error.value is None else error.value.span
        where = f"{name}: " if span is None else ""
        diagnostic = Diagnostic(MALFORMED, f"{where}{error.reason}", span)
        raise KernelError([diagnostic], SourceFile(name, text)) from None
    return function

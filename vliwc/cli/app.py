"""The command line as a whole."""

from __future__ import annotations

import gc
import sys
from typing import Annotated, Final

import typer

from vliwc.cli.common.errors import guarded
from vliwc.cli.experiments.bench import bench
from vliwc.cli.experiments.compare import compare
from vliwc.cli.experiments.history import history
from vliwc.cli.experiments.leaderboard import leaderboard
from vliwc.cli.experiments.tune import tune
from vliwc.cli.kernels.bound import bound
from vliwc.cli.kernels.check import check
from vliwc.cli.kernels.compile import compile_kernel
from vliwc.cli.kernels.convert import asm, disasm, export
from vliwc.cli.kernels.examples import examples
from vliwc.cli.kernels.explain import explain
from vliwc.cli.kernels.image import image
from vliwc.cli.kernels.ir import ir
from vliwc.cli.kernels.lsp import lsp
from vliwc.cli.kernels.opt import opt
from vliwc.cli.kernels.report import report
from vliwc.cli.kernels.run import run
from vliwc.cli.kernels.what_if import what_if
from vliwc.cli.schedules.instances import app as instances
from vliwc.cli.schedules.schedule import schedule, schedulers
from vliwc.version import __version__

# Boxes and colours are for people: in a pipe, help and usage errors are plain text.
app = typer.Typer(
    name="vliwc",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich" if sys.stderr.isatty() else None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"vliwc {__version__}")
        raise typer.Exit


@app.callback()
def _main(  # pyright: ignore[reportUnusedFunction]
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            "-V",
            callback=_print_version,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """Compile kernels for a VLIW SIMD machine, check them, and look at the result.

    Exit codes: 0 done; 1 check found wrong answers, schedule no schedule, compare a scheduler that
    failed, or bench a program that became slower; 2 an error in the input or the arguments; 70 a
    bug in vliwc, with the path of a dump to report.
    """


app.command("compile")(guarded(compile_kernel))
app.command("check")(guarded(check))
app.command("image")(guarded(image))
app.command("run")(guarded(run))
app.command("export")(guarded(export))
app.command("asm")(guarded(asm))
app.command("disasm")(guarded(disasm))
app.command("ir")(guarded(ir))
app.command("opt")(guarded(opt))
app.command("bound")(guarded(bound))
app.command("explain")(guarded(explain))
app.command("report")(guarded(report))
app.command("what-if")(guarded(what_if))
app.command("bench")(guarded(bench))
app.command("schedule")(guarded(schedule))
app.command("schedulers")(guarded(schedulers))
app.add_typer(instances)
app.command("compare")(guarded(compare))
app.command("tune")(guarded(tune))
app.command("history")(guarded(history))
app.command("leaderboard")(guarded(leaderboard))
app.command("examples")(guarded(examples))
app.command("lsp")(guarded(lsp))


GARBAGE: Final = (200_000, 10, 10)
"""New objects, and collections of younger ones, until the collector of cyclic garbage runs.

Compiling makes large graphs that stay; with Python's own thresholds (700, 10, 10) it would spend a
third of the time on walking through them."""


def main() -> None:
    """The console script `vliwc`."""
    gc.set_threshold(*GARBAGE)
    app(prog_name="vliwc")

"""How commands fail: one sentence for the user's mistakes, a dump file for ours.

Exit codes: 0 done; 1 the result is not what was hoped for (wrong answers of `check`, a slower
program in `bench`, a scheduler that failed in `compare`, no schedule in `schedule`); 2 the input is
at fault; 70 the compiler is (EX_SOFTWARE of sysexits.h).
"""

from __future__ import annotations

import errno
import functools
import platform
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, ParamSpec, TypeVar, cast

import typer

from isa.errors import IsaError
from vliwc.diagnostics import InternalError, UserError, write_dump
from vliwc.version import __version__

EXIT_WRONG: Final = 1
EXIT_ERROR: Final = 2
EXIT_INTERNAL: Final = 70

_OUTPUTS: Final = {"output", "out", "trace", "html", "summary", "pairs", "plots", "store"}
"""Arguments that name what a command writes; all other paths are read."""

_LONGEST_LINE: Final = 500
_LONGEST_INPUT: Final = 200_000  # characters of each input file kept in a dump

_P = ParamSpec("_P")
_R = TypeVar("_R")


class CommandError(UserError):
    """The command cannot do what was asked; the message says why and what to do instead."""


def guarded(command: Callable[_P, _R]) -> Callable[_P, _R]:
    """The command with its exceptions turned into messages on stderr and exit codes."""

    @functools.wraps(command)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            _keep_inputs(kwargs)
            return command(*args, **kwargs)
        except (typer.Exit, typer.Abort):
            raise
        except UserError as error:
            message = error.render()
        except IsaError as error:
            message = f"error: {error}"
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # the reader of our output has gone away; typer ends the command quietly
            _report_bug(error, kwargs)
            raise typer.Exit(EXIT_INTERNAL) from error
        typer.echo(_brief(message), err=True)
        raise typer.Exit(EXIT_ERROR)

    return run


def _keep_inputs(arguments: Mapping[str, object]) -> None:
    """Refuse to write onto a file that the command reads or writes, by whatever name or link.

    Raises:
        CommandError: an output is the same file as another path of the command.
    """
    paths = [
        (name, Path(path))
        for name, value in arguments.items()
        for path in (cast("list[object]", value) if isinstance(value, list) else [value])
        if isinstance(path, Path) or (name in _OUTPUTS and isinstance(path, str))
    ]
    for at, (name, path) in enumerate(paths):
        if name in _OUTPUTS and path.is_file():
            for other, taken in paths[:at] + paths[at + 1 :]:
                if taken.is_file() and path.samefile(taken):
                    raise CommandError(
                        f"{path} is {taken}, which is another argument ({other}): "
                        "it would be overwritten"
                    )


def _brief(message: str) -> str:
    """A message without the middle of long lines: it repeats what the user has written."""
    head, tail = _LONGEST_LINE - _LONGEST_LINE // 4, _LONGEST_LINE // 4
    return "\n".join(
        line if len(line) <= _LONGEST_LINE else f"{line[:head]}…{line[-tail:]}"
        for line in message.split("\n")
    )


def _report_bug(error: Exception, arguments: Mapping[str, object]) -> None:
    """Write the dump file of an unexpected exception and tell the user where it is."""
    dump = write_dump(_describe_bug(error, arguments), stem="vliwc-crash", suffix=".txt")
    if isinstance(error, InternalError):
        typer.echo(f"{error}\n  traceback and inputs: {dump}", err=True)
    else:
        name = type(error).__name__
        typer.echo(str(InternalError(f"{name}: {error}", dump)), err=True)


def _describe_bug(error: Exception, arguments: Mapping[str, object]) -> str:
    parts = [
        f"vliwc {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"arguments of the process: {sys.argv}",
        "arguments of the command:",
        *(f"  {name} = {value!r}" for name, value in arguments.items()),
        "",
        "".join(traceback.format_exception(error)),
    ]
    for value in arguments.values():
        if isinstance(value, Path) and value.is_file():
            text = value.read_text(encoding="utf-8", errors="replace")
            shown = text[:_LONGEST_INPUT]
            parts.append(f"==== {value} ({len(text)} characters, {len(shown)} shown)\n{shown}")
    return "\n".join(parts)

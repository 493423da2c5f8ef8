"""Source positions, error messages with carets, and the two kinds of exceptions we raise.

`UserError` is the base of the user's mistakes. One of them, `KernelError`, carries one or several
diagnostics, each with a stable code, and renders them with the guilty source line. `InternalError`
is ours: it says where the intermediate representation was dumped, so that a bug report can contain
it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path

from isa.load import LoadError, read_text

_QUOTE_WIDTH = 100
"""Longer source lines are quoted in part."""
NOT_INDEPENDENT = "E0514"
"""Iterations of a parallel loop that write the same word on every input: known after the passes."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of source text. Lines and columns count from 1; the end column is exclusive."""

    file: str
    start_line: int
    start_col: int
    end_line: int
    end_col: int

    def __str__(self) -> str:
        return f"{self.file}:{self.start_line}:{self.start_col}"

    def to(self, other: Span) -> Span:
        """The stretch from the start of this span to the end of `other`."""
        return Span(self.file, self.start_line, self.start_col, other.end_line, other.end_col)


class Severity(Enum):
    """How bad a diagnostic is; only errors stop a compilation."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class SourceFile:
    """A named text, kept to quote lines from in messages."""

    name: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The text split into lines, without their line ends."""
        return [line.rstrip("\r") for line in self.text.split("\n")]

    def line(self, number: int) -> str:
        """Line `number` (from 1), or the empty string just past the end of the text."""
        return self.lines[number - 1] if 1 <= number <= len(self.lines) else ""

    @staticmethod
    def read(path: str | Path) -> SourceFile:
        """Read a UTF-8 file; raises `KernelError` (E0001) when that is impossible."""
        try:
            return SourceFile(str(path), read_text(path))
        except LoadError as error:
            raise KernelError([Diagnostic("E0001", f"{path}: {error}")]) from None


@dataclass(frozen=True, slots=True)
class Note:
    """A further remark under a diagnostic, with a place of its own if it has one."""

    message: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message: a stable code such as `E0301`, what is wrong, where, and what to do about it."""

    code: str
    message: str
    span: Span | None = None
    hint: str | None = None
    notes: tuple[Note, ...] = field(default=())
    severity: Severity = Severity.ERROR

    def render(self, source: SourceFile | None = None) -> str:
        """The message as text; with `source`, the quoted line and a caret under the guilty part."""
        place = f"{self.span}: " if self.span is not None else ""
        out = [f"{place}{self.severity.value}[{self.code}]: {self.message}"]
        if self.span is not None and source is not None:
            out.extend(_quote(source, self.span))
        if self.hint is not None:
            out.append(f"  hint: {self.hint}")
        for note in self.notes:
            where = f"{note.span}: " if note.span is not None else ""
            out.append(f"  note: {where}{note.message}")
        return "\n".join(out)


def _quote(source: SourceFile, span: Span) -> list[str]:
    """The first line of `span` and a line of carets under the part that lies in the span."""
    text = source.line(span.start_line)
    first = span.start_col - 1
    last = span.end_col - 1 if span.end_line == span.start_line else len(text)
    last = max(last, first + 1)
    if len(text) > _QUOTE_WIDTH:
        # Show the part around the start of the span.
        cut = max(0, min(first - _QUOTE_WIDTH // 2, len(text) - _QUOTE_WIDTH))
        left, right = "…" * (cut > 0), "…" * (cut + _QUOTE_WIDTH < len(text))
        text = left + text[cut : cut + _QUOTE_WIDTH] + right
        first, last = first - cut + len(left), last - cut + len(left)
        last = max(first + 1, min(last, len(text)))
    # Tabs are repeated in the padding so that the caret stands right at any tab width.
    before = "".join("\t" if c == "\t" else " " for c in text[:first].ljust(first))
    number = str(span.start_line)
    return [
        f"  {number} | {text}".rstrip(),
        f"  {' ' * len(number)} | {before}{'^' * (last - first)}",
    ]


class UserError(Exception):
    """Base of all mistakes of the user's: the message says what is wrong, where and what to do.

    Whoever raises anything else lets the user see a crash: commands report these alone, with
    `render`, as an error of the input. (`isa` imports nothing of `vliwc` and has its own base,
    `isa.errors.IsaError`.)
    """

    def render(self) -> str:
        """What a command prints."""
        return f"error: {self}"


class KernelError(UserError):
    """A mistake in a text with places: every error that one stage found, in source order."""

    def __init__(self, diagnostics: Iterable[Diagnostic], source: SourceFile | None = None) -> None:
        self.diagnostics: Sequence[Diagnostic] = tuple(sorted(diagnostics, key=_position))
        self.source = source
        super().__init__(self.render())

    def render(self) -> str:
        """All diagnostics as text, one after the other."""
        return "\n".join(d.render(self.source) for d in self.diagnostics)


def _position(diagnostic: Diagnostic) -> tuple[int, int]:
    span = diagnostic.span
    return (span.start_line, span.start_col) if span is not None else (0, 0)


class InternalError(Exception):
    """A bug in the compiler; `dump_path` holds the intermediate representation at fault."""

    def __init__(self, message: str, dump_path: Path | None = None) -> None:
        self.dump_path = dump_path
        where = f" (dump: {dump_path})" if dump_path is not None else ""
        super().__init__(f"internal error: {message}{where}; please report this as a bug")


def write_dump(text: str, stem: str = "vliwc", suffix: str = ".vir") -> Path:
    """Write `text` to a new temporary file that outlives the process, and return its path."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", prefix=f"{stem}-", suffix=suffix, delete=False
    ) as file:
        file.write(text)
    return Path(file.name)

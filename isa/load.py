"""The one way in for text from outside: files, JSON, TOML and integers, all within stated limits.

Python's own readers recurse without a limit of ours, refuse long integers with an error of another
kind, and take files of any size. What this module lets through is at most `MAX_DEPTH` deep, so that
code may recurse over it, and has integers that can be printed. No other module calls `json.loads`
or `tomllib`; a test says so.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

from isa.errors import IsaError

MAX_BYTES: Final = 1 << 28
"""Size of the largest file that is read: an image of about 20 million words."""

MAX_TOML_BYTES: Final = 1 << 20
"""Size of the longest TOML text: it describes a machine."""

MAX_DEPTH: Final = 100
"""How deep lists and objects may lie in one another."""

MAX_DIGITS: Final = 1300
"""Length of the longest integer: 4096 bits, the language's own limit, take 1234 digits."""

_LONG: Final = re.compile(rf"[0-9]{{{MAX_DIGITS + 1}}}", re.ASCII)
_LONG_TOML: Final = re.compile(
    rf"0[xob][0-9a-fA-F_]{{{MAX_DIGITS}}}|[0-9][0-9_]{{{MAX_DIGITS}}}", re.ASCII
)
_PIECE: Final = re.compile(
    rf'"(?:[^"\\]++|\\.)*+"?|[\[\]{{}}]|{_LONG.pattern}', re.DOTALL | re.ASCII
)
"""A text in quotes, a bracket, or digits that are too many."""

_INTEGER: Final = re.compile(r"[+-]?(0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9][0-9_]*)")
_SHOWN: Final = 40


class LoadError(IsaError, ValueError):
    """Text from outside that is too long, too deep, or not what it should be; without the file."""


def shown(value: object) -> str:
    """A piece of input for a message, cut where it is long."""
    return cut(repr(str(value) if isinstance(value, str) else value))  # tokens are text, too


def cut(text: str) -> str:
    """`text`, or its beginning where it is long."""
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def read_bytes(path: str | Path) -> bytes:
    """The bytes of a file. Raises `LoadError`: it cannot be read or is larger than `MAX_BYTES`."""
    try:
        with Path(path).open("rb") as file:
            return _read(file)
    except OSError as error:
        raise LoadError(f"cannot be read: {error.strerror or error}") from error
    except LoadError:
        raise
    except ValueError as error:  # a NUL in the name
        raise LoadError(f"cannot be read: {error}") from error


def read_text(path: str | Path) -> str:
    """The text of a UTF-8 file, without a byte order mark. Raises `LoadError`."""
    return decoded(read_bytes(path))


def read_stream(stream: BinaryIO) -> str:
    """The text of a stream such as standard input, read to its end as `read_text` reads a file."""
    return decoded(_read(stream))


def _read(stream: BinaryIO) -> bytes:
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise LoadError(f"cannot be read: it has more than {MAX_BYTES} bytes")
    return data


def decoded(data: bytes) -> str:
    """The text of UTF-8 bytes, as `read_text` gives it. Raises `LoadError`."""
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise LoadError(
            f"not a text file: not UTF-8 text ({error.reason} at byte {error.start})"
        ) from error


def parse_json(text: str | bytes) -> object:
    """The data in JSON text. Raises `LoadError`."""
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        _require_limits(text)
        return json.loads(text.removeprefix("\ufeff"))
    except LoadError:
        raise
    except (ValueError, RecursionError) as error:
        raise LoadError(f"not valid JSON: {error}") from error


def parse_toml(text: str) -> dict[str, object]:
    """The table in TOML text. Raises `LoadError`."""
    if len(text) > MAX_TOML_BYTES:
        raise LoadError(f"more than {MAX_TOML_BYTES} characters")
    if _LONG_TOML.search(text):  # also in texts, whose quotes have more forms than `_PIECE` knows
        raise LoadError(f"an integer has more than {MAX_DIGITS} digits")
    _require_limits(text)
    try:
        table: dict[str, object] = tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise LoadError(f"not valid TOML: {error}") from error
    _require_depth(table)
    return table


def parse_integer(text: str, least: int | None = None, most: int | None = None) -> int:
    """An integer as Python writes it (0x10, 1_000), not below `least` nor above `most`.

    Raises `LoadError` with the text, cut where it is long.
    """
    if not _INTEGER.fullmatch(text):
        raise LoadError(f"{shown(text)} is not an integer")
    if len(text) > MAX_DIGITS:
        raise LoadError(f"{shown(text)} has more than {MAX_DIGITS} digits")
    try:
        value = int(text, 0) if text.lstrip("+-")[1:2].isalpha() else int(text)
    except ValueError:  # underscores where Python wants none
        raise LoadError(f"{shown(text)} is not an integer") from None
    if (least is not None and value < least) or (most is not None and value > most):
        low, high = "" if least is None else f"from {least} ", "" if most is None else f"to {most}"
        raise LoadError(f"{shown(text)} is not an integer {low}{high}".rstrip())
    return value


def _require_limits(text: str) -> None:
    """Refuse text with long integers or deep brackets before anything is built of it."""
    brackets = text.count("[") + text.count("{")
    if brackets <= MAX_DEPTH and not _LONG.search(text):
        return
    depth = 0
    for found in _PIECE.finditer(text):
        match text[found.start()]:
            case '"':
                pass
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
            case _:
                raise LoadError(f"an integer has more than {MAX_DIGITS} digits")
        if depth > MAX_DEPTH:
            raise LoadError(f"lists and objects lie more than {MAX_DEPTH} deep in one another")


def _require_depth(table: dict[str, object]) -> None:
    """Refuse tables that dotted keys have made deep."""
    level: list[object] = [table]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _children(outer)]
    if level:
        raise LoadError(f"tables lie more than {MAX_DEPTH} deep in one another")


def _children(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from cast("dict[str, object]", value).values()
    elif isinstance(value, list):
        yield from cast("list[object]", value)

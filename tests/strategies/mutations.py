"""Damaged files: bytes of a valid file with a few faults as disks, editors and people make them."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Final, cast

NUMBERS: Final = (
    *(
        "0",
        "-1",
        "1",
        "2",
        "5",
        "64",
        "2147483647",
        "2147483648",
        "4294967296",
        "9223372036854775808",
    ),
    *("1000000", "-2147483649", "1" + 30 * "0", 5000 * "9", "-" + 5000 * "7", "0x" + 5000 * "f"),
    *("1e999", "-1e5", "0.5", "NaN", "Infinity", "\u0663", "1_000", "007", "true", ""),
)
"""What stands in place of a number: large, negative, of other kinds, or of too many digits."""

PIECES: Final = (
    *(b"\xef\xbb\xbf", b"\0", b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\r", b"\t"),
    *(b"\\ud800", b"\\u0000", b'"', b"'", b"\\", b"{", b"}", b"[", b"]", b"(", b")", b",", b";"),
    *(b"=", b":", b"#", b"//", b"*", b"-", b"..", b"\n\n", b"\x1a", "\u2028é".encode()),
)
"""What is put in somewhere: marks, controls, bytes that are no UTF-8, brackets, separators."""

DEEP: Final = (b"(", b"[", b"{", b'{"a":', b"[[", b"if true then ", b"-", b"!", b"{ for i in 0..1 ")

VALUES: Final[tuple[object, ...]] = (
    *(None, True, 0, -1, 1.5, 1e300, 2**31, 2**64, 10**30, "", "x", "\ud800", "\0", "9" * 5000),
    *([], {}, [[]], [None], {"a": 1}, {"": {}}, [1, "a"], [10**6] * 3, "12", "-1", [True]),
)
"""What stands in place of a part of JSON data."""

_NUMBER: Final = re.compile(rb"[0-9]+")
_WORD: Final = re.compile(rb"[A-Za-z_][A-Za-z_0-9]*")

Mutation = Callable[[bytes, random.Random], bytes]


def mutate(data: bytes, rng: random.Random) -> bytes:
    """`data` with one to three faults."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        data = rng.choice(MUTATIONS)(data, rng)
    return data


def _at(data: bytes, rng: random.Random) -> int:
    return rng.randint(0, len(data))


def _flip(data: bytes, rng: random.Random) -> bytes:
    """Some bits the other way round."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4) if data else 0):
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: _at(data, rng)]


def _insert(data: bytes, rng: random.Random) -> bytes:
    at = rng.choice((0, len(data), _at(data, rng), _at(data, rng)))
    return data[:at] + rng.choice(PIECES) + data[at:]


def _nest(data: bytes, rng: random.Random) -> bytes:
    """Brackets and the like deep in one another, open or closed again."""
    at, piece, count = _at(data, rng), rng.choice(DEEP), rng.choice((3, 99, 101, 3000, 50_000))
    close = {b"(": b")", b"[": b"]", b"{": b"}"}.get(piece[:1], b"")
    end = rng.randint(at, min(len(data), at + 10)) if close and rng.random() < 0.5 else at
    return (
        data[:at] + count * piece + data[at:end] + (count * close if end > at else b"") + data[end:]
    )


def _number(data: bytes, rng: random.Random) -> bytes:
    """Another number, or what is none, in the place of one."""
    found = list(_NUMBER.finditer(data))
    if not found:
        return data
    chosen = rng.choice(found)
    return data[: chosen.start()] + rng.choice(NUMBERS).encode() + data[chosen.end() :]


def _word(data: bytes, rng: random.Random) -> bytes:
    """One word in the place of another."""
    found = list(_WORD.finditer(data))
    if not found:
        return data
    to, chosen = rng.choice(found), rng.choice(found)
    return data[: to.start()] + chosen.group() + data[to.end() :]


def _lines(data: bytes, rng: random.Random) -> bytes:
    """Lines deleted, repeated (also very often), or exchanged."""
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    match rng.randrange(5):
        case 0:
            del lines[at : at + rng.randint(1, 3)]
        case 1:
            lines[at:at] = lines[at : at + rng.randint(1, 3)]
        case 2:
            lines[at:at] = [lines[at][:200]] * 1000
        case 3:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        case _:
            return b"\r\n".join(lines)
    return b"\n".join(lines)


def _repeat(data: bytes, rng: random.Random) -> bytes:
    """A part twice, or the whole."""
    at = _at(data, rng)
    end = rng.choice((len(data), min(len(data), at + rng.randint(1, 40))))
    return data[:end] + data[at:]


def _cut_out(data: bytes, rng: random.Random) -> bytes:
    at = _at(data, rng)
    return data[:at] + data[at + rng.randint(1, 40) :]


def _json(data: bytes, rng: random.Random) -> bytes:
    """Another value, or none, in the place of a part of JSON data; text that is none stays."""
    try:
        whole = [json.loads(data)]
    except (ValueError, RecursionError):
        return _number(data, rng)
    inner: list[object] | dict[str, object] = whole
    key: int | str = 0
    while rng.random() < 0.8:
        deeper = inner[int(key)] if isinstance(inner, list) else inner[str(key)]
        if not isinstance(deeper, (dict, list)) or not deeper:
            break
        inner = cast("list[object] | dict[str, object]", deeper)
        key = rng.randrange(len(inner)) if isinstance(inner, list) else rng.choice(list(inner))
    _set(inner, key, rng)
    try:
        return json.dumps(whole[0]).encode()
    except RecursionError:
        return data


def _set(inner: list[object] | dict[str, object], key: int | str, rng: random.Random) -> None:
    value = rng.choice(VALUES)
    match inner, rng.randrange(5):
        case dict(), 0:
            del inner[str(key)]
        case dict(), 1:
            inner[rng.choice(("", "x", "\0", str(key).upper(), "9" * 3000))] = value
        case dict(), _:
            inner[str(key)] = value
        case list(), 0 if len(inner) > 1:
            del inner[int(key)]
        case list(), 1 if len(inner) > 1:
            inner.insert(int(key), inner[rng.randrange(len(inner))])
        case _:
            inner[int(key)] = value


MUTATIONS: Final[tuple[Mutation, ...]] = (
    *(_flip, _truncate, _insert, _insert, _nest, _number, _number, _number),
    *(_word, _lines, _lines, _repeat, _cut_out, _json, _json, _json, _json),
)

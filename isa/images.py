"""Memory images in files: JSON, NumPy's ``.npy`` for all words, ``.npz`` for arrays by name.

Files are recognised by content when they are read, by the ending of their name when written.
"""

from __future__ import annotations

import io
import json
import tokenize
import zipfile
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Final, cast

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from isa.arrays import ArrayPlace, Words, as_words, read_array, write_arrays
from isa.errors import MemoryImageError
from isa.load import MAX_BYTES, LoadError, decoded, parse_json, read_bytes

_NPY: Final = b"\x93NUMPY"
_ZIP: Final = b"PK"
_MEMBER: Final = ".npy"
_SHOWN: Final = 40


def read_image(path: str | Path, places: Sequence[ArrayPlace] | None = None) -> list[int]:
    """The words of the image in a file; ``places`` says where the arrays of an ``.npz`` lie.

    Raises:
        MemoryImageError: the file cannot be read, or holds something else; the message names the
            first word at fault.
    """
    try:
        data = read_bytes(path)
    except LoadError as error:
        raise MemoryImageError(f"{path}: {error}") from error
    try:
        if data.startswith(_NPY):
            return _row(as_words("image", _npy(data)))
        if data.startswith(_ZIP):
            return _by_name(data, places)
        return _json(data)
    except MemoryImageError as error:
        raise MemoryImageError(f"{path}: {error}") from error


def read_words(path: str | Path) -> Words:
    """One array in a file: ``.npy`` in its shape, or a JSON list of words.

    Raises:
        MemoryImageError: as of `read_image`.
    """
    try:
        data = read_bytes(path)
        found = _npy(data) if data.startswith(_NPY) else np.array(_json(data), dtype=np.uint32)
        return as_words("of the file", found)
    except (LoadError, MemoryImageError) as error:
        raise MemoryImageError(f"{path}: {error}") from error


def image_bytes(
    path: str | Path, words: Sequence[int], places: Sequence[ArrayPlace] | None
) -> bytes:
    """The words as the content of a file of this name: ``.npy``, ``.npz`` (the arrays at
    ``places``), or JSON.

    Raises:
        MemoryImageError: ``.npz`` is wanted, and there are no places.
    """
    ending = Path(path).suffix.lower()
    stream = io.BytesIO()
    if ending == ".npy":
        np.save(stream, np.array(words, dtype=np.uint32))
        return stream.getvalue()
    if ending == ".npz":
        if places is None:
            raise MemoryImageError(
                f"{path}: the program does not name its arrays; write .npy or .json"
            )
        with zipfile.ZipFile(stream, "w") as archive:
            for place in places:
                member = io.BytesIO()
                np.save(member, read_array(place, words))
                # With a date of its own, the same words would give other bytes every time.
                archive.writestr(zipfile.ZipInfo(place.name + _MEMBER), member.getvalue())
        return stream.getvalue()
    return (json.dumps(list(words)) + "\n").encode()


def _json(data: bytes) -> list[int]:
    try:
        words = parse_json(decoded(data))
    except LoadError as error:
        raise MemoryImageError(str(error)) from error
    if not isinstance(words, list):
        raise MemoryImageError("a memory image is a JSON list of words")
    for index, word in enumerate(cast("list[object]", words)):
        if not isinstance(word, int) or isinstance(word, bool) or not 0 <= word < 1 << 32:
            shown = json.dumps(word)
            shown = shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 3]}..."
            raise MemoryImageError(f"word {index} is {shown}, not an integer from 0 to 2**32 - 1")
    return cast("list[int]", words)


def _row(words: Words) -> list[int]:
    if words.ndim != 1:
        raise MemoryImageError(f"an image is one row of words, not an array of {words.shape}")
    return words.tolist()


def _by_name(data: bytes, places: Sequence[ArrayPlace] | None) -> list[int]:
    if places is None:
        raise MemoryImageError("arrays by name are for a program that names its arrays")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > MAX_BYTES:
                raise MemoryImageError(f"it unpacks to more than {MAX_BYTES} bytes")
            given = {m.filename.removesuffix(_MEMBER): _npy(archive.read(m)) for m in members}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise MemoryImageError(f"no archive of arrays: {error}") from error
    missing = [place.name for place in places if place.is_input and place.name not in given]
    if missing:
        raise MemoryImageError(f"it has no words for {', '.join(missing)}")
    return write_arrays(places, given, [])


def _npy(data: bytes) -> NDArray[np.generic]:
    """The array in the content of an ``.npy`` file, whose head must tell its true size."""
    stream = io.BytesIO(data)
    try:
        version = npy.read_magic(stream)
        head = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, kind = head(stream)
        if kind.hasobject or prod(shape) * kind.itemsize != len(data) - stream.tell():
            raise MemoryImageError("not the numbers that its head announces")
        stream.seek(0)
        return np.load(stream, allow_pickle=False)
    except (ValueError, EOFError, OverflowError, SyntaxError, tokenize.TokenError) as error:
        raise MemoryImageError(f"no array of NumPy's: {error}") from error

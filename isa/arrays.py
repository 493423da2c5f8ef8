"""Arrays in a memory image: from words to NumPy arrays by name and back.

A program may name the arrays of its memory in its meta data, in the order of their declaration:

    "arrays": [{"name": "x", "base": 2, "shape": [8, 4], "role": "in"}, ...]

``shape`` lists the lengths of the dimensions, outermost first; the words lie in row-major order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Final, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isa.errors import MemoryImageError, ProgramError
from isa.load import shown
from isa.program import JSON, Program

KEY: Final = "arrays"

INPUT_ROLES: Final = ("in", "inout", "in scratch")
"""Roles of arrays that a program reads words of."""
OUTPUT_ROLES: Final = ("out", "inout")
"""Roles of arrays that are its result."""

Words = NDArray[np.uint32]


@dataclass(frozen=True)
class ArrayPlace:
    """``prod(shape)`` words of memory from address ``base``; ``role`` as in the kernel language."""

    name: str
    base: int
    shape: tuple[int, ...]
    role: str

    @property
    def length(self) -> int:
        """The array's words."""
        return prod(self.shape)

    @property
    def end(self) -> int:
        """The address after the last word."""
        return self.base + self.length

    @property
    def is_input(self) -> bool:
        """Whether the program reads what stands there before it runs."""
        return self.role in INPUT_ROLES

    @property
    def is_output(self) -> bool:
        """Whether what stands there after the run is a result."""
        return self.role in OUTPUT_ROLES

    def to_json(self) -> dict[str, JSON]:
        """The place as the JSON data of ``meta["arrays"]``."""
        return {
            "name": self.name,
            "base": self.base,
            "shape": list(self.shape),
            "role": self.role,
        }


def array_places(program: Program) -> list[ArrayPlace] | None:
    """The arrays that the program's meta data names; None if it says nothing of them.

    Raises:
        ProgramError: the meta data has another form.
    """
    if KEY not in program.meta:
        return None
    data = program.meta[KEY]
    if not isinstance(data, list):
        raise ProgramError(f'meta["{KEY}"] of the program must be a list of arrays')
    return [_place(entry, number) for number, entry in enumerate(data)]


def _place(entry: JSON, number: int) -> ArrayPlace:
    if isinstance(entry, dict):
        name, base, shape, role = (entry.get(key) for key in ("name", "base", "shape", "role"))
        if (
            isinstance(name, str)
            and isinstance(role, str)
            and _is_size(base)
            and isinstance(shape, list)
            and all(map(_is_size, shape))
        ):
            sizes = cast("list[int]", shape)
            return ArrayPlace(name, cast(int, base), tuple(sizes), role)
    raise ProgramError(
        f'meta["{KEY}"][{number}] of the program needs "name", "base", "shape" and "role"'
    )


def _is_size(value: JSON) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def image_words(places: Iterable[ArrayPlace]) -> int:
    """The least number of words of an image that holds all arrays."""
    return max((place.end for place in places), default=0)


def read_array(place: ArrayPlace, memory: Sequence[int]) -> Words:
    """A copy of the words of an array, in its shape.

    Raises:
        MemoryImageError: the memory ends before the array does.
    """
    if len(memory) < place.end:
        raise MemoryImageError(
            f"array {place.name} ends at word {place.end}, but the image has {len(memory)} words"
        )
    return np.array(memory[place.base : place.end], dtype=np.uint32).reshape(place.shape)


def write_arrays(
    places: Sequence[ArrayPlace], given: Mapping[str, ArrayLike], image: Sequence[int]
) -> list[int]:
    """The image with the words of the arrays that are given by name; it grows where it must.

    Raises:
        MemoryImageError: there is no such array, or its words have another shape or are no
            unsigned 32-bit integers.
    """
    by_name = {place.name: place for place in places}
    words = list(image)
    words += [0] * (image_words(places) - len(words))
    for name, values in given.items():
        place = by_name.get(name)
        if place is None:
            known = ", ".join(by_name) or "none"
            raise MemoryImageError(f"there is no array {shown(name)}; the arrays are {known}")
        words[place.base : place.end] = as_words(name, values, place.shape).ravel().tolist()
    return words


def as_words(name: str, values: ArrayLike, shape: tuple[int, ...] | None = None) -> Words:
    """Values as unsigned 32-bit words, of ``shape`` if one is wanted.

    Raises:
        MemoryImageError: they are no integers from 0 to 2**32 - 1, or of another shape.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise MemoryImageError(f"array {name}: {error}") from None
    if array.dtype.kind not in "iu" and array.size:
        # Objects may be integers that fit no type of NumPy's, which are out of range then.
        raise MemoryImageError(
            f"array {name} has elements of type {array.dtype}, not integers from 0 to 2**32 - 1"
        )
    if array.size and not (0 <= int(array.min()) and int(array.max()) < 1 << 32):
        bad = int(array.min()) if int(array.min()) < 0 else int(array.max())
        raise MemoryImageError(
            f"array {name} holds {bad}; words are from 0 to 2**32 - 1 "
            "(x % 2**32 makes a word of any integer)"
        )
    if shape is not None and array.shape != shape:
        raise MemoryImageError(
            f"array {name} has shape {array.shape}; the kernel's has shape {shape}"
        )
    return array.astype(np.uint32)

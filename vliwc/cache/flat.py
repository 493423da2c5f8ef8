"""Object graphs as bytes, however deep they are.

The standard pickler follows references by recursion.  Values of the lane IR and machine operations
refer to those they depend on, in chains as long as the kernel; so each of them is numbered, its
fields are written by themselves, and everywhere else it is only its number.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from vliwc.ir.value import Value
from vliwc.mir.operation import MOp

FLAT = (Value, MOp)
"""The classes whose objects form long chains."""
_FIELDS: dict[type, list[str]] = {kind: [field.name for field in fields(kind)] for kind in FLAT}
_PROTOCOL = 5


class _Pickler(pickle.Pickler):
    """Writes numbers for flat objects and collects those."""

    def __init__(self, file: io.BytesIO, numbers: dict[object, int]) -> None:
        super().__init__(file, _PROTOCOL)
        self._numbers = numbers

    def persistent_id(self, obj: object) -> int | None:
        if type(obj) not in _FIELDS:
            return None
        return self._numbers.setdefault(obj, len(self._numbers))


class _Unpickler(pickle.Unpickler):
    """Puts the flat objects where their numbers stand."""

    def __init__(self, data: bytes, objects: Sequence[object]) -> None:
        super().__init__(io.BytesIO(data))
        self._objects = objects

    def persistent_load(self, pid: Any) -> object:
        return self._objects[pid]


def dumps(root: object) -> bytes:
    """``root`` and all it refers to.  Raises what the standard pickler raises."""
    numbers: dict[object, int] = {}
    parts = [_part(root, numbers)]
    kinds: list[type] = []
    while len(kinds) < len(numbers):
        batch = list(numbers)[len(kinds) :]
        kinds += [type(obj) for obj in batch]
        parts.append(
            _part([[getattr(obj, name) for name in _FIELDS[type(obj)]] for obj in batch], numbers)
        )
    return pickle.dumps((kinds, parts), _PROTOCOL)


def _part(data: object, numbers: dict[object, int]) -> bytes:
    file = io.BytesIO()
    _Pickler(file, numbers).dump(data)
    return file.getvalue()


def loads(data: bytes) -> Any:
    """What :func:`dumps` has written; only of bytes that this user's own process wrote."""
    kinds, parts = pickle.loads(data)
    objects: list[Any] = [object.__new__(kind) for kind in kinds]
    at = 0
    for part in parts[1:]:
        for row in _Unpickler(part, objects).load():
            for name, word in zip(_FIELDS[type(objects[at])], row, strict=True):
                object.__setattr__(objects[at], name, word)
            at += 1
    return _Unpickler(parts[0], objects).load()

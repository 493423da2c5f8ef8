"""Programs: bundles of slots, their JSON format, and the exchange with the take-home.

A bundle maps an engine name to the slots it executes, in the same shape as the take-home's; a slot
is ``(operation, operand, ...)``. See `isa.opcodes` for the operations and `isa.validate` for the
rules a program must keep.

Debug slots name reference values by keys of any shape. In a `Program` a key is an ordinary text
operand, made by `encode_key`; `to_takehome` and `from_takehome` translate.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, SupportsIndex, TypeAlias, cast

from isa.errors import MachineError, ProgramError
from isa.load import LoadError, parse_json
from isa.machine import DEFAULT_MACHINE, MachineSpec

JSON: TypeAlias = "None | bool | int | float | str | list[JSON] | dict[str, JSON]"
"""Any JSON value."""

Slot: TypeAlias = tuple[str | int, ...]
"""``(operation, operand, ...)``; numbers, except for the text operands of debug operations."""

Bundle: TypeAlias = dict[str, list[Slot]]
"""Engine name -> slots. The order of engines matters only where two slots write one word."""

DebugKey: TypeAlias = "str | int | tuple[DebugKey, ...]"
"""Key of a reference value in a debug slot of the take-home."""

FORMAT: Final = "vliwc-program"
VERSION: Final = 1


@dataclass(frozen=True, repr=False)
class Program:
    """A program for one core.

    Attributes:
        bundles: one bundle per cycle; bundles without an engine other than ``debug`` cost nothing.
        machine: the machine it is for.
        meta: anything worth keeping with it, as JSON (kernel, parameters, names of scratch words).
    """

    bundles: tuple[Bundle, ...]
    machine: MachineSpec = DEFAULT_MACHINE
    meta: dict[str, JSON] = field(default_factory=dict[str, JSON], hash=False)

    def __repr__(self) -> str:
        name = self.meta.get("kernel", self.meta.get("name"))
        of = "" if name is None else f"{name}: "
        return f"<Program {of}{len(self.bundles)} bundles for machine {self.machine.name}>"

    def to_json(self) -> dict[str, JSON]:
        """The program as JSON data; `from_json` reads it back exactly."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "machine": cast(JSON, self.machine.to_dict()),
            "meta": self.meta,
            "bundles": [
                {engine: [list(slot) for slot in slots] for engine, slots in bundle.items()}
                for bundle in self.bundles
            ],
        }

    def to_json_text(self) -> str:
        """The program as JSON text, one bundle per line."""
        data = self.to_json()
        bundles = cast("list[JSON]", data.pop("bundles"))
        head = json.dumps(data, indent=1).removesuffix("\n}")
        lines = ",\n".join(f"  {json.dumps(bundle)}" for bundle in bundles)
        return f'{head},\n "bundles": [\n{lines}\n ]\n}}\n'

    def to_takehome(self) -> list[dict[str, list[tuple[object, ...]]]]:
        """The bundles as the take-home's ``Machine`` executes them; also plain JSON data.

        Debug keys get their original shape back.
        """
        return [
            {
                engine: [_slot_to_takehome(engine, slot) for slot in slots]
                for engine, slots in bundle.items()
            }
            for bundle in self.bundles
        ]


def encode_key(key: object) -> str:
    """A debug key as a text operand: plain text as it is, anything else as JSON.

    Text that would itself read as JSON is quoted, so that `decode_key` gives back every key built
    of text, integers and tuples.
    """
    if isinstance(key, str):
        try:
            parse_json(key)
        except LoadError:
            return key
    return json.dumps(key, default=str)


def decode_key(text: str) -> DebugKey:
    """The debug key that `encode_key` wrote as `text`; JSON lists become tuples.

    Text that is no JSON, or JSON that is no key (objects, which cannot be looked up, and NaN, which
    would not be found), stands for itself.
    """
    try:
        value = parse_json(text)
    except LoadError:
        return text
    return _tuples(value) if _is_key(value) else text


def _is_key(value: object) -> bool:
    if isinstance(value, list):
        return all(_is_key(item) for item in cast("list[object]", value))
    return not isinstance(value, dict) and value == value


def _tuples(value: object) -> DebugKey:
    if isinstance(value, list):
        return tuple(_tuples(item) for item in cast("list[object]", value))
    return cast(DebugKey, value)


def _slot_to_takehome(engine: str, slot: Slot) -> tuple[object, ...]:
    if engine == "debug" and slot[:1] == ("compare",):
        return (*slot[:2], *(decode_key(str(key)) for key in slot[2:]))
    if engine == "debug" and slot[:1] == ("vcompare",):
        keys = (decode_key(str(text)) for text in slot[2:])
        return (*slot[:2], *(list(key) if isinstance(key, tuple) else key for key in keys))
    return slot


def _slot_from_takehome(engine: str, slot: Sequence[object], place: str) -> Slot:
    if engine == "debug":
        is_check = slot[:1] in (("compare",), ("vcompare",), ["compare"], ["vcompare"])
        plain = 2 if is_check else len(slot)
        return tuple(
            _debug_operand(operand) if index < plain else encode_key(operand)
            for index, operand in enumerate(slot)
        )
    operands: list[str | int] = []
    for operand in slot:
        if isinstance(operand, str):
            operands.append(operand)
        elif isinstance(operand, SupportsIndex):
            operands.append(int(operand))
        else:
            raise ProgramError(
                f"{place}: operand {operand!r} of {list(slot)!r} is neither text nor an integer"
            )
    return tuple(operands)


def _debug_operand(operand: object) -> str | int:
    if isinstance(operand, str):
        return operand
    return int(operand) if isinstance(operand, SupportsIndex) else encode_key(operand)


def _bundle_from_data(data: object, index: int, *, keys_encoded: bool) -> Bundle:
    place = f"bundle {index}"
    if not isinstance(data, Mapping):
        raise ProgramError(f"{place}: {data!r} is not a table of engines", bundle=index)
    bundle: Bundle = {}
    for engine, slots in cast("Mapping[object, object]", data).items():
        if not isinstance(engine, str):
            raise ProgramError(f"{place}: engine name {engine!r} is not text", bundle=index)
        if not isinstance(slots, (list, tuple)):
            raise ProgramError(
                f"{place}, {engine}: {slots!r} is not a list of slots", bundle=index, engine=engine
            )
        bundle[engine] = []
        for number, slot in enumerate(cast("Sequence[object]", slots)):
            slot_place = f"{place}, {engine} slot {number}"
            if not isinstance(slot, (list, tuple)):
                raise ProgramError(
                    f"{slot_place}: {slot!r} is not a list of an operation and its operands",
                    bundle=index,
                    engine=engine,
                    slot=number,
                )
            shape_of = "" if keys_encoded else engine
            bundle[engine].append(
                _slot_from_takehome(shape_of, cast("Sequence[object]", slot), slot_place)
            )
    return bundle


def from_takehome(
    bundles: Sequence[object],
    machine: MachineSpec = DEFAULT_MACHINE,
    meta: Mapping[str, JSON] | None = None,
) -> Program:
    """A program from the take-home's list of bundles (tuples or lists, Python or JSON data).

    Only the shape is looked at, so that everything the original ``Machine`` executes can be
    simulated; ask `isa.validate.validate` whether the program keeps the rules.

    Raises:
        ProgramError: some bundle or slot does not have the shape of one.
    """
    converted = (
        _bundle_from_data(bundle, index, keys_encoded=False) for index, bundle in enumerate(bundles)
    )
    return Program(tuple(converted), machine, dict(meta or {}))


def from_json(data: object) -> Program:
    """The program in JSON data (or JSON text) written by `Program.to_json`.

    Raises:
        ProgramError: the data is not a program, or of a version this package does not read.
    """
    if isinstance(data, (str, bytes)):
        try:
            data = parse_json(data)
        except LoadError as error:
            raise ProgramError(f"program: {error}") from error
    if not isinstance(data, Mapping):
        raise ProgramError(f'program is not a JSON object with a "format" of {FORMAT!r}')
    table = cast("Mapping[str, object]", data)
    if table.get("format") != FORMAT:
        raise ProgramError(f"format is {table.get('format')!r}; expected {FORMAT!r}")
    if table.get("version") != VERSION:
        raise ProgramError(
            f"program has version {table.get('version')!r}; this package reads version {VERSION}"
        )
    unknown = sorted(set(table) - {"format", "version", "machine", "meta", "bundles"})
    if unknown:
        raise ProgramError(f"program has unknown keys {unknown}")
    meta, bundles, machine = (table.get(key) for key in ("meta", "bundles", "machine"))
    if not isinstance(bundles, list):
        raise ProgramError('program has no list of "bundles"')
    if not isinstance(meta, dict) or not isinstance(machine, dict):
        raise ProgramError('program needs the objects "machine" and "meta"')
    try:
        spec = MachineSpec.from_dict(cast("dict[str, object]", machine), source="program machine")
    except MachineError as error:
        raise ProgramError(str(error)) from error
    converted = (
        _bundle_from_data(bundle, index, keys_encoded=True)
        for index, bundle in enumerate(cast("list[object]", bundles))
    )
    return Program(tuple(converted), spec, cast("dict[str, JSON]", meta))

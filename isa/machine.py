"""Descriptions of machines: slots per engine, vector length, scratch size.

`DEFAULT_MACHINE` is the machine of the take-home. Other sizes can be described in TOML::

    name = "half"
    vlen = 8
    scratch_words = 768

    [slots]
    alu = 6
    valu = 3
    load = 1

Keys that are left out keep the value of the default machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final, cast

from isa.errors import MachineError
from isa.load import LoadError, parse_toml, read_text, shown
from isa.opcodes import ENGINES

MAX_SLOTS: Final = 4096
MAX_VLEN: Final = 1024
MAX_SCRATCH: Final = 1 << 20
"""The largest machine: schedulers and simulators keep a table of each of these sizes."""

_DEFAULT_SLOTS: Final = {"alu": 12, "valu": 6, "load": 2, "store": 2, "flow": 1, "debug": 64}


@dataclass(frozen=True)
class MachineSpec:
    """A machine.

    Attributes:
        name: for reports.
        slots: slots per bundle of every engine in `isa.opcodes.ENGINES`.
        vlen: words in a vector.
        scratch_words: words of scratch.
        latency: bundles until a result can be read; only 1 exists.

    Raises:
        MachineError: a field is missing, unknown, not a positive integer, or above its limit.
    """

    name: str = "takehome"
    slots: dict[str, int] = field(default_factory=lambda: dict(_DEFAULT_SLOTS), hash=False)
    vlen: int = 8
    scratch_words: int = 1536
    latency: int = 1

    def __post_init__(self) -> None:
        if not self.name:
            raise MachineError("machine: name is empty; give the machine a name")
        for engine in self.slots:
            if engine not in ENGINES:
                raise MachineError(
                    f"machine {self.name!r}: unknown engine {engine!r} in slots; "
                    f"the engines are {', '.join(ENGINES)}"
                )
        missing = [engine for engine in ENGINES if engine not in self.slots]
        if missing:
            raise MachineError(
                f"machine {self.name!r}: no slot count for {', '.join(missing)}; "
                "give every engine at least one slot"
            )
        for engine, count in self.slots.items():
            self._require_size(f"slots.{engine}", count, MAX_SLOTS)
        self._require_size("vlen", self.vlen, MAX_VLEN)
        self._require_size("scratch_words", self.scratch_words, MAX_SCRATCH)
        if self.latency != 1 or type(self.latency) is not int:
            raise MachineError(
                f"machine {self.name!r}: latency is {self.latency!r}; every operation of this "
                "machine has latency 1, remove the key"
            )
        if self.scratch_words < self.vlen:
            raise MachineError(
                f"machine {self.name!r}: scratch_words = {self.scratch_words} cannot hold one "
                f"vector of {self.vlen} words"
            )
        ordered = {engine: self.slots[engine] for engine in ENGINES}
        object.__setattr__(self, "slots", ordered)

    def _require_size(self, key: str, value: object, most: int) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise MachineError(
                f"machine {self.name!r}: {key} is {shown(value)}; it must be a positive integer"
            )
        if value > most:
            raise MachineError(
                f"machine {self.name!r}: {key} is {shown(value)}; at most {most} are possible"
            )

    @classmethod
    def from_dict(cls, data: Mapping[str, object], *, source: str = "machine") -> MachineSpec:
        """A machine from plain data; left out keys keep the default machine's values.

        Raises:
            MachineError: unknown key, wrong type, or a value out of range.
        """
        known = [item.name for item in fields(cls)]
        for key in data:
            if key not in known:
                raise MachineError(f"{source}: unknown key {key!r}; the keys are {known}")
        name = data.get("name", DEFAULT_MACHINE.name)
        if not isinstance(name, str):
            raise MachineError(f"{source}: name is {name!r}; it must be text")
        raw_slots = data.get("slots", {})
        if not isinstance(raw_slots, Mapping):
            raise MachineError(f"{source}: slots is {raw_slots!r}; it must be a table")
        slots = {**_DEFAULT_SLOTS, **cast("Mapping[str, int]", raw_slots)}
        numbers = {
            key: cast(int, data.get(key, getattr(DEFAULT_MACHINE, key)))
            for key in ("vlen", "scratch_words", "latency")
        }
        return cls(name, slots, numbers["vlen"], numbers["scratch_words"], numbers["latency"])

    @classmethod
    def from_toml(cls, path: str | Path) -> MachineSpec:
        """A machine from a TOML file.

        Raises:
            MachineError: the file cannot be read, is not TOML, or describes no valid machine.
        """
        try:
            data = parse_toml(read_text(path))
        except LoadError as error:
            raise MachineError(f"{path}: {error}") from error
        return cls.from_dict({"name": Path(path).stem, **data}, source=str(path))

    def to_dict(self) -> dict[str, object]:
        """Plain data that `from_dict` reads back."""
        return {
            "name": self.name,
            "slots": dict(self.slots),
            "vlen": self.vlen,
            "scratch_words": self.scratch_words,
            "latency": self.latency,
        }


DEFAULT_MACHINE: Final = MachineSpec()
"""The machine of the take-home."""

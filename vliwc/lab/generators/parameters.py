"""What generators have in common: parameters with a range and a sentence about each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import Field, dataclass, field, fields
from typing import Any, ClassVar, Final, NamedTuple, Self, TypeVar

from isa.load import cut, parse_integer
from isa.machine import MachineSpec
from vliwc.options import OptionsError
from vliwc.sched.problem.problem import ScheduleProblem

_KEY: Final = "parameter"
_Value = TypeVar("_Value", int, float, str)


class Facts(NamedTuple):
    """What is known of a parameter: a sentence, and its range or its choices."""

    help: str
    least: float = 0
    most: float = 0
    choices: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """The values that it may have, for people."""
        if self.choices:
            return " or ".join(self.choices)
        return f"from {self.least} to {self.most}"


def number(default: _Value, help: str, least: _Value, most: _Value) -> _Value:
    """A field for a number from ``least`` to ``most``."""
    facts = Facts(help, float(least), float(most))
    if isinstance(default, int):
        facts = Facts(help, int(least), int(most))
    return field(default=default, metadata={_KEY: facts})


def choice(default: str, help: str, choices: tuple[str, ...]) -> str:
    """A field for one of several words."""
    return field(default=default, metadata={_KEY: Facts(help, choices=choices)})


@dataclass(frozen=True, kw_only=True)
class Generator(ABC):
    """A generator with its parameters.

    ``name``: for users; ``summary``: one line about it; ``on_machine``: whether its problems
    depend on the machine (projects have none).

    Raises :class:`vliwc.options.OptionsError` for a parameter out of its range.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    on_machine: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for item in fields(self):
            facts, value = facts_of(item), getattr(self, item.name)
            if facts.choices:
                good = value in facts.choices
            else:
                kinds = (int,) if isinstance(item.default, int) else (int, float)
                good = isinstance(value, kinds) and not isinstance(value, bool)
                good = good and facts.least <= value <= facts.most
            if not good:
                kind = "an integer " if isinstance(item.default, int) else ""
                raise OptionsError(
                    f"{self.name}: {item.name} is {value!r}, expected {kind}{facts.allowed}"
                )

    @abstractmethod
    def problem(self, seed: int, machine: MachineSpec) -> ScheduleProblem:
        """The problem of a seed; slots and vector length are those of ``machine``.

        Raises :class:`vliwc.options.OptionsError` if the parameters do not fit together.
        """

    @classmethod
    def of(cls, texts: dict[str, str]) -> Self:
        """The generator with parameters given as text, the others at their defaults.

        Raises :class:`vliwc.options.OptionsError` for an unknown parameter or a value that it
        cannot have.
        """
        known = {item.name: item for item in fields(cls)}
        values: dict[str, Any] = {}
        for name, text in texts.items():
            if name not in known:
                raise OptionsError(
                    f"{cls.name}: no parameter is called {name!r}; there are {', '.join(known)}"
                )
            values[name] = _parse(known[name], text, cls.name)
        return cls(**values)

    def stated(self) -> dict[str, str]:
        """The parameters that are not at their defaults, and the first one, which is the size."""
        return {
            item.name: str(getattr(self, item.name))
            for position, item in enumerate(fields(self))
            if position == 0 or getattr(self, item.name) != item.default
        }


def facts_of(item: Field[Any]) -> Facts:
    """What is known of a generator's field."""
    return item.metadata[_KEY]


def _parse(item: Field[Any], text: str, generator: str) -> int | float | str:
    if facts_of(item).choices:
        return text
    integer = isinstance(item.default, int)
    try:
        return parse_integer(text) if integer else float(text)
    except ValueError:
        wanted = "an integer" if integer else "a number"
        raise OptionsError(f"{generator}: {item.name}={cut(text)} is not {wanted}") from None

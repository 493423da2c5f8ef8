"""The pieces that `strategies.kernels` writes kernels of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from vliwc.lang import CheckedKernel, bind, parse_kernel
from vliwc.lang.interpret import random_memory


@dataclass(frozen=True)
class GeneratedKernel:
    """A kernel file, values for its parameters, and the seed of a memory image for it."""

    text: str
    params: dict[str, int]
    seed: int

    @cached_property
    def kernel(self) -> CheckedKernel:
        return bind(parse_kernel(self.text, "generated.vk"), self.params)

    @cached_property
    def memory(self) -> list[int]:
        return random_memory(self.kernel, self.seed)


@dataclass
class Array:
    """An array of the kernel being written. `extent` names the parameter that is its length, or
    is empty if the length is fixed; `width` elements belong to each iteration."""

    name: str
    role: str
    length: int
    extent: str = ""
    width: int = 1
    below: int | None = None
    defined: bool = True
    assumed: bool = False
    shape: list[str] = field(default_factory=list[str])
    distinct: bool = False

    @property
    def size(self) -> str:
        """The number of words as source text."""
        if self.shape:
            return " * ".join(self.shape)
        if not self.extent:
            return str(self.length)
        return self.extent if self.width == 1 else f"{self.width} * {self.extent}"

    @property
    def subscripts(self) -> str:
        """The lengths as they stand in the declaration."""
        return "".join(f"[{length}]" for length in self.shape or [self.size])

    def element(self, indices: Sequence[str]) -> str:
        """An element as source text."""
        return self.name + "".join(f"[{index}]" for index in indices)

    @property
    def writable(self) -> bool:
        return self.role != "in"


@dataclass
class Expr:
    """Source text of a u32 expression; `static` if it is known at compile time."""

    text: str
    static: bool = False


@dataclass
class Scope:
    """What an expression may mention."""

    words: list[str] = field(default_factory=list[str])
    statics: list[str] = field(default_factory=list[str])
    flags: list[str] = field(default_factory=list[str])
    variables: list[str] = field(default_factory=list[str])
    functions: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    shared: list[Array] = field(default_factory=list[Array])
    own: list[Array] = field(default_factory=list[Array])
    indices: list[str] = field(default_factory=list[str])

    @property
    def element(self) -> str:
        """The number of the iteration of a loop over one range."""
        return self.indices[0]

    def inner(self) -> Scope:
        return Scope(
            list(self.words),
            list(self.statics),
            list(self.flags),
            list(self.variables),
            self.functions,
            self.shared,
            self.own,
            list(self.indices),
        )

"""The pieces that `strategies.kernels` writes kernels of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
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
    numbers: list[str] = field(default_factory=list[str])
    indices: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def inner(self) -> Scope:
        return replace(
            self,
            words=list(self.words),
            statics=list(self.statics),
            flags=list(self.flags),
            variables=list(self.variables),
        )

    def element(self, array: Array, part: int = 0) -> str:
        """The `part`-th word of `array` that belongs to this iteration, as source text."""
        indices = self.indices[array.name]
        if array.width > 1:
            indices = [f"{array.width} * ({indices[0]}) + {part}"]
        return array.element(indices)

    @property
    def readable(self) -> list[Array]:
        """What can be read at any index."""
        return [array for array in self.shared if array.length]

"""A kernel as a function of the lane IR: arrays, parallel loops and the value graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from vliwc.ir.value import Op, Value

if TYPE_CHECKING:  # the language needs the rest of this module, and networkx loads slowly
    import networkx as nx

    ValueGraph = nx.DiGraph[Value]


class Role(StrEnum):
    """What a kernel promises about an array, and so what the compiler may do to its words.

    ``IN``: intact at exit.  ``OUT``: written, previous content meaningless.  ``INOUT``: read and
    written.  ``SCRATCH``: content dead at entry and exit.  ``IN_SCRATCH``: read as input, dead
    afterwards.
    """

    IN = "in"
    OUT = "out"
    INOUT = "inout"
    SCRATCH = "scratch"
    IN_SCRATCH = "in scratch"

    @property
    def protected(self) -> bool:
        """Whether the compiler may never write a word of the array."""
        return self is Role.IN

    @property
    def observable(self) -> bool:
        """Whether the array's content at exit is part of the result."""
        return self in (Role.OUT, Role.INOUT)


class Where(StrEnum):
    """Where the words of an array stand.

    ``MEMORY``: at its base.  ``RUN_TIME``: in memory, at an address that is known when the program
    runs: its indices are addresses, its base is 0, and it has the length of all memory.
    ``SCRATCH``: an array of one word that has a fixed place in scratch from one part of a program
    to the next.
    """

    MEMORY = "memory"
    RUN_TIME = "run time"
    SCRATCH = "scratch"


@dataclass(frozen=True, slots=True)
class Array:
    """``length`` words of memory from absolute word address ``base``, or elsewhere (``where``).

    ``below``: every input word is promised to be less than this (2**32 if nothing is promised).
    ``shape``: the lengths of the dimensions, outermost first, of an array that has several; its
    words are indexed in row-major order.  ``distinct``: no two input words are promised to be
    equal.
    """

    name: str
    base: int
    length: int
    role: Role
    below: int = 1 << 32
    shape: tuple[int, ...] = ()
    distinct: bool = False
    where: Where = Where.MEMORY

    @property
    def placed(self) -> bool:
        """Whether its words are words of memory that are known when the kernel is compiled."""
        return self.where is Where.MEMORY

    @property
    def end(self) -> int:
        """The address after the last word."""
        return self.base + self.length

    @property
    def dimensions(self) -> tuple[int, ...]:
        """The lengths of all dimensions, outermost first; one entry for a plain array."""
        return self.shape or (self.length,)

    def indices(self, word: int) -> tuple[int, ...]:
        """The index in each dimension of the array's word number ``word``."""
        found: list[int] = []
        for length in reversed(self.dimensions[1:]):
            word, rest = divmod(word, length)
            found.append(rest)
        return (word, *reversed(found))

    def element(self, word: int) -> str:
        """The array's word number ``word`` as source text: ``name[i][j]``."""
        return self.name + "".join(f"[{index}]" for index in self.indices(word))


@dataclass(frozen=True, slots=True)
class Loop:
    """A parallel loop: ``extent`` independent iterations; ``lane`` counts them from 0."""

    number: int
    extent: int
    name: str = ""


@dataclass(frozen=True, eq=False)
class Function:
    """An SSA function: a DAG over :class:`Value` held in a networkx graph.

    Nodes stand in a topological order (the order they were added in).  An edge ``a -> b`` says
    that ``b`` needs ``a``; its attribute ``kinds`` lists ``("operand", position)`` and
    ``("order", position)`` entries.  ``roots`` are the stores, in program order.
    ``assumptions`` are values that are nonzero on every valid input; they are not computed.
    """

    name: str
    arrays: dict[str, Array]
    loops: tuple[Loop, ...]
    graph: ValueGraph
    roots: tuple[Value, ...]
    assumptions: tuple[Value, ...] = ()
    memory_words: int | None = None
    params: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def values(self) -> list[Value]:
        """All values in topological order: the dense view for passes."""
        return list(self.graph.nodes)

    def __iter__(self) -> Iterator[Value]:
        return iter(self.graph.nodes)

    def __len__(self) -> int:
        return self.graph.number_of_nodes()

    @property
    def certain_words(self) -> int:
        """Words that every memory image has: those up to the end of the last array whose place is
        known."""
        if self.memory_words is not None:
            return self.memory_words
        return max((array.end for array in self.arrays.values() if array.placed), default=0)

    def users(self) -> dict[Value, list[Value]]:
        """Operand users of every value, in topological order, once per operand position."""
        found: dict[Value, list[Value]] = {value: [] for value in self.graph.nodes}
        for value in self.graph.nodes:
            for arg in value.args:
                found[arg].append(value)
        return found

    def live(self) -> set[Value]:
        """Values that a root or an assumption needs (operands and order edges)."""
        seen: set[Value] = set()
        stack = [*self.roots, *self.assumptions]
        while stack:
            value = stack.pop()
            if value not in seen:
                seen.add(value)
                stack.extend(value.args)
                stack.extend(value.order)
        return seen

    def computed(self) -> frozenset[Value]:
        """Values that a root needs: what has to be executed (assumptions are not)."""
        return self._computed

    @cached_property
    def _computed(self) -> frozenset[Value]:
        return frozenset(replace(self, assumptions=()).live())


def link(graph: ValueGraph, value: Value) -> None:
    """Add ``value`` and the edges from its operands and order predecessors to ``graph``."""
    graph.add_node(value)
    edges: dict[Value, list[tuple[str, int]]] = {}
    for position, arg in enumerate(value.args):
        edges.setdefault(arg, []).append(("operand", position))
    for position, before in enumerate(value.order):
        edges.setdefault(before, []).append(("order", position))
    for source, kinds in edges.items():
        graph.add_edge(source, value, kinds=tuple(kinds))


def is_uniform(value: Value) -> bool:
    """Whether a value is the same in all lanes of all loops."""
    return value.loop < 0 and value.op is not Op.STORE

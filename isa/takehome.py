"""The reference problem of the take-home, written from its description.

Every element of a batch walks down a complete binary tree: each round hashes its value with the
word of the node it stands on, and goes to the left or right child by the parity of the result,
from a leaf back to the root. `Layout` says where everything lies in memory.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isa.errors import MemoryImageError
from isa.opcodes import WORD_MASK, alu_semantics
from isa.original import OriginalProblem
from isa.program import Bundle, Program, Slot

__all__ = [
    "HASH_STAGES",
    "HEADER_WORDS",
    "PUBLISHED_MARKS",
    "REFERENCE_BATCH",
    "REFERENCE_HEIGHT",
    "REFERENCE_ROUNDS",
    "HashStage",
    "Images",
    "Layout",
    "Mark",
    "OriginalProblem",
    "comparable_marks",
    "hash_word",
    "memory_image",
    "naive_program",
    "reference_images",
    "reference_kernel",
]

Images: TypeAlias = NDArray[np.uint32]
"""Memory images, one per row: shape (n_images, words)."""

_Words: TypeAlias = NDArray[np.uint32]

REFERENCE_HEIGHT: Final = 10
REFERENCE_ROUNDS: Final = 16
REFERENCE_BATCH: Final = 256


HEADER_WORDS: Final = 7
_VALUE_LIMIT: Final = 2**30


@dataclass(frozen=True, slots=True)
class Mark:
    """A published cycle count for the reference sizes: by whom, and what was to be returned."""

    cycles: int
    by: str
    returns: str = "values"


PUBLISHED_MARKS: Final = (
    *(Mark(cycles, "take-home") for cycles in (147734, 18532, 2164, 1790, 1579, 1548, 1487, 1363)),
    Mark(1340, "published"),
    Mark(1258, "compiler"),
    Mark(1137, "compiler"),
    *(Mark(cycles, "published") for cycles in (1062, 1001, 966)),
    Mark(924, "self-reported"),
    Mark(899, "board", "values and indices"),
    *(Mark(cycles, "board") for cycles in (875, 872, 870, 869, 864)),
)
"""Published cycle counts for the reference sizes, seen until 2026-10-05, the largest first."""


def comparable_marks(*, with_indices: bool) -> tuple[int, ...]:
    """The cycles of the marks that a program may be held against, the largest first: without the
    indices it does less than what those that return them count."""
    return tuple(
        mark.cycles for mark in PUBLISHED_MARKS if with_indices or mark.returns == "values"
    )


@dataclass(frozen=True, slots=True)
class HashStage:
    """``a = (a op1 c) op2 (a op3 k)``, all on 32-bit words."""

    op1: str
    c: int
    op2: str
    op3: str
    k: int


HASH_STAGES: Final = (
    HashStage("+", 0x7ED55D16, "+", "<<", 12),
    HashStage("^", 0xC761C23C, "^", ">>", 19),
    HashStage("+", 0x165667B1, "+", "<<", 5),
    HashStage("+", 0xD3A2646C, "^", "<<", 9),
    HashStage("+", 0xFD7046C5, "+", "<<", 3),
    HashStage("^", 0xB55A4F09, "^", ">>", 16),
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a problem of given sizes lies in memory.

    Attributes:
        height: height of the tree; a tree of height 0 is a single node.
        rounds: hash rounds per element.
        batch: number of elements.
    """

    height: int
    rounds: int
    batch: int

    @property
    def n_nodes(self) -> int:
        """Nodes of the tree."""
        return 2 ** (self.height + 1) - 1

    @property
    def tree(self) -> int:
        """Address of the tree's words, in breadth-first order."""
        return HEADER_WORDS

    @property
    def indices(self) -> int:
        """Address of the node number of each element."""
        return self.tree + self.n_nodes

    @property
    def values(self) -> int:
        """Address of the value of each element."""
        return self.indices + self.batch

    @property
    def words(self) -> int:
        """Length of the memory; nothing lies behind the values."""
        return self.values + self.batch

    @property
    def header(self) -> tuple[int, ...]:
        """The first words of the memory."""
        return (
            self.rounds,
            self.n_nodes,
            self.batch,
            self.height,
            self.tree,
            self.indices,
            self.values,
        )

    @classmethod
    def of_image(cls, memory: Sequence[int]) -> Layout:
        """The sizes that a memory image's header names.

        Raises:
            MemoryImageError: the header is not one of a problem, or the length does not fit it.
        """
        header = tuple(int(word) for word in memory[:HEADER_WORDS])
        if len(header) == HEADER_WORDS and header[3] < 32:
            layout = cls(height=header[3], rounds=header[0], batch=header[2])
            if header == layout.header and len(memory) == layout.words:
                return layout
        raise MemoryImageError(
            f"{len(memory)} words starting with {list(header)} are no image of the reference "
            "problem; make one with isa.takehome.memory_image"
        )


def memory_image(height: int, rounds: int, batch: int, seed: int) -> list[int]:
    """A random problem: tree words and values uniform below 2**30, all elements at the root.

    Raises:
        MemoryImageError: a negative size.
    """
    if min(height, rounds, batch) < 0:
        raise MemoryImageError(
            f"height {height}, rounds {rounds}, batch {batch}: no size can be negative"
        )
    layout = Layout(height, rounds, batch)
    generator = random.Random(seed)
    tree = [generator.randrange(_VALUE_LIMIT) for _ in range(layout.n_nodes)]
    values = [generator.randrange(_VALUE_LIMIT) for _ in range(batch)]
    return [*layout.header, *tree, *([0] * batch), *values]


def hash_word(a: int) -> int:
    """The six hash stages on one word."""
    for stage in HASH_STAGES:
        left = alu_semantics(stage.op1)(a, stage.c)
        right = alu_semantics(stage.op3)(a, stage.k)
        a = alu_semantics(stage.op2)(left, right)
    return a


def reference_kernel(memory: Sequence[int]) -> list[int]:
    """The memory after the problem is solved: new indices and values, the rest as it was.

    Raises:
        MemoryImageError: `memory` is no image of the problem, or an index is no node.
    """
    layout = Layout.of_image(memory)
    result = list(memory)
    for element in range(layout.batch):
        index = memory[layout.indices + element]
        value = memory[layout.values + element]
        if not 0 <= index < layout.n_nodes:
            raise MemoryImageError(f"element {element} stands on node {index} of {layout.n_nodes}")
        for _ in range(layout.rounds):
            value = hash_word(value ^ memory[layout.tree + index])
            index = 2 * index + (1 if value % 2 == 0 else 2)
            if index >= layout.n_nodes:
                index = 0
        result[layout.indices + element] = index
        result[layout.values + element] = value
    return result


_NUMPY_OPS: Final[dict[str, Callable[[_Words, np.uint32], _Words]]] = {
    "+": lambda a, k: a + k,
    "^": lambda a, k: a ^ k,
    "<<": lambda a, k: a << k,
    ">>": lambda a, k: a >> k,
}


def _hash_words(a: _Words) -> _Words:
    for stage in HASH_STAGES:
        left = _NUMPY_OPS[stage.op1](a, np.uint32(stage.c))
        right = _NUMPY_OPS[stage.op3](a, np.uint32(stage.k))
        a = left + right if stage.op2 == "+" else left ^ right
    return a


def reference_images(memories: Images) -> Images:
    """`reference_kernel` on many images of equal sizes at once, with NumPy.

    Args:
        memories: shape (n_images, words); not changed.

    Raises:
        MemoryImageError: images of different sizes, or not of the problem, or an index that is no
            node.
    """
    result = memories.copy()
    if not len(memories):
        return result
    layout = Layout.of_image([int(word) for word in memories[0]])
    if (memories[:, :HEADER_WORDS] != memories[0, :HEADER_WORDS]).any():
        raise MemoryImageError("the images have different headers; solve each size by itself")
    indices = memories[:, layout.indices : layout.values].astype(np.int64)
    values = memories[:, layout.values : layout.words]
    if (indices >= layout.n_nodes).any():
        raise MemoryImageError(f"some element stands on no node of the {layout.n_nodes}")
    tree = memories[:, layout.tree : layout.indices]
    for _ in range(layout.rounds):
        values = _hash_words(values ^ np.take_along_axis(tree, indices, axis=1))
        indices = 2 * indices + 1 + (values & np.uint32(1))
        indices[indices >= layout.n_nodes] = 0
    result[:, layout.indices : layout.values] = indices.astype(np.uint32)
    result[:, layout.values : layout.words] = values
    return result


def naive_program(height: int, rounds: int, batch: int) -> Program:
    """A straightforward scalar program for the problem: two loops, one slot per bundle.

    It solves the problem, indices included, and serves as a workload for timing simulators.
    """
    return _NaiveBuilder(Layout(height, rounds, batch)).build()


class _NaiveBuilder:
    """Emits one slot per bundle; scratch words are named on first use."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.bundles: list[Bundle] = []
        self.words: dict[str, int] = {}

    def word(self, name: str | int) -> int:
        """The scratch word of a variable, or of a constant that `build` has loaded."""
        return self.words.setdefault(str(name), len(self.words))

    def emit(self, engine: str, *slot: str | int) -> None:
        self.bundles.append({engine: [slot]})

    def constant(self, name: str | int, value: int) -> None:
        self.emit("load", "const", self.word(name), value & WORD_MASK)

    def alu(self, op: str, dest: str, a: str | int, b: str | int) -> None:
        self.emit("alu", op, self.word(dest), self.word(a), self.word(b))

    def build(self) -> Program:
        layout = self.layout
        constants = {0, 1, layout.n_nodes, layout.rounds, layout.batch, layout.tree}
        constants |= {number for stage in HASH_STAGES for number in (stage.c, stage.k)}
        for number in sorted(constants):
            self.constant(number, number)
        if layout.rounds and layout.batch:
            self.constant("round", 0)
            start_of_round = len(self.bundles)
            self.constant("element", 0)
            self.constant("index address", layout.indices)
            self.constant("value address", layout.values)
            self.loop(len(self.bundles), "element", layout.batch, self.element)
            self.loop(start_of_round, "round", layout.rounds, lambda: None)
        names: dict[str, int] = self.words
        return Program(
            tuple(self.bundles),
            meta={"names": {str(word): name for name, word in names.items()}},
        )

    def loop(self, start: int, counter: str, count: int, body: Callable[[], None]) -> None:
        body()
        self.alu("+", counter, counter, 1)
        self.alu("<", "again", counter, count)
        self.emit("flow", "cond_jump", self.word("again"), start)

    def element(self) -> None:
        self.emit("load", "load", self.word("index"), self.word("index address"))
        self.emit("load", "load", self.word("value"), self.word("value address"))
        self.alu("+", "node address", "index", self.layout.tree)
        self.emit("load", "load", self.word("node"), self.word("node address"))
        self.alu("^", "value", "value", "node")
        for stage in HASH_STAGES:
            self.alu(stage.op1, "left", "value", stage.c)
            self.alu(stage.op3, "right", "value", stage.k)
            self.alu(stage.op2, "value", "left", "right")
        self.alu("&", "odd", "value", 1)
        self.alu("+", "index", "index", "index")
        self.alu("+", "index", "index", "odd")
        self.alu("+", "index", "index", 1)
        self.alu("<", "inside", "index", self.layout.n_nodes)
        slot: Slot = ("select", *map(self.word, ("index", "inside", "index", 0)))
        self.emit("flow", *slot)
        for name in ("index", "value"):
            address = self.word(f"{name} address")
            self.emit("store", "store", address, self.word(name))
            self.alu("+", f"{name} address", f"{name} address", 1)

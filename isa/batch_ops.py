"""Bundles as NumPy calls over many images, the lower half of `isa.batch`.

State is kept word by word: row ``w`` of an array holds word ``w`` of every image, so that a scratch
word is one contiguous row and a vector a contiguous block of rows. A compiled bundle is a list of
``(function, arguments)`` whose last argument is the array to fill.

Writes go straight to their rows where that cannot be seen by another slot of the bundle: slots are
put in an order in which each row is read before it is overwritten; what remains goes through a
buffer. Everything that can trap is evaluated before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isa.decode import Code
from isa.machine import MachineSpec
from isa.opcodes import DIVIDING_OPS, WORD_MASK, Effect, OpInfo, alu_semantics
from isa.program import Slot

Rows: TypeAlias = NDArray[np.uint32]
"""One row per word, one column per image; or a single row."""

Mask: TypeAlias = NDArray[np.bool_]
Call: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]


class Trapped(Exception):
    """Some image traps in this bundle; nothing has been written."""


def _cdiv(a: Rows, b: Rows, out: Rows) -> None:
    quotient = a // b
    np.add(quotient, quotient * b != a, out)


def _select(condition: Rows, a: Rows, b: Rows, out: Rows) -> None:
    out[...] = np.where(condition != 0, a, b)


_BINARY: Final[dict[str, Callable[..., Any]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "//": np.floor_divide,
    "cdiv": _cdiv,
    "^": np.bitwise_xor,
    "&": np.bitwise_and,
    "|": np.bitwise_or,
    "<<": np.left_shift,  # NumPy gives 0 for counts of 32 and more, as the machine does
    ">>": np.right_shift,
    "%": np.remainder,
    "<": np.less,
    "==": np.equal,
}
_BY_SEMANTICS: Final = {alu_semantics(name): function for name, function in _BINARY.items()}
_DIVIDING: Final = frozenset(alu_semantics(name) for name in DIVIDING_OPS)
_OTHERS: Final[dict[str, Callable[..., Any]]] = {
    "vbroadcast": np.positive,
    "const": np.positive,
    "coreid": np.positive,
    "add_imm": np.add,
    "select": _select,
    "vselect": _select,
}


class Operation(NamedTuple):
    """A slot that writes scratch: ``function(*inputs, target)``.

    Attributes:
        writes: the scratch words written, as a set of bits.
        reads: the scratch words read, as a set of bits.
        traps: which images trap, or None when none can.
    """

    function: Callable[..., Any]
    inputs: tuple[Any, ...]
    target: Rows
    writes: int
    reads: int
    traps: Callable[[], Mask] | None = None


class Store(NamedTuple):
    """A slot that writes memory: `values` to the addresses in `pointer`."""

    pointer: Rows
    values: Rows


class Control(NamedTuple):
    """A flow slot; `row` is the condition, the target, or the traced word."""

    info: OpInfo
    row: Rows | None
    target: int


@dataclass(slots=True)
class CompiledBundle:
    """One bundle.

    Attributes:
        cost: 1 if the bundle counts as a cycle, else 0.
        early: calls that may raise `Trapped` and write only buffers.
        late: calls that write memory and scratch, in an order that keeps the bundle's semantics.
        operations, stores, controls: the slots one by one, for execution under a mask.
    """

    cost: int
    early: list[Call] = field(default_factory=list[Call])
    late: list[Call] = field(default_factory=list[Call])
    operations: list[Operation] = field(default_factory=list[Operation])
    stores: list[Store] = field(default_factory=list[Store])
    controls: list[Control] = field(default_factory=list[Control])


class BatchState:
    """Scratch and memory of all images, and the compilation of bundles onto them.

    Attributes:
        scratch: shape (scratch_words, n_images).
        memory: shape (memory_words, n_images).
    """

    def __init__(self, machine: MachineSpec, scratch: Rows, memory: Rows) -> None:
        self.machine = machine
        self.scratch = scratch
        self.memory = memory
        self._flat = memory.reshape(-1)
        self.n_images = int(memory.shape[1])
        self.take_mode: Literal["raise", "clip"] = "raise"
        vlen, size = machine.vlen, machine.scratch_words
        self._words = list(scratch)
        self._vectors = [scratch[word : word + vlen] for word in range(size - vlen + 1)]
        self._word_bits = [1 << word for word in range(size)]
        self._vector_bits = [((1 << vlen) - 1) << word for word in range(size - vlen + 1)]
        self._columns = np.arange(self.n_images, dtype=np.int64)
        self._block = np.arange(vlen, dtype=np.int64)[:, None] * self.n_images
        self._index = np.empty(self.n_images, np.int64)
        self._product = np.empty((vlen, self.n_images), np.uint32)
        self._buffers: list[Rows] = []

    def _rows(self, word: int, is_vector: bool) -> tuple[Rows, int]:
        """The rows of a scratch operand, and its words as a set of bits."""
        if is_vector:
            return self._vectors[word], self._vector_bits[word]
        return self._words[word], self._word_bits[word]

    def _buffer(self, number: int, like: Rows) -> Rows:
        """The `number`-th buffer of the current bundle, with the shape of `like`."""
        while number >= len(self._buffers):
            self._buffers.append(np.empty_like(self._product))
        return self._buffers[number][0] if like.ndim == 1 else self._buffers[number]

    # Functions of slots that need the state -------------------------------------------------------

    def multiply_add(self, a: Rows, b: Rows, c: Rows, out: Rows) -> None:
        np.multiply(a, b, self._product)
        np.add(self._product, c, out)

    def load(self, pointer: Rows, out: Rows) -> None:
        np.multiply(pointer, self.n_images, out=self._index, dtype=np.int64)
        np.add(self._index, self._columns, self._index)
        try:
            out[...] = self._flat.take(self._index, mode=self.take_mode)
        except IndexError:
            raise Trapped from None

    def vload(self, pointer: Rows, out: Rows) -> None:
        address = int(pointer[0])
        if (pointer == address).all():
            if address + len(out) > len(self.memory):
                raise Trapped
            out[...] = self.memory[address : address + len(out)]
            return
        try:
            out[...] = self._flat.take(self._flat_index(pointer, len(out)), mode=self.take_mode)
        except IndexError:
            raise Trapped from None

    def require_divisor(self, divisor: Rows) -> None:
        if not divisor.all():
            raise Trapped

    def require_addresses(self, pointer: Rows, width: int) -> None:
        if int(pointer.max()) + width > len(self.memory):
            raise Trapped

    def store(self, pointer: Rows, values: Rows) -> None:
        if values.ndim == 1:
            np.multiply(pointer, self.n_images, out=self._index, dtype=np.int64)
            np.add(self._index, self._columns, self._index)
            self._flat[self._index] = values
            return
        address = int(pointer[0])
        if (pointer == address).all():
            self.memory[address : address + len(values)] = values
        else:
            self._flat[self._flat_index(pointer, len(values))] = values

    def store_masked(self, pointer: Rows, values: Rows, mask: Mask) -> None:
        if values.ndim == 1:
            self._flat[self._flat_index(pointer, 1)[0][mask]] = values[mask]
        else:
            index = self._flat_index(pointer, len(values))
            self._flat[index[:, mask]] = values[:, mask]

    def _flat_index(self, pointer: Rows, width: int) -> NDArray[np.int64]:
        start = pointer.astype(np.int64) * self.n_images + self._columns
        return start + self._block[:width]

    def outside(self, pointer: Rows, width: int) -> Mask:
        """Which images have no `width` memory words at the address in `pointer`."""
        return pointer.astype(np.int64) + width > len(self.memory)

    def zeros(self, divisor: Rows) -> Mask:
        """Which images have a zero in some lane of `divisor`."""
        return (divisor.reshape(-1, self.n_images) == 0).any(axis=0)

    # Compilation ----------------------------------------------------------------------------------

    def compile(self, code: Code) -> CompiledBundle:
        """Compile a regular bundle; debug slots are ignored."""
        compiled = CompiledBundle(code.cost)
        words, bits, operations = self._words, self._word_bits, compiled.operations
        for (semantics, a, b), d in zip(code.alu, code.alu_words, strict=True):
            inputs = (words[a], words[b])
            traps = partial(self.zeros, words[b]) if semantics in _DIVIDING else None
            function = _BY_SEMANTICS[semantics]
            operations.append(
                Operation(function, inputs, words[d], bits[d], bits[a] | bits[b], traps)
            )
        words, bits = self._vectors, self._vector_bits
        for (semantics, a, b), d in zip(code.valu, code.valu_words, strict=True):
            inputs = (words[a], words[b])
            traps = partial(self.zeros, words[b]) if semantics in _DIVIDING else None
            function = _BY_SEMANTICS[semantics]
            operations.append(
                Operation(function, inputs, words[d], bits[d], bits[a] | bits[b], traps)
            )
        for info, slot in code.others:
            self._add(compiled, slot, info)
        self._schedule(compiled)
        return compiled

    def _add(self, compiled: CompiledBundle, slot: Slot, info: OpInfo) -> None:
        vlen = self.machine.vlen
        inputs: tuple[Any, ...] = ()
        read_bits = 0
        for words, operand in zip(info.reads(slot, vlen), info.sources, strict=True):
            rows, bits = self._rows(words.start, operand.vector)
            inputs += (rows,)
            read_bits |= bits
        writes = info.writes(slot, vlen)
        if info.effect is Effect.STORE:
            compiled.stores.append(Store(*inputs))
            return
        if not writes:
            goal = int(slot[-1]) if info.effect is Effect.JUMP else 0
            compiled.controls.append(Control(info, inputs[0] if inputs else None, goal))
            return
        traps = None
        function = _OTHERS.get(info.name, self.multiply_add)
        if info.effect is Effect.LOAD:
            function = self.vload if info.is_vector else self.load
            traps = partial(self.outside, inputs[0], len(writes[0]))
        elif info.name in ("const", "add_imm", "coreid"):
            immediate = 0 if info.name == "coreid" else int(slot[-1]) & WORD_MASK
            inputs += (np.array([immediate], np.uint32),)
        target, target_bits = self._rows(writes[0].start, info.is_vector)
        compiled.operations.append(
            Operation(function, inputs, target, target_bits, read_bits, traps)
        )

    def _schedule(self, compiled: CompiledBundle) -> None:
        """Fill `early` and `late`."""
        early, late = compiled.early, compiled.late
        n_buffers = 0
        commits: list[Call] = []
        direct: list[Operation] = []
        for operation in compiled.operations:
            if operation.traps is None:
                direct.append(operation)
            elif operation.function in (self.load, self.vload):
                buffer = self._buffer(n_buffers, operation.target)
                n_buffers += 1
                early.append((operation.function, (*operation.inputs, buffer)))
                commits.append((np.positive, (buffer, operation.target)))
            else:
                early.append((self.require_divisor, (operation.inputs[1],)))
                direct.append(operation)
        for pointer, values in compiled.stores:
            early.append((self.require_addresses, (pointer, width_of(values))))
            late.append((self.store, (pointer, values)))
        for operation, is_safe in _in_safe_order(direct):
            target = operation.target
            if not is_safe:
                target = self._buffer(n_buffers, target)
                n_buffers += 1
                commits.append((np.positive, (target, operation.target)))
            late.append((operation.function, (*operation.inputs, target)))
        late += commits


def width_of(values: Rows) -> int:
    """Number of words in a row or a block of rows."""
    return 1 if values.ndim == 1 else len(values)


def _in_safe_order(operations: list[Operation]) -> Iterator[tuple[Operation, bool]]:
    """Operations such that each may write at once if its flag is set, and else must be buffered.

    First those that write nothing any other reads. Then greedily any that disturbs none of those
    still to come; when there is none (a swap), the first one is buffered.
    """
    once = twice = 0
    for operation in operations:
        twice |= once & operation.reads
        once |= operation.reads
    waiting: list[Operation] = []
    for operation in operations:
        if operation.writes & (twice | (once & ~operation.reads)):
            waiting.append(operation)
        else:
            yield operation, True
    while waiting:
        for position, operation in enumerate(waiting):
            rest = (other.reads for other in waiting if other is not operation)
            if not any(operation.writes & reads for reads in rest):
                del waiting[position]
                yield operation, True
                break
        else:
            yield waiting.pop(0), False

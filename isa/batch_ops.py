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
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isa.machine import MachineSpec
from isa.opcodes import DIVIDING_OPS, OPCODES, WORD_MASK, Effect, OpInfo
from isa.program import Bundle, Slot

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


_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
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
    "vbroadcast": np.positive,
    "const": np.positive,
    "coreid": np.positive,
    "add_imm": np.add,
    "select": _select,
    "vselect": _select,
}


@dataclass(frozen=True, slots=True)
class Operation:
    """A slot that writes scratch: ``function(*inputs, out)``.

    Attributes:
        words: the scratch words written.
        reads: the scratch words read.
        traps: which images trap, or None when none can.
    """

    function: Callable[..., Any]
    inputs: tuple[Any, ...]
    words: range
    reads: tuple[range, ...]
    traps: Callable[[], Mask] | None

    def disturbs(self, other: Operation) -> bool:
        """Whether writing the result changes what `other` reads."""
        return any(
            words.start < self.words.stop and self.words.start < words.stop for words in other.reads
        )


@dataclass(frozen=True, slots=True)
class Store:
    """A slot that writes memory: `values` to the addresses in `pointer`."""

    pointer: Rows
    values: Rows


@dataclass(frozen=True, slots=True)
class Control:
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
        self.n_images = memory.shape[1]
        self.take_mode: Literal["raise", "clip"] = "raise"
        self._columns = np.arange(self.n_images, dtype=np.int64)
        self._block = np.arange(machine.vlen, dtype=np.int64)[:, None] * self.n_images
        self._index = np.empty(self.n_images, np.int64)
        self._product = np.empty((machine.vlen, self.n_images), np.uint32)
        self._buffers: list[Rows] = []
        self._views: dict[tuple[int, int], Rows] = {}

    def rows(self, words: range) -> Rows:
        """The rows of a vector, or the one row of a word."""
        key = (words.start, len(words))
        view = self._views.get(key)
        if view is None:
            view = self.scratch[words.start : words.stop]
            view = self._views[key] = view[0] if len(words) == 1 else view
        return view

    def buffer(self, number: int, width: int) -> Rows:
        """The `number`-th buffer of the current bundle, for `width` words."""
        while number >= len(self._buffers):
            self._buffers.append(np.empty_like(self._product))
        return self._buffers[number][0] if width == 1 else self._buffers[number]

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

    def compile(self, bundle: Bundle) -> CompiledBundle:
        """Compile a valid bundle; debug slots are ignored."""
        compiled = CompiledBundle(1 if any(engine != "debug" for engine in bundle) else 0)
        for engine, slots in bundle.items():
            if engine == "debug":
                continue
            for slot in slots:
                self._add(compiled, slot, OPCODES[engine, str(slot[0])])
        self._schedule(compiled)
        return compiled

    def _add(self, compiled: CompiledBundle, slot: Slot, info: OpInfo) -> None:
        vlen = self.machine.vlen
        reads, writes = info.reads(slot, vlen), info.writes(slot, vlen)
        if info.effect is Effect.STORE:
            compiled.stores.append(Store(self.rows(reads[0]), self.rows(reads[1])))
        elif writes:
            compiled.operations.append(self._operation(slot, info, reads, writes[0]))
        else:
            row = self.rows(reads[0]) if reads else None
            target = int(slot[-1]) if info.effect is Effect.JUMP else 0
            compiled.controls.append(Control(info, row, target))

    def _operation(
        self, slot: Slot, info: OpInfo, reads: tuple[range, ...], words: range
    ) -> Operation:
        inputs: tuple[Any, ...] = tuple(self.rows(source) for source in reads)
        function, traps = _FUNCTIONS.get(info.name), None
        if info.effect is Effect.LOAD:
            function = self.load if len(words) == 1 else self.vload
            traps = partial(self.outside, inputs[0], len(words))
        elif info.name in DIVIDING_OPS:
            traps = partial(self.zeros, inputs[1])
        if function is None:
            function = self.multiply_add
        if info.name in ("const", "add_imm", "coreid"):
            immediate = 0 if info.name == "coreid" else int(slot[-1]) & WORD_MASK
            inputs += (np.array([immediate], np.uint32),)
        return Operation(function, inputs, words, reads, traps)

    def _schedule(self, compiled: CompiledBundle) -> None:
        """Fill `early` and `late`."""
        n_buffers = 0
        commits: list[Call] = []
        direct: list[Operation] = []
        for operation in compiled.operations:
            if operation.function in (self.load, self.vload):
                buffer = self.buffer(n_buffers, len(operation.words))
                n_buffers += 1
                compiled.early.append((operation.function, (*operation.inputs, buffer)))
                commits.append((np.positive, (buffer, self.rows(operation.words))))
            else:
                direct.append(operation)
            if operation.function not in (self.load, self.vload) and operation.traps is not None:
                compiled.early.append((self.require_divisor, (operation.inputs[1],)))
        for store in compiled.stores:
            width = 1 if store.values.ndim == 1 else len(store.values)
            compiled.early.append((self.require_addresses, (store.pointer, width)))
            compiled.late.append((self.store, (store.pointer, store.values)))
        for operation, is_safe in _in_safe_order(direct):
            target = self.rows(operation.words)
            if not is_safe:
                buffer = self.buffer(n_buffers, len(operation.words))
                n_buffers += 1
                commits.append((np.positive, (buffer, target)))
                target = buffer
            compiled.late.append((operation.function, (*operation.inputs, target)))
        compiled.late += commits


def _in_safe_order(operations: list[Operation]) -> Iterator[tuple[Operation, bool]]:
    """Operations such that each may write at once if its flag is set, and else must be buffered.

    Greedy: take any operation that disturbs none of those still to come; when there is none (a
    swap), buffer the first.
    """
    waiting = list(operations)
    while waiting:
        for position, operation in enumerate(waiting):
            if not any(operation.disturbs(other) for other in waiting if other is not operation):
                del waiting[position]
                yield operation, True
                break
        else:
            yield waiting.pop(0), False

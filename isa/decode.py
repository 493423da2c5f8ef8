"""Decoding of bundles into closures, the first half of `isa.simulator`; frozen with it.

Of each slot remains one function that evaluates it on the state before the bundle, and the words
its value goes to. The simulator evaluates everything, then writes everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from isa.machine import MachineSpec
from isa.opcodes import OPCODES, WORD_MASK, Effect, OperandKind, OpInfo
from isa.program import Bundle, DebugKey, Program, Slot, decode_key

Words: TypeAlias = list[int]
Scalar: TypeAlias = Callable[[Words, Words], int]
Vector: TypeAlias = Callable[[Words, Words], Words]
Store: TypeAlias = Callable[[Words, Words], tuple[int, Words]]
Jump: TypeAlias = Callable[[Words, int], int]
Check: TypeAlias = Callable[[Words, Mapping[DebugKey, int]], None]


class Trap(Exception):
    """Something the machine does not do; becomes a `SimulationError` with the place."""


class Place(NamedTuple):
    """A slot, and what it evaluates before anything is written, to find the source of a trap."""

    engine: str
    slot: int
    evaluate: Scalar | Vector | Store


class Irregular(NamedTuple):
    """What the common path does not handle.

    Attributes:
        fault: engine, slot and reason when the bundle cannot execute at all.
        writes: every scratch write in execution order (words, evaluate), when the bundle writes
            a word twice or uses negative addresses; else None.
        checks: debug comparisons.
    """

    fault: tuple[str | None, int | None, str] | None
    writes: tuple[tuple[range, Scalar | Vector], ...] | None
    checks: tuple[tuple[int, Check], ...]


class Code(NamedTuple):
    """One decoded bundle. Parallel tuples: what to evaluate, and where the value goes."""

    cost: int
    scalars: tuple[Scalar, ...]
    scalar_words: tuple[int, ...]
    vectors: tuple[Vector, ...]
    vector_words: tuple[slice, ...]
    stores: tuple[Store, ...]
    controls: tuple[Jump | Effect | int, ...]
    irregular: Irregular | None
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class DecodedProgram:
    """A program ready to run any number of times.

    Attributes:
        program: the program.
        debug: whether debug comparisons are executed.
    """

    program: Program
    debug: bool
    codes: tuple[Code, ...]


def decode(program: Program, *, debug: bool = False) -> DecodedProgram:
    """Decode `program` once for many runs; `run` and `Simulator` also take the result."""
    codes = (_decode_bundle(bundle, program.machine, debug) for bundle in program.bundles)
    return DecodedProgram(program, debug, tuple(codes))


class _Decoder:
    """Collects the parts of one `Code`."""

    def __init__(self, machine: MachineSpec) -> None:
        self.machine = machine
        self.scalars: list[Scalar] = []
        self.scalar_words: list[int] = []
        self.vectors: list[Vector] = []
        self.vector_words: list[slice] = []
        self.stores: list[Store] = []
        self.controls: list[Jump | Effect | int] = []
        self.writes: list[tuple[range, Scalar | Vector]] = []
        self.checks: list[tuple[int, Check]] = []
        self.places: list[Place] = []
        self.negative = False

    def slot(self, engine: str, number: int, slot: Slot, info: OpInfo) -> None:
        """Add one well-formed slot."""
        vlen = self.machine.vlen
        reads = info.reads(slot, vlen)
        writes = info.writes(slot, vlen)
        self.negative |= any(words.start < 0 for words in (*reads, *writes))
        if info.effect is Effect.CHECK:
            self.checks.append((number, _check(reads[0], str(slot[2]), info.is_vector)))
        elif info.effect is Effect.STORE:
            store = _store(reads[0].start, reads[1])
            self.stores.append(store)
            self.places.append(Place(engine, number, store))
        elif info.effect in (Effect.JUMP, Effect.HALT, Effect.PAUSE, Effect.TRACE):
            self.controls.append(_control(slot, info))
        elif writes and info.is_vector:
            vector = _vector(slot, info, reads, vlen)
            self.vectors.append(vector)
            self.vector_words.append(slice(writes[0].start, writes[0].stop))
            self._write(engine, number, writes[0], vector)
        elif writes:
            scalar = _scalar(slot, info, reads)
            self.scalars.append(scalar)
            self.scalar_words.append(writes[0].start)
            self._write(engine, number, writes[0], scalar)

    def _write(self, engine: str, number: int, words: range, evaluate: Scalar | Vector) -> None:
        self.writes.append((words, evaluate))
        self.places.append(Place(engine, number, evaluate))

    def code(self, cost: int) -> Code:
        """The finished bundle."""
        written = [word for words, _ in self.writes for word in words]
        ordered = self.negative or len(set(written)) != len(written)
        irregular = None
        if ordered or self.checks:
            writes = tuple(self.writes) if ordered else None
            irregular = Irregular(None, writes, tuple(self.checks))
        return Code(
            cost,
            () if ordered else tuple(self.scalars),
            () if ordered else tuple(self.scalar_words),
            () if ordered else tuple(self.vectors),
            () if ordered else tuple(self.vector_words),
            tuple(self.stores),
            tuple(self.controls),
            irregular,
            tuple(self.places),
        )


def _decode_bundle(bundle: Bundle, machine: MachineSpec, debug: bool) -> Code:
    cost = 1 if any(engine != "debug" for engine in bundle) else 0
    decoder = _Decoder(machine)
    for engine, slots in bundle.items():
        if engine == "debug" and not debug:
            continue
        limit = machine.slots.get(engine)
        if limit is None:
            return _fault(cost, None, None, f"the machine has no engine {engine!r}")
        if len(slots) > limit:
            return _fault(cost, engine, limit, f"{len(slots)} slots, but the limit is {limit}")
        for number, slot in enumerate(slots):
            info = OPCODES.get((engine, str(slot[0]))) if slot else None
            if info is None and engine == "debug":
                continue
            reason = _malformed(slot, info, machine)
            if info is None or reason is not None:
                return _fault(cost, engine, number, reason or f"no operation {list(slot)!r}")
            decoder.slot(engine, number, slot, info)
    return decoder.code(cost)


def _fault(cost: int, engine: str | None, slot: int | None, reason: str) -> Code:
    irregular = Irregular((engine, slot, reason), None, ())
    return Code(cost, (), (), (), (), (), (), irregular, ())


def _malformed(slot: Slot, info: OpInfo | None, machine: MachineSpec) -> str | None:
    """Why the slot cannot execute, or None. Negative addresses count from the end of scratch."""
    if info is None:
        return f"there is no operation {list(slot)!r}"
    if len(slot) != 1 + len(info.operands):
        return f"{info.name} takes {len(info.operands)} operands, got {len(slot) - 1}"
    for operand, value in zip(info.operands, slot[1:], strict=True):
        if operand.kind is not OperandKind.TEXT and not isinstance(value, int):
            return f"operand {operand.name} of {info.name} is {value!r}, not an integer"
    size = machine.scratch_words
    for words in (*info.reads(slot, machine.vlen), *info.writes(slot, machine.vlen)):
        if words.start < -size or words.stop > size:
            extent = f"{words.start} to {words.stop - 1}"
            return f"{info.name} uses scratch words {extent}, but scratch has {size} words"
    return None


def _int(slot: Slot, position: int) -> int:
    return int(slot[position])


def _words(words: range) -> Callable[[Words], Words]:
    """A function that reads scratch words; a negative start takes them one by one."""
    if words.start < 0:
        return lambda scratch: [scratch[word] for word in words]
    window = slice(words.start, words.stop)
    return lambda scratch: scratch[window]


def _scalar(slot: Slot, info: OpInfo, reads: tuple[range, ...]) -> Scalar:
    sources = [words.start for words in reads]
    semantics = info.semantics
    if semantics is not None:
        a, b = sources
        return lambda scratch, memory: semantics(scratch[a], scratch[b])
    if info.effect is Effect.LOAD:
        return _load(sources[0])
    if info.name == "select":
        c, a, b = sources
        return lambda scratch, memory: scratch[a] if scratch[c] else scratch[b]
    if info.name == "add_imm":
        source, addend = sources[0], _int(slot, 3)
        return lambda scratch, memory: (scratch[source] + addend) & WORD_MASK
    constant = _int(slot, 2) & WORD_MASK if info.name == "const" else 0  # coreid is 0
    return lambda scratch, memory: constant


def _vector(slot: Slot, info: OpInfo, reads: tuple[range, ...], vlen: int) -> Vector:
    semantics = info.semantics
    if semantics is not None:
        return _lanes(semantics, reads)
    if info.effect is Effect.LOAD:
        return _vload(reads[0].start, vlen)
    if info.name == "vbroadcast":
        source = reads[0].start
        return lambda scratch, memory: [scratch[source]] * vlen
    condition, yes, no = (_words(words) for words in reads)
    return lambda scratch, memory: [
        a if c else b for c, a, b in zip(condition(scratch), yes(scratch), no(scratch), strict=True)
    ]


def _lanes(semantics: Callable[..., int], reads: tuple[range, ...]) -> Vector:
    sources = [_words(words) for words in reads]
    if len(sources) == 2:
        first, second = sources
        return lambda scratch, memory: list(map(semantics, first(scratch), second(scratch)))
    return lambda scratch, memory: list(map(semantics, *(source(scratch) for source in sources)))


def _load(source: int) -> Scalar:
    def evaluate(scratch: Words, memory: Words) -> int:
        address = scratch[source]
        if address >= len(memory):
            raise _out_of_memory(address, 1, memory)
        return memory[address]

    return evaluate


def _vload(source: int, vlen: int) -> Vector:
    def evaluate(scratch: Words, memory: Words) -> Words:
        address = scratch[source]
        if address + vlen > len(memory):
            raise _out_of_memory(address, vlen, memory)
        return memory[address : address + vlen]

    return evaluate


def _store(pointer: int, words: range) -> Store:
    read = _words(words)
    width = len(words)

    def evaluate(scratch: Words, memory: Words) -> tuple[int, Words]:
        address = scratch[pointer]
        if address + width > len(memory):
            raise _out_of_memory(address, width, memory)
        return address, read(scratch)

    return evaluate


def _out_of_memory(address: int, width: int, memory: Sequence[int]) -> Trap:
    what = f"address {address}" if width == 1 else f"addresses {address} to {address + width - 1}"
    return Trap(f"memory {what} out of range: memory has {len(memory)} words")


def _control(slot: Slot, info: OpInfo) -> Jump | Effect | int:
    if info.effect is Effect.TRACE:
        return _int(slot, 1)
    if info.effect is not Effect.JUMP:
        return info.effect
    first = _int(slot, 1)
    if info.name == "jump":
        return lambda scratch, next_pc: first
    if info.name == "jump_indirect":
        return lambda scratch, next_pc: scratch[first]
    second = _int(slot, 2)
    if info.name == "cond_jump":
        return lambda scratch, next_pc: second if scratch[first] else next_pc
    return lambda scratch, next_pc: next_pc + second if scratch[first] else next_pc


def _check(words: range, text: str, vector: bool) -> Check:
    key = decode_key(text)
    keys = key if vector and isinstance(key, tuple) else (key,)
    read = _words(words)

    def check(scratch: Words, reference: Mapping[DebugKey, int]) -> None:
        missing = [key for key in keys if key not in reference]
        if missing:
            raise Trap(f"no reference value for the key {missing[0]!r}")
        expected, found = [reference[key] for key in keys], read(scratch)
        if expected != found:
            raise Trap(f"compare {keys!r} at word {words.start}: {found}, expected {expected}")

    return check

"""Decoding of bundles into closures, the first half of `isa.simulator`; frozen with it.

Of each slot remains one function that evaluates it on the state before the bundle, and the words
its value goes to. The simulator evaluates everything, then writes everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
Semantics: TypeAlias = Callable[..., int]
Check: TypeAlias = Callable[[Words, Mapping[DebugKey, int]], None]


class Trap(Exception):
    """Something the machine does not do; becomes a `SimulationError` with the place."""


class Result(NamedTuple):
    """A slot that writes scratch.

    Attributes:
        engine: engine of the slot.
        slot: index of the slot within its engine.
        words: the scratch words written.
        evaluate: the value, from the state before the bundle.
    """

    engine: str
    slot: int
    words: range
    evaluate: Scalar | Vector


class Irregular(NamedTuple):
    """What the common path does not handle.

    Attributes:
        fault: engine, slot and reason when the bundle cannot execute at all.
        writes: every scratch write in execution order, when the bundle writes a word twice or uses
            negative addresses; else None.
        checks: debug comparisons by slot.
    """

    fault: tuple[str | None, int | None, str] | None
    writes: tuple[Result, ...] | None
    checks: tuple[tuple[int, Check], ...]


class Code(NamedTuple):
    """One decoded bundle. Parallel tuples: what to evaluate, and where the value goes.

    Two-operand arithmetic, by far the most frequent, is kept as plain tuples: closures would cost
    more to build than to execute once.
    """

    cost: int
    alu: tuple[tuple[Semantics, int, int], ...] = ()
    """Function and source words."""
    alu_words: tuple[int, ...] = ()
    valu: tuple[tuple[Semantics, int, int], ...] = ()
    """Function and first words of the sources."""
    valu_words: tuple[int, ...] = ()
    scalars: tuple[Scalar, ...] = ()
    scalar_words: tuple[int, ...] = ()
    vectors: tuple[Vector, ...] = ()
    vector_words: tuple[int, ...] = ()
    stores: tuple[Store, ...] = ()
    controls: tuple[Jump | Effect | int, ...] = ()
    irregular: Irregular | None = None
    others: tuple[tuple[OpInfo, Slot], ...] = ()
    """The slots behind everything that is not two-operand arithmetic."""


@dataclass(frozen=True, slots=True)
class DecodedProgram:
    """A program ready to run any number of times.

    Attributes:
        program: the program.
        debug: whether debug comparisons are executed.
        codes: the decoded bundles.
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
        self.alu: list[tuple[Semantics, int, int]] = []
        self.alu_words: list[int] = []
        self.valu: list[tuple[Semantics, int, int]] = []
        self.valu_words: list[int] = []
        self.scalars: list[Scalar] = []
        self.scalar_words: list[int] = []
        self.vectors: list[Vector] = []
        self.vector_words: list[int] = []
        self.stores: list[Store] = []
        self.controls: list[Jump | Effect | int] = []
        self.checks: list[tuple[int, Check]] = []
        self.written: list[int] = []
        self.others: list[tuple[OpInfo, Slot]] = []
        self.negative = False

    def slot(self, number: int, slot: Slot, info: OpInfo) -> str | None:
        """Add one slot; the reason when it cannot execute.

        Negative scratch addresses count from the end, as list indices of the original do.
        """
        if info.is_binary and self._binary(slot, info):
            return None
        reason = _malformed(slot, info)
        if reason is not None:
            return reason
        vlen, size = self.machine.vlen, self.machine.scratch_words
        reads, writes = info.reads(slot, vlen), info.writes(slot, vlen)
        for words in (*reads, *writes):
            if words.start < 0:
                self.negative = True
            if words.start < -size or words.stop > size:
                extent = f"{words.start} to {words.stop - 1}"
                return f"{info.name} uses scratch words {extent}, but scratch has {size} words"
        self.others.append((info, slot))
        if not writes:
            self._without_result(number, slot, info, reads)
            return None
        target = writes[0]
        self.written.extend(target)
        if info.is_vector:
            self.vectors.append(_vector(slot, info, reads, vlen))
            self.vector_words.append(target.start)
        else:
            self.scalars.append(_scalar(slot, info, reads))
            self.scalar_words.append(target.start)
        return None

    def _binary(self, slot: Slot, info: OpInfo) -> bool:
        """Add two-operand arithmetic if its operands are in order; most slots take this way."""
        if len(slot) != 4 or info.semantics is None:
            return False
        _, d, a, b = slot
        if not (isinstance(d, int) and isinstance(a, int) and isinstance(b, int)):
            return False
        width = self.machine.vlen if info.is_vector else 1
        last = self.machine.scratch_words - width
        if not (0 <= d <= last and 0 <= a <= last and 0 <= b <= last):
            return False
        if info.is_vector:
            self.valu.append((info.semantics, a, b))
            self.valu_words.append(d)
            self.written.extend(range(d, d + width))
        else:
            self.alu.append((info.semantics, a, b))
            self.alu_words.append(d)
            self.written.append(d)
        return True

    def _without_result(
        self, number: int, slot: Slot, info: OpInfo, reads: tuple[range, ...]
    ) -> None:
        if info.effect is Effect.STORE:
            self.stores.append(_store(reads[0].start, reads[1]))
        elif info.effect is Effect.CHECK:
            self.checks.append((number, _check(reads[0], str(slot[2]), info.is_vector)))
        elif info.effect is not Effect.NONE:
            self.controls.append(_control(slot, info))


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
            reason = f"there is no operation {list(slot)!r}"
            if info is None or (reason := decoder.slot(number, slot, info)) is not None:
                return _fault(cost, engine, number, reason)
    checks = tuple(decoder.checks)
    effects = (tuple(decoder.stores), tuple(decoder.controls))
    if decoder.negative or len(set(decoder.written)) != len(decoder.written):
        irregular = Irregular(None, tuple(results(bundle, machine)), checks)
        return Code(cost, stores=effects[0], controls=effects[1], irregular=irregular)
    return Code(
        cost,
        tuple(decoder.alu),
        tuple(decoder.alu_words),
        tuple(decoder.valu),
        tuple(decoder.valu_words),
        tuple(decoder.scalars),
        tuple(decoder.scalar_words),
        tuple(decoder.vectors),
        tuple(decoder.vector_words),
        *effects,
        Irregular(None, None, checks) if checks else None,
        tuple(decoder.others),
    )


def _fault(cost: int, engine: str | None, slot: int | None, reason: str) -> Code:
    return Code(cost, irregular=Irregular((engine, slot, reason), None, ()))


def _malformed(slot: Slot, info: OpInfo) -> str | None:
    if len(slot) != 1 + len(info.operands):
        return f"{info.name} takes {len(info.operands)} operands, got {len(slot) - 1}"
    for operand, value in zip(info.operands, slot[1:], strict=True):
        if not isinstance(value, int) and operand.kind is not OperandKind.TEXT:
            return f"operand {operand.name} of {info.name} is {value!r}, not an integer"
    return None


def results(bundle: Bundle, machine: MachineSpec) -> Iterator[Result]:
    """The slots that write scratch, in execution order, of a bundle that decodes without a fault.

    One by one: for finding the slot that traps, and for bundles where the order of writes matters.
    """
    vlen = machine.vlen
    for engine, slots in bundle.items():
        if engine == "debug":
            continue
        for number, slot in enumerate(slots):
            info = OPCODES[engine, str(slot[0])]
            reads, writes = info.reads(slot, vlen), info.writes(slot, vlen)
            if writes and info.is_vector:
                yield Result(engine, number, writes[0], _vector(slot, info, reads, vlen))
            elif writes:
                yield Result(engine, number, writes[0], _scalar(slot, info, reads))


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

"""The one table of operations: engine, operands, effect and arithmetic of each.

Everything else that needs to know what an operation reads, writes or computes (validator,
simulators, assembler, trace, and the compiler) asks `OPCODES`.

A slot is ``(name, operand, operand, ...)``. Scratch operands are addresses of words; a vector
operand names the first of ``vlen`` consecutive words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Final

WORD_BITS: Final = 32
WORD_MASK: Final = 0xFFFF_FFFF

ENGINES: Final = ("alu", "valu", "load", "store", "flow", "debug")
"""Engine names in canonical order."""


class OperandKind(Enum):
    """What an operand of a slot means."""

    DEST = "dest"
    """Scratch address that the operation writes."""
    SRC = "src"
    """Scratch address that the operation reads."""
    IMM = "imm"
    """Immediate number."""
    PC = "pc"
    """Absolute bundle index."""
    PC_OFFSET = "pc-offset"
    """Bundle index relative to the bundle after this one."""
    TEXT = "text"
    """Free text, or a debug key (see `isa.program.encode_key`)."""


class Effect(Enum):
    """What an operation does besides writing scratch."""

    NONE = "none"
    LOAD = "load"
    STORE = "store"
    JUMP = "jump"
    HALT = "halt"
    PAUSE = "pause"
    TRACE = "trace"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class Operand:
    """One operand position.

    Attributes:
        name: name for messages, traces and documentation.
        kind: what the number means.
        vector: a scratch operand covers ``vlen`` words instead of one.
        offset_operand: index within the slot of an operand that is added to this address
            (only ``load_offset`` has one).
    """

    name: str
    kind: OperandKind
    vector: bool = False
    offset_operand: int | None = None


@dataclass(frozen=True)
class OpInfo:
    """One operation.

    Attributes:
        engine: engine whose slots can execute it.
        name: first element of a slot.
        operands: the operands that follow the name.
        effect: effect besides writing scratch.
        semantics: for arithmetic, the function of one lane, from unsigned 32-bit words to an
            unsigned 32-bit word; None for everything else.
        summary: one line for documentation and traces.
    """

    engine: str
    name: str
    operands: tuple[Operand, ...]
    effect: Effect
    semantics: Callable[..., int] | None
    summary: str

    @cached_property
    def is_vector(self) -> bool:
        """Whether some operand covers ``vlen`` scratch words."""
        return any(operand.vector for operand in self.operands)

    @cached_property
    def is_binary(self) -> bool:
        """Whether this is two-operand arithmetic, ``(name, d, a, b)``."""
        return self.semantics is not None and len(self.operands) == 3

    @cached_property
    def sources(self) -> tuple[Operand, ...]:
        """The operands that name scratch words read, in the order of `reads`."""
        return tuple(operand for _, operand in self._sources)

    @property
    def memory_is_vector(self) -> bool:
        """Whether a load or store moves ``vlen`` memory words instead of one."""
        return self.effect in (Effect.LOAD, Effect.STORE) and self.is_vector

    @property
    def ends_block(self) -> bool:
        """Whether the bundle after this one may not be executed next."""
        return self.effect in (Effect.JUMP, Effect.HALT)

    def reads(self, slot: Sequence[str | int], vlen: int) -> tuple[range, ...]:
        """Scratch words that `slot` reads, one range per source operand."""
        return _extents(slot, self._sources, vlen)

    def writes(self, slot: Sequence[str | int], vlen: int) -> tuple[range, ...]:
        """Scratch words that `slot` writes, one range per destination operand."""
        return _extents(slot, self._destinations, vlen)

    @cached_property
    def _sources(self) -> tuple[tuple[int, Operand], ...]:
        return self._positions(OperandKind.SRC)

    @cached_property
    def _destinations(self) -> tuple[tuple[int, Operand], ...]:
        return self._positions(OperandKind.DEST)

    def _positions(self, kind: OperandKind) -> tuple[tuple[int, Operand], ...]:
        numbered = enumerate(self.operands, start=1)
        return tuple((position, operand) for position, operand in numbered if operand.kind is kind)


def _extents(
    slot: Sequence[str | int], positions: tuple[tuple[int, Operand], ...], vlen: int
) -> tuple[range, ...]:
    extents: list[range] = []
    for position, operand in positions:
        base = int(slot[position])
        if operand.offset_operand is not None:
            base += int(slot[operand.offset_operand])
        extents.append(range(base, base + (vlen if operand.vector else 1)))
    return tuple(extents)


def _add(a: int, b: int) -> int:
    return (a + b) & WORD_MASK


def _sub(a: int, b: int) -> int:
    return (a - b) & WORD_MASK


def _mul(a: int, b: int) -> int:
    return (a * b) & WORD_MASK


def _floordiv(a: int, b: int) -> int:
    return a // b


def _cdiv(a: int, b: int) -> int:
    return (a + b - 1) // b


def _xor(a: int, b: int) -> int:
    return a ^ b


def _and(a: int, b: int) -> int:
    return a & b


def _or(a: int, b: int) -> int:
    return a | b


def _shl(a: int, b: int) -> int:
    return (a << b) & WORD_MASK if b < WORD_BITS else 0


def _shr(a: int, b: int) -> int:
    return a >> b if b < WORD_BITS else 0


def _mod(a: int, b: int) -> int:
    return a % b


def _less(a: int, b: int) -> int:
    return 1 if a < b else 0


def _equal(a: int, b: int) -> int:
    return 1 if a == b else 0


def _multiply_add(a: int, b: int, c: int) -> int:
    return (a * b + c) & WORD_MASK


_ALU: Final[dict[str, tuple[Callable[[int, int], int], str]]] = {
    "+": (_add, "a + b"),
    "-": (_sub, "a - b, wrapping"),
    "*": (_mul, "low word of a * b"),
    "//": (_floordiv, "floor(a / b); b = 0 traps"),
    "cdiv": (_cdiv, "ceil(a / b); b = 0 traps"),
    "^": (_xor, "bitwise exclusive or"),
    "&": (_and, "bitwise and"),
    "|": (_or, "bitwise or"),
    "<<": (_shl, "a shifted left by b; 0 when b >= 32"),
    ">>": (_shr, "a shifted right by b, zeros coming in; 0 when b >= 32"),
    "%": (_mod, "remainder of a / b; b = 0 traps"),
    "<": (_less, "1 when a < b, unsigned, else 0"),
    "==": (_equal, "1 when a = b, else 0"),
}

ALU_OPS: Final = tuple(_ALU)
"""Names of the two-operand arithmetic operations, the same on ``alu`` and ``valu``."""

DIVIDING_OPS: Final = frozenset({"//", "cdiv", "%"})
"""The arithmetic operations that trap on a zero second operand."""


def alu_semantics(name: str) -> Callable[[int, int], int]:
    """The function of a two-operand arithmetic operation on unsigned 32-bit words.

    The function raises ZeroDivisionError for a zero divisor (``//``, ``%``, ``cdiv``).

    Raises:
        KeyError: `name` is not in `ALU_OPS`.
    """
    return _ALU[name][0]


def multiply_add_semantics(a: int, b: int, c: int) -> int:
    """``a * b + c`` mod 2**32, the function of one lane of ``multiply_add``."""
    return _multiply_add(a, b, c)


def _dest(name: str = "d", *, vector: bool = False, offset: int | None = None) -> Operand:
    return Operand(name, OperandKind.DEST, vector, offset)


def _src(name: str, *, vector: bool = False, offset: int | None = None) -> Operand:
    return Operand(name, OperandKind.SRC, vector, offset)


_IMM: Final = Operand("imm", OperandKind.IMM)
_TEXT: Final = Operand("text", OperandKind.TEXT)


def _table() -> dict[tuple[str, str], OpInfo]:
    table: dict[tuple[str, str], OpInfo] = {}

    def op(
        engine: str,
        name: str,
        *operands: Operand,
        summary: str,
        effect: Effect = Effect.NONE,
        semantics: Callable[..., int] | None = None,
    ) -> None:
        table[engine, name] = OpInfo(engine, name, operands, effect, semantics, summary)

    for name, (semantics, summary) in _ALU.items():
        op("alu", name, _dest(), _src("a"), _src("b"), semantics=semantics, summary=summary)
    for name, (semantics, summary) in _ALU.items():
        operands = (_dest(vector=True), _src("a", vector=True), _src("b", vector=True))
        op("valu", name, *operands, semantics=semantics, summary=f"{summary}, lane by lane")
    op("valu", "vbroadcast", _dest(vector=True), _src("s"), summary="every lane = scratch[s]")
    op(
        "valu",
        "multiply_add",
        _dest(vector=True),
        _src("a", vector=True),
        _src("b", vector=True),
        _src("c", vector=True),
        semantics=_multiply_add,
        summary="low word of a * b + c, lane by lane",
    )

    op("load", "load", _dest(), _src("a"), effect=Effect.LOAD, summary="memory[scratch[a]]")
    op(
        "load",
        "load_offset",
        _dest(offset=3),
        _src("a", offset=3),
        Operand("k", OperandKind.IMM),
        effect=Effect.LOAD,
        summary="scratch[d + k] = memory[scratch[a + k]]",
    )
    op(
        "load",
        "vload",
        _dest(vector=True),
        _src("a"),
        effect=Effect.LOAD,
        summary="consecutive words from memory[scratch[a]]",
    )
    op("load", "const", _dest(), _IMM, summary="imm mod 2**32")

    op(
        "store",
        "store",
        _src("a"),
        _src("s"),
        effect=Effect.STORE,
        summary="memory[scratch[a]] = scratch[s]",
    )
    op(
        "store",
        "vstore",
        _src("a"),
        _src("s", vector=True),
        effect=Effect.STORE,
        summary="consecutive words from memory[scratch[a]] = s",
    )

    op(
        "flow",
        "select",
        _dest(),
        _src("c"),
        _src("a"),
        _src("b"),
        summary="scratch[a] if scratch[c] != 0 else scratch[b]",
    )
    op(
        "flow",
        "vselect",
        _dest(vector=True),
        _src("c", vector=True),
        _src("a", vector=True),
        _src("b", vector=True),
        summary="a if c != 0 else b, lane by lane",
    )
    op("flow", "add_imm", _dest(), _src("a"), _IMM, summary="scratch[a] + imm, wrapping")
    target = Operand("target", OperandKind.PC)
    op("flow", "jump", target, effect=Effect.JUMP, summary="continue at target")
    op(
        "flow",
        "cond_jump",
        _src("c"),
        target,
        effect=Effect.JUMP,
        summary="continue at target if scratch[c] != 0",
    )
    op(
        "flow",
        "cond_jump_rel",
        _src("c"),
        Operand("offset", OperandKind.PC_OFFSET),
        effect=Effect.JUMP,
        summary="skip offset bundles after this one if scratch[c] != 0",
    )
    op(
        "flow",
        "jump_indirect",
        _src("a"),
        effect=Effect.JUMP,
        summary="continue at bundle scratch[a]",
    )
    op("flow", "halt", effect=Effect.HALT, summary="stop the core")
    op("flow", "pause", effect=Effect.PAUSE, summary="pause the core where pausing is enabled")
    op(
        "flow",
        "trace_write",
        _src("a"),
        effect=Effect.TRACE,
        summary="append scratch[a] to the trace buffer",
    )
    op("flow", "coreid", _dest(), summary="number of the core, 0")

    key = Operand("key", OperandKind.TEXT)
    op(
        "debug",
        "compare",
        _src("a"),
        key,
        effect=Effect.CHECK,
        summary="scratch[a] equals the reference value of key",
    )
    op(
        "debug",
        "vcompare",
        _src("a", vector=True),
        Operand("keys", OperandKind.TEXT),
        effect=Effect.CHECK,
        summary="each lane equals the reference value of its key",
    )
    op("debug", "comment", _TEXT, summary="nothing")
    return table


OPCODES: Final[dict[tuple[str, str], OpInfo]] = _table()
"""Every operation by ``(engine, name)``, engines in the order of `ENGINES`."""

"""Random programs for the machine, valid and terminating, and random memory images.

A program keeps its general words, which anything may overwrite, apart from protected ones that make
it behave: pointers that are valid addresses, divisors that are not zero, shift counts that the
original simulator survives, loop counters. `GeneratorOptions` takes single protections away.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from isa.opcodes import ALU_OPS, DIVIDING_OPS
from isa.program import Bundle, Program, Slot, encode_key

VLEN = 8
MEMORY_WORDS = 80

# General words at both ends of scratch, so that the last vector is exercised too.
LOW_GENERAL = range(96)
HIGH_GENERAL = range(1516, 1536)
POINTERS = range(100, 108)
DIVISORS = range(110, 126)
SHIFTS = range(130, 146)
MODULUS = 150
COUNTERS = range(160, 170)
TARGET = 170
ONE = 171

EDGE_WORDS = (0, 1, 2, 7, 31, 32, 2**16, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)


@dataclass(frozen=True)
class GeneratorOptions:
    """What a random program may do.

    Attributes:
        may_trap: some addresses and divisors are arbitrary.
        any_shift: shift counts are arbitrary (the original simulator cannot execute all).
        double_writes: slots of a bundle may write the same word (such programs are not valid).
        negative_words: scratch addresses may count from the end (not valid either).
    """

    may_trap: bool = False
    any_shift: bool = False
    double_writes: bool = False
    negative_words: bool = False


class ProgramGenerator:
    """Builds one random program; equal generator states give equal programs."""

    def __init__(self, rng: random.Random, options: GeneratorOptions | None = None) -> None:
        self.rng = rng
        self.options = options or GeneratorOptions()
        self.bundles: list[Bundle] = []
        self.free_counters = list(COUNTERS)
        self.written: set[int] = set()

    def build(self, n_segments: int) -> Program:
        self.prologue()
        for _ in range(n_segments):
            self.segment(depth=0)
        return Program(tuple(self.bundles))

    # Structure ------------------------------------------------------------------------------------

    def prologue(self) -> None:
        """Give the protected words their values, and some general words any value."""
        constants = {MODULUS: MEMORY_WORDS - VLEN + 1, ONE: 1}
        constants |= {word: self.rng.randrange(MEMORY_WORDS - VLEN + 1) for word in POINTERS}
        constants |= {word: self.edge_word() or 3 for word in DIVISORS}
        constants |= {word: self.rng.randrange(40) for word in SHIFTS}
        constants |= {self.rng.choice(LOW_GENERAL): self.edge_word() for _ in range(12)}
        slots: list[Slot] = [("const", word, value) for word, value in constants.items()]
        for start in range(0, len(slots), 2):
            self.bundles.append({"load": slots[start : start + 2]})

    def segment(self, depth: int) -> None:
        kinds: list[Callable[[int], None]] = [self.straight, self.straight, self.skip]
        if depth < 2 and self.free_counters:
            kinds.append(self.loop)
        self.rng.choice(kinds)(depth)

    def straight(self, depth: int) -> None:
        for _ in range(self.rng.randint(1, 4)):
            self.bundles.append(self.bundle(with_flow=True))

    def skip(self, depth: int) -> None:
        """A jump over some segments, of any of the four kinds."""
        kind = self.rng.choice(("jump", "cond_jump", "cond_jump_rel", "jump_indirect"))
        setup = self.bundle(with_flow=False)
        self.bundles.append(setup)
        branch = self.bundle(with_flow=False)
        here = len(self.bundles)
        self.bundles.append(branch)
        for _ in range(self.rng.randint(0, 2)):
            self.segment(depth + 1)
        if self.rng.random() < 0.1:
            self.bundles.append({"flow": [("halt",)]})
        target = len(self.bundles)
        condition = self.source()
        slot: Slot = ("jump", target)
        if kind == "cond_jump":
            slot = ("cond_jump", condition, target)
        elif kind == "cond_jump_rel":
            slot = ("cond_jump_rel", condition, target - here - 1)
        elif kind == "jump_indirect":
            slot = ("jump_indirect", TARGET)
            loads = setup.setdefault("load", [])
            loads[:] = [*loads[:1], ("const", TARGET, target)]
        branch["flow"] = [slot]

    def loop(self, depth: int) -> None:
        """A counted loop: the jump reads the counter before the decrement of its bundle."""
        counter = self.free_counters.pop()
        self.bundles.append({"load": [("const", counter, self.rng.randint(0, 3))]})
        start = len(self.bundles)
        for _ in range(self.rng.randint(1, 2)):
            self.segment(depth + 1)
        last = self.bundle(with_flow=False)
        last["alu"] = [*last.get("alu", [])[:11], ("-", counter, counter, ONE)]
        if self.rng.random() < 0.5:
            last["flow"] = [("cond_jump", counter, start)]
        else:
            last["flow"] = [("cond_jump_rel", counter, start - len(self.bundles) - 1)]
        self.bundles.append(last)

    # Bundles --------------------------------------------------------------------------------------

    def bundle(self, *, with_flow: bool) -> Bundle:
        self.written = set()
        makers: dict[str, tuple[int, Callable[[], Slot | None]]] = {
            "alu": (12, self.alu),
            "valu": (6, self.valu),
            "load": (2, self.load),
            "store": (2, self.store),
            "debug": (3, self.debug),
        }
        if with_flow:
            makers["flow"] = (1, self.flow)
        engines = self.rng.sample(sorted(makers), self.rng.randint(0, len(makers)))
        bundle: Bundle = {}
        for engine in engines:
            limit, make = makers[engine]
            n_slots = limit if self.rng.random() < 0.2 else self.rng.randint(0, min(limit, 3))
            slots = (make() for _ in range(n_slots))
            bundle[engine] = [slot for slot in slots if slot is not None]
        return bundle

    def alu(self) -> Slot | None:
        if self.rng.random() < 0.1:
            pointer = self.rng.choice(POINTERS)
            return self.writing(pointer, 1, "%", self.source(), MODULUS)
        op = self.rng.choice(ALU_OPS)
        return self.to_general(1, op, self.source(), self.second_operand(op, 1))

    def valu(self) -> Slot | None:
        op = self.rng.choice((*ALU_OPS, "vbroadcast", "multiply_add", "multiply_add"))
        if op == "vbroadcast":
            return self.to_general(VLEN, op, self.source())
        if op == "multiply_add":
            return self.to_general(VLEN, op, *(self.source(VLEN) for _ in range(3)))
        return self.to_general(VLEN, op, self.source(VLEN), self.second_operand(op, VLEN))

    def load(self) -> Slot | None:
        kind = self.rng.choice(("load", "load_offset", "vload", "const"))
        if kind == "const":
            return self.to_general(1, kind, self.rng.choice((self.edge_word(), -1, -(2**31))))
        pointer = self.pointer()
        if kind == "load_offset":
            offset = self.rng.randrange(8)
            word = self.general(1)
            if pointer < offset or not self.claim(word, 1):
                return None
            if word < offset and not self.options.negative_words:
                offset = word
            return (kind, word - offset, pointer - offset, offset)
        return self.to_general(VLEN if kind == "vload" else 1, kind, pointer)

    def store(self) -> Slot | None:
        if self.rng.random() < 0.5:
            return ("store", self.pointer(), self.source())
        return ("vstore", self.pointer(), self.source(VLEN))

    def flow(self) -> Slot | None:
        kind = self.rng.choice(
            ("select", "vselect", "add_imm", "pause", "trace_write", "coreid", "cond_jump_rel")
        )
        if kind == "select":
            return self.to_general(1, kind, *(self.source() for _ in range(3)))
        if kind == "vselect":
            return self.to_general(VLEN, kind, *(self.source(VLEN) for _ in range(3)))
        if kind == "add_imm":
            return self.to_general(1, kind, self.source(), self.rng.choice((-1, 5, 2**32 - 1)))
        if kind == "coreid":
            return self.to_general(1, kind)
        if kind == "trace_write":
            return (kind, self.source())
        return (kind,) if kind == "pause" else (kind, self.source(), 0)

    def debug(self) -> Slot | None:
        key = (self.rng.randrange(4), "val")
        return self.rng.choice(
            (
                ("comment", 'text with "quotes" \\ and ; # signs'),
                ("compare", self.source(), encode_key(key)),
                ("vcompare", self.source(VLEN), encode_key([key] * VLEN)),
            )
        )

    # Operands -------------------------------------------------------------------------------------

    def edge_word(self) -> int:
        return self.rng.choice((*EDGE_WORDS, self.rng.randrange(2**32)))

    def general(self, width: int) -> int:
        area = LOW_GENERAL if self.rng.random() < 0.8 else HIGH_GENERAL
        word = self.rng.randrange(area.start, area.stop - width + 1)
        if self.options.negative_words and area is HIGH_GENERAL and self.rng.random() < 0.3:
            return word - 1536
        return word

    def source(self, width: int = 1) -> int:
        if self.rng.random() < 0.1:
            return self.rng.randrange(0, SHIFTS.stop - width)
        return self.general(width)

    def pointer(self) -> int:
        if self.options.may_trap and self.rng.random() < 0.02:
            return self.source()
        return self.rng.choice(POINTERS)

    def second_operand(self, op: str, width: int) -> int:
        area: range | None = None
        if op in DIVIDING_OPS and not (self.options.may_trap and self.rng.random() < 0.05):
            area = DIVISORS
        if op == "<<" and not self.options.any_shift:
            area = SHIFTS
        if area is None:
            return self.source(width)
        return self.rng.randrange(area.start, area.stop - width + 1)

    def claim(self, word: int, width: int) -> bool:
        """Reserve words for one write of the current bundle, unless another slot has them."""
        words = {(word + lane) % 1536 for lane in range(width)}
        if words & self.written and not self.options.double_writes:
            return False
        self.written |= words
        return True

    def to_general(self, width: int, op: str, *operands: int) -> Slot | None:
        return self.writing(self.general(width), width, op, *operands)

    def writing(self, word: int, width: int, op: str, *operands: int) -> Slot | None:
        return (op, word, *operands) if self.claim(word, width) else None


def random_program(
    rng: random.Random, n_segments: int = 6, options: GeneratorOptions | None = None
) -> Program:
    """A random program of about ``3 * n_segments`` bundles behind a prologue of constants."""
    return ProgramGenerator(rng, options).build(n_segments)


def random_memory(rng: random.Random) -> list[int]:
    """`MEMORY_WORDS` words, half of them near an edge of the value range."""
    return [
        rng.choice(EDGE_WORDS) if rng.random() < 0.5 else rng.randrange(2**32)
        for _ in range(MEMORY_WORDS)
    ]


@st.composite
def programs(draw: st.DrawFn, options: GeneratorOptions | None = None) -> Program:
    """Random programs; shrinks towards few segments."""
    n_segments = draw(st.integers(0, 8))
    seed = draw(st.integers(0, 2**32 - 1))
    return random_program(random.Random(seed), n_segments, options)


@st.composite
def memories(draw: st.DrawFn) -> list[int]:
    """Random memory images that fit `programs`."""
    return random_memory(random.Random(draw(st.integers(0, 2**32 - 1))))

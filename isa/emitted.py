"""What no program of a compiler for this machine may hold, beyond the rules of `isa.validate`.

The machine description says of some operations "never emit one", although a simulator may execute
them: a left shift by 32 or more (the original simulator computes it with unbounded integers first,
and a huge count exhausts its memory), and two stores to one memory word in the same bundle. Both
depend on words in scratch; here they are found wherever the words follow from constants.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isa.errors import Problem, ProgramError
from isa.opcodes import (
    DIVIDING_OPS,
    ENGINES,
    OPCODES,
    WORD_BITS,
    WORD_MASK,
    Effect,
    OperandKind,
    OpInfo,
)
from isa.program import Program, Slot
from isa.validate import check

Words = dict[int, int]
"""Scratch words that are known, by address."""

Lanes = list["int | None"]
"""What is known of each lane of an operand."""


def check_emitted(program: Program) -> None:
    """Accept a valid program without operations that must not be emitted.

    Raises:
        ProgramError: `isa.validate.check` does, or `forbidden` finds something; the error carries
            the problems and the place of the first one.
    """
    check(program)
    problems = tuple(forbidden(program))
    if problems:
        first = problems[0]
        raise ProgramError(
            str(first),
            bundle=first.bundle,
            engine=first.engine,
            slot=first.slot,
            problems=problems,
        )


def forbidden(program: Program) -> Iterator[Problem]:
    """The operations of a valid `program` that must not be emitted, in program order.

    Scratch starts as zeros; constants are followed through all arithmetic. Where a jump may arrive
    nothing is known.
    """
    arrivals = _arrivals(program)
    known: Words = {} if 0 in arrivals else dict.fromkeys(range(program.machine.scratch_words), 0)
    for index, bundle in enumerate(program.bundles):
        if index in arrivals:
            known = {}
        written: dict[int, int | None] = {}
        stored: dict[int, int] = {}
        for engine in ENGINES:
            for number, slot in enumerate(bundle.get(engine, ())):
                info = OPCODES[engine, str(slot[0])]
                sources = _sources(slot, info, program.machine.vlen, known)
                for message in _problems(slot, info, sources, stored, number):
                    yield Problem(message, index, engine, number)
                for words in info.writes(slot, program.machine.vlen):
                    results = _results(slot, info, sources, len(words))
                    written.update(zip(words, results, strict=True))
        for word, result in written.items():
            if result is None:
                known.pop(word, None)
            else:
                known[word] = result


def _arrivals(program: Program) -> frozenset[int]:
    """The bundles that may follow another one than that before them."""
    found: set[int] = set()
    for index, bundle in enumerate(program.bundles):
        for slot in bundle.get("flow", ()):
            info = OPCODES["flow", str(slot[0])]
            if info.effect is not Effect.JUMP:
                continue
            targets = [
                int(value) + (index + 1 if operand.kind is OperandKind.PC_OFFSET else 0)
                for operand, value in zip(info.operands, slot[1:], strict=True)
                if operand.kind in (OperandKind.PC, OperandKind.PC_OFFSET)
            ]
            # An indirect jump names no target: it may go anywhere.
            found.update(targets or range(len(program.bundles)))
    return frozenset(found)


def _sources(slot: Slot, info: OpInfo, vlen: int, known: Words) -> list[Lanes]:
    return [[known.get(word) for word in words] for words in info.reads(slot, vlen)]


def _problems(
    slot: Slot, info: OpInfo, sources: Sequence[Lanes], stored: dict[int, int], number: int
) -> Iterator[str]:
    """What is forbidden about one operation; `stored` says which slot stores to an address."""
    if info.name == "<<":
        counts = [count for count in sources[1] if count is not None and count >= WORD_BITS]
        if counts:
            yield f"<< shifts by {counts[0]}; a count must be less than {WORD_BITS}"
    if info.effect is Effect.STORE and sources[0][0] is not None:
        for address in range(sources[0][0], sources[0][0] + len(sources[1])):
            other = stored.setdefault(address, number)
            if other != number:
                yield (
                    f"{info.name} writes memory word {address}, which store slot {other} of the "
                    "same bundle writes too"
                )
                return


def _results(slot: Slot, info: OpInfo, sources: Sequence[Lanes], width: int) -> Lanes:
    """The words an operation writes, as far as they are known."""
    if info.name == "const":
        return [int(slot[2]) & WORD_MASK]
    if info.name == "add_imm":
        word = sources[0][0]
        return [None if word is None else (word + int(slot[3])) & WORD_MASK]
    if info.name == "vbroadcast":
        return sources[0] * width
    if info.name in ("select", "vselect"):
        return [_chosen(*lane) for lane in zip(*sources, strict=True)]
    if info.semantics is None:
        return [None] * width
    found: Lanes = []
    for lane in zip(*sources, strict=True):
        words = [word for word in lane if word is not None]
        traps = info.name in DIVIDING_OPS and words[-1:] == [0]
        found.append(info.semantics(*words) if len(words) == len(lane) and not traps else None)
    return found


def _chosen(condition: int | None, one: int | None, other: int | None) -> int | None:
    if condition is None:
        return None
    return one if condition else other

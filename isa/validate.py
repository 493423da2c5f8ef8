"""The rules a program must keep, checked without running it.

The take-home's simulator executes some programs that break these rules (two writes of one word,
negative addresses); `isa.simulator` does the same. Our tools emit none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from isa.errors import Problem, ProgramError
from isa.machine import MachineSpec
from isa.opcodes import ENGINES, OPCODES, OperandKind, OpInfo
from isa.program import Bundle, Program, Slot

_IMMEDIATE_MIN: Final = -(2**31)
_IMMEDIATE_MAX: Final = 2**32 - 1
_SHOWN_PROBLEMS: Final = 5


def validate(program: Program) -> list[Problem]:
    """Every rule that `program` breaks, in program order; empty for a valid program.

    Checked: engines and slot limits; operations, operand counts and types; scratch addresses with
    the whole extent of vectors; immediates (from -2**31 to 2**32 - 1); jump targets (any bundle, or
    the end of the program); double writes of a scratch word within a bundle.
    """
    problems: list[Problem] = []
    for index, bundle in enumerate(program.bundles):
        problems.extend(_bundle_problems(program, index, bundle))
    return problems


def check(program: Program) -> None:
    """Accept a valid program.

    Raises:
        ProgramError: `validate` finds problems; the error carries all of them, and the place of
            the first one.
    """
    problems = validate(program)
    if not problems:
        return
    lines = [str(problem) for problem in problems[:_SHOWN_PROBLEMS]]
    if len(problems) > _SHOWN_PROBLEMS:
        lines.append(f"and {len(problems) - _SHOWN_PROBLEMS} more problems")
    first = problems[0]
    raise ProgramError(
        "\n".join(lines),
        bundle=first.bundle,
        engine=first.engine,
        slot=first.slot,
        problems=tuple(problems),
    )


def _bundle_problems(program: Program, index: int, bundle: Bundle) -> Iterator[Problem]:
    machine = program.machine
    writers: dict[int, tuple[str, int]] = {}
    for engine, slots in bundle.items():
        limit = machine.slots.get(engine)
        if limit is None:
            known = ", ".join(ENGINES)
            yield Problem(f"unknown engine {engine!r}; the engines are {known}", index)
            continue
        if len(slots) > limit:
            message = f"{len(slots)} slots, but the machine has {limit}"
            yield Problem(message, index, engine, limit)
        for number, slot in enumerate(slots):
            messages = list(slot_problems(slot, engine, machine))
            if not messages:
                info = OPCODES[engine, str(slot[0])]
                messages += _target_problems(slot, info, index, len(program.bundles))
                messages += _double_writes(slot, info, machine.vlen, writers, (engine, number))
            for message in messages:
                yield Problem(message, index, engine, number)


def slot_problems(slot: Slot, engine: str, machine: MachineSpec) -> Iterator[str]:
    """What is wrong with `slot` by itself, wherever it stands: operation, operands, ranges."""
    name = slot[0] if slot else None
    info = OPCODES.get((engine, name)) if isinstance(name, str) else None
    if info is None:
        yield f"{engine} has no operation {name!r}"
        return
    operands = slot[1:]
    if len(operands) != len(info.operands):
        wanted = " ".join(operand.name for operand in info.operands) or "none"
        yield f"{name} takes {len(info.operands)} operands ({wanted}), got {len(operands)}"
        return
    well_typed = True
    for operand, value in zip(info.operands, operands, strict=True):
        wanted_type = str if operand.kind is OperandKind.TEXT else int
        if type(value) is not wanted_type:  # a bool is not an integer here
            kind = "text" if wanted_type is str else "an integer"
            yield f"operand {operand.name} of {name} is {value!r}; it must be {kind}"
            well_typed = False
        elif operand.kind is OperandKind.IMM and isinstance(value, int):
            if not _IMMEDIATE_MIN <= value <= _IMMEDIATE_MAX:
                yield (
                    f"immediate {operand.name} of {name} is {value}; "
                    "it must be from -2**31 to 2**32 - 1"
                )
    if well_typed:
        yield from _range_problems(slot, info, machine)


def _range_problems(slot: Slot, info: OpInfo, machine: MachineSpec) -> Iterator[str]:
    for role, extents in (
        ("writes", info.writes(slot, machine.vlen)),
        ("reads", info.reads(slot, machine.vlen)),
    ):
        for words in extents:
            if words.start < 0 or words.stop > machine.scratch_words:
                extent = f"word {words.start}"
                if len(words) > 1:
                    extent = f"words {words.start} to {words.stop - 1}"
                yield (
                    f"{info.name} {role} scratch {extent}, "
                    f"but scratch has words 0 to {machine.scratch_words - 1}"
                )


def _target_problems(slot: Slot, info: OpInfo, index: int, n_bundles: int) -> Iterator[str]:
    for operand, value in zip(info.operands, slot[1:], strict=True):
        if operand.kind is OperandKind.PC:
            target = int(value)
        elif operand.kind is OperandKind.PC_OFFSET:
            target = index + 1 + int(value)
        else:
            continue
        if not 0 <= target <= n_bundles:
            yield (
                f"{info.name} goes to bundle {target}, "
                f"but the program has bundles 0 to {n_bundles - 1} and ends at {n_bundles}"
            )


def _double_writes(
    slot: Slot,
    info: OpInfo,
    vlen: int,
    writers: dict[int, tuple[str, int]],
    writer: tuple[str, int],
) -> Iterator[str]:
    clash: dict[tuple[str, int], int] = {}
    for words in info.writes(slot, vlen):
        for word in words:
            other = writers.setdefault(word, writer)
            if other != writer:
                clash.setdefault(other, word)
    for (engine, number), word in clash.items():
        yield (
            f"{info.name} writes scratch word {word}, which {engine} slot {number} of the same "
            "bundle writes too"
        )

"""Errors of the machine package. Every message says what is wrong, where, and what to do."""

from __future__ import annotations

from dataclasses import dataclass


class IsaError(Exception):
    """Base of all errors raised on purpose by `isa`."""


class MachineError(IsaError):
    """A machine description is not usable."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule.

    Attributes:
        message: what is wrong, without the place.
        bundle: index of the bundle.
        engine: engine within the bundle, or None when the bundle as a whole is at fault.
        slot: index of the slot within the engine, or None when no single slot is at fault.
    """

    message: str
    bundle: int
    engine: str | None = None
    slot: int | None = None

    def __str__(self) -> str:
        place = f"bundle {self.bundle}"
        if self.engine is not None:
            place += f", {self.engine}"
        if self.slot is not None:
            place += f" slot {self.slot}"
        return f"{place}: {self.message}"


class ProgramError(IsaError):
    """A program is malformed, or breaks a rule of the machine.

    Attributes:
        bundle: index of the guilty bundle, or None when the error is not inside one.
        engine: engine of the guilty slot, or None.
        slot: index of the guilty slot within its engine, or None.
        problems: every problem found when the error comes from `isa.validate.check`.
    """

    def __init__(
        self,
        message: str,
        *,
        bundle: int | None = None,
        engine: str | None = None,
        slot: int | None = None,
        problems: tuple[Problem, ...] = (),
    ) -> None:
        super().__init__(message)
        self.bundle = bundle
        self.engine = engine
        self.slot = slot
        self.problems = problems


class AssemblyError(IsaError):
    """Assembly text does not parse; the message shows ``file:line:column`` and a caret.

    Attributes:
        line: line of the error, from 1.
        column: column of the error, from 1.
    """

    def __init__(self, message: str, *, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class SimulationError(IsaError):
    """The simulated program did something the machine does not do.

    Attributes:
        reason: what happened, without the place.
        pc: index of the bundle that was executing.
        cycle: cycles counted before that bundle.
        engine: engine of the guilty slot, or None when the whole bundle is at fault.
        slot: index of the guilty slot within its engine, or None.
    """

    def __init__(
        self,
        reason: str,
        *,
        pc: int,
        cycle: int,
        engine: str | None = None,
        slot: int | None = None,
    ) -> None:
        place = f"bundle {pc}, cycle {cycle}"
        if engine is not None:
            place += f", {engine}" if slot is None else f", {engine} slot {slot}"
        super().__init__(f"{place}: {reason}")
        self.reason = reason
        self.pc = pc
        self.cycle = cycle
        self.engine = engine
        self.slot = slot


class MemoryImageError(IsaError):
    """A memory image holds something other than unsigned 32-bit words."""


class ProblemFileError(IsaError):
    """The original ``problem.py`` cannot be imported, or is not what the adapter expects."""

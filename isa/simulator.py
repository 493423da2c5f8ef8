"""The reference simulator: cycle- and state-exact to the take-home's machine with one core.

Frozen: results published with one `isa.SIMULATOR_VERSION` stay reproducible (see
``docs/machine.md``). The rules, in short: all reads of a bundle see the state before it, all its
writes take effect at its end; a bundle costs one cycle unless it has no engine but ``debug``;
running off the end stops the core.

Programs that `isa.validate` rejects but the original executes behave as there: of two writes to a
word the later one wins, negative scratch addresses and bundle indices count from the end.

Every bundle is decoded once into closures (`decode`), so that running costs little more than the
arithmetic. A trap leaves the state as it was before the guilty bundle.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from isa.decode import Code, DecodedProgram, Irregular, Jump, Trap, Words, decode, results
from isa.errors import MemoryImageError, SimulationError
from isa.opcodes import WORD_MASK, Effect
from isa.program import DebugKey, Program

__all__ = ["DecodedProgram", "RunResult", "Simulator", "Status", "decode", "memory_words", "run"]

Status: TypeAlias = Literal["running", "paused", "halted", "ended"]
"""``ended`` is running off the end of the program, ``halted`` is executing ``halt``."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """State of the core after a run.

    Attributes:
        cycles: cycles counted since the first bundle.
        memory: the memory words.
        scratch: the scratch words.
        pc: index of the bundle that would execute next.
        status: why the run stopped.
        trace: the words appended by ``trace_write``, in order.
    """

    cycles: int
    memory: list[int]
    scratch: list[int]
    pc: int
    status: Status
    trace: list[int]


def run(
    program: Program | DecodedProgram,
    memory: Iterable[int],
    *,
    pause: bool = False,
    debug: bool = False,
    max_cycles: int | None = None,
    reference: Mapping[DebugKey, int] | None = None,
    resume: RunResult | None = None,
) -> RunResult:
    """Run `program` until it ends, halts, or pauses.

    Args:
        program: the program, or `decode` of it.
        memory: the initial memory words; copied.
        pause: stop at ``pause`` slots (status ``paused``) instead of ignoring them.
        debug: execute debug comparisons (for a decoded program, `decode` decides).
        max_cycles: trap instead of counting more cycles than this.
        reference: reference values by debug key, for debug comparisons.
        resume: continue from this result's pc, scratch, trace and cycle count; `memory` is then
            normally ``resume.memory``.

    Raises:
        SimulationError: the program traps.
        MemoryImageError: `memory` holds something else than unsigned 32-bit words.
    """
    simulator = Simulator(
        program,
        memory,
        pause=pause,
        debug=debug,
        max_cycles=max_cycles,
        reference=reference,
        resume=resume,
    )
    return simulator.run()


class Simulator:
    """A core that can be stepped, paused and resumed; arguments as of `run`.

    Attributes:
        program: the program.
        memory, scratch, trace, pc, cycles, status: the state, as in `RunResult`.
    """

    def __init__(
        self,
        program: Program | DecodedProgram,
        memory: Iterable[int],
        *,
        pause: bool = False,
        debug: bool = False,
        max_cycles: int | None = None,
        reference: Mapping[DebugKey, int] | None = None,
        resume: RunResult | None = None,
    ) -> None:
        decoded = decode(program, debug=debug) if isinstance(program, Program) else program
        self.program: Final = decoded.program
        self.memory: Final = memory_words(memory)
        self.scratch: Final = (
            [0] * self.program.machine.scratch_words if resume is None else list(resume.scratch)
        )
        self.trace: Final = [] if resume is None else list(resume.trace)
        self.pc = 0 if resume is None else resume.pc
        self.cycles = 0 if resume is None else resume.cycles
        self.status: Status = "running" if resume is None else resume.status
        self._codes = decoded.codes
        self._pause = pause
        self._max_cycles = max_cycles
        self._reference: Mapping[DebugKey, int] = reference or {}

    def run(self) -> RunResult:
        """Run until the core stops or pauses; continues a paused core."""
        if self.status == "paused":
            self.status = "running"
        self._advance(None)
        return self.result()

    def step(self) -> Status:
        """Execute one bundle, counted or not; continues a paused core."""
        if self.status == "paused":
            self.status = "running"
        self._advance(1)
        return self.status

    def result(self) -> RunResult:
        """The state now; shares no list with the simulator."""
        return RunResult(
            self.cycles,
            list(self.memory),
            list(self.scratch),
            self.pc,
            self.status,
            list(self.trace),
        )

    def _advance(self, max_bundles: int | None) -> None:
        codes, scratch, memory = self._codes, self.scratch, self.memory
        n_codes, vlen = len(codes), self.program.machine.vlen
        max_cycles = self._max_cycles
        remaining = -1 if max_bundles is None else max_bundles
        alu_values: Words = []
        scalar_values: Words = []
        valu_values: list[Words] = []
        vector_values: list[Words] = []
        stored: list[tuple[int, Words]] = []
        while remaining and self.status == "running":
            pc = self.pc
            if pc >= n_codes:
                self.status = "ended"
                break
            if pc < -n_codes:
                raise self._error(f"bundle {pc} is before the start of the program")
            code = codes[pc]
            (
                cost,
                alu,
                alu_words,
                valu,
                valu_words,
                scalars,
                scalar_words,
                vectors,
                vector_words,
                stores,
                controls,
                irregular,
                _,
            ) = code
            if max_cycles is not None and self.cycles + cost > max_cycles:
                raise self._error(f"step limit: the program needs more than {max_cycles} cycles")
            ordered: dict[int, int] | None = None
            try:  # evaluate everything on the state before the bundle
                if irregular is not None:
                    ordered = self._irregular(irregular)
                if alu:
                    alu_values = [function(scratch[a], scratch[b]) for function, a, b in alu]
                if valu:
                    valu_values = [
                        list(map(function, scratch[a : a + vlen], scratch[b : b + vlen]))
                        for function, a, b in valu
                    ]
                if scalars:
                    scalar_values = [evaluate(scratch, memory) for evaluate in scalars]
                if vectors:
                    vector_values = [evaluate(scratch, memory) for evaluate in vectors]
                if stores:
                    stored = [evaluate(scratch, memory) for evaluate in stores]
            except (Trap, ZeroDivisionError):
                raise self._located(code) from None
            self.cycles += cost
            self.pc = pc + 1
            if controls:
                self._control(controls)
            # then write
            if alu:
                for word, value in zip(alu_words, alu_values, strict=True):
                    scratch[word] = value
            if valu:
                for word, values in zip(valu_words, valu_values, strict=True):
                    scratch[word : word + vlen] = values
            if scalars:
                for word, value in zip(scalar_words, scalar_values, strict=True):
                    scratch[word] = value
            if vectors:
                for word, values in zip(vector_words, vector_values, strict=True):
                    scratch[word : word + vlen] = values
            if ordered is not None:
                for word, value in ordered.items():
                    scratch[word] = value
            if stores:
                for address, values in stored:
                    memory[address : address + len(values)] = values
            remaining -= 1

    def _control(self, controls: tuple[Jump | Effect | int, ...]) -> None:
        """Execute flow slots; runs before any write, so it reads the state before the bundle."""
        next_pc = self.pc
        for control in controls:
            if isinstance(control, int):
                self.trace.append(self.scratch[control])
            elif control is Effect.HALT:
                self.status = "halted"
            elif control is Effect.PAUSE:
                if self._pause:
                    self.status = "paused"
            elif not isinstance(control, Effect):
                self.pc = control(self.scratch, next_pc)

    def _irregular(self, irregular: Irregular) -> dict[int, int] | None:
        """Raise faults, execute checks; the ordered writes by (possibly negative) address."""
        if irregular.fault is not None:
            engine, slot, reason = irregular.fault
            raise self._error(reason, engine, slot)
        for slot, check in irregular.checks:
            try:
                check(self.scratch, self._reference)
            except Trap as trap:
                raise self._error(str(trap), "debug", slot) from None
        if irregular.writes is None:
            return None
        ordered: dict[int, int] = {}
        for result in irregular.writes:
            value = result.evaluate(self.scratch, self.memory)
            values = [value] if isinstance(value, int) else value
            ordered.update(zip(result.words, values, strict=True))
        return ordered

    def _located(self, code: Code) -> SimulationError:
        """The error of a bundle that traps: evaluate slot by slot; nothing is written yet."""
        bundle = self.program.bundles[self.pc]
        evaluations = [
            (result.engine, result.slot, result.evaluate)
            for result in results(bundle, self.program.machine)
        ]
        evaluations += [("store", number, store) for number, store in enumerate(code.stores)]
        for engine, slot, evaluate in evaluations:
            try:
                evaluate(self.scratch, self.memory)
            except Trap as trap:
                return self._error(str(trap), engine, slot)
            except ZeroDivisionError:
                return self._error("division by zero", engine, slot)
        raise AssertionError("a bundle trapped, but none of its slots does")

    def _error(
        self, reason: str, engine: str | None = None, slot: int | None = None
    ) -> SimulationError:
        return SimulationError(reason, pc=self.pc, cycle=self.cycles, engine=engine, slot=slot)


def memory_words(memory: Iterable[int]) -> list[int]:
    """A copy of a memory image as plain integers.

    Raises:
        MemoryImageError: some word is not an integer from 0 to 2**32 - 1.
    """
    words: list[int] = []
    for address, word in enumerate(memory):
        try:
            number = operator.index(word)
        except TypeError:
            raise MemoryImageError(f"memory word {address} is {word!r}, not an integer") from None
        if not 0 <= number <= WORD_MASK:
            raise MemoryImageError(
                f"memory word {address} is {number}; reduce it to an unsigned 32-bit word"
            )
        words.append(number)
    return words

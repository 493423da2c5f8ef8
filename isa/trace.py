"""Traces of a run for https://ui.perfetto.dev and ``chrome://tracing``.

One track per engine slot that the program uses (``alu 0`` … ``alu 11``; those of ``debug`` only if
it is executed), one event per executed slot; a cycle is shown as a microsecond. An event's
arguments name its operands and give their values: sources before the bundle, destinations after it;
and, where the program knows (`isa.provenance`), source line, lane group and value. A counter shows
how many words of scratch hold a value that is read later.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from isa.endless import WatchedSimulator
from isa.errors import ProgramError, SimulationError
from isa.load import parse_integer
from isa.opcodes import OPCODES, Effect, OperandKind, OpInfo
from isa.program import JSON, DebugKey, Program, Slot
from isa.provenance import SHARED, slot_places, source_text
from isa.simulator import RunResult, Simulator

MAX_EVENTS: Final = 200_000
"""Length of the longest trace: it takes about 150 MB here, and viewers are no better."""

_PROCESS: Final = 0


@dataclass(frozen=True, slots=True)
class Trace:
    """A recorded run.

    Attributes:
        events: events of the Chrome trace event format.
        result: the state at the end, or before the bundle that trapped.
        error: the trap that ended the run, if one did; the events up to it are all there.
    """

    events: list[dict[str, JSON]]
    result: RunResult
    error: SimulationError | None

    def to_json(self) -> dict[str, JSON]:
        """The trace as JSON data."""
        return {"displayTimeUnit": "ms", "traceEvents": cast("list[JSON]", self.events)}

    def to_json_text(self) -> str:
        """The trace as JSON text, one event per line."""
        lines = ",\n".join(json.dumps(event) for event in self.events)
        return f'{{"displayTimeUnit": "ms", "traceEvents": [\n{lines}\n]}}\n'


def record(
    program: Program,
    memory: Iterable[int],
    *,
    names: Mapping[int, str] | None = None,
    pause: bool = False,
    debug: bool = False,
    max_cycles: int | None = None,
    reference: Mapping[DebugKey, int] | None = None,
) -> Trace:
    """Run `program` as `isa.endless.WatchedSimulator` does, and record every slot it executes.

    Args:
        program: the program.
        memory: the initial memory words.
        names: names of scratch words, by address; `scratch_names` of the program by default.
        pause: end the trace at the first ``pause``.
        debug, max_cycles, reference: as of `isa.simulator.run`.

    Raises:
        MemoryImageError: `memory` holds something else than unsigned 32-bit words.
        ProgramError: the names in the program's meta data have not the right form.
    """
    recorder = _Recorder(program, scratch_names(program) if names is None else names, debug)
    simulator = WatchedSimulator(
        program,
        memory,
        pause=pause,
        debug=debug,
        max_cycles=max_cycles,
        reference=reference,
    )
    error = None
    while simulator.status == "running" and error is None:
        if len(recorder.events) > MAX_EVENTS:
            error = SimulationError(
                f"the trace has more than {MAX_EVENTS} events; end the run earlier (max_cycles)",
                pc=simulator.pc,
                cycle=simulator.cycles,
            )
        elif simulator.pc < len(program.bundles):
            error = recorder.step(simulator)
        else:
            simulator.step()
    events = [*recorder.metadata(), *recorder.events, *recorder.live.events()]
    return Trace(events, simulator.result(), error)


def scratch_names(program: Program) -> dict[int, str]:
    """Names of scratch words by address, from the program's ``meta["names"]``; {} without it.

    Raises:
        ProgramError: ``meta["names"]`` is not an object from addresses to names.
    """
    raw = program.meta.get("names", {})
    if isinstance(raw, dict) and all(
        _ADDRESS.fullmatch(word) and isinstance(name, str) for word, name in raw.items()
    ):
        return {parse_integer(word): str(name) for word, name in raw.items()}
    raise ProgramError(
        'meta["names"] of the program must map scratch addresses to names, as {"12": "value"}'
    )


_ADDRESS: Final = re.compile(r"[0-9]{1,20}")


class _Recorder:
    """Turns executed slots into events."""

    def __init__(self, program: Program, names: Mapping[int, str], debug: bool) -> None:
        self.program = program
        self.names = names
        self.debug = debug
        self.events: list[dict[str, JSON]] = []
        self.tracks = _tracks(program, debug)
        self.places = slot_places(program)
        source = source_text(program)
        self.source = [] if source is None else source[1].split("\n")
        self.live = _LiveWords()

    def metadata(self) -> Iterator[dict[str, JSON]]:
        """Names of the process and its tracks, in the order of the engines."""
        name = str(self.program.meta.get("name", self.program.machine.name))
        yield _metadata("process_name", 0, {"name": name})
        for (engine, slot), track in self.tracks.items():
            yield _metadata("thread_name", track, {"name": f"{engine} {slot}"})
            yield _metadata("thread_sort_index", track, {"sort_index": track})

    def step(self, simulator: Simulator) -> SimulationError | None:
        """Execute one bundle and record it; the error if it traps."""
        pc, cycle = simulator.pc, simulator.cycles
        before = list(simulator.scratch)
        try:
            simulator.step()
        except SimulationError as error:
            return error
        self.live.step(self.program, pc, cycle)
        for engine, slots in self.program.bundles[pc].items():
            if engine == "debug" and not self.debug:
                continue
            for number, slot in enumerate(slots):
                arguments = self._arguments(engine, slot, before, simulator.scratch)
                arguments["bundle"] = pc
                arguments |= self._place(pc, engine, number)
                event: dict[str, JSON] = {
                    "name": str(slot[0]) if slot else "",
                    "cat": engine,
                    "ph": "X",
                    "ts": cycle,
                    "dur": 1,
                    "pid": _PROCESS,
                    "tid": self.tracks[engine, number],
                    "args": arguments,
                }
                if engine == "debug":  # takes no time: an instant
                    del event["dur"]
                    event |= {"ph": "i", "s": "t"}
                self.events.append(event)
        return None

    def _arguments(
        self, engine: str, slot: Slot, before: list[int], after: list[int]
    ) -> dict[str, JSON]:
        info = OPCODES.get((engine, str(slot[0]))) if slot else None
        if info is None:  # an unknown debug slot, which the machine ignores
            return {"slot": repr(slot)}
        vlen = self.program.machine.vlen
        arguments: dict[str, JSON] = {"slot": " ".join(str(operand) for operand in slot)}
        reads, writes = iter(info.reads(slot, vlen)), iter(info.writes(slot, vlen))
        for operand, value in zip(info.operands, slot[1:], strict=True):
            if operand.kind is OperandKind.SRC:
                arguments[operand.name] = self._value(next(reads), before)
            elif operand.kind is OperandKind.DEST:
                arguments[operand.name] = self._value(next(writes), after)
            else:
                arguments[operand.name] = value
        if info.effect in (Effect.LOAD, Effect.STORE):
            arguments["memory address"] = _pointer(info, slot, vlen, before)
        return arguments

    def _place(self, pc: int, engine: str, number: int) -> dict[str, JSON]:
        """Where the slot comes from, as far as the program knows."""
        if self.places is None:
            return {}
        place = self.places[pc][engine][number]
        found: dict[str, JSON] = {"group": "set-up" if place.group == SHARED else place.group}
        if place.value:
            found["value"] = place.value
        if place.line is not None:
            found["line"] = place.line
            if place.line <= len(self.source):
                found["source"] = self.source[place.line - 1].strip()
        return found

    def _value(self, words: range, scratch: list[int]) -> str:
        letter = "r" if len(words) == 1 else "v"
        name = self.names.get(words.start)
        label = f"{letter}{words.start}" if name is None else f"{name} ({letter}{words.start})"
        values = [scratch[word] for word in words]
        return f"{label} = {values[0] if len(values) == 1 else values}"


def _pointer(info: OpInfo, slot: Slot, vlen: int, scratch: list[int]) -> int:
    """The memory address of a load or store: its first source word holds it."""
    return scratch[info.reads(slot, vlen)[0].start]


class _LiveWords:
    """Counts the scratch words that hold a value which is read later, in the order of execution."""

    def __init__(self) -> None:
        self._written: dict[int, int] = {}
        self._read: dict[int, int] = {}
        self._change: dict[int, int] = {}

    def step(self, program: Program, pc: int, cycle: int) -> None:
        """Take note of a bundle that was executed in ``cycle``."""
        vlen = program.machine.vlen
        slots = [
            (info, slot)
            for engine, own in program.bundles[pc].items()
            for slot in own
            if engine != "debug" and (info := OPCODES.get((engine, str(slot[0])))) is not None
        ]
        for info, slot in slots:
            for words in info.reads(slot, vlen):
                self._read.update(dict.fromkeys(words, cycle))
        for info, slot in slots:
            for words in info.writes(slot, vlen):
                for word in words:
                    self._end(word)
                    self._written[word] = cycle

    def events(self) -> Iterator[dict[str, JSON]]:
        """The counter's values, an event for each change: words held after each cycle."""
        for word in list(self._read):
            self._end(word)
        held = 0
        for cycle, change in sorted(self._change.items()):
            held += change
            if change:
                yield {
                    "name": "live words",
                    "ph": "C",
                    "ts": cycle,
                    "pid": _PROCESS,
                    "args": {"words": held},
                }

    def _end(self, word: int) -> None:
        """The value in a word is not read any more."""
        start, end = self._written.pop(word, 0), self._read.pop(word, -1)
        if end > start:
            self._change[start] = self._change.get(start, 0) + 1
            self._change[end] = self._change.get(end, 0) - 1


def _tracks(program: Program, debug: bool) -> dict[tuple[str, int], int]:
    """A track for each slot that some bundle uses, by engines in the machine's order."""
    most = {
        engine: max((len(bundle.get(engine, ())) for bundle in program.bundles), default=0)
        for engine in program.machine.slots
        if engine != "debug" or debug
    }
    slots = [(engine, slot) for engine, count in most.items() for slot in range(count)]
    return {slot: track for track, slot in enumerate(slots, start=1)}


def _metadata(name: str, track: int, arguments: dict[str, JSON]) -> dict[str, JSON]:
    return {"name": name, "ph": "M", "pid": _PROCESS, "tid": track, "args": arguments}

"""What stands between a program and the kernel bound: work of which the bound counts less.

The kernel bound (:mod:`vliwc.strategy.bound`) has an assignment of its own that is the best of all,
and counts reads and writes at known addresses by the fewest operations that bring or take away
their distinct words, nothing for moving words and for constants.  What a program does is set
against that purpose by purpose, measured by the prices of the resource bound that holds the program
(cycles a slot, :mod:`vliwc.explain.attribution`), and named with what a user can change about it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from isa.program import JSON
from vliwc.analysis.facts import Facts
from vliwc.analysis.known_addresses import known_addresses
from vliwc.driver import Compilation
from vliwc.explain.slots import SlotTable
from vliwc.ir.value import Op, Value
from vliwc.isel.cost import EngineDemand
from vliwc.isel.program import LaneProgram
from vliwc.mir.operation import MOp
from vliwc.strategy.bound import LeastParts, least_parts
from vliwc.strategy.unavoidable import fewest_stores, fewest_windows

LEAST_PART = 0.01
"""What is worth less than this part of all cycles is not worth a sentence."""


@dataclass(frozen=True)
class Obstacle:
    """``slots`` that operations on the source ``lines`` take for one thing; what they take beyond
    the kernel bound's count is worth ``cycles``.  ``hint``: what would change it."""

    what: str
    cycles: float
    slots: dict[str, int]
    lines: tuple[int, ...]
    hint: str

    def __str__(self) -> str:
        used = ", ".join(f"{count} {engine}" for engine, count in self.slots.items() if count)
        on = f" (line {in_ranges(self.lines)})" if self.lines else ""
        return f"{self.what}{on}: {used} slots; {self.hint}"

    def to_json(self) -> dict[str, JSON]:
        """JSON data."""
        found = asdict(self)
        found["lines"] = list(self.lines)
        return found


@dataclass(frozen=True)
class _Purpose:
    """What operations are there for; ``kind`` is a key of :data:`_WORDS`, ``name`` an array's."""

    kind: str
    name: str = ""


_WORDS = {
    "loads": (
        "{name}: loads of words at known places",
        "fewer would do if neighbouring iterations read neighbouring words",
    ),
    "stores": (
        "{name}: words stored one by one or in short vectors",
        "a vstore writes what neighbouring iterations, or one iteration to neighbouring words, "
        "write; whole vectors need lengths that are a multiple of the vector length",
    ),
    "moves": (
        "{name}: words moved to stand side by side",
        "they stand so already where iteration i reads or writes word i + constant: let the last "
        "index of the array be the loop's",
    ),
    "reads": (
        "{name}: reads at run-time places with their addresses",
        "a smaller range of the index (`assume`, `below`, a smaller table) allows selections among "
        "words in scratch, and neighbouring words of one node are read together",
    ),
    "selects": (
        "selections",
        "a select with a constant arm, or of values that differ by a constant, is cheap arithmetic",
    ),
    "setup": (
        "constants and tables that lanes share",
        "they are paid once: more iterations make them count less",
    ),
    "apart": (
        "arithmetic on words that do not stand side by side, which only alu reads where they are",
        "they stand side by side where iteration i reads word i + constant; rows whose length is a "
        "multiple of the vector length have their edges in the same lanes",
    ),
    "rest": (
        "other arithmetic",
        "the bound counts what the results need; the rest belongs to the chosen ways of reading "
        "and storing",
    ),
}


def in_ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers with neighbours as ranges: "3, 5..7"."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(f"{low}" if low == high else f"{low}..{high}" for low, high in ranges)


def obstacles(
    compilation: Compilation, slots: SlotTable, prices: Mapping[str, float]
) -> tuple[Obstacle, ...]:
    """What costs most beyond the kernel bound's count, the most first; what is worth less than
    :data:`LEAST_PART` of the cycles is left out.

    Idle slots are not among them: :class:`vliwc.explain.attribution.Gap` has their cycles.  Nothing
    is found at -O0, where the bound is of another function.
    """
    if not compilation.optimised or not any(prices.values()):
        return ()
    function, work = compilation.function, compilation.least_work.work
    program = LaneProgram.of(function, Facts(function), compilation.program.machine)
    parts = least_parts(program, work)
    if parts is None:
        return ()
    places = known_addresses(function)
    tables = {value for reads in work.reads for value in reads.table}
    purposes: dict[_Purpose, int] = {}
    lines: dict[_Purpose, set[int]] = {}
    number = np.zeros(len(slots.operations), dtype=np.int64)
    for at, (op, group) in enumerate(slots.operations):
        purpose = _purpose(op, group, places, tables)
        number[at] = purposes.setdefault(purpose, len(purposes))
        span = None if op.origin is None else op.origin.span
        if span is not None:
            lines.setdefault(purpose, set()).add(span.start_line)
    least = _least(places, tables, parts, prices, program.machine.vlen)
    of_slot = number[slots.operation]
    found: list[Obstacle] = []
    for purpose, index in purposes.items():
        taken = slots.totals(of_slot == index)
        worth = sum(prices.get(engine, 0.0) * count for engine, count in taken.items())
        beyond = worth - least.get(purpose, 0.0)
        if beyond >= LEAST_PART * slots.cycles:
            what, hint = _WORDS[purpose.kind]
            on = () if purpose.kind == "setup" else tuple(sorted(lines.get(purpose, ())))
            found.append(Obstacle(what.format(name=f"`{purpose.name}`"), beyond, taken, on, hint))
    return tuple(sorted(found, key=lambda obstacle: (-obstacle.cycles, obstacle.what)))


def _purpose(op: MOp, group: int, places: Collection[Value], tables: Collection[Value]) -> _Purpose:
    """What an operation is there for."""
    origin = op.origin
    opcodes = {form.opcode for form in op.forms}
    if origin is None or (group < 0 and opcodes & {"const", "add_imm", "vbroadcast"}):
        return _Purpose("setup")
    if origin in tables:
        return _Purpose("reads", origin.array)
    if origin in places:
        if opcodes & {"load", "vload"}:
            return _Purpose("loads", origin.array)
        return _Purpose("stores" if opcodes & {"store", "vstore"} else "moves", origin.array)
    if op.lanes > 1 and all(form.engine == "alu" for form in op.forms):
        return _Purpose("apart")
    return _Purpose("selects" if origin.op is Op.SELECT else "rest")


def _least(
    places: Mapping[Value, list[int]],
    tables: Collection[Value],
    parts: LeastParts,
    prices: Mapping[str, float],
    vlen: int,
) -> dict[_Purpose, float]:
    """What the kernel bound counts for each purpose, in cycles by ``prices``."""
    lane = min(prices.get("alu", 0.0), prices.get("valu", 0.0) / vlen)

    def worth(demand: EngineDemand) -> float:
        both = demand.compute - vlen * demand.valu - demand.alu
        either = parts.on_flow * prices.get("flow", 0.0) + (1 - parts.on_flow) * lane * vlen
        return (
            lane * both
            + either * demand.either
            + sum(prices.get(e, 0.0) * getattr(demand, e) for e in ("alu", "valu", "flow"))
            + sum(prices.get(e, 0.0) * getattr(demand, e) for e in ("load", "store"))
        )

    found = {_Purpose("reads", array): worth(demand) for array, demand in parts.reads.items()}
    found[_Purpose("selects")] = worth(parts.selects)
    found[_Purpose("setup")] = worth(parts.setup)
    found[_Purpose("rest")] = worth(parts.rest)
    words: dict[_Purpose, set[int]] = {}
    for value, at in places.items():
        if value not in tables:
            kind = "loads" if value.op is Op.LOAD else "stores"
            words.setdefault(_Purpose(kind, value.array), set()).update(at)
    for purpose, at in words.items():
        count = fewest_windows(at, vlen) if purpose.kind == "loads" else fewest_stores(at, vlen)
        found[purpose] = count * prices.get(purpose.kind.removesuffix("s"), 0.0)
    return found

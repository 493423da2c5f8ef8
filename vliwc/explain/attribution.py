"""Where the cycles go: work, work done in a dearer form than necessary, and idle slots by phase.

The prices of the best resource bound measure everything in cycles: a slot of engine ``e`` is worth
``price[e]`` of a cycle, and all slots of a cycle together are worth one.  Then exactly::

    cycles = work in the cheapest forms + work in dearer forms + value of all idle slots

so that the distance from the bound falls into parts that add up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isa.program import JSON
from vliwc.explain.slots import SlotTable
from vliwc.ir.value import Op
from vliwc.mir.operation import MOp
from vliwc.sched.problem.bounds import Bound
from vliwc.sched.problem.dense import ENGINES

STEADY = 0.9
"""The steady phase runs from the first to the last cycle that is used to this part."""
ADDRESS_NAMES = ("a", "k")
"""Names that :class:`vliwc.isel.address.AddressBook` gives to address arithmetic."""


@dataclass(frozen=True)
class Phase:
    """Cycles ``first .. end`` with what their idle slots are worth in cycles."""

    name: str
    first: int
    end: int
    idle: float
    idle_slots: dict[str, int]


@dataclass(frozen=True)
class Gap:
    """``cycles = work + dearer + sum of the phases' idle`` under the prices of ``counting``."""

    counting: str
    prices: dict[str, float]
    work: float
    dearer: float
    phases: tuple[Phase, ...]

    def to_json(self) -> dict[str, JSON]:
        """JSON data; work and idle in cycles."""
        return {
            "counting": self.counting,
            "prices": dict(self.prices),
            "work": self.work,
            "dearer_forms": self.dearer,
            "phases": [
                {
                    "name": phase.name,
                    "first": phase.first,
                    "end": phase.end,
                    "idle": phase.idle,
                    "idle_slots": dict(phase.idle_slots),
                }
                for phase in self.phases
            ],
        }


@dataclass(frozen=True)
class Window:
    """The used part of each engine's slots in cycles ``first .. end``."""

    first: int
    end: int
    used: dict[str, float]


@dataclass(frozen=True)
class Share:
    """Slots per engine of the operations with something in common, and their value in cycles."""

    name: str
    slots: dict[str, int]
    value: float


def attribute_gap(slots: SlotTable, capacity: Sequence[int], bounds: Sequence[Bound]) -> Gap | None:
    """The parts of the cycles, by the prices of the resource bound with the most work; None if
    nothing takes slots."""
    priced = [bound for bound in bounds if bound.prices]
    if not priced or not slots.cycles:
        return None
    best = max(priced, key=lambda bound: bound.work)
    prices = np.array(best.prices)
    used = slots.usage()
    value = used @ prices
    full = np.flatnonzero(value >= STEADY - 1e-9)
    first, last = (int(full[0]), int(full[-1]) + 1) if len(full) else (0, slots.cycles)
    free = np.array(capacity) - used
    phases = tuple(
        Phase(
            name,
            start,
            end,
            float((1 - value[start:end]).sum()),
            {e: int(n) for e, n in zip(ENGINES, free[start:end].sum(axis=0), strict=True)},
        )
        for name, start, end in (
            ("fill", 0, first),
            ("steady", first, last),
            ("drain", last, slots.cycles),
        )
    )
    return Gap(
        best.name,
        dict(zip(ENGINES, best.prices, strict=True)),
        best.work,
        float(value.sum()) - best.work,
        phases,
    )


def windows(slots: SlotTable, capacity: Sequence[int], count: int) -> list[Window]:
    """The utilisation in ``count`` stretches of equal length, or fewer if there are few cycles."""
    used = slots.usage()
    edges = np.unique(np.linspace(0, slots.cycles, count + 1).round().astype(np.int64)).tolist()
    found: list[Window] = []
    for first, end in zip(edges, edges[1:], strict=False):
        part = used[first:end].sum(axis=0) / (np.array(capacity) * (end - first))
        found.append(Window(first, end, dict(zip(ENGINES, part.tolist(), strict=True))))
    return found


def shares(
    slots: SlotTable, prices: dict[str, float], name_of: Callable[[MOp, int], str]
) -> list[Share]:
    """The slots by what ``name_of`` says of an operation and its group, the most valuable first."""
    numbers: dict[str, int] = {}
    label = np.array(
        [numbers.setdefault(name_of(op, group), len(numbers)) for op, group in slots.operations],
        dtype=np.int64,
    )
    of_slot: NDArray[np.int64] = label[slots.operation]
    found: list[Share] = []
    for name, number in numbers.items():
        counts = slots.totals(of_slot == number)
        if any(counts.values()):
            value = sum(prices.get(engine, 0.0) * count for engine, count in counts.items())
            found.append(Share(name, counts, value))
    return sorted(found, key=lambda share: (-share.value, -sum(share.slots.values()), share.name))


def owner(op: MOp, group: int) -> str:
    """Whether an operation is set-up or belongs to a group of lanes."""
    return "set-up" if group < 0 else "groups"


def kind(op: MOp, group: int) -> str:
    """What an operation is there for."""
    if group < 0 or op.origin is None:
        return _setup_kind(op)
    if op.origin.op is Op.LOAD:
        if any(form.engine == "load" for form in op.forms):
            return "table and input loads"
        return "addresses" if op.name in ADDRESS_NAMES else "choosing table words"
    if op.origin.op is Op.STORE:
        return "stores" if op.width == 0 else "addresses"
    return f"arithmetic: {op.origin.op}"


def _setup_kind(op: MOp) -> str:
    opcodes = {form.opcode for form in op.forms}
    if "vbroadcast" in opcodes:
        return "set-up: broadcasts"
    if opcodes & {"const", "add_imm"}:
        return "set-up: constants"
    if opcodes & {"load", "vload"}:
        return "set-up: loads"
    return "set-up: stores" if op.width == 0 else "set-up: arithmetic"


def line(op: MOp, group: int) -> str:
    """The source line an operation of a group comes from: its number; "" for shared set-up."""
    span = None if group < 0 or op.origin is None else op.origin.span
    return "" if span is None else str(span.start_line)

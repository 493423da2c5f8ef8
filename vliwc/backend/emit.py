"""From a machine DAG and its schedule to the bundles of a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple, TypeVar

from isa.machine import MachineSpec
from isa.program import Bundle, Program, Slot
from isa.provenance import Place, value_name
from vliwc.backend.parts import Part
from vliwc.diagnostics import InternalError
from vliwc.mir.dag import MachineDag
from vliwc.mir.operation import Form, MOp, Source
from vliwc.sched.problem.dense import ENGINES, N_ENGINES
from vliwc.sched.problem.schedule import Schedule

_T = TypeVar("_T")


class _Execution(NamedTuple):
    """One slot: ``lane`` of the operation ``number``, ``op`` of ``group``, by ``form``."""

    cycle: int
    number: int
    op: MOp
    group: int
    form: Form
    lane: int


def emit(dag: MachineDag, schedule: Schedule) -> Program:
    """The program that executes ``schedule``; engines in a fixed order within each bundle."""
    return Program(tuple(_bundles(dag, schedule)), dag.machine)


def emit_parts(parts: Sequence[Part], machine: MachineSpec) -> tuple[Program, tuple[int, ...]]:
    """The program that executes the parts one after the other, each as often as it says; the
    bundles of each."""
    own = [_bundles(part.dag, part.schedule) for part in parts]
    jumps = [_jump(part, bundles) for part, bundles in zip(parts, own, strict=True)]
    for part, bundles in zip(parts, own, strict=True):
        _halt(part, bundles)
    lengths = tuple(map(len, own))
    starts = [0, *accumulate(lengths)]
    for number, word in enumerate(jumps):
        if word is not None:
            again = parts[number].count is not None
            to = starts[number if again else number + 1 + parts[number].over]
            at = -2 if parts[number].halts else -1
            own[number][at]["flow"] = [("cond_jump", word, to)]
    return Program(tuple(bundle for each in own for bundle in each), machine), lengths


def _jump(part: Part, bundles: list[Bundle]) -> int | None:
    """The word that decides about the jump at the end of ``part``, for which there is room in the
    last bundle then; None: no jump."""
    op = part.count or part.skip
    if op is None:
        return None
    word = part.dag.fixed[op]
    if not bundles or _full(bundles[-1], word):
        bundles.append({})
    return word


def _halt(part: Part, bundles: list[Bundle]) -> None:
    """End the program with ``part``, if it is the one that does: after its jump."""
    if part.halts:
        if not bundles or "flow" in bundles[-1] or part.count is not None:
            bundles.append({})
        bundles[-1]["flow"] = [("halt",)]


def part_places(parts: Sequence[Part]) -> list[dict[str, list[Place]]]:
    """Where each slot of the program that `emit_parts` makes comes from, by bundle and engine."""
    found: list[dict[str, list[Place]]] = []
    for part in parts:
        own = places(part.dag, part.schedule)
        bundles = _bundles(part.dag, part.schedule)
        if _jump(part, bundles) is not None:
            own += [{} for _ in bundles[len(own) :]]
            own[-1]["flow"] = [Place(None, value="again" if part.count else "skip")]
        if part.halts:
            before = len(bundles)
            _halt(part, bundles)
            own += [{} for _ in bundles[before:]]
            own[-1]["flow"] = [Place(None, value="halt")]
        found += own
    return found


def _full(last: Bundle, word: int) -> bool:
    """Whether the bundle ``last`` has no room for a jump, or changes the ``word`` it looks at."""
    return "flow" in last or any(slot[1] == word for slot in last.get("alu", ()))


def _bundles(dag: MachineDag, schedule: Schedule) -> list[Bundle]:
    address: list[int] = schedule.address.tolist()
    bundles: list[Bundle] = [{} for _ in range(schedule.cycles)]
    for each in _executions(dag, schedule):
        slot = _slot(dag, address, each)
        bundles[each.cycle].setdefault(each.form.engine, []).append(slot)
    return _ordered(bundles)


def places(dag: MachineDag, schedule: Schedule) -> list[dict[str, list[Place]]]:
    """Where each slot of the program that `emit` makes comes from, by bundle and engine."""
    bundles: list[dict[str, list[Place]]] = [{} for _ in range(schedule.cycles)]
    for each in _executions(dag, schedule):
        span = None if each.op.origin is None else each.op.origin.span
        line = None if span is None else span.start_line
        place = Place(line, each.group, value_name(each.op.name))
        bundles[each.cycle].setdefault(each.form.engine, []).append(place)
    return _ordered(bundles)


def chosen_form(op: MOp, engine: str) -> Form:
    """The form of ``op`` that runs on ``engine``."""
    for form in op.forms:
        if form.engine == engine:
            return form
    raise InternalError(f"{op!r} was scheduled on {engine}, where it has no form")


def _executions(dag: MachineDag, schedule: Schedule) -> Iterator[_Execution]:
    """Every slot of the schedule, by operations and their lanes."""
    engine: list[int] = schedule.engine.tolist()
    cycle: list[int] = schedule.lane_cycle.tolist()
    at = 0
    for number, (op, group) in enumerate(dag.operations()):
        if engine[number] < N_ENGINES:
            form = chosen_form(op, ENGINES[engine[number]])
            for lane in range(op.lanes if form.scalarised else 1):
                yield _Execution(cycle[at + lane], number, op, group, form, lane)
        at += max(op.lanes, 1)


def _slot(dag: MachineDag, address: list[int], each: _Execution) -> Slot:
    """The operation with its scratch addresses and immediate."""
    _, number, op, group, form, lane = each
    slot: list[str | int] = [form.opcode]

    def start(source: Source) -> int:
        place = dag.place(source, group)
        return address[dag.number(source, group)] if place is None else place

    if op.width or op.into is not None:
        fixed = dag.fixed.get(op, address[number])
        first = fixed if op.into is None else start(op.into)
        slot.append(first + op.start + lane * form.dest_stride)
    operands = form.operands if form.per_lane is None else form.per_lane[lane]
    step = lane if form.per_lane is None else 0
    slot.extend(start(source) + offset + step * stride for source, offset, stride in operands)
    if form.per_lane_imm is not None:
        slot.append(form.per_lane_imm[lane])
    elif form.imm is not None:
        slot.append(form.imm)
    return tuple(slot)


def _ordered(bundles: list[dict[str, list[_T]]]) -> list[dict[str, list[_T]]]:
    """The bundles that hold anything, their engines in a fixed order."""
    return [
        {name: bundle[name] for name in ENGINES if name in bundle} for bundle in bundles if bundle
    ]

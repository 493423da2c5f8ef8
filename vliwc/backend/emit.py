"""From a machine DAG and its schedule to the bundles of a program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

from isa.program import Bundle, Program, Slot
from isa.provenance import Place, value_name
from vliwc.diagnostics import InternalError
from vliwc.mir.dag import MachineDag
from vliwc.mir.operation import Form, MOp
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
    address: list[int] = schedule.address.tolist()
    bundles: list[Bundle] = [{} for _ in range(schedule.cycles)]
    for each in _executions(dag, schedule):
        slot = _slot(dag, address, each)
        bundles[each.cycle].setdefault(each.form.engine, []).append(slot)
    return Program(tuple(_ordered(bundles)), dag.machine)


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
    if op.into is not None:
        number = dag.number(op.into, group)
    if op.width or op.into is not None:
        slot.append(address[number] + op.start + lane * form.dest_stride)
    operands = form.operands if form.per_lane is None else form.per_lane[lane]
    step = lane if form.per_lane is None else 0
    slot.extend(
        address[dag.number(source, group)] + offset + step * stride
        for source, offset, stride in operands
    )
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

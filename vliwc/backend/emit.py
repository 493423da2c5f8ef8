"""From a machine DAG and its schedule to the bundles of a program."""

from __future__ import annotations

from isa.program import Bundle, Program, Slot
from vliwc.diagnostics import InternalError
from vliwc.mir.dag import MachineDag
from vliwc.mir.operation import Form, MOp
from vliwc.sched.problem.dense import ENGINES, N_ENGINES
from vliwc.sched.problem.schedule import Schedule


def emit(dag: MachineDag, schedule: Schedule) -> Program:
    """The program that executes ``schedule``; engines in a fixed order within each bundle."""
    bundles: list[dict[str, list[Slot]]] = [{} for _ in range(schedule.cycles)]
    engine: list[int] = schedule.engine.tolist()
    cycle: list[int] = schedule.lane_cycle.tolist()
    address: list[int] = schedule.address.tolist()
    at = 0
    for number, (op, group) in enumerate(dag.operations()):
        if engine[number] < N_ENGINES:
            form = chosen_form(op, ENGINES[engine[number]])
            for lane in range(op.lanes if form.split else 1):
                slot: list[str | int] = [form.opcode]
                if op.width:
                    slot.append(address[number] + lane * form.dest_stride)
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
                bundles[cycle[at + lane]].setdefault(form.engine, []).append(tuple(slot))
        at += max(op.lanes, 1)
    ordered: tuple[Bundle, ...] = tuple(
        {name: bundle[name] for name in ENGINES if name in bundle} for bundle in bundles if bundle
    )
    return Program(ordered, dag.machine)


def chosen_form(op: MOp, engine: str) -> Form:
    """The form of ``op`` that runs on ``engine``."""
    for form in op.forms:
        if form.engine == engine:
            return form
    raise InternalError(f"{op!r} was scheduled on {engine}, where it has no form")

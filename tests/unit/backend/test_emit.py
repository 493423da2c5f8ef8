"""From schedules to bundles: slots, addresses, order of engines, bundles without work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from isa.machine import MachineSpec
from isa.simulator import run
from isa.validate import validate
from tests.unit.sched.helpers import ints, run_core
from vliwc.backend.emit import chosen_form, emit, emit_parts
from vliwc.backend.parts import Part
from vliwc.diagnostics import InternalError
from vliwc.mir.dag import MachineDag
from vliwc.mir.operation import Form, InGroup, MOp, Operand, PerGroup, Template
from vliwc.mir.scheduling_problem import problem_of
from vliwc.sched.problem.dense import ALU, NO_ENGINE, VALU
from vliwc.sched.problem.schedule import Schedule

MACHINE = MachineSpec(vlen=4, scratch_words=64)


def const(word: int) -> MOp:
    return MOp(f"c{word}", (Form("load", "const", imm=word),))


def scalar(op: MOp) -> Operand:
    return Operand(op, stride=0)


def store(address: MOp, data: MOp | InGroup) -> MOp:
    form = Form("store", "store", (scalar(address), Operand(data, stride=0)))
    return MOp("store", (form,), width=0)


def scheduled(dag: MachineDag) -> Schedule:
    return run_core(problem_of(dag), rank=None)


def test_the_forms_of_an_operation() -> None:
    op = MOp("x", (Form("valu", "+"), Form("alu", "+", scalarised=True)), lanes=4, width=4)
    assert [chosen_form(op, engine).engine for engine in ("alu", "valu")] == ["alu", "valu"]
    with pytest.raises(InternalError, match="no form"):
        chosen_form(op, "flow")


@pytest.mark.parametrize("engine", [ALU, VALU])
def test_a_vector_operation_on_either_engine(engine: int) -> None:
    """Whole on valu, or lane by lane on alu with addresses that step along."""
    c = const(5)
    splat = MOp("s", (Form("valu", "vbroadcast", (scalar(c),)),), lanes=4, width=4)
    forms = (
        Form("valu", "+", (Operand(splat), Operand(splat))),
        Form("alu", "+", (Operand(splat), Operand(splat)), scalarised=True),
    )
    total = MOp("t", forms, lanes=4, width=4)
    out = MOp("o", (Form("store", "vstore", (scalar(c), Operand(total))),), width=0)
    dag = MachineDag(MACHINE, [c, splat, total, out], [])
    schedule = scheduled(dag)
    schedule.engine[2] = engine
    program = emit(dag, schedule)
    assert validate(program) == []
    at, source = int(schedule.address[2]), int(schedule.address[1])
    slots = program.bundles[2]
    if engine == VALU:
        assert slots == {"valu": [("+", at, source, source)]}
    else:
        assert slots == {"alu": [("+", at + k, source + k, source + k) for k in range(4)]}
    assert run(program, [0] * 10).memory == [0] * 5 + [10] * 4 + [0]


def test_operands_of_each_lane() -> None:
    """Packing four words from four places, and immediates lane by lane."""
    iota = MOp(
        "iota",
        (Form("load", "const", scalarised=True, per_lane_imm=(9, 8, 7, 6)),),
        lanes=4,
        width=4,
    )
    rows = tuple((Operand(iota, 3 - k, 0), Operand(iota, 0, 0)) for k in range(4))
    pack = MOp("pack", (Form("alu", "-", scalarised=True, per_lane=rows),), lanes=4, width=4)
    c = const(2)
    out = MOp("o", (Form("store", "vstore", (scalar(c), Operand(pack))),), width=0)
    dag = MachineDag(MACHINE, [iota, pack, c, out], [])
    program = emit(dag, scheduled(dag))
    assert run(program, [0] * 6).memory[2:] == [2**32 - 3, 2**32 - 2, 2**32 - 1, 0]


def test_rows_step_by_their_pitch() -> None:
    """Lane k of a vload with stride 3 goes 3k words further; later rows overwrite earlier ones."""
    addresses = MOp(
        "a", (Form("load", "const", scalarised=True, per_lane_imm=(0, 4, 2)),), lanes=3, width=4
    )
    form = Form("load", "vload", (Operand(addresses),), scalarised=True, dest_stride=3)
    row = MOp("row", (form,), lanes=3, width=2 * 3 + 4, serial=True)
    thirds = tuple((Operand(row, 3 * k, 0), Operand(row, 3 * k + 2, 0)) for k in range(3))
    packed = MOp("p", (Form("alu", "+", scalarised=True, per_lane=thirds),), lanes=3, width=4)
    c = const(8)
    out = MOp("o", (Form("store", "vstore", (scalar(c), Operand(packed))),), width=0)
    dag = MachineDag(MACHINE, [addresses, row, packed, c, out], [])
    program = emit(dag, scheduled(dag))
    memory = [10, 11, 12, 13, 14, 15, 16, 17, 0, 0, 0, 0]
    assert run(program, memory).memory[8:11] == [10 + 12, 14 + 16, 12 + 14]


def test_groups_use_their_own_operations() -> None:
    """The same template twice, with addresses from a family, and a sum of both groups' words."""
    family = PerGroup("f", 0, [const(3), const(4)])
    loaded = MOp("w", (Form("load", "load", (Operand(family, stride=0),)),))
    template = Template("t", 1, [loaded])
    both = (Operand(InGroup(0, loaded), stride=0), Operand(InGroup(1, loaded), stride=0))
    total = MOp("sum", (Form("alu", "-", both),))
    c = const(1)
    dag = MachineDag(MACHINE, [*family.members, total, c, store(c, total)], [template, template])
    program = emit(dag, scheduled(dag))
    assert run(program, [0, 0, 0, 100, 58]).memory[1] == 42


def test_engines_stand_in_one_order_and_idle_cycles_are_left_out() -> None:
    c, d = const(1), const(2)
    total = MOp("sum", (Form("alu", "+", (scalar(c), scalar(d))),))
    dag = MachineDag(MACHINE, [c, d, total, store(c, total)], [])
    problem = problem_of(dag)
    schedule = run_core(problem)
    late = replace(
        schedule,
        cycles=9,
        lane_cycle=ints([0, 5, 7, 8]),
        address=ints([0, 1, 2, -1]),
    )
    program = emit(dag, late)
    assert [list(bundle) for bundle in program.bundles] == [["load"], ["load"], ["alu"], ["store"]]
    busy = MachineDag(MACHINE, [c, d, total, store(c, total), store(d, d)], [])
    together = emit(
        busy,
        replace(
            late,
            lane_cycle=ints([0, 0, 3, 4, 3]),
            address=ints([0, 1, 2, -1, -1]),
            engine=ints([2, 2, 0, 3, 3]),
        ),
    )
    assert [list(bundle) for bundle in together.bundles] == [["load"], ["alu", "store"], ["store"]]


def test_barriers_and_zero_words_emit_nothing() -> None:
    zero, barrier = MOp("zero", (), lanes=0), MOp("barrier", (), lanes=0, width=0)
    c = const(3)
    barrier.order.append((c, 1))
    out = store(c, zero)
    out.order.append((barrier, 0))
    dag = MachineDag(MACHINE, [zero, c, barrier, out], [])
    schedule = scheduled(dag)
    assert schedule.engine.tolist().count(NO_ENGINE) == 2
    program = emit(dag, schedule)
    assert sum(len(slots) for bundle in program.bundles for slots in bundle.values()) == 2
    assert run(program, [9, 9, 9, 9]).memory == [9, 9, 9, 0]


def test_nothing_to_do() -> None:
    dag = MachineDag(MACHINE, [], [])
    assert emit(dag, scheduled(dag)).bundles == ()


def test_a_loop_looks_at_its_count_after_it_was_lowered() -> None:
    """The last bundle of a trip lowers the count, or has a flow slot already: one more jumps."""
    count, less = const(3), const(-1 & 0xFFFF_FFFF)
    setup = MachineDag(MACHINE, [count, less], [], fixed={count: 60, less: 61})
    lowered = MOp("lowered", (Form("alu", "+", (scalar(count), scalar(less))),))
    added = MOp("added", (Form("flow", "add_imm", (scalar(count),), imm=-1),))
    for last in (lowered, added):
        fixed = {count: 60, less: 61, last: 60}
        trip = MachineDag(MACHINE, [last], [], fixed=fixed, before=frozenset({count, less}))
        parts = [
            Part(name, dag, problem_of(dag), scheduled(dag), count=counted)
            for name, dag, counted in (("set-up", setup, None), ("trip", trip, count))
        ]
        program, lengths = emit_parts(parts, MACHINE)
        assert validate(program) == []
        assert lengths == (1, 2)
        assert run(program, [], max_cycles=100).cycles == 1 + 3 * 2

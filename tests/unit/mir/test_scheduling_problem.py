"""The scheduling problem of a machine DAG: operations, classes and edges by number."""

from __future__ import annotations

import random

from isa.machine import MachineSpec
from tests.strategies.plans import lane_program, random_choice
from tests.strategies.walks import random_walk
from vliwc.isel.instantiate import instantiate
from vliwc.mir.dag import MachineDag
from vliwc.mir.operation import (
    Form,
    InGroup,
    MOp,
    Operand,
    PerGroup,
    Template,
    operand_sources,
    sources,
)
from vliwc.mir.scheduling_problem import problem_of
from vliwc.sched.problem.dense import ALU, ENGINES, FLOW, LOAD, STORE, VALU
from vliwc.sched.problem.problem import ScheduleProblem

MACHINE = MachineSpec(vlen=4, scratch_words=64)


def const(word: int) -> MOp:
    return MOp(f"c{word}", (Form("load", "const", imm=word),))


def edges(problem: ScheduleProblem) -> set[tuple[int, int, int]]:
    p = problem.dense
    return {
        (op, int(p.succ[s]), int(p.succ_latency[s]))
        for op in range(len(problem))
        for s in range(int(p.succ_ptr[op]), int(p.succ_ptr[op + 1]))
    }


def uses(problem: ScheduleProblem, op: int) -> list[int]:
    p = problem.dense
    return sorted(p.use[p.use_ptr[op] : p.use_ptr[op + 1]].tolist())


def example() -> MachineDag:
    """Shared: 0 one, 1 and 2 a family, 3 sum. Groups: 4, 5 and 6, 7."""
    one = const(1)
    family = PerGroup("f", 0, [const(2), const(3)])
    forms = (
        Form("valu", "+", (Operand(one), Operand(family))),
        Form("alu", "+", (Operand(one), Operand(family)), scalarised=True),
    )
    vector = MOp("v", forms, lanes=4, width=4)
    stored = MOp("s", (Form("store", "vstore", (Operand(family), Operand(vector))),), width=0)
    stored.order.append((vector, 0))
    template = Template("t", 4, [vector, stored])
    both = (Operand(InGroup(0, vector)), Operand(InGroup(1, vector)))
    total = MOp("sum", (Form("flow", "select", (*both, Operand(one))),), width=1)
    out = MOp("out", (Form("store", "store", (Operand(one), Operand(total))),), width=0)
    order = [(InGroup(0, stored), InGroup(1, stored), 1)]
    return MachineDag(MACHINE, [one, *family.members, total, out], [template] * 2, list(order))


def test_operations() -> None:
    problem = problem_of(example())
    dense = problem.dense
    assert problem.names == ["c1", "c2", "c3", "sum", "out", "g0.v", "g0.s", "g1.v", "g1.s"]
    assert dense.lanes.tolist() == [1, 1, 1, 1, 1, 4, 1, 4, 1]
    assert dense.width.tolist() == [1, 1, 1, 1, 0, 4, 0, 4, 0]
    assert dense.group.tolist() == [-1] * 5 + [0, 0, 1, 1]
    whole = [int(dense.class_vector[k]) for k in dense.resource_class]
    split = [int(dense.class_scalarised[k]) for k in dense.resource_class]
    assert whole == [1 << LOAD] * 3 + [1 << FLOW, 1 << STORE] + [1 << VALU, 1 << STORE] * 2
    assert split == [-1] * 5 + [ALU, -1] * 2
    assert dense.capacity.tolist() == [MACHINE.slots[name] for name in ENGINES]


def test_edges_follow_operands_families_and_order() -> None:
    problem = problem_of(example())
    reads = {(0, 5), (1, 5), (1, 6), (5, 6), (0, 7), (2, 7), (2, 8), (7, 8)}
    shared = {(5, 3), (7, 3), (0, 3), (0, 4), (3, 4)}
    expected = {(a, b, 1) for a, b in reads | shared}
    assert edges(problem) == expected | {(5, 6, 0), (7, 8, 0), (6, 8, 1)}
    assert (
        uses(problem, 5) == [0, 1] and uses(problem, 8) == [2, 7] and uses(problem, 3) == [0, 5, 7]
    )
    assert problem.dense.n_uses.tolist() == [4, 2, 2, 1, 0, 2, 0, 2, 0]


def test_every_operand_of_random_code_is_an_edge() -> None:
    """Edges counted from the operations themselves, group by group."""
    for seed in range(12):
        generated = random_walk(seed)
        program = lane_program(generated.kernel)
        choice = random_choice(program, random.Random(seed))
        dag = instantiate(program, choice.assignment, choice.placements).dag
        problem = problem_of(dag)
        found = edges(problem)
        expected: set[tuple[int, int, int]] = {
            (dag.number(a), dag.number(b), latency) for a, b, latency in dag.order
        }
        has_form = [bool(op.forms) for op, _ in dag.operations()]
        for me, (op, group) in enumerate(dag.operations()):
            operands = {dag.number(source, group) for source in sources(op)}
            assert set(uses(problem, me)) == operands
            read = {dag.number(source, group) for source in operand_sources(op)}
            # What nothing writes is zero from the start: no wait; nor for words only written into.
            expected |= {(s, me, int(has_form[s] and s in read)) for s in operands}
            expected |= {(dag.number(s, group), me, latency) for s, latency in op.order}
        assert found == expected
        assert len(problem) == dag.size == len(problem.names)


def test_what_nobody_needs_waits_for_nothing() -> None:
    """A load of the top level whose word is not used goes, with the edges into it; what is ordered
    before something needed stays."""
    address = MOp("address", (Form("load", "const", imm=3),))
    stores = [
        MOp(f"store{k}", (Form("store", "store", (Operand(address), Operand(address))),), width=0)
        for k in range(2)
    ]
    unused = MOp("unused", (Form("load", "vload", (Operand(address),)),), width=4)
    ordered = MOp("ordered", (Form("load", "vload", (Operand(address),)),), width=4)
    order = [(stores[0], unused, 1), (stores[0], ordered, 1), (ordered, stores[1], 0)]
    dag = MachineDag(MACHINE, [address, stores[0], unused, ordered, stores[1]], [], order)
    assert dag.shared == [address, stores[0], ordered, stores[1]]
    assert dag.order == order[1:]
    assert len(problem_of(dag)) == 4

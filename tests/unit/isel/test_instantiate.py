"""The machine DAG of a kernel: groups, reductions, order of memory operations, numbers."""

from __future__ import annotations

import pytest

from isa.machine import MachineSpec
from tests.strategies.plans import lane_program, named_choice
from tests.unit.isel.helpers import (
    kernel_text,
    program_in_memory,
    program_of,
    selected,
    verified,
    verified_function,
)
from vliwc.diagnostics import InternalError
from vliwc.isel.instantiate import instantiate
from vliwc.lang import bind, parse_kernel
from vliwc.mir.dag import MachineDag
from vliwc.mir.operation import Form, InGroup, MOp, Operand, PerGroup, Template

REDUCE = """
kernel k(n) {
  memory { a: u32[n] in at 0; r: u32[3] out at n; }
  parallel for i in 0 .. n reduce %s s, %s t {
    reduce %s into s;
    reduce a[i] * 3 into t;
  }
  r[0] = s;
  r[1] = t;
  r[2] = s ^ t;
}
"""
OPERATORS = ["sum", "xor", "min", "max"]


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("value", ["a[i]", "i", "7", "a[0]", "i * 3", "if a[i] < 9 then i else 5"])
def test_reductions(operator: str, value: str) -> None:
    """Of values of each lane, of iteration numbers as they are, and of the same word n times."""
    for n in (0, 1, 5, 8, 9, 16, 29):
        if n or value != "a[0]":
            verified(REDUCE % (operator, OPERATORS[n % 4], value), {"n": n}, images=1)


@pytest.mark.parametrize("vlen", [1, 2, 3, 16])
@pytest.mark.parametrize("operator", OPERATORS)
def test_reductions_with_other_vectors(operator: str, vlen: int) -> None:
    verified(REDUCE % (operator, operator, "a[i]"), {"n": 13}, machine=MachineSpec(vlen=vlen))


def test_a_reduction_that_nobody_uses_is_not_computed() -> None:
    text = """
kernel k(n) {
  memory { a: u32[n] in at 0; o: u32[n] out at n; }
  parallel for i in 0 .. n reduce sum s { reduce a[i] * 77 into s; o[i] = a[i]; }
}
"""
    kernel = bind(parse_kernel(text, "k.vk"), {"n": 9})
    for level in (0, 1, 2):
        program = lane_program(kernel, level=level)
        dag = instantiate(program, named_choice(program, "gather").assignment).dag
        assert not [op for op, _ in dag.operations() if "*" in {f.opcode for f in op.forms}]


def test_a_loop_uses_the_reduction_of_an_earlier_one() -> None:
    """What the earlier loop computes for it is no part of the later loop's code."""
    text = """
kernel k(n, m) {
  memory {
    a: u32[n] in at 0;
    b: u32[m] in at n;
    r: u32[2] out at n + m;
    o: u32[m] out at n + m + 2;
  }
  parallel for i in 0 .. n reduce max s { reduce a[(a[i] ^ i) % n] into s; }
  parallel for j in 0 .. m reduce sum t { reduce b[j] ^ s into t; o[j] = b[s % m] + j; }
  r[0] = s;
  r[1] = t;
}
"""
    for n, m in ((1, 1), (9, 16), (16, 9), (3, 40)):
        verified(text, {"n": n, "m": m})


def test_loops_run_one_after_the_other_where_memory_demands_it() -> None:
    text = """
kernel k(n) {
  memory { a: u32[n] in at 0; x: u32[n] inout at n; y: u32[n] out at 2 * n; }
  parallel for i in 0 .. n { x[i] = x[i] + a[i]; }
  parallel for j in 0 .. n { y[j] = x[n - 1 - j] * 3; }
  parallel for k in 0 .. n { x[(k + 1) % n] = y[k] ^ 5; }
}
"""
    for n in (1, 8, 13, 32):
        verified(text, {"n": n})


STORED_THEN_LOADED = {
    "across loops": """
kernel k(n) {
  memory { a: u32[n] in at 0; x: u32[n] inout at n; o: u32[n] out at 2 * n; }
  parallel for i in 0 .. n { x[i] = a[i]; }
  parallel for j in 0 .. n { o[j] = x[n - 1 - j]; }
}
""",
    "in a group": """
kernel k(n) {
  memory { a: u32[n] in at 0; x: u32[2 * n] inout at n; o: u32[n] out at 3 * n; }
  parallel for i in 0 .. n { x[2 * i] = a[i]; o[i] = x[2 * i + a[i] % 2]; }
}
""",
    "at the top level": """
kernel k(n) {
  memory { a: u32[n] in at 0; x: u32[n] inout at n; o: u32[1] out at 2 * n; }
  x[0] = a[0];
  o[0] = x[a[0] % 2];
}
""",
}


@pytest.mark.parametrize("text", STORED_THEN_LOADED.values(), ids=STORED_THEN_LOADED)
def test_loads_see_what_was_stored_a_cycle_earlier(text: str) -> None:
    """A load in the cycle of the store reads the old word; a store in that of a load may follow."""
    program = program_in_memory(text, n=8)
    dag = instantiate(program, named_choice(program, "gather").assignment).dag
    latency = {
        (next(f.opcode for f in before.forms), after): edge
        for before, after, edge in ordered(dag)
        if before.forms
    }
    stored = {edge for (opcode, _), edge in latency.items() if opcode in ("store", "vstore")}
    assert stored == {1}
    verified(text, {"n": 8}, images=6)


def ordered(dag: MachineDag) -> list[tuple[MOp, MOp, int]]:
    """The order edges of a machine DAG, those of templates and those between groups."""
    found: list[tuple[MOp, MOp, int]] = []
    for op, _ in dag.operations():
        found += [(plain(source), op, latency) for source, latency in op.order]
    return found + [(plain(a), plain(b), latency) for a, b, latency in dag.order]


def plain(source: object) -> MOp:
    """The operation behind a reference to it."""
    found = source.op if isinstance(source, InGroup) else source
    assert isinstance(found, MOp)
    return found


def test_records_overwrite_words_only_once_all_groups_have_them() -> None:
    """Words of `s` that all groups share are loaded before the records of `t` take their place."""
    text = """
kernel k(n) {
  memory {
    v: u32[n] in at 0; s: u32[64] in scratch at n; t: u32[64] in at n + 64;
    o: u32[n] out at n + 128;
  }
  let c = s[3] ^ s[20];
  parallel for i in 0 .. n {
    let p = 1 + v[i] % 2;
    let q = t[p];
    o[i] = c ^ q ^ t[2 * p + 1 + (v[i] >> 3) % 2];
  }
}
"""
    program = program_of(text, n=64)
    choice = named_choice(program, "record")
    ((_, placement),) = choice.placements.items()
    assert placement.spaces[0].group is None
    dag = instantiate(program, choice.assignment, choice.placements).dag
    loads = {op for op in dag.shared if op.name.startswith("s[")}
    stores = {op for op in dag.shared if op.name.startswith("rec") and op.name.endswith("=")}
    pairs = {(plain(a), plain(b)) for a, b, _ in dag.order}
    assert len(loads) == 2 and stores
    assert {(load, store) for load in loads for store in stores} <= pairs
    verified(text, {"n": 64}, "record")


def test_results_overwrite_records_only_once_all_groups_have_read_them() -> None:
    """The groups that lend the words of their results store them after the last row is read."""
    text = kernel_text("let p = 1 + v % 2; o[i] = t[p] ^ t[2 * p + 1 + (v >> 3) % 2];")
    program = program_of(text, n=32)
    choice = named_choice(program, "record")
    ((table, placement),) = choice.placements.items()
    lent = {space.group for space in placement.spaces}
    assert None not in lent
    instance = instantiate(program, choice.assignment, choice.placements)
    (done,) = [op for op in instance.dag.shared if op.name == "records read"]
    rows = {
        InGroup(group, row)
        for group, lanes in enumerate(instance.selected)
        for row in lanes.rows[table]
    }
    assert {source for source, _ in done.order} == rows and len(rows) == 4
    waiting = {
        target.group
        for source, target, _ in instance.dag.order
        if source is done and isinstance(target, InGroup) and target.op.name.startswith("o=")
    }
    assert waiting == lent
    verified(text, {"n": 32}, "record")


@pytest.mark.parametrize("kind", OPERATORS)
@pytest.mark.parametrize("extent", [0, 1, 9])
def test_reductions_of_functions_as_they_stand(kind: str, extent: int) -> None:
    """Lowering leaves out loops without iterations; a function may have one."""
    verified_function(f"""
    function f {{
      array x: u32[16] in at 0
      array y: u32[2] out at 16
      loop 0 i: {extent}
      %i = lane 0
      %zero = const 0
      %x = load x[%i]
      %r = reduce {kind} loop 0 of %x
      %s = store y[%zero] = %r at top
    }}""")


def test_a_loop_without_iterations() -> None:
    text = """
kernel k(n) {
  memory { a: u32[n] in at 0; o: u32[n] out at n; r: u32[1] out at 2 * n; }
  parallel for i in 0 .. n reduce min s { o[i] = a[i]; reduce a[i] into s; }
  r[0] = s;
}
"""
    _, ran = verified(text, {"n": 0})
    assert ran.memory == [2**32 - 1]


def test_groups_share_their_template() -> None:
    program = program_of(kernel_text("o[i] = v * 3;"), n=29)
    choice = named_choice(program, "gather")
    dag = instantiate(program, choice.assignment).dag
    templates = dag.groups
    assert [template.lanes for template in templates] == [8, 8, 8, 5]
    assert templates[0] is templates[1] is templates[2] is not templates[3]


def test_the_number_of_plans_must_fit() -> None:
    program = program_of(kernel_text("o[i] = v * 3;"), n=29)
    (plans,) = named_choice(program, "gather").assignment
    with pytest.raises(InternalError, match="3 plans"):
        instantiate(program, [plans[:3]])


def small_dag() -> tuple[MachineDag, dict[str, MOp], PerGroup]:
    """Two shared operations in use, one not; a family; two groups of one template."""
    used, unused = MOp("used", (Form("load", "const", imm=1),)), MOp("unused", ())
    family = PerGroup("f", 0, [MOp(f"f{k}", (Form("load", "const", imm=k),)) for k in range(2)])
    first = MOp("first", (Form("alu", "+", (Operand(used), Operand(family))),))
    second = MOp("second", (Form("store", "store", (Operand(first), Operand(used))),), width=0)
    template = Template("t", 1, [first, second])
    total = MOp("total", (Form("store", "store", (Operand(InGroup(1, first)),) * 2),), width=0)
    shared = [used, unused, *family.members, total]
    dag = MachineDag(MachineSpec(), shared, [template, template])
    return dag, {op.name: op for op in (*shared, first, second)}, family


def test_numbers() -> None:
    dag, ops, family = small_dag()
    assert dag.names() == ["used", "f0", "f1", "total", "g0.first", "g0.second"] + [
        "g1.first",
        "g1.second",
    ]
    assert dag.size == 8 == len(dag.operations())
    assert dag.number(ops["used"], 1) == 0
    assert [dag.number(family, group) for group in (0, 1)] == [1, 2]
    assert [dag.number(ops["second"], group) for group in (0, 1)] == [5, 7]
    assert dag.number(InGroup(1, ops["first"])) == 6


def test_shared_operations_that_nothing_needs_are_left_out() -> None:
    dag, ops, _ = small_dag()
    assert ops["unused"] not in dag.shared
    order = [(ops["unused"], InGroup(0, ops["second"]), 0)]
    kept = MachineDag(dag.machine, [*dag.shared, ops["unused"]], dag.groups, list(order))
    assert ops["unused"] in kept.shared


def test_groups_are_numbered_through_all_loops() -> None:
    text = """
kernel k(n) {
  memory { a: u32[n] in at 0; x: u32[n] out at n; y: u32[2 * n] out at 2 * n; }
  parallel for i in 0 .. n { x[i] = a[i]; }
  parallel for j in 0 .. 2 * n { y[j] = j; }
}
"""
    instance, _ = selected(program_of(text, n=12))
    assert instance.first_group == [0, 2]
    assert [lanes.group.lanes for lanes in instance.selected] == [8, 4, 8, 8, 8]

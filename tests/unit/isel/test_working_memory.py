"""Working memory: which words are free, by role and use, and where tables are placed."""

from __future__ import annotations

import pytest

from tests.strategies.plans import build, named_choice
from tests.unit.isel.helpers import loads_of, program_in_memory, program_of, stores_of, verified
from vliwc.analysis.facts import Facts
from vliwc.analysis.linear import linear_forms
from vliwc.ir.text import parse_function
from vliwc.isel.memory.working_memory import Lenders, Space, WorkingMemory, free_spaces


def spaces(arrays: str, body: str, after: str = "", n: int = 20) -> tuple[list[Space], list[Space]]:
    """Free spaces of a kernel with vectors of eight; `x` is the array in question."""
    text = f"""
kernel test(n) {{
  memory {{
    {arrays}
    o: u32[n] out at 200;
    r: u32[4] out at 300;
    b: u32[64] in at 400 below 4;
  }}
  parallel for i in 0 .. n reduce sum total {{
    {body}
    reduce 1 into total;
    o[i] = i;
  }}
  r[0] = total;
  {after}
}}
"""
    program = program_in_memory(text, n=n)
    lasting, passing = free_spaces(program.function, program.forms, 8)
    return lasting, [space for space in passing if space.base < 200]


UNUSED = "reduce i into total;"


@pytest.mark.parametrize("role", ["scratch", "in scratch"])
def test_unused_scratch_is_free_for_good(role: str) -> None:
    assert spaces(f"x: u32[30] {role} at 5;", UNUSED) == ([Space(5, 30)], [])


def test_input_scratch_is_free_after_reading() -> None:
    text = "x: u32[n] in scratch at 5;"
    (space,), passing = spaces(text, "reduce x[i] into total;")
    assert (space.base, space.length, passing) == (5, 20, [])
    assert [load.array for load in space.after] == ["x"]


def test_input_scratch_that_is_read_at_the_end_is_free_after_that_read() -> None:
    (space,), _ = spaces("x: u32[n] in scratch at 5;", UNUSED, "r[1] = x[3];")
    assert [load.loop for load in space.after] == [-1]


@pytest.mark.parametrize(
    "body",
    [
        "reduce x[b[i]] into total;",
        "reduce x[b[b[i]]] into total;",
    ],
)
def test_scratch_read_at_an_address_from_memory_is_not_free(body: str) -> None:
    """Reading the address may have to wait for a table that would stand there."""
    assert spaces("x: u32[30] in scratch at 5;", body) == ([], [])


def test_scratch_read_depending_on_a_reduction_is_not_free() -> None:
    assert spaces("x: u32[30] in scratch at 5;", UNUSED, "r[1] = x[total % 30];") == ([], [])


def test_scratch_that_the_kernel_writes_is_not_free() -> None:
    text = "x: u32[n] scratch at 5;"
    later = "parallel for j in 0 .. n reduce sum s { reduce x[j * j % n] into s; } r[1] = s;"
    assert spaces(text, "x[i] = i * i;", later) == ([], [])


def test_scratch_with_a_store_that_nobody_reads_is_not_free() -> None:
    """Passes remove such stores, but need not be asked to; the store would hit a table."""
    function = parse_function("""
    function f {
      array x: u32[8] in scratch at 0
      array y: u32[8] out at 8
      loop 0 i: 8
      %i = lane 0
      %x = load x[%i]
      %s = store x[%i] = %i in loop 0 after %x
      %t = store y[%i] = %x in loop 0
    }""")
    assert free_spaces(function, linear_forms(function, Facts(function)), 8)[0] == []


@pytest.mark.parametrize("role", ["in", "out", "inout"])
def test_other_roles_are_never_free_for_good(role: str) -> None:
    body = "" if role == "in" else "x[i] = i;"
    lasting, _ = spaces(f"x: u32[n] {role} at 5;", body)
    assert lasting == []


def test_inputs_are_never_free() -> None:
    assert spaces("x: u32[n] in at 5;", "reduce x[i] into total;") == ([], [])


def test_outputs_are_free_until_their_store_in_full_groups() -> None:
    """Twenty lanes are two full groups and a short one; the group that runs last comes first."""
    _, passing = spaces("x: u32[n] out at 5;", "x[i] = i * 3;")
    assert [(s.base, s.length, s.group, s.after) for s in passing] == [
        (13, 8, 1, ()),
        (5, 8, 0, ()),
    ]
    assert {s.before.array for s in passing if s.before is not None} == {"x"}


def test_input_of_an_inout_array_is_read_first() -> None:
    _, passing = spaces("x: u32[n] inout at 5;", "x[i] = x[i] * 3;")
    assert [(s.group, [load.array for load in s.after]) for s in passing] == [
        (1, ["x"]),
        (0, ["x"]),
    ]


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ("x[2 * i] = i; x[2 * i + 1] = 3;", ""),
        ("x[2 * i] = i;", "x[1] = total;"),
        ("x[i] = i;", "r[1] = x[3];"),
        ("x[i] = x[i] + 1;", "r[1] = x[3];"),
        ("x[n - 1 - i] = i;", ""),
        ("", "x[3] = total;"),
        ("x[i] = i;", "parallel for j in 0 .. n { x[j] = j * total; }"),
    ],
    ids=["two stores", "store after", "load after", "load twice", "backwards", "top", "two loops"],
)
def test_outputs_used_in_other_ways_are_not_free(body: str, after: str) -> None:
    _, passing = spaces("x: u32[2 * n] inout at 5;", body, after)
    assert passing == []


def test_a_shifted_output() -> None:
    _, passing = spaces("x: u32[n + 3] inout at 5;", "x[i + 3] = i;")
    assert [space.base for space in passing] == [16, 8]


TWO_LOOPS = """
kernel test(n) {
  memory {
    s: u32[21] scratch at 0;
    x: u32[n]  out at 21;
    y: u32[n]  inout at 21 + n;
    t: u32[8]  in at 21 + 2 * n;
  }
  parallel for i in 0 .. n { x[i] = i * t[i % 8]; }
  parallel for j in 0 .. n { y[j] = y[j] * t[j % 8]; }
}
"""


def working(n: int = 24) -> WorkingMemory:
    program = program_of(TWO_LOOPS, n=n)
    return WorkingMemory(program.function, program.forms, 8)


def test_capacity() -> None:
    """A lasting space of 21 words; three groups of x until loop 0, three of y until loop 1."""
    assert working().capacity(0, Lenders(0, 0)) == 21
    assert working().capacity(0, Lenders(100, 100)) == 21 + 6 * 8
    assert working().capacity(0, Lenders(1, 9)) == 21 + 4 * 8
    assert working().capacity(1, Lenders(100, 100)) == 21 + 3 * 8


def test_capacity_of_tables_that_are_read_past_their_end() -> None:
    """The last group's words are the last of memory."""
    program = program_of(
        """
kernel test(n) {
  memory { t: u32[8] in at 0; x: u32[n] out at 8; }
  parallel for i in 0 .. n { x[i] = i * t[i % 8]; }
}
""",
        n=24,
    )
    memory = WorkingMemory(program.function, program.forms, 8)
    assert memory.capacity(0, Lenders(9, 9)) == 24
    assert memory.capacity(0, Lenders(9, 9), overrun=1) == 16


def test_lasting_words_are_taken_first_and_split() -> None:
    memory = working()
    first = memory.place(7, 0, 0, Lenders(9, 9))
    assert first is not None and (first.base, first.words) == (0, 8)
    assert first.spaces[0].group is None
    second = memory.place(13, 5, 0, Lenders(0, 0))
    assert second is None, "13 words are stored as 16, and 13 are left"
    third = memory.place(8, 5, 0, Lenders(0, 0))
    assert third is not None and third.base == 8
    assert memory.place(8, 0, 0, Lenders(0, 0)) is None, "5 words are left"


def test_passing_words_are_given_away_once() -> None:
    """First what lasts and a group of x, then two of x and one of y; two of y are left."""
    memory = working()
    found = [memory.place(24, 0, 0, Lenders(9, 9)) for _ in range(3)]
    assert found[0] is not None and found[1] is not None and found[2] is None
    assert [(table.base, table.words) for table in found if table is not None] == [
        (5, 24),
        (29, 24),
    ]
    spaces = [space for table in found if table is not None for space in table.spaces]
    words = [word for space in spaces for word in range(space.base, space.end)]
    assert len(words) == len(set(words)) == 48


def test_groups_on_both_sides_of_given_words_are_no_neighbours() -> None:
    """Behind the last group there is nothing to read, so that the table takes the one before."""
    text = """
kernel test(n) {
  memory { t: u32[8] in at 0; x: u32[n] out at 8; }
  parallel for i in 0 .. n { x[i] = i * t[i % 8]; }
}
"""
    program = program_of(text, n=24)
    memory = WorkingMemory(program.function, program.forms, 8)
    table = memory.place(8, 7, 0, Lenders(9, 9))
    assert table is not None and table.base == 16
    assert memory.capacity(0, Lenders(9, 9)) == 2 * 8
    assert memory.place(16, 0, 0, Lenders(9, 9)) is None
    assert memory.place(8, 0, 0, Lenders(9, 9)) is not None


def test_more_groups_than_allowed_do_not_give_up_words() -> None:
    memory = working()
    assert memory.place(32, 0, 0, Lenders(1, 1)) is None
    assert memory.place(32, 0, 0, Lenders(0, 2)) is not None


HALF_READ = """
kernel test(n) {
  memory { t: u32[8] in at 0; x: u32[n] inout at 8; y: u32[n] out at 8 + n; }
  parallel for i in 0 .. n { x[i] = x[i] * t[i % 8]; y[i] = i ^ t[i % 8]; }
}
"""


def test_groups_that_read_nothing_lend_first_and_are_limited_apart() -> None:
    program = program_of(HALF_READ, n=32)
    memory = WorkingMemory(program.function, program.forms, 8)
    assert memory.capacity(0, Lenders(1, 3)) == 4 * 8
    assert memory.capacity(0, Lenders(0, 9)) == 4 * 8
    assert memory.place(32, 0, 0, Lenders(0, 3)) is None
    table = memory.place(24, 0, 0, Lenders(0, 3))
    assert table is not None
    assert {s.before for s in table.spaces} == set(stores_of(program, "y"))
    assert memory.place(16, 0, 0, Lenders(1, 0)) is None
    other = memory.place(16, 0, 0, Lenders(2, 0))
    assert other is not None
    assert {s.before for s in other.spaces} == set(stores_of(program, "x"))


NEIGHBOURS = """
kernel test(n) {
  memory {
    t: u32[8] in at 0;
    s: u32[20] scratch at 8;
    x: u32[n] inout at 28;
    y: u32[n] out at 28 + n;
  }
  parallel for i in 0 .. n { x[i] = x[i] * t[i % 8]; y[i] = i ^ t[i % 8]; }
}
"""


@pytest.mark.parametrize(
    ("words", "waiting", "base", "lent"),
    [
        (24, 0, 52, "yyy"),
        (32, 0, None, ""),
        (32, 1, 44, "xyyy"),
        (40, 2, 36, "xxyyy"),
        (64, 3, 12, "xxxyyy"),
        (72, 3, None, ""),
    ],
)
def test_tables_may_span_arrays(words: int, waiting: int, base: int | None, lent: str) -> None:
    """Twenty lasting words, three groups of x that read their input, three of y that do not."""
    program = program_of(NEIGHBOURS, n=24)
    memory = WorkingMemory(program.function, program.forms, 8)
    table = memory.place(words, 0, 0, Lenders(waiting, 9))
    if base is None:
        assert table is None
        return
    assert table is not None and (table.base, table.words) == (base, words)
    found = [space.before.array for space in table.spaces if space.before is not None]
    assert "".join(found) == lent
    covered = [word for space in table.spaces for word in range(space.base, space.end)]
    assert set(range(base, base + words)) <= set(covered)
    lasting = [space for space in table.spaces if space.before is None]
    assert all(space.group is None and space.base >= base for space in lasting)
    if lasting:
        rest = memory.place(1, 0, 0, Lenders(0, 0))
        assert rest is None or rest.base == 8


def test_a_table_that_spans_arrays_is_right() -> None:
    """Its stores wait for the inputs of all groups that they overwrite."""
    text = """
kernel walk(n) {
  memory {
    t: u32[63] in at 0;
    s: u32[20] scratch at 63;
    x: u32[n] inout at 83;
  }
  parallel for i in 0 .. n {
    var v = x[i];
    var k = 0;
    for r in 0 .. 6 { v = (v ^ t[k]) * 5; k = 2 * k + 1 + v % 2; }
    x[i] = v;
  }
}
"""
    built, _ = verified(text, {"n": 64}, "record")
    assert built.dag.order


def test_tables_read_in_a_later_loop_do_not_stand_in_results_of_an_earlier_one() -> None:
    """The store in loop 0 would wait for reads in loop 1, which wait for that store."""
    program = program_of(TWO_LOOPS, n=24)
    memory = WorkingMemory(program.function, program.forms, 8)
    table = memory.place(24, 0, 1, Lenders(9, 9))
    assert table is not None
    assert {space.before for space in table.spaces} == set(stores_of(program, "y"))
    assert memory.place(24, 0, 1, Lenders(9, 9)) is None


def test_reads_past_the_end_stay_inside_the_image() -> None:
    text = """
kernel test(n) {
  memory { t: u32[8] in at 0; s: u32[16] scratch at 8; }
  parallel for i in 0 .. n { assume i < n; }
}
"""
    program = program_of(text, n=8)
    for words, overrun, fits in ((16, 0, True), (16, 1, False), (8, 8, True), (8, 9, False)):
        memory = WorkingMemory(program.function, program.forms, 8)
        assert (memory.place(words, overrun, 0, Lenders(0, 0)) is not None) is fits


WALK = """
kernel test(n) {
  memory {
    %s
    v: u32[n] inout at 100;
    z: u32[1] out at 164;
  }
  parallel for i in 0 .. n {
    var at_node = 0;
    var x = v[i];
    for r in 0 .. 3 {
      at_node = 2 * at_node + (if x %% 2 == 0 then 1 else 2);
      x = (x >> 1) ^ t[at_node];
    }
    v[i] = x;
  }
  z[0] = %s;
}
"""


@pytest.mark.parametrize("last", ["t[3]", "w[9]"])
def test_words_that_shared_code_reads_are_read_before_a_table_stands_there(last: str) -> None:
    """`w` is read once at the very end, and takes the records of the tree `t` before."""
    arrays = "t: u32[15] in at 0; w: u32[24] in scratch at 20;"
    verified(WALK % (arrays, last), {"n": 16}, "record")


def test_a_tree_in_scratch_is_not_overwritten_by_its_own_records() -> None:
    text = WALK % ("t: u32[31] in scratch at 0;", "0")
    program = program_of(text, n=16)
    choice = named_choice(program, "record")
    (placement,) = choice.placements.values()
    assert all(space.before is not None for space in placement.spaces), "only passing words"
    build(program, choice)
    verified(text, {"n": 16}, "record")
    assert loads_of(program, "t")

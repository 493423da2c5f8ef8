"""Every rule of the validator, with the place it reports."""

from __future__ import annotations

import pytest

from isa.errors import ProgramError
from isa.machine import MachineSpec
from isa.program import Bundle, Program, Slot
from isa.validate import check, validate

GOOD: Bundle = {"alu": [("+", 0, 1, 2)]}


def problems(*bundles: Bundle, machine: MachineSpec | None = None) -> list[str]:
    program = Program(bundles) if machine is None else Program(bundles, machine)
    return [str(problem) for problem in validate(program)]


def test_a_valid_program_has_no_problems() -> None:
    bundles: list[Bundle] = [
        {"alu": [("+", 0, 1, 2)] * 1, "valu": [("^", 8, 8, 16)], "flow": [("jump", 3)]},
        {},
        {"debug": [("comment", "x")], "load": [("const", 0, -(2**31)), ("const", 1, 2**32 - 1)]},
    ]
    assert problems(*bundles) == []
    check(Program(tuple(bundles)))


@pytest.mark.parametrize(
    ("engine", "slot", "message"),
    [
        ("alu", ("?", 1, 2, 3), "alu has no operation '?'"),
        ("alu", (), "alu has no operation None"),
        ("alu", (5, 1, 2), "alu has no operation 5"),
        ("alu", ("multiply_add", 1, 2, 3, 4), "alu has no operation 'multiply_add'"),
        ("alu", ("+", 1, 2), "+ takes 3 operands (d a b), got 2"),
        ("flow", ("halt", 1), "halt takes 0 operands (none), got 1"),
        ("alu", ("+", 1, "2", 3), "operand a of + is '2'; it must be an integer"),
        ("alu", ("+", True, 2, 3), "operand d of + is True; it must be an integer"),
        ("debug", ("comment", 3), "operand text of comment is 3; it must be text"),
        ("load", ("const", 1, 2**32), "immediate imm of const is 4294967296"),
        ("load", ("const", 1, -(2**31) - 1), "immediate imm of const is -2147483649"),
        ("flow", ("add_imm", 1, 1, 2**32), "immediate imm of add_imm is 4294967296"),
        ("alu", ("+", 1536, 2, 3), "+ writes scratch word 1536, but scratch has words 0 to 1535"),
        ("alu", ("+", 0, -1, 3), "+ reads scratch word -1"),
        ("valu", ("+", 1529, 0, 8), "+ writes scratch words 1529 to 1536"),
        ("valu", ("+", 0, 8, -1), "+ reads scratch words -1 to 6"),
        ("load", ("vload", 1529, 0), "vload writes scratch words 1529 to 1536"),
        ("store", ("vstore", 0, 1529), "vstore reads scratch words 1529 to 1536"),
        ("load", ("load_offset", 1530, 0, 6), "load_offset writes scratch word 1536"),
        ("load", ("load_offset", 8, 2, -3), "load_offset reads scratch word -1"),
        ("debug", ("vcompare", 1529, "[]"), "vcompare reads scratch words 1529 to 1536"),
        ("flow", ("jump", 3), "jump goes to bundle 3, but the program has bundles 0 to 1"),
        ("flow", ("jump", -1), "jump goes to bundle -1"),
        ("flow", ("cond_jump", 0, 3), "cond_jump goes to bundle 3"),
        ("flow", ("cond_jump_rel", 0, 1), "cond_jump_rel goes to bundle 3"),
        ("flow", ("cond_jump_rel", 0, -3), "cond_jump_rel goes to bundle -1"),
    ],
)
def test_broken_slots(engine: str, slot: Slot, message: str) -> None:
    found = problems(GOOD, {engine: [slot]})
    assert len(found) == 1
    assert found[0].startswith(f"bundle 1, {engine} slot 0: {message}")


@pytest.mark.parametrize("slot", [("jump", 2), ("cond_jump_rel", 0, 0), ("cond_jump_rel", 0, -2)])
def test_jumps_to_the_end_and_the_start_are_fine(slot: Slot) -> None:
    assert problems(GOOD, {"flow": [slot]}) == []


@pytest.mark.parametrize("engine", ["alu", "valu", "load", "store", "flow", "debug"])
def test_slot_limits(engine: str) -> None:
    machine = MachineSpec(scratch_words=2000)
    slots: dict[str, list[Slot]] = {
        "alu": [("+", n, 1900, 1900) for n in range(13)],
        "valu": [("+", 8 * n, 1900, 1900) for n in range(7)],
        "load": [("const", n, 0) for n in range(3)],
        "store": [("store", 0, 0)] * 3,
        "flow": [("pause",)] * 2,
        "debug": [("comment", "")] * 65,
    }
    limit = machine.slots[engine]
    assert problems({engine: slots[engine][:-1]}, machine=machine) == []
    assert problems({engine: slots[engine]}, machine=machine) == [
        f"bundle 0, {engine} slot {limit}: {limit + 1} slots, but the machine has {limit}"
    ]


@pytest.mark.parametrize(
    ("first", "second", "word"),
    [
        (("alu", ("+", 5, 0, 0)), ("flow", ("coreid", 5)), 5),
        (("valu", ("vbroadcast", 8, 0)), ("load", ("const", 15, 0)), 15),
        (("valu", ("vbroadcast", 8, 0)), ("load", ("vload", 12, 0)), 12),
        (("load", ("load_offset", 2, 2, 6)), ("flow", ("vselect", 1, 0, 0, 0)), 8),
    ],
)
def test_double_writes(first: tuple[str, Slot], second: tuple[str, Slot], word: int) -> None:
    bundle: Bundle = {first[0]: [first[1]], second[0]: [second[1]]}
    assert problems(bundle) == [
        f"bundle 0, {second[0]} slot 0: {second[1][0]} writes scratch word {word}, "
        f"which {first[0]} slot 0 of the same bundle writes too"
    ]


def test_adjacent_vectors_do_not_clash() -> None:
    assert problems({"valu": [("vbroadcast", 8, 0), ("vbroadcast", 16, 0)]}) == []


def test_unknown_engine_and_check() -> None:
    bad: Bundle = {"mul": [], "alu": [("?",), ("+", 1), ("+", 2), ("+", 3), ("+", 4), ("+", 5)]}
    with pytest.raises(ProgramError) as error:
        check(Program((GOOD, bad)))
    assert str(error.value).startswith("bundle 1: unknown engine 'mul'; the engines are alu,")
    assert str(error.value).endswith("and 2 more problems")
    assert len(error.value.problems) == 7
    assert (error.value.bundle, error.value.engine, error.value.slot) == (1, None, None)
    assert str(error.value.problems[1]) == "bundle 1, alu slot 0: alu has no operation '?'"


def test_the_machine_sets_the_limits() -> None:
    machine = MachineSpec(vlen=4, scratch_words=16)
    assert problems({"valu": [("+", 12, 0, 4)]}, machine=machine) == []
    assert len(problems({"valu": [("+", 13, 0, 4)]}, machine=machine)) == 1

"""The operation table, against arithmetic written down independently."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isa.opcodes import (
    ALU_OPS,
    DIVIDING_OPS,
    ENGINES,
    OPCODES,
    Effect,
    OperandKind,
    alu_semantics,
    multiply_add_semantics,
)

WORD = 2**32
words = st.integers(0, WORD - 1) | st.sampled_from([0, 1, 31, 32, 33, 2**31, WORD - 1])

EXPECTED = {
    "+": lambda a, b: (a + b) % WORD,
    "-": lambda a, b: (a - b) % WORD,
    "*": lambda a, b: (a * b) % WORD,
    "//": lambda a, b: a // b,
    "cdiv": lambda a, b: -(-a // b),
    "^": lambda a, b: a ^ b,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "<<": lambda a, b: (a * 2 ** min(b, 32)) % WORD,
    ">>": lambda a, b: a // 2 ** min(b, 32),
    "%": lambda a, b: a - b * (a // b),
    "<": lambda a, b: int(a < b),
    "==": lambda a, b: int(a == b),
}


def test_the_table_has_every_engine_and_operation() -> None:
    by_engine = {engine: {op for unit, op in OPCODES if unit == engine} for engine in ENGINES}
    assert by_engine == {
        "alu": set(EXPECTED),
        "valu": {*EXPECTED, "vbroadcast", "multiply_add"},
        "load": {"load", "load_offset", "vload", "const"},
        "store": {"store", "vstore"},
        "flow": {
            *("select", "vselect", "add_imm", "jump", "cond_jump", "cond_jump_rel"),
            *("jump_indirect", "halt", "pause", "trace_write", "coreid"),
        },
        "debug": {"compare", "vcompare", "comment"},
    }


@pytest.mark.parametrize("op", ALU_OPS)
def test_dividing_operations_are_those_that_trap(op: str) -> None:
    try:
        alu_semantics(op)(5, 0)
    except ZeroDivisionError:
        assert op in DIVIDING_OPS
    else:
        assert op not in DIVIDING_OPS


@given(a=words, b=words, op=st.sampled_from(ALU_OPS))
def test_arithmetic(a: int, b: int, op: str) -> None:
    if op in DIVIDING_OPS and b == 0:
        with pytest.raises(ZeroDivisionError):
            alu_semantics(op)(a, b)
        return
    assert alu_semantics(op)(a, b) == EXPECTED[op](a, b)
    for engine in ("alu", "valu"):
        semantics = OPCODES[engine, op].semantics
        assert semantics is not None and semantics(a, b) == EXPECTED[op](a, b)


@given(a=words, b=words, c=words)
def test_multiply_add(a: int, b: int, c: int) -> None:
    assert multiply_add_semantics(a, b, c) == (a * b + c) % WORD


@pytest.mark.parametrize("op", ["<<", ">>"])
@pytest.mark.parametrize("count", [32, 33, WORD - 1])
def test_large_shift_counts_give_zero(op: str, count: int) -> None:
    assert alu_semantics(op)(WORD - 1, count) == 0


def test_unknown_arithmetic_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        alu_semantics("vbroadcast")


@pytest.mark.parametrize(
    ("engine", "slot", "reads", "writes"),
    [
        ("alu", ("+", 1, 2, 3), [range(2, 3), range(3, 4)], [range(1, 2)]),
        ("valu", ("+", 8, 16, 24), [range(16, 24), range(24, 32)], [range(8, 16)]),
        ("valu", ("vbroadcast", 8, 3), [range(3, 4)], [range(8, 16)]),
        ("load", ("load_offset", 8, 20, 3), [range(23, 24)], [range(11, 12)]),
        ("load", ("vload", 8, 3), [range(3, 4)], [range(8, 16)]),
        ("load", ("const", 8, 3), [], [range(8, 9)]),
        ("store", ("vstore", 3, 8), [range(3, 4), range(8, 16)], []),
        ("flow", ("cond_jump", 3, 8), [range(3, 4)], []),
        ("flow", ("add_imm", 3, 8, 99), [range(8, 9)], [range(3, 4)]),
        ("debug", ("vcompare", 3, "[]"), [range(3, 11)], []),
    ],
)
def test_reads_and_writes(
    engine: str, slot: tuple[str | int, ...], reads: list[range], writes: list[range]
) -> None:
    info = OPCODES[engine, str(slot[0])]
    assert list(info.reads(slot, 8)) == reads
    assert list(info.writes(slot, 8)) == writes


def test_facts_derived_from_the_table() -> None:
    vectors = {key for key, info in OPCODES.items() if info.memory_is_vector}
    assert vectors == {("load", "vload"), ("store", "vstore")}
    ends = {name for (_, name), info in OPCODES.items() if info.ends_block}
    assert ends == {"jump", "cond_jump", "cond_jump_rel", "jump_indirect", "halt"}
    for info in OPCODES.values():
        destinations = [o for o in info.operands if o.kind is OperandKind.DEST]
        assert len(destinations) <= 1
        if info.effect in (Effect.STORE, Effect.JUMP, Effect.CHECK):
            assert not destinations

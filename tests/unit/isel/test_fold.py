"""Constants that are folded into table words: which, and never one constant into two words."""

from __future__ import annotations

import pytest

from isa.machine import MachineSpec
from tests.unit.isel.helpers import kernel_text, loads_of, program_of, verified
from vliwc.analysis.facts import Facts
from vliwc.ir.text import parse_function
from vliwc.isel.program import LaneProgram
from vliwc.isel.reads.fold import Folds, find_folds

BITS = "let b0 = v & 1; let b1 = (v >> 1) & 1; let b2 = (v >> 2) & 1;"


def folds_of(body: str, arrays: str = "") -> tuple[Folds, dict[str, tuple[str, int]]]:
    """The folds of a kernel, and what is folded into the words of each array."""
    program = program_of(kernel_text(BITS + body, arrays), n=16)
    folds = find_folds(program.function, program.forms)
    return folds, {load.array: fold for load, fold in folds.of.items()}


@pytest.mark.parametrize(
    ("use", "fold"),
    [
        ("t[b0] ^ 9", ("^", 9)),
        ("t[b0] * 9", ("*", 9)),
        ("t[b0] & 9", ("&", 9)),
        ("t[b0] / 9", ("//", 9)),
        ("t[b0] >> 9", (">>", 9)),
        ("if t[b0] < 9 then 1 else 0", ("<", 9)),
    ],
)
def test_a_constant_next_to_the_word(use: str, fold: tuple[str, int]) -> None:
    folds, by_array = folds_of(f"o[i] = {use};")
    assert by_array == {"t": fold}
    ((user, load),) = folds.aliases.items()
    assert user.args[0] is load


@pytest.mark.parametrize(("operator", "opcode"), [("^", "^"), ("+", "+")])
def test_a_constant_beyond_a_chain(operator: str, opcode: str) -> None:
    folds, by_array = folds_of(f"o[i] = (v {operator} t[b0]) {operator} 9;")
    assert by_array == {"t": (opcode, 9)}
    ((outer, inner),) = folds.aliases.items()
    assert outer.args[0] is inner


@pytest.mark.parametrize(
    ("body", "arrays"),
    [
        ("o[i] = t[b0];", ""),
        ("o[i] = t[b0] ^ v;", ""),
        ("o[i] = (t[b0] ^ 9) + t[b0];", ""),
        ("o[i] = 9 - t[b0];", ""),
        ("o[i] = (t[b0] ^ v) + 9;", ""),
        ("let w = t[b0] ^ v; o[i] = (w ^ 9) + (w >> 3);", ""),
        ("x[i] = v; o[i] = x[i] ^ 9; x[i] = v + o[i];", "x: u32[n] inout at 100;"),
    ],
    ids=["no constant", "no constant either", "two users", "not first", "other", "shared", "own"],
)
def test_what_is_not_folded(body: str, arrays: str) -> None:
    _, by_array = folds_of(body, arrays)
    assert "t" not in by_array and "x" not in by_array


@pytest.mark.parametrize(
    "body", ["o[i] = u[t[b0] + 1];", "o[i] = u[2 * t[b0] + 5] ^ t[b1];", "o[i] = u[t[b0] ^ 64];"]
)
def test_indices_keep_their_words(body: str) -> None:
    """An address computed from a table word is computed from the word itself."""
    arrays = "u: u32[128] in at 200;"
    text = kernel_text(BITS + body, arrays).replace(
        "t: u32[64] in at 3", "t: u32[64] in at 3 below 60"
    )
    program = program_of(text, n=16)
    folds = find_folds(program.function, program.forms)
    atoms = {atom for load in loads_of(program, "u") for atom in program.forms[load.args[0]].atoms}
    assert not atoms & folds.of.keys()
    verified(text, {"n": 16})


@pytest.mark.parametrize("operator", ["^", "+"])
@pytest.mark.parametrize("name", ["gather", "select"])
def test_one_constant_is_folded_into_one_of_two_words(operator: str, name: str) -> None:
    """Both words of `x op y op c` reach the constant through the same chain."""
    other = "+" if operator == "^" else "^"
    body = f"o[i] = v {other} ((t[b0] {operator} t[2 + b1]) {operator} 9);"
    folds, _ = folds_of(body)
    assert len(folds.of) == 1
    verified(kernel_text(BITS + body), {"n": 16}, name)


def test_inputs_and_table_words_share_no_constant() -> None:
    body = "o[i] = (a[i] ^ t[b0]) ^ 9;"
    _, by_array = folds_of(body)
    assert len(by_array) <= 1
    for name in ("gather", "select"):
        verified(kernel_text(BITS + body), {"n": 16}, name)


def test_constants_fold_before_a_reduction() -> None:
    text = """
kernel test(n) {
  memory { t: u32[4] in at 0; a: u32[n] in at 4; o: u32[1] out at 4 + n; }
  parallel for i in 0 .. n reduce xor total { reduce (a[i] ^ t[a[i] & 1]) ^ 77 into total; }
  o[0] = total;
}
"""
    for n in (5, 8, 13):
        for name in ("gather", "select"):
            verified(text, {"n": n}, name)


@pytest.mark.parametrize(
    ("inner", "outer"),
    [("sub %x, %t", "sub %a, %c"), ("sub %t, %x", "sub %a, %c"), ("add %x, %t", "xor %a, %c")],
)
def test_only_associative_operations_pass_a_constant_on(inner: str, outer: str) -> None:
    function = parse_function(f"""
    function f {{
      array x: u32[8] in at 0
      array t: u32[8] in at 8
      array y: u32[8] out at 16
      loop 0 i: 8
      %i = lane 0
      %c = const 5
      %x = load x[%i]
      %seven = const 7
      %j = and %x, %seven
      %t = load t[%j]
      %a = {inner}
      %b = {outer}
      %s = store y[%i] = %b in loop 0
    }}""")
    program = LaneProgram.of(function, Facts(function), MachineSpec())
    found = find_folds(function, program.forms)
    assert [load.array for load in found.of] == []

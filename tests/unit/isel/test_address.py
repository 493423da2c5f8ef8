"""Linear forms, their sums, and the vectors that are computed for them."""

from __future__ import annotations

import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isa.simulator import run
from tests.unit.isel.helpers import (
    kernel_text,
    kinds,
    loads_of,
    parts,
    program_of,
    selected,
    verified,
)
from vliwc.analysis.linear import Linear, combinations, domain, multiplier, signed
from vliwc.ir.value import MASK, Value
from vliwc.isel.address import AddressBook, Flip, Sum, plan_sum
from vliwc.isel.cost import vector_demand
from vliwc.isel.program import LaneProgram

words = st.one_of(st.integers(0, MASK), st.sampled_from([0, 1, 2, 3, 4, 6, 8, MASK, MASK - 7]))

BITS = """
    let b0 = v & 1;
    let b1 = (v >> 1) & 1;
    let b2 = (v >> 2) & 1;
    let w = (v >> 3) % 5;
"""


def example() -> tuple[LaneProgram, list[Value], Value]:
    """A program with three path bits and an atom that is no bit."""
    program = program_of(kernel_text(BITS + "o[i] = t[8 * b0 + 4 * b1 + 2 * b2 + w];"), n=8)
    (load,) = loads_of(program, "t")
    *bits, other = program.forms[load.args[0]].atoms
    return program, bits, other


def evaluate(form: Linear, values: dict[Value, int]) -> int:
    return (form.const + sum(c * values[atom] for atom, c in form.terms)) & MASK


@given(words, words)
def test_multiplier(have: int, want: int) -> None:
    m = multiplier(have, want)
    if m is not None:
        assert m * have & MASK == want
    else:
        # No solution: `have` is 0, or has more factors of two than `want`.
        assert have == 0 or want % (have & -have)


@pytest.mark.parametrize(
    ("have", "want", "expected"),
    [(1, 7, 7), (3, 6, 2), (6, 3, None), (3, 4, 4 * pow(3, -1, 1 << 32) & MASK), (4, 0, 0)],
)
def test_multipliers_of_pitches(have: int, want: int, expected: int | None) -> None:
    assert multiplier(have, want) == expected


def test_a_multiplier_scales_negative_forms_as_a_whole() -> None:
    assert multiplier(-8 & MASK, -16 & MASK) == 2 == multiplier(-4 & MASK, -8 & MASK)


@given(st.integers(0, MASK))
def test_signed(word: int) -> None:
    assert signed(word) & MASK == word and -(2**31) <= signed(word) < 2**31


def test_arithmetic_of_forms() -> None:
    _, (x, y, z), _ = example()
    form = Linear.of(5, {x: 3, y: 0, z: -2})
    assert form.atoms == (x, z)
    assert form.coefficient(z) == MASK - 1 and form.coefficient(y) == 0
    assert form.plus(form) == form.times(2)
    assert form.minus(form) == Linear(0)
    assert form.times(1 << 31) == Linear.of(1 << 31, {x: 1 << 31})
    assert form.without(x) == Linear.of(5, {z: -2})


def test_forms_of_a_walk_are_sums_of_path_bits() -> None:
    """The children of node k are 2k + 1 and 2k + 2, and the bits choose among them."""
    text = """
kernel walk(n) {
  memory { t: u32[15] in at 0; a: u32[n] in at 15; o: u32[n] out at 15 + n; }
  parallel for i in 0 .. n {
    var at_node = 0;
    var v = a[i];
    for r in 0 .. 3 {
      at_node = 2 * at_node + (if v % 2 == 0 then 1 else 2);
      v = (v >> 1) ^ t[at_node];
    }
    o[i] = v;
  }
}"""
    program = program_of(text, n=8)
    forms = [program.forms[load.args[0]] for load in loads_of(program, "t")]
    assert [form.const for form in forms] == [1, 3, 7]
    assert [[c for _, c in form.terms] for form in forms] == [[1], [2, 1], [4, 2, 1]]


def test_domains_and_combinations() -> None:
    program, (x, y, _), other = example()
    assert domain(x, program.facts) == (0, 1)
    assert domain(other, program.facts) is None
    assert domain(other, program.facts, limit=5) == (0, 1, 2, 3, 4)
    form = Linear.of(MASK, {x: 2, y: 3})
    found = combinations(form, {x: (0, 1), y: (0, 1)})
    assert list(found) == [((0, 0), MASK), ((0, 1), 2), ((1, 0), 1), ((1, 1), 4)]


def check_sum(plan: Sum, form: Linear, atoms: list[Value], bits: list[Value]) -> None:
    """The sum has the words of the form, whatever the atoms are."""
    rng = random.Random(0)
    assert {atom for atom, _ in plan.choice} <= set(bits)
    for choice in product((0, 1), repeat=len(bits)):
        values = {atom: rng.randrange(2**32) for atom in atoms} | dict(
            zip(bits, choice, strict=True)
        )
        total = plan.const + sum(c * values[atom] for atom, c in plan.choice)
        if plan.base is not None:
            total += plan.factor * evaluate(plan.base, values)
        total += sum(c * values[atom] for atom, c in plan.steps)
        if isinstance(plan.start, Flip):
            total += 1 - values[plan.start.bit]
        elif plan.start is not None:
            total += values[plan.start]
        assert total & MASK == evaluate(form, values)


EXAMPLE = example()
coefficients = st.lists(words, min_size=4, max_size=4)


@given(
    words,
    coefficients,
    st.lists(st.tuples(words, coefficients), max_size=3),
    st.integers(1, 2),
    st.booleans(),
)
def test_a_sum_has_the_words_of_its_form(
    const: int, cs: list[int], known: list[tuple[int, list[int]]], choice_bits: int, flips: bool
) -> None:
    _, bits, other = EXAMPLE
    atoms = [*bits, other]
    form = Linear.of(const, dict(zip(atoms, cs, strict=True)))
    bases = [Linear.of(c, dict(zip(atoms, row, strict=True))) for c, row in known]
    flip = Flip(bits[1], other, 9) if flips else None
    plan = plan_sum(form, bases, lambda atom: atom in bits, choice_bits, flip)
    check_sum(plan, form, atoms, bits)
    alone = plan_sum(form, [], lambda atom: atom in bits, choice_bits)
    assert plan.operations <= alone.operations


def test_the_next_address_of_a_walk_takes_two_operations() -> None:
    """A' = 2A + bit + K is a multiply_add onto a choice between K and K + 1.

    Where K is 0, a multiply_add onto the bit does.
    """
    _, (x, y, z), _ = EXAMPLE
    before = Linear.of(103, {x: 2, y: 1})
    after = Linear.of(211, {x: 4, y: 2, z: 1})
    assert plan_sum(after, [before], lambda _: True, 1).demand(8) == vector_demand(
        8, either=1, valu=1
    )
    riding = Linear.of(206, {x: 4, y: 2, z: 1})
    assert plan_sum(riding, [before], lambda _: True, 1).demand(8) == vector_demand(8, valu=1)


def test_the_opposite_of_a_bit_takes_the_place_of_a_constant() -> None:
    """2A + 1 - bit is a multiply_add onto 1 - bit, where that is there; only for that bit."""
    _, (x, y, z), other = EXAMPLE
    before = Linear.of(103, {x: -2, y: -1})
    after = Linear.of(207, {x: -4, y: -2, z: -1})
    for bit, demand in (
        (z, vector_demand(8, valu=1)),
        (y, vector_demand(8, either=1, valu=1)),
    ):
        plan = plan_sum(after, [before], lambda _: True, 1, Flip(bit, other, 1))
        assert plan.demand(8) == demand
    further = after.plus(Linear(1))
    plan = plan_sum(further, [before], lambda _: True, 1, Flip(z, other, 1))
    assert plan.demand(8) == vector_demand(8, either=1, valu=1)


def test_two_choice_bits_trade_an_operation_for_flow() -> None:
    _, (x, y, z), _ = EXAMPLE
    form = Linear.of(100, {x: 4, y: 2, z: 1})
    one = plan_sum(form, [], lambda _: True, 1).demand(8)
    two = plan_sum(form, [], lambda _: True, 2).demand(8)
    assert one == vector_demand(8, flow=1, valu=1, plain=1)
    assert two == vector_demand(8, flow=3, plain=1)


@given(st.lists(st.tuples(words, coefficients, st.integers(1, 2)), min_size=1, max_size=4))
def test_the_cost_is_what_is_emitted(rows: list[tuple[int, list[int], int]]) -> None:
    program, bits, other = EXAMPLE
    _, lanes = selected(program)
    book = AddressBook(lanes.group)
    known: list[Linear] = []
    for const, cs, choice_bits in rows:
        form = Linear.of(const, dict(zip([*bits, other], cs, strict=True)))
        before = len(lanes.template.ops)
        book.address(form, choice_bits)
        emitted = kinds(lanes.template.ops[before:])
        if form in known or not form.terms:
            assert not emitted
            continue
        plan = plan_sum(form, known, lambda atom: program.facts.hi(atom) <= 1, choice_bits)
        assert emitted == parts(plan.demand(8))
        known.append(form)


def test_an_address_is_computed_once() -> None:
    program, (x, *_), _ = EXAMPLE
    _, lanes = selected(program)
    form = Linear.of(9, {x: 5})
    book = AddressBook(lanes.group)
    first = book.address(form)
    before = len(lanes.template.ops)
    assert book.address(form) == first
    assert len(lanes.template.ops) == before


@pytest.mark.parametrize(
    "index",
    [
        "8 * b0 + 4 * b1 + 2 * b2 + w",
        "8 * b0 + 4 * b1 + 2 * b2 + 5",
        "31 - 8 * b0 - 4 * b1 - 2 * b2",
        "40 - 8 * b0 + 3 * w",
        "7 * w",
        "20 - w",
        "(b0 ^ 1) + 2 * (b1 | 4 * b2)",
    ],
)
def test_addresses_lead_to_the_right_words(index: str) -> None:
    verified(kernel_text(BITS + f"o[i] = t[{index}];"), {"n": 24})


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 8])
def test_addresses_that_are_a_product_alone(factor: int) -> None:
    text = f"""
kernel test(n) {{
  memory {{ t: u32[64] in at 0; a: u32[n] in at 64; o: u32[n] out at 64 + n; }}
  parallel for i in 0 .. n {{ o[i] = t[{factor} * (a[i] % 7)] ^ a[i]; }}
}}
"""
    verified(text, {"n": 24})


def test_one_address_leads_to_the_next() -> None:
    """A chain of related addresses in one group, each read checked."""
    body = BITS + "o[i] = t[b0] + 3 * t[2 * b0 + b1] + 5 * t[4 * b0 + 2 * b1 + b2 + 9];"
    built, _ = verified(kernel_text(body), {"n": 16})
    assert run(built.program, [0] * 200).status == "ended"

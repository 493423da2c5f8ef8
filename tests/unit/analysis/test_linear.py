"""Linear forms: equal to their values on every input, and as precise as address code needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies.sketch import Sketch
from vliwc.analysis.facts import Facts
from vliwc.analysis.linear import linear_forms
from vliwc.ir.graph import Array, Role
from vliwc.ir.text import parse_function
from vliwc.ir.value import MASK, OPS, Op, Value

WORD = st.one_of(st.integers(0, 5), st.integers(0, MASK), st.integers(MASK - 3, MASK))
LINEAR = (Op.ADD, Op.SUB, Op.MUL, Op.MADD, Op.SHL, Op.OR, Op.XOR, Op.AND, Op.SELECT, Op.LT)


def known_words() -> tuple[Sketch, list[Value]]:
    """A builder with constants, any words, bits, and a word whose last bit is 0."""
    builder = Sketch("f", {"x": Array("x", 0, 4, Role.IN), "y": Array("y", 4, 1, Role.OUT)})
    constants = [builder.const(word) for word in (0, 1, 2, 6, 40, MASK)]
    one, two = constants[1:3]
    v, w = (builder.load("x", index) for index in (one, two))
    bits = [builder.op(Op.AND, w, one), builder.op(Op.LT, v, w)]
    return builder, [*constants, v, w, *bits, builder.op(Op.MUL, v, two)]


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(LINEAR), st.tuples(*[st.integers(0, 99)] * 3)), max_size=8
    ),
    memory=st.tuples(*[WORD] * 3),
)
def test_forms_equal_their_values(
    steps: list[tuple[Op, tuple[int, ...]]], memory: tuple[int, ...]
) -> None:
    builder, values = known_words()
    for op, places in steps:
        operands = [values[-1 - place % len(values)] for place in places[: OPS[op].arity]]
        values.append(builder.op(op, *operands))
    builder.store("y", values[0], values[-1])
    function = builder.finish()
    words: dict[Value, int] = {}
    for value, form in linear_forms(function, Facts(function)).items():
        evaluate = OPS[value.op].evaluate
        args = [words[arg] for arg in value.args]
        if evaluate is not None:
            words[value] = evaluate(*args)
        else:
            words[value] = value.imm if value.is_const else memory[args[0]]
        total = form.const + sum(c * words[atom] for atom, c in form.terms)
        assert total & MASK == words[value], (value, form)


@pytest.mark.parametrize(
    ("condition", "code", "linear"),
    [
        ("bit", "select %c, %6, %two", True),
        ("word", "select %c, %6, %two", False),
        ("bit", "xor %c, %one", True),
        ("word", "xor %c, %one", False),
        ("word", "or %c, %six", False),
        ("even", "or %c, %one", True),
        ("word", "shl %c, %six", True),
    ],
)
def test_what_is_linear(condition: str, code: str, linear: bool) -> None:
    names = {"bit": "%bit", "word": "%w", "even": "%even"}
    code = code.replace("%c", names[condition]).replace("%6", "%six")
    function = parse_function(f"""
    function f {{
      array x: u32[4] in at 0
      %zero = const 0
      %one = const 1
      %two = const 2
      %six = const 6
      %w = load x[%zero]
      %bit = and %w, %one
      %even = mul %w, %two
      %r = {code}
    }}""")
    result = function.values[-1]
    form = linear_forms(function, Facts(function))[result]
    assert (result not in form.atoms) is linear

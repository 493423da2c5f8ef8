"""Object graphs as bytes: equal after the way there and back, at any depth."""

from __future__ import annotations

from pathlib import Path

import pytest

from vliwc.cache.flat import dumps, loads
from vliwc.driver import compile_text
from vliwc.explain.report import explain
from vliwc.ir.text import print_function
from vliwc.ir.value import Op, Value
from vliwc.ir.verify import verify
from vliwc.mir.operation import Form, MOp, Operand
from vliwc.options import Options
from vliwc.sched.check import check_schedule


def test_long_chains() -> None:
    value = Value(0, Op.CONST, imm=7)
    for number in range(1, 20_000):
        value = Value(number, Op.ADD, (value, value))
    found = loads(dumps(value))
    depth = 0
    while found.args:
        assert found.args[0] is found.args[1]
        assert found.id == value.id - depth
        found = found.args[0]
        depth += 1
    assert (depth, found.op, found.imm) == (19_999, Op.CONST, 7)


def test_long_chains_of_machine_operations() -> None:
    last = MOp("first", (), 8, 8)
    for number in range(20_000):
        operand = Operand(last)
        last = MOp(f"add{number}", (Form("valu", "+", (operand, operand)),), 8, 8)
    found = loads(dumps(last))
    for number in reversed(range(20_000)):
        assert found.name == f"add{number}"
        one, other = found.forms[0].operands
        assert one.source is other.source
        found = one.source
    assert (found.name, found.forms) == ("first", ())


def test_what_is_one_object_stays_one() -> None:
    value = Value(3, Op.CONST)
    first, second, table = loads(dumps(([value], {value}, {value: "x"})))
    assert first[0] in second and table[first[0]] == "x"


@pytest.mark.parametrize("level", [0, 2])
@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("tree_hash", {"forest_height": 5, "rounds": 7, "batch_size": 40}),
        ("histogram", {"lanes": 8, "items": 4, "bins": 4}),
        ("stencil5", {"n": 64}),
    ],
)
def test_compilations(kernels: Path, name: str, sizes: dict[str, int], level: int) -> None:
    text = (kernels / f"{name}.vk").read_text()
    made = compile_text(text, name, sizes, Options(level=level))
    found = loads(dumps(made))
    verify(found.function)
    check_schedule(found.generated.problem, found.generated.schedule)
    assert print_function(found.function) == print_function(made.function)
    assert found.annotated_program() == made.annotated_program()
    assert found.to_json() == made.to_json()
    assert explain(found, count=5).to_json() == explain(made, count=5).to_json()

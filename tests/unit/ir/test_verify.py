"""The verifier names the guilty value of every kind of malformed function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import networkx as nx
import pytest

from vliwc.ir.graph import Array, Function, Loop, Role, link
from vliwc.ir.text import parse_function
from vliwc.ir.value import Op, Reduction, Value
from vliwc.ir.verify import VerifyError, verify

GOOD = """
function good {
  memory 40
  array x: u32[8] in at 0
  array y: u32[8] inout at 8
  loop 0 i: 8
  loop 1 j: 8
  %0 = lane 0
  %1 = lane 1
  %2 = const 3
  %3 = load x[%0]
  %4 = load y[%0]
  %5 = add %3, %4
  %6 = lt %3, %5
  %7 = store y[%0] = %5 in loop 0 after %4
  %8 = load y[%1] after %7
  %9 = reduce sum loop 1 of %8
  %10 = store y[%2] = %9 at top after %7, %8
  assume %6
}
"""


def with_values(function: Function, values: list[Value]) -> Function:
    """``function`` with other values, linked as they say."""
    graph: nx.DiGraph[Value] = nx.DiGraph()
    for value in values:
        link(graph, value)
    roots = tuple(value for value in values if value.op is Op.STORE)
    return replace(function, graph=graph, roots=roots, assumptions=())


def changed(number: int, **fields: object) -> Callable[[Function], Function]:
    """A change of one value's fields, with all uses of it following."""

    def change(function: Function) -> Function:
        new: dict[Value, Value] = {}
        for value in function:
            fresh = replace(
                value,
                args=tuple(new[arg] for arg in value.args),
                order=tuple(new[before] for before in value.order),
            )
            new[value] = replace(fresh, **fields) if value.id == number else fresh
        return with_values(function, list(new.values()))

    return change


def rewired(number: int, **operands: tuple[int, ...]) -> Callable[[Function], Function]:
    """A change of one value's operands or order edges, by id."""

    def change(function: Function) -> Function:
        values = function.values
        fields = {name: tuple(values[i] for i in ids) for name, ids in operands.items()}
        new = list(values)
        for position in range(number, len(values)):
            old = values[position]
            fresh = replace(old, **fields) if position == number else old
            new[position] = replace(
                fresh,
                args=tuple(new[arg.id] for arg in fresh.args),
                order=tuple(new[before.id] for before in fresh.order),
            )
        return with_values(function, new)

    return change


def test_a_good_function_passes() -> None:
    verify(parse_function(GOOD))


@pytest.mark.parametrize(
    ("guilty", "reason", "change"),
    [
        (5, "has 1 operands, not 2", rewired(5, args=(3,))),
        (6, "has 3 operands, not 2", rewired(6, args=(3, 5, 2))),
        (5, "uses %8:load, which does not precede it", rewired(5, args=(3, 8))),
        (10, "uses %7:store, which has no result", rewired(10, args=(2, 7))),
        (4, "is ordered after %8:load, which does not precede it", rewired(4, order=(8,))),
        (5, "has its commuting operands in the wrong order", rewired(5, args=(4, 3))),
        (5, "has its commuting operands in the wrong order", rewired(5, args=(2, 3))),
        (2, "holds 4294967296, which is not a 32-bit word", changed(2, imm=1 << 32)),
        (2, "holds -1, which is not a 32-bit word", changed(2, imm=-1)),
        (5, "has an immediate, 4", changed(5, imm=4)),
        (1, "names loop 2, which is not declared", changed(1, imm=2)),
        (9, "names loop 7, which is not declared", changed(9, imm=7)),
        (9, "reduces without an operator", changed(9, reduction=None)),
        (5, "or has one without reducing", changed(5, reduction=Reduction.SUM)),
        (1, "stands in loop 0, not 1", changed(1, loop=0)),
        (5, "uses a value of loop 0, which is another loop", rewired(5, args=(0, 1))),
        (5, "stands in loop -1, not 0", changed(5, loop=-1)),
        (0, "stands in loop 1, not 0", changed(0, loop=1)),
        (9, "stands in loop 1, not -1", changed(9, loop=1)),
        (9, "uses a value of loop 1, which is another loop", changed(9, imm=0)),
        (7, "uses a value of loop 0, which is another loop", changed(7, loop=1)),
        (7, "stands in loop 2, which is not declared", changed(7, loop=2)),
        (3, "names array z, which is not declared", changed(3, array="z")),
        (7, "is ordered after %3:load, which is not on its array", rewired(7, order=(3,))),
        (7, "is ordered after %5:add, which is not on its array", rewired(7, order=(5,))),
        (10, "writes x, which must stay intact", changed(10, array="x", order=())),
        (6, "is no memory operation but has an array", changed(6, array="x")),
        (6, "is no memory operation but has an array or order edges", rewired(6, order=(3,))),
        (10, "has order edges that are not sorted", rewired(10, order=(8, 7))),
        (10, "has order edges that are not sorted or not unique", rewired(10, order=(7, 7))),
        (4, "repeats %3:load instead of being it", changed(4, array="x")),
        (5, "stands at position 5; ids must be dense", changed(5, id=6)),
    ],
)
def test_the_guilty_value_is_named(
    guilty: int, reason: str, change: Callable[[Function], Function]
) -> None:
    function = change(parse_function(GOOD))
    with pytest.raises(VerifyError) as caught:
        verify(function)
    assert reason in caught.value.reason
    assert caught.value.value is function.values[guilty]


MOVES = """
function moves {
  array x: u32[8] inout at 0
  loop 0 i: 4
  loop 1 j: 3
  %0 = lane 0
  %1 = load x[%0]
  %2 = lane 1
  %3 = const 7
  %4 = move loop 1 of %1[2 to 3], %2[2]
  %5 = move at top of %1[3]
  %6 = store x[%2] = %4 in loop 1 after %1
}
"""


@pytest.mark.parametrize(
    ("guilty", "reason", "change"),
    [
        (4, "has 0 operands", rewired(4, args=())),
        (4, "stands in loop 2, which is not declared", changed(4, loop=2)),
        (4, "picks 3 words for 4", changed(4, loop=0)),
        (4, "picks 2 words for 3", changed(4, picks=((0, 2), (1, 1)))),
        (5, "picks 0 words for 1", changed(5, picks=())),
        (4, "does not pick words of its operands in", changed(4, picks=((1, 0), (0, 1), (0, 2)))),
        (4, "does not pick words of its operands in", changed(4, picks=((0, 0), (0, 1), (0, 2)))),
        (4, "picks iteration 4 of %1:load", changed(4, picks=((0, 2), (0, 4), (1, 2)))),
        (4, "picks iteration 2 of %3:const", rewired(4, args=(3, 2))),
        (4, "moves words between iterations", changed(4, picks=((0, 2), (1, 2), (1, 2)))),
    ],
)
def test_malformed_moves(guilty: int, reason: str, change: Callable[[Function], Function]) -> None:
    verify(parse_function(MOVES))
    function = change(parse_function(MOVES))
    with pytest.raises(VerifyError) as caught:
        verify(function)
    assert reason in caught.value.reason
    assert caught.value.value is function.values[guilty]


@pytest.mark.parametrize(
    ("reason", "fields"),
    [
        ("loop 3 is declared as number 1", {"loops": (Loop(0, 8), Loop(3, 8))}),
        ("loop 1 has extent -1", {"loops": (Loop(0, 8), Loop(1, -1))}),
        ("loop 1 has extent 4294967296", {"loops": (Loop(0, 8), Loop(1, 1 << 32))}),
        ("array y ends at 16, memory at 12", {"memory_words": 12}),
        (
            "arrays x and y overlap",
            {"arrays": {"x": Array("x", 0, 9, Role.IN), "y": Array("y", 8, 8, Role.INOUT)}},
        ),
        ("array z is declared under the name x", {"arrays": {"x": Array("z", 0, 8, Role.IN)}}),
        ("array x has an impossible place", {"arrays": {"x": Array("x", -1, 8, Role.IN)}}),
        ("array x has an impossible place", {"arrays": {"x": Array("x", 8, -1, Role.IN)}}),
        ("array x has an impossible place", {"arrays": {"x": Array("x", 0, 8, Role.IN, below=0)}}),
        (
            "array x has an impossible place",
            {"arrays": {"x": Array("x", 0, 8, Role.IN, below=(1 << 32) + 1)}},
        ),
        (
            "array x has 8 words in shape",
            {"arrays": {"x": Array("x", 0, 8, Role.IN, shape=(2, 3))}},
        ),
    ],
)
def test_wrong_declarations(reason: str, fields: dict[str, object]) -> None:
    function = replace(parse_function(GOOD), **fields)
    with pytest.raises(VerifyError, match=reason) as caught:
        verify(function)
    assert caught.value.value is None


def test_roots_and_assumptions() -> None:
    function = parse_function(GOOD)
    store, last = function.roots
    with pytest.raises(VerifyError, match="is a store but no root"):
        verify(replace(function, roots=(store,)))
    with pytest.raises(VerifyError, match="the roots are not the stores in their order"):
        verify(replace(function, roots=(last, store)))
    with pytest.raises(VerifyError, match="cannot be an assumption"):
        verify(replace(function, assumptions=(store,)))
    with pytest.raises(VerifyError, match="cannot be an assumption"):
        verify(replace(function, assumptions=(function.values[2],)))
    with pytest.raises(VerifyError, match="cannot be an assumption"):
        verify(replace(function, assumptions=parse_function(GOOD).assumptions))
    with pytest.raises(VerifyError, match="is assumed twice"):
        verify(replace(function, assumptions=function.assumptions * 2))


def test_the_graph_must_say_the_same_as_the_values() -> None:
    function = parse_function(GOOD)
    lane, load, total = (function.values[number] for number in (0, 3, 5))
    without, besides, otherwise = (function.graph.copy() for _ in range(3))
    without.remove_edge(load, total)
    besides.add_edge(lane, total, **function.graph.edges[load, total])
    otherwise.add_edge(load, total, **function.graph.edges[function.values[4], total])
    for graph in (without, besides, otherwise):
        with pytest.raises(VerifyError, match="has other edges in the graph") as caught:
            verify(replace(function, graph=graph))
        assert caught.value.value is total


@pytest.mark.parametrize(
    "last",
    [
        "%4 = move loop 0 of %3[1 to 4]\n  %5 = store y[%0] = %4 in loop 0",
        "%4 = reduce sum loop 1 of %3\n  %5 = store y[%0] = %4 in loop 0",
        "%4 = reduce sum loop 1 of %2\n  %5 = store y[%0] = %4 in loop 0",
    ],
)
def test_words_of_later_loops(last: str) -> None:
    """What goes through the loops one by one goes by their numbers."""
    text = f"""
function backwards {{
  array x: u32[8] in at 0
  array y: u32[8] inout at 8
  loop 0 i: 4
  loop 1 j: 8
  %0 = lane 0
  %1 = lane 1
  %2 = const 3
  %3 = load x[%1]
  {last}
}}
"""
    with pytest.raises(VerifyError, match="loop 0 takes words of loop 1, which is a later one"):
        verify(parse_function(text))

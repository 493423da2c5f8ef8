"""Order between loops: what touches the same words stays in order, other groups need not wait."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isa.simulator import run
from tests.strategies.several_loops import filled_words, several_loops
from tests.unit.isel.helpers import program_in_memory
from vliwc.analysis.lane_words import lane_words
from vliwc.driver import compile_text
from vliwc.ir.value import TOP_LEVEL, Op, Value
from vliwc.isel.instantiate import Instance, instantiate
from vliwc.isel.loops import loop_order
from vliwc.isel.program import LaneProgram
from vliwc.lang.interpret import interpret, output_words, random_memory
from vliwc.mir.operation import InGroup, Source
from vliwc.mir.scheduling_problem import problem_of
from vliwc.options import Options
from vliwc.strategy.choose import gather_only


def built(program: LaneProgram) -> Instance:
    """With gathers for all words that are not consecutive: every access has its own operations."""
    return instantiate(program, gather_only(program))


class Order:
    """Which operations of a machine DAG wait for which, directly or not."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        dense = problem_of(instance.dag).dense
        n = len(dense.lanes)
        befores: list[list[int]] = [[] for _ in range(n)]
        for source in range(n):
            for target in dense.succ[dense.succ_ptr[source] : dense.succ_ptr[source + 1]]:
                befores[target].append(source)
        self.after = [0] * n
        state = [0] * n
        for start in range(n):
            stack = [start]
            while stack:
                node = stack[-1]
                open_ones = [before for before in befores[node] if state[before] == 0]
                if state[node] == 0 and open_ones:
                    stack.extend(open_ones)
                    continue
                stack.pop()
                if state[node] == 0:
                    state[node] = 1
                    for before in befores[node]:
                        self.after[node] |= self.after[before] | 1 << before

    def operations(self, value: Value, group: int) -> list[int]:
        if value.loop == TOP_LEVEL:
            found: list[Source] = list(self.instance.uniform.memory.get(value, []))
        else:
            number = self.instance.first_group[value.loop] + group
            selected = self.instance.selected[number]
            found = [InGroup(number, op) for op in selected.memory.get(value, [])]
        return [self.instance.dag.number(op) for op in found]

    def holds(self, first: int, second: int) -> bool:
        return bool(self.after[second] >> first & 1)


def words_of(program: LaneProgram, value: Value, group: int) -> set[int]:
    """The words that an access may touch in a group, as far as lanes and ranges tell."""
    index = value.args[0]
    if value.loop == TOP_LEVEL:
        return set(range(program.facts.lo(index), program.facts.hi(index) + 1))
    loop, vlen = program.function.loops[value.loop], program.machine.vlen
    known = lane_words(program.function, loop)
    if index in known:
        return {int(word) for word in known[index][group * vlen : (group + 1) * vlen]}
    form, lanes = program.forms[index], np.arange(loop.extent)[group * vlen : (group + 1) * vlen]
    found: set[int] = set()
    for lane in lanes:
        ends = [
            [c * int(known[atom][lane])]
            if atom in known
            else [c * program.facts.lo(atom), c * program.facts.hi(atom)]
            for atom, c in form.terms
        ]
        sums = [(form.const + sum(each)) % 2**32 for each in product(*ends)]
        found.update(range(min(sums), max(sums) + 1))
    return found


def groups(program: LaneProgram, value: Value) -> range:
    if value.loop == TOP_LEVEL:
        return range(1)
    return range(program.groups(program.function.loops[value.loop]))


@settings(max_examples=40)
@given(several_loops(), st.sampled_from((0, 1 << 15)))
def test_accesses_of_one_word_stay_in_order(
    kernel: tuple[str, dict[str, int]], comparisons: int
) -> None:
    text, params = kernel
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop_order, "TUNING", loop_order.OrderTuning(comparisons))
        program = program_in_memory(text, **params)
        order = Order(built(program))
    accesses = [value for value in program.function.values if value.is_memory]
    touched = {
        (value, group): words_of(program, value, group)
        for value in accesses
        for group in groups(program, value)
    }
    for (first, a), (second, b) in product(touched, repeat=2):
        if accesses.index(first) >= accesses.index(second) or first.array != second.array:
            continue
        if Op.STORE not in (first.op, second.op) or first.loop == second.loop != TOP_LEVEL:
            continue
        if touched[first, a] & touched[second, b]:
            for x, y in product(order.operations(first, a), order.operations(second, b)):
                assert order.holds(x, y)


@settings(max_examples=40)
@given(st.one_of(several_loops(), filled_words()), st.sampled_from((0, 1, 2)))
def test_programs_are_right(kernel: tuple[str, dict[str, int]], level: int) -> None:
    text, params = kernel
    result = compile_text(text, "loops.vk", params, Options(level=level, verify=True))
    for seed in range(2):
        memory = random_memory(result.kernel, seed)
        found, expected = run(result.program, memory), interpret(result.kernel, memory)
        for words in output_words(result.kernel):
            assert found.memory[words.start : words.stop] == expected[words.start : words.stop]


NEIGHBOURS = {
    "i + 2": lambda i: range(i + 2, i + 3),
    "61 - i": lambda i: range(61 - i, 62 - i),
    "i + d[i]": lambda i: range(i, i + 3),
    "d[i] + i / 8 * 8": lambda i: range(i // 8 * 8, i // 8 * 8 + 3),
    "i + d[i] - 1": lambda i: range(max(i - 1, 0), i + 2),
    "61 - i - d[i]": lambda i: range(max(59 - i, 0), 62 - i),
    "d[i] * 0x60000000 + i": lambda i: range(i, 64),
    "d[i] * 0x7fffffff + i": lambda i: range(64),
    "a[i] * 0x40000000 + i": lambda i: range(64),
}
"""Indices of iteration `i` and the words they may be, with `d[i]` from 0 to 2."""


@pytest.mark.parametrize("index", NEIGHBOURS)
def test_groups_wait_for_those_whose_words_they_touch(index: str) -> None:
    program = program_in_memory(
        f"""
kernel twice(n) {{
  memory {{
    d: u32[n] in at 0 below 3;
    a: u32[n + 2] in at n;
    b: u32[n + 2] scratch at 2 * n + 2;
    c: u32[n] out at 3 * n + 4;
  }}
  parallel for i in 0 .. n + 2 {{ b[i] = a[i] * 3; }}
  parallel for i in 0 .. n {{ c[i] = b[{index}] + 1; }}
}}
""",
        n=62,
    )
    order = Order(built(program))
    store = next(v for v in program.function.values if v.op is Op.STORE and v.array == "b")
    load = next(v for v in program.function.values if v.op is Op.LOAD and v.array == "b")
    waits = {
        (a, b)
        for a, b in product(range(8), repeat=2)
        if order.holds(order.operations(store, a)[0], order.operations(load, b)[0])
    }
    assert waits == {
        (word // 8, i // 8) for i in range(62) for word in NEIGHBOURS[index](i) if word < 64
    }

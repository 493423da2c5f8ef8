"""What the standard passes make of whole kernels."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from vliwc.analysis.bounds import check_bounds
from vliwc.analysis.facts import Facts
from vliwc.ir.graph import Function
from vliwc.ir.interpret import interpret
from vliwc.ir.value import Op, Value
from vliwc.lang import load_kernel
from vliwc.lang.lower import lower
from vliwc.passes.base import run_passes
from vliwc.passes.pipeline import PASSES, PIPELINE

LAST_CONSTANT = 0xB55A4F09
KERNELS = {
    "binary_search": {"n": 63, "batch": 16},
    "crc32": {"batch": 8, "words": 2},
    "dfa": {"states": 5, "symbol_bits": 3, "batch": 8, "words": 1},
    "lcg": {"lanes": 16, "steps": 8},
    "murmur": {"n": 16, "seed": 3},
    "saxpy_dot": {"n": 16},
    "ternary_tree": {"levels": 3, "steps": 4, "batch": 8},
    "tree_hash": {"forest_height": 10, "rounds": 16, "batch_size": 256},
    "tree_hash_indices": {"forest_height": 3, "rounds": 5, "batch_size": 8},
    "tree_hash_full": {"forest_height": 3, "rounds": 5, "batch_size": 8},
}


def lowered(kernels: Path, name: str, **params: int) -> Function:
    return lower(load_kernel(kernels / f"{name}.vk", params or KERNELS[name]))


def counts(function: Function) -> Counter[Op]:
    return Counter(value.op for value in function.computed() if value.info.arithmetic)


@pytest.fixture(scope="module")
def headline(kernels: Path) -> Function:
    """All passes but `hoist`, which moves constants of uniform operands inwards again."""
    return run_passes(lowered(kernels, "tree_hash"), PIPELINE[:-1], check=True)


def test_the_hash_takes_ten_operations(headline: Function) -> None:
    """Per round: 10 for the hash, 1 xor with the node, 1 xor with the last constant.

    The two multiply-adds of a stage pair, the first and the fifth stage are four; two xors and a
    shift belong to the second stage, one xor to the pair, a shift and a xor to the sixth.
    """
    found = counts(headline)
    path_bits = 14
    assert found[Op.XOR] == 16 * (2 + 1 + 1) + 16 + 16
    assert found[Op.SHR] == 16 * 2
    assert found[Op.AND] == path_bits
    assert found[Op.MADD] == 16 * 4 + (path_bits - 2)
    assert found[Op.SUB] == path_bits
    assert set(found) == {Op.XOR, Op.SHR, Op.AND, Op.MADD, Op.SUB}


def test_nothing_is_compared_or_selected_and_all_reads_are_in_bounds(headline: Function) -> None:
    assert not {Op.LT, Op.EQ, Op.SELECT, Op.MOD} & set(counts(headline))
    assert check_bounds(headline, Facts(headline)) == []
    assert not headline.assumptions
    assert all(value.array != "indices" for value in headline)


def test_the_last_constant_stands_outermost(headline: Function) -> None:
    """Every xor with a table word is of the form ``(u ^ load) ^ C``, the first one ``v ^ load``."""
    users = headline.users()
    loads = [value for value in headline if value.op is Op.LOAD and value.array == "forest"]
    assert len(loads) == 15
    roots = 0
    for load in loads:
        for mixed in users[load]:
            assert mixed.op is Op.XOR
            if any(arg.op is Op.LOAD and arg.array == "values" for arg in mixed.args):
                roots += 1
                continue
            (outer,) = users[mixed]
            assert outer.op is Op.XOR and outer.args[1].imm == LAST_CONSTANT
    assert roots == 1


def test_indices_are_linear_in_path_bits(headline: Function) -> None:
    facts = Facts(headline)

    def is_sum_of_bits(value: Value) -> bool:
        if facts.is_bit(value):
            return value.op is Op.AND
        scaled = value.op is Op.MADD and value.args[1].is_const and value.args[1].imm == 2
        return scaled and all(is_sum_of_bits(value.args[k]) for k in (0, 2))

    for value in headline:
        if value.op is Op.LOAD and value.array == "forest" and not value.args[0].is_const:
            index = value.args[0]
            assert index.op is Op.SUB and index.args[0].is_const and is_sum_of_bits(index.args[1])


@pytest.mark.parametrize("rounds", [1, 2, 5, 11, 12, 24])
@pytest.mark.parametrize("height", [1, 4, 10])
def test_other_sizes(kernels: Path, height: int, rounds: int) -> None:
    params = {"forest_height": height, "rounds": rounds, "batch_size": 16}
    function = lowered(kernels, "tree_hash", **params)
    result = run_passes(function, PIPELINE, check=True)
    assert counts(result)[Op.SHR] == 2 * rounds
    assert not {Op.LT, Op.EQ, Op.SELECT} & set(counts(result))
    assert check_bounds(result, Facts(result)) == []
    memory = [random.Random(rounds).getrandbits(30) for _ in range(function.memory_words or 0)]
    indices = function.arrays["indices"]
    memory[indices.base : indices.end] = [0] * indices.length
    assert interpret(result, memory) == interpret(function, memory)


@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_gets_shorter_and_stays_in_bounds(kernels: Path, name: str) -> None:
    function = lowered(kernels, name)
    result = run_passes(function, PIPELINE, check=True)
    assert counts(result).total() <= counts(function).total()
    unproved = len(check_bounds(function, Facts(function)))
    assert len(check_bounds(result, Facts(result))) <= unproved


def test_the_full_kernel_keeps_its_wrap_and_its_bound(kernels: Path) -> None:
    """With unknown start indices the wrap stays; 10 operations per hash all the same."""
    result = run_passes(lowered(kernels, "tree_hash_full"), PIPELINE, check=True)
    found = counts(result)
    assert found[Op.XOR] == 5 * (4 + 1 + 1) and found[Op.SHR] == 5 * 2
    assert found[Op.LT] == 5 and found[Op.SELECT] == 5 and found[Op.EQ] == 0
    assert check_bounds(result, Facts(result)) == []


def test_the_simplifier_needs_few_sweeps_at_any_size(kernels: Path) -> None:
    """Linear in practice: what one more round costs does not depend on the rounds before it."""
    simplify = PASSES["simplify"]
    hits: list[int] = []
    for rounds in (11, 22, 33):
        function = lowered(kernels, "tree_hash", forest_height=10, rounds=rounds, batch_size=8)
        _, found = simplify.run_counted(PASSES["ranges"].run(function))
        hits.append(found.total())
    assert hits[2] - hits[1] == hits[1] - hits[0]

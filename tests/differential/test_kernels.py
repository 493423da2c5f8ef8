"""Every kernel of the folder at small odd sizes: interpreter, our simulators, the original one."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from isa.batch import run_batch
from isa.original import OriginalProblem
from isa.simulator import RunResult, run
from isa.takehome import Layout, memory_image, reference_kernel
from tests.cli.conftest import Called
from vliwc.driver import Compilation, compile_file
from vliwc.lang import load_kernel
from vliwc.lang.interpret import (
    AssumptionViolated,
    Interpreter,
    at_run_time,
    interpret,
    output_words,
    protected_words,
    random_memory,
)
from vliwc.options import Options

LEVELS = (0, 1, 2)
IMAGES = 3

SIZES: dict[str, list[dict[str, int]]] = {
    "binary_search": [{"n": 0, "batch": 3}, {"n": 1, "batch": 9}, {"n": 13, "batch": 21}],
    "crc32": [{"batch": 1, "words": 1}, {"batch": 11, "words": 2}],
    "dfa": [
        {"states": 1, "symbol_bits": 1, "batch": 5, "words": 1},
        {"states": 5, "symbol_bits": 2, "batch": 19, "words": 2},
    ],
    "lcg": [{"lanes": 1, "steps": 0}, {"lanes": 13, "steps": 7}],
    "murmur": [{"n": 1, "seed": 0}, {"n": 27, "seed": 2**32 - 1}],
    "saxpy_dot": [{"n": 1}, {"n": 8}, {"n": 31}],
    "ternary_tree": [
        {"levels": 1, "steps": 3, "batch": 2},
        {"levels": 3, "steps": 5, "batch": 17},
    ],
    "fnv_rows": [{"batch": 1, "words": 3}, {"batch": 17, "words": 5}],
    "stencil5": [{"n": 1}, {"n": 37}],
    "edges": [{"n": 1, "border": 4}, {"n": 29, "border": 2**32 - 1}],
    "blur": [{"height": 2, "width": 3}, {"height": 5, "width": 9}],
    "matmul": [{"n": 1}, {"n": 5}],
    "transpose": [{"rows": 1, "columns": 4}, {"rows": 7, "columns": 9}],
    "floyd": [{"n": 1}, {"n": 5}],
    "bitonic": [{"log": 0}, {"log": 4}],
    "prefix_log": [{"log": 1}, {"log": 4}],
    "prefix_words": [{"n": 1}, {"n": 37}],
    "life": [{"height": 3, "width": 3, "steps": 1}, {"height": 4, "width": 6, "steps": 2}],
    "compact": [{"n": 1}, {"n": 29}],
    "collatz": [{"batch": 1, "most": 0}, {"batch": 19, "most": 30}],
    "hash_probe": [
        {"slots": 1, "batch": 2, "probes": 1},
        {"slots": 13, "batch": 21, "probes": 5},
    ],
    "prefix_rows": [{"rows": 1, "width": 2}, {"rows": 19, "width": 5}],
    "sort8": [{"batch": 1}, {"batch": 21}],
    "gcd": [{"batch": 1, "steps": 0}, {"batch": 19, "steps": 7}],
    "sbox16": [{"batch": 1, "rounds": 1}, {"batch": 18, "rounds": 2}],
    "histogram": [
        {"lanes": 1, "items": 4, "bins": 3},
        {"lanes": 11, "items": 5, "bins": 7},
    ],
    "btree_probe": [{"levels": 1, "batch": 3}, {"levels": 3, "batch": 19}],
    "search_tree": [
        {"nodes": 1, "batch": 3, "steps": 0},
        {"nodes": 9, "batch": 21, "steps": 4},
    ],
    "tree_hash": [
        {"forest_height": 1, "rounds": 3, "batch_size": 1},
        {"forest_height": 3, "rounds": 6, "batch_size": 19},
    ],
    "tree_hash_any": [
        {"forest_height": 1, "rounds": 3},
        {"forest_height": 3, "rounds": 6},
    ],
    "tree_hash_indices": [
        {"forest_height": 1, "rounds": 4, "batch_size": 9},
        {"forest_height": 3, "rounds": 5, "batch_size": 21},
    ],
    "tree_hash_full": [
        {"forest_height": 1, "rounds": 0, "batch_size": 7},
        {"forest_height": 3, "rounds": 5, "batch_size": 21},
    ],
}

CASES = [(name, params) for name, all_sizes in SIZES.items() for params in all_sizes]
IDS = [f"{name}-{'-'.join(map(str, params.values()))}" for name, params in CASES]

Simulate = Callable[[Compilation, list[int]], RunResult]


def ours(compilation: Compilation, memory: list[int]) -> RunResult:
    return run(compilation.program, memory)


def check(compilation: Compilation, memory: list[int], simulate: Simulate) -> RunResult:
    """The simulator gives the interpreter's results, in the cycles that were announced, and
    leaves every protected word as it was."""
    kernel = compilation.kernel
    expected = interpret(kernel, memory)
    found = simulate(compilation, memory)
    assert found.cycles == compilation.cycles_for(memory)
    kernel = at_run_time(kernel, memory)
    for words in output_words(kernel):
        assert found.memory[words.start : words.stop] == expected[words.start : words.stop]
    for words in protected_words(kernel):
        assert found.memory[words.start : words.stop] == memory[words.start : words.stop]
    return found


def test_all_kernels_have_sizes(kernels: Path) -> None:
    assert set(SIZES) == {path.stem for path in kernels.glob("*.vk")}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("name", "params"), CASES, ids=IDS)
def test_our_simulators(kernels: Path, name: str, params: dict[str, int], level: int) -> None:
    compilation = compile_file(kernels / f"{name}.vk", params, Options(level=level, verify=True))
    memories = [random_memory(compilation.kernel, seed) for seed in range(IMAGES)]
    for memory in memories:  # one by one: with sizes that are known at run time they differ
        batch = run_batch(compilation.program, np.array([memory], np.uint32))
        batch.raise_first()
        single = check(compilation, memory, ours)
        assert batch.memories[0].tolist() == single.memory
        assert batch.cycles[0] == single.cycles


@pytest.mark.parametrize("level", LEVELS)
def test_the_original_simulator(kernels: Path, takehome: Path, level: int) -> None:
    original = OriginalProblem(takehome / "tests" / "frozen_problem.py")

    def simulate(compilation: Compilation, memory: list[int]) -> RunResult:
        return original.run(compilation.program, memory)

    for name, params in CASES:
        compilation = compile_file(kernels / f"{name}.vk", params, Options(level=level))
        for seed in range(IMAGES):
            check(compilation, random_memory(compilation.kernel, seed), simulate)


@pytest.mark.parametrize("height", [2, 4])
def test_walks_from_any_node(kernels: Path, height: int) -> None:
    """`tree_hash_full` with arbitrary start indices, against the reference of the take-home."""
    rounds, batch = 5, 21
    params = {"forest_height": height, "rounds": rounds, "batch_size": batch}
    compilation = compile_file(kernels / "tree_hash_full.vk", params)
    layout = Layout(height, rounds, batch)
    nodes = 2 ** (height + 1) - 1
    for seed in range(4):
        memory = memory_image(height, rounds, batch, seed)
        rng = random.Random(seed)
        starts = [rng.randrange(nodes) for _ in range(batch)]
        memory[layout.indices : layout.indices + batch] = starts
        found = check(compilation, memory, ours)
        assert found.memory == reference_kernel(memory)


def walk_from(start: int, element: int) -> list[int]:
    """An image of the reference problem in which one element does not start at the root."""
    memory = memory_image(3, 4, 10, 0)
    memory[Layout(3, 4, 10).indices + element] = start
    return memory


PARAMS = {"forest_height": 3, "rounds": 4, "batch_size": 10}


@pytest.mark.parametrize(("start", "element"), [(1, 0), (14, 9), (2**32 - 1, 4)])
def test_a_start_that_breaks_the_assumption(kernels: Path, start: int, element: int) -> None:
    kernel = load_kernel(kernels / "tree_hash.vk", PARAMS)
    with pytest.raises(AssumptionViolated) as caught:
        Interpreter(kernel).run(walk_from(start, element))
    message = caught.value.render()
    assert "indices[i] == 0" in message
    assert f"in iteration i = {element}" in message
    assert f"indices[i] = {start}" in message


def test_check_refuses_such_an_image(kernels: Path, tmp_path: Path) -> None:
    """`vliwc check` names the assumption and the element, and does not call the program wrong."""
    image = tmp_path / "image.json"
    sizes = [part for name, value in PARAMS.items() for part in ("-D", f"{name}={value}")]
    call = ["check", kernels / "tree_hash.vk", *sizes, "--memory", image]
    image.write_text(json.dumps(walk_from(5, 7)))
    Called(*call).failed(
        "assume indices[i] == 0", "in iteration i = 7", "indices[i] = 5", "tree_hash.vk:"
    )
    image.write_text(json.dumps(walk_from(0, 7)))
    Called(*call).succeeded()

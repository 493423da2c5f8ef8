"""Every kernel of the folder, compiled at every level, against the reference interpreter."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.kernels import LEVELS, SIZES, is_right
from vliwc.driver import compile_file
from vliwc.options import Options

SMALL: dict[str, tuple[dict[str, int], ...]] = {
    "tree_hash": (
        {"forest_height": 4, "rounds": 7, "batch_size": 21},
        {"forest_height": 0, "rounds": 3, "batch_size": 8},
        {"forest_height": 2, "rounds": 2, "batch_size": 0},
    ),
    "tree_hash_any": ({"forest_height": 3, "rounds": 5}, {"forest_height": 0, "rounds": 2}),
    "tree_hash_indices": ({"forest_height": 3, "rounds": 6, "batch_size": 19},),
    "tree_hash_full": (
        {"forest_height": 3, "rounds": 6, "batch_size": 19},
        {"forest_height": 5, "rounds": 1, "batch_size": 8},
    ),
    "murmur": ({"n": 30, "seed": 1}, {"n": 1, "seed": 2**32 - 1}),
    "saxpy_dot": ({"n": 43}, {"n": 8}, {"n": 0}),
    "binary_search": ({"n": 100, "batch": 13}, {"n": 1, "batch": 9}),
    "lcg": ({"lanes": 11, "steps": 9}, {"lanes": 8, "steps": 0}),
    "crc32": ({"batch": 10, "words": 1},),
    "dfa": ({"states": 4, "symbol_bits": 1, "batch": 9, "words": 1},),
    "ternary_tree": ({"levels": 2, "steps": 5, "batch": 12},),
    "fnv_rows": ({"batch": 11, "words": 2}, {"batch": 3, "words": 0}),
    "stencil5": ({"n": 27}, {"n": 1}),
    "edges": ({"n": 21, "border": 9}, {"n": 1, "border": 2}, {"n": 0, "border": 0}),
    "blur": ({"height": 3, "width": 7}, {"height": 2, "width": 8}, {"height": 1, "width": 1}),
    "matmul": ({"n": 3}, {"n": 8}),
    "transpose": ({"rows": 5, "columns": 3}, {"rows": 8, "columns": 8}),
    "floyd": ({"n": 3}, {"n": 8}),
    "bitonic": ({"log": 3}, {"log": 5}),
    "prefix_log": ({"log": 2}, {"log": 5}),
    "prefix_words": ({"n": 21}, {"n": 5}),
    "life": ({"height": 3, "width": 5, "steps": 2}, {"height": 4, "width": 8, "steps": 1}),
    "compact": ({"n": 13}, {"n": 40}),
    "collatz": ({"batch": 9, "most": 11}, {"batch": 8, "most": 2}),
    "hash_probe": (
        {"slots": 7, "batch": 13, "probes": 4},
        {"slots": 16, "batch": 8, "probes": 2},
    ),
    "prefix_rows": ({"rows": 11, "width": 3}, {"rows": 8, "width": 8}),
    "sort8": ({"batch": 13},),
    "gcd": ({"batch": 11, "steps": 5}, {"batch": 8, "steps": 1}),
    "sbox16": ({"batch": 9, "rounds": 2},),
    "histogram": (
        {"lanes": 9, "items": 3, "bins": 5},
        {"lanes": 8, "items": 2, "bins": 8},
    ),
    "btree_probe": ({"levels": 3, "batch": 13}, {"levels": 0, "batch": 2}),
    "search_tree": ({"nodes": 21, "batch": 11, "steps": 4}, {"nodes": 1, "batch": 8, "steps": 1}),
}


def test_no_kernel_is_forgotten(kernels: Path) -> None:
    names = {path.stem for path in kernels.glob("*.vk")}
    assert set(SMALL) == set(SIZES) == names


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("name", "sizes"),
    [(name, sizes) for name, each in SMALL.items() for sizes in each],
    ids=lambda part: part if isinstance(part, str) else "-".join(map(str, part.values())),
)
def test_answers(kernels: Path, name: str, sizes: dict[str, int], level: int) -> None:
    result = compile_file(kernels / f"{name}.vk", sizes, Options(level=level, verify=True))
    assert is_right(result, cases=3, original=None)

"""Every kernel of the folder against independent Python: reference interpreter and lane IR."""

from __future__ import annotations

import bisect
import math
import random
import zlib
from collections import Counter
from itertools import accumulate
from pathlib import Path

import pytest

from isa.takehome import memory_image, reference_kernel
from vliwc.ir.interpret import interpret as run_ir
from vliwc.ir.verify import verify
from vliwc.lang import CheckedKernel, load_kernel
from vliwc.lang.interpret import (
    AssumptionViolated,
    interpret,
    output_words,
    protected_words,
    random_memory,
)
from vliwc.lang.lower import lower

M = 1 << 32


def check(kernel: CheckedKernel, memory: list[int], expected: dict[str, list[int]]) -> None:
    """Both interpreters give the `expected` arrays on `memory` and leave protected words alone."""
    function = lower(kernel)
    verify(function)
    for result in (interpret(kernel, memory), run_ir(function, memory)):
        for name, words in expected.items():
            array = kernel.arrays[name]
            assert result[array.base : array.end] == words, name
        for part in protected_words(kernel):
            assert result[part.start : part.stop] == memory[part.start : part.stop]
    covered = [kernel.arrays[name] for name in expected]
    wanted = {range(array.base, array.end) for array in covered if array.length}
    assert wanted == set(output_words(kernel)), "a test must look at every output"


def words_of(kernel: CheckedKernel, memory: list[int], name: str) -> list[int]:
    array = kernel.arrays[name]
    return memory[array.base : array.end]


def tree_hash_step(index: int, value: int, node: int, nodes: int) -> tuple[int, int]:
    """One round of the walk, with each stage of the hash written out."""
    a = value ^ node
    a = (a + 0x7ED55D16 + (a << 12)) % M
    a = a ^ 0xC761C23C ^ (a >> 19)
    a = (a + 0x165667B1 + (a << 5)) % M
    a = ((a + 0xD3A2646C) ^ (a << 9)) % M
    a = (a + 0xFD7046C5 + (a << 3)) % M
    a = a ^ 0xB55A4F09 ^ (a >> 16)
    child = 2 * index + 1 + (a & 1)
    return (child if child < nodes else 0), a


@pytest.mark.parametrize(
    ("height", "rounds", "batch"), [(0, 3, 1), (2, 0, 5), (3, 9, 7), (4, 11, 24), (1, 1, 0)]
)
@pytest.mark.parametrize("name", ["tree_hash.vk", "tree_hash_indices.vk", "tree_hash_full.vk"])
def test_tree_hash(kernels: Path, height: int, rounds: int, batch: int, name: str) -> None:
    sizes = {"forest_height": height, "rounds": rounds, "batch_size": batch}
    kernel = load_kernel(kernels / name, sizes)
    memory = random_memory(kernel, 17)
    tree = words_of(kernel, memory, "forest")
    indices = words_of(kernel, memory, "indices")
    values = words_of(kernel, memory, "values")
    if name != "tree_hash_full.vk":
        assert indices == [0] * batch
    for _ in range(rounds):
        for i in range(batch):
            indices[i], values[i] = tree_hash_step(
                indices[i], values[i], tree[indices[i]], len(tree)
            )
    returned = {} if name == "tree_hash.vk" else {"indices": indices}
    check(kernel, memory, {"values": values} | returned)


@pytest.mark.parametrize("batch", [0, 1, 13])
def test_tree_hash_any(kernels: Path, batch: int) -> None:
    kernel = load_kernel(kernels / "tree_hash_any.vk", {"forest_height": 3, "rounds": 9})
    memory = memory_image(3, 9, batch, seed=batch)
    values = slice(len(memory) - batch, len(memory))
    assert interpret(kernel, memory)[values] == reference_kernel(memory)[values]
    with pytest.raises(AssumptionViolated, match="this assumption does not hold"):
        interpret(kernel, [*memory[:2], 1 << 21, *memory[3:]])


def test_tree_hash_image_is_the_one_of_the_problem(kernels: Path) -> None:
    sizes = {"forest_height": 10, "rounds": 16, "batch_size": 256}
    kernel = load_kernel(kernels / "tree_hash.vk", sizes)
    assert kernel.memory_words == 2566
    assert [(a.base, a.length) for a in kernel.arrays.values()] == [
        (7, 2047),
        (2054, 256),
        (2310, 256),
    ]
    assert protected_words(kernel) == (range(2054),)
    assert output_words(kernel) == (range(2310, 2566),)


def murmur3(key: bytes, seed: int) -> int:
    """MurmurHash3_x86_32 for keys of whole blocks."""
    h = seed
    for at in range(0, len(key), 4):
        k = int.from_bytes(key[at : at + 4], "little") * 0xCC9E2D51 % M
        k = (k << 15 | k >> 17) % M * 0x1B873593 % M
        h ^= k
        h = ((h << 13 | h >> 19) % M * 5 + 0xE6546B64) % M
    h ^= len(key)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        h = (h ^ h >> shift) * factor % M
    return h


def test_the_murmur_reference_knows_published_values() -> None:
    assert murmur3(b"test", 0) == 0xBA6BD213
    assert murmur3(b"test", 0x9747B28C) == 0x704B81DC
    assert murmur3(b"\x21\x43\x65\x87", 0) == 0xF55B516B


@pytest.mark.parametrize(("n", "seed"), [(1, 0), (13, 0x9747B28C), (0, 5)])
def test_murmur(kernels: Path, n: int, seed: int) -> None:
    kernel = load_kernel(kernels / "murmur.vk", {"n": n, "seed": seed})
    memory = random_memory(kernel, 3)
    keys = words_of(kernel, memory, "keys")
    digests = [murmur3(key.to_bytes(4, "little"), seed) for key in keys]
    check(kernel, memory, {"digests": digests})


@pytest.mark.parametrize("n", [0, 1, 8, 29])
def test_saxpy_dot(kernels: Path, n: int) -> None:
    kernel = load_kernel(kernels / "saxpy_dot.vk", {"n": n})
    memory = random_memory(kernel, 5)
    x, y = words_of(kernel, memory, "x"), words_of(kernel, memory, "y")
    y = [(memory[0] * a + b) % M for a, b in zip(x, y, strict=True)]
    dot = sum(a * b for a, b in zip(x, y, strict=True)) % M
    check(kernel, memory, {"y": y, "dot": [dot]})


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 8, 9, 100])
def test_binary_search(kernels: Path, n: int) -> None:
    kernel = load_kernel(kernels / "binary_search.vk", {"n": n, "batch": 21})
    memory = random_memory(kernel, n)
    table, keys = words_of(kernel, memory, "table"), words_of(kernel, memory, "keys")
    assert table == sorted(table)
    # Keys that are in the table, that are next to an entry, and the extremes.
    keys[: len(table)] = table[: len(keys)]
    keys[-4:] = [0, M - 1, table[0] + 1 if table else 3, table[-1] if table else 4]
    start = kernel.arrays["keys"].base
    memory[start : start + len(keys)] = keys
    check(kernel, memory, {"positions": [bisect.bisect_left(table, key) for key in keys]})


@pytest.mark.parametrize(("lanes", "steps"), [(1, 0), (5, 1), (11, 40)])
def test_lcg(kernels: Path, lanes: int, steps: int) -> None:
    kernel = load_kernel(kernels / "lcg.vk", {"lanes": lanes, "steps": steps})
    memory = random_memory(kernel, 8)
    states, mixed = words_of(kernel, memory, "states"), [0] * lanes
    for _ in range(steps):
        states = [(1664525 * x + 1013904223) % M for x in states]
        mixed = [a ^ b for a, b in zip(mixed, states, strict=True)]
    check(kernel, memory, {"states": states, "mixed": mixed})


@pytest.mark.parametrize(("levels", "steps", "batch"), [(1, 3, 2), (3, 7, 10), (4, 0, 1)])
def test_ternary_tree(kernels: Path, levels: int, steps: int, batch: int) -> None:
    sizes = {"levels": levels, "steps": steps, "batch": batch}
    kernel = load_kernel(kernels / "ternary_tree.vk", sizes)
    memory = random_memory(kernel, 9)
    tree, states = words_of(kernel, memory, "tree"), words_of(kernel, memory, "states")
    assert len(tree) == sum(3**level for level in range(levels))
    places = [0] * batch
    for i in range(batch):
        for _ in range(steps):
            x = states[i] ^ tree[places[i]]
            x ^= x << 13 & 0xFFFFFFFF
            x ^= x >> 17
            x ^= x << 5 & 0xFFFFFFFF
            states[i] = x
            places[i] = 3 * places[i] + [1, 2, 3][x % 3]
            if places[i] >= len(tree):
                places[i] = 0
    check(kernel, memory, {"states": states, "places": places})


@pytest.mark.parametrize(
    ("states", "bits", "batch", "words"), [(1, 1, 3, 1), (5, 2, 9, 3), (3, 8, 4, 2), (4, 3, 2, 0)]
)
def test_dfa(kernels: Path, states: int, bits: int, batch: int, words: int) -> None:
    sizes = {"states": states, "symbol_bits": bits, "batch": batch, "words": words}
    kernel = load_kernel(kernels / "dfa.vk", sizes)
    memory = random_memory(kernel, 10)
    accepting = kernel.arrays["accepting"]
    rng = random.Random(1)
    memory[accepting.base : accepting.end] = [rng.randrange(2) for _ in range(states)]
    table = words_of(kernel, memory, "next")
    text = b"".join(word.to_bytes(4, "little") for word in words_of(kernel, memory, "text"))
    final: list[int] = []
    for i in range(batch):
        state = 0
        for byte in text[4 * words * i : 4 * words * (i + 1)]:
            state = table[(state << bits) + byte % (1 << bits)]
        final.append(state)
    count = sum(memory[accepting.base + state] for state in final)
    check(kernel, memory, {"final": final, "accepted": [count]})


@pytest.mark.parametrize(("batch", "words"), [(1, 1), (6, 4), (3, 0)])
def test_crc32(kernels: Path, batch: int, words: int) -> None:
    kernel = load_kernel(kernels / "crc32.vk", {"batch": batch, "words": words})
    memory = random_memory(kernel, 11)
    for byte in range(256):
        # zlib inverts before and after; the table is that of the bare polynomial division.
        entry = zlib.crc32(bytes([byte]), 0xFFFFFFFF) ^ 0xFFFFFFFF
        memory[byte] = entry
    text = b"".join(word.to_bytes(4, "little") for word in words_of(kernel, memory, "messages"))
    size = 4 * words
    digests = [zlib.crc32(text[size * i : size * (i + 1)]) for i in range(batch)]
    check(kernel, memory, {"digests": digests})


@pytest.mark.parametrize(("batch", "words"), [(1, 1), (7, 4), (3, 0)])
def test_fnv_rows(kernels: Path, batch: int, words: int) -> None:
    kernel = load_kernel(kernels / "fnv_rows.vk", {"batch": batch, "words": words})
    memory = random_memory(kernel, 12)
    text = b"".join(word.to_bytes(4, "little") for word in words_of(kernel, memory, "rows"))
    size = 4 * words
    digests = [fnv1a(text[size * i : size * (i + 1)]) for i in range(batch)]
    check(kernel, memory, {"digests": digests})


def fnv1a(text: bytes) -> int:
    """FNV-1a of 32 bits."""
    digest = 2166136261
    for byte in text:
        digest = (digest ^ byte) * 16777619 % M
    return digest


def test_the_fnv_reference_knows_published_values() -> None:
    assert fnv1a(b"a") == 0xE40C292C
    assert fnv1a(b"foobar") == 0xBF9CF968


@pytest.mark.parametrize("n", [0, 1, 8, 21])
def test_stencil5(kernels: Path, n: int) -> None:
    kernel = load_kernel(kernels / "stencil5.vk", {"n": n})
    memory = random_memory(kernel, 13)
    x = words_of(kernel, memory, "samples")
    sums = [sum(w * x[i + k] for k, w in enumerate((1, 4, 6, 4, 1))) for i in range(n)]
    check(kernel, memory, {"smooth": [each % M // 16 for each in sums]})


@pytest.mark.parametrize(("n", "border"), [(0, 3), (1, 0), (2, M - 1), (19, 5)])
def test_edges(kernels: Path, n: int, border: int) -> None:
    kernel = load_kernel(kernels / "edges.vk", {"n": n, "border": border})
    memory = random_memory(kernel, 14)
    x = words_of(kernel, memory, "samples")
    shifted = ([border, *x[:-1]], x, x, [*x[1:], *x[-1:]])
    sums = [sum(each) for each in zip(*shifted, strict=True)] if x else []
    check(kernel, memory, {"smooth": [each % M // 4 for each in sums]})


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 5), (4, 8), (0, 2)])
def test_blur(kernels: Path, height: int, width: int) -> None:
    kernel = load_kernel(kernels / "blur.vk", {"height": height, "width": width})
    memory = random_memory(kernel, 15)
    words = words_of(kernel, memory, "image")
    rows = [words[width * y : width * (y + 1)] for y in range(height)]
    west = [[row[0], *row[:-1]] for row in rows]
    east = [[*row[1:], row[-1]] for row in rows]
    images = (*[rows] * 4, rows[:1] + rows[:-1], rows[1:] + rows[-1:], west, east)
    blurred = [sum(img[y][x] for img in images) // 8 for y in range(height) for x in range(width)]
    check(kernel, memory, {"blurred": blurred})


@pytest.mark.parametrize("n", [1, 3, 8])
def test_matmul(kernels: Path, n: int) -> None:
    kernel = load_kernel(kernels / "matmul.vk", {"n": n})
    memory = random_memory(kernel, 16)
    left, right = words_of(kernel, memory, "left"), words_of(kernel, memory, "right")
    rows = [left[n * i : n * (i + 1)] for i in range(n)]
    columns = [right[j::n] for j in range(n)]
    product = [
        sum(a * b for a, b in zip(row, column, strict=True)) % M
        for row in rows
        for column in columns
    ]
    check(kernel, memory, {"product": product})


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 5), (8, 16), (0, 4)])
def test_transpose(kernels: Path, rows: int, columns: int) -> None:
    kernel = load_kernel(kernels / "transpose.vk", {"rows": rows, "columns": columns})
    memory = random_memory(kernel, 17)
    words = words_of(kernel, memory, "matrix")
    matrix = [words[columns * i : columns * (i + 1)] for i in range(rows)]
    turned = [word for column in zip(*matrix, strict=True) for word in column]
    check(kernel, memory, {"turned": turned})


@pytest.mark.parametrize(("rows", "width"), [(1, 1), (5, 7), (9, 4), (2, 0)])
def test_prefix_rows(kernels: Path, rows: int, width: int) -> None:
    kernel = load_kernel(kernels / "prefix_rows.vk", {"rows": rows, "width": width})
    memory = random_memory(kernel, 18)
    words = words_of(kernel, memory, "matrix")
    matrix = [words[width * i : width * (i + 1)] for i in range(rows)]
    check(kernel, memory, {"sums": [each % M for row in matrix for each in accumulate(row)]})


@pytest.mark.parametrize("n", [1, 4, 7])
def test_floyd(kernels: Path, n: int) -> None:
    kernel = load_kernel(kernels / "floyd.vk", {"n": n})
    rng = random.Random(n)
    memory = [rng.choice((rng.randrange(100), 2**31 - 1)) for _ in range(2 * n * n)]
    d = [memory[n * i : n * (i + 1)] for i in range(n)]
    for k in range(n):
        d = [[min(d[i][j], d[i][k] + d[k][j]) for j in range(n)] for i in range(n)]
    check(kernel, memory, {"d": [word for row in d for word in row]})


@pytest.mark.parametrize("log", [0, 1, 3, 5])
def test_bitonic(kernels: Path, log: int) -> None:
    kernel = load_kernel(kernels / "bitonic.vk", {"log": log})
    memory = random_memory(kernel, 31)
    check(kernel, memory, {"x": sorted(words_of(kernel, memory, "x"))})


@pytest.mark.parametrize(
    ("name", "parameter", "sizes"),
    [("prefix_log.vk", "log", (0, 1, 6)), ("prefix_words.vk", "n", (0, 1, 61))],
)
def test_prefixes(kernels: Path, name: str, parameter: str, sizes: tuple[int, ...]) -> None:
    for size in sizes:
        kernel = load_kernel(kernels / name, {parameter: size})
        memory = random_memory(kernel, 32)
        sums = [each % M for each in accumulate(words_of(kernel, memory, "x"))]
        check(kernel, memory, {"x": sums})


@pytest.mark.parametrize(("height", "width", "steps"), [(3, 3, 1), (5, 4, 3), (8, 8, 2)])
def test_life(kernels: Path, height: int, width: int, steps: int) -> None:
    sizes = {"height": height, "width": width, "steps": steps}
    kernel = load_kernel(kernels / "life.vk", sizes)
    memory = random_memory(kernel, 33)
    words = words_of(kernel, memory, "cells")
    alive = {divmod(k, width) for k, word in enumerate(words) if word}
    for _ in range(steps):
        around: dict[tuple[int, int], int] = {}
        for y, x in alive:
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    if (dy, dx) != (0, 0):
                        place = (y + dy) % height, (x + dx) % width
                        around[place] = around.get(place, 0) + 1
        alive = {p for p, n in around.items() if n == 3 or (n == 2 and p in alive)}
    cells = [int((y, x) in alive) for y in range(height) for x in range(width)]
    check(kernel, memory, {"cells": cells})


@pytest.mark.parametrize("n", [1, 8, 50])
def test_compact(kernels: Path, n: int) -> None:
    kernel = load_kernel(kernels / "compact.vk", {"n": n})
    memory = random_memory(kernel, 34)
    words = words_of(kernel, memory, "x")
    odd = [word for word in words if word % 2]
    check(
        kernel, memory, {"y": odd + [word for word in words if not word % 2], "count": [len(odd)]}
    )


@pytest.mark.parametrize("bits", [1, 3, 32])
def test_sort8(kernels: Path, bits: int) -> None:
    batch = 300
    kernel = load_kernel(kernels / "sort8.vk", {"batch": batch})
    rng = random.Random(bits)
    memory = [rng.getrandbits(bits) for _ in range(8 * batch)]
    columns = [sorted(memory[i::batch]) for i in range(batch)]
    rows = [[column[k] for column in columns] for k in range(8)]
    check(kernel, memory, {"words": [word for row in rows for word in row]})


def test_sort8_sorts_all_zeros_and_ones(kernels: Path) -> None:
    """A network of comparators that sorts these sorts everything."""
    kernel = load_kernel(kernels / "sort8.vk", {"batch": 256})
    memory = [i >> k & 1 for k in range(8) for i in range(256)]
    columns = [sorted(memory[i::256]) for i in range(256)]
    check(kernel, memory, {"words": [column[k] for k in range(8) for column in columns]})


@pytest.mark.parametrize("batch", [0, 1, 50])
def test_gcd(kernels: Path, batch: int) -> None:
    kernel = load_kernel(kernels / "gcd.vk", {"batch": batch, "steps": 24})
    memory = random_memory(kernel, 19)
    if batch == 50:
        # The most divisions (neighbouring Fibonacci numbers), zeros, equal and common factors.
        memory[:7] = [46368, 28657, 0, 0, 7, 9, 65535]
        memory[batch : batch + 7] = [28657, 46368, 0, 12, 0, 9, 4369]
    pairs = zip(words_of(kernel, memory, "first"), words_of(kernel, memory, "second"), strict=True)
    check(kernel, memory, {"divisor": [math.gcd(a, b) for a, b in pairs]})


@pytest.mark.parametrize(("batch", "rounds"), [(1, 1), (9, 3), (4, 0)])
def test_sbox16(kernels: Path, batch: int, rounds: int) -> None:
    kernel = load_kernel(kernels / "sbox16.vk", {"batch": batch, "rounds": rounds})
    memory = random_memory(kernel, 20)
    digit = {f"{k:x}": f"{word:x}" for k, word in enumerate(words_of(kernel, memory, "box"))}
    states = words_of(kernel, memory, "states")
    for _ in range(rounds):
        for i, state in enumerate(states):
            binary = f"{int(''.join(digit[each] for each in f'{state:08x}'), 16):032b}"
            states[i] = int(binary[3:] + binary[:3], 2)
    check(kernel, memory, {"states": states})


@pytest.mark.parametrize(("lanes", "items", "bins"), [(1, 1, 1), (5, 9, 4), (9, 3, 16), (3, 0, 2)])
def test_histogram(kernels: Path, lanes: int, items: int, bins: int) -> None:
    sizes = {"lanes": lanes, "items": items, "bins": bins}
    kernel = load_kernel(kernels / "histogram.vk", sizes)
    memory = random_memory(kernel, 21)
    counted = Counter(words_of(kernel, memory, "values"))
    check(kernel, memory, {"counts": [counted[each] for each in range(bins)]})


@pytest.mark.parametrize(("levels", "batch"), [(1, 9), (2, 20), (3, 70), (0, 2)])
def test_btree_probe(kernels: Path, levels: int, batch: int) -> None:
    kernel = load_kernel(kernels / "btree_probe.vk", {"levels": levels, "batch": batch})
    nodes = (4**levels - 1) // 3
    memory = random_memory(kernel, 22)
    ordered = sorted(memory[: 3 * nodes])
    for position, place in enumerate(btree_places(levels)):
        memory[place] = ordered[position]
    start = kernel.arrays["keys"].base
    memory[start : start + len(ordered)] = ordered[:batch]
    if levels and batch > 3:
        memory[start + batch - 2 : start + batch] = [0, M - 1]
    keys = words_of(kernel, memory, "keys")
    check(kernel, memory, {"leaves": [bisect.bisect_left(ordered, key) for key in keys]})


def btree_places(levels: int, node: int = 0) -> list[int]:
    """Where the separators of a subtree stand, from the least to the greatest."""
    if levels == 0:
        return []
    places = btree_places(levels - 1, 4 * node + 1)
    for k in range(3):
        places += [3 * node + k, *btree_places(levels - 1, 4 * node + 2 + k)]
    return places


@pytest.mark.parametrize(("labels", "batch"), [(0, 3), (1, 5), (11, 40)])
def test_search_tree(kernels: Path, labels: int, batch: int) -> None:
    nodes = 2 * labels + 1
    kernel = load_kernel(
        kernels / "search_tree.vk", {"nodes": nodes, "batch": batch, "steps": labels}
    )
    rng = random.Random(labels)
    ordered = sorted(rng.sample(range(100), labels))
    # The root is at 0, everything else anywhere; any shape has at most `labels` levels.
    places = [0, *rng.sample(range(1, nodes), nodes - 1)]
    words, links = [0] * nodes, [[node, node] for node in range(nodes)]
    gaps: dict[int, int] = {}
    todo = [(0, labels, places.pop(0))]
    while todo:
        low, high, node = todo.pop()
        if low == high:
            gaps[low] = node
            continue
        middle = rng.randrange(low, high)
        words[node] = ordered[middle]
        links[node] = [places.pop(), places.pop()]
        todo += [(low, middle, links[node][0]), (middle + 1, high, links[node][1])]
    keys = [rng.randrange(100) for _ in range(batch)]
    memory = [*words, *(place for pair in links for place in pair), *keys, *[0] * batch]
    check(kernel, memory, {"ends": [gaps[bisect.bisect_left(ordered, key)] for key in keys]})


def test_every_kernel_has_a_test_and_a_header(kernels: Path) -> None:
    files = sorted(Path(__file__).parent.glob("test_*.py"))
    tested = "".join(path.read_text(encoding="utf-8") for path in files)
    found = sorted(kernels.glob("*.vk"))
    assert len(found) >= 22
    for path in found:
        assert path.name in tested, f"no test mentions {path.name}"
        header = path.read_text(encoding="utf-8").split("\n\n")[0].splitlines()
        assert all(line.startswith("// ") for line in header), path.name
        assert any("Reference:" in line for line in header), path.name
        assert any("Sizes:" in line for line in header), path.name

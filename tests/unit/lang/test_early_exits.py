"""The kernels of the folder whose loops lanes leave early, against independent Python."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.unit.lang.test_kernels import M, check, words_of
from vliwc.lang import load_kernel
from vliwc.lang.interpret import random_memory


@pytest.mark.parametrize(("batch", "most"), [(0, 3), (1, 0), (60, 20), (9, 111)])
def test_collatz(kernels: Path, batch: int, most: int) -> None:
    kernel = load_kernel(kernels / "collatz.vk", {"batch": batch, "most": most})
    memory = random_memory(kernel, 23)
    memory[: min(batch, 4)] = [27, 1, 0, 2][:batch]  # 111 steps, none, none, one
    steps, unfinished = [0] * batch, 0
    for i, number in enumerate(words_of(kernel, memory, "numbers")):
        while number > 1 and steps[i] < most:
            number = 3 * number + 1 if number % 2 else number // 2
            steps[i] += 1
        unfinished += number > 1
    assert most != 111 or steps[0] == 111
    check(kernel, memory, {"steps": steps, "open": [unfinished]})


@pytest.mark.parametrize(
    ("slots", "batch", "probes"), [(1, 3, 1), (8, 30, 8), (50, 40, 3), (7, 20, 9)]
)
def test_hash_probe(kernels: Path, slots: int, batch: int, probes: int) -> None:
    sizes = {"slots": slots, "batch": batch, "probes": probes}
    kernel = load_kernel(kernels / "hash_probe.vk", sizes)
    rng = random.Random(slots)
    stored = rng.sample(range(1, M), slots * 3 // 4)
    table = [0] * slots
    for key in stored:
        place = (key * 0x9E3779B1 % M >> 12) % slots
        while table[place]:
            place = (place + 1) % slots
        table[place] = key
    keys = [rng.choice([*stored, rng.randrange(M), 0]) for _ in range(batch)]
    places: list[int] = []
    for key in keys:
        first = (key * 0x9E3779B1 % M >> 12) % slots
        looked_at = [(first + step) % slots for step in range(probes)]
        end = next((k for k, at in enumerate(looked_at) if table[at] in (key, 0)), probes - 1)
        places.append(looked_at[end] if table[looked_at[end]] == key else slots)
    check(kernel, [*table, *keys, *[9] * batch], {"places": places})

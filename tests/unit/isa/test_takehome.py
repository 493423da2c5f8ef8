"""The reference problem: layout, hash, kernel, and the program used for timing."""

from __future__ import annotations

import numpy as np
import pytest

from isa.errors import MemoryImageError
from isa.simulator import run
from isa.takehome import (
    HASH_STAGES,
    PUBLISHED_MARKS,
    Layout,
    comparable_marks,
    hash_word,
    memory_image,
    naive_program,
    reference_images,
    reference_kernel,
)
from isa.validate import check

SIZES = [(0, 1, 1), (0, 3, 2), (1, 1, 1), (3, 7, 5), (4, 2, 16), (2, 0, 3), (2, 3, 0)]


def test_layout_of_the_reference_sizes() -> None:
    layout = Layout(height=10, rounds=16, batch=256)
    assert (layout.n_nodes, layout.words) == (2047, 2566)
    assert layout.header == (16, 2047, 256, 10, 7, 2054, 2310)


def test_memory_images() -> None:
    image = memory_image(3, 5, 6, seed=1)
    layout = Layout(3, 5, 6)
    assert len(image) == layout.words == 7 + 15 + 12
    assert image[:7] == [5, 15, 6, 3, 7, 22, 28]
    assert image[layout.indices : layout.values] == [0] * 6
    assert all(0 <= word < 2**30 for word in image)
    assert image == memory_image(3, 5, 6, seed=1) != memory_image(3, 5, 6, seed=2)
    assert Layout.of_image(image) == layout


def test_the_hash_step_by_step() -> None:
    def spelled_out(a: int) -> int:
        a = (a + 0x7ED55D16 + (a << 12)) % 2**32
        a = (a ^ 0xC761C23C) ^ (a >> 19)
        a = (a + 0x165667B1 + (a << 5)) % 2**32
        a = ((a + 0xD3A2646C) ^ (a << 9)) % 2**32
        a = (a + 0xFD7046C5 + (a << 3)) % 2**32
        return (a ^ 0xB55A4F09) ^ (a >> 16)

    assert len(HASH_STAGES) == 6
    for word in (0, 1, 2**30 - 1, 2**32 - 1, 123456789):
        assert hash_word(word) == spelled_out(word)


def test_one_round_by_hand() -> None:
    memory = [1, 3, 2, 1, 7, 10, 12, *(100, 200, 300), *(0, 2), *(11, 22)]
    low, high = hash_word(11 ^ 100), hash_word(22 ^ 300)
    result = reference_kernel(memory)
    assert result[:10] == memory[:10]
    assert result[10:] == [1 if low % 2 == 0 else 2, 0, low, high]


@pytest.mark.parametrize("sizes", SIZES)
def test_kernels_in_python_and_numpy_and_the_naive_program_agree(
    sizes: tuple[int, int, int],
) -> None:
    images = [memory_image(*sizes, seed) for seed in range(3)]
    expected = [reference_kernel(image) for image in images]
    before = np.array(images, np.uint32)
    assert reference_images(before).tolist() == expected
    assert before.tolist() == images
    program = naive_program(*sizes)
    check(program)
    assert [run(program, image).memory for image in images] == expected


def test_the_naive_program_has_one_slot_per_bundle() -> None:
    program = naive_program(10, 16, 256)
    assert all(sum(map(len, bundle.values())) == 1 for bundle in program.bundles)
    cycles = run(program, memory_image(10, 16, 256, 0)).cycles
    assert cycles == 147570 < PUBLISHED_MARKS[0].cycles


def test_marks_get_better() -> None:
    cycles = [mark.cycles for mark in PUBLISHED_MARKS]
    assert cycles == sorted(set(cycles), reverse=True)
    assert (cycles[0], cycles[-1]) == (147734, 864)


def test_values_alone_are_not_held_against_marks_with_indices() -> None:
    every, values = (comparable_marks(with_indices=indices) for indices in (True, False))
    assert set(every) - set(values) == {899}


@pytest.mark.parametrize(
    "memory",
    [
        [],
        [1, 2, 3],
        [0] * 50,
        memory_image(2, 1, 1, 0)[:-1],
        [*memory_image(2, 1, 1, 0), 0],
        [1, 7, 1, 40, 7, 14, 15, *[0] * 9],
    ],
)
def test_other_memories_are_refused(memory: list[int]) -> None:
    with pytest.raises(MemoryImageError, match="no image of the reference problem"):
        reference_kernel(memory)


def test_elements_must_stand_on_nodes() -> None:
    image = memory_image(2, 1, 3, 0)
    image[Layout.of_image(image).indices + 1] = 7
    with pytest.raises(MemoryImageError, match="element 1 stands on node 7 of 7"):
        reference_kernel(image)
    with pytest.raises(MemoryImageError, match="stands on no node of the 7"):
        reference_images(np.array([image], np.uint32))


def test_images_of_one_size_only() -> None:
    images = np.array([memory_image(2, 1, 3, 0), memory_image(2, 2, 3, 0)], np.uint32)
    with pytest.raises(MemoryImageError, match="different headers"):
        reference_images(images)
    assert reference_images(images[:0]).shape == (0, images.shape[1])
    with pytest.raises(MemoryImageError, match="no size can be negative"):
        memory_image(-1, 1, 1, 0)

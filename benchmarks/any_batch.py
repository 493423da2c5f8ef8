"""One program of `tree_hash_any` for every batch, on our simulator and on the original one.

    python -m benchmarks.any_batch [--most 300] [--simulator PATH/problem.py]

Compiles the kernel once, runs the images of the reference problem with batches from 0 on, compares
all words with the reference's, and prints the cycles of some batches beside those of the kernel
that is compiled for that batch alone.
"""

from __future__ import annotations

import argparse

from isa.original import OriginalProblem
from isa.simulator import decode, run
from isa.takehome import memory_image, reference_kernel
from vliwc.driver import compile_file
from vliwc.options import Options

SHOWN = (1, 7, 8, 31, 64, 100, 129, 255, 256, 257, 300)
HEIGHT, ROUNDS = 10, 16


def main() -> None:
    """Print the table; exit with 1 at the first wrong word."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=300)
    parser.add_argument("--level", type=int, default=2)
    parser.add_argument("--simulator", default=None)
    told = parser.parse_args()
    sizes = {"forest_height": HEIGHT, "rounds": ROUNDS}
    options = Options(level=told.level)
    result = compile_file("kernels/tree_hash_any.vk", sizes, options)
    decoded = decode(result.program)
    original = OriginalProblem(told.simulator) if told.simulator else None
    cycles: list[int] = []
    for batch in range(told.most + 1):
        image = memory_image(HEIGHT, ROUNDS, batch, seed=batch)
        values = slice(len(image) - batch, len(image))
        expected = reference_kernel(image)[values]
        runs = [run(decoded, image)]
        if original is not None:
            runs.append(original.run(result.program, image))
        for ran in runs:
            if list(ran.memory[values]) != list(expected):
                raise SystemExit(f"batch {batch}: wrong values")
            if list(ran.memory[: 7 + 2 ** (HEIGHT + 1) - 1]) != image[: 7 + 2 ** (HEIGHT + 1) - 1]:
                raise SystemExit(f"batch {batch}: the tree or the header has changed")
            if ran.cycles != result.cycles_for(image):
                raise SystemExit(f"batch {batch}: {ran.cycles} cycles, others announced")
        cycles.append(runs[0].cycles)
    print(f"{len(cycles)} batches, right on {1 + (original is not None)} simulators; ", end="")
    print(f"{result.bundles} bundles, compiled in {result.compile_seconds:.0f} s\n")
    print("| batch | cycles | compiled for it alone | ratio |")
    print("|---|---|---|---|")
    for batch in SHOWN:
        if batch < len(cycles):
            alone = compile_file("kernels/tree_hash.vk", {**sizes, "batch_size": batch}, options)
            ratio = cycles[batch] / alone.cycles
            print(f"| {batch} | {cycles[batch]} | {alone.cycles} | {ratio:.2f} |")


if __name__ == "__main__":
    main()

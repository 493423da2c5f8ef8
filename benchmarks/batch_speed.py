"""Simulated bundles per second: the original, the reference simulator, and the batch simulator.

    python -m benchmarks.batch_speed [--images 256] [--original /path/to/problem.py] [--json]

Workloads: ``naive`` is the scalar program of the reference problem (one slot per bundle), ``wide``
a straight line of full bundles as an optimising compiler emits them. The batch simulator counts
image-bundles: one bundle executed for one image. Decoding is included for both.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from isa.batch import run_batch
from isa.opcodes import ALU_OPS, DIVIDING_OPS
from isa.program import Bundle, Program
from isa.simulator import run
from isa.takehome import OriginalProblem, memory_image, naive_program
from isa.validate import check

WIDE_BUNDLES = 1000
HEIGHT, ROUNDS, BATCH = 10, 16, 256


@dataclass(frozen=True)
class Speed:
    """Bundles per second of one workload; `original` is None when no original was given."""

    workload: str
    cycles: int
    simulator: float
    batch: float
    ratio: float
    original: float | None


def wide_program(n_bundles: int = WIDE_BUNDLES, seed: int = 0) -> Program:
    """Bundles that fill alu, valu, load and store, on random scratch words."""
    rng = random.Random(seed)
    ops = [op for op in ALU_OPS if op not in DIVIDING_OPS and op != "<<"]
    bundles: list[Bundle] = [{"load": [("const", 0, 16), ("const", 1, 24)]}]
    for _ in range(n_bundles - 1):
        vectors = [8 * block for block in rng.sample(range(2, 120), 26)]
        words = rng.sample(range(1000, 1500), 36)
        bundles.append(
            {
                "alu": [(rng.choice(ops), *words[3 * n : 3 * n + 3]) for n in range(12)],
                "valu": [
                    ("multiply_add", *vectors[4 * n : 4 * n + 4])
                    if n < 2
                    else (rng.choice(ops), *vectors[3 * n + 2 : 3 * n + 5])
                    for n in range(6)
                ],
                "load": [("load", 1501, 0), ("vload", vectors[20], 1)],
                "store": [("store", 0, words[0]), ("vstore", 1, vectors[21])],
            }
        )
    return Program(tuple(bundles))


def measure(workload: str, program: Program, n_images: int, original: Path | None) -> Speed:
    """Run one workload once on each simulator."""
    check(program)
    images = [memory_image(HEIGHT, ROUNDS, BATCH, seed) for seed in range(n_images)]
    memories = np.array(images, np.uint32)
    start = time.perf_counter()
    single = run(program, images[0])
    single_seconds = time.perf_counter() - start
    start = time.perf_counter()
    batch = run_batch(program, memories)
    batch_seconds = time.perf_counter() - start
    batch.raise_first()
    if batch.memories[0].tolist() != single.memory:
        raise SystemExit(f"{workload}: the batch simulator disagrees with the reference simulator")
    original_speed = None
    if original is not None:
        machine = OriginalProblem(original)
        start = time.perf_counter()
        machine.run(program, images[0])
        original_speed = single.cycles / (time.perf_counter() - start)
    simulator_speed = single.cycles / single_seconds
    batch_speed = int(batch.cycles.sum()) / batch_seconds
    ratio = batch_speed / simulator_speed
    return Speed(workload, single.cycles, simulator_speed, batch_speed, ratio, original_speed)


def main() -> None:
    """Measure and print all workloads."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--original", type=Path, default=None)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    workloads = {"naive": naive_program(HEIGHT, ROUNDS, BATCH), "wide": wide_program()}
    speeds = [
        measure(name, program, arguments.images, arguments.original)
        for name, program in workloads.items()
    ]
    if arguments.json:
        print(json.dumps([asdict(speed) for speed in speeds], indent=1))
        return
    for speed in speeds:
        original = "" if speed.original is None else f", original {speed.original:.3g}"
        print(
            f"{speed.workload}: {speed.cycles} cycles; bundles/s: simulator {speed.simulator:.3g}, "
            f"batch of {arguments.images} {speed.batch:.3g} ({speed.ratio:.0f} times){original}"
        )


if __name__ == "__main__":
    main()

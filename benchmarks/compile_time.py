"""Compile time against the number of machine operations.

    python -m benchmarks.compile_time [-O LEVEL] [--largest OPERATIONS]

Compiles the tree-hash kernel with growing batches and rounds, from about a thousand machine
operations to a hundred thousand, and fits ``seconds = c * operations ** exponent`` to the part
above ten thousand: an exponent of 1 is linear. Prints a Markdown table and the exponent. At -O2 the
number of trial schedules falls with the operations, so -O1 shows how the compiler itself scales.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from vliwc.diagnostics import KernelError
from vliwc.driver import compile_file
from vliwc.options import LEVELS, Options

KERNEL = Path(__file__).resolve().parent.parent / "kernels" / "tree_hash.vk"
SIZES = (
    # rounds, batch
    (8, 64),
    (8, 128),
    (16, 128),
    (16, 256),
    (16, 512),
    (16, 1024),
    (24, 1024),
    (32, 1536),
    (40, 2048),
)
LARGE = 10_000
"""Operations from which on the exponent is fitted: below, constant costs show."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-O", dest="level", type=int, choices=LEVELS, default=1)
    parser.add_argument("--largest", type=int, default=120_000, help="operations to stop at")
    args = parser.parse_args()
    options = Options(level=args.level)
    small = {"forest_height": 3, "rounds": 2, "batch_size": 16}
    compile_file(KERNEL, small, options)  # loads solvers and compiled code
    print("| rounds | batch | machine operations | cycles | seconds | µs per operation |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    measured: list[tuple[int, float]] = []
    for rounds, batch in SIZES:
        params = {"forest_height": 10, "rounds": rounds, "batch_size": batch}
        try:
            result = compile_file(KERNEL, params, options)
        except KernelError as error:
            print(f"rounds {rounds}, batch {batch}: {error}", file=sys.stderr)
            continue
        operations, seconds = len(result.generated.problem), result.compile_seconds
        measured.append((operations, seconds))
        row = (rounds, batch, operations, result.cycles, f"{seconds:.2f}")
        cells = " | ".join(map(str, row))
        print(f"| {cells} | {1e6 * seconds / operations:.0f} |", flush=True)
        if operations > args.largest:
            break
    large = [(n, s) for n, s in measured if n >= LARGE]
    if len(large) > 1:
        sizes, times = np.log(np.array(large).T)
        exponent, _ = np.polyfit(sizes, times, 1)
        print(f"\nseconds grow with the operations to the power of {exponent:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Compile time of every kernel, in runs of the original simulator.

    python -m benchmarks.compile_ratio --simulator PATH/problem.py [--only KERNEL …] [--repeat N]
                                       [--json]

Compiles the kernels of `benchmarks.kernels` at -O2 and sets the processor time of each against that
of the naive program of the reference problem (147734 cycles) on the original simulator, measured in
between, so that both meet the same computer under the same load. Of several measurements the least
counts. Prints a Markdown table, the ratio of the headline and the median of all.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.kernels import KERNELS, SIZES, naive_reference
from isa.original import OriginalProblem
from vliwc.driver import compile_file

EVERY = 4
"""Kernels compiled between two runs of the naive program."""


def processor_seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor time of this process, all threads, that ``work`` takes, and what it returns."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--simulator", type=Path, required=True, help="the original problem.py")
    parser.add_argument("--only", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--repeat", type=int, default=1, help="measurements of each (default 1)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    args = parser.parse_args()
    original = OriginalProblem(args.simulator)
    program, memory = naive_reference()
    compile_file(KERNELS / "lcg.vk", {"lanes": 8, "steps": 2})  # loads what numba has compiled
    naive: list[float] = []
    seconds: dict[str, float] = {}
    cycles: dict[str, int] = {}
    for _ in range(args.repeat):
        for number, kernel in enumerate(args.only):
            if number % EVERY == 0:
                naive.append(processor_seconds(lambda: original.run(program, memory))[0])
            took, result = processor_seconds(
                lambda name=kernel: compile_file(KERNELS / f"{name}.vk", SIZES[name])
            )
            seconds[kernel] = min(took, seconds.get(kernel, took))
            cycles[kernel] = result.cycles
    unit = min(naive)
    ratios = {kernel: took / unit for kernel, took in seconds.items()}
    if args.json:
        report = {"naive_seconds": unit, "seconds": seconds, "ratios": ratios, "cycles": cycles}
        print(json.dumps(report | {"median": median(ratios.values())}, indent=1))
        return 0
    print("| kernel | cycles | processor seconds | runs of the naive program |")
    print("| --- | ---: | ---: | ---: |")
    for kernel, ratio in ratios.items():
        print(f"| `{kernel}` | {cycles[kernel]} | {seconds[kernel]:.2f} | {ratio:.2f} |")
    print(f"\nnaive program: {unit:.2f} s ({unit:.2f} to {max(naive):.2f})")
    if "tree_hash" in ratios:
        print(f"headline: {ratios['tree_hash']:.1f} times that")
    print(f"median of {len(ratios)} kernels: {median(ratios.values()):.2f} times that")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Cycles of every kernel at every optimisation level.

    python -m benchmarks.kernels [--simulator PATH/problem.py]

Prints the table of the README (Markdown). Every program is run on random inputs and compared with
the reference interpreter; the exit code is 1 if an answer is wrong. With the original simulator at
hand, programs are run there too, and the compile time is set against the time that it takes for the
naive program of the reference problem.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from isa.original import OriginalProblem
from isa.program import Program
from isa.simulator import run
from isa.takehome import memory_image, naive_program
from vliwc.driver import Compilation, compile_file
from vliwc.lang.interpret import (
    Interpreter,
    at_run_time,
    output_words,
    protected_words,
    random_memory,
)
from vliwc.options import Options

KERNELS = Path(__file__).resolve().parent.parent / "kernels"
HEADLINE = {"forest_height": 10, "rounds": 16, "batch_size": 256}
SIZES: dict[str, dict[str, int]] = {
    "tree_hash": HEADLINE,
    "tree_hash_indices": HEADLINE,
    "tree_hash_any": {"forest_height": 10, "rounds": 16},
    "tree_hash_full": HEADLINE,
    "murmur": {"n": 1024, "seed": 7},
    "saxpy_dot": {"n": 1024},
    "binary_search": {"n": 1000, "batch": 256},
    "lcg": {"lanes": 64, "steps": 1000},
    "crc32": {"batch": 256, "words": 4},
    "dfa": {"states": 8, "symbol_bits": 2, "batch": 256, "words": 4},
    "ternary_tree": {"levels": 4, "steps": 12, "batch": 256},
    "fnv_rows": {"batch": 256, "words": 4},
    "stencil5": {"n": 1024},
    "edges": {"n": 1024, "border": 0},
    "blur": {"height": 32, "width": 32},
    "matmul": {"n": 8},
    "transpose": {"rows": 32, "columns": 32},
    "prefix_rows": {"rows": 64, "width": 16},
    "sort8": {"batch": 128},
    "gcd": {"batch": 64, "steps": 24},
    "sbox16": {"batch": 256, "rounds": 1},
    "histogram": {"lanes": 16, "items": 16, "bins": 16},
    "btree_probe": {"levels": 4, "batch": 256},
    "search_tree": {"nodes": 255, "batch": 128, "steps": 8},
    "floyd": {"n": 8},
    "bitonic": {"log": 6},
    "prefix_log": {"log": 7},
    "prefix_words": {"n": 256},
    "life": {"height": 8, "width": 8, "steps": 4},
    "compact": {"n": 256},
    "collatz": {"batch": 128, "most": 20},
    "hash_probe": {"slots": 61, "batch": 256, "probes": 4},
}
LEVELS = (0, 1, 2)


def is_right(result: Compilation, cases: int, original: OriginalProblem | None) -> bool:
    """Whether the program gives the reference interpreter's answers on random inputs."""
    interpreter = Interpreter(result.kernel)
    for seed in range(cases):
        memory = random_memory(result.kernel, seed)
        expected = interpreter.run(memory)
        sized = at_run_time(result.kernel, memory)
        checked = [*output_words(sized), *protected_words(sized)]
        runs = [run(result.program, memory)]
        if original is not None:
            runs.append(original.run(result.program, memory))
        for ran in runs:
            if ran.cycles != result.cycles_for(memory):
                return False
            if any(ran.memory[k] != expected[k] for words in checked for k in words):
                return False
    return True


def naive_reference() -> tuple[Program, list[int]]:
    """The naive program of the reference problem with an input: what compile times are held
    against."""
    sizes = (HEADLINE["forest_height"], HEADLINE["rounds"], HEADLINE["batch_size"])
    return naive_program(*sizes), memory_image(*sizes, seed=0)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--simulator", type=Path, help="the original problem.py")
    parser.add_argument("--cases", type=int, default=4, help="inputs per program (default 4)")
    args = parser.parse_args()
    original = None if args.simulator is None else OriginalProblem(args.simulator)
    compile_file(KERNELS / "lcg.vk", {"lanes": 8, "steps": 2})  # loads what numba has compiled
    columns = "-O0 | -O1 | -O2 | schedule bound | gap | kernel bound | gap | compile time at -O2"
    print(f"| kernel | sizes | {columns} |")
    print(f"| --- | --- |{' ---: |' * 8}")
    wrong: list[str] = []
    headline: Compilation | None = None
    for name, sizes in SIZES.items():
        path = KERNELS / f"{name}.vk"
        results = [compile_file(path, sizes, Options(level=level)) for level in LEVELS]
        wrong += [
            f"{name} at -O{level}"
            for level, result in zip(LEVELS, results, strict=True)
            if not is_right(result, args.cases, original)
        ]
        best = results[-1]
        headline = headline or best
        row = (
            f"`{name}`",
            ", ".join(f"{key} {value}" for key, value in sizes.items()),
            *(str(result.cycles) for result in results),
            str(best.lower_bound),
            f"{100 * best.gap:.1f} %",
            str(best.kernel_bound),
            f"{100 * best.kernel_gap:.1f} %",
            f"{best.compile_seconds:.1f} s",
        )
        print(f"| {' | '.join(row)} |", flush=True)
    if original is not None and headline is not None:
        program, memory = naive_reference()
        started = time.perf_counter()
        cycles = original.run(program, memory).cycles
        seconds = time.perf_counter() - started
        ratio = headline.compile_seconds / seconds
        print(f"\nNaive program of {cycles} cycles on the original simulator: {seconds:.2f} s;")
        print(f"compiling `tree_hash` takes {ratio:.1f} times that.")
    for what in wrong:
        print(f"WRONG: {what}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

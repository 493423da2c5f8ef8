"""Ordinary kernels against what a careful engineer reaches by hand.

    python -m benchmarks.ordinary [--simulator PATH/problem.py] [--cases N] [--only KERNEL …]
                                  [--json]

Prints one row for each kernel: cycles at -O2, the proved bound of the operations that were chosen,
the cycles by hand and the ratio to them. Every program is run on random inputs and compared with
the reference interpreter, on the original simulator too if it is at hand; the exit code is 1 if an
answer is wrong. Cycles by hand are roofline figures: counted slots of the best known way to do the
work, divided by the slots of a cycle.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import geometric_mean
from typing import Final

from benchmarks.kernels import KERNELS, SIZES, is_right
from isa.original import OriginalProblem
from vliwc.driver import compile_file

BY_HAND: Final[dict[str, int]] = {
    "fnv_rows": 260,
    "crc32": 2130,
    "dfa": 2150,
    "stencil5": 88,
    "edges": 64,
    "blur": 86,
    "matmul": 25,
    "sort8": 165,
    "gcd": 105,
    "sbox16": 480,
    "histogram": 150,
    "transpose": 86,
    "prefix_rows": 86,
    "floyd": 55,
    "bitonic": 225,
    "prefix_log": 40,
    "prefix_words": 55,
    "life": 140,
}
"""Cycles by hand at the sizes of `benchmarks.kernels`."""
TOLERATED: Final = 1.25
"""Times the cycles by hand."""


@dataclass(frozen=True)
class Row:
    """One kernel: ``cycles`` at -O2 beside ``by_hand``; ``right``: all answers were."""

    kernel: str
    sizes: dict[str, int]
    cycles: int
    lower_bound: int
    by_hand: int
    ratio: float
    seconds: float
    right: bool


def measure(kernel: str, cases: int, original: OriginalProblem | None) -> Row:
    """Compile a kernel of the table and run it on ``cases`` random inputs."""
    result = compile_file(KERNELS / f"{kernel}.vk", SIZES[kernel])
    return Row(
        kernel,
        SIZES[kernel],
        result.cycles,
        result.lower_bound,
        BY_HAND[kernel],
        round(result.cycles / BY_HAND[kernel], 3),
        round(result.compile_seconds, 2),
        is_right(result, cases, original),
    )


def line(row: Row) -> str:
    """A row of the Markdown table."""
    sizes = ", ".join(f"{name} {value}" for name, value in row.sizes.items())
    verdict = "WRONG" if not row.right else "yes" if row.ratio <= TOLERATED else "no"
    return (
        f"| `{row.kernel}` | {sizes} | {row.cycles} | {row.lower_bound} | {row.by_hand} "
        f"| {row.ratio:.2f} | {verdict} | {row.seconds:.1f} s |"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--simulator", type=Path, help="the original problem.py")
    parser.add_argument("--cases", type=int, default=4, help="inputs per program (default 4)")
    parser.add_argument("--only", nargs="+", choices=BY_HAND, default=list(BY_HAND))
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    args = parser.parse_args()
    original = None if args.simulator is None else OriginalProblem(args.simulator)
    rows: list[Row] = []
    if not args.json:
        print(f"| kernel | sizes | cycles | bound | by hand | ratio | at most {TOLERATED} | time |")
        print("| --- | --- | ---: | ---: | ---: | ---: | --- | ---: |")
    for kernel in args.only:
        rows.append(measure(kernel, args.cases, original))
        if not args.json:
            print(line(rows[-1]), flush=True)
    if args.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        reached = sum(row.ratio <= TOLERATED for row in rows)
        mean = geometric_mean(row.ratio for row in rows)
        print(f"\n{reached} of {len(rows)} rows reached; geometric mean of the ratios {mean:.2f}")
    return 0 if all(row.right for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

"""What each way of doing things is worth, alone and together: ablation on a few kernels.

    python -m benchmarks.frontier [--json FILE]

Each row compiles at -O3 without annealing (`--budget 1`), once with everything and once without
each of the strategies that cost models choose among, and without several of them at once.  Prints
cycles, and in brackets the schedule bound of the operations that were chosen.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from vliwc.driver import Compilation, compile_file
from vliwc.options import Options

KERNELS = Path(__file__).resolve().parent.parent / "kernels"

CASES: tuple[tuple[str, dict[str, int]], ...] = (
    ("tree_hash", {"forest_height": 10, "rounds": 16, "batch_size": 256}),
    ("tree_hash_indices", {"forest_height": 10, "rounds": 16, "batch_size": 256}),
    ("tree_hash", {"forest_height": 10, "rounds": 16, "batch_size": 128}),
    ("tree_hash", {"forest_height": 8, "rounds": 12, "batch_size": 128}),
    ("tree_hash", {"forest_height": 6, "rounds": 16, "batch_size": 256}),
    ("tree_hash", {"forest_height": 10, "rounds": 11, "batch_size": 256}),
    ("ternary_tree", {"levels": 4, "steps": 12, "batch": 256}),
)
"""Kernels and sizes: the headline first."""

ABLATIONS: tuple[tuple[str, ...], ...] = (
    (),
    ("moves",),
    ("windows",),
    ("records",),
    ("select", "bits"),
    ("moves", "windows", "records"),
)
"""What is left out."""


def compiled(name: str, sizes: dict[str, int], without: Sequence[str]) -> Compilation:
    """The kernel at -O3 without annealing."""
    options = Options(level=3, budget=1, without=tuple(without))
    return compile_file(KERNELS / f"{name}.vk", sizes, options)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table row by row; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    args = parser.parse_args(arguments)
    names = ["all" if not out else "without " + ", ".join(out) for out in ABLATIONS]
    print("| kernel | sizes | " + " | ".join(names) + " | kernel bound |")
    print("| --- | --- |" + " ---: |" * (len(names) + 1))
    rows: list[dict[str, object]] = []
    for name, sizes in CASES:
        results = [compiled(name, sizes, out) for out in ABLATIONS]
        cells = [f"{r.cycles} ({r.lower_bound})" for r in results]
        bound = results[0].kernel_bound
        shown = ", ".join(f"{key} {value}" for key, value in sizes.items())
        print(f"| `{name}` | {shown} | " + " | ".join(cells) + f" | {bound} |", flush=True)
        rows.append(
            {
                "kernel": name,
                "sizes": sizes,
                "kernel_bound": bound,
                "cycles": dict(zip(names, (r.cycles for r in results), strict=True)),
                "bounds": dict(zip(names, (r.lower_bound for r in results), strict=True)),
            }
        )
    if args.json is not None:
        args.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

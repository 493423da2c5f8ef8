"""Digests of programs and schedules: what a change that claims to change no result must leave
equal.

    python -m benchmarks.fingerprint -o after.txt
    diff before.txt after.txt

One line for each program (every kernel of ``kernels/`` at -O0, -O1 and -O2) and each schedule
(``list``, ``backward``, ``ilp`` and ``cpsat`` with small budgets, on 20 generated or compiled
problems): a digest of the bundles or of the schedule, cycles and lower bound.  Programs are
compared as bundles, without their ``meta``.  Only commands are called, so the script serves any
version.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SIZES: dict[str, dict[str, int]] = {
    "tree_hash": {"forest_height": 10, "rounds": 16, "batch_size": 256},
    "tree_hash_indices": {"forest_height": 8, "rounds": 12, "batch_size": 128},
    "tree_hash_full": {"forest_height": 8, "rounds": 12, "batch_size": 128},
    "murmur": {"n": 256, "seed": 7},
    "saxpy_dot": {"n": 997},
    "binary_search": {"n": 255, "batch": 64},
    "lcg": {"lanes": 64, "steps": 100},
    "crc32": {"batch": 64, "words": 4},
    "dfa": {"states": 8, "symbol_bits": 2, "batch": 64, "words": 4},
    "ternary_tree": {"levels": 4, "steps": 12, "batch": 256},
    "fnv_rows": {"batch": 64, "words": 4},
    "stencil5": {"n": 256},
    "edges": {"n": 256, "border": 0},
    "blur": {"height": 16, "width": 16},
    "matmul": {"n": 8},
    "transpose": {"rows": 16, "columns": 16},
    "prefix_rows": {"rows": 32, "width": 8},
    "sort8": {"batch": 32},
    "gcd": {"batch": 32, "steps": 12},
    "sbox16": {"batch": 64, "rounds": 1},
    "histogram": {"lanes": 16, "items": 8, "bins": 16},
    "btree_probe": {"levels": 3, "batch": 64},
    "search_tree": {"nodes": 63, "batch": 64, "steps": 4},
    "floyd": {"n": 4},
    "bitonic": {"log": 4},
    "prefix_log": {"log": 5},
    "prefix_words": {"n": 64},
    "life": {"height": 4, "width": 8, "steps": 2},
    "compact": {"n": 64},
    "collatz": {"batch": 32, "most": 8},
    "hash_probe": {"slots": 61, "batch": 64, "probes": 3},
}
BUDGETS: dict[str, int | None] = {"list": None, "backward": None, "ilp": 1, "cpsat": 1}
PROBLEMS = 20


def command(*arguments: str) -> dict[str, Any]:
    """The JSON that a command of vliwc prints."""
    done = subprocess.run(
        [sys.executable, "-m", "vliwc.cli", *arguments, "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if not done.stdout:
        raise SystemExit(f"vliwc {' '.join(arguments)}: {done.stderr}")
    return json.loads(done.stdout)


def digest(path: Path) -> str:
    """The first 16 hexadecimal digits of a file's SHA-256; - if there is no file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.exists() else "-"


def program_line(folder: Path, kernel: str, level: int) -> str:
    """The line of one program."""
    out = folder / f"{kernel}{level}.json"
    sizes = [part for name, value in SIZES[kernel].items() for part in ("-D", f"{name}={value}")]
    options = (f"-O{level}", "-o", str(out), "--emit", "takehome")
    found = command("compile", f"kernels/{kernel}.vk", *sizes, *options)
    return f"{kernel} -O{level} {digest(out)} {found['cycles']} {found['lower_bound']}"


def schedule_line(folder: Path, problem: Path, scheduler: str) -> str:
    """The line of one schedule."""
    out = folder / f"{problem.stem}-{scheduler}.json"
    budget = BUDGETS[scheduler]
    effort = () if budget is None else ("--budget", str(budget))
    arguments = (str(problem), "--scheduler", scheduler, *effort)
    found = command("schedule", *arguments, "-o", str(out))
    known = (str(found.get(key)) for key in ("cycles", "lower_bound", "status"))
    return f"{problem.stem} {scheduler} {digest(out)} {' '.join(known)}"


def problems(folder: Path) -> list[Path]:
    """Scheduling problems: kernels first, then each generator in turn."""
    command("instances", "kernels", "--sizes", "small", "-o", str(folder / "kernels"))
    found = sorted((folder / "kernels").glob("*.json"))[::3]
    for name in ("layered", "series_parallel", "trees", "projects"):
        out = folder / name
        command("instances", "generate", name, "--count", "3", "-o", str(out))
        found += sorted(out.glob("*.json"))
    return found[:PROBLEMS]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(arguments.processes) as pool:
        folder = Path(name)
        jobs = [
            pool.submit(program_line, folder, kernel, level)
            for kernel in SIZES
            for level in range(3)
        ]
        jobs += [
            pool.submit(schedule_line, folder, problem, scheduler)
            for problem in problems(folder)
            for scheduler in BUDGETS
        ]
        arguments.output.write_text("".join(job.result() + "\n" for job in jobs), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The benchmark suite against its last results.

    python -m benchmarks.suite [quick|full] [-O LEVEL …] [--keep]
    python -m benchmarks.suite [quick|full] --table

Runs `vliwc bench` with the results in `benchmarks/results/` as the baseline and fails if a program
takes more cycles than there; with --keep the new results replace the old ones if nothing is worse.
With --table nothing is measured: the last results are printed as the table of docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"


def table(results: list[dict[str, Any]]) -> str:
    """Results as a Markdown table, one row for each kernel and size."""
    levels = sorted({row["level"] for row in results if not row["error"]})
    columns = [f"-O{level}" for level in levels]
    lines = [
        f"| kernel | sizes | {' | '.join(columns)} "
        "| schedule bound | gap | kernel bound | gap | seconds |",
        f"| --- | --- | {' | '.join(['---:'] * len(columns))} | ---: | ---: | ---: | ---: | ---: |",
    ]
    cases: dict[str, dict[int, dict[str, Any]]] = {}
    for row in results:
        key = f"`{row['kernel']}` | {', '.join(f'{k} {v}' for k, v in row['params'].items())}"
        cases.setdefault(key, {})[row["level"]] = row
    for key, by_level in cases.items():
        done = {level: row for level, row in by_level.items() if not row["error"]}
        if not done:
            continue
        best = done[max(done)]
        cycles = [str(done[level]["cycles"]) if level in done else "" for level in levels]
        numbers = (
            str(best["lower_bound"]),
            f"{100 * best['gap']:.1f} %",
            str(best["kernel_bound"]),
            f"{100 * best['kernel_gap']:.1f} %",
            f"{best['compile_seconds']:.1f}",
        )
        lines.append(f"| {key} | {' | '.join([*cycles, *numbers])} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("suite", nargs="?", choices=("quick", "full"), default="quick")
    parser.add_argument("-O", dest="levels", action="append", default=[], metavar="LEVEL")
    parser.add_argument("--keep", action="store_true", help="replace the last results")
    parser.add_argument("--table", action="store_true", help="print the last results")
    args = parser.parse_args()
    kept = RESULTS / f"{args.suite}.json"
    if args.table:
        print(table(json.loads(kept.read_text())["results"]))
        return 0
    command = [sys.executable, "-m", "vliwc.cli", "bench", "--suite", args.suite]
    command += [word for level in args.levels for word in ("-O", level)]
    if kept.exists():
        command += ["--baseline", str(kept)]
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "results.json"
        code = subprocess.run([*command, "-o", str(fresh)]).returncode
        if args.keep and code == 0:
            RESULTS.mkdir(exist_ok=True)
            kept.write_bytes(fresh.read_bytes())
    return code


if __name__ == "__main__":
    sys.exit(main())

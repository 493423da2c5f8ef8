"""The benchmark suite against its last results.

    python -m benchmarks.suite [quick|full] [--keep]

Runs `vliwc bench` with the results in `benchmarks/results/` as the baseline and fails if a program
takes more cycles than there; with --keep the new results replace the old ones if nothing is worse.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("suite", nargs="?", choices=("quick", "full"), default="quick")
    parser.add_argument("--keep", action="store_true", help="replace the last results")
    args = parser.parse_args()
    kept = RESULTS / f"{args.suite}.json"
    command = [sys.executable, "-m", "vliwc.cli", "bench", "--suite", args.suite]
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

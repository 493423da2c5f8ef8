"""How long vliwc takes to start, beside Python and NumPy, in one run.

    python -m benchmarks.start_up [--rounds N] [--before FOLDER] [--json]

Each round runs every command once, so that all see the same load; the table has the medians over
rounds of processor seconds, of seconds by the clock, and of the round's ratios to `python -c pass`
and to `import numpy`.  With --before, the commands of another checkout are measured as well.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Final

BROKEN: Final = "kernel broken(n) {\n  memory { x: u32[n] inout at 0; }\n  x[0] = y;\n}\n"
HERE: Final = Path(__file__).resolve().parents[1]
EMPTY, NUMPY = "python -c pass", "import numpy"


@dataclass(frozen=True)
class Row:
    """Medians of a command: seconds, and ratios of processor seconds within a round."""

    command: str
    processor: float
    clock: float
    to_python: float
    to_numpy: float


Command = tuple[list[str], int, str]
"""Arguments of the interpreter, the exit code, and where vliwc is imported from."""


def commands(folder: Path, before: Path | None) -> dict[str, Command]:
    """What is measured, by what is printed."""
    kernel = folder / "broken.vk"
    kernel.write_text(BROKEN)
    cli = ["-m", "vliwc.cli"]
    of_vliwc = {
        "vliwc --help": (["--help"], 0),
        "vliwc -V": (["-V"], 0),
        "usage error (compile --nonsense)": (["compile", "--nonsense"], 2),
        "kernel error (compile broken.vk)": (["compile", str(kernel), "-D", "n=8"], 2),
    }
    table: dict[str, Command] = {
        EMPTY: (["-c", "pass"], 0, ""),
        NUMPY: (["-c", "import numpy"], 0, ""),
    }
    for name, (arguments, code) in of_vliwc.items():
        table[name] = ([*cli, *arguments], code, str(HERE))
        if before is not None:
            table[f"{name}, before"] = ([*cli, *arguments], code, str(before))
    return table


def timed(arguments: list[str], code: int, place: str) -> tuple[float, float]:
    """Processor seconds (of all threads) and seconds by the clock of one process."""
    before, started = os.times(), time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=tempfile.gettempdir(),  # `-m` looks into the current folder first
        env=os.environ | {"PYTHONPATH": place},
        capture_output=True,
    )
    clock, after = time.perf_counter() - started, os.times()
    if done.returncode != code:
        sys.exit(f"{arguments}: exit code {done.returncode}\n{done.stderr.decode()}")
    spent = after.children_user + after.children_system
    return spent - before.children_user - before.children_system, clock


def measure(rounds: int, before: Path | None) -> list[Row]:
    """One row for each command."""
    with tempfile.TemporaryDirectory() as name:
        table = commands(Path(name), before)
        for command in table.values():  # files get into the cache, byte code is written
            timed(*command)
        found = [{each: timed(*table[each]) for each in table} for _ in range(rounds)]
    return [
        Row(
            command,
            median(one[command][0] for one in found),
            median(one[command][1] for one in found),
            median(one[command][0] / one[EMPTY][0] for one in found),
            median(one[command][0] / one[NUMPY][0] for one in found),
        )
        for command in table
    ]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="of all commands (default 15)")
    parser.add_argument("--before", type=Path, help="another checkout, measured in the same rounds")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    args = parser.parse_args()
    rows = measure(max(args.rounds, 1), args.before and args.before.resolve())
    if args.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return 0
    print("| command | processor | clock | times python | times numpy |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for row in rows:
        print(
            f"| `{row.command}` | {row.processor:.2f} s | {row.clock:.2f} s "
            f"| {row.to_python:.1f} | {row.to_numpy:.1f} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())

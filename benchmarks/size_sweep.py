"""Compile and verify the tree-hash kernel at many sizes.

    python -m benchmarks.size_sweep [--simulator PATH/problem.py] [--json FILE] [--jobs N]

Every size must compile and give the right answers on our simulator and, if named, on the original
one. Prints a table; the exit code is 1 if any size fails.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from benchmarks.sizes import SMALL, SPREAD, Size, Verdict, verify
from isa.original import OriginalProblem

HEADINGS = "height rounds batch  cycles   bound   gap %  scratch  compile s  verdict"


def attempt(size: Size, level: int, cases: int, simulator: Path | None) -> Verdict:
    """`verify`, with exceptions as failures: a sweep reports all of them."""
    try:
        original = None if simulator is None else OriginalProblem(simulator)
        return verify(size, level=level, cases=cases, original=original)
    except Exception as error:
        return Verdict(size, failure=f"{type(error).__name__}: {error}")


def row(verdict: Verdict) -> str:
    """A line of the table."""
    size = verdict.size
    remark = "; ".join(verdict.notes)
    return (
        f"{size.height:6} {size.rounds:6} {size.batch:5} {verdict.cycles:7} "
        f"{verdict.lower_bound:7} {100 * verdict.gap:7.1f} {verdict.scratch_words:8} "
        f"{verdict.compile_seconds:10.2f}  {verdict.failure or 'ok'}"
        f"{f' ({remark})' if remark else ''}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--simulator", type=Path, help="the original problem.py")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the results")
    parser.add_argument("--level", type=int, default=2, help="optimisation level (default 2)")
    parser.add_argument("--cases", type=int, default=2, help="inputs per size (default 2)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--small", action="store_true", help="only the sizes of the tests")
    args = parser.parse_args()
    sizes = SMALL if args.small else SPREAD
    verdicts: list[Verdict] = []
    print(HEADINGS, flush=True)
    with ProcessPoolExecutor(args.jobs) as pool:
        started = [
            pool.submit(attempt, size, args.level, args.cases, args.simulator) for size in sizes
        ]
        for done in as_completed(started):
            verdicts.append(done.result())
            print(row(verdicts[-1]), flush=True)
    verdicts.sort(key=lambda verdict: verdict.size)
    failed = [verdict for verdict in verdicts if verdict.failure is not None]
    where = "our simulator" if args.simulator is None else f"our simulator and {args.simulator}"
    print(f"{len(verdicts) - len(failed)} of {len(verdicts)} sizes right on {where}")
    if args.json is not None:
        args.json.write_text(json.dumps([asdict(verdict) for verdict in verdicts], indent=1))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

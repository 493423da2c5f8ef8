"""Make a version of the frozen suite: machine problems with proved optima.

    python -m benchmarks.frozen [--check]

Candidates are random problems of three generators at several sizes and pressures, and the blocks of
the kernels, the small ones also with three quarters of the scratch that `list` uses.  Those are
taken whose optimum `cpsat` proves within the budget, but not those where one pass of list
scheduling by critical path meets the analytic bound: there is nothing to compare on them.  No block
of `tree_hash` or its variants is among them.

Writes the table and the problems, each with its schedule, into `vliwc/lab/instances`; that is a new
version of the suite.  --check proves the optima of the present one again and writes nothing.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import astuple, fields
from itertools import product
from pathlib import Path
from typing import Final

from benchmarks.proofs import LADDER, REPOSITORY, tightened
from vliwc.lab.generators import generate, generator
from vliwc.lab.instances.frozen import STORED, TABLE, Frozen, frozen_suite
from vliwc.lab.instances.instance import Instance
from vliwc.lab.instances.kernels import suite_cases, suite_instances
from vliwc.sched.check import check_schedule
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.problem.schedule_json import schedule_to_json
from vliwc.sched.registry import make_scheduler

FOLDER: Final = REPOSITORY / "vliwc" / "lab" / "instances"
BUDGET: Final = 10
"""Of `cpsat`, for each candidate."""
KINDS: Final = ("layered", "series_parallel", "trees")
SIZES: Final = ((40, 8), (80, 8), (320, 16))
"""Operations and width."""
PRESSURES: Final = ("0.0", "0.5", "0.9")
SEEDS: Final = range(100, 102)
TIGHT: Final = 130
"""Blocks of so many operations are also tried with less scratch."""
LARGEST: Final = 800


def generated() -> Iterator[Instance]:
    """The candidates of generators."""
    for kind, (size, width), pressure, seed in product(KINDS, SIZES, PRESSURES, SEEDS):
        stated = {"operations": str(size), "width": str(width), "pressure": pressure}
        yield generate(generator(kind, stated), seed)


def blocks() -> Iterator[Instance]:
    """The candidates of kernels."""
    cases = dict.fromkeys([*suite_cases("small"), *LADDER])
    allowed = [case for case in cases if not case.kernel.startswith("tree_hash")]
    for instance in suite_instances(REPOSITORY / "kernels", allowed):
        if len(instance) <= LARGEST:
            yield instance
        if len(instance) <= TIGHT:
            tight = tightened(instance)[0]
            words = tight.problem.machine.scratch_words
            yield Instance(f"{tight.name},scratch={words}", tight.problem, tight.family)


def trivial(instance: Instance, bound: int) -> bool:
    """Whether one pass of list scheduling by critical path meets the bound."""
    try:
        return make_scheduler("list:critical-path").schedule(instance.problem).cycles <= bound
    except OutOfScratch:
        return False


def proved(instance: Instance, budget: int) -> Schedule | None:
    """An optimal schedule; None without proof, or if no schedule exists."""
    try:
        found = make_scheduler("cpsat").schedule(instance.problem, budget)
    except OutOfScratch:
        return None
    check_schedule(instance.problem, found)
    return found if found.status == "optimal" else None


def made() -> Iterator[tuple[Frozen, dict[str, object]]]:
    """The lines of the table, and what is stored for each."""
    seen: set[str] = set()
    for instance in (*generated(), *blocks()):
        bound = lower_bound(instance.problem).cycles
        if instance.digest in seen or trivial(instance, bound):
            continue
        seen.add(instance.digest)
        started = time.process_time()
        found = proved(instance, BUDGET)
        taken = f"{time.process_time() - started:.1f} s"
        if found is None:
            print(f"{instance.name}: not proved, {taken}", flush=True)
            continue
        line = Frozen(
            instance.name,
            found.cycles,
            len(instance),
            bound,
            BUDGET,
            found.bound_reason,
            instance.digest,
        )
        print(f"{instance.name}: {found.cycles} cycles, {taken}", flush=True)
        yield line, {"problem": json.loads(instance.text), "schedule": schedule_to_json(found)}


def write(suite: list[tuple[Frozen, dict[str, object]]], folder: Path) -> None:
    """Write the table and what is stored."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(Frozen)])
    writer.writerows(astuple(line) for line, _ in suite)
    (folder / TABLE).write_text(text.getvalue(), encoding="utf-8")
    stored = {line.problem: data for line, data in suite}
    packed = json.dumps(stored, separators=(",", ":"), sort_keys=True).encode()
    (folder / STORED).write_bytes(gzip.compress(packed, mtime=0))


def check() -> int:
    """Prove the optima of the suite again; the number of problems where that fails."""
    suite = frozen_suite()
    wrong = 0
    for line, instance in zip(suite.lines, suite.instances, strict=True):
        found = proved(instance, line.budget)
        if found is None or found.cycles != line.best_known:
            wrong += 1
            outcome = "no proof" if found is None else f"{found.cycles} proved"
            print(f"{line.problem}: {line.best_known} stated, {outcome}", flush=True)
    print(f"{len(suite.lines) - wrong} of {len(suite.lines)} optima proved")
    return wrong


def main() -> int:
    """Make the suite, or check it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="prove the optima again")
    if parser.parse_args().check:
        return int(check() > 0)
    write(list(made()), FOLDER)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Project scheduling: how many projects `cpsat` solves to optimality, and how far `list` is off.

    python -m benchmarks.projects [--seeds N] [--files FOLDER …] [--json FILE] [--processes N]

Generates projects of 30 jobs and 4 resources with the 48 combinations of network complexity,
resource factor and resource strength of PSPLIB's set j30, N of each (2 unless told otherwise), and
schedules them. Projects in the folders given by --files (.sm, .rcp; known makespans in
optima.json) are scheduled as well. The exit code is 1 if a project is not solved, or if a proved
makespan is not the one that is known.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import mean

from vliwc.lab.generators import generate
from vliwc.lab.generators.projects import Projects
from vliwc.lab.instances.corpus import load
from vliwc.lab.instances.instance import Instance
from vliwc.lab.runs.job import Job, Row
from vliwc.lab.runs.provenance import code_version
from vliwc.lab.runs.sweep import sweep
from vliwc.sched.problem.renewable import ProblemError

COMPLEXITY = (1.5, 1.8, 2.1)
FACTOR = (0.25, 0.5, 0.75, 1.0)
STRENGTH = (0.2, 0.5, 0.7, 1.0)
"""The parameters of j30 (Kolisch and Sprecher 1996)."""


@dataclass(frozen=True)
class Pair:
    """The rows of both schedulers on one project; cycles are its makespan."""

    cpsat: Row
    list: Row

    @property
    def solved(self) -> bool:
        """Whether the makespan of `cpsat` is proved to be the least, here or elsewhere."""
        return self.cpsat.proved or self.cpsat.cycles == self.cpsat.optimum

    @property
    def contradiction(self) -> bool:
        """Whether what was found contradicts the known optimum."""
        known = self.cpsat.optimum
        return known is not None and (
            self.cpsat.lower_bound > known or 0 < self.cpsat.cycles < known
        )

    @property
    def gap(self) -> float:
        """How far `list` is above the makespan of `cpsat`, as a fraction."""
        return self.list.cycles / self.cpsat.cycles - 1 if self.cpsat.cycles else 0.0

    def to_json(self) -> dict[str, object]:
        """The pair as JSON data; all but the seconds is reproducible."""
        return {
            "instance": self.cpsat.instance,
            "family": self.cpsat.family,
            "cpsat": self.cpsat.cycles,
            "lower_bound": self.cpsat.lower_bound,
            "status": self.cpsat.status,
            "optimum": self.cpsat.optimum,
            "list": self.list.cycles,
            "list_gap": round(self.gap, 6),
            "seconds": {
                "cpsat": round(self.cpsat.seconds, 3),
                "list": round(self.list.seconds, 3),
            },
        }


def generated(seeds: int) -> list[Instance]:
    """Projects of every combination of parameters, ``seeds`` of each, no two of one seed."""
    instances: list[Instance] = []
    for complexity, factor, strength in product(COMPLEXITY, FACTOR, STRENGTH):
        made = Projects(complexity=complexity, factor=factor, strength=strength)
        for _ in range(seeds):
            instances.append(generate(made, len(instances)))
    return instances


def run(instances: Sequence[Instance], processes: int) -> list[Pair]:
    """Schedule every project with both schedulers."""
    jobs = [Job.of(each, name, 0) for each in instances for name in ("cpsat", "list")]
    rows = sweep(jobs, processes=processes, progress=_show)
    print(file=sys.stderr)
    return [Pair(*rows[at : at + 2]) for at in range(0, len(rows), 2)]


def _show(stage: str, part: float | None) -> None:
    if part is not None and sys.stderr.isatty():
        print(f"\r{part:4.0%} {stage:60.60}", end="", file=sys.stderr, flush=True)


def print_pairs(pairs: Sequence[Pair]) -> None:
    """A line for each project."""
    width = max(len(pair.cpsat.instance) for pair in pairs)
    print(f"{'project':{width}}  cpsat  bound  known  list  list's gap  seconds  ")
    for pair in pairs:
        row = pair.cpsat
        known = "-" if row.optimum is None else row.optimum
        verdict = "proved" if row.proved else "known optimum" if pair.solved else "NOT SOLVED"
        if pair.contradiction:
            verdict = "CONTRADICTS the known optimum"
        print(
            f"{row.instance:{width}}  {row.cycles:5}  {row.lower_bound:5}  {known:>5}  "
            f"{pair.list.cycles:4}  {pair.gap:10.1%}  {row.seconds:7.2f}  {verdict}"
        )


def summary(pairs: Sequence[Pair]) -> dict[str, object]:
    """The figures over some projects; ``list_gap`` is the mean, of those with a schedule."""
    scheduled = [pair for pair in pairs if pair.cpsat.cycles and pair.list.cycles]
    return {
        "projects": len(pairs),
        "proved": sum(pair.cpsat.proved for pair in pairs),
        "solved": sum(pair.solved for pair in pairs),
        "known_optimum": sum(pair.cpsat.optimum is not None for pair in pairs),
        "contradictions": sum(pair.contradiction for pair in pairs),
        "list_optimal": sum(pair.solved and not pair.gap for pair in scheduled),
        "list_gap": round(mean(pair.gap for pair in scheduled), 6) if scheduled else None,
        "list_gap_largest": round(max(pair.gap for pair in scheduled), 6) if scheduled else None,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=2, help="projects a combination (default 2)")
    parser.add_argument(
        "--files", type=Path, action="append", default=[], metavar="FOLDER", help="more projects"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the results")
    parser.add_argument("--processes", type=int, default=1, help="processes (default 1)")
    args = parser.parse_args()
    if args.seeds < 0 or args.processes < 1:
        parser.error("--seeds takes 0 or more, --processes 1 or more")
    try:
        instances = generated(args.seeds) + (load(args.files) if args.files else [])
    except ProblemError as error:
        parser.error(str(error))
    if not instances:
        parser.error("no projects: give --files or more --seeds")
    pairs = run(instances, args.processes)
    print_pairs(pairs)
    families = sorted({pair.cpsat.family for pair in pairs})
    figures = {
        family: summary([pair for pair in pairs if pair.cpsat.family == family])
        for family in families
    }
    for family, of_family in figures.items():
        print(f"\n{family}: " + ", ".join(f"{key} {value}" for key, value in of_family.items()))
    if args.json is not None:
        report = {
            "code": code_version(),
            "summary": figures,
            "results": [pair.to_json() for pair in pairs],
        }
        args.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    bad = [pair for pair in pairs if not pair.solved or pair.contradiction]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

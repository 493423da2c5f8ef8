"""Which blocks CP-SAT schedules optimally, proved, and which stay open.

    python -m benchmarks.proofs [--most 800] [--tight 100] [--kernel NAME ...] [--processes N]
                                [--store FILE] [--output FILE] [--update-docs]

Blocks are the machine problems that -O2 makes of the kernels: all sizes of `vliwc compare --kernels
all` and a ladder of sizes between, as far as they have at most `--most` operations.  Those of at
most `--tight` operations are also scheduled with less scratch: three quarters and half of what the
list schedule uses, rounded up to whole vectors.

Every schedule is checked.  Cycles, bounds and statuses are the same in every run; seconds are those
of the computer at hand, one process a block.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from vliwc.explain.suite import Case
from vliwc.lab.instances.instance import Instance
from vliwc.lab.instances.kernels import suite_cases, suite_instances
from vliwc.lab.runs.job import Job, Row
from vliwc.lab.runs.store import Store
from vliwc.lab.runs.sweep import sweep
from vliwc.sched.problem.json import problem_from_json, problem_to_json
from vliwc.sched.registry import make_scheduler

REPOSITORY: Final = Path(__file__).resolve().parent.parent
DOCUMENT: Final = REPOSITORY / "docs" / "proofs.md"
RESULTS: Final = REPOSITORY / "benchmarks" / "results" / "proofs.json"
BEGIN, END = "<!-- table of benchmarks.proofs -->", "<!-- end of the table -->"
SMALL, ASKED = 300, 0.8
"""Blocks of so many operations should all be proved, and this part of the larger ones."""
SECONDS: Final = 120

LADDER: Final = (
    Case.of("binary_search", n=63, batch=128),
    Case.of("binary_search", n=255, batch=64),
    Case.of("binary_search", n=1000, batch=40),
    Case.of("crc32", batch=32, words=4),
    Case.of("crc32", batch=64, words=2),
    Case.of("crc32", batch=128, words=1),
    Case.of("dfa", states=8, symbol_bits=1, batch=32, words=3),
    Case.of("dfa", states=8, symbol_bits=2, batch=64, words=2),
    Case.of("dfa", states=16, symbol_bits=2, batch=64, words=1),
    Case.of("lcg", lanes=32, steps=64),
    Case.of("lcg", lanes=64, steps=30),
    Case.of("lcg", lanes=128, steps=16),
    Case.of("murmur", n=128, seed=7),
    Case.of("murmur", n=200, seed=7),
    Case.of("murmur", n=280, seed=7),
    Case.of("saxpy_dot", n=320),
    Case.of("saxpy_dot", n=512),
    Case.of("saxpy_dot", n=700),
    Case.of("ternary_tree", levels=3, steps=6, batch=64),
    Case.of("ternary_tree", levels=4, steps=8, batch=48),
    Case.of("ternary_tree", levels=5, steps=12, batch=32),
    Case.of("tree_hash", forest_height=5, rounds=5, batch_size=40),
    Case.of("tree_hash", forest_height=6, rounds=8, batch_size=48),
    Case.of("tree_hash", forest_height=10, rounds=16, batch_size=16),
    Case.of("tree_hash_full", forest_height=4, rounds=4, batch_size=40),
    Case.of("tree_hash_full", forest_height=5, rounds=8, batch_size=24),
    Case.of("tree_hash_full", forest_height=10, rounds=16, batch_size=16),
)
"""Sizes between the small ones and those of the benchmark suite: 260 to 800 operations."""


@dataclass(frozen=True)
class Proof:
    """A block under CP-SAT; ``words`` of scratch, 0 where the machine's are not reduced.

    ``list_cycles``: what the list scheduler finds under the same limit, 0 for nothing.
    """

    block: str
    operations: int
    words: int
    list_cycles: int
    cycles: int
    lower_bound: int
    status: str
    reason: str
    seconds: float

    @property
    def proved(self) -> bool:
        """Whether nothing better exists, proved."""
        return self.status in ("optimal", "infeasible")


def blocks(most: int, only: Sequence[str]) -> list[Instance]:
    """The blocks, the smallest first."""
    cases = suite_cases("all", only) + [c for c in LADDER if not only or c.kernel in only]
    found: dict[str, Instance] = {}
    for instance in suite_instances(REPOSITORY / "kernels", list(dict.fromkeys(cases))):
        if len(instance) <= most:
            found.setdefault(instance.digest, instance)
    return sorted(found.values(), key=lambda instance: (len(instance), instance.name))


def tightened(instance: Instance) -> list[Instance]:
    """The instance on machines with three quarters and half of the list schedule's scratch."""
    peak = make_scheduler("list").schedule(instance.problem).peak_words
    vlen = instance.problem.machine.vlen
    data = problem_to_json(instance.problem)
    found: list[Instance] = []
    for part in (3, 2):
        words = -(-peak * part // (4 * vlen)) * vlen
        data["machine"] = instance.problem.machine.to_dict() | {"scratch_words": words}
        problem = problem_from_json(data, instance.name)
        found.append(Instance(instance.name, problem, instance.family))
    return found


def prove(instances: Sequence[Instance], processes: int | None, store: Store | None) -> list[Proof]:
    """Schedule all instances with ``list`` and ``cpsat``."""
    names = ("list", "cpsat")
    jobs = [Job.of(instance, name, 0) for instance in instances for name in names]
    show = _progress if sys.stderr.isatty() else None
    rows = sweep(jobs, store=store, experiment="proofs", processes=processes, progress=show)
    default = max(instance.problem.machine.scratch_words for instance in instances)
    return [
        _proof(instance, rows[2 * k], rows[2 * k + 1], default)
        for k, instance in enumerate(instances)
    ]


def _proof(instance: Instance, listed: Row, solved: Row, default: int) -> Proof:
    if solved.status == "failed":
        raise SystemExit(f"{instance.name}: cpsat failed: {solved.error}")
    words = instance.problem.machine.scratch_words
    return Proof(
        instance.name,
        len(instance),
        0 if words == default else words,
        listed.cycles,
        solved.cycles,
        solved.lower_bound,
        solved.status,
        solved.bound_reason,
        round(solved.seconds, 1),
    )


def _progress(stage: str, part: float | None) -> None:
    print(f"\r{stage:<40}", end="", file=sys.stderr, flush=True)


def summary(proofs: Sequence[Proof]) -> list[str]:
    """One line for each group of blocks."""
    free = [proof for proof in proofs if not proof.words]
    groups = [
        (f"up to {SMALL} operations", [p for p in free if p.operations <= SMALL]),
        ("larger", [p for p in free if p.operations > SMALL]),
        ("scratch limited", [p for p in proofs if p.words]),
    ]
    lines: list[str] = []
    for name, members in groups:
        if members:
            proved = sum(proof.proved for proof in members)
            slow = sum(proof.seconds > SECONDS for proof in members)
            line = f"{name}: {proved} of {len(members)} proved ({proved / len(members):.0%})"
            longest = max(proof.seconds for proof in members)
            lines.append(f"{line}; longest {longest:.1f} s, {slow} above {SECONDS} s")
    return lines


def table(proofs: Sequence[Proof]) -> str:
    """The blocks in Markdown; without seconds, so that it is the same in every run."""
    heading = ("block", "operations", "scratch", "`list`", "`cpsat`", "bound", "gap", "")
    lines = [f"| {' | '.join(heading)} |", "|---|---:|---:|---:|---:|---:|---:|---|"]
    for p in proofs:
        gap = "" if not p.cycles else f"{100 * (p.cycles / p.lower_bound - 1):.1f} %"
        state = {"optimal": "proved", "infeasible": "proved: does not fit"}.get(p.status, "open")
        cells = (
            f"`{p.block.removesuffix('@O2')}`",
            str(p.operations),
            str(p.words) if p.words else "all",
            str(p.list_cycles or "-"),
            str(p.cycles or "-"),
            str(p.lower_bound) if p.cycles else "-",
            gap,
            state,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def update_document(proofs: Sequence[Proof]) -> None:
    """Put the table between its marks in the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    summed = "\n".join(f"- {line.split(';')[0]}" for line in summary(proofs))
    body = f"{BEGIN}\n{summed}\n\n{table(proofs)}\n{END}"
    DOCUMENT.write_text(before + body + after, encoding="utf-8")


def main() -> None:
    """Print the table and the summary."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--most", type=int, default=800, help="operations of a block, at most")
    parser.add_argument("--tight", type=int, default=100, help="those with limited scratch")
    parser.add_argument("--kernel", action="append", default=[], help="only this kernel")
    parser.add_argument("--processes", type=int, help="at once; one a processor by default")
    parser.add_argument("--store", help="keep rows in this store, and go on from them")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the JSON goes")
    parser.add_argument("--update-docs", action="store_true", help=f"write {DOCUMENT.name} anew")
    given = parser.parse_args()
    found = blocks(given.most, given.kernel)
    small = [instance for instance in found if len(instance) <= given.tight]
    instances = found + [tight for instance in small for tight in tightened(instance)]
    store = Store.open(given.store) if given.store else None
    proofs = prove(instances, given.processes, store)
    print(table(proofs))
    print("\n".join(summary(proofs)))
    rows = [asdict(proof) for proof in proofs]
    given.output.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    if given.update_docs:
        update_document([replace(proof, seconds=0.0) for proof in proofs])


if __name__ == "__main__":
    main()

"""`vliwc schedule`: one problem under one scheduler; `vliwc schedulers`: what there is."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from vliwc.cli.common.arguments import (
    DEFAULT_SCHEDULER,
    DEFAULT_SEED,
    Json,
    Output,
    Scheduler,
    Seed,
)
from vliwc.cli.common.errors import EXIT_WRONG, CommandError
from vliwc.cli.common.files import STDOUT, read_json, require_one_printed, write_text
from vliwc.cli.common.output import print_fields, print_json, progress
from vliwc.cli.common.tables import percent, print_table
from vliwc.cli.schedules.watching import EXIT_INTERRUPTED, Trajectory, interruptible
from vliwc.options import MAX_BUDGET

if TYPE_CHECKING:
    from vliwc.sched.problem.problem import ScheduleProblem
    from vliwc.sched.problem.schedule import Schedule

ProblemFile = Annotated[
    Path,
    typer.Argument(
        metavar="PROBLEM",
        help="A scheduling problem: our JSON, a project (.sm, .mm, .rcp, .sch), or a shop (.jsp, "
        ".fjs).",
        show_default=False,
    ),
]
Effort = Annotated[
    int | None,
    typer.Option(
        "--budget",
        metavar="N",
        help="How much the scheduler may try, in its own steps; see docs/schedulers.md.",
    ),
]
HintFile = Annotated[
    Path | None,
    typer.Option(
        "--hint", metavar="FILE", help="A schedule of the same problem, written by -o, to improve."
    ),
]
Seconds = Annotated[
    float | None,
    typer.Option(
        "--seconds",
        metavar="S",
        help="End the search after so many seconds. The result is not reproducible.",
    ),
]
TrajectoryFile = Annotated[
    Path | None,
    typer.Option(
        "--trajectory",
        metavar="FILE",
        help="Write a line of CSV for each shorter schedule and better bound, as they come.",
    ),
]
MAX_SECONDS: Final = 1_000_000
"""Some ten days."""
BY_EFFORT: Final = ("cpsat", "ortools-plain")
"""Schedulers whose default budget is time: where a time is given, that one counts."""


def schedule(
    problem: ProblemFile,
    scheduler: Scheduler = DEFAULT_SCHEDULER,
    seed: Seed = DEFAULT_SEED,
    budget: Effort = None,
    hint: HintFile = None,
    seconds: Seconds = None,
    trajectory: TrajectoryFile = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Schedule a problem, check the schedule, and report cycles, bound and status.

    The problem need not come from a kernel. The exit code is 1 if there is no schedule: none was
    found, or none exists. An interrupt (Ctrl-C) ends the search and keeps the best schedule so far;
    the exit code is 130 then.
    """
    from vliwc.lab.instances.corpus import read_instance
    from vliwc.sched.problem.schedule import Infeasible, OutOfScratch
    from vliwc.sched.registry import make_scheduler, require_valid
    from vliwc.sched.run import run_scheduler

    require_one_printed(output, as_json=as_json)
    if budget is not None and budget < 1:
        raise CommandError(f"--budget {budget}: expected 1 or more")
    chosen = make_scheduler(scheduler, seed)
    found = read_instance(problem).problem
    start = None if hint is None else _read_hint(hint, found)
    if seconds is not None and not 0 < seconds <= MAX_SECONDS:
        raise CommandError(f"--seconds {seconds:g}: expected more than 0, at most {MAX_SECONDS}")
    if seconds is not None and budget is None and scheduler in BY_EFFORT:
        budget = MAX_BUDGET  # the clock ends it
    started = time.perf_counter()
    with progress(quiet=as_json) as show:
        show(scheduler, None)
        try:
            with Trajectory.to(trajectory, scheduler, show) as watching:
                made, interrupted = interruptible(
                    lambda: run_scheduler(chosen, found, budget, start), watching, seconds
                )
        except OutOfScratch as refusal:
            status = "infeasible" if isinstance(refusal, Infeasible) else "none"
            if as_json:
                print_json({"scheduler": scheduler, "status": status, "reason": str(refusal)})
            else:
                typer.echo(f"no schedule: {refusal}", err=True)
            raise typer.Exit(EXIT_WRONG) from None
    taken = time.perf_counter() - started
    require_valid(found, made, scheduler)
    if output is not None:
        from vliwc.sched.problem.schedule_json import schedule_to_json

        write_text(output, json.dumps(schedule_to_json(made)) + "\n")
    if output != STDOUT:
        _report(found, made, scheduler, seed, taken, seconds is not None, as_json=as_json)
    if interrupted:
        typer.echo("interrupted: this is the best schedule so far", err=True)
        raise typer.Exit(EXIT_INTERRUPTED)


def _read_hint(path: Path, problem: ScheduleProblem) -> Schedule:
    """A schedule of the problem. Raises `CommandError` if the file holds something else."""
    from vliwc.sched.check import violations
    from vliwc.sched.problem.schedule_json import schedule_from_json

    hint = schedule_from_json(read_json(path), str(path))
    broken = violations(problem, hint)
    if broken:
        raise CommandError(f"{path}: no schedule of this problem: {broken[0].message}")
    return hint


def _report(
    problem: ScheduleProblem,
    made: Schedule,
    scheduler: str,
    seed: int,
    seconds: float,
    by_clock: bool,
    *,
    as_json: bool,
) -> None:
    from vliwc.explain.bounds import gap

    above = gap(made.cycles, made.lower_bound)
    if as_json:
        print_json(
            {
                "scheduler": scheduler,
                "seed": seed,
                "operations": len(problem),
                "cycles": made.cycles,
                "lower_bound": made.lower_bound,
                "bound_reason": made.bound_reason,
                "gap": above,
                "status": made.status,
                "scratch_words": made.peak_words,
                "seconds": seconds,
                "reproducible": not by_clock,
                "statistics": dict(made.statistics),
            }
        )
        return
    fields = {
        "operations": str(len(problem)),
        "cycles": str(made.cycles),
        "lower bound": f"{made.lower_bound} ({made.bound_reason})",
        "gap": percent(above) + (", proved optimal" if made.status == "optimal" else ""),
    }
    if problem.renewable is None:
        fields["scratch"] = f"{made.peak_words} of {problem.dense.words} words"
    effort = ", ".join(f"{name} {value}" for name, value in made.statistics.items())
    fields["scheduler"] = f"{scheduler}, seed {seed}" + (f"; {effort}" if effort else "")
    fields["time"] = f"{seconds:.2f} s"
    if by_clock:
        fields["note"] = "ended by the clock (--seconds): not reproducible"
    print_fields(fields)


def schedulers(as_json: Json = False) -> None:
    """List the schedulers, those of other packages included, and the priorities of `list:`."""
    from vliwc.sched import registry
    from vliwc.sched.greedy.priorities import PRIORITIES

    entries = registry.schedulers().values()
    refused = registry.refusals()
    if as_json:
        print_json(
            {
                "schedulers": [
                    {"name": entry.name, "summary": entry.summary, "origin": entry.origin}
                    for entry in entries
                ],
                "priorities": list(PRIORITIES),
                "refused": [
                    {"name": one.name, "origin": one.origin, "reason": one.reason}
                    for one in refused
                ],
            }
        )
        return
    print_table(
        "Schedulers",
        ("name", "what it does", "from"),
        [(entry.name, entry.summary, entry.origin) for entry in entries],
    )
    typer.echo("priorities of list:PRIORITY, such as list:slack+0.5*depth-first:")
    typer.echo(f"  {', '.join(PRIORITIES)}")
    for one in refused:
        typer.echo(f"refused: {one.name!r} of {one.origin}: {one.reason}")

"""`vliwc tune`: the parameters of schedulers, or the options of the compiler, that suit best."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vliwc.cli.common.arguments import Definitions, Json, MachineFile
from vliwc.cli.common.errors import CommandError
from vliwc.cli.common.output import print_fields, print_json, progress
from vliwc.cli.common.tables import print_table
from vliwc.cli.experiments.compare_inputs import require_lab
from vliwc.cli.experiments.tune_inputs import Inputs

if TYPE_CHECKING:
    from vliwc.lab.runs.store import Store
    from vliwc.lab.runs.tune import Trial, Tuning


class Search(Enum):
    """What to search."""

    SCHEDULER = "scheduler"
    COMPILE = "compile"


class Average(Enum):
    """How the figures of all instances become one."""

    MEAN = "mean"
    MEDIAN = "median"


def tune(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="KERNEL.vk files (with -D); for --search scheduler also problem files and folders "
            "of them.",
            show_default=False,
        ),
    ] = None,
    kernels: Annotated[
        str | None,
        typer.Option(
            "--kernels",
            metavar="small|all",
            help="Kernels of the suite: those of a few hundred operations, or all.",
        ),
    ] = None,
    definitions: Definitions = None,
    search: Annotated[
        Search,
        typer.Option(
            "--search",
            help="scheduler: schedulers, priorities and budgets, on scheduling problems; compile: "
            "the options of `vliwc compile`, on kernels.",
        ),
    ] = Search.SCHEDULER,
    schedulers: Annotated[
        list[str] | None,
        typer.Option(
            "--scheduler",
            metavar="NAME",
            help="Try this scheduler; repeatable. `list:` stands for all weighted sums of "
            "priorities. Without it `list:`, or for --search compile `list`.",
        ),
    ] = None,
    budgets: Annotated[
        list[int] | None,
        typer.Option("--budget", metavar="N", min=1, help="Try this budget; repeatable."),
    ] = None,
    levels: Annotated[
        list[int] | None,
        typer.Option(
            "-O",
            metavar="LEVEL",
            help="For --search compile: try this level; repeatable. Otherwise the level at which "
            "kernels are compiled.  [2]",
        ),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(
            "--compile-seeds", metavar="N", min=1, help="For --search compile: try seeds below N."
        ),
    ] = 1,
    keep_passes: Annotated[
        bool,
        typer.Option("--keep-passes", help="For --search compile: leave out no pass."),
    ] = False,
    machine: MachineFile = None,
    trials: Annotated[
        int,
        typer.Option("--trials", metavar="N", min=1, max=100_000, help="How many settings to try."),
    ] = 50,
    batch: Annotated[
        int,
        typer.Option(
            "--batch",
            metavar="N",
            min=1,
            help="How many to choose at a time. It is part of the search: the result depends on "
            "it, but not on the number of processes.",
        ),
    ] = 8,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, help="Seed of the search.")
    ] = 0,
    average: Annotated[
        Average, typer.Option("--average", help="How the figures of all instances become one.")
    ] = Average.MEAN,
    store: Annotated[
        str | None,
        typer.Option(
            "--store",
            metavar="URL",
            help="A database (a path: SQLite) that keeps rows and trials, to go on later.",
        ),
    ] = None,
    study: Annotated[
        str | None,
        typer.Option("--study", metavar="NAME", help="The study in the store.  [tune]"),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option("--processes", metavar="N", min=1, help="Jobs at a time on this computer."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", metavar="ADDRESS", help="A Dask scheduler to send the jobs to."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Search for the setting with the fewest cycles over all instances.

    The first setting tried is the baseline: the first choice of everything. A setting with which
    an instance has no schedule counts as unusable, whatever it does to the others. The result is
    the best for these instances; look at others with the commands that are printed.
    """
    require_lab("sqlalchemy", "optuna", *(["distributed"] if cluster else []))
    _check_store(study, store)
    _check_workers(processes, cluster)
    _check_compile_only(search, seeds, keep_passes=keep_passes)

    from vliwc.lab.runs.tune import tune as run

    inputs = Inputs(
        paths=paths or (),
        suite=kernels,
        definitions=definitions or (),
        machine=machine,
        schedulers=schedulers or (),
        budgets=budgets or (),
        levels=levels or (),
    )
    with progress(quiet=as_json) as show, _opened(store) as opened:
        if search is Search.SCHEDULER:
            space = inputs.scheduler_space(show)
        else:
            space = inputs.compile_space(seeds, not keep_passes)
        tuning = run(
            space,
            store=opened,
            study=study or "tune",
            trials=trials,
            batch=batch,
            seed=seed,
            statistic=average.value,
            processes=processes,
            cluster=cluster,
            progress=show,
        )
    commands = inputs.commands(space, tuning)
    if as_json:
        print_json(_report(tuning, commands))
    else:
        _print(tuning, commands)


def _check_store(study: str | None, store: str | None) -> None:
    """Raises `CommandError` for a study of no store."""
    if study is not None and store is None:
        raise CommandError("--study names one of a store; give --store, too")


def _check_workers(processes: int | None, cluster: str | None) -> None:
    """Raises `CommandError` for two answers to where jobs run."""
    if processes is not None and cluster is not None:
        raise CommandError("--processes and --cluster exclude each other")


def _check_compile_only(search: Search, seeds: int, *, keep_passes: bool) -> None:
    """Raises `CommandError` for options of the compiler where no kernel is compiled."""
    if search is Search.SCHEDULER and (seeds != 1 or keep_passes):
        option = "--keep-passes" if keep_passes else "--compile-seeds"
        raise CommandError(f"{option} is for --search compile")


@contextmanager
def _opened(place: str | None) -> Generator[Store]:
    """The store at a place, or one that is gone afterwards."""
    from vliwc.lab.runs.store import Store

    if place is not None:
        with Store.open(place) as store:
            yield store
        return
    with tempfile.TemporaryDirectory(prefix="vliwc-tune-") as folder:
        with Store.open(Path(folder) / "store.sqlite") as store:
            yield store


def _report(tuning: Tuning, commands: Sequence[str]) -> dict[str, object]:
    return {
        "study": tuning.study,
        "score": tuning.what,
        "average": tuning.statistic,
        "instances": tuning.instances,
        "baseline": _trial(tuning.baseline),
        "best": _trial(tuning.best),
        "trials": [_trial(trial) for trial in tuning.trials],
        "commands": list(commands),
    }


def _trial(trial: Trial) -> dict[str, object]:
    return {
        "number": trial.number,
        "arguments": trial.arguments,
        "value": trial.value,
        "losses": trial.losses,
        "cycles": [row.cycles for row in trial.rows],
        "error": trial.error,
    }


def _print(tuning: Tuning, commands: Sequence[str]) -> None:
    best, baseline = tuning.best, tuning.baseline
    unusable = [trial for trial in tuning.trials if trial.value is None]
    rows = [
        (name, str(before.cycles or "-"), str(after.cycles), f"{loss:+.2%}")
        for name, before, after, loss in zip(
            tuning.instances, baseline.rows, best.rows, best.losses, strict=True
        )
    ]
    print_table(
        f"The baseline and setting {best.number}",
        ("instance", "baseline", "best", tuning.what),
        rows,
        right=("baseline", "best", tuning.what),
    )
    pairs = list(zip(baseline.rows, best.rows, strict=True))
    fewer = sum(after.cycles < before.cycles for before, after in pairs if before.cycles)
    more = sum(after.cycles > before.cycles for before, after in pairs if before.cycles)
    fields = {
        "score": f"{tuning.statistic} {tuning.what}",
        "baseline": _value(baseline),
        "best": _value(best) if best.number else "the baseline; no setting is better",
        "instances": f"{fewer} of {len(pairs)} in fewer cycles than with the baseline, {more} in "
        "more",
        "settings": f"{len(tuning.trials)} tried, {len(unusable)} unusable",
    }
    if unusable:
        fields["unusable"] = "\n".join(
            f"{shlex.join(trial.arguments)}: {trial.error}" for trial in unusable
        )
    print_fields({**fields, "to use it": "\n".join(commands)})


def _value(trial: Trial) -> str:
    """A trial's score and setting."""
    if trial.value is None:
        return f"unusable: {trial.error}"
    return f"{trial.value:+.2%}  {shlex.join(trial.arguments)}"

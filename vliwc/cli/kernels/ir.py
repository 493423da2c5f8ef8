"""`vliwc ir`: the intermediate form at the end, after one pass or between all of them, and what any
other stage makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from vliwc.cli.common.arguments import (
    DEFAULT_LEVEL,
    DEFAULT_MAX_BUNDLES,
    DEFAULT_MAX_OPERATIONS,
    DEFAULT_SCHEDULER,
    DEFAULT_SEED,
    Definitions,
    Json,
    KernelFile,
    Level,
    MachineFile,
    MaxBundles,
    MaxOperations,
    Output,
    Scheduler,
    Seed,
    Verify,
    Without,
    make_options,
    parse_definitions,
)
from vliwc.cli.common.errors import CommandError
from vliwc.cli.common.files import STDOUT, write_text
from vliwc.cli.common.output import print_json, progress, warn
from vliwc.clock import Clock

if TYPE_CHECKING:
    from vliwc.lang import CheckedKernel
    from vliwc.options import Options, Relief


@dataclass(frozen=True, slots=True)
class Stage:
    """The intermediate form after the Nth run of a pass."""

    name: str
    run: int
    text: str

    @property
    def label(self) -> str:
        """What `--after` takes to mean this run."""
        return f"{self.name}:{self.run}"

    def to_json(self) -> dict[str, object]:
        """The stage as JSON data."""
        return {"pass": self.name, "run": self.run, "text": self.text}


def ir(
    kernel: KernelFile,
    definitions: Definitions = None,
    level: Level = DEFAULT_LEVEL,
    after: Annotated[
        str | None,
        typer.Option(
            "--after",
            metavar="PASS",
            help="Show the form after this pass; if it runs several times, PASS:N is the Nth run "
            "and PASS the last.",
        ),
    ] = None,
    between: Annotated[
        bool, typer.Option("--between", help="Show the form after every pass that changed it.")
    ] = False,
    stage: Annotated[
        str | None,
        typer.Option(
            "--stage",
            metavar="NAME",
            help="Show what any stage of the compilation makes, the back end included: lane IR, "
            "machine DAG (.mir), scheduling problem, schedule, program. NAME:N as for --after; a "
            "wrong name lists the stages.",
        ),
    ] = None,
    scheduler: Scheduler = DEFAULT_SCHEDULER,
    machine: MachineFile = None,
    seed: Seed = DEFAULT_SEED,
    max_operations: MaxOperations = DEFAULT_MAX_OPERATIONS,
    max_bundles: MaxBundles = DEFAULT_MAX_BUNDLES,
    verify: Verify = False,
    without: Without = None,
    output: Output = STDOUT,
    as_json: Json = False,
) -> None:
    """Print the intermediate form of one lane of a kernel as .vir text, or what any stage makes."""
    from vliwc.lang import load_kernel  # takes longer to load than `vliwc --help` should

    if between + (after is not None) + (stage is not None) > 1:
        raise CommandError("--after, --between and --stage contradict each other")
    options = make_options(
        level=level,
        scheduler=scheduler,
        machine=machine,
        max_operations=max_operations,
        max_bundles=max_bundles,
        seed=seed,
        verify=verify,
        without=without,
    )
    params = parse_definitions(definitions)
    with progress(quiet=as_json) as show:
        forms = run_stages(
            lambda: load_kernel(kernel, params, options.max_unrolled),
            options,
            show,
            stage=stage,
            after=after,
        )
    found = number_stages(forms)
    chosen = changed_stages(found) if between else found[-1:]
    text = "\n".join(f"# after {each.label}\n{each.text}" for each in chosen)
    if stage is not None:
        text = chosen[0].text  # as it is: other programs read it
    path = output or STDOUT
    if not as_json:
        write_text(path, text)
        return
    report: dict[str, object] = {"stages": [each.to_json() for each in chosen]}
    if path != STDOUT:
        write_text(path, text)
        report["output"] = str(path)
    print_json(report)


def run_stages(
    load: Callable[[], CheckedKernel],
    options: Options,
    show: Callable[[str, float | None], None],
    *,
    stage: str | None,
    after: str | None,
) -> list[tuple[str, str]]:
    """The name and text of each stage of lane IR, up to the pass ``after`` if one is given, or
    only of ``stage``.

    Raises:
        CommandError: there is no such stage or pass; the message lists those that there are.  It
            is raised before anything is run.
        vliwc.diagnostics.KernelError: the kernel or its parameters are at fault.
    """
    from vliwc.stages import Unit, fitting, stages  # as in `compile`: the solver is slow to load

    steps = stages(options)
    names = [(at, part.name) for at, step in enumerate(steps) for part in (*step.parts, step)]
    lanes = [at for at, step in enumerate(steps) if step.lane_ir]
    last = lanes[-1]
    if stage is not None:
        labels = number_stages([(name, str(at)) for at, name in names])
        last = int(find_stage(labels, stage, "--stage").text)
    elif after is not None:
        labels = number_stages([(steps[at].name, str(at)) for at in lanes])
        last = int(find_stage(labels, after, "--after").text)
    wanted = None if stage is None else stage.partition(":")[0]

    def run(at: Options, relief: Relief) -> list[tuple[str, str]]:
        unit = Unit(load, at, Clock(show), relief)
        forms: list[tuple[str, str]] = []
        here = steps if at is options else stages(at)
        names = [step.name for step in here]
        end = last if at is options else len(names) - names[::-1].index(steps[last].name) - 1
        for step in here[: end + 1]:
            with unit.clock.stage(step.name):
                step.run(unit)
            if wanted is None and step.lane_ir:
                forms.append((step.name, step.show(unit)))
        if wanted is None:
            return forms
        parts = (*here[end].parts, here[end])
        return [(wanted, part.show(unit)) for part in parts if part.name == wanted]

    forms, notes = fitting(options, run)
    for note in notes:
        warn(f"note: {note}")
    if not forms:
        raise CommandError(f"--stage {stage}: not made at the level at which the kernel fits")
    return forms


def number_stages(named: Sequence[tuple[str, str]]) -> list[Stage]:
    """Stages from (pass, text) in the order in which the passes ran."""
    runs = Counter[str]()
    stages: list[Stage] = []
    for name, text in named:
        runs[name] += 1
        stages.append(Stage(name, runs[name], text))
    return stages


def find_stage(stages: Sequence[Stage], wanted: str, option: str) -> Stage:
    """The stage that ``PASS`` or ``PASS:N`` names.

    Raises:
        CommandError: there is no such stage; the message lists those that there are.
    """
    for stage in reversed(stages):
        if wanted in (stage.name, stage.label):
            return stage
    what = "pass" if option == "--after" else "stage"
    names = ", ".join(dict.fromkeys(stage.name for stage in stages))
    raise CommandError(f"{option} {wanted}: no such {what}; there are {names}")


def changed_stages(stages: Sequence[Stage]) -> list[Stage]:
    """The first stage, and every other one whose text differs from the one before."""
    pairs = zip([None, *stages], stages, strict=False)
    return [stage for before, stage in pairs if before is None or before.text != stage.text]

"""`vliwc ir`: the intermediate form at the end, after one pass, or between all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from vliwc.cli.arguments import (
    DEFAULT_LEVEL,
    Definitions,
    Json,
    KernelFile,
    Level,
    MachineFile,
    Output,
    Verify,
    Without,
    make_options,
    parse_definitions,
)
from vliwc.cli.errors import CommandError
from vliwc.cli.files import STDOUT, write_text
from vliwc.cli.output import print_json, progress
from vliwc.ir.text import print_function
from vliwc.lang import load_kernel
from vliwc.lang.lower import lower


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
    machine: MachineFile = None,
    verify: Verify = False,
    without: Without = None,
    output: Output = STDOUT,
    as_json: Json = False,
) -> None:
    """Print the intermediate form of one lane of a kernel as .vir text."""
    from vliwc.driver import optimise  # as in `compile`: the solver is slow to load

    if after is not None and between:
        raise CommandError("--after and --between contradict each other")
    options = make_options(
        level=level,
        scheduler="list",
        machine=machine,
        seed=0,
        verify=verify,
        without=without,
    )
    checked = load_kernel(kernel, parse_definitions(definitions))
    with progress(quiet=as_json) as show:
        _, _, forms = optimise(lower(checked), options, show)
    stages = number_stages([(name, print_function(form)) for name, form in forms])
    if between:
        chosen = changed_stages(stages)
    elif after is not None:
        chosen = [find_stage(stages, after)]
    else:
        chosen = stages[-1:]
    text = "\n".join(f"# after {stage.label}\n{stage.text}" for stage in chosen)
    path = output or STDOUT
    if not as_json:
        write_text(path, text)
        return
    report: dict[str, object] = {"stages": [stage.to_json() for stage in chosen]}
    if path != STDOUT:
        write_text(path, text)
        report["output"] = str(path)
    print_json(report)


def number_stages(named: Sequence[tuple[str, str]]) -> list[Stage]:
    """Stages from (pass, text) in the order in which the passes ran."""
    runs = Counter[str]()
    stages: list[Stage] = []
    for name, text in named:
        runs[name] += 1
        stages.append(Stage(name, runs[name], text))
    return stages


def find_stage(stages: Sequence[Stage], wanted: str) -> Stage:
    """The stage that ``PASS`` or ``PASS:N`` names.

    Raises:
        CommandError: no such pass ran; the message lists those that did.
    """
    for stage in reversed(stages):
        if wanted in (stage.name, stage.label):
            return stage
    ran = ", ".join(dict.fromkeys(stage.name for stage in stages))
    raise CommandError(f"--after {wanted}: no such pass ran; those that did are {ran}")


def changed_stages(stages: Sequence[Stage]) -> list[Stage]:
    """The first stage, and every other one whose text differs from the one before."""
    pairs = zip([None, *stages], stages, strict=False)
    return [stage for before, stage in pairs if before is None or before.text != stage.text]

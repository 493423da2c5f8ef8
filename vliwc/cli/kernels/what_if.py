"""`vliwc what-if`: what would help a kernel most."""

from __future__ import annotations

from typing import Annotated

import typer

from vliwc.cli.common.arguments import (
    DEFAULT_LEVEL,
    DEFAULT_MAX_BUNDLES,
    DEFAULT_MAX_OPERATIONS,
    DEFAULT_SCHEDULER,
    DEFAULT_SEED,
    Budget,
    Definitions,
    Json,
    KernelFile,
    Level,
    MachineFile,
    MaxBundles,
    MaxOperations,
    Scheduler,
    Seed,
    Without,
    make_options,
    parse_definitions,
)
from vliwc.cli.common.output import print_fields, print_json, progress
from vliwc.cli.common.tables import print_table
from vliwc.cli.kernels.compile import bound_and_gap, compile_quietly

Changes = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[CHANGE]…",
        help="load=3, scratch=2048, flow=2,load=3 (together), without=gvn. Without any: one more "
        "slot on each engine, scratch twice and half as large, and every pass and strategy that "
        "did something left out.",
        show_default=False,
    ),
]


def what_if(
    kernel: KernelFile,
    changes: Changes = None,
    definitions: Definitions = None,
    level: Level = DEFAULT_LEVEL,
    scheduler: Scheduler = DEFAULT_SCHEDULER,
    machine: MachineFile = None,
    max_operations: MaxOperations = DEFAULT_MAX_OPERATIONS,
    max_bundles: MaxBundles = DEFAULT_MAX_BUNDLES,
    seed: Seed = DEFAULT_SEED,
    budget: Budget = None,
    without: Without = None,
    as_json: Json = False,
) -> None:
    """Compile a kernel for other machines and without single passes or strategies, and rank them.

    Each row is a compilation of its own: cycles are measured, not estimated.
    """
    from vliwc.driver import compile_file
    from vliwc.explain.what_if import parse_change, usual_changes
    from vliwc.explain.what_if import what_if as answers

    options = make_options(
        level=level,
        scheduler=scheduler,
        machine=machine,
        max_operations=max_operations,
        max_bundles=max_bundles,
        seed=seed,
        budget=budget,
        without=without,
    )
    asked = [parse_change(text, options) for text in changes or ()]
    params = parse_definitions(definitions)
    base = compile_quietly(kernel, params, options, quiet=as_json, keep_stages=True)
    with progress(quiet=as_json) as show:
        found = answers(
            base,
            asked or usual_changes(base, options),
            lambda at: compile_file(kernel, params, at),
            show,
        )
    if as_json:
        print_json(
            {
                "kernel": base.kernel.name,
                "params": dict(base.kernel.params),
                "cycles": base.cycles,
                "lower_bound": base.lower_bound,
                "kernel_bound": base.kernel_bound,
                "answers": [answer.to_json() for answer in found],
            }
        )
        return
    sizes = ", ".join(f"{name}={value}" for name, value in base.kernel.params.items())
    print_fields(
        {
            "kernel": f"{base.kernel.name}({sizes}) -O{level}",
            "cycles": str(base.cycles),
            "schedule bound": bound_and_gap(base.lower_bound, base.gap),
            "kernel bound": bound_and_gap(base.kernel_bound, base.kernel_gap),
        }
    )
    typer.echo()
    numbers = ("cycles", "more", "schedule bound", "kernel bound")
    print_table(
        "What if, the fewest cycles first",
        ("change", *numbers),
        [
            (answer.name, answer.error, "", "", "")
            if answer.error
            else (
                answer.name,
                str(answer.cycles),
                f"{answer.more:+d}" if answer.more else "0",
                str(answer.lower_bound),
                str(answer.kernel_bound),
            )
            for answer in found
        ],
        right=() if any(answer.error for answer in found) else numbers,
    )

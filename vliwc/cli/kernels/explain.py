"""`vliwc explain`: where a program's cycles go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vliwc.cli.common.arguments import (
    DEFAULT_LEVEL,
    DEFAULT_MAX_BUNDLES,
    DEFAULT_MAX_OPERATIONS,
    DEFAULT_SCHEDULER,
    DEFAULT_SEED,
    Budget,
    Cache,
    Definitions,
    Guard,
    Hint,
    Json,
    KernelFile,
    Level,
    MachineFile,
    MaxBundles,
    MaxOperations,
    Scheduler,
    Seed,
    make_options,
    parse_definitions,
)
from vliwc.cli.common.files import write_text
from vliwc.cli.common.output import print_fields, print_json
from vliwc.cli.common.tables import print_table
from vliwc.cli.kernels.compile import bound_and_gap, compile_quietly, guard_field, parts_field

if TYPE_CHECKING:
    from vliwc.explain.report import Explanation

HtmlFile = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write the report as one HTML page."),
]
Windows = Annotated[
    int,
    typer.Option("--windows", metavar="N", min=1, help="Stretches of time to show utilisation in."),
]

MOST = 4
"""So many of the things that stand between a program and the kernel bound are named."""


def explain(
    kernel: KernelFile,
    definitions: Definitions = None,
    level: Level = DEFAULT_LEVEL,
    scheduler: Scheduler = DEFAULT_SCHEDULER,
    machine: MachineFile = None,
    max_operations: MaxOperations = DEFAULT_MAX_OPERATIONS,
    max_bundles: MaxBundles = DEFAULT_MAX_BUNDLES,
    guard: Guard = False,
    seed: Seed = DEFAULT_SEED,
    budget: Budget = None,
    hint: Hint = None,
    cache: Cache = True,
    html: HtmlFile = None,
    windows: Windows = 20,
    as_json: Json = False,
) -> None:
    """Compile a kernel and say where the cycles go: by time, purpose, source line, and cause."""
    options = make_options(
        level=level,
        scheduler=scheduler,
        machine=machine,
        max_operations=max_operations,
        max_bundles=max_bundles,
        guard=guard,
        seed=seed,
        budget=budget,
        hint=hint,
    )
    result = compile_quietly(
        kernel, parse_definitions(definitions), options, quiet=as_json, cache=cache
    )
    from vliwc.explain.html import html_page
    from vliwc.explain.report import explain as explain_compilation

    explanation = explain_compilation(result, count=windows)
    if html is not None:
        write_text(html, html_page(explanation))
    if as_json:
        report = explanation.to_json()
        if html is not None:
            report["html"] = str(html)
        print_json(report)
    else:
        _print(explanation)


def _print(explanation: Explanation) -> None:
    from vliwc.explain.bounds import gap
    from vliwc.sched.problem.dense import ENGINES

    result, bounds = explanation.compilation, explanation.bounds
    sizes = ", ".join(f"{name}={value}" for name, value in result.kernel.params.items())
    parts = parts_field(result)
    if parts:
        parts["parts"] += " (what follows the bounds is of one trip)"
    fields = {
        "kernel": f"{result.kernel.name}({sizes})",
        "cycles": str(result.cycles),
        **guard_field(result),
        **parts,
        "schedule bound": bound_and_gap(bounds.best.cycles, gap(bounds.cycles, bounds.best.cycles))
        + f": {bounds.best.reason}",
        "kernel bound": bound_and_gap(
            bounds.kernel_cycles, gap(bounds.cycles, bounds.kernel_cycles)
        ),
    }
    if explanation.gap is not None:
        parts = explanation.gap
        causes = [
            (parts.work, "work in the cheapest forms"),
            (parts.dearer, "work in dearer forms than necessary"),
            *(
                (phase.idle, f"idle in {phase.name}, cycles {phase.first} to {phase.end}")
                for phase in parts.phases
            ),
        ]
        lines = [f"counting {parts.counting}", *(f"{n:8.1f}  {text}" for n, text in causes)]
        fields["they go to"] = "\n".join(lines)
    fields["cycles by cause"] = (
        "\n".join(f"{cause.cycles:6d}    {cause.text}" for cause in explanation.causes.each)
        or "none"
    )
    if bounds.far_from_kernel and explanation.obstacles:
        fields["beyond the bound"] = "\n".join(
            f"{obstacle.cycles:8.1f}  {obstacle}" for obstacle in explanation.obstacles[:MOST]
        )
    fields["with one more slot"] = "\n".join(
        f"{engine:<5}  bound {bound.cycles} ({bound.cycles - bounds.best.cycles:+d})"
        for engine, bound in explanation.one_more.items()
    )
    fields["table reads"] = "\n".join(str(read) for read in explanation.reads) or "none"
    print_fields(fields)
    typer.echo()
    numbers = (*ENGINES, "worth")
    print_table(
        "Used part of the slots",
        ("cycles", *ENGINES),
        [
            (f"{w.first}..{w.end}", *(f"{100 * w.used[e]:.0f} %" for e in ENGINES))
            for w in explanation.windows
        ],
        right=ENGINES,
    )
    print_table(
        "Slots by purpose, and what they are worth in cycles",
        ("purpose", *numbers),
        [
            (share.name, *(str(share.slots[e]) for e in ENGINES), f"{share.value:.1f}")
            for share in (*explanation.owners, *explanation.kinds)
        ],
        right=numbers,
    )
    print_table(
        "Slots by source line",
        ("line", "source", *numbers),
        [
            (
                str(at.line or ""),
                at.text,
                *(str(at.share.slots[e]) for e in ENGINES),
                f"{at.share.value:.1f}",
            )
            for at in explanation.lines
        ],
        right=("line", *numbers),
    )

"""`vliwc report`: a compilation as one page to look into."""

from __future__ import annotations

from dataclasses import replace
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
    Definitions,
    Hint,
    Json,
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
from vliwc.cli.common.errors import CommandError
from vliwc.cli.common.files import read_text, write_text
from vliwc.cli.common.output import print_fields, print_json
from vliwc.cli.kernels.compile import compile_quietly

if TYPE_CHECKING:
    from isa.program import JSON

Inputs = Annotated[
    list[Path],
    typer.Argument(
        metavar="KERNEL.vk|REPORT.html …",
        help="A kernel to compile, or a report to show again; two of them are compared.",
        show_default=False,
    ),
]
Page = Annotated[
    Path, typer.Option("-o", "--output", metavar="FILE.html", help="Where to write the page.")
]
Versus = Annotated[
    int | None,
    typer.Option("--versus", metavar="LEVEL", help="Compare with the same kernel at this level."),
]


def report(
    inputs: Inputs,
    output: Page,
    definitions: Definitions = None,
    level: Level = DEFAULT_LEVEL,
    scheduler: Scheduler = DEFAULT_SCHEDULER,
    machine: MachineFile = None,
    max_operations: MaxOperations = DEFAULT_MAX_OPERATIONS,
    max_bundles: MaxBundles = DEFAULT_MAX_BUNDLES,
    seed: Seed = DEFAULT_SEED,
    budget: Budget = None,
    hint: Hint = None,
    without: Without = None,
    versus: Versus = None,
    as_json: Json = False,
) -> None:
    """Compile a kernel and write one page with its schedule, source, IR and where the cycles go.

    The page needs nothing from outside. Pages hold their data: `vliwc report A.html B.html -o
    BOTH.html` compares two compilations, whatever they differ in (kernel, level, version).
    """
    options = make_options(
        level=level,
        scheduler=scheduler,
        machine=machine,
        max_operations=max_operations,
        max_bundles=max_bundles,
        seed=seed,
        budget=budget,
        hint=hint,
        without=without,
    )
    texts = {path: read_text(path) for path in inputs}
    kernels = [path for path in inputs if not texts[path].lstrip().startswith("<")]
    if len(kernels) > 1:
        raise CommandError(
            "two kernels have parameters and options of their own: write a report of each, "
            "then `vliwc report A.html B.html`"
        )
    if not kernels and (definitions or versus is not None):
        raise CommandError("-D and --versus are for a kernel, and there are only reports")
    shown: list[dict[str, JSON]] = []
    for path in inputs:
        if path not in kernels:
            from vliwc.report.render import read_report

            shown += read_report(texts[path], str(path))
            continue
        levels = [level] if versus is None else [level, versus]
        for each in levels:
            at = replace(options, level=each)
            params = parse_definitions(definitions)
            made = compile_quietly(path, params, at, quiet=as_json, keep_stages=True)
            from vliwc.report.data import report_data  # needs the compiler: a second to load

            shown.append(report_data(made, at))
    if len(shown) > 2:
        raise CommandError(f"a page compares two compilations, and these are {len(shown)}")
    from vliwc.report.render import report_page, title

    page = report_page(shown)
    write_text(output, page)
    titles = [title(data) for data in shown]
    if as_json:
        cycles = [data["cycles"] for data in shown]
        print_json({"output": str(output), "titles": titles, "cycles": cycles})
        return
    fields = {
        "report" if len(shown) == 1 else "AB"[number]: f"{name}: {shown[number]['cycles']} cycles"
        for number, name in enumerate(titles)
    }
    print_fields({**fields, "written": f"{output} ({len(page.encode()) / 1e6:.1f} MB)"})

"""`vliwc bound`: what is proved about the cycles of a kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from vliwc.cli.common.output import print_fields, print_json
from vliwc.cli.common.tables import print_table
from vliwc.cli.kernels.compile import bound_and_gap, compile_quietly

if TYPE_CHECKING:
    from vliwc.driver import Compilation
    from vliwc.explain.bounds import BoundReport


def bound(
    kernel: KernelFile,
    definitions: Definitions = None,
    level: Level = DEFAULT_LEVEL,
    scheduler: Scheduler = DEFAULT_SCHEDULER,
    machine: MachineFile = None,
    max_operations: MaxOperations = DEFAULT_MAX_OPERATIONS,
    max_bundles: MaxBundles = DEFAULT_MAX_BUNDLES,
    seed: Seed = DEFAULT_SEED,
    budget: Budget = None,
    hint: Hint = None,
    cache: Cache = True,
    as_json: Json = False,
) -> None:
    """Compile a kernel and prove how few cycles it could take at best.

    Two things are proved: that no schedule of the machine DAG the compiler chose takes fewer
    cycles, and that no other assignment of the strategies it knows leads to fewer.
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
    )
    result = compile_quietly(
        kernel, parse_definitions(definitions), options, quiet=as_json, cache=cache
    )
    from vliwc.explain.bounds import bound_report

    report = bound_report(result)
    if as_json:
        print_json(
            {"kernel": result.kernel.name, "params": result.kernel.params, "level": level}
            | report.to_json()
        )
        return
    _print(result, report)


def _print(result: Compilation, report: BoundReport) -> None:
    from vliwc.explain.bounds import PROVES_DAG, PROVES_KERNEL, gap

    sizes = ", ".join(f"{name}={value}" for name, value in result.kernel.params.items())
    best, kernel = report.best, report.kernel_cycles
    print_fields(
        {
            "kernel": f"{result.kernel.name}({sizes})",
            "cycles": str(report.cycles),
            "schedule bound": f"{bound_and_gap(best.cycles, gap(report.cycles, best.cycles))}\n"
            f"{best.reason}\nproves that {PROVES_DAG}",
            "kernel bound": f"{bound_and_gap(kernel, gap(report.cycles, kernel))}\n"
            f"{report.kernel:.1f} cycles of work in the best choice of operations\n"
            f"proves that {PROVES_KERNEL}",
        }
    )
    typer.echo()
    print_table(
        "Bounds of the chosen operations",
        ("counting", "cycles", "because"),
        [(b.name, str(b.cycles), b.reason.removeprefix(f"{b.name}: ")) for b in report.dag],
        right=("cycles",),
    )

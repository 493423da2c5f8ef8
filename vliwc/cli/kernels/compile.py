"""`vliwc compile`: a kernel to a program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    Output,
    Scheduler,
    Seed,
    Verify,
    Without,
    make_options,
    parse_definitions,
)
from vliwc.cli.common.files import STDOUT, require_one_printed, write_text
from vliwc.cli.common.output import print_fields, print_json, progress, warn
from vliwc.cli.common.tables import percent
from vliwc.cli.kernels.convert import Emit, Format, program_text
from vliwc.cli.schedules.watching import EXIT_INTERRUPTED, interruptible
from vliwc.clock import Clock

if TYPE_CHECKING:
    from vliwc.driver import Compilation
    from vliwc.lang import CheckedKernel
    from vliwc.options import Options

Provenance = Annotated[
    bool,
    typer.Option(
        "--provenance/--no-provenance",
        help="Keep the source line, the lane group and the value of each slot, and the source: in "
        "the meta data of a program file, as comments in asm; takehome has none.",
    ),
]


def compile_kernel(
    kernel: KernelFile,
    definitions: Definitions = None,
    level: Level = DEFAULT_LEVEL,
    scheduler: Scheduler = DEFAULT_SCHEDULER,
    machine: MachineFile = None,
    max_operations: MaxOperations = DEFAULT_MAX_OPERATIONS,
    max_bundles: MaxBundles = DEFAULT_MAX_BUNDLES,
    guard: Guard = False,
    seed: Seed = DEFAULT_SEED,
    verify: Verify = False,
    budget: Budget = None,
    hint: Hint = None,
    cache: Cache = True,
    without: Without = None,
    output: Output = None,
    emit: Emit = Format.PROGRAM,
    provenance: Provenance = True,
    as_json: Json = False,
) -> None:
    """Compile a kernel and report on the program; -o writes it."""
    require_one_printed(output, as_json=as_json)
    options = make_options(
        level=level,
        scheduler=scheduler,
        machine=machine,
        max_operations=max_operations,
        max_bundles=max_bundles,
        guard=guard,
        seed=seed,
        verify=verify,
        budget=budget,
        hint=hint,
        without=without,
    )
    interrupted = False

    def run(work: Callable[[], Compilation]) -> Compilation:
        nonlocal interrupted
        result, interrupted = interruptible(work)
        return result

    result = compile_quietly(
        kernel, parse_definitions(definitions), options, quiet=as_json, cache=cache, run=run
    )
    _write(result, output, emit, provenance=provenance, as_json=as_json)
    if interrupted:
        typer.echo("interrupted: this is the best program so far", err=True)
        raise typer.Exit(EXIT_INTERRUPTED)


def _write(
    result: Compilation, output: Path | None, emit: Format, *, provenance: bool, as_json: bool
) -> None:
    if output is not None:
        program = result.annotated_program() if provenance else result.program
        write_text(output, program_text(program, emit, comments=True))
    if as_json:
        report = result.to_json()
        if output is not None:
            report |= {"output": str(output), "format": emit.value}
        print_json(report)
        return
    if output == STDOUT:
        return
    fields = summary(result)
    if output is not None:
        fields["written"] = f"{output} ({emit.value})"
    print_fields(fields)


def compile_quietly(
    kernel: Path,
    params: dict[str, int],
    options: Options,
    *,
    quiet: bool,
    cache: bool = False,
    keep_stages: bool = False,
    accept: Callable[[CheckedKernel], None] | None = None,
    run: Callable[[Callable[[], Compilation]], Compilation] = lambda work: work(),
) -> Compilation:
    """Compile with a progress line for people; remarks go to standard error.

    With ``cache`` a compilation that was made before is taken from there; it has no stages.
    ``accept`` may refuse the kernel before any work is done for it; ``run`` does the work.

    Raises:
        vliwc.diagnostics.KernelError: the kernel or its parameters are at fault.
    """
    with progress(quiet=quiet) as show:
        # Loading the language takes longer than `vliwc --help` should, and loading the solvers
        # longer than it takes to find a mistake in a kernel.
        from vliwc.lang import load_kernel

        clock = Clock(show)
        with clock.stage("front-end"):
            checked = load_kernel(kernel, params, options.max_unrolled)
        if accept is not None:
            accept(checked)
        from vliwc.cache.compilations import compile_cached
        from vliwc.driver import compile_checked

        def compile_new() -> Compilation:
            loading = clock.times[0][1]
            return compile_checked(checked, options, show, keep_stages=keep_stages, loading=loading)

        def found() -> Compilation:
            return compile_cached(checked, options, compile_new) if cache else compile_new()

        result = run(found)
    for note in dict.fromkeys(result.notes):
        warn(f"note: {note}")
    return result


def summary(result: Compilation) -> dict[str, str]:
    """What people want to know about a compilation, by heading."""
    machine = result.program.machine
    engines = [engine for engine in result.ops if result.ops[engine]]
    sizes = ", ".join(f"{name}={value}" for name, value in result.kernel.params.items())
    return {
        "kernel": f"{result.kernel.name}({sizes})",
        "cycles": f"{result.cycles}{iterations(result)}",
        **guard_field(result),
        **parts_field(result),
        "schedule bound": f"{bound_and_gap(result.lower_bound, result.gap)}: {result.bound_reason}",
        "kernel bound": bound_and_gap(result.kernel_bound, result.kernel_gap),
        "bundles": str(result.bundles),
        "slots": _columns({engine: f"{result.ops[engine]}" for engine in engines}),
        "utilization": _columns(
            {engine: percent(result.utilization[engine]) for engine in engines}
        ),
        "scratch": f"{result.scratch_words} of {machine.scratch_words} words",
        "compiled in": f"{result.compile_seconds:.2f} s (scheduler {result.scheduler}, "
        f"seed {result.seed}{', earlier: from the cache' if result.from_cache else ''})",
    }


def iterations(result: Compilation) -> str:
    """For how many iterations of its loops a program takes the cycles that are shown."""
    if result.sized is None or not result.sized.loops:
        return ""
    counts = ", ".join(map(str, result.sized.iterations))
    return f" for {counts} iterations"


def parts_field(result: Compilation) -> dict[str, str]:
    """The parts of a program with a machine loop."""
    if len(result.parts) == 1:
        return {}
    if result.sized is not None:
        return {"parts": ", ".join(f"{name}: {cycles}" for name, cycles, _ in result.parts)}
    each = (
        f"{name} {cycles}" if trips < 2 else f"{trips} trips of {cycles}"
        for name, cycles, trips in result.parts
    )
    return {"parts": ", ".join(each)}


def guard_field(result: Compilation) -> dict[str, str]:
    """What it costs to test at run time what the kernel assumes."""
    if result.guarded is None:
        return {}
    guarded = result.guarded
    return {
        "guard": f"{guarded.cost} of the cycles; {guarded.otherwise} cycles in all where an "
        "assumption does not hold"
    }


def bound_and_gap(bound: int, gap: float) -> str:
    """A bound, and how far above it the program is."""
    return f"{bound} (gap {percent(gap)})"


def _columns(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())

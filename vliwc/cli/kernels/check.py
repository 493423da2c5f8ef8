"""`vliwc check`: compile a kernel and compare its answers with the reference interpreter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isa.original import OriginalProblem
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
    Verify,
    Without,
    make_options,
    parse_definitions,
)
from vliwc.cli.common.errors import EXIT_WRONG
from vliwc.cli.common.output import print_fields, print_json, progress
from vliwc.cli.kernels.compile import compile_quietly, summary

if TYPE_CHECKING:
    from vliwc.checking import Outcome
    from vliwc.driver import Compilation


def check(
    kernel: KernelFile,
    definitions: Definitions = None,
    level: Level = DEFAULT_LEVEL,
    cases: Annotated[
        int | None,
        typer.Option(
            "--cases", min=1, metavar="N", help="How many random inputs to run. [default: 8]"
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", min=0, metavar="N", help="Case k is the random input N + k. [default: 0]"
        ),
    ] = None,
    memory: Annotated[
        Path | None,
        typer.Option(
            "--memory",
            metavar="IMAGE",
            help="Run this input (a JSON list of words, or .npy); random ones after it only if "
            "--cases or --seed asks for them.",
        ),
    ] = None,
    simulator: Annotated[
        Path | None,
        typer.Option(
            "--simulator",
            metavar="PATH/problem.py",
            help="Run on the take-home's original simulator too.",
        ),
    ] = None,
    scheduler: Scheduler = DEFAULT_SCHEDULER,
    machine: MachineFile = None,
    max_operations: MaxOperations = DEFAULT_MAX_OPERATIONS,
    max_bundles: MaxBundles = DEFAULT_MAX_BUNDLES,
    guard: Guard = False,
    compile_seed: Annotated[
        int,
        typer.Option("--compile-seed", metavar="N", help="Seed of the compiler's own choices."),
    ] = DEFAULT_SEED,
    verify: Verify = False,
    budget: Budget = None,
    hint: Hint = None,
    cache: Cache = True,
    without: Without = None,
    as_json: Json = False,
) -> None:
    """Compile a kernel and compare its answers with the reference interpreter.

    The program is run on random inputs, on a given one, or on both. Output arrays must hold
    the reference's words, and all words that no role lets the kernel change must be as they were.
    Exit code 1 says that some word is wrong.
    """
    # It loads the language, which takes longer than `vliwc --help` should.
    from vliwc.checking import Case, our_simulator, require_short, run_cases

    options = make_options(
        level=level,
        scheduler=scheduler,
        machine=machine,
        max_operations=max_operations,
        max_bundles=max_bundles,
        guard=guard,
        seed=compile_seed,
        verify=verify,
        budget=budget,
        hint=hint,
        without=without,
    )
    original = None if simulator is None else OriginalProblem(simulator)
    inputs: list[int | Case] = []
    if memory is not None:
        from isa.images import read_image

        inputs.append(Case(read_image(memory), file=str(memory)))
    if memory is None or cases is not None or seed is not None:
        inputs += range(seed or 0, (seed or 0) + (cases or 8))
    result = compile_quietly(
        kernel,
        parse_definitions(definitions),
        options,
        quiet=as_json,
        cache=cache,
        accept=lambda checked: require_short(checked, options.max_operations),
    )
    simulators = our_simulator(result)
    if original is not None:
        simulators[str(simulator)] = lambda words: original.run(result.program, words)
    with progress(quiet=as_json) as show:
        outcome = run_cases(result, inputs, simulators, show)
    if as_json:
        print_json(_report(result, outcome, simulator))
    else:
        _print(result, outcome, list(simulators))
    if not outcome.correct:
        raise typer.Exit(EXIT_WRONG)


def _report(result: Compilation, outcome: Outcome, simulator: Path | None) -> dict[str, object]:
    mismatch = outcome.mismatch
    return {
        **result.to_json(),
        "cases": outcome.cases,
        "correct": outcome.correct,
        "simulator": None if simulator is None else str(simulator),
        "mismatch": None if mismatch is None else asdict(mismatch),
        "failure": outcome.failure,
    }


def _print(result: Compilation, outcome: Outcome, simulators: Sequence[str]) -> None:
    where = " and ".join(simulators)
    if outcome.mismatch is not None:
        answers = f"WRONG at input {outcome.cases}: {outcome.mismatch}"
    elif outcome.failure is not None:
        answers = f"WRONG at input {outcome.cases}: {outcome.failure}"
    else:
        inputs = "1 input" if outcome.cases == 1 else f"{outcome.cases} inputs"
        answers = f"correct on {inputs}, run on {where}"
    print_fields({**summary(result), "answers": answers})

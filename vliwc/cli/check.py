"""`vliwc check`: compile a kernel and compare its answers with the reference interpreter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isa.original import OriginalProblem
from isa.simulator import RunResult, decode
from isa.simulator import run as simulate
from vliwc.cli.arguments import (
    DEFAULT_LEVEL,
    DEFAULT_SCHEDULER,
    DEFAULT_SEED,
    Definitions,
    Json,
    KernelFile,
    Level,
    MachineFile,
    Scheduler,
    Verify,
    make_options,
    parse_definitions,
)
from vliwc.cli.compile import compile_quietly, summary
from vliwc.cli.errors import EXIT_WRONG
from vliwc.cli.files import read_image
from vliwc.cli.output import ProgressCallback, print_fields, print_json, progress
from vliwc.lang.interpret import Interpreter, output_words, protected_words, random_memory

if TYPE_CHECKING:
    from vliwc.driver import Compilation
    from vliwc.lang import CheckedKernel

_OURS = "our simulator"

Simulate = Callable[[list[int]], RunResult]


@dataclass(frozen=True, slots=True)
class Case:
    """An input: a random one with its seed, or one from a file."""

    memory: list[int]
    seed: int | None = None
    file: str | None = None

    def __str__(self) -> str:
        return f"seed {self.seed}" if self.file is None else self.file


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The first word that differs from the reference interpreter's.

    Attributes:
        simulator: which simulator ran the program.
        seed, file: the input (see `Case`).
        address: the word's place in memory.
        array, index: the same place as an element, or None outside all arrays.
        expected, got: the reference's word and the program's.
        protected: whether the word is no result, but one that the kernel may not change.
    """

    simulator: str
    seed: int | None
    file: str | None
    address: int
    array: str | None
    index: int | None
    expected: int
    got: int
    protected: bool

    def __str__(self) -> str:
        place = f"memory word {self.address}"
        if self.array is not None:
            place = f"{self.array}[{self.index}] (memory word {self.address})"
        what = "must be left as" if self.protected else "expected"
        case = f"--cases 1 --seed {self.seed}" if self.file is None else f"--memory {self.file}"
        return (
            f"{place}: {what} {self.expected}, got {self.got} on {self.simulator}; "
            f"to reproduce: {case}"
        )


@dataclass(slots=True)
class Outcome:
    """What the runs showed.

    Attributes:
        cases: how many inputs were run.
        mismatch: the first wrong word of the first wrong case.
        miscount: a simulator that counts other cycles than the compiler does, in words.
    """

    cases: int = 0
    mismatch: Mismatch | None = None
    miscount: str | None = None

    @property
    def correct(self) -> bool:
        """Whether every word and every cycle count is right."""
        return self.mismatch is None and self.miscount is None


def check(
    kernel: KernelFile,
    definitions: Definitions = None,
    level: Level = DEFAULT_LEVEL,
    cases: Annotated[
        int, typer.Option("--cases", min=1, metavar="N", help="How many random inputs to run.")
    ] = 8,
    seed: Annotated[
        int, typer.Option("--seed", min=0, metavar="N", help="Case k is the random input N + k.")
    ] = 0,
    memory: Annotated[
        Path | None,
        typer.Option(
            "--memory",
            metavar="IMAGE.json",
            help="Run this input (a JSON list of words) instead of random ones.",
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
    compile_seed: Annotated[
        int,
        typer.Option("--compile-seed", metavar="N", help="Seed of the compiler's own choices."),
    ] = DEFAULT_SEED,
    verify: Verify = False,
    as_json: Json = False,
) -> None:
    """Compile a kernel and compare its answers with the reference interpreter.

    The program is run on random inputs, or on a given one. Output arrays must hold
    the reference's words, and all words that no role lets the kernel change must be as they were.
    Exit code 1 says that some word is wrong.
    """
    options = make_options(
        level=level,
        scheduler=scheduler,
        machine=machine,
        seed=compile_seed,
        verify=verify,
    )
    original = None if simulator is None else OriginalProblem(simulator)
    given = None if memory is None else Case(read_image(memory), file=str(memory))
    result = compile_quietly(kernel, parse_definitions(definitions), options, quiet=as_json)
    decoded = decode(result.program)
    simulators: dict[str, Simulate] = {_OURS: lambda words: simulate(decoded, words)}
    if original is not None:
        simulators[str(simulator)] = lambda words: original.run(result.program, words)
    inputs = range(seed, seed + cases) if given is None else [given]
    with progress(quiet=as_json) as show:
        outcome = run_cases(result, inputs, simulators, show)
    if as_json:
        print_json(_report(result, outcome, simulator))
    else:
        _print(result, outcome, list(simulators))
    if not outcome.correct:
        raise typer.Exit(EXIT_WRONG)


def run_cases(
    result: Compilation,
    inputs: Sequence[int] | Sequence[Case],
    simulators: dict[str, Simulate],
    show: ProgressCallback,
) -> Outcome:
    """Run the inputs, given ones or random ones by seed, until a simulator's answer is wrong.

    Raises:
        vliwc.lang.interpret.AssumptionViolated: an input breaks a promise of the kernel.
        vliwc.lang.interpret.EvaluationError: the kernel itself does something undefined.
        isa.errors.SimulationError: the program traps.
    """
    kernel = result.kernel
    interpreter = Interpreter(kernel)
    outcome = Outcome()
    for number, each in enumerate(inputs):
        show(f"checking input {number + 1} of {len(inputs)}", number / len(inputs))
        case = each if isinstance(each, Case) else Case(random_memory(kernel, each), seed=each)
        expected = interpreter.run(case.memory)
        outcome.cases += 1
        for name, run in simulators.items():
            ran = run(case.memory)
            outcome.mismatch = compare(kernel, case, name, expected, ran.memory)
            if ran.cycles != result.cycles:
                outcome.miscount = f"{ran.cycles} cycles on {name}, {result.cycles} expected"
            if not outcome.correct:
                return outcome
    return outcome


def compare(
    kernel: CheckedKernel, case: Case, simulator: str, expected: Sequence[int], got: Sequence[int]
) -> Mismatch | None:
    """The first result or protected word where `got` differs; other words may hold anything."""
    behind = range(kernel.memory_words, len(case.memory))
    results, protected = output_words(kernel), (*protected_words(kernel), behind)
    for words, is_protected in ((results, False), (protected, True)):
        for address in (address for part in words for address in part):
            if got[address] != expected[address]:
                array = next((a for a in kernel.arrays.values() if a.base <= address < a.end), None)
                return Mismatch(
                    simulator=simulator,
                    seed=case.seed,
                    file=case.file,
                    address=address,
                    array=None if array is None else array.name,
                    index=None if array is None else address - array.base,
                    expected=expected[address],
                    got=got[address],
                    protected=is_protected,
                )
    return None


def _report(result: Compilation, outcome: Outcome, simulator: Path | None) -> dict[str, object]:
    mismatch = outcome.mismatch
    return {
        **result.to_json(),
        "cases": outcome.cases,
        "correct": outcome.correct,
        "simulator": None if simulator is None else str(simulator),
        "mismatch": None if mismatch is None else asdict(mismatch),
        "miscount": outcome.miscount,
    }


def _print(result: Compilation, outcome: Outcome, simulators: Sequence[str]) -> None:
    where = " and ".join(simulators)
    if outcome.mismatch is not None:
        answers = f"WRONG at input {outcome.cases}: {outcome.mismatch}"
    elif outcome.miscount is not None:
        answers = f"right, but {outcome.miscount}"
    else:
        inputs = "1 input" if outcome.cases == 1 else f"{outcome.cases} inputs"
        answers = f"correct on {inputs}, run on {where}"
    print_fields({**summary(result), "answers": answers})

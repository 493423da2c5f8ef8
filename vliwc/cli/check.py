"""`vliwc check`: compile a kernel and compare its answers with the reference interpreter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isa.errors import SimulationError
from isa.original import OriginalProblem
from isa.simulator import RunResult, decode
from isa.simulator import run as simulate
from vliwc.cli.arguments import (
    DEFAULT_LEVEL,
    DEFAULT_MAX_OPERATIONS,
    DEFAULT_SCHEDULER,
    DEFAULT_SEED,
    Budget,
    Definitions,
    Hint,
    Json,
    KernelFile,
    Level,
    MachineFile,
    MaxOperations,
    Scheduler,
    Verify,
    Without,
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

    @property
    def how_to_repeat(self) -> str:
        """The options of `vliwc check` that run this input alone."""
        return f"--cases 1 --seed {self.seed}" if self.file is None else f"--memory {self.file}"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The first word that differs from the reference interpreter's.

    Attributes:
        simulator: which simulator ran the program.
        seed, file: the input (see `Case`).
        how_to_repeat: the options of `vliwc check` that run this input alone.
        address: the word's place in memory.
        array, index: the same place as an array and a word of it, or None outside all arrays.
        element: the same in source text (with one index for each dimension), or None.
        expected, got: the reference's word and the program's.
        protected: whether the word is no result, but one that the kernel may not change.
    """

    simulator: str
    seed: int | None
    file: str | None
    how_to_repeat: str
    address: int
    array: str | None
    index: int | None
    element: str | None
    expected: int
    got: int
    protected: bool

    def __str__(self) -> str:
        place = f"memory word {self.address}"
        if self.element is not None:
            place = f"{self.element} (memory word {self.address})"
        what = "must be left as" if self.protected else "expected"
        return (
            f"{place}: {what} {self.expected}, got {self.got} on {self.simulator}; "
            f"to reproduce: {self.how_to_repeat}"
        )


@dataclass(slots=True)
class Outcome:
    """What the runs showed.

    Attributes:
        cases: how many inputs were run.
        mismatch: the first wrong word of the first wrong case.
        failure: another way in which the program is wrong, in words: it traps, or takes other
            cycles than announced.
    """

    cases: int = 0
    mismatch: Mismatch | None = None
    failure: str | None = None

    @property
    def correct(self) -> bool:
        """Whether nothing was found to be wrong."""
        return self.mismatch is None and self.failure is None


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
            metavar="IMAGE.json",
            help="Run this input (a JSON list of words); random ones after it only if --cases or "
            "--seed asks for them.",
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
    compile_seed: Annotated[
        int,
        typer.Option("--compile-seed", metavar="N", help="Seed of the compiler's own choices."),
    ] = DEFAULT_SEED,
    verify: Verify = False,
    budget: Budget = None,
    hint: Hint = None,
    without: Without = None,
    as_json: Json = False,
) -> None:
    """Compile a kernel and compare its answers with the reference interpreter.

    The program is run on random inputs, on a given one, or on both. Output arrays must hold
    the reference's words, and all words that no role lets the kernel change must be as they were.
    Exit code 1 says that some word is wrong.
    """
    options = make_options(
        level=level,
        scheduler=scheduler,
        machine=machine,
        max_operations=max_operations,
        seed=compile_seed,
        verify=verify,
        budget=budget,
        hint=hint,
        without=without,
    )
    original = None if simulator is None else OriginalProblem(simulator)
    inputs: list[int | Case] = []
    if memory is not None:
        inputs.append(Case(read_image(memory), file=str(memory)))
    if memory is None or cases is not None or seed is not None:
        inputs += range(seed or 0, (seed or 0) + (cases or 8))
    result = compile_quietly(kernel, parse_definitions(definitions), options, quiet=as_json)
    decoded = decode(result.program)
    simulators: dict[str, Simulate] = {_OURS: lambda words: simulate(decoded, words)}
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


def run_cases(
    result: Compilation,
    inputs: Sequence[int | Case],
    simulators: dict[str, Simulate],
    show: ProgressCallback,
) -> Outcome:
    """Run the inputs, given ones or random ones by seed, until a simulator's answer is wrong.

    Raises:
        vliwc.lang.interpret.AssumptionViolated: an input breaks a promise of the kernel.
        vliwc.lang.interpret.EvaluationError: the kernel itself does something undefined.
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
            try:
                ran = run(case.memory)
            except SimulationError as error:
                outcome.failure = f"{case.how_to_repeat}: the program traps on {name}: {error}"
                return outcome
            outcome.mismatch = compare(kernel, case, name, expected, ran.memory)
            if ran.cycles != result.cycles:
                outcome.failure = f"{ran.cycles} cycles on {name}, {result.cycles} announced"
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
                    how_to_repeat=case.how_to_repeat,
                    address=address,
                    array=None if array is None else array.name,
                    index=None if array is None else address - array.base,
                    element=None if array is None else array.element(address - array.base),
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

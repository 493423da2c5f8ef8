"""Whether a program gives the reference interpreter's answers: runs, and the first wrong word."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isa.errors import SimulationError
from isa.simulator import RunResult, decode
from isa.simulator import run as simulate
from vliwc.clock import Progress, quiet
from vliwc.diagnostics import Diagnostic, KernelError
from vliwc.lang import CheckedKernel
from vliwc.lang.interpret import (
    AssumptionViolated,
    EvaluationError,
    Interpreter,
    at_run_time,
    output_words,
    protected_words,
    random_memory,
)

if TYPE_CHECKING:
    from vliwc.driver import Compilation

STEPS = 1000
"""Operations that the reference interpreter may execute for each machine operation that a kernel
may take: with the default of `Options.max_operations`, some twenty seconds an input."""
BREAKING_TRIALS = 40
"""Random changes of an input that are tried until an assumption does not hold."""
OURS = "our simulator"
"""The name of `isa.simulator` among simulators."""

Simulate = Callable[[list[int]], RunResult]
"""Runs a program on a memory image."""


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

    def __bool__(self) -> bool:
        return self.correct

    def __str__(self) -> str:
        if self.correct:
            return f"correct on {self.cases} input{'s' * (self.cases != 1)}"
        return f"WRONG at input {self.cases}: {self.mismatch or self.failure}"


def our_simulator(result: Compilation) -> dict[str, Simulate]:
    """The simulator of this package for the program, by its name."""
    decoded = decode(result.program)
    return {OURS: lambda words: simulate(decoded, words)}


def check(result: Compilation, cases: int = 8, *, seed: int = 0) -> Outcome:
    """Run a program on the random inputs ``seed``, ``seed + 1``, … and compare its answers."""
    return run_cases(result, range(seed, seed + cases), our_simulator(result))


def require_short(kernel: CheckedKernel, operations: int) -> None:
    """Refuse a kernel whose reference run is too long for one of `operations` machine operations.

    The code of a machine loop is short however often it runs. Raises `KernelError` (E0517).
    """
    steps, limit = kernel.unrolled + kernel.work, STEPS * operations
    if steps > limit:
        loop = kernel.largest
        place = kernel.program.kernel.name if loop is None else loop.name
        message = f"the reference interpreter would execute about {steps} operations"
        hint = "smaller sizes, or a greater --max-operations and patience"
        diagnostic = Diagnostic("E0517", f"{message}, more than {limit}", place.span, hint)
        raise KernelError([diagnostic], kernel.source)


def run_cases(
    result: Compilation,
    inputs: Sequence[int | Case],
    simulators: dict[str, Simulate],
    show: Progress = quiet,
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
        case = each if isinstance(each, Case) else _random_case(result, each)
        expected = interpreter.run(case.memory)
        outcome.cases += 1
        for name, run in simulators.items():
            try:
                ran = run(case.memory)
            except SimulationError as error:
                outcome.failure = f"{case.how_to_repeat}: the program traps on {name}: {error}"
                return outcome
            sized = at_run_time(kernel, case.memory)
            outcome.mismatch = compare(sized, case, name, expected, ran.memory)
            announced = result.cycles_for(case.memory)
            if ran.cycles != announced:
                outcome.failure = f"{ran.cycles} cycles on {name}, {announced} announced"
            if not outcome.correct:
                return outcome
    return outcome


def _random_case(result: Compilation, seed: int) -> Case:
    """A random input; every second one breaks what a guarded program tests, if one is found."""
    if result.guarded is None:
        return Case(random_memory(result.kernel, seed), seed=seed)
    image = random_memory(result.guarded.kernel, seed)
    broken = broken_image(result.guarded.kernel, result.kernel, image, seed) if seed % 2 else None
    return Case(broken or image, seed=seed)


def broken_image(
    kernel: CheckedKernel, general: CheckedKernel, image: Sequence[int], seed: int
) -> list[int] | None:
    """An input on which an assumption of ``kernel`` does not hold: ``image``, on which all hold,
    with other words in some places; None if a few trials find none.

    ``general`` is the kernel without the assumptions.  What it does on the input is defined.
    """
    rng = random.Random(seed)
    arrays = [each for each in kernel.arrays.values() if each.placed and each.base < each.end]
    strict, free = Interpreter(kernel), Interpreter(general)
    for _ in range(BREAKING_TRIALS if arrays else 0):
        found = list(image)
        array = rng.choice(arrays)
        for _ in range(rng.choice((1, 1, 2, array.end - array.base))):
            # Words of all lengths: small ones are places in arrays more often.
            word = rng.getrandbits(rng.randint(0, rng.choice((5, 32))))
            found[rng.randrange(array.base, array.end)] = word
        try:
            strict.run(found)
        except AssumptionViolated:
            try:
                free.run(found)
            except EvaluationError:  # also for what is promised of arrays
                continue
            return found
        except EvaluationError:
            continue
    return None


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

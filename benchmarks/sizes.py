"""The tree-hash kernel at many sizes: which, and how one of them is compiled and verified."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from pathlib import Path

from isa.original import OriginalProblem
from isa.simulator import run
from isa.takehome import Layout, memory_image, reference_kernel
from vliwc.driver import compile_file
from vliwc.lang.interpret import Interpreter, output_words, protected_words
from vliwc.options import Options

KERNEL = Path(__file__).resolve().parent.parent / "kernels" / "tree_hash.vk"

HEIGHTS = range(1, 13)
ROUNDS = (0, 1, 2, 5, 11, 12, 16, 23)
BATCHES = (1, 7, 8, 9, 13, 64, 100, 256, 512, 1000)


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """One problem: height of the tree, hash rounds, elements."""

    height: int
    rounds: int
    batch: int

    @property
    def params(self) -> dict[str, int]:
        """The kernel's parameters for this size."""
        return {
            "forest_height": self.height,
            "rounds": self.rounds,
            "batch_size": self.batch,
        }

    def __str__(self) -> str:
        return f"{self.height}/{self.rounds}/{self.batch}"


def _spread() -> tuple[Size, ...]:
    """Every pair of rounds and batch, with heights dealt out evenly; and the reference size."""
    # 5 and 12 have no common factor, so all heights come up, in an order unlike the pairs'.
    pairs = enumerate(itertools.product(ROUNDS, BATCHES))
    sizes = {Size(HEIGHTS[5 * k % len(HEIGHTS)], *pair) for k, pair in pairs}
    return tuple(sorted(sizes | {Size(10, 16, 256)}))


SPREAD = _spread()
"""The combinations of the sweep."""

SMALL = (
    Size(1, 0, 1),
    Size(1, 1, 7),
    Size(1, 5, 8),
    Size(2, 2, 9),
    Size(2, 11, 13),
    Size(3, 1, 1),
    Size(3, 5, 64),
    Size(3, 12, 7),
    Size(4, 2, 13),
    Size(4, 5, 9),
    Size(5, 1, 64),
    Size(5, 11, 8),
    Size(6, 0, 9),
    Size(7, 2, 8),
)
"""Combinations that compile quickly enough for every run of the tests."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a size fared.

    Attributes:
        failure: what is wrong, or None.
        compile_seconds, verify_seconds: wall-clock times.
        notes: the compiler's remarks.
    """

    size: Size
    failure: str | None
    cycles: int = 0
    lower_bound: int = 0
    gap: float = 0.0
    bundles: int = 0
    scratch_words: int = 0
    compile_seconds: float = 0.0
    verify_seconds: float = 0.0
    notes: tuple[str, ...] = ()


def verify(
    size: Size, *, level: int = 2, cases: int = 2, original: OriginalProblem | None = None
) -> Verdict:
    """Compile the kernel for a size and run it on random inputs, on every simulator at hand.

    The values must be those of `isa.takehome.reference_kernel`, written from the problem's
    description, and of the interpreter of the kernel's text; protected words must be unchanged.

    Raises whatever compiler and simulators raise.
    """
    started = time.perf_counter()
    result = compile_file(KERNEL, size.params, Options(level=level))
    compiled = time.perf_counter()
    failure = None
    for seed in range(cases):
        memory = memory_image(size.height, size.rounds, size.batch, seed)
        interpreted = Interpreter(result.kernel).run(memory)
        layout = Layout(size.height, size.rounds, size.batch)
        values = slice(layout.values, layout.words)
        if interpreted[values] != reference_kernel(memory)[values]:
            failure = f"seed {seed}: the interpreter of the kernel differs from the reference"
            break
        runs = {"our simulator": run(result.program, memory)}
        if original is not None:
            runs["the original simulator"] = original.run(result.program, memory)
        checked = [*output_words(result.kernel), *protected_words(result.kernel)]
        for name, ran in runs.items():
            wrong = [
                address
                for words in checked
                for address in words
                if ran.memory[address] != interpreted[address]
            ]
            if wrong:
                failure = f"seed {seed}: {len(wrong)} wrong words on {name}, first {wrong[0]}"
            elif ran.cycles != result.cycles:
                failure = f"{ran.cycles} cycles on {name}, {result.cycles} announced"
        if failure is not None:
            break
    return Verdict(
        size,
        failure,
        cycles=result.cycles,
        lower_bound=result.lower_bound,
        gap=result.gap,
        bundles=result.bundles,
        scratch_words=result.scratch_words,
        compile_seconds=compiled - started,
        verify_seconds=time.perf_counter() - compiled,
        notes=tuple(result.notes),
    )

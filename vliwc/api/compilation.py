"""Compile a kernel, run it on arrays, look at the result: for Python and notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from isa.arrays import ArrayPlace, Words, array_places, as_words, read_array, write_arrays
from isa.endless import WatchedSimulator
from isa.errors import MemoryImageError
from isa.program import Program
from vliwc import driver
from vliwc.api.display import compilation_html, schedule_svg
from vliwc.checking import Outcome, check
from vliwc.clock import Progress
from vliwc.explain.operations import ScheduledOperation, scheduled_operations
from vliwc.explain.report import Explanation, explain
from vliwc.lang.images import random_memory
from vliwc.options import Options

MAX_CYCLES = 100_000_000
"""A program that runs longer most likely does not end."""


@dataclass(frozen=True, repr=False)
class Run:
    """What a run left: its cycles, the whole memory, and the arrays by name, in their shapes.

    ``arrays`` has what the program reads and its results, not what it may use for itself.
    """

    cycles: int
    memory: Words
    arrays: dict[str, Words]

    def __repr__(self) -> str:
        shapes = ", ".join(
            f"{name}[{', '.join(map(str, words.shape))}]" for name, words in self.arrays.items()
        )
        return f"<Run: {self.cycles} cycles; {shapes or 'no arrays'}>"


@dataclass(frozen=True, repr=False)
class Compilation(driver.Compilation):
    """A compiled kernel: what `vliwc.driver.Compilation` knows, and what one does with it."""

    def run(
        self,
        arrays: Mapping[str, ArrayLike] | None = None,
        *,
        seed: int | None = None,
        memory: ArrayLike | None = None,
    ) -> Run:
        """Run the program on arrays by name, in their shapes.

        Inputs that are not given are random ones of ``seed`` that keep the kernel's promises, or
        those of ``memory``, a whole image; without either, all must be given.

        Raises:
            isa.errors.MemoryImageError: an array is missing, unknown, or of another shape, or
                holds something else than integers from 0 to 2**32 - 1.
            isa.errors.SimulationError: the program traps on this memory.
        """
        image: list[int] = []
        if seed is not None:
            if memory is not None:
                raise MemoryImageError("give a memory image or the seed of a random one, not both")
            image = random_memory(self.kernel, seed)
        elif memory is not None:
            image = _image(memory)
        else:
            missing = [p.name for p in self.arrays if p.is_input and p.name not in (arrays or {})]
            if missing:
                raise MemoryImageError(
                    f"no words for {', '.join(missing)}: give arrays, a seed, or a memory image"
                )
        return run(self.program, write_arrays(self.arrays, arrays or {}, image))

    def check(self, cases: int = 8, *, seed: int = 0) -> Outcome:
        """Run random inputs ``seed``, ``seed + 1``, … and compare every word with the reference
        interpreter."""
        return check(self, cases, seed=seed)

    @cached_property
    def arrays(self) -> list[ArrayPlace]:
        """The arrays of the kernel's memory, in the order of their declaration."""
        return array_places(self.program) or []

    @cached_property
    def operations(self) -> tuple[ScheduledOperation, ...]:
        """The schedule: every operation with its cycles, engine, scratch words, and source line."""
        return scheduled_operations(self)

    @cached_property
    def explanation(self) -> Explanation:
        """Where the cycles go; what ``vliwc explain`` prints."""
        return explain(self)

    def _repr_html_(self) -> str:
        return compilation_html(self.explanation)

    def _repr_svg_(self) -> str:
        return schedule_svg(self.explanation)


def compile(
    kernel: str | Path,
    params: Mapping[str, int] | None = None,
    options: Options | None = None,
    *,
    progress: Progress | None = None,
    keep_stages: bool = False,
    **sizes: int,
) -> Compilation:
    """Compile a kernel: a file, or its text (anything with a brace in it is text).

    Parameters of the kernel are given by keyword, or in ``params`` where their names are taken.

    Raises:
        vliwc.KernelError: the kernel, its parameters or the machine's scratch do not allow it.
        vliwc.options.OptionsError: an option has a value that means nothing.
    """
    bound = {**(params or {}), **sizes}
    if isinstance(kernel, str) and "{" in kernel:
        made = driver.compile_text(
            kernel, "<kernel>", bound, options, progress, keep_stages=keep_stages
        )
    else:
        made = driver.compile_file(kernel, bound, options, progress, keep_stages=keep_stages)
    return Compilation(**{field.name: getattr(made, field.name) for field in fields(made)})


def run(program: Program, memory: ArrayLike) -> Run:
    """Run any program on a memory image of unsigned words, which is copied.

    Raises:
        isa.errors.MemoryImageError: the image holds something else.
        isa.errors.SimulationError: the program traps, or never ends.
    """
    result = WatchedSimulator(program, _image(memory), max_cycles=MAX_CYCLES).run()
    arrays = {
        place.name: read_array(place, result.memory)
        for place in array_places(program) or []
        if place.is_input or place.is_output
    }
    return Run(result.cycles, np.array(result.memory, dtype=np.uint32), arrays)


def _image(memory: ArrayLike) -> list[int]:
    words = as_words("memory", memory)
    if words.ndim != 1:
        raise MemoryImageError(f"a memory image is one row of words, not of shape {words.shape}")
    return words.tolist()

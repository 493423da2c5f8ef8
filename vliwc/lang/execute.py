"""Running a kernel by its reference semantics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from vliwc.diagnostics import Diagnostic, KernelError, Note
from vliwc.lang.binding import CheckedKernel
from vliwc.lang.faults import AssumptionViolated, EvaluationError
from vliwc.lang.pygen import translate
from vliwc.lang.runtime import Runtime


def at_run_time(kernel: CheckedKernel, memory: Sequence[int]) -> CheckedKernel:
    """The kernel for the words that stand in `memory`; itself, if it reads none.

    Raises `AssumptionViolated` if they are not what the kernel assumes, such as arrays that do not
    overlap.
    """
    if not kernel.run_time:
        return kernel
    needed = max(word.address for word in kernel.words) + 1
    if len(memory) < needed:
        message = f"the memory image has {len(memory)} words; kernel `{kernel.name}` needs {needed}"
        raise EvaluationError(Diagnostic("E0606", message), kernel.source)
    sizes = {word.name: memory[word.address] for word in kernel.words}
    try:
        return kernel.with_sizes(sizes)
    except KernelError as error:
        first = error.diagnostics[0]
        values = ", ".join(f"{name} = {value}" for name, value in sizes.items())
        notes = (*first.notes, Note(f"when the words are {values}"))
        raise AssumptionViolated(replace(first, notes=notes), kernel.source, (), sizes) from None


class Interpreter:
    """A kernel translated once, to be run on any number of memory images."""

    def __init__(self, kernel: CheckedKernel) -> None:
        self.kernel = kernel
        if kernel.run_time:
            return  # another program for each choice of its words
        self.translation = translate(kernel)
        self._code = compile(self.translation.text, f"<kernel {kernel.name}>", "exec")

    def run(self, memory: Sequence[int]) -> list[int]:
        """The memory after running the kernel on `memory` (unsigned words), which is not changed.

        Raises `AssumptionViolated` if the input breaks a promise of the kernel, and
        `EvaluationError` if the kernel does something undefined on it.
        """
        if self.kernel.run_time:
            return Interpreter(at_run_time(self.kernel, memory)).run(memory)
        words = list(memory)
        runtime = Runtime(self.kernel, words, self.translation.sites)
        runtime.check_image()
        namespace = runtime.namespace()
        exec(self._code, namespace)
        cast("Callable[[], None]", namespace["run"])()
        runtime.check_outputs()
        return words


def interpret(kernel: CheckedKernel, memory: Sequence[int]) -> list[int]:
    """Run `kernel` once on `memory`; see `Interpreter.run`."""
    return Interpreter(kernel).run(memory)

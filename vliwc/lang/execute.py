"""Running a kernel by its reference semantics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from vliwc.lang.binding import CheckedKernel
from vliwc.lang.pygen import translate
from vliwc.lang.runtime import Runtime


class Interpreter:
    """A kernel translated once, to be run on any number of memory images."""

    def __init__(self, kernel: CheckedKernel) -> None:
        self.kernel = kernel
        self.translation = translate(kernel)
        self._code = compile(self.translation.text, f"<kernel {kernel.name}>", "exec")

    def run(self, memory: Sequence[int]) -> list[int]:
        """The memory after running the kernel on `memory` (unsigned words), which is not changed.

        Raises `AssumptionViolated` if the input breaks a promise of the kernel, and
        `EvaluationError` if the kernel does something undefined on it.
        """
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

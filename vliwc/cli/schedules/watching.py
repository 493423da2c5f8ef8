"""A scheduler at work: its trajectory as CSV, and interrupts that keep the best schedule."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO, TypeVar

from vliwc.cli.common.errors import CommandError
from vliwc.cli.common.output import ProgressCallback

if TYPE_CHECKING:
    from vliwc.sched.anytime import Event

T = TypeVar("T")

EXIT_INTERRUPTED: Final = 130
"""As shells say of a process that SIGINT ended."""

COLUMNS: Final = ("effort", "cycles", "lower_bound", "claimed_bound", "source")


@dataclass
class Trajectory:
    """Shows each event as progress, and writes it to a file if there is one."""

    scheduler: str
    show: ProgressCallback
    file: TextIO | None

    @staticmethod
    @contextmanager
    def to(
        path: Path | None, scheduler: str, show: ProgressCallback
    ) -> Generator[Trajectory, None, None]:
        """A trajectory that goes to a file, which is there at once with its line of names.

        Raises:
            CommandError: the file cannot be written.
        """
        try:
            opened = nullcontext() if path is None else path.open("w", encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
        with opened as file:
            if file is not None:
                file.write(",".join(COLUMNS) + "\n")
                file.flush()
            yield Trajectory(scheduler, show, file)

    def __call__(self, event: Event) -> None:
        cycles = "" if event.cycles is None else str(event.cycles)
        self.show(f"{self.scheduler}: {cycles or '-'} cycles, bound {event.claimed_bound}", None)
        if self.file is not None:
            bounds = f"{event.lower_bound},{event.claimed_bound}"
            self.file.write(f"{event.effort:.3f},{cycles},{bounds},{event.source}\n")
            self.file.flush()


def interruptible(
    work: Callable[[], T],
    callback: Callable[[Event], None] | None = None,
    seconds: float | None = None,
) -> tuple[T, bool]:
    """What a scheduler or the compiler makes, and whether an interrupt ended it early.

    It runs in a thread of its own, so that an interrupt is noticed while a solver runs.  A second
    interrupt is one of the command.  A scheduler that does not end when it is told to, such as one
    of another package, goes on to its end.
    """
    from vliwc.sched.anytime import watch

    made: list[T] = []
    raised: list[BaseException] = []
    interrupted, ended = False, threading.Event()
    with watch(callback, seconds) as run:

        def target() -> None:
            try:
                made.append(work())
            except BaseException as error:  # it is the command's to handle
                raised.append(error)
            finally:
                ended.set()

        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(target,), daemon=True)
        thread.start()
        try:
            _wait(ended)
        except KeyboardInterrupt:
            interrupted = True
            run.stop()
            _wait(ended)
    if raised:
        raise raised[0]
    return made[0], interrupted


def _wait(ended: threading.Event) -> None:
    """Wait in steps: one long wait would not be interrupted on every system.  (An interrupt within
    Thread.join can leave a running thread that says it has ended.)"""
    while not ended.wait(0.1):
        pass

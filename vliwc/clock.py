"""Seconds of the stages of a compilation, and who is told about them."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

Progress = Callable[[str, float | None], None]
"""Called with the name of a stage and, where known, the part of it that is done (0..1)."""


def quiet(stage: str, part: float | None) -> None:
    """Progress for nobody."""


class Clock:
    """Measures stages; a part of a stage counts for itself, and all its runs together.

    ``times`` has the seconds of each stage in the order in which they ended, parts first.
    """

    def __init__(self, progress: Progress = quiet) -> None:
        self.progress = progress
        self.times: list[tuple[str, float]] = []
        self._parts: dict[str, float] | None = None

    @contextmanager
    def stage(self, name: str) -> Generator[None]:
        """Measure a stage; nothing is recorded of one that fails."""
        self.progress(name, None)
        self._parts = {}
        started = time.perf_counter()
        yield
        parts, self._parts = self._parts, None
        own = time.perf_counter() - started - sum(parts.values())
        self.times += [*parts.items(), (name, own)]

    @contextmanager
    def part(self, name: str) -> Generator[None]:
        """Measure a part of the stage that is running, or nothing outside of stages."""
        started = time.perf_counter()
        yield
        if self._parts is not None:
            self._parts[name] = self._parts.get(name, 0.0) + time.perf_counter() - started

    @contextmanager
    def silent(self) -> Generator[None]:
        """Measure, but tell nobody: of work that is done once more, for instance."""
        told, self.progress = self.progress, quiet
        try:
            yield
        finally:
            self.progress = told

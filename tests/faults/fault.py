"""What a seeded fault is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """A change of one place in the source that tests have to notice.

    ``anchor`` is text that occurs once in ``file`` and becomes ``text``; ``tests`` are what is
    run against it, cheapest first.  A fault that changes no meaning says why in ``equivalent``.
    """

    file: str
    name: str
    anchor: str
    text: str
    tests: tuple[str, ...]
    equivalent: str = ""

    @property
    def key(self) -> str:
        """How the report and the command line name the fault."""
        return f"{self.file}: {self.name}"

    def applied(self, source: str) -> str:
        """The file with the fault; raises `ValueError` unless the anchor occurs exactly once."""
        if source.count(self.anchor) != 1:
            raise ValueError(f"{self.key}: the anchor occurs {source.count(self.anchor)} times")
        return source.replace(self.anchor, self.text)


Row = tuple[str, str, str] | tuple[str, str, str, str]
"""``(name, anchor, text)`` or ``(name, anchor, text, why it is equivalent)``."""


def faults_in(file: str, tests: tuple[str, ...], *rows: Row) -> tuple[Fault, ...]:
    """Faults of one file that the same tests cover."""
    return tuple(Fault(file, row[0], row[1], row[2], tests, *row[3:]) for row in rows)

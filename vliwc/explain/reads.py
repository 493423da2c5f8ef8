"""The chosen strategy assignment in words: which table read is done how, by how many groups."""

from __future__ import annotations

from dataclasses import dataclass

from isa.program import JSON
from vliwc.analysis.facts import Facts
from vliwc.driver import Compilation

WORDS = {
    "vload": "load neighbouring words with one vload",
    "region": "find the word in a chunk of memory loaded once for several reads",
    "gather": "gather with one load per lane",
    "window": "gather with one vload per lane, at an address without a constant",
    "select": "select among words kept in scratch",
    "bit select": "select by index bits among words kept in scratch",
    "bit sum": "sum products of index bits with differences of table words",
    "packed": "shift the word out of words packed in scratch",
    "record": "load the record that also holds the next read's candidates",
    "row": "load the row of neighbouring words with one vload per lane",
    "in row": "find the word in the row of a read before",
    "moved record": "load such a record and move its last words through memory",
    "in moved record": "choose between words of the record that have moved",
    "in record": "choose from the record of the read before",
}
"""The names of the reads in :mod:`vliwc.isel` in words."""


@dataclass(frozen=True)
class ReadAssignment:
    """One read of ``array`` at indices ``low .. high`` on source line ``line`` (0: not known);
    ``ways`` counts groups by the way they do it."""

    loop: int
    array: str
    low: int
    high: int
    line: int
    ways: dict[str, int]

    def __str__(self) -> str:
        stretch = f"{self.low}" if self.low == self.high else f"{self.low}..{self.high}"
        ways = ", ".join(
            f"{count} group{'s' * (count != 1)} {_in_words(name, self.low == self.high)}"
            for name, count in self.ways.items()
        )
        return f"{self.array}[{stretch}]: {ways}"

    def to_json(self) -> dict[str, JSON]:
        """JSON data."""
        return {
            "loop": self.loop,
            "array": self.array,
            "low": self.low,
            "high": self.high,
            "line": self.line,
            "ways": dict(self.ways),
        }


def _in_words(name: str, one_word: bool) -> str:
    if name == "select" and one_word:
        return "use the word kept in scratch"
    return WORDS.get(name, name)


def read_assignments(compilation: Compilation) -> list[ReadAssignment]:
    """How the groups of each loop do its reads, in program order."""
    function = compilation.function
    facts = Facts(function)
    found: list[ReadAssignment] = []
    for loop, plans in zip(function.loops, compilation.generated.assignment, strict=True):
        ways: dict[int, dict[str, int]] = {}
        for plan in plans:
            for value, read in plan.reads.items():
                count = ways.setdefault(value.id, {})
                count[read.name] = count.get(read.name, 0) + 1
        for value in function.values:
            if value.id not in ways or not value.is_memory:
                continue
            index = value.args[0]
            found.append(
                ReadAssignment(
                    loop.number,
                    value.array,
                    facts.lo(index),
                    facts.hi(index),
                    value.span.start_line if value.span is not None else 0,
                    dict(sorted(ways[value.id].items(), key=lambda item: (-item[1], item[0]))),
                )
            )
    return found

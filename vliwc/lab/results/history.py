"""What became of figures from version to version of the code, as a store has them.

A *series* is one thing measured again and again: an instance under a scheduler, a seed, a budget
and options.  Its points are the versions, in the order in which they were first stored.  Versions
are compared over the series that both have, by the geometric mean of the ratios of cycles; the
*index* is the product of these since the first version.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vliwc.lab.runs.job import Row

Name = tuple[str, str, int, int | None, str]
"""Of a series: instance, scheduler, seed, budget, options."""


@dataclass(frozen=True)
class Version:
    """One version of the code: since when there are rows, and how they compare with those of the
    version before (``ratio``, the geometric mean of cycles; ``better``, ``worse``, ``same`` and
    ``lost`` count series that both have).  ``lost`` ones had a schedule and have none now."""

    code: str
    first: datetime
    rows: int
    ratio: float
    index: float
    better: int
    worse: int
    same: int
    lost: int


@dataclass(frozen=True)
class Series:
    """Cycles by version; 0 without a schedule, None where there is no row."""

    instance: str
    scheduler: str
    seed: int
    budget: int | None
    options: str
    cycles: tuple[int | None, ...]

    @property
    def title(self) -> str:
        """The series for people; what is as usual is left out."""
        parts = [self.instance, self.options, "" if self.scheduler == "list" else self.scheduler]
        parts += [f"seed {self.seed}" if self.seed else ""]
        parts += ["" if self.budget is None else f"budget {self.budget}"]
        return " ".join(part for part in parts if part)

    @property
    def known(self) -> list[int]:
        """The numbers of cycles that there are, in the order of the versions."""
        return [cycles for cycles in self.cycles if cycles]

    @property
    def changed(self) -> bool:
        """Whether two versions differ."""
        return len({cycles for cycles in self.cycles if cycles is not None}) > 1


@dataclass(frozen=True)
class History:
    """An experiment's versions, oldest first, and its series by name."""

    versions: tuple[Version, ...]
    series: tuple[Series, ...]


def history(stored: Sequence[tuple[datetime, Row]]) -> History:
    """The history in rows with the times at which they were stored."""
    first: dict[str, datetime] = {}
    count: dict[str, int] = {}
    cycles: dict[Name, dict[str, int]] = {}
    for when, row in sorted(stored, key=lambda each: (each[0], each[1].key)):
        first.setdefault(row.code, when)
        count[row.code] = count.get(row.code, 0) + 1
        name = (row.instance, row.scheduler, row.seed, row.budget, row.options)
        cycles.setdefault(name, {})[row.code] = row.cycles
    codes = sorted(first, key=lambda code: (first[code], code))
    series = tuple(
        Series(*name, tuple(cycles[name].get(code) for code in codes))
        for name in sorted(cycles, key=lambda name: (*name[:3], name[3] or 0, name[4]))
    )
    versions: list[Version] = []
    index = 1.0
    for number, code in enumerate(codes):
        pairs = [
            (before, now)
            for before, now in ((s.cycles[number - 1], s.cycles[number]) for s in series)
            if number and before and now is not None
        ]
        both = [(before, now) for before, now in pairs if now]
        logs = [math.log(now / before) for before, now in both]
        ratio = math.exp(math.fsum(logs) / len(logs)) if logs else 1.0
        index *= ratio
        versions.append(
            Version(
                code=code,
                first=first[code],
                rows=count[code],
                ratio=ratio,
                index=index,
                better=sum(now < before for before, now in both),
                worse=sum(now > before for before, now in both),
                same=sum(now == before for before, now in both),
                lost=len(pairs) - len(both),
            )
        )
    return History(tuple(versions), series)

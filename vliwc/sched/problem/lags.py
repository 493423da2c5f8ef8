"""Time lags between starts: projects with generalised precedence relations (RCPSP/max).

A lag ``l`` from one operation to another says that the other starts ``l`` cycles after it or later;
a negative one is a latest start: ``b`` no later than ``m`` cycles after ``a`` is a lag of ``-m``
from ``b`` to ``a`` (Bartusch, Moehring and Radermacher 1988).  They may form circles, as
dependences may not; a circle whose lags add up to more than 0 has no schedule.

What lags say that dependences can say, too, is in the dependences of the problem as well: whatever
is proved of these holds with lags.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vliwc.sched.problem.dense import Dense, Ints
from vliwc.sched.problem.renewable import ProblemError

Lag = tuple[int, int, int]
"""``(before, after, lag)``: ``after`` starts ``lag`` cycles after the start of ``before`` or
later."""


@dataclass(frozen=True, eq=False)
class Lags:
    """Time lags by column, (k,) each."""

    source: Ints
    target: Ints
    lag: Ints

    @staticmethod
    def of(rows: Sequence[Lag]) -> Lags:
        """Lags from rows."""
        columns = np.array(rows, dtype=np.int32).reshape(len(rows), 3)
        return Lags(columns[:, 0], columns[:, 1], columns[:, 2])

    @property
    def rows(self) -> list[Lag]:
        """The lags as rows."""
        columns = (self.source.tolist(), self.target.tolist(), self.lag.tolist())
        return list(zip(*columns, strict=True))


def as_dependences(lags: Sequence[Lag], longest: Sequence[int]) -> list[tuple[int, int, int]]:
    """The lags that are dependences ``(before, after, latency)``: those after the end of the first,
    which lasts ``longest`` cycles at most."""
    return [(a, b, lag - longest[a] + 1) for a, b, lag in lags if lag >= max(longest[a], 1)]


def longest_schedule(longest: Sequence[int], lags: Sequence[Lag]) -> int:
    """Cycles that are enough if there is any schedule: those of each operation or of the longest
    lag from it, one after the other."""
    cycles = list(longest)
    for a, _, lag in lags:
        cycles[a] = max(cycles[a], lag)
    return sum(cycles)


def earliest_starts(dense: Dense, duration: Ints, lags: Lags) -> NDArray[np.int64]:
    """(n,) When operations can start by lags and dependences alone (Bellman 1958, Ford 1956).

    Raises :class:`ProblemError` for a circle that no schedule can keep.
    """
    n = len(duration)
    before = np.repeat(np.arange(n), np.diff(dense.succ_ptr))
    source = np.concatenate([before, lags.source])
    target = np.concatenate([dense.succ, lags.target])
    after = duration[before].astype(np.int64) + dense.succ_latency - 1
    lag = np.concatenate([after, lags.lag.astype(np.int64)])
    start = np.zeros(n, dtype=np.int64)
    delayed = start > 0
    for _ in range(n + 1):
        later = start.copy()
        np.maximum.at(later, target, start[source] + lag)
        delayed = later > start
        if not delayed.any():
            return start
        start = later
    raise ProblemError(
        "the time lags form a circle that no schedule can keep, which delays operation "
        f"{int(np.argmax(delayed))}"
    )

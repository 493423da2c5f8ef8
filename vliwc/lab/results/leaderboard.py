"""Leaderboards: schedulers by corpora over the rows of a store, with mean ranks and tests.

An *entrant* is a scheduler with a budget and options.  Its result on an instance is the median of
cycles over the seeds; no schedule counts as infinitely many.  Entrants are compared on the
instances that all of them have run, corpus by corpus (a corpus is a family of instances) and over
all.  Of runs repeated with newer code the newest counts.

Sources: M. Friedman, *The use of ranks to avoid the assumption of normality* (1937); P. Nemenyi,
*Distribution-free multiple comparisons* (1963); J. Demsar, *Statistical comparisons of classifiers
over multiple data sets* (2006) on using them so; B. Efron (1979) for the bootstrap.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from statistics import fmean, median
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vliwc.lab.results.profile import Profile, profiles
from vliwc.lab.results.statistics import CONFIDENCE, FEWEST, RESAMPLES
from vliwc.lab.runs.job import Row

ALL: Final = "all"
"""The name of the corpora put together."""
_SCHEDULED: Final = ("optimal", "feasible")

Ranks = NDArray[np.float64]


@dataclass(frozen=True)
class Standing:
    """An entrant in a corpus.

    ``rank`` is its mean rank (1 is best, ties share the mean of their ranks), ``low`` and ``high``
    the bootstrap interval of it over instances, None below :data:`FEWEST` instances.  ``gap``: the
    mean of ``cycles / best bound - 1`` where there is a schedule.  ``best`` counts instances on
    which no entrant has fewer cycles, ``proved`` those solved to optimality by itself.  ``close``:
    whether Nemenyi's test cannot tell it from the first (all are close where Friedman's test tells
    no difference, or too few instances are there to test).
    """

    entrant: str
    rank: float
    low: float | None
    high: float | None
    gap: float | None
    best: int
    proved: int
    scheduled: int
    close: bool


@dataclass(frozen=True)
class Board:
    """A corpus: ``instances`` that all entrants have run, ``left_out`` others.

    ``friedman`` is the p value of the hypothesis that all entrants are alike, ``difference`` the
    critical difference of mean ranks at 5 % by Nemenyi; None below three entrants or
    :data:`FEWEST` instances, ``friedman`` also where all are equal.  ``profiles`` are the
    performance profiles in cycles, in order of the standings.
    """

    corpus: str
    instances: int
    left_out: int
    friedman: float | None
    difference: float | None
    standings: tuple[Standing, ...]
    profiles: tuple[Profile, ...] = ()


@dataclass(frozen=True)
class _Result:
    """What an entrant did on an instance."""

    cycles: float
    proved: bool


def entrant_of(row: Row) -> str:
    """The name under which a row's scheduler stands in the tables."""
    budget = "" if row.budget is None else f" (budget {row.budget})"
    return f"{row.scheduler}{budget}{f' {row.options}' if row.options else ''}"


def boards(stored: Sequence[tuple[datetime, Row]], seed: int = 0) -> list[Board]:
    """The board of all corpora, and of each by name where there are several; ``seed`` is that of
    the bootstrap.  No boards without rows."""
    newest: dict[tuple[str, str, str, int], Row] = {}
    for _, row in sorted(stored, key=lambda each: (each[0], each[1].key)):
        newest[row.family, f"{row.instance} {row.digest}", entrant_of(row), row.seed] = row
    groups: dict[tuple[str, str], dict[str, list[Row]]] = {}
    for (family, instance, entrant, _), row in sorted(newest.items()):
        groups.setdefault((family, instance), {}).setdefault(entrant, []).append(row)
    if not groups:
        return []
    families = sorted({family for family, _ in groups})
    parts = {
        family: [rows for (own, _), rows in groups.items() if own == family] for family in families
    }
    found = [_board(family, part, seed) for family, part in parts.items()]
    if len(found) == 1:
        return found
    return [_board(ALL, list(groups.values()), seed), *found]


def mean_ranks(cycles: NDArray[np.float64]) -> Ranks:
    """(instances, entrants) ranks of ``cycles`` of the same shape, ties sharing their mean."""
    return np.asarray(_stats().rankdata(cycles, axis=1), dtype=np.float64)


def critical_difference(entrants: int, instances: int) -> float:
    """Nemenyi's critical difference of mean ranks at 5 %."""
    q = float(_stats().studentized_range.ppf(CONFIDENCE, entrants, np.inf)) / math.sqrt(2)
    return q * math.sqrt(entrants * (entrants + 1) / (6 * instances))


def _board(corpus: str, instances: Sequence[Mapping[str, list[Row]]], seed: int) -> Board:
    entrants = sorted({entrant for rows in instances for entrant in rows})
    whole = [rows for rows in instances if len(rows) == len(entrants)]
    table = [[_result(rows[entrant]) for entrant in entrants] for rows in whole]
    bounds = [_bound(rows) for rows in whole]
    if not whole:
        return Board(corpus, 0, len(instances), None, None, ())
    cycles = np.array([[result.cycles for result in row] for row in table])
    ranks = mean_ranks(cycles)
    friedman = difference = None
    if len(entrants) >= 3 and len(whole) >= FEWEST:
        friedman = _friedman(cycles)
        difference = critical_difference(len(entrants), len(whole))
    means: list[float] = ranks.mean(axis=0).tolist()
    intervals = _intervals(ranks, seed)
    told = friedman is not None and friedman < 1 - CONFIDENCE and difference is not None
    first = min(means)
    least = cycles.min(axis=1)
    standings: list[Standing] = []
    for at, entrant in enumerate(entrants):
        own = [row[at] for row in table]
        gaps = [
            (result.cycles - bound) / max(bound, 1)
            for result, bound in zip(own, bounds, strict=True)
            if result.cycles < math.inf
        ]
        standings.append(
            Standing(
                entrant=entrant,
                rank=means[at],
                low=intervals[at][0] if intervals else None,
                high=intervals[at][1] if intervals else None,
                gap=fmean(gaps) if gaps else None,
                best=int(((cycles[:, at] == least) & np.isfinite(least)).sum()),
                proved=sum(result.proved for result in own),
                scheduled=len(gaps),
                close=not told or means[at] - first <= (difference or 0.0),
            )
        )
    standings.sort(key=lambda each: (each.rank, each.entrant))
    left_out = len(instances) - len(whole)
    columns = {each.entrant: cycles[:, entrants.index(each.entrant)].tolist() for each in standings}
    curves = tuple(profiles(columns))
    return Board(corpus, len(whole), left_out, friedman, difference, tuple(standings), curves)


def _result(rows: Sequence[Row]) -> _Result:
    cycles = [float(row.cycles) if row.status in _SCHEDULED else math.inf for row in rows]
    return _Result(median(cycles), all(row.proved for row in rows))


def _bound(rows: Mapping[str, list[Row]]) -> int:
    """The best bound of an instance that no schedule contradicts."""
    every = [row for own in rows.values() for row in own]
    best = min((row.cycles for row in every if row.status in _SCHEDULED), default=None)
    bounds = [row.lower_bound for row in every if row.status != "failed"]
    bounds += [row.optimum for row in every if row.optimum is not None]
    return max((bound for bound in bounds if best is None or bound <= best), default=0)


def _friedman(cycles: NDArray[np.float64]) -> float | None:
    if (cycles == cycles[:, :1]).all():
        return None  # no differences: the statistic would be 0/0
    finite = cycles[np.isfinite(cycles)]
    above = 1.0 + float(finite.max(initial=0.0))
    ranked = np.where(np.isfinite(cycles), cycles, above)
    return float(_stats().friedmanchisquare(*ranked.T).pvalue)


def _intervals(ranks: Ranks, seed: int) -> list[tuple[float, float]]:
    """For each entrant the percentile bootstrap interval of its mean rank over instances."""
    count = len(ranks)
    if count < FEWEST:
        return []
    random = np.random.default_rng(seed)
    weights = random.multinomial(count, np.full(count, 1 / count), size=RESAMPLES) / count
    means = weights @ ranks
    tails = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(means, [tails, 100 - tails], axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def _stats() -> Any:
    """scipy, which has no types, and is part of the extra ``lab``."""
    return import_module("scipy.stats")

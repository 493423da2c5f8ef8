"""Comparison of schedulers over many instances: gaps, wins, confidence, tests.

*Seeds first.*  The runs of a scheduler on an instance under several seeds are not independent of
each other.  They are made one :class:`Outcome`, the median over the seeds, before anything is
counted, so that the pairs of the tests are different instances.

*No schedule.*  A run without a schedule (``none``, ``failed``, ``infeasible``) counts as infinitely
many cycles and seconds, here and in :mod:`vliwc.lab.results.profile`: it loses against every
schedule, ties with another run without one, and lies above every finite gap in medians.  Means
cannot take it in; they are of the instances with a schedule, whose number stands beside them.
Instances that are proved to have no schedule have no gap either: they are left out of gaps, pairs
and profiles, and counted apart.

*Bounds.*  The bound of an instance is the best lower bound of all its runs, or the optimum known
from elsewhere: what one scheduler proves holds for all.  What a schedule that passed the checker
refutes is not believed, whoever claims it; see :class:`Contradiction`.  Nor are bounds of failed
runs.

*Tests.*  Differences of cycles are divided by the instance's bound before they are ranked, since
cycles of small and of large instances cannot be ranked together (Demsar 2006).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from statistics import fmean, median
from typing import Final

from vliwc.diagnostics import UserError
from vliwc.lab.results.statistics import Interval, holm, median_interval, signed_rank
from vliwc.lab.runs.job import Row

_SCHEDULED: Final = ("optimal", "feasible")
KNOWN_OPTIMUM: Final = "known optimum"
"""In place of a scheduler, where the optimum that came with an instance is contradicted."""


class ComparisonError(UserError):
    """Rows that cannot be compared; the message says which and why."""


@dataclass(frozen=True)
class Contradiction:
    """A run whose claim is refuted by a schedule that passed the checker."""

    instance: str
    scheduler: str
    seed: int
    message: str


@dataclass(frozen=True)
class Case:
    """An instance: ``bound`` is the best one known, ``best`` the least cycles that any run took
    (infinite without one); ``infeasible`` if it is proved that it has no schedule."""

    name: str
    family: str
    operations: int
    bound: int
    best: float
    infeasible: bool


@dataclass(frozen=True)
class Outcome:
    """A scheduler on an instance, its seeds taken together: medians of ``cycles`` and ``seconds``.

    Both are infinite where half of the seeds or more gave no schedule.  ``proved`` if every seed
    proved its own result, ``gap`` is that of the cycles to the instance's bound.
    """

    instance: str
    scheduler: str
    seeds: int
    cycles: float
    seconds: float
    gap: float
    proved: bool

    @property
    def scheduled(self) -> bool:
        """Whether there is a schedule, by the median."""
        return self.cycles < math.inf


@dataclass(frozen=True)
class Summary:
    """A scheduler over all instances.

    ``runs``, ``none``, ``infeasible`` and ``failed`` count rows (``failed`` those with a
    contradicted claim, too), all else counts instances.  ``at_bound`` counts instances whose
    cycles are the best known bound, whoever proved it; ``proved`` those that the scheduler's own
    runs proved.  ``mean_gap`` is of the ``scheduled`` instances, ``median_gap`` of all
    ``instances`` that are not proved infeasible.  ``seconds`` is the median of an instance.
    """

    scheduler: str
    runs: int
    instances: int
    scheduled: int
    none: int
    infeasible: int
    failed: int
    proved: int
    at_bound: int
    best: int
    median_gap: float | None
    interval: Interval
    mean_gap: float | None
    seconds: float | None


@dataclass(frozen=True)
class ToKnown:
    """A scheduler against the best known values of ``instances``.

    ``reached`` counts those of as few cycles, ``beaten`` those of fewer.  ``mean`` is the mean of
    ``cycles / known - 1`` over the ``scheduled`` ones, ``largest`` their largest.
    """

    scheduler: str
    instances: int
    scheduled: int
    reached: int
    beaten: int
    mean: float | None
    largest: float | None


@dataclass(frozen=True)
class Pair:
    """``first`` against ``second``, instance by instance.

    ``wins``, ``ties`` and ``losses`` are those of ``first``.  ``ratio`` is the geometric mean of
    ``cycles of first / cycles of second`` over the ``both`` instances that both have a schedule
    of.  ``differing`` pairs enter the signed-rank test with two-sided ``p``; None if they are fewer
    than :data:`FEWEST`.  ``p_holm`` is corrected for the number of tests beside it.
    """

    first: str
    second: str
    wins: int
    ties: int
    losses: int
    both: int
    ratio: float | None
    differing: int
    p: float | None
    p_holm: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Rows put together; ``seed`` is that of the bootstrap, whose result depends on nothing else.
    ``known``: the fewest cycles that anybody has reported, of instances where that is known.

    Every scheduler needs a row of every instance.  Schedulers and instances keep the order of the
    rows.  Raises :class:`ComparisonError`.
    """

    rows: Sequence[Row] = field(repr=False)
    seed: int = 0
    known: Mapping[str, int] = field(default_factory=dict[str, int])

    def __post_init__(self) -> None:
        _require_complete(self.rows)

    @cached_property
    def schedulers(self) -> tuple[str, ...]:
        """Names of all schedulers."""
        return tuple(dict.fromkeys(row.scheduler for row in self.rows))

    @cached_property
    def contradictions(self) -> tuple[Contradiction, ...]:
        """Claims of runs that checked schedules refute."""
        return tuple(claim for rows in self._by_instance.values() for claim in _refuted(rows))

    @cached_property
    def cases(self) -> dict[str, Case]:
        """All instances by name."""
        return {name: _case(rows) for name, rows in self._by_instance.items()}

    @cached_property
    def compared(self) -> tuple[Case, ...]:
        """The instances that are not proved to have no schedule."""
        return tuple(case for case in self.cases.values() if not case.infeasible)

    @cached_property
    def outcomes(self) -> dict[tuple[str, str], Outcome]:
        """What each scheduler did on each instance, by ``(instance, scheduler)``."""
        refuted = {(c.instance, c.scheduler, c.seed) for c in self.contradictions}
        parts: dict[tuple[str, str], list[Row]] = {}
        for row in self.rows:
            parts.setdefault((row.instance, row.scheduler), []).append(row)
        return {
            (name, scheduler): _outcome(self.cases[name], rows, refuted)
            for (name, scheduler), rows in parts.items()
        }

    def of(self, scheduler: str) -> list[Outcome]:
        """The outcomes of a scheduler on the instances compared, in their order."""
        return [self.outcomes[case.name, scheduler] for case in self.compared]

    @property
    def failed(self) -> bool:
        """Whether any run broke a rule, raised, or claimed what is not so."""
        return bool(self.contradictions) or any(row.status == "failed" for row in self.rows)

    def summary(self, scheduler: str) -> Summary:
        """A scheduler's figures."""
        rows = [row for row in self.rows if row.scheduler == scheduler]
        claims = {(c.instance, c.seed) for c in self.contradictions if c.scheduler == scheduler}
        bad = sum(row.status == "failed" or (row.instance, row.seed) in claims for row in rows)
        outcomes = self.of(scheduler)
        gaps = [outcome.gap for outcome in outcomes]
        finite = [gap for gap in gaps if gap < math.inf]
        everywhere = [self.outcomes[name, scheduler] for name in self.cases]
        return Summary(
            scheduler=scheduler,
            runs=len(rows),
            instances=len(self.cases),
            scheduled=len(finite),
            none=sum(row.status == "none" for row in rows),
            infeasible=sum(row.status == "infeasible" for row in rows),
            failed=bad,
            proved=sum(outcome.proved for outcome in everywhere),
            at_bound=sum(o.cycles == c.bound for o, c in zip(outcomes, self.compared, strict=True)),
            best=sum(
                o.scheduled and o.cycles == c.best
                for o, c in zip(outcomes, self.compared, strict=True)
            ),
            median_gap=median(gaps) if gaps else None,
            interval=median_interval(gaps, self.seed),
            mean_gap=fmean(finite) if finite else None,
            seconds=median(o.seconds for o in everywhere) if everywhere else None,
        )

    @cached_property
    def summaries(self) -> tuple[Summary, ...]:
        """The figures of all schedulers."""
        return tuple(self.summary(scheduler) for scheduler in self.schedulers)

    def to_known(self) -> list[ToKnown]:
        """All schedulers against the best known values; none without such values."""
        return [self._to_known(name) for name in self.schedulers] if self.known else []

    def against(self, baseline: str) -> list[Pair]:
        """Every other scheduler against ``baseline``, corrected for their number."""
        others = [scheduler for scheduler in self.schedulers if scheduler != baseline]
        return _corrected([self._pair(scheduler, baseline) for scheduler in others])

    @cached_property
    def pairwise(self) -> tuple[Pair, ...]:
        """Each two schedulers, corrected for the number of pairs."""
        pairs = [self._pair(a, b) for a, b in combinations(self.schedulers, 2)]
        return tuple(_corrected(pairs))

    @cached_property
    def _by_instance(self) -> Mapping[str, list[Row]]:
        parts: dict[str, list[Row]] = {}
        for row in self.rows:
            parts.setdefault(row.instance, []).append(row)
        return parts

    def _to_known(self, scheduler: str) -> ToKnown:
        outcomes = [o for o in self.of(scheduler) if o.instance in self.known]
        gaps = [_ratio(o.cycles, self.known[o.instance]) - 1 for o in outcomes if o.scheduled]
        return ToKnown(
            scheduler,
            instances=len(outcomes),
            scheduled=len(gaps),
            reached=sum(gap == 0 for gap in gaps),
            beaten=sum(gap < 0 for gap in gaps),
            mean=fmean(gaps) if gaps else None,
            largest=max(gaps, default=None),
        )

    def _pair(self, first: str, second: str) -> Pair:
        a, b = self.of(first), self.of(second)
        cycles = [(x.cycles, y.cycles) for x, y in zip(a, b, strict=True)]
        ratios = [_ratio(x, y) for x, y in cycles if x < math.inf and y < math.inf]
        differences = [
            0.0 if x == y else (x - y) / max(case.bound, 1)
            for (x, y), case in zip(cycles, self.compared, strict=True)
        ]
        differing, p = signed_rank(differences)
        return Pair(
            first,
            second,
            wins=sum(x < y for x, y in cycles),
            ties=sum(x == y for x, y in cycles),
            losses=sum(x > y for x, y in cycles),
            both=len(ratios),
            ratio=math.exp(fmean(map(math.log, ratios))) if ratios else None,
            differing=differing,
            p=p,
        )


def _corrected(pairs: list[Pair]) -> list[Pair]:
    tested = iter(holm([pair.p for pair in pairs if pair.p is not None]))
    return [pair if pair.p is None else replace(pair, p_holm=next(tested)) for pair in pairs]


def _ratio(first: float, second: float) -> float:
    """Of two numbers of cycles; that of an empty problem, 0, counts as 1."""
    return max(first, 1.0) / max(second, 1.0)


def _least(rows: Sequence[Row]) -> float:
    """The least cycles of an instance's checked schedules."""
    return min((float(row.cycles) for row in rows if row.status in _SCHEDULED), default=math.inf)


def _refuted(rows: Sequence[Row]) -> list[Contradiction]:
    """The claims of an instance's rows that its schedules refute."""
    best = _least(rows)
    if best == math.inf:
        return []
    found: list[Contradiction] = []
    witness = next(row for row in rows if row.status in _SCHEDULED and row.cycles == best)
    shown = f"{witness.scheduler} (seed {witness.seed}) takes {witness.cycles} cycles"
    optimum = rows[0].optimum
    if optimum is not None and optimum > best:
        message = f"the optimum is said to be {optimum}, but {shown}"
        found.append(Contradiction(witness.instance, KNOWN_OPTIMUM, 0, message))
    for row in rows:
        if row.status == "infeasible":
            message = f"said to have no schedule, but {shown}"
        elif row.status != "failed" and row.lower_bound > best:
            message = f"the bound {row.lower_bound} ({row.bound_reason}) is wrong: {shown}"
        else:
            continue
        found.append(Contradiction(row.instance, row.scheduler, row.seed, message))
    return found


def _case(rows: Sequence[Row]) -> Case:
    """An instance from all its rows."""
    best, first = _least(rows), rows[0]
    bounds = [row.lower_bound for row in rows if row.status != "failed"]
    if first.optimum is not None:
        bounds.append(first.optimum)
    return Case(
        first.instance,
        first.family,
        first.operations,
        max((bound for bound in bounds if bound <= best), default=0),
        best,
        best == math.inf and any(row.status == "infeasible" for row in rows),
    )


def _outcome(case: Case, rows: Sequence[Row], refuted: set[tuple[str, str, int]]) -> Outcome:
    """What the rows of one scheduler on one instance say together."""
    scheduled = [row.status in _SCHEDULED for row in rows]
    pairs = list(zip(rows, scheduled, strict=True))
    cycles = median(float(row.cycles) if there else math.inf for row, there in pairs)
    return Outcome(
        case.name,
        rows[0].scheduler,
        len(rows),
        cycles,
        median(row.seconds if there else math.inf for row, there in pairs),
        (cycles - case.bound) / max(case.bound, 1),
        all(row.proved and (case.name, row.scheduler, row.seed) not in refuted for row in rows),
    )


def _require_complete(rows: Sequence[Row]) -> None:
    """Raise :class:`ComparisonError` unless every scheduler ran on the same instances."""
    if not rows:
        raise ComparisonError("there are no rows to compare")
    seen: set[tuple[str, str, int]] = set()
    problems: dict[str, tuple[str, int | None]] = {}
    for row in rows:
        run = f"{row.scheduler} on {row.instance}, seed {row.seed}"
        if (row.instance, row.scheduler, row.seed) in seen:
            raise ComparisonError(f"two rows of {run}: compare one budget and version at a time")
        seen.add((row.instance, row.scheduler, row.seed))
        problem = (row.digest, row.optimum)
        if problems.setdefault(row.instance, problem) != problem:
            raise ComparisonError(f"{row.instance} names two different problems; see {run}")
    ran = {(instance, scheduler) for instance, scheduler, _ in seen}
    for instance in problems:
        for scheduler in dict.fromkeys(row.scheduler for row in rows):
            if (instance, scheduler) not in ran:
                raise ComparisonError(f"there is no row of {scheduler} on {instance}")

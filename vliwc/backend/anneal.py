"""Search at -O3: annealing of the best candidates, in rounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from vliwc.sched.anytime import expired
from vliwc.sched.staggered.anneal import Cooling, anneal_parallel
from vliwc.sched.staggered.search import StaggerSearch


@dataclass(frozen=True)
class RoundsTuning:
    """The tuned numbers of this module, set by hand: ``vliwc compile -O3`` shows cycles."""

    rounds: int = 8
    """After each round every chain goes on from the best windows found."""
    workers: int = 2
    """Chains at a time; fixed, because the result may not depend on the computer."""
    candidates: int = 2
    """The best candidates that are annealed in the first round, each with one part in so many of
    its steps: which of them is best is not known before."""
    per_operation: int = 12
    """Schedules for each operation of a problem at most: what can be won grows with a problem, and
    a small one would be scheduled millions of times."""
    seed_step: int = 100
    """Seeds of the candidates are so far apart ..."""
    round_seed_step: int = 1000
    """... and those of the rounds: chains of one round take the seeds from there on, and no two
    chains the same."""
    first: Cooling = Cooling(hot=1.5, cold=0.4, wide=40.0, narrow=10.0)
    """Temperatures and sizes of changes, in cycles, of the first round; those between go from
    here ..."""
    last: Cooling = Cooling(hot=0.4, cold=0.05, wide=10.0, narrow=1.0)
    """... to here, the last round, by equal factors."""


TUNING = RoundsTuning()


class HasSearch(Protocol):
    """What annealing needs of a candidate."""

    @property
    def search(self) -> StaggerSearch: ...


C = TypeVar("C", bound=HasSearch)


def anneal_candidates(
    candidates: Sequence[C],
    work: int,
    budget: int | None,
    seed: int,
    progress: Callable[[str, float | None], None],
) -> C:
    """Anneal the best two candidates for a round, then the better one; the best of all.

    ``work`` is the number of operations to schedule altogether, at most; ``budget``, if given, the
    number of schedules instead.  A problem without groups has no windows to anneal.
    """
    if not candidates[0].search.problem.dense.n_groups:
        return candidates[0]
    schedules = budget
    if schedules is None:
        schedules = planned_schedules(len(candidates[0].search.problem), work)
    steps = max(schedules // (TUNING.rounds * TUNING.workers), 1)
    best = min(candidates, key=lambda candidate: candidate.search.cycles)
    for number, candidate in enumerate(candidates[: TUNING.candidates]):
        progress("anneal", number / (TUNING.rounds + 1))
        if not (best.search.done or expired()):
            first_seed = seed + TUNING.seed_step * number
            _round(candidate.search, steps // TUNING.candidates, first_seed, TUNING.first)
    best = min(candidates, key=lambda candidate: candidate.search.cycles)
    for number in range(1, TUNING.rounds):
        progress("anneal", (number + 1) / (TUNING.rounds + 1))
        if best.search.done or expired():
            break
        first_seed = seed + TUNING.round_seed_step * number
        _round(best.search, steps, first_seed, _cooling(number / (TUNING.rounds - 1)))
    return best


def planned_schedules(size: int, work: int) -> int:
    """Schedules of a problem of ``size`` operations that are worth making, if at most ``work``
    operations are to be scheduled altogether."""
    return min(work // max(size, 1), TUNING.per_operation * size)


def _cooling(part: float) -> Cooling:
    """Cooling of a round, ``part`` of the way from the first to the last."""
    pairs = zip(
        (TUNING.first.hot, TUNING.first.cold, TUNING.first.wide, TUNING.first.narrow),
        (TUNING.last.hot, TUNING.last.cold, TUNING.last.wide, TUNING.last.narrow),
        strict=True,
    )
    return Cooling(*(a * (b / a) ** part for a, b in pairs))


def _round(search: StaggerSearch, steps: int, seed: int, cooling: Cooling) -> None:
    """One round of chains from the best windows of ``search``, which takes over the best result."""
    runner = search.runner
    chains = anneal_parallel(
        runner.dense,
        runner.tails,
        [search.windows] * TUNING.workers,
        runner.bound.cycles,
        steps,
        seed,
        cooling,
        TUNING.workers,
    )
    search.follow(min(chains, key=lambda chain: chain.cost))

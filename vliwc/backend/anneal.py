"""Search at -O3: annealing of the best candidates, in rounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from vliwc.sched.staggered.anneal import Cooling, anneal_parallel
from vliwc.sched.staggered.search import StaggerSearch

ROUNDS = 8
"""After each round every chain goes on from the best windows found."""
WORKERS = 2
"""Chains at a time; fixed, because the result may not depend on the computer."""
FIRST_ROUND = Cooling(hot=1.5, cold=0.4, wide=40.0, narrow=10.0)
LAST_ROUND = Cooling(hot=0.4, cold=0.05, wide=10.0, narrow=1.0)


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

    ``work`` is the number of operations to schedule altogether; ``budget``, if given, the number
    of schedules instead.  A problem without groups has no windows to anneal.
    """
    if not candidates[0].search.problem.dense.n_groups:
        return candidates[0]
    size = len(candidates[0].search.problem)
    schedules = budget if budget is not None else work // max(size, 1)
    steps = max(schedules // (ROUNDS * WORKERS), 1)
    best = min(candidates, key=lambda candidate: candidate.search.cycles)
    for number, candidate in enumerate(candidates[:2]):
        progress("anneal", number / (ROUNDS + 1))
        if not best.search.done:
            _round(candidate.search, steps // 2, seed + 100 * number, FIRST_ROUND)
    best = min(candidates, key=lambda candidate: candidate.search.cycles)
    for number in range(1, ROUNDS):
        progress("anneal", (number + 1) / (ROUNDS + 1))
        if best.search.done:
            break
        _round(best.search, steps, seed + 1000 * number, _cooling(number / (ROUNDS - 1)))
    return best


def _cooling(part: float) -> Cooling:
    """Cooling of a round, ``part`` of the way from the first to the last."""
    pairs = zip(
        (FIRST_ROUND.hot, FIRST_ROUND.cold, FIRST_ROUND.wide, FIRST_ROUND.narrow),
        (LAST_ROUND.hot, LAST_ROUND.cold, LAST_ROUND.wide, LAST_ROUND.narrow),
        strict=True,
    )
    return Cooling(*(a * (b / a) ** part for a, b in pairs))


def _round(search: StaggerSearch, steps: int, seed: int, cooling: Cooling) -> None:
    """One round of chains from the best windows of ``search``, which takes over the best result."""
    runner = search.runner
    chains = anneal_parallel(
        runner.dense,
        runner.tails,
        [search.windows] * WORKERS,
        runner.bound.cycles,
        steps,
        seed,
        cooling,
        WORKERS,
    )
    search.follow(min(chains, key=lambda chain: chain.cost))

"""Performance profiles: for each factor, how many instances a scheduler solves within it.

A scheduler's ratio on an instance is its cost divided by the least cost that any scheduler of the
comparison has there; its profile at a factor is the share of instances with a ratio up to it.  At
factor 1 it is how often the scheduler is the best, at the right end how often it finds a schedule
at all: a run without one has an infinite ratio.  An instance that nobody has a schedule of counts
for everybody as not solved; one that is proved to have none is left out.

Profiles rank a scheduler against the best of those compared.  Who is second may change if another
is taken away (Gould and Scott, *A note on performance profiles for benchmarking software*, 2016).

Source: E. D. Dolan and J. J. More, *Benchmarking optimization software with performance profiles*
(Mathematical Programming 91, 2002).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vliwc.lab.results.comparison import Comparison

LEAST_SECONDS: Final = 1e-3
"""Shorter times count as a millisecond in ratios: below it, the clock's noise is measured."""


@dataclass(frozen=True)
class Profile:
    """A step function: ``shares[k]`` of the instances have a ratio of at most ``ratios[k]``.

    Ratios increase, begin with 1 and are finite; shares never decrease and lie in 0..1.
    """

    scheduler: str
    ratios: tuple[float, ...]
    shares: tuple[float, ...]

    def at(self, factor: float) -> float:
        """The share of instances with a ratio of at most ``factor``; 0 below 1."""
        place = bisect_right(self.ratios, factor)
        return self.shares[place - 1] if place else 0.0


def profiles(costs: Mapping[str, Sequence[float]]) -> list[Profile]:
    """The profiles of schedulers with these costs, instance by instance; infinite: not solved.

    Raises :class:`ValueError` if schedulers have different numbers of costs, or if any is negative
    or not a number.
    """
    if len({len(own) for own in costs.values()}) > 1:
        raise ValueError("every scheduler needs a cost for each instance")
    if any(not cost >= 0 for own in costs.values() for cost in own):
        raise ValueError("a cost is negative or not a number")
    least = [min(column) for column in zip(*costs.values(), strict=True)]
    return [_profile(name, own, least) for name, own in costs.items()]


def cycle_profiles(comparison: Comparison) -> list[Profile]:
    """Profiles in cycles (medians over seeds)."""
    return profiles(
        {name: [o.cycles for o in comparison.of(name)] for name in comparison.schedulers}
    )


def time_profiles(comparison: Comparison) -> list[Profile]:
    """Profiles in seconds until the scheduler ends (medians over seeds), whatever its schedule is
    worth; at least :data:`LEAST_SECONDS`."""
    return profiles(
        {
            name: [max(o.seconds, LEAST_SECONDS) for o in comparison.of(name)]
            for name in comparison.schedulers
        }
    )


def last_factor(profiles: Sequence[Profile]) -> float:
    """Where pictures of profiles end: a little beyond the last step of any."""
    last = max((profile.ratios[-1] for profile in profiles), default=1.0)
    return max(1.02, last * last**0.04)


def round_factors(end: float) -> list[float]:
    """Round factors from 1 to ``end`` for a logarithmic axis, however short it is."""
    if end > 100:
        candidates = [10.0**exponent for exponent in range(int(math.log10(end)) + 1)]
    elif end > 4:
        candidates = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]
    else:
        step = next(size for size in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if (end - 1) / size <= 8)
        candidates = [1 + step * k for k in range(9)]
    return [tick for tick in candidates if tick <= end]


def _profile(scheduler: str, costs: Sequence[float], least: Sequence[float]) -> Profile:
    ratios = sorted(_ratio(cost, best) for cost, best in zip(costs, least, strict=True))
    steps = sorted({1.0, *(ratio for ratio in ratios if ratio < math.inf)})
    total = max(len(ratios), 1)
    return Profile(
        scheduler, tuple(steps), tuple(bisect_right(ratios, step) / total for step in steps)
    )


def _ratio(cost: float, best: float) -> float:
    if cost == math.inf:
        return math.inf
    if cost == best:
        return 1.0
    return cost / best if best else math.inf

"""Confidence intervals and tests, for figures that may be infinite.

Sources: B. Efron, *Bootstrap methods: another look at the jackknife* (1979); F. Wilcoxon,
*Individual comparisons by ranking methods* (1945); S. Holm, *A simple sequentially rejective
multiple test procedure* (1979); J. Demsar, *Statistical comparisons of classifiers over multiple
data sets* (2006) on using the last two together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np

FEWEST: Final = 6
"""Below six, neither an interval of the median at 95 % (six values hold it between the least and
the greatest with 1 - 2/2**6) nor a two-sided test at 5 % (2/2**6) exists."""

CONFIDENCE: Final = 0.95
RESAMPLES: Final = 9999
ENUMERATED: Final = 12
"""Up to so many pairs, all signs are enumerated, which is exact with ties, too."""


@dataclass(frozen=True)
class Interval:
    """A confidence interval of the median of ``count`` values; no ends if they are too few."""

    count: int
    low: float | None = None
    high: float | None = None


def median_interval(values: Sequence[float], seed: int = 0) -> Interval:
    """The percentile bootstrap interval of the median at :data:`CONFIDENCE`.

    Values may be infinite.  The interval has no ends for fewer than :data:`FEWEST` values.  Equal
    arguments give equal intervals.
    """
    if len(values) < FEWEST:
        return Interval(len(values))
    greatest = max((value for value in values if value < math.inf), default=0.0)
    # Percentiles are interpolated, which infinity minus infinity would spoil.  Whatever a value
    # this large has a part in lies above all finite ones, and is infinite again afterwards.
    stand_in = 1e9 * (1.0 + greatest)
    found = _scipy_stats().bootstrap(
        (np.array([min(value, stand_in) for value in values]),),
        np.median,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    low, high = float(found.confidence_interval.low), float(found.confidence_interval.high)
    return Interval(
        len(values),
        low if low <= greatest else math.inf,
        high if high <= greatest else math.inf,
    )


def signed_rank(differences: Sequence[float]) -> tuple[int, float | None]:
    """Wilcoxon's signed-rank test of paired differences: pairs used, and the two-sided p.

    Zeros are left out, as Wilcoxon did.  p is None for fewer than :data:`FEWEST` other pairs;
    exact for up to :data:`ENUMERATED` of them, and for up to 50 without ties; by the normal
    distribution beyond.  Infinite differences rank above all others, equally.
    """
    used = [value for value in differences if value]
    if len(used) < FEWEST:
        return len(used), None
    above = 1.0 + max((abs(value) for value in used if math.isfinite(value)), default=0.0)
    ranked = [value if math.isfinite(value) else math.copysign(above, value) for value in used]
    stats = _scipy_stats()
    method = "auto"
    if len(ranked) <= ENUMERATED:
        method = stats.PermutationMethod(n_resamples=2**ENUMERATED)
    return len(used), float(stats.wilcoxon(ranked, method=method).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values, each corrected for their number by Holm's step-down procedure."""
    corrected = [0.0] * len(p_values)
    running = 0.0
    for rank, at in enumerate(sorted(range(len(p_values)), key=lambda at: p_values[at])):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[at]))
        corrected[at] = running
    return corrected


def _scipy_stats() -> Any:
    """scipy, which has no types, and is part of the extra ``lab``."""
    return import_module("scipy.stats")

"""Settings of the stagger: a few numbers that give all groups their windows, and the policy.

Annealing moves the windows of single groups; before it, a search over these few numbers finds
where to begin.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import numpy as np

from vliwc.sched.problem.paths import Floats
from vliwc.sched.staggered.windows import GroupWindows, Policy


class Stagger(NamedTuple):
    """The windows of groups: group ``u`` of 0..1 lasts from ``length * start * v**bend`` to
    ``length * (first_end + (1 - first_end) * (1 - (1 - u)**curve))``, as fractions of a planned
    number of cycles; at least ``StaggerTuning.min_window`` of it.  ``v`` is 0 for the first part
    ``together`` of the groups and rises to 1 from there.  ``reserve`` is a part of scratch; the
    other fields are those of :class:`vliwc.sched.staggered.windows.Policy`."""

    length: float = 0.9
    start: float = 0.8
    bend: float = 0.9
    first_end: float = 0.65
    curve: float = 3.4
    reserve: float = 0.04
    flow_queue: float = 1.5
    together: float = 0.2
    prefetch: float = 0.3
    patience: float = 0.0
    in_flight: float = 64.0

    def windows(self, cycles: int, slots: int, groups: int, bias: Floats) -> GroupWindows:
        """The windows of ``groups`` groups in a plan of ``cycles`` cycles, with ``slots`` vector
        slots of scratch."""
        length = self.length * cycles
        u = np.arange(groups) / max(groups - 1, 1)
        late = np.maximum(u - self.together, 0.0) / max(1.0 - self.together, 1e-9)
        start = length * self.start * late**self.bend
        end = length * (self.first_end + (1 - self.first_end) * (1 - (1 - u) ** self.curve))
        shortest = min(TUNING.min_window, TUNING.min_window_sum / max(groups, 1)) * length
        policy = Policy(
            prefetch=float(self.prefetch),
            reserve=float(round(self.reserve * slots)),
            flow_queue=float(round(self.flow_queue)),
            patience=float(self.patience),
            stretch=1.0 / self.length,
            in_flight=float(round(self.in_flight)),
        )
        return GroupWindows(start, np.maximum(end, start + shortest), policy, bias)


@dataclass(frozen=True)
class StaggerTuning:
    """The tuned numbers of this module: which settings are tried and how they change; all by hand
    on ``python -m benchmarks.suite``.  Fields of settings have the units of :class:`Stagger`."""

    min_window: float = 0.1
    """Shortest window, as a part of the plan: a group cannot do all its work at one moment."""
    min_window_sum: float = 6.0
    """Shortest windows of all groups together, in plans: where few of many groups can be under way,
    a tenth of the plan for each would be too long."""
    first: tuple[Stagger, ...] = (
        Stagger(),
        Stagger(0.92, 0.66, 1.1, 0.73, 3.4, 0.04, 1.0),
        Stagger(0.96, 0.7, 1.0, 0.6, 3.8, 0.1, 1.0),
        Stagger(1.0, 0.9, 1.0, 0.3, 1.5, 0.1, 2.0),
        Stagger(1.0, 0.6, 0.8, 0.7, 2.0, 0.0, 3.0),
        Stagger(0.9, 0.85, 0.8, 0.8, 3.9, 0.12, 3.0),
        Stagger(1.0, 0.95, 1.0, 0.1, 1.0, 0.3, 1.0),
        Stagger(1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0),
    )
    """Settings that are tried first; the last one lets all groups start at once."""
    cautious: tuple[int, ...] = (0, 6)
    """Those of them that are tried again with scratch kept for the oldest group: ends far apart,
    and starts as well."""
    kept: tuple[float, ...] = (0.25, 0.5, 0.75, 0.9, 1.0)
    """Parts of scratch that only the oldest group may use, tried when scratch runs short."""
    flights: tuple[int, ...] = (28, 22, 16, 10, 5, 2, 1)
    """Numbers of groups in flight that are tried where there are more groups."""
    max_together: int = 48
    """Groups up to which all may be in flight; beyond, settings made for that are not tried."""
    max_flight_share: float = 0.6
    """Part of the plan that one of a few groups in flight gets at most."""
    flight_prefetch: float = 0.9
    """``prefetch`` of those settings: inputs shortly before their group."""
    chance: float = 0.5
    """Probability that a field changes in a step."""
    spread: float = 0.4
    """Standard deviation of a change, in ``reach``: one in eighty is larger than it."""
    reach: Stagger = Stagger(0.5, 0.5, 0.6, 0.9, 4.0, 0.3, 6.0, 0.5, 0.6, 40.0, 4.0)
    """How far each field moves in one step at first."""
    low: Stagger = Stagger(0.6, 0.0, 0.4, 0.0, 0.8, 0.0, 0.0, 0.0, 0.0, -200.0, 1.0)
    """The least value of each field."""
    high: Stagger = Stagger(1.15, 1.0, 1.6, 1.0, 5.0, 0.5, 12.0, 0.9, 1.0, 200.0, 64.0)
    """The greatest value of each field."""


TUNING = StaggerTuning()


def mutate(stagger: Stagger, scale: float, rng: Random) -> Stagger:
    """Change some fields of ``stagger`` by up to ``scale`` times their reach, within the range of
    each."""
    changed = [
        min(max(old + rng.gauss(0.0, TUNING.spread) * scale * reach, floor), ceiling)
        if rng.random() < TUNING.chance
        else old
        for old, reach, floor, ceiling in zip(
            stagger, TUNING.reach, TUNING.low, TUNING.high, strict=True
        )
    ]
    return Stagger(*changed)


def first_settings(groups: int) -> list[Stagger]:
    """Settings to try first: those that did well, and with many groups a few in flight."""
    settings = list(TUNING.first) if groups <= TUNING.max_together else []
    for flight in TUNING.flights:
        if groups > flight:
            part = min(flight / groups, TUNING.max_flight_share)
            settings.append(
                Stagger(
                    length=1.0,
                    start=1.0 - part,
                    bend=1.0,
                    first_end=part,
                    curve=1.0,
                    reserve=0.0,
                    flow_queue=1.0,
                    together=0.0,
                    prefetch=TUNING.flight_prefetch,
                    patience=0.0,
                    in_flight=flight,
                )
            )
    return settings

"""Trips of a long sequential loop: how many rounds each of them has."""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.analysis.rounds import find_rounds
from vliwc.lang import CheckedKernel, ast
from vliwc.options import Options


@dataclass(frozen=True)
class RoundTuning:
    """The tuned numbers of this module, set by hand: ``python -m benchmarks.sizes``."""

    lane: int = 4_000
    """Values of one lane up to which all rounds are code of their own."""
    kernel: int = 40_000
    """The same for the groups of all lanes together."""
    trip: int = 16_000
    """Values of all groups in a trip: enough that filling and draining the engines matters
    little."""
    trip_lane: int = 1_200
    """Values of one lane in a trip, if a period does not take more: strategies are chosen among the
    ways of all its table reads, which takes long where there are hundreds."""
    most: int = 80_000
    """Values of all groups in a trip that is still compiled: one period may take that many."""


TUNING = RoundTuning()


@dataclass(frozen=True, eq=False)
class RoundTrips:
    """Of the sequential loop ``loop``, ``rounds`` rounds for all lanes are a trip of a machine loop
    of ``trips`` trips, and ``rest`` rounds follow."""

    loop: ast.For
    rounds: int
    trips: int
    rest: int


def plan_rounds(kernel: CheckedKernel, options: Options) -> RoundTrips | None:
    """How to repeat the kernel's long sequential loop; None if all its rounds are code of their
    own, because they are few or because what is known of the state does not repeat."""
    vlen = options.machine.vlen
    few = kernel.unrolled <= TUNING.lane or kernel.work <= TUNING.kernel * vlen
    if few and kernel.long is None:
        return None
    found = find_rounds(kernel, options.max_unrolled)
    if found is None:
        return None
    groups = -(-found.lanes // vlen)
    period = found.period * found.operations * groups
    if period > TUNING.most or not groups:
        return None
    in_lane = TUNING.trip_lane // (found.period * found.operations)
    rounds = max(min(round(TUNING.trip / period), in_lane), 1) * found.period
    trips, rest = divmod(found.total, rounds)
    return RoundTrips(found.loop, rounds, trips, rest) if trips > 1 else None

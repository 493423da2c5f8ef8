"""What schedulers answer: a schedule, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field

from vliwc.sched.problem.dense import Ints


@dataclass(frozen=True)
class Schedule:
    """When, on which engine and with which scratch address every operation executes.

    ``engine`` (n,) engine numbers of :data:`vliwc.sched.problem.dense.ENGINES`; ``lane_cycle`` the
    cycle of each lane of each operation, in compressed rows by ``Dense.lane_ptr`` (in
    vector form all lanes have the same cycle); ``address`` (n,) scratch addresses, -1 without a
    result.  ``mode`` (n,): the mode of each operation, from 0, where the problem has modes.
    """

    cycles: int
    engine: Ints
    lane_cycle: Ints
    address: Ints
    peak_words: int
    scheduler: str
    status: str = "feasible"
    lower_bound: int = 0
    bound_reason: str = ""
    statistics: dict[str, float | int | str] = field(default_factory=dict[str, "float | int | str"])
    mode: Ints | None = None


@dataclass(frozen=True)
class Timing:
    """Cycles of each operation's lanes (one entry in vector form), and engines."""

    cycles: list[list[int]]
    engine: list[int]

    @property
    def length(self) -> int:
        """Cycles on the machine (durations of 1)."""
        return 1 + max((own[-1] for own in self.cycles), default=-1)


class OutOfScratch(Exception):
    """No schedule was found: results do not fit into scratch, or modes consume too much."""


class Infeasible(OutOfScratch):
    """No schedule of the problem exists, proved: its results do not fit into scratch, or every
    choice of modes consumes too much."""

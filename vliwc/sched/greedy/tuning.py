"""The tuned numbers of greedy scheduling."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GreedyTuning:
    """What the greedy schedulers try unless told otherwise; by hand on the commands named."""

    justifications: int = 2
    """Justifications of each schedule of a project: most of the gain comes from the first ones.
    ``python -m benchmarks.projects``"""
    fallback: tuple[tuple[float, str], ...] = ((1.0, "critical-path"), (1.0, "depth-first"))
    """Weighted priorities for problems that do not fit into scratch when staggered: the second
    saves scratch, the first cycles.  ``vliwc compare --kernels small --scheduler list``"""
    backward: tuple[str, ...] = ("critical-path", "slack", "resource-weighted")
    """Priorities that ``backward`` tries on the problem turned around, in this order: those that
    look at paths.  ``vliwc compare --kernels small --scheduler backward``"""
    samples: int = 10
    """Schedules of ``random``: a baseline of about the effort of the other greedy schedulers.
    ``vliwc compare --kernels small --scheduler random``"""
    lookahead_divisor: int = 2
    """By how much the look-ahead shrinks, in operations, when scratch does not suffice: as many
    more runs as the look-ahead has binary digits, at most.
    ``vliwc compare --kernels small --scheduler list:critical-path``"""


TUNING = GreedyTuning()

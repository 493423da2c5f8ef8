"""The tuned numbers of greedy scheduling."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GreedyTuning:
    """What the greedy schedulers try unless told otherwise; by hand on the commands named."""

    justifications: int = 2
    """Justifications of each schedule of a project: most of the gain comes from the first ones.
    ``python -m benchmarks.projects``"""
    combined: tuple[str, ...] = (
        "critical-path+depth-first",
        "slack+depth-first",
        "critical-path+0.3*depth-first",
        "resource-weighted+0.5*register-pressure",
    )
    """What ``list`` tries beside each priority: sums that save scratch without losing paths.
    ``vliwc compare --kernels small --scheduler list``, and generated layers at pressure 0.5"""
    disturbances: int = 30
    """Disturbed orders of the best schedule that ``list`` tries: twice as many are a tenth of the
    gap better."""
    drawn_work: int = 50_000
    """Operations that it places at most in random orders, and as many in disturbed ones: of large
    problems there are fewer."""
    noise: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    """Standard deviations of the disturbance, in cycles, in turn."""
    parts: tuple[float, ...] = (1.0, 0.75, 0.6)
    """Look-aheads to begin with, as parts of the operations, in turn."""
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

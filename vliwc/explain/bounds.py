"""The bounds of a compilation: of its machine DAG and of every assignment it could choose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from isa.program import JSON
from vliwc.driver import ENGINES, Compilation
from vliwc.sched.problem.bounds import SLACK, Bound, every_bound, lower_bound
from vliwc.sched.problem.problem import ScheduleProblem

PROVES_DAG = "no schedule of the chosen operations takes fewer cycles, whatever the scheduler"
PROVES_KERNEL = (
    "no program that the compiler could make of the optimised kernel by choosing other operations "
    "takes fewer cycles"
)


FAR = 0.05
"""A program whose cycles exceed the kernel bound by more than this part has something to explain.
"""


@dataclass(frozen=True)
class BoundReport:
    """``dag``: every bound of the machine DAG; ``best``: the highest of them; ``kernel``: cycles
    that any strategy assignment takes (a multiple of a tenth)."""

    cycles: int
    dag: tuple[Bound, ...]
    best: Bound
    kernel: float

    @property
    def kernel_cycles(self) -> int:
        """The bound over all assignments in whole cycles."""
        return ceil(self.kernel - SLACK)

    @property
    def far_from_kernel(self) -> bool:
        """Whether the kernel bound is far below the cycles."""
        return gap(self.cycles, self.kernel_cycles) > FAR

    def to_json(self) -> dict[str, JSON]:
        """The report as JSON data; gaps are fractions of the bounds."""
        return {
            "cycles": self.cycles,
            "lower_bound": self.best.cycles,
            "bound_reason": self.best.reason,
            "gap": gap(self.cycles, self.best.cycles),
            "proves": PROVES_DAG,
            "bounds": [
                {
                    "name": bound.name,
                    "cycles": bound.cycles,
                    "work": bound.work,
                    "reason": bound.reason,
                    "prices": dict(zip(ENGINES, bound.prices, strict=False)),
                }
                for bound in self.dag
            ],
            "kernel_bound": self.kernel_cycles,
            "kernel_work": self.kernel,
            "kernel_gap": gap(self.cycles, self.kernel_cycles),
            "kernel_proves": PROVES_KERNEL,
        }


def bound_report(compilation: Compilation) -> BoundReport:
    """The bounds of a compilation; with a machine loop those of one trip, and that of all parts."""
    bounds = tuple(every_bound(compilation.generated.problem))
    best = max(bounds, key=lambda bound: bound.cycles)
    if compilation.generated.parts:
        best = Bound(compilation.lower_bound, compilation.bound_reason, "all parts")
    return BoundReport(compilation.cycles, bounds, best, compilation.least_work.cycles)


def with_one_more_slot(problem: ScheduleProblem) -> dict[str, Bound]:
    """The best bound of the same operations if one engine had one slot more, by engine."""
    found: dict[str, Bound] = {}
    for number, engine in enumerate(ENGINES):
        capacity = problem.dense.capacity.copy()
        capacity[number] += 1
        dense = problem.dense._replace(capacity=capacity)
        found[engine] = lower_bound(replace(problem, dense=dense))
    return found


def gap(cycles: int, bound: int) -> float:
    """How far ``cycles`` is above ``bound``, as a fraction of it; 0 for a bound of 0."""
    return cycles / bound - 1 if bound else 0.0

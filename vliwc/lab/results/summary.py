"""What is known of an instance before it is scheduled: sizes, bounds, scratch."""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.lab.instances.instance import Instance
from vliwc.sched.problem.bounds import every_bound
from vliwc.sched.problem.dense import ENGINES
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.view import View

PATH = "critical path"
"""The name of that bound in :mod:`vliwc.sched.problem.bounds`."""


@dataclass(frozen=True)
class Summary:
    """An instance in a few figures.

    ``bound``: proved cycles, for ``reason``; ``critical_path``: cycles of the longest path;
    ``scratch``: words of the machine and ``results``: words of all results together, both None
    for a project; ``optimum``: cycles known from elsewhere.
    """

    name: str
    family: str
    digest: str
    machine: str
    operations: int
    dependences: int
    bound: int
    reason: str
    critical_path: int
    scratch: int | None
    results: int | None
    optimum: int | None

    @staticmethod
    def of(instance: Instance) -> Summary:
        """The summary of an instance; takes as long as its bounds do."""
        problem = instance.problem
        bounds = every_bound(problem)
        best = max(bounds, key=lambda bound: bound.cycles)
        named = {bound.name: bound.cycles for bound in bounds}
        project = problem.renewable is not None
        path = View.of(problem).critical_path if project else named.get(PATH, 0)
        return Summary(
            instance.name,
            instance.family,
            instance.digest,
            "" if project else problem.machine.name,
            len(problem),
            len(problem.dense.succ),
            best.cycles,
            best.reason,
            path,
            None if project else problem.dense.words,
            None if project else int(problem.dense.width.sum()),
            instance.optimum,
        )


def forms(problem: ScheduleProblem) -> dict[str, int]:
    """How many operations have which forms, such as ``valu or alu*``, by number, largest first."""
    view = View.of(problem)
    counts: dict[str, int] = {}
    for vector, scalarised, lanes in zip(
        view.vector_engines, view.scalarised_engine, view.lanes, strict=True
    ):
        names = [ENGINES[engine] for engine in vector]
        if scalarised >= 0:
            names.append(f"{ENGINES[scalarised]} by {lanes} lanes")
        text = " or ".join(names) or "no slot"
        counts[text] = counts.get(text, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

"""Backward list scheduling: from the results to the inputs.

The problem is turned around in time and scheduled greedily, so that every operation is placed as
late as possible: good for short live ranges and for the drain at the end of a schedule.  Scratch
is allocated afterwards.  A forward pass in the order found follows (Li and Willis 1992); it also
repairs what does not fit into scratch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vliwc.sched.allocate import allocate
from vliwc.sched.greedy.core import GreedyRunner
from vliwc.sched.greedy.priorities import Combination, PriorityScheduler
from vliwc.sched.greedy.sgs import project_schedule
from vliwc.sched.greedy.tuning import TUNING
from vliwc.sched.problem.expand import edges_of, expanded, restricted
from vliwc.sched.problem.problem import Edges, ScheduleProblem, make_dense
from vliwc.sched.problem.schedule import OutOfScratch, Schedule
from vliwc.sched.problem.view import View, cycles_of
from vliwc.sched.staggered.deadlines import ranks


def turned(problem: ScheduleProblem) -> ScheduleProblem:
    """The problem with time turned around, and without results in scratch."""
    dense = problem.dense
    edges = edges_of(problem)
    back = make_dense(
        lanes=dense.lanes,
        serial=dense.serial,
        width=np.zeros_like(dense.width),
        group=dense.group,
        resource_class=dense.resource_class,
        classes=list(
            zip(dense.class_vector.tolist(), dense.class_scalarised.tolist(), strict=True)
        ),
        edges=Edges(edges.target, edges.source, edges.latency, np.zeros_like(edges.reads)),
        machine=problem.machine,
        n_groups=dense.n_groups,
    )
    return ScheduleProblem(back, problem.machine, problem.name_source, problem.renewable)


@dataclass(frozen=True)
class BackwardScheduler:
    """Backward list scheduling under ``budget`` priorities (all by default); ignores hints."""

    name: str = "backward"

    def schedule(
        self, problem: ScheduleProblem, budget: int | None = None, hint: Schedule | None = None
    ) -> Schedule:
        """The best schedule found; raises :class:`vliwc.sched.problem.schedule.OutOfScratch`."""
        back = turned(problem)
        found: list[Schedule] = []
        for rule in TUNING.backward[: budget or None]:
            scheduler = PriorityScheduler(Combination(((1.0, rule),)), self.name)
            mirrored = scheduler.schedule(back)
            if problem.renewable is not None:
                ends = mirrored.lane_cycle + problem.renewable.duration
                start = (mirrored.cycles - ends).tolist()
                found.append(project_schedule(problem, start, self.name))
            else:
                found.extend(_forward(problem, mirrored))
        if not found:
            raise OutOfScratch("no backward order fits into scratch, not even in sequence")
        return min(found, key=lambda schedule: schedule.cycles)


def _forward(problem: ScheduleProblem, mirrored: Schedule) -> list[Schedule]:
    """The mirrored schedule itself, if it fits into scratch, and the forward pass in its order."""
    cycles = [
        sorted(mirrored.cycles - 1 - at for at in own) for own in cycles_of(problem, mirrored)
    ]
    flat = np.array([at for own in cycles for at in own], dtype=np.int32)
    found: list[Schedule] = []
    inner = expanded(problem)
    due = np.full(len(inner), float(mirrored.cycles))
    due[: len(problem)] = [own[0] for own in cycles]
    runner = GreedyRunner(inner)
    try:
        found.append(restricted(problem, runner.run(ranks(due), mirrored.scheduler)))
    except OutOfScratch:
        pass  # the mirrored schedule may fit nevertheless
    placed = allocate(View.of(problem), cycles)
    if placed is not None:
        bound = runner.bound
        found.append(
            replace(
                mirrored,
                lane_cycle=flat,
                address=placed[0],
                peak_words=placed[1],
                status="optimal" if mirrored.cycles == bound.cycles else "feasible",
                lower_bound=bound.cycles,
                bound_reason=bound.reason,
                statistics={},
            )
        )
    return found

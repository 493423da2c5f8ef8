"""Projects in the manner of ProGen (Kolisch, Sprecher and Drexl 1995), which made PSPLIB.

Three numbers say how hard a project is: network complexity, the arcs per job; resource factor, the
part of all resources that a job takes; resource strength, how much of each there is, from 0 (what
the greediest job takes) to 1 (what the jobs take if all start as early as they can).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import ClassVar, Final

import networkx as nx

from isa.machine import MachineSpec
from vliwc.lab.generators.machine import Graph
from vliwc.lab.generators.parameters import Generator, number
from vliwc.options import OptionsError
from vliwc.sched.problem.problem import ScheduleProblem
from vliwc.sched.problem.project import project_problem

ATTEMPTS: Final = 200
"""Networks that are begun before the parameters are taken to contradict each other."""
FEW: Final = 20
"""Arcs that are drawn at random before all possible ones are looked at."""


@dataclass(frozen=True, kw_only=True)
class Projects(Generator):
    """Projects with one mode a job; the defaults are those of PSPLIB's set j30.

    Job 0 is the start and the last one the end, both without duration.  No arc follows from the
    others (ProGen's networks are not redundant).
    """

    name: ClassVar[str] = "projects"
    summary: ClassVar[str] = "resource-constrained projects as ProGen makes them"
    on_machine: ClassVar[bool] = False

    jobs: int = number(30, "how many jobs, start and end not counted", 2, 1000)
    resources: int = number(4, "how many renewable resources", 1, 100)
    complexity: float = number(1.5, "arcs per job, start and end counted", 1.0, 10.0)
    factor: float = number(0.5, "resource factor: the part of resources that a job takes", 0.0, 1.0)
    strength: float = number(
        0.5, "resource strength: 0 is as scarce as possible, 1 plenty", 0.0, 1.0
    )
    longest: int = number(10, "durations are from 1 to this many cycles", 1, 1000)
    demand: int = number(10, "demands are from 1 to this many units", 1, 1000)
    starts: int = number(3, "how many jobs follow the start, and precede the end", 1, 100)
    branches: int = number(3, "the most successors and predecessors of a job", 1, 100)

    def problem(self, seed: int, machine: MachineSpec) -> ScheduleProblem:
        """The project of a seed; ``machine`` does not matter."""
        random = Random(seed)
        graph = self.network(random)
        inner = range(1, self.jobs + 1)
        duration = [0] * (self.jobs + 2)
        for job in inner:
            duration[job] = random.randint(1, self.longest)
        demand = [[0] * self.resources for _ in duration]
        for job, resource in self._requests(random):
            demand[job][resource] = random.randint(1, self.demand)
        return project_problem(
            duration,
            demand,
            self._capacities(graph, duration, demand),
            [(a, b, 1) for a, b in sorted(graph.edges)],
            names=[f"j{number + 1}" for number in range(len(duration))],
        )

    @property
    def arcs(self) -> int:
        """The arcs of a network."""
        return round(self.complexity * (self.jobs + 2))

    def network(self, random: Random) -> Graph:
        """Jobs 0 to ``jobs`` + 1 and their arcs.

        Raises :class:`vliwc.options.OptionsError` if no network has the parameters, as far as
        :data:`ATTEMPTS` networks show.
        """
        if 2 * self.starts > self.jobs:
            raise OptionsError(
                f"{self.name}: {self.starts} first and as many last jobs, but {self.jobs} in all"
            )
        for _ in range(ATTEMPTS):
            graph = _Network(self, random).grown()
            if graph is not None:
                return graph
        raise OptionsError(
            f"{self.name}: no network of {self.jobs} jobs was found with complexity "
            f"{self.complexity} and up to {self.branches} branches; lower one or raise the other"
        )

    def _requests(self, random: Random) -> list[tuple[int, int]]:
        """Pairs of jobs and resources, as many as the factor says; as many jobs as possible take
        a resource at all."""
        jobs, resources = range(1, self.jobs + 1), range(self.resources)
        count = round(self.factor * self.jobs * self.resources)
        first = [(job, random.choice(resources)) for job in random.sample(jobs, self.jobs)][:count]
        left = sorted({(job, r) for job in jobs for r in resources} - set(first))
        return sorted([*first, *random.sample(left, count - len(first))])

    def _capacities(
        self, graph: Graph, duration: Sequence[int], demand: Sequence[Sequence[int]]
    ) -> list[int]:
        start = [0] * len(duration)
        for job in range(len(duration)):
            for after in graph.successors(job):
                start[after] = max(start[after], start[job] + duration[job])
        capacities: list[int] = []
        for resource in range(self.resources):
            used = [0] * (start[-1] + 1)
            for job, begin in enumerate(start):
                for cycle in range(begin, begin + duration[job]):
                    used[cycle] += demand[job][resource]
            least = max(row[resource] for row in demand)
            capacities.append(least + round(self.strength * (max(used) - least)))
        return capacities


class _Network:
    """A network while it grows: no arc may follow from others, neither the new nor an old one."""

    def __init__(self, wanted: Projects, random: Random) -> None:
        self.wanted = wanted
        self.random = random
        self.sink = wanted.jobs + 1
        self.graph: Graph = nx.DiGraph()
        self.graph.add_nodes_from(range(self.sink + 1))
        self.after: list[set[int]] = [{job} for job in range(self.sink + 1)]
        self.before: list[set[int]] = [{job} for job in range(self.sink + 1)]

    def grown(self) -> Graph | None:
        """The network, or None if it came to a dead end."""
        jobs, starts = self.wanted.jobs, self.wanted.starts
        first, last = range(1, starts + 1), range(jobs - starts + 1, jobs + 1)
        for job in first:
            self._join(0, job)
        for job in last:
            self._join(job, self.sink)
        for job in range(starts + 1, jobs + 1):
            if not self._draw([(a, job) for a in range(1, min(job, last.start))]):
                return None
        for job in range(last.start - 1, 0, -1):
            if not self.graph.out_degree(job):
                into = range(max(job, starts) + 1, jobs + 1)
                if not self._draw([(job, b) for b in into]):
                    return None
        while self.graph.number_of_edges() < self.wanted.arcs:
            sources = self.random.choices(range(1, last.start), k=FEW)
            some = [(a, self.random.randint(max(a, starts) + 1, jobs)) for a in sources]
            if not self._draw(some) and not self._draw(
                [(a, b) for a in range(1, last.start) for b in range(max(a, starts) + 1, jobs + 1)]
            ):
                return None
        return self.graph if self.graph.number_of_edges() == self.wanted.arcs else None

    def _draw(self, arcs: list[tuple[int, int]]) -> bool:
        """Add one of the arcs that may be added; False if there is none."""
        self.random.shuffle(arcs)
        for a, b in arcs:
            if self._allowed(a, b):
                self._join(a, b)
                return True
        return False

    def _allowed(self, a: int, b: int) -> bool:
        if b in self.after[a]:
            return False
        most = self.wanted.branches
        if self.graph.out_degree(a) >= most or self.graph.in_degree(b) >= most:
            return False
        # With a -> b, an arc from a job up to a, to a job from b on, would follow from others.
        return not any(
            after in self.after[b]
            for before in self.before[a]
            for after in self.graph.successors(before)
        )

    def _join(self, a: int, b: int) -> None:
        self.graph.add_edge(a, b)
        for before in self.before[a]:
            self.after[before] |= self.after[b]
        for after in self.after[b]:
            self.before[after] |= self.before[a]

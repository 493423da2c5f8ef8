"""The state of a search for a schedule by constraint programming
(:mod:`vliwc.sched.exact.cpsat`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from vliwc.sched.allocate import allocate
from vliwc.sched.anytime import SEARCHING, expired, report
from vliwc.sched.exact.limits import CpSatLimits
from vliwc.sched.greedy.sgs import project_schedule
from vliwc.sched.problem.schedule import Schedule, Timing
from vliwc.sched.problem.view import View, cycle_rows, cycles_of
from vliwc.sched.projects.genetic import GeneticSearch
from vliwc.sched.relaxations.classes import Classes
from vliwc.sched.relaxations.counting import counting_terms
from vliwc.solvers import cp_model


@dataclass(frozen=True)
class Question:
    """A model that has a solution if a makespan is feasible.

    ``scanned``: intervals in all its cumulatives; ``terms``: of all its rows; ``timing``: the
    schedule that a solution stands for, None for relaxations.  ``bare``: nothing in it makes proofs
    short, and the solver is not to look for them either.
    """

    model: cp_model.CpModel
    scanned: int = 0
    terms: int = 0
    timing: Callable[[cp_model.CpSolver], Timing] | None = None
    bare: bool = False


@dataclass(frozen=True)
class Claim:
    """CP-SAT says that no schedule has fewer than ``cycles``; ``ask(makespan)`` builds the model
    ``what`` that said so, to be asked again."""

    cycles: int
    reason: str
    what: str
    ask: Callable[[int], Question]


@dataclass
class Search:
    """The state of a search: the best schedule, the bound, and what is left to spend.

    ``lower`` and ``reason`` steer the search; they may rest on ``claims`` of CP-SAT.  ``proved``
    and ``proof`` rest on none that is not confirmed (:mod:`vliwc.sched.exact.confirm`).
    ``longest``: where ``infeasible`` rests on makespans, the one that has to be infeasible.
    ``bred``: the genetic algorithm of a project, once it has begun; ``window``: the part of its
    tasks in the next window; ``running``: the method that ran last.  ``name``: of the scheduler;
    ``allowed``: for each relaxation in integers, the last makespan that it has a solution for.
    """

    name: str
    seed: int
    limits: CpSatLimits
    view: View
    lower: int
    reason: str
    left: float
    best: Schedule | None = None
    timing: Timing | None = None
    scratch: bool = False
    margin: int = 0
    infeasible: bool = False
    longest: int = 0
    proved: int = 0
    proof: str = ""
    claims: list[Claim] = field(default_factory=list[Claim])
    pace: dict[str, tuple[float, int]] = field(default_factory=dict[str, tuple[float, int]])
    classes: Classes | None = None
    bred: GeneticSearch | None = None
    window: float = 0.0
    running: str = "list"
    allowed: dict[str, int] = field(default_factory=dict[str, int])
    tried: Counter[str] = field(default_factory=Counter[str])
    spent: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def done(self) -> bool:
        if self.infeasible or (self.best is not None and self.best.cycles <= self.lower):
            return True
        return expired(SEARCHING)

    def tell(self) -> None:
        """Report schedule and bounds as they are."""
        most = self.lower if self.best is None else self.best.cycles
        proved, claimed = min(self.proved, most), min(self.lower, most)
        effort = sum(self.spent.values())
        report(effort, self.best, proved, self.running, claimed=claimed)

    @property
    def words(self) -> int | None:
        """The words that models may use; None where scratch does not matter."""
        dense = self.view.problem.dense
        return dense.words - self.limits.margins[self.margin] * dense.vlen if self.scratch else None

    @property
    def state(self) -> tuple[int, int]:
        """What changes as long as there is anything left to try."""
        return self.tried.total(), self.lower

    @property
    def turns(self) -> bool:
        """Whether there are many groups that do the same, which may take turns."""
        if self.classes is None:
            return False
        return max(map(len, self.classes.members)) >= self.limits.many_groups

    @property
    def count_terms(self) -> int:
        """The size of models of counts, by the terms of the counting relaxation."""
        if self.classes is None:
            return 0
        return counting_terms(self.view, self.classes, self.lower)

    @cached_property
    def intervals(self) -> int:
        """Intervals of an interval model."""
        forms = zip(self.view.lanes, self.view.scalarised_engine, strict=True)
        return len(self.view) + sum(lanes for lanes, engine in forms if engine >= 0)

    def conflicts(self, what: str, limit: float) -> int:
        """Conflicts that a run of the interval model is expected to have within ``limit``."""
        if what not in self.pace:
            expected = int(limit / self.limits.first_pace)
            return max(min(expected, self.limits.first_conflicts), 1)
        effort, seen = self.pace[what]
        return max(int(limit * seen / effort), 1)

    def account(self, what: str, effort: float, conflicts: int) -> None:
        """Note what a run has cost; ``conflicts`` is 0 where they do not matter."""
        self.left -= max(effort, 0.01)
        self.spent[what] = self.spent.get(what, 0.0) + effort
        self.tried[what] += 1
        self.running = what
        if conflicts:
            before, seen = self.pace.get(what, (0.0, 0))
            self.pace[what] = (before + max(effort, 1e-6), seen + conflicts)

    def raise_bound(self, cycles: int, reason: str) -> None:
        """No schedule has fewer than ``cycles``, proved without CP-SAT."""
        cycles = self._raise(cycles, reason)
        if cycles > self.proved:
            self.proved, self.proof = cycles, reason
            self.tell()

    def claim_bound(
        self, cycles: int, reason: str, what: str, ask: Callable[[int], Question]
    ) -> None:
        """CP-SAT says that no schedule has fewer than ``cycles``."""
        before = self.lower
        cycles = self._raise(cycles, reason)
        if cycles > before:
            self.claims.append(Claim(cycles, reason, what, ask))
            self.tell()

    def _raise(self, cycles: int, reason: str) -> int:
        if self.best is not None:
            cycles = min(cycles, self.best.cycles)
        if cycles > self.lower:
            self.lower, self.reason = cycles, reason
            self.margin = 0
        return cycles

    def forget_claims(self) -> None:
        """Back to what is proved."""
        self.claims = []
        self.lower, self.reason = self.proved, self.proof
        self.infeasible = self.infeasible and not self.longest

    def offer(self, schedule: Schedule) -> None:
        """Take a schedule if it is shorter than the best one."""
        if self.best is None or schedule.cycles < self.best.cycles:
            self.best, self.timing = schedule, timing_of(self.view, schedule)
            self.tell()

    def accept(self, timing: Timing) -> bool:
        """Take a schedule if its results find addresses; otherwise be stricter from now on."""
        schedule = assembled(self.view, timing, self.name)
        if schedule is None:
            if not self.scratch:
                self.scratch = True
            else:
                self.margin = min(self.margin + 1, len(self.limits.margins) - 1)
            return False
        if self.best is None or schedule.cycles < self.best.cycles:
            self.best, self.timing = schedule, timing
            self.tell()
        return True


def timing_of(view: View, schedule: Schedule) -> Timing:
    """Cycles and engines of a schedule, as models take them."""
    engine: list[int] = schedule.engine.tolist()
    cycles = cycles_of(view.problem, schedule)
    return Timing(
        [
            own if engine[op] == view.scalarised_engine[op] else own[:1]
            for op, own in enumerate(cycles)
        ],
        engine,
    )


def assembled(view: View, timing: Timing, name: str) -> Schedule | None:
    """The schedule with addresses, or None if the results find no place in scratch."""
    problem = view.problem
    if problem.renewable is not None:
        return project_schedule(problem, [own[0] for own in timing.cycles], name)
    placed = allocate(view, timing.cycles)
    if placed is None:
        return None
    return Schedule(
        timing.length,
        np.array(timing.engine, dtype=np.int32),
        cycle_rows(problem, timing.cycles),
        placed[0],
        placed[1],
        name,
    )

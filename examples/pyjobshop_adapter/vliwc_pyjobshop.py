"""PyJobShop (Lan and Berkhout 2025, https://pyjobshop.org) as a scheduler of vliwc.

    python -m pip install examples/pyjobshop_adapter
    vliwc compare PROBLEMS --scheduler cpsat --scheduler ortools-plain --scheduler pyjobshop

A project is what PyJobShop is made for: tasks, modes, renewable and consumable resources.  Of a
machine problem an engine is a renewable resource of as many units as it has slots, and a slot is a
task of one cycle.  An operation that has a vector form and one lane by lane is optional tasks for
both, of which one form is present.  Scratch is not in the model: results get places afterwards,
and where they find none, operations are list-scheduled in the order that PyJobShop has found.

PyJobShop solves with OR-Tools' CP-SAT here: one worker, a seed and a limit of deterministic time,
so that results can be repeated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import ClassVar

import numpy as np
from pyjobshop import Model, Task

from vliwc.sched import OutOfScratch, Schedule, ScheduleProblem, View, schedule_in_order
from vliwc.sched.allocate import allocate
from vliwc.sched.greedy.sgs import project_schedule
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.dense import NO_ENGINE
from vliwc.sched.problem.modes import executable, with_modes
from vliwc.sched.problem.view import cycle_rows
from vliwc.sched.projects.mode_choice import in_modes


@dataclass(frozen=True)
class PyJobShop:
    """``budget``: the limit, in units of CP-SAT's deterministic time (about seconds)."""

    seed: int = 0
    effort: int = 60
    name: str = "pyjobshop"
    takes_modes: ClassVar[bool] = True

    def schedule(
        self, problem: ScheduleProblem, budget: int | None = None, hint: Schedule | None = None
    ) -> Schedule:
        """What PyJobShop finds, or the hint if it finds nothing better."""
        effort = float(budget or self.effort)
        made = _Project(problem) if problem.renewable is not None else _Block(problem)
        result = made.model.solve(
            display=False, num_workers=1, random_seed=self.seed, max_deterministic_time=effort
        )
        starts = [task.start if task.present else -1 for task in result.best.tasks]
        modes = [task.mode for task in result.best.tasks]
        found = hint if not starts else made.schedule(starts, modes, self.name)
        if found is None:
            raise OutOfScratch(f"PyJobShop found no schedule within {effort:g} units of effort")
        if hint is not None and hint.cycles <= found.cycles:
            found = hint
        # CP-SAT says so and nothing here has confirmed it: a claim, no bound (docs/bounds.md).
        claimed = {"claimed_bound": min(ceil(result.lower_bound - 1e-6), found.cycles)}
        bound = lower_bound(problem)
        return replace(
            found,
            scheduler=self.name,
            status="optimal" if found.cycles == bound.cycles else "feasible",
            lower_bound=bound.cycles,
            bound_reason=bound.reason,
            statistics=claimed,
        )


class _Project:
    """A project: each operation is a task."""

    def __init__(self, problem: ScheduleProblem) -> None:
        self.problem, self.model = problem, Model()
        renewable, modes, view = problem.renewable, problem.modes, View.of(problem)
        assert renewable is not None
        pools = [self.model.add_renewable(units) for units in renewable.capacity.tolist()]
        tasks = [self.model.add_task() for _ in range(len(view))]
        self.choice: list[int] = []  # of each mode of PyJobShop, its number at its task
        if modes is None:
            for task, duration, demand in zip(tasks, view.duration, view.demand, strict=True):
                self._mode(task, duration, pools, demand, 0)
        else:
            pools += [self.model.add_consumable(units) for units in modes.amount.tolist()]
            demand = np.concatenate([modes.demand, modes.consumption], axis=1).tolist()
            possible = executable(modes, renewable.capacity)
            for op, task in enumerate(tasks):
                first, end = modes.ptr[op], modes.ptr[op + 1]
                for row in range(first, end):
                    if possible[row]:
                        units, last = demand[row], int(modes.duration[row])
                        self._mode(task, last, pools, units, int(row - first))
        for source, target, latency in view.dependences:
            self.model.add_end_before_start(tasks[source], tasks[target], latency - 1)

    def _mode(self, task: Task, duration: int, pools: list, demand: list, number: int) -> None:
        taken = [(pool, units) for pool, units in zip(pools, demand, strict=True) if units]
        self.model.add_mode(task, [p for p, _ in taken], duration, [units for _, units in taken])
        self.choice.append(number)

    def schedule(self, starts: list[int], modes: list[int], name: str) -> Schedule:
        """The schedule with the starts and modes of a solution."""
        if self.problem.modes is None:
            return project_schedule(self.problem, starts, name)
        choice = [self.choice[mode] for mode in modes]
        fixed = with_modes(self.problem, choice)
        return in_modes(self.problem, project_schedule(fixed, starts, name), choice)


class _Block:
    """A machine problem: each slot is a task of one cycle, each operation one that spans them."""

    def __init__(self, problem: ScheduleProblem) -> None:
        self.problem, self.view, self.model = problem, View.of(problem), Model()
        view = self.view
        self.engines = [self.model.add_renewable(slots) for slots in view.capacity]
        spans = [self.model.add_task(allow_idle=True) for _ in range(len(view))]
        self.engine_of: list[int] = []  # of each mode
        for op, span in enumerate(spans):
            # One cycle or more, of no resource; an operation without forms takes none at all.
            used = bool(view.vector_engines[op]) or view.scalarised_engine[op] >= 0
            self._mode(span, (), view.span[op] if not used else 1)
        self.vector: dict[int, int] = {}  # the task of an operation's vector form
        self.lanes: dict[int, list[int]] = {}  # and those of its lanes
        self._count = len(spans)
        for op, span in enumerate(spans):
            self._forms(op, span)
        for source, target, latency in view.dependences:
            self.model.add_end_before_start(spans[source], spans[target], latency - 1)

    def _mode(self, task: Task, engines: tuple[int, ...], duration: int = 1) -> None:
        for engine in engines or (NO_ENGINE,):
            taken = [] if engine == NO_ENGINE else [self.engines[engine]]
            self.model.add_mode(task, taken, duration, [1] * len(taken))
            self.engine_of.append(engine)

    def _part(self, span: Task, engines: tuple[int, ...], optional: bool) -> Task:
        """A task of one slot within the span of its operation."""
        task = self.model.add_task(optional=optional)
        self._count += 1
        self._mode(task, engines)
        self.model.add_start_before_start(span, task)
        self.model.add_end_before_end(task, span)
        return task

    def _forms(self, op: int, span: Task) -> None:
        view, mixed = self.view, self.view.is_mixed[op]
        if view.vector_engines[op]:
            self.vector[op] = self._count
            vector = self._part(span, view.vector_engines[op], mixed)
        if view.scalarised_engine[op] >= 0:
            count = view.lanes[op]
            self.lanes[op] = list(range(self._count, self._count + count))
            engine = (view.scalarised_engine[op],)
            lanes = [self._part(span, engine, mixed) for _ in range(count)]
            if view.serial[op]:
                for before, after in zip(lanes, lanes[1:], strict=False):
                    self.model.add_end_before_start(before, after)
            if mixed:
                self.model.add_select_all_or_none(lanes)
                self.model.add_select_exactly_one([vector, lanes[0]])

    def schedule(self, starts: list[int], modes: list[int], name: str) -> Schedule | None:
        """The schedule with the starts and forms of a solution, with places in scratch."""
        cycles: list[list[int]] = []
        engine: list[int] = []
        for op in range(len(self.view)):
            vector = self.vector.get(op, -1)
            if vector >= 0 and starts[vector] >= 0:
                cycles.append([starts[vector]])
                engine.append(self.engine_of[modes[vector]])
            elif op in self.lanes:
                cycles.append(sorted(starts[lane] for lane in self.lanes[op]))
                engine.append(self.view.scalarised_engine[op])
            else:
                cycles.append([starts[op]])
                engine.append(NO_ENGINE)
        placed = allocate(self.view, cycles)
        if placed is None:
            first = np.array([float(own[0]) for own in cycles])
            return schedule_in_order(self.problem, first, name)
        return Schedule(
            1 + max((own[-1] for own in cycles), default=-1),
            np.array(engine, dtype=np.int32),
            cycle_rows(self.problem, cycles),
            placed[0],
            placed[1],
            name,
        )


def make(seed: int) -> PyJobShop:
    """What the entry point names."""
    return PyJobShop(seed)

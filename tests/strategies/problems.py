"""Random scheduling problems: layered DAGs with everything a machine DAG may contain.

Operations may run in vector form on some engines, scalarised on one, or both; results take one
word, a vector, or several vectors; some lanes are serial; barriers and words that stay zero take
no slot; edges order without passing a value, with latency 0 or 1. `problems()` is the hypothesis
strategy, `random_problem(seed)` makes the same problems without it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from hypothesis import strategies as st

from isa.machine import MachineSpec
from vliwc.sched.problem.dense import ALU, ENGINES, FLOW, LOAD, STORE, VALU, Ints
from vliwc.sched.problem.problem import Edges, ScheduleProblem, make_dense

T = TypeVar("T")


@dataclass(frozen=True)
class Task:
    """One operation: `vector` lists the engines that take all lanes at once, `scalarised` the
    engine that takes them one by one (-1: none)."""

    vector: tuple[int, ...] = ()
    scalarised: int = -1
    lanes: int = 1
    width: int = 1
    serial: bool = False
    group: int = -1


@dataclass
class Sketch:
    """A problem while it is being put together: tasks and edges by number."""

    machine: MachineSpec
    tasks: list[Task] = field(default_factory=list[Task])
    edges: list[tuple[int, int, int, bool]] = field(
        default_factory=list[tuple[int, int, int, bool]]
    )

    def add(self, task: Task, reads: Sequence[int] = (), after: Sequence[tuple[int, int]] = ()):
        """Append a task that reads results and follows others by a latency; its number."""
        me = len(self.tasks)
        self.tasks.append(task)
        for source in dict.fromkeys(reads):
            made = bool(self.tasks[source].vector) or self.tasks[source].scalarised >= 0
            self.edges.append((source, me, int(made), True))
        self.edges += [(source, me, latency, False) for source, latency in dict.fromkeys(after)]
        return me

    def problem(self) -> ScheduleProblem:
        """The problem as the schedulers take it."""
        classes: dict[tuple[int, int], int] = {}
        keys = [(sum(1 << e for e in task.vector), task.scalarised) for task in self.tasks]
        numbers = [classes.setdefault(key, len(classes)) for key in keys]
        dense = make_dense(
            lanes=_column([task.lanes for task in self.tasks]),
            serial=_column([int(task.serial) for task in self.tasks]),
            width=_column([task.width for task in self.tasks]),
            group=_column([task.group for task in self.tasks]),
            resource_class=_column(numbers),
            classes=list(classes),
            edges=Edges.of_rows(self.edges),
            machine=self.machine,
            n_groups=1 + max((task.group for task in self.tasks), default=-1),
        )
        names = [f"t{number}" for number in range(len(self.tasks))]
        return ScheduleProblem(dense, self.machine, lambda: names)


def _column(words: list[int]) -> Ints:
    return np.array(words, dtype=np.int32)


def small_machine(vlen: int = 4, words: int = 64, **slots: int) -> MachineSpec:
    """A machine with one slot on each engine unless said otherwise."""
    return MachineSpec("small", {**dict.fromkeys(ENGINES, 1), "debug": 1, **slots}, vlen, words)


class Generator:
    """Draws one problem. All decisions come from `integer(low, high)`, both ends included."""

    def __init__(self, integer: Callable[[int, int], int]) -> None:
        self.integer = integer

    def pick(self, options: Sequence[T]) -> T:
        return options[self.integer(0, len(options) - 1)]

    def chance(self, one_in: int) -> bool:
        return self.integer(1, one_in) == one_in

    def problem(self, most: int, machine: MachineSpec | None = None) -> ScheduleProblem:
        """At most `most` operations in all groups together; scratch may be short."""
        machine = machine or self.machine()
        sketch = Sketch(machine)
        for _ in range(self.integer(0, min(3, most))):
            self.task(sketch, -1, list(range(len(sketch.tasks))))
        shared = list(range(len(sketch.tasks)))
        for group in range(self.integer(0, 3)):
            own: list[int] = []
            for _ in range(self.integer(1, max(most // 4, 1))):
                if len(sketch.tasks) < most:
                    own.append(self.task(sketch, group, shared + own))
        for _ in range(self.integer(0, 2)):
            if len(sketch.tasks) < most:
                self.task(sketch, -1, list(range(len(sketch.tasks))))
        if not sketch.tasks:
            sketch.add(Task(vector=(LOAD,)))
        return sketch.problem()

    def machine(self) -> MachineSpec:
        slots = {name: self.integer(1, 3) for name in ENGINES}
        vlen = self.pick([1, 2, 4, 8])
        return MachineSpec("drawn", {**slots, "debug": 1}, vlen, vlen * self.integer(6, 40))

    def task(self, sketch: Sketch, group: int, before: list[int]) -> int:
        vlen = sketch.machine.vlen
        values = [op for op in before if sketch.tasks[op].width > 0]
        reads = [self.pick(values) for _ in range(self.integer(0, 3))] if values else []
        after: list[tuple[int, int]] = []
        if before and self.chance(3):
            after.append((self.pick(before), self.integer(0, 1)))
        lanes = self.integer(1, vlen)
        made = {
            0: Task(vector=(VALU,), scalarised=ALU, lanes=lanes, width=vlen),
            1: Task(vector=(VALU, FLOW), scalarised=ALU, lanes=lanes, width=vlen),
            2: Task(vector=(FLOW,), lanes=lanes, width=vlen),
            3: Task(vector=(ALU,)),
            4: Task(vector=(LOAD, FLOW)),
            5: Task(scalarised=LOAD, lanes=lanes, width=vlen),
            6: Task(scalarised=ALU, lanes=lanes, width=vlen),
            7: Task(scalarised=LOAD, lanes=lanes, width=lanes + vlen - 1, serial=True),
            8: Task(scalarised=STORE, lanes=lanes, width=0),
            9: Task(vector=(STORE,), width=0),
            10: Task(lanes=0, width=0),
            11: Task(vector=(LOAD,), width=vlen),
        }[self.integer(0, 11)]
        if made.width == 0 and made.lanes == 0:
            reads = []
        elif not reads and not after and self.chance(6):
            made = Task(lanes=0, width=1)
        return sketch.add(replace(made, group=group), reads, after)


@st.composite
def problems(draw: st.DrawFn, most: int = 30) -> ScheduleProblem:
    """Problems of up to `most` operations."""
    return Generator(lambda low, high: draw(st.integers(low, high))).problem(most)


def random_problem(seed: int, most: int = 30) -> ScheduleProblem:
    """The problem of a seed."""
    return Generator(random.Random(seed).randint).problem(most)

"""One window of a schedule for CP-SAT: what lies in it moves, what lies before and after does not.

Operations with all lanes in the cycles ``first .. first + length - 1`` are free.  The window may
shrink; everything behind it then moves up by as many cycles.  Lanes of operations that begin
before the window stay where they are, lanes of those that end behind it move with the end.
Scratch is counted word by word for all results that are live in the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from ortools.sat.python import cp_model

from vliwc.sched.problem.dense import N_ENGINES
from vliwc.sched.problem.schedule import Timing
from vliwc.sched.problem.view import View, only_engine
from vliwc.sched.relaxations.solvers import enforce

BEFORE, INSIDE, BEHIND = 0, 1, 2
"""Operations that begin before the window, lie in it, or begin in it and end behind or later."""


@dataclass
class _Profile:
    """A cumulative under construction."""

    intervals: list[cp_model.IntervalVar]
    demands: list[int]


class WindowModel:
    """The model of a window; cycles are counted from the window's first."""

    def __init__(self, view: View, timing: Timing, first: int, length: int) -> None:
        self.view = view
        self.timing = timing
        self.first = first
        self.length = length
        self.model = cp_model.CpModel()
        self.shrunk = self.model.new_int_var(1, length, "length")
        self.start = [own[0] - first for own in timing.cycles]
        self.last = [own[-1] - first for own in timing.cycles]
        self.place = [
            BEFORE if s < 0 else INSIDE if t < length else BEHIND
            for s, t in zip(self.start, self.last, strict=True)
        ]
        self.free = [op for op, place in enumerate(self.place) if place == INSIDE]
        self.lanes: dict[int, list[cp_model.IntVar]] = {}
        self.literals: dict[int, dict[int, cp_model.IntVar]] = {}
        self.slots = [_Profile([], []) for _ in range(N_ENGINES)]
        for op in self.free:
            self._operation(op)
        self._fixed_slots()
        self._dependences()
        for engine, profile in enumerate(self.slots):
            if profile.intervals:
                capacity = view.capacity[engine]
                self.model.add_cumulative(profile.intervals, profile.demands, capacity)
        self._scratch()
        for op in self.free:
            self._hint(op)

    def minimise_length(self) -> None:
        """Ask for the shortest window."""
        self.model.minimize(self.shrunk)

    def minimise_starts(self) -> None:
        """Ask for early starts at the same length: work moves forward, later windows get room."""
        self.model.add(self.shrunk == self.length)
        total: cp_model.LinearExprT = 0
        for op in self.free:
            total = total + self.lanes[op][-1]
        self.model.minimize(total)

    def timing_after(self, solver: cp_model.CpSolver) -> Timing:
        """The whole schedule with the window as the solver left it."""
        shift = self.length - solver.value(self.shrunk)
        end = self.first + self.length
        cycles = [[at - shift if at >= end else at for at in own] for own in self.timing.cycles]
        engines = list(self.timing.engine)
        for op, place in enumerate(self.place):
            if place == BEHIND:
                cycles[op] = [at - shift for at in self.timing.cycles[op]]
        for op in self.free:
            taken = [e for e, literal in self.literals[op].items() if solver.value(literal)]
            whole, split = self.view.vector_engines[op], self.view.scalarised_engine[op]
            engines[op] = taken[0] if taken else only_engine(whole, split)
            at = [self.first + solver.value(lane) for lane in self.lanes[op]]
            cycles[op] = at if engines[op] == split else at[:1]
        return Timing(cycles, engines)

    def _operation(self, op: int) -> None:
        view, model = self.view, self.model
        split = view.scalarised_engine[op]
        count = view.lanes[op] if split >= 0 else 1
        lanes = [model.new_int_var(0, self.length - 1, "") for _ in range(count)]
        options = view.vector_engines[op] if split < 0 else (*view.vector_engines[op], split)
        literals: dict[int, cp_model.IntVar] = {}
        if len(options) > 1:
            literals = {engine: model.new_bool_var("") for engine in options}
            model.add_exactly_one(literals.values())
        self.lanes[op], self.literals[op] = lanes, literals
        for engine in view.vector_engines[op]:
            self._take(engine, lanes[0], literals.get(engine))
        model.add(lanes[-1] <= self.shrunk - 1)
        if split < 0:
            return
        literal = literals.get(split)
        per_cycle = 1 if view.serial[op] else view.capacity[split]
        for lane, after in pairwise(lanes):
            model.add(after >= lane)
        for lane, later in zip(lanes, lanes[per_cycle:], strict=False):
            bound = model.add(later >= lane + 1)
            if literal is not None:
                enforce(bound, literal)
        if literal is not None:
            enforce(model.add(lanes[-1] == lanes[0]), ~literal)
        for lane in lanes:
            self._take(split, lane, literal)

    def _take(self, engine: int, at: cp_model.LinearExprT, literal: cp_model.IntVar | None) -> None:
        model = self.model
        self.slots[engine].intervals.append(
            model.new_fixed_size_interval_var(at, 1, "")
            if literal is None
            else model.new_optional_fixed_size_interval_var(at, 1, literal, "")
        )
        self.slots[engine].demands.append(1)

    def _fixed_slots(self) -> None:
        """Slots of operations that are not free, in the window's cycles."""
        for op, place in enumerate(self.place):
            engine = self.timing.engine[op]
            if place == INSIDE or self.last[op] < 0 or self.start[op] >= self.length:
                continue
            for cycle in self.timing.cycles[op]:
                at = cycle - self.first
                if not 0 <= at < self.length:
                    continue
                if place == BEFORE:
                    self.model.add(self.shrunk >= at + 1)
                    if engine < N_ENGINES:
                        self._take(engine, at, None)
                else:
                    self.model.add(self.shrunk >= self.length - at)
                    if engine < N_ENGINES:
                        self._take(engine, self.shrunk - (self.length - at), None)

    def _moved(self, at: int, place: int) -> cp_model.LinearExprT:
        """Where a cycle of a fixed operation goes: it stays, or it moves with the end."""
        if place == BEHIND or at >= self.length:
            return self.shrunk + (at - self.length)
        return at

    def _first(self, op: int) -> cp_model.LinearExprT:
        if self.place[op] == INSIDE:
            return self.lanes[op][0]
        return self._moved(self.start[op], self.place[op])

    def _final(self, op: int) -> cp_model.LinearExprT:
        if self.place[op] == INSIDE:
            return self.lanes[op][-1]
        return self._moved(self.last[op], self.place[op])

    def _dependences(self) -> None:
        for source, target, latency in self.view.dependences:
            far = self.start[target] - self.last[source] >= self.length + latency
            if far or self.last[source] < 0 and self.start[target] < 0:
                continue
            if self.start[source] >= self.length:
                continue
            self.model.add(self._first(target) >= self._final(source) + latency)

    def _scratch(self) -> None:
        """Results that are live in the window; those live all through it need no interval."""
        view, model = self.view, self.model
        room = view.problem.dense.words
        profile = _Profile([], [])
        for op, width in enumerate(view.width):
            zero = view.is_zero[op]  # its words are taken from the start of the schedule
            if not width or (self.start[op] >= self.length and not zero):
                continue
            ends = [(self.last[op] + 1, op), *((self.last[r], r) for r in view.readers[op])]
            if max(end for end, _ in ends) <= 0:
                continue
            stays = max(end for end, _ in ends) >= self.length
            if stays and (zero or (self.start[op] <= 0 and self.place[op] != INSIDE)):
                room -= width
                continue
            begin: cp_model.LinearExprT = self._first(op) if self.start[op] > 0 else 0
            if self.place[op] == INSIDE:
                begin = self.lanes[op][0]
            if zero:
                begin = 0
            stop = model.new_int_var(0, self.length, "")
            if stays:
                model.add(stop >= self.shrunk)
            else:
                if not zero:
                    model.add(stop >= self._final(op) + 1)
                for reader in view.readers[op]:
                    model.add(stop >= self._final(reader))
            size = model.new_int_var(0, self.length, "")
            profile.intervals.append(model.new_interval_var(begin, size, stop, ""))
            profile.demands.append(width)
        model.add_cumulative(profile.intervals, profile.demands, max(room, 0))

    def _hint(self, op: int) -> None:
        own = self.timing.cycles[op]
        for k, lane in enumerate(self.lanes[op]):
            self.model.add_hint(lane, (own[k] if len(own) > 1 else own[0]) - self.first)
        for engine, literal in self.literals[op].items():
            self.model.add_hint(literal, engine == self.timing.engine[op])

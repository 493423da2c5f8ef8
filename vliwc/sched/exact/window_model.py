"""One window of a schedule for CP-SAT: what lies in it moves, what lies before and after does not.

Operations with all lanes in the cycles ``first .. first + length - 1`` are free.  The window may
shrink; everything behind it then moves up by as many cycles.  Lanes of operations that begin
before the window stay where they are, lanes of those that end behind it move with the end.
Scratch is counted word by word for all results that are live in the window.
"""

from __future__ import annotations

from vliwc.sched.exact.executions import Cumulative, Execution, add_engines, add_lanes, slot
from vliwc.sched.problem.dense import N_ENGINES
from vliwc.sched.problem.schedule import Timing
from vliwc.sched.problem.view import View
from vliwc.solvers import cp_model

BEFORE, INSIDE, BEHIND = 0, 1, 2
"""Operations that begin before the window, lie in it, or begin in it and end behind or later."""


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
        self.executions: dict[int, Execution] = {}
        self.slots = [Cumulative() for _ in range(N_ENGINES)]
        for op in self.free:
            self._operation(op)
        self._fixed_slots()
        self._dependences()
        for engine, profile in enumerate(self.slots):
            if profile.intervals:
                capacity = view.capacity[engine]
                self.model.add_cumulative(profile.intervals, profile.demands, capacity)
        self._scratch()
        for op, execution in self.executions.items():
            execution.hint(self.model, [at - first for at in timing.cycles[op]], timing.engine[op])

    def minimise_length(self) -> None:
        """Ask for the shortest window."""
        self.model.minimize(self.shrunk)

    def minimise_starts(self) -> None:
        """Ask for early starts at the same length: work moves forward, later windows get room."""
        self.model.add(self.shrunk == self.length)
        total: cp_model.LinearExprT = 0
        for op in self.free:
            total = total + self.executions[op].lanes[-1]
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
            at, engines[op] = self.executions[op].solution(self.view, solver)
            cycles[op] = [self.first + cycle for cycle in at]
        return Timing(cycles, engines)

    def _operation(self, op: int) -> None:
        view, model = self.view, self.model
        scalarised = view.scalarised_engine[op]
        count = view.lanes[op] if scalarised >= 0 else 1
        lanes = [model.new_int_var(0, self.length - 1, "") for _ in range(count)]
        execution = add_engines(model, view, op, lanes, self.slots)
        self.executions[op] = execution
        model.add(lanes[-1] <= self.shrunk - 1)
        if scalarised >= 0:
            add_lanes(model, view, execution, self.slots)

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
                        self.slots[engine].add(slot(self.model, at, None), 1)
                else:
                    self.model.add(self.shrunk >= self.length - at)
                    if engine < N_ENGINES:
                        moved = self.shrunk - (self.length - at)
                        self.slots[engine].add(slot(self.model, moved, None), 1)

    def _moved(self, at: int, place: int) -> cp_model.LinearExprT:
        """Where a cycle of a fixed operation goes: it stays, or it moves with the end."""
        if place == BEHIND or at >= self.length:
            return self.shrunk + (at - self.length)
        return at

    def _first(self, op: int) -> cp_model.LinearExprT:
        if self.place[op] == INSIDE:
            return self.executions[op].lanes[0]
        return self._moved(self.start[op], self.place[op])

    def _final(self, op: int) -> cp_model.LinearExprT:
        if self.place[op] == INSIDE:
            return self.executions[op].lanes[-1]
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
        profile = Cumulative()
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
                begin = self.executions[op].lanes[0]
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
            profile.add(model.new_interval_var(begin, size, stop, ""), width)
        model.add_cumulative(profile.intervals, profile.demands, max(room, 0))

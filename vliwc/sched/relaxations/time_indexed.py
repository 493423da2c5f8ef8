"""The time-indexed formulation: "is there a schedule of at most ``horizon`` cycles?" in 0/1 rows.

Step variables say whether an operation has *started* or *ended* by a cycle (Pritsker, Watters and
Wolfe 1969, in the step form of Christofides, Alvarez-Valdes and Tamarit 1987), so that precedence
is ``started(b, t) <= ended(a, t - latency)``.  A scalarised form has a
counter of the lanes issued so far between the two steps.  Everything is linear with integer
coefficients; the same rows serve an integer program, CP-SAT, and a linear relaxation.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from vliwc.sched.problem.dense import N_ENGINES
from vliwc.sched.problem.schedule import Timing
from vliwc.sched.problem.view import View, only_engine
from vliwc.sched.relaxations.rows import IntegerRows, Row, Terms
from vliwc.sched.relaxations.symmetry import interchangeable


@dataclass(frozen=True)
class _Step:
    """A 0/1 function of time: 0 before ``first``, 1 from ``final`` on, variables between."""

    first: int
    final: int
    variables: list[int]

    def at(self, cycle: int) -> tuple[Terms, int]:
        """The value at a cycle: terms and a constant."""
        if cycle < self.first:
            return [], 0
        if cycle >= self.final:
            return [], 1
        return [(self.variables[cycle - self.first], 1)], 0

    def moved(self, cycles: int) -> _Step:
        """The same function, ``cycles`` later."""
        return _Step(self.first + cycles, self.final + cycles, self.variables)


class TimeIndexed(IntegerRows):
    """The formulation for one horizon; ``words`` limits scratch unless it is None, ``symmetry``
    orders interchangeable groups."""

    def __init__(
        self, view: View, horizon: int, words: int | None, *, symmetry: bool = True
    ) -> None:
        super().__init__()
        self.view, self.horizon, self.words, self.symmetry = view, horizon, words, symmetry
        self.in_vector_form: list[dict[int, dict[int, int]]] = [{} for _ in range(len(view))]
        self.issued: list[dict[int, int]] = [{} for _ in range(len(view))]
        self.started: list[_Step] = []
        self.ended: list[_Step] = []
        self.use: list[list[Terms]] = [[[] for _ in range(self.horizon)] for _ in range(N_ENGINES)]
        self.fixed_use = [[0] * self.horizon for _ in range(N_ENGINES)]
        for op in range(len(view)):
            latest = self.horizon - 1 - view.tails[op] - view.span[op] + 1
            if latest < view.heads[op]:
                self.possible = False
                return
            if view.scalarised_engine[op] >= 0:
                self._scalarised(op, view.heads[op], latest)
            else:
                self._one_cycle(op, view.heads[op], latest)
        for source, target, latency in view.dependences:
            self._ordered(self.started[target], self.ended[source].moved(latency))
        for engine, cycles in enumerate(self.use):
            for cycle, terms in enumerate(cycles):
                if terms:
                    room = view.capacity[engine] - self.fixed_use[engine][cycle]
                    self.rows.append(Row(terms, room, is_capacity=True))
                elif self.fixed_use[engine][cycle] > view.capacity[engine]:
                    self.possible = False
        self._resources()
        if self.words is not None:
            self._scratch(self.words)
        if self.symmetry:
            for chain in interchangeable(view):
                for before, after in pairwise(chain):
                    self._ordered(self.started[after[0]], self.started[before[0]])

    def _step(self, first: int, final: int) -> _Step:
        variables = [self.variable() for _ in range(first, final)]
        for before, after in pairwise(variables):
            self.rows.append(Row([(before, 1), (after, -1)], 0))
        return _Step(first, final, variables)

    def _change(self, step: _Step, cycle: int) -> tuple[Terms, int]:
        """The increase of a step function in a cycle."""
        terms, constant = step.at(cycle)
        before, earlier = step.at(cycle - 1)
        return terms + [(variable, -1) for variable, _ in before], constant - earlier

    def _one_cycle(self, op: int, first: int, latest: int) -> None:
        view = self.view
        started = self._step(first, latest)
        self.started.append(started)
        self.ended.append(started.moved(view.duration[op] - 1))
        engines = view.vector_engines[op]
        if len(engines) == 1:
            for cycle in range(first, latest + 1):
                terms, constant = self._change(started, cycle)
                self.use[engines[0]][cycle].extend(terms)
                self.fixed_use[engines[0]][cycle] += constant
        elif engines:
            for cycle in range(first, latest + 1):
                terms, constant = self._change(started, cycle)
                chosen = self._choices(op, cycle)
                total = [(variable, -1) for variable in chosen] + terms
                self.rows.append(Row(total, -constant, -constant))

    def _choices(self, op: int, cycle: int) -> list[int]:
        """A 0/1 variable for each engine that takes all lanes of ``op`` in this cycle."""
        chosen: list[int] = []
        for engine in self.view.vector_engines[op]:
            variable = self.variable()
            self.in_vector_form[op].setdefault(engine, {})[cycle] = variable
            self.use[engine][cycle].append((variable, 1))
            chosen.append(variable)
        return chosen

    def _scalarised(self, op: int, first: int, latest: int) -> None:
        view = self.view
        engine, lanes, span = view.scalarised_engine[op], view.lanes[op], view.span[op]
        final = latest + span - 1
        started = self._step(first, latest)
        ended = self._step(first + span - 1, final)
        self.started.append(started)
        self.ended.append(ended)
        most = 1 if view.serial[op] else min(lanes, view.capacity[engine])
        done: Terms = []
        for cycle in range(first, final + 1):
            issued = self.variable(most)
            self.issued[op][cycle] = issued
            self.use[engine][cycle].append((issued, 1))
            chosen = self._choices(op, cycle) if cycle <= latest or span == 1 else []
            now = self.variable(lanes)
            total = [(now, -1), (issued, 1), *done, *((variable, lanes) for variable in chosen)]
            self.rows.append(Row(total, 0, 0))
            done = [(now, 1)]
            # lanes * ended <= done <= lanes * started
            terms, constant = ended.at(cycle)
            scaled = [(variable, lanes * factor) for variable, factor in terms]
            self.rows.append(Row([*scaled, (now, -1)], -lanes * constant))
            terms, constant = started.at(cycle)
            if not constant:
                scaled = [(variable, -lanes * factor) for variable, factor in terms]
                self.rows.append(Row([(now, 1), *scaled], 0))

    def _ordered(self, after: _Step, before: _Step) -> None:
        """``after(t) <= before(t)`` in every cycle."""
        for cycle in range(after.first, max(after.final, before.final) + 1):
            terms, constant = after.at(cycle)
            others, other = before.at(cycle)
            if constant <= other and not terms and not others:
                continue
            if other == 1:
                return
            if not terms and not others:
                self.possible = False
                return
            self.rows.append(
                Row([*terms, *((variable, -1) for variable, _ in others)], other - constant)
            )

    def _resources(self) -> None:
        renewable = self.view.problem.renewable
        if renewable is None:
            return
        for number in range(len(renewable.names)):
            for cycle in range(self.horizon):
                terms: Terms = []
                room = int(renewable.capacity[number])
                for op in range(len(self.view)):
                    demand = self.view.demand[op][number]
                    if not demand or not self.view.duration[op]:
                        continue
                    started, busy = self.started[op].at(cycle)
                    over, idle = self.started[op].moved(self.view.duration[op]).at(cycle)
                    terms += [(variable, demand) for variable, _ in started]
                    terms += [(variable, -demand) for variable, _ in over]
                    room -= demand * (busy - idle)
                if terms:
                    self.rows.append(Row(terms, room, is_capacity=True))
                elif room < 0:
                    self.possible = False

    def _scratch(self, words: int) -> None:
        """Words are taken from the first write on, until the last read has ended."""
        view = self.view
        taken: list[Terms] = [[] for _ in range(self.horizon)]
        fixed = [0] * self.horizon
        for op, width in enumerate(view.width):
            if not width:
                continue
            limits = [self.ended[r] for r in view.readers[op]]
            taking = self.started[op]
            if view.is_zero[op]:
                taking = _Step(0, 0, [])  # taken from the start, written never
            else:
                limits.append(self.ended[op].moved(1))
            for cycle in range(taking.first, self.horizon):
                terms, constant = taking.at(cycle)
                taken[cycle] += [(variable, width) for variable, _ in terms]
                fixed[cycle] += width * constant
                values = [limit.at(cycle) for limit in limits]
                if any(not some and not known for some, known in values):
                    continue
                dead = self.variable()
                taken[cycle].append((dead, -width))
                for some, _ in values:
                    if some:
                        self.rows.append(Row([(dead, 1), (some[0][0], -1)], 0))
        for cycle, terms in enumerate(taken):
            if terms:
                self.rows.append(Row(terms, words - fixed[cycle], is_capacity=True))
            elif fixed[cycle] > words:
                self.possible = False

    def timing(self, value: list[int]) -> Timing:
        """The schedule that values of all variables stand for."""
        view = self.view
        cycles: list[list[int]] = []
        engines: list[int] = []
        for op in range(len(view)):
            lanes = [
                cycle for cycle, variable in self.issued[op].items() for _ in range(value[variable])
            ]
            if lanes:
                cycles.append(lanes)
                engines.append(view.scalarised_engine[op])
                continue
            chosen = [
                (engine, cycle)
                for engine, by_cycle in self.in_vector_form[op].items()
                for cycle, variable in by_cycle.items()
                if value[variable]
            ]
            if chosen:
                engines.append(chosen[0][0])
                cycles.append([chosen[0][1]])
                continue
            step = self.started[op]
            late = sum(1 - value[variable] for variable in step.variables)
            cycles.append([step.first + late])
            engines.append(only_engine(view.vector_engines[op], view.scalarised_engine[op]))
        return Timing(cycles, engines)

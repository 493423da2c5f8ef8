"""The counting relaxation: how many operations of each class have started and ended by each cycle.

Machine DAGs hold many groups that do the same.  Instead of telling their operations apart, this
relaxation counts them.  With ``S(t)`` starts and ``E(t)`` ends of a class by cycle ``t``: slots
limit each cycle; windows bound the counts; and where each operation of class B waits for at least
``p`` of class A with latency ``l``, and each of A has at most ``s`` successors in B, then
``p S_B(t) <= s E_A(t - l)``, since the starts need ``p S_B / s`` different predecessors or more.
Every schedule satisfies that, so a makespan without counts is infeasible.

The classes (:mod:`vliwc.sched.relaxations.classes`) need not be alike in all respects: each group
reads its own addresses, and the windows of operations differ. Of groups that are alike the counts
even give a schedule, first come, first served; in general they give times that guide a list
scheduler.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from itertools import pairwise

from vliwc.sched.problem.dense import N_ENGINES, NO_ENGINE
from vliwc.sched.problem.schedule import Timing
from vliwc.sched.problem.view import View
from vliwc.sched.relaxations.classes import Classes, Link
from vliwc.sched.relaxations.rows import IntegerRows, Row, Terms


def counting_terms(view: View, classes: Classes, horizon: int) -> int:
    """About how many terms the rows of a :class:`CountingModel` will have."""
    forms = [
        len(form.vector) + 3 * (form.scalarised >= 0)
        for form in (classes.form(view, number) for number in range(len(classes.members)))
    ]
    links = sum(
        forms[link.after] + sum(forms[number] for number, _, _ in link.before)
        for link in classes.links
    )
    # Of what a row could hold in all cycles, a quarter falls away at the start.
    return horizon * (6 * sum(forms) + links) * 3 // 4


class CountingModel(IntegerRows):
    """Counts within ``horizon`` cycles; without a solution, no schedule is that short.

    ``started`` and ``ended`` give, for each class and cycle, the variables whose sum is the count.
    """

    def __init__(self, view: View, classes: Classes, horizon: int) -> None:
        super().__init__()
        self.view, self.classes, self.horizon = view, classes, horizon
        self.use: list[list[Terms]] = [[[] for _ in range(horizon)] for _ in range(N_ENGINES)]
        self.slots: list[dict[int, list[int]]] = []
        self.started: list[list[list[int]]] = []
        self.ended: list[list[list[int]]] = []
        for own in classes.members:
            self._class(own)
        for link in classes.links:
            self._link(link)
        for engine, cycles in enumerate(self.use):
            for used in cycles:
                if used:
                    self.rows.append(Row(used, view.capacity[engine], is_capacity=True))

    def _class(self, own: list[int]) -> None:
        """Counts of one class by cycle, within the windows of its operations."""
        view, horizon = self.view, self.horizon
        first = own[0]
        heads = sorted(view.heads[op] for op in own)
        dues = sorted(horizon - 1 - view.tails[op] for op in own)
        if any(view.heads[op] + view.span[op] + view.tails[op] > horizon for op in own):
            self.possible = False
        most = [bisect_right(heads, cycle) for cycle in range(horizon)]
        self.slots.append({})
        parts: list[tuple[list[int], list[int]]] = []
        for engine in view.vector_engines[first]:
            by_now = self._counts(engine, 1, most)
            parts.append((by_now, by_now))
        if view.scalarised_engine[first] >= 0:
            parts.append(self._scalarised(first, view.scalarised_engine[first], most))
        if not parts:
            by_now = self._growing(most)
            parts.append((by_now, by_now))
        self.started.append([[begun[cycle] for begun, _ in parts] for cycle in range(horizon)])
        self.ended.append([[over[cycle] for _, over in parts] for cycle in range(horizon)])
        for cycle in range(horizon):
            self.rows.append(Row([(v, 1) for v in self.started[-1][cycle]], most[cycle]))
            least = bisect_right(dues, cycle)
            if least:
                self.rows.append(Row([(v, -1) for v in self.ended[-1][cycle]], -least))

    def _growing(self, most: list[int]) -> list[int]:
        """Counts that never fall, one a cycle."""
        made = [self.variable(high) for high in most]
        for before, after in pairwise(made):
            self.rows.append(Row([(before, 1), (after, -1)], 0))
        return made

    def _counts(self, engine: int, each: int, most: list[int]) -> list[int]:
        """Slots of an engine taken in each cycle, summed up; at most ``each`` times ``most``."""
        slots = [self.variable(each * high) for high in most]
        self.slots[-1][engine] = slots
        # Sums as variables: rows stay short.
        total = [self.variable(each * high) for high in most]
        for cycle, slot in enumerate(slots):
            self.use[engine][cycle].append((slot, 1))
            terms = [(total[cycle], 1), (slot, -1)]
            if cycle:
                terms.append((total[cycle - 1], -1))
            self.rows.append(Row(terms, 0, 0))
        return total

    def _scalarised(self, op: int, engine: int, most: list[int]) -> tuple[list[int], list[int]]:
        """Starts and ends of executions that take one slot a lane."""
        lanes = self.view.lanes[op]
        issued = self._counts(engine, lanes, most)
        started, ended = self._growing(most), self._growing(most)
        for cycle, total in enumerate(issued):
            self.rows.append(Row([(total, 1), (started[cycle], -lanes)], 0))
            self.rows.append(Row([(ended[cycle], lanes), (total, -1)], 0))
        return started, ended

    def _link(self, link: Link) -> None:
        for cycle in range(self.horizon):
            terms = [(v, link.needed) for v in self.started[link.after][cycle]]
            for number, shared, latency in link.before:
                if cycle >= latency:
                    terms += [(v, -shared) for v in self.ended[number][cycle - latency]]
            merged = Counter[int]()
            for variable, factor in terms:
                merged[variable] += factor
            self.rows.append(Row(list(merged.items()), link.needed * link.free))

    def timing(self, value: list[int]) -> Timing:
        """A start and an engine for each operation from values of all variables, first come, first
        served: the first execution of a class goes to the operation whose predecessors have ended
        first, and so on.

        Whether dependences hold is for :func:`holds_dependences` to say: where operations of a
        class are not alike, they need not.
        """
        view = self.view
        cycles: list[list[int]] = [[] for _ in range(len(view))]
        engine = [NO_ENGINE] * len(view)
        level = [0] * len(view)
        for op in view.order:
            level[op] = max((level[source] + 1 for source, _ in view.predecessors[op]), default=0)

        def ready(op: int) -> tuple[int, int, int]:
            ends = [cycles[s][-1] + latency for s, latency in view.predecessors[op] if cycles[s]]
            return max(ends, default=0), -view.tails[op], op

        members = self.classes.members
        for number in sorted(
            range(len(members)), key=lambda k: max(level[op] for op in members[k])
        ):
            own = sorted(members[number], key=ready)
            for op, (lanes, taken) in zip(own, self._executions(number, value), strict=True):
                cycles[op], engine[op] = lanes, taken
        return Timing(cycles, engine)

    def _executions(self, number: int, value: list[int]) -> list[tuple[list[int], int]]:
        """Cycles and engine of each execution of a class, by first cycle."""
        view, own = self.view, self.classes.members[number]
        found: list[tuple[list[int], int]] = []
        for engine, slots in self.slots[number].items():
            at = [t for t, slot in enumerate(slots) for _ in range(value[slot])]
            each = view.lanes[own[0]] if engine == view.scalarised_engine[own[0]] else 1
            found += [(at[k : k + each], engine) for k in range(0, len(at), each)]
        if not self.slots[number]:
            by_now = [sum(value[v] for v in begun) for begun in self.started[number]]
            found = [([bisect_right(by_now, k)], NO_ENGINE) for k in range(len(own))]
        return sorted(found, key=lambda one: (one[0][0], one[0][-1]))


def holds_dependences(view: View, timing: Timing) -> bool:
    """Whether every operation starts late enough after those it depends on, and lanes that have to
    follow each other do."""
    cycles = timing.cycles
    for source, target, latency in view.dependences:
        if cycles[target][0] < cycles[source][-1] + latency:
            return False
    return all(
        not view.serial[op] or len(set(own)) == len(own)
        for op, own in enumerate(cycles)
        if len(own) > 1
    )

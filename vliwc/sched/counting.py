"""The counting relaxation: how many operations of each class have started and ended by each cycle.

Machine DAGs hold many groups that do the same.  Instead of telling their operations apart, this
relaxation counts them.  With ``S(t)`` starts and ``E(t)`` ends of a class by cycle ``t``: slots
limit each cycle; windows bound the counts; and where each operation of class B waits for at least
``p`` of class A with latency ``l``, and each of A has at most ``s`` successors in B, then
``p S_B(t) <= s E_A(t - l)``, since the starts need ``p S_B / s`` different predecessors or more.
Every schedule satisfies that, so a horizon without counts has no schedule.

The classes are exact (Grohe, Kersting, Mladenov and Selman 2014 reduce linear programs so) where
groups are alike in all respects; here they need not be, since each group reads its own addresses.
Of groups that are alike the counts even give a schedule, first come, first served; in general they
give times that guide a list scheduler.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from ortools.sat.python import cp_model

from vliwc.sched.cpsat_model import Timing
from vliwc.sched.dense import N_ENGINES, NO_ENGINE
from vliwc.sched.solvers import cp_sum
from vliwc.sched.view import View


@dataclass(frozen=True)
class Link:
    """Operations of class ``after`` (but ``free`` of them) wait for ``needed`` operations each of
    the classes ``before``: ``(class, successors there of one operation at most, latency)``."""

    before: tuple[tuple[int, int, int], ...]
    after: int
    needed: int
    free: int


@dataclass(frozen=True)
class Classes:
    """Operations by class; ``of`` gives the class of each operation, ``members`` the reverse, by
    earliest start."""

    members: list[list[int]]
    of: list[int]
    links: list[Link]

    @staticmethod
    def of_view(view: View) -> Classes:
        """Operations at the same place of groups with equal code are of one class; so are others
        that depend on the same classes, and are needed by the same, in the same numbers."""
        of = _refined(view, _told_apart(view, _refined(view, _places(view))))
        members: list[list[int]] = [[] for _ in range(max(of, default=-1) + 1)]
        for op in sorted(range(len(view)), key=lambda op: (view.heads[op], -view.tails[op], op)):
            members[of[op]].append(op)
        return Classes(members, of, _links(view, members, of))


def _numbered(keys: Sequence[object]) -> list[int]:
    """Equal numbers for equal keys, in order of appearance."""
    numbers: dict[object, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]


def _places(view: View) -> list[int]:
    """Numbers for what operations do: the code of the group and the place in it."""
    groups: dict[int, list[int]] = defaultdict(list)
    for op, group in enumerate(view.group):
        if group >= 0:
            groups[group].append(op)
    form = _numbered(
        [
            (view.whole[op], view.split[op], view.lanes[op], view.serial[op], view.duration[op])
            for op in range(len(view))
        ]
    )
    place: list[object] = [("shared", number) for number in form]
    for own in groups.values():
        index = {op: k for k, op in enumerate(own)}
        code = tuple(
            (form[op], tuple(sorted(index[s] for s, _ in view.predecessors[op] if s in index)))
            for op in own
        )
        for op, k in index.items():
            place[op] = (code, k)
    return _numbered(place)


def _refined(view: View, place: list[int]) -> list[int]:
    """Classes of operations without a group told apart by what they are linked to, until nothing
    changes (colour refinement); those of groups keep their places."""
    colour = place
    shared = [group < 0 for group in view.group]
    while True:
        finer = _numbered(
            [
                (
                    colour[op],
                    tuple(sorted((colour[s], latency) for s, latency in view.predecessors[op])),
                    tuple(sorted((colour[t], latency) for t, latency in view.successors[op])),
                )
                if shared[op]
                else colour[op]
                for op in range(len(view))
            ]
        )
        if max(finer, default=0) == max(colour, default=0):
            return finer
        colour = finer


def _told_apart(view: View, of: list[int]) -> list[int]:
    """Operations that several others read together (constants) in classes of their own: counts
    would let a reader start when any two have ended."""
    alone: set[int] = set()
    for predecessors in view.predecessors:
        own = Counter(of[source] for source, _ in predecessors)
        alone.update(number for number, count in own.items() if count > 1)
    shared = [group < 0 and of[op] in alone for op, group in enumerate(view.group)]
    return _numbered([(of[op], op if shared[op] else -1) for op in range(len(view))])


def _links(view: View, members: list[list[int]], of: list[int]) -> list[Link]:
    edges: dict[tuple[int, int], list[tuple[int, int, int]]] = defaultdict(list)
    for source, target, latency in view.dependences:
        edges[of[source], of[target]].append((source, target, latency))
    found: list[Link] = []
    partly: dict[int, list[int]] = defaultdict(list)
    for (before, after), rows in sorted(edges.items()):
        link = _link(rows, of, after, len(members[after]))
        found.append(link)
        if link.free and before != after:
            partly[after].append(before)
    for after, several in sorted(partly.items()):
        # Each operation waits for one of these classes or another: together they say more.
        if len(several) > 1:
            rows = [row for before in several for row in edges[before, after]]
            found.append(_link(rows, of, after, len(members[after])))
    return found


def _link(rows: list[tuple[int, int, int]], of: list[int], after: int, size: int) -> Link:
    """What dependences into a class of ``size`` operations have in common."""
    needed = Counter(target for _, target, _ in rows)
    shared: dict[int, int] = {}
    for source, count in Counter(source for source, _, _ in rows).items():
        shared[of[source]] = max(shared.get(of[source], 0), count)
    soonest: dict[int, int] = {}
    for source, _, latency in rows:
        soonest[of[source]] = min(soonest.get(of[source], latency), latency)
    before = tuple((number, shared[number], soonest[number]) for number in sorted(shared))
    return Link(before, after, min(needed.values()), size - len(needed))


def useful_classes(view: View) -> Classes | None:
    """The classes of a machine problem, or None where most operations are like no other."""
    if view.problem.renewable is not None:
        return None
    classes = Classes.of_view(view)
    return classes if 2 * len(classes.members) <= len(view) else None


@dataclass
class CountingModel:
    """Counts within ``horizon`` cycles; without a solution, no schedule is that short."""

    view: View
    classes: Classes
    horizon: int
    model: cp_model.CpModel = field(default_factory=cp_model.CpModel)

    def __post_init__(self) -> None:
        self.possible = True
        self.use: list[list[list[cp_model.IntVar]]] = [
            [[] for _ in range(self.horizon)] for _ in range(N_ENGINES)
        ]
        self.slots: list[dict[int, list[cp_model.IntVar]]] = []
        self.started: list[list[cp_model.LinearExpr]] = []
        self.ended: list[list[cp_model.LinearExpr]] = []
        for own in self.classes.members:
            self._class(own)
        for link in self.classes.links:
            self._link(link)
        for engine, cycles in enumerate(self.use):
            for used in cycles:
                if used:
                    self.model.add(cp_sum(used, [1] * len(used)) <= self.view.capacity[engine])

    def _class(self, own: list[int]) -> None:
        """Counts of one class by cycle, within the windows of its operations."""
        view, model, horizon = self.view, self.model, self.horizon
        first = own[0]
        heads = sorted(view.heads[op] for op in own)
        dues = sorted(horizon - 1 - view.tails[op] for op in own)
        if any(view.heads[op] + view.span[op] + view.tails[op] > horizon for op in own):
            self.possible = False
        most = [bisect_right(heads, cycle) for cycle in range(horizon)]
        least = [bisect_right(dues, cycle) for cycle in range(horizon)]
        parts: list[tuple[list[cp_model.IntVar], list[cp_model.IntVar]]] = []
        self.slots.append({})
        for engine in view.whole[first]:
            by_now = self._counts(engine, 1, most)
            parts.append((by_now, by_now))
        if view.split[first] >= 0:
            parts.append(self._split(first, view.split[first], most))
        if not parts:
            by_now = self._growing([0] * horizon, most)
            parts.append((by_now, by_now))
        started: list[cp_model.LinearExpr] = []
        ended: list[cp_model.LinearExpr] = []
        for cycle in range(horizon):
            begun = cp_sum([part[0][cycle] for part in parts], [1] * len(parts))
            over = cp_sum([part[1][cycle] for part in parts], [1] * len(parts))
            model.add(begun <= most[cycle])
            model.add(over >= least[cycle])
            started.append(begun)
            ended.append(over)
        self.started.append(started)
        self.ended.append(ended)

    def _growing(self, least: list[int], most: list[int]) -> list[cp_model.IntVar]:
        """Integers that never fall, one a cycle."""
        made = [
            self.model.new_int_var(low, max(high, low), "")
            for low, high in zip(least, most, strict=True)
        ]
        for before, after in zip(made, made[1:], strict=False):
            self.model.add(before <= after)
        return made

    def _counts(self, engine: int, each: int, most: list[int]) -> list[cp_model.IntVar]:
        """Slots of an engine taken in each cycle, summed up; at most ``each`` times ``most``."""
        slots = [
            self.model.new_int_var(0, min(self.view.capacity[engine], each * high), "")
            for high in most
        ]
        self.slots[-1][engine] = slots
        for cycle, slot in enumerate(slots):
            self.use[engine][cycle].append(slot)
        # Sums as variables: rows stay short.
        total = self._growing([0] * len(most), [each * high for high in most])
        for cycle, slot in enumerate(slots):
            self.model.add(total[cycle] == (total[cycle - 1] + slot if cycle else slot))
        return total

    def _split(
        self, op: int, engine: int, most: list[int]
    ) -> tuple[list[cp_model.IntVar], list[cp_model.IntVar]]:
        """Starts and ends of executions that take one slot a lane."""
        lanes = self.view.lanes[op]
        issued = self._counts(engine, lanes, most)
        started = self._growing([0] * len(most), most)
        ended = self._growing([0] * len(most), most)
        for cycle, total in enumerate(issued):
            self.model.add(lanes * started[cycle] >= total)
            self.model.add(lanes * ended[cycle] <= total)
        return started, ended

    def _link(self, link: Link) -> None:
        for cycle in range(self.horizon):
            needs = link.needed * (self.started[link.after][cycle] - link.free)
            over = [
                (self.ended[number][cycle - latency], shared)
                for number, shared, latency in link.before
                if cycle >= latency
            ]
            self.model.add(needs <= cp_sum([e for e, _ in over], [s for _, s in over]))

    def timing(self, solver: cp_model.CpSolver) -> Timing:
        """A start and an engine for each operation, first come, first served: the first execution
        of a class goes to the operation whose predecessors have ended first, and so on.

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
            for op, (lanes, taken) in zip(own, self._executions(number, solver), strict=True):
                cycles[op], engine[op] = lanes, taken
        return Timing(cycles, engine)

    def _executions(self, number: int, solver: cp_model.CpSolver) -> list[tuple[list[int], int]]:
        """Cycles and engine of each execution of a class, by first cycle."""
        view, own = self.view, self.classes.members[number]
        found: list[tuple[list[int], int]] = []
        for engine, slots in self.slots[number].items():
            at = [t for t, slot in enumerate(slots) for _ in range(solver.value(slot))]
            each = view.lanes[own[0]] if engine == view.split[own[0]] else 1
            found += [(at[k : k + each], engine) for k in range(0, len(at), each)]
        if not self.slots[number]:
            by_now = [solver.value(begun) for begun in self.started[number]]
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

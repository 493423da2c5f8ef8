"""Classes of operations that do the same in different groups, and how many of one wait for another.

Operations at the same place of groups with equal code are of one class; those without a group are
told apart by what they are linked to (colour refinement, as Grohe, Kersting, Mladenov and Selman
2014 do to reduce linear programs).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vliwc.sched.problem.view import View


class Form(NamedTuple):
    """How the operations of a class execute: ``vector`` engines take all lanes in one slot, the
    ``scalarised`` one takes ``lanes`` slots, one for each (-1: none, and one lane)."""

    vector: tuple[int, ...]
    scalarised: int
    lanes: int

    @property
    def slots(self) -> dict[int, int]:
        """The slots that one execution takes of each engine it may choose; empty: it takes none."""
        alone = {self.scalarised: self.lanes} if self.scalarised >= 0 else {}
        return dict.fromkeys(self.vector, 1) | alone


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

    def form(self, view: View, number: int) -> Form:
        """How the operations of class ``number`` execute."""
        first = self.members[number][0]
        scalarised = view.scalarised_engine[first]
        lanes = view.lanes[first] if scalarised >= 0 else 1
        return Form(view.vector_engines[first], scalarised, lanes)

    def by_form(self, view: View) -> dict[Form, list[int]]:
        """The classes that take slots, by how they execute."""
        alike: dict[Form, list[int]] = defaultdict(list)
        for number in range(len(self.members)):
            form = self.form(view, number)
            if form.slots:
                alike[form].append(number)
        return alike

    @staticmethod
    def of_view(view: View) -> Classes:
        """Operations at the same place of groups with equal code are of one class; so are others
        that depend on the same classes, and are needed by the same, in the same numbers."""
        of = _refined(view, _told_apart(view, _refined(view, _places(view))))
        members: list[list[int]] = [[] for _ in range(max(of, default=-1) + 1)]
        for op in sorted(range(len(view)), key=lambda op: (view.heads[op], -view.tails[op], op)):
            members[of[op]].append(op)
        return Classes(members, of, _links(view, members, of))

    @staticmethod
    def by_rank(view: View) -> Classes:
        """Only groups with equal code are of one class, place by place, and the members of each
        class are in the same order of groups: that of their windows, all operations together."""
        shared = [group < 0 for group in view.group]
        places = _refined(view, _places(view))
        of = _numbered([(places[op], op if shared[op] else -1) for op in range(len(view))])
        middle: dict[int, int] = defaultdict(int)
        for op, group in enumerate(view.group):
            middle[group] += view.heads[op] - view.tails[op]
        members: list[list[int]] = [[] for _ in range(max(of, default=-1) + 1)]
        for op in sorted(range(len(view)), key=lambda op: (middle[view.group[op]], op)):
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
            (
                view.vector_engines[op],
                view.scalarised_engine[op],
                view.lanes[op],
                view.serial[op],
                view.duration[op],
            )
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


@dataclass(frozen=True)
class ClassLimits:
    """Where counting is worth while; tuned by ``python -m benchmarks.proofs``."""

    max_classes: float = 0.75
    """Classes, as a part of the operations: with more, counting tells nearly all apart anyway."""
    max_operations: int = 5_000
    """Operations: with more, the model of counts would be too large for any solver."""


def useful_classes(view: View, limits: ClassLimits = ClassLimits()) -> Classes | None:
    """The classes of a machine problem, or None where most operations are like no other, or there
    are too many."""
    if view.problem.renewable is not None or len(view) > limits.max_operations:
        return None
    classes = Classes.of_view(view)
    return classes if len(classes.members) <= limits.max_classes * len(view) else None

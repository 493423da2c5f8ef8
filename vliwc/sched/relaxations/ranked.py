"""Counts of a problem whose groups take turns: solutions are schedules.

Kernels are groups with equal code.  Here the groups have ranks, and of each operation in the code
the execution of the group with rank k is the k-th: counts of starts and ends by cycle then say
everything (as in :mod:`vliwc.sched.relaxations.counting`, but exactly).  Operations without a group
are told apart; those that serve groups of ascending rank (addresses, steps of a sum) are done in
that order. Lanes issued one by one take one cycle, or two with one half each.  All of that
restricts the problem: a solution is a schedule, and if there is none, nothing is proved.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate, pairwise

from vliwc.sched.problem.dense import N_ENGINES, NO_ENGINE
from vliwc.sched.problem.schedule import Timing
from vliwc.sched.problem.view import View, only_engine
from vliwc.sched.relaxations.classes import Classes, Form, Link
from vliwc.sched.relaxations.rows import Affine, IntegerRows


class RankedModel(IntegerRows):
    """Starts and ends within ``horizon`` cycles.

    ``cycle_of``: the cycle that each variable is about; ``same``: variables for starts that equal
    the ones for ends where no operation takes two cycles.
    """

    def __init__(self, view: View, horizon: int) -> None:
        super().__init__()
        self.view, self.horizon = view, horizon
        self.classes = Classes.by_rank(view)
        self.cycle_of: list[int] = []
        self.same: dict[int, int] = {}
        self.started: list[list[Affine]] = []
        self.ended: list[list[Affine]] = []
        self.stream: list[list[Affine]] = []
        self.taken: dict[tuple[Form, int], dict[int, Affine]] = {}
        for own in self.classes.members:
            self._class(own)
        for link in self.classes.links:
            self._link(link)
        self._in_order()
        self._engines()

    def _count(self, cycle: int, least: int, most: int) -> Affine:
        made = self.between(least, most)
        if made.terms:
            self.cycle_of.append(cycle)
        return made

    def _class(self, own: list[int]) -> None:
        """Starts and ends of one class: of rank k not before its head, not after its due time."""
        view, horizon, first = self.view, self.horizon, own[0]
        lanes, slots = 1, 0
        if view.scalarised_engine[first] >= 0:
            lanes, slots = view.lanes[first], view.capacity[view.scalarised_engine[first]]
        halves = lanes % 2 == 0 and lanes // 2 <= slots and not view.serial[first]
        streamed = lanes > 1 and not view.vector_engines[first] and not halves
        # Those of higher rank come later: windows that say otherwise shrink.
        heads = list(accumulate((view.heads[op] for op in own), max))
        dues = list(accumulate((horizon - 1 - view.tails[op] for op in reversed(own)), min))
        started: list[Affine] = []
        ended: list[Affine] = []
        for cycle in range(horizon):
            most = sum(head <= cycle for head in heads)
            least = sum(due <= cycle for due in dues)
            ended.append(self._count(cycle, least, most))
            # Two cycles at most, except for streams.
            if started:
                before = ended[-2] if streamed else started[-1]
                self.at_most([(before, 1), (ended[-1], -1)], 0)
            if not halves and not streamed:
                started.append(ended[-1])
                continue
            started.append(self._count(cycle, least, most))
            if streamed:
                self.at_most([(part, 1) for part in started[-2:-1]] + [(started[-1], -1)], 0)
            if halves and started[-1].terms:
                self.same[started[-1].terms[0][0]] = ended[-1].terms[0][0]
            self.at_most([(ended[-1], 1), (started[-1], -1)], 0)
        if halves:
            self.at_most([(started[-1], 1), (ended[-1], -1)], 0)
        self.stream.append(self._streamed(own, started, ended) if streamed else [])
        self.started.append(started)
        self.ended.append(ended)

    def _streamed(self, own: list[int], started: list[Affine], ended: list[Affine]) -> list[Affine]:
        """Lanes done by each cycle, one operation after the other: ``ended <= done / lanes <=
        started``."""
        lanes = self.view.lanes[own[0]]
        done: list[Affine] = []
        for cycle in range(self.horizon):
            most = lanes * len(own)
            done.append(self._count(cycle, 0, most))
            self.at_most([(done[-1], 1), (started[cycle], -lanes)], 0)
            self.at_most([(ended[cycle], lanes), (done[-1], -1)], 0)
            self.at_most([(before, 1) for before in done[-2:-1]] + [(done[-1], -1)], 0)
            if self.view.serial[own[0]]:
                self.at_most([(done[-1], 1), *((before, -1) for before in done[-2:-1])], 1)
        return done

    def _link(self, link: Link) -> None:
        for cycle in range(self.horizon):
            parts = [(self.started[link.after][cycle], link.needed)]
            for number, shared, latency in link.before:
                if cycle >= latency:
                    parts.append((self.ended[number][cycle - latency], -shared))
            self.at_most(parts, link.needed * link.free)

    def _in_order(self) -> None:
        """What only one group needs, or what needs only one, in the order of the groups (but for
        what could start earlier than its forerunner)."""
        view, pairs = self.view, dict[tuple[int, int], None]()
        for own in self.classes.members:
            for adjacent in (view.predecessors, view.successors):
                beside = [[o for o, _ in adjacent[op] if view.group[o] < 0] for op in own]
                common = set(beside[0]).intersection(*beside[1:])
                apart = [[o for o in others if o not in common] for others in beside]
                for some, later in pairwise(apart):
                    pairs |= {
                        (one, other): None
                        for one, other in zip(some, later, strict=False)
                        if one != other and view.heads[one] <= view.heads[other]
                    }
        of = self.classes.of
        for one, other in pairs:
            for counts in (self.started, self.ended):
                for before, after in zip(counts[of[one]], counts[of[other]], strict=True):
                    self.at_most([(after, 1), (before, -1)], 0)

    def _engines(self) -> None:
        """Slots: executions within a cycle are shared out by the choice of engines that they have,
        halves are not."""
        view = self.view
        alike = self.classes.by_form(view)
        for cycle in range(self.horizon):
            use: list[list[tuple[Affine, int]]] = [[] for _ in range(N_ENGINES)]
            for form, numbers in alike.items():
                self._share(cycle, form, numbers, use)
            for engine, parts in enumerate(use):
                self.at_most(parts, view.capacity[engine], is_capacity=True)

    def _share(
        self, cycle: int, form: Form, numbers: list[int], use: list[list[tuple[Affine, int]]]
    ) -> None:
        """What classes of one form take of each engine in a cycle."""
        view, prices = self.view, form.slots
        once: list[tuple[Affine, int]] = []
        for number in numbers:
            if self.stream[number]:
                done = self.stream[number][max(cycle - 1, 0) : cycle + 1]
                use[form.scalarised] += zip(done[::-1], (1, -1), strict=False)
                continue
            once.append((self.ended[number][cycle], 1))
            if cycle:
                once.append((self.started[number][cycle - 1], -1))
            # A half in this cycle, and one of those begun in the cycle before.
            for begun in range(max(cycle - 1, 0), cycle + 1):
                started, ended = self.started[number][begun], self.ended[number][begun]
                if started is not ended:
                    half = form.lanes // 2
                    use[form.scalarised] += [(started, half), (ended, -half)]
        if len(prices) == 1:
            (engine, price) = next(iter(prices.items()))
            use[engine] += [(part, price * factor) for part, factor in once]
            return
        slots = {
            engine: self._count(cycle, 0, -(-view.capacity[engine] // price))
            for engine, price in prices.items()
        }
        self.taken[form, cycle] = slots
        self.equal([*once, *((slot, -1) for slot in slots.values())])
        for engine, slot in slots.items():
            use[engine].append((slot, prices[engine]))

    def timing(self, value: list[int]) -> Timing:
        """The schedule that values of all variables stand for."""
        left = {
            key: {engine: slot.value(value) for engine, slot in slots.items()}
            for key, slots in self.taken.items()
        }
        cycles: list[list[int]] = [[] for _ in range(len(self.view))]
        engines = [NO_ENGINE] * len(self.view)
        for number, own in enumerate(self.classes.members):
            form = self.classes.form(self.view, number)
            vector, scalarised, lanes = form
            done: list[tuple[list[int], int]] = []
            if self.stream[number]:
                by_now = [part.value(value) for part in self.stream[number]]
                at = [bisect_right(by_now, lane) for lane in range(lanes * len(own))]
                done = [(at[k : k + lanes], scalarised) for k in range(0, len(at), lanes)]
            before = 0
            for cycle in range(0 if self.stream[number] else self.horizon):
                started = self.started[number][cycle].value(value)
                ended = self.ended[number][cycle].value(value)
                for _ in range(ended - before):
                    choice = left.get((form, cycle))
                    engine = only_engine(vector, scalarised)
                    if choice is not None:
                        engine = next(e for e, slots in choice.items() if slots)
                        choice[engine] -= 1
                    done.append(([cycle] * (lanes if engine == scalarised else 1), engine))
                half = [cycle] * (lanes // 2) + [cycle + 1] * (lanes // 2)
                done += [(half, scalarised)] * (started - ended)
                before = started
            for op, (taken, engine) in zip(own, done, strict=True):
                cycles[op], engines[op] = taken, engine
        return Timing(cycles, engines)

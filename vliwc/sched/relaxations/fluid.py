"""The fluid relaxation: how much of each class of operations is done by each cycle.

The counting relaxation (:mod:`vliwc.sched.relaxations.counting`) tells starts from ends and says
which class takes which engine.  Its *linear* relaxation gains nothing from either: where counts
need not be integers, starts and ends may be equal, and engines may be shared out between all
operations that have the same choice of them.  What remains is one variable for each class and
cycle, the work done so far (in lanes of operations with a scalarised form), and for each choice of
engines and cycle the slots taken.  The bound is that of the larger program; the simplex method
takes a tenth of the time or less.

With ``W(t)`` the work of a class of which each operation has ``size`` lanes, a schedule has
``ended(t) <= W(t) / size <= started(t)``, so every row here follows from one of the counting
relaxation.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import Final

from vliwc.sched.problem.dense import N_ENGINES
from vliwc.sched.problem.view import View
from vliwc.sched.relaxations.classes import Classes, Link
from vliwc.sched.relaxations.rows import Affine, IntegerRows

MAX_EXCESS: Final = 8
"""Slots of an engine that may be taken in a cycle, as a multiple of its capacity, where the excess
is what counts.  Any limit would do; a small one keeps the exact check of multipliers sharp."""


class FluidModel(IntegerRows):
    """Work by class and cycle within ``horizon`` cycles; without a solution, no schedule is that
    short.  ``done[number][cycle]``: lanes done by then, or executions without a scalarised form.
    ``excess``: for :func:`vliwc.sched.relaxations.infeasibility.proved_infeasible`, which lets
    capacities be exceeded."""

    def __init__(self, view: View, classes: Classes, horizon: int, *, excess: bool = False) -> None:
        super().__init__()
        self.view, self.classes, self.horizon = view, classes, horizon
        self.times = MAX_EXCESS if excess else 1
        self.done: list[list[Affine]] = []
        self.size: list[int] = []
        for number, own in enumerate(classes.members):
            self.size.append(classes.form(view, number).lanes)
            self._class(own, self.size[-1])
        for link in classes.links:
            self._link(link)
        use: list[list[list[Affine]]] = [[[] for _ in range(horizon)] for _ in range(N_ENGINES)]
        for form, numbers in classes.by_form(view).items():
            options = [(engine, form.lanes) for engine in form.vector]
            if form.scalarised >= 0:
                options.append((form.scalarised, 1))
            self._share(options, numbers, use)
        for engine, cycles in enumerate(use):
            for taken in cycles:
                self.at_most([(part, 1) for part in taken], view.capacity[engine], is_capacity=True)

    def _class(self, own: list[int], size: int) -> None:
        """Work that never falls, within the windows of the operations."""
        view, horizon = self.view, self.horizon
        if any(view.heads[op] + view.span[op] + view.tails[op] > horizon for op in own):
            self.possible = False
        heads = sorted(view.heads[op] for op in own)
        dues = sorted(horizon - 1 - view.tails[op] for op in own)
        done: list[Affine] = []
        for cycle in range(horizon):
            least, most = bisect_right(dues, cycle), bisect_right(heads, cycle)
            done.append(self.between(size * least, size * most))
            if cycle:
                self.at_most([(done[-2], 1), (done[-1], -1)], 0)
        self.done.append(done)

    def _share(
        self, options: list[tuple[int, int]], numbers: list[int], use: list[list[list[Affine]]]
    ) -> None:
        """Share out what these classes do between engines: ``(engine, lanes done by a slot)``."""
        for cycle in range(self.horizon):
            grown = [(self.done[number][cycle], 1) for number in numbers]
            if cycle:
                grown += [(self.done[number][cycle - 1], -1) for number in numbers]
            limits = [self.times * self.view.capacity[engine] for engine, _ in options]
            slots = [self.between(0, limit) for limit in limits]
            lanes = [lanes for _, lanes in options]
            self.equal([*grown, *((slot, -each) for slot, each in zip(slots, lanes, strict=True))])
            for (engine, _), slot in zip(options, slots, strict=True):
                use[engine][cycle].append(slot)

    def _link(self, link: Link) -> None:
        sizes = [self.size[number] for number, _, _ in link.before]
        own = self.size[link.after]
        scale = math.lcm(own, *sizes)
        for cycle in range(self.horizon):
            parts = [(self.done[link.after][cycle], link.needed * scale // own)]
            for (number, shared, latency), size in zip(link.before, sizes, strict=True):
                if cycle >= latency:
                    parts.append((self.done[number][cycle - latency], -shared * scale // size))
            self.at_most(parts, link.needed * link.free * scale)

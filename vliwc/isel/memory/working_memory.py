"""Working memory: words whose content is dead, by the roles of the arrays, and when.

The compiler may write a word only where the kernel's array roles allow it:

* a scratch array that the kernel does not store to is free once its input words are read, which
  must not wait for anything that may read a table built there;
* an output array's words are free from the reading of their input content (if any) until the
  final store to them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vliwc.analysis.linear import Linear
from vliwc.ir.graph import Function, Role
from vliwc.ir.value import Op, Value


@dataclass(frozen=True)
class Space:
    """Free words ``base .. base + length``.

    ``after``: loads that must be done before the words are written (all of their instances, or
    only that of ``group``); ``before``: the store of ``group`` that must follow the last use.
    """

    base: int
    length: int
    after: tuple[Value, ...] = ()
    before: Value | None = None
    group: int | None = None

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.base + self.length


def free_spaces(
    function: Function, forms: dict[Value, Linear], vlen: int
) -> tuple[list[Space], list[Space]]:
    """Spaces that are free for good, and spaces that are free until a group's final store.

    The latter belong to full groups of one loop, the group that runs last first, each ``vlen``
    words.
    """
    loads: dict[str, list[Value]] = {name: [] for name in function.arrays}
    stores: dict[str, list[Value]] = {name: [] for name in function.arrays}
    live = function.computed()
    early = _early_loads(function)
    for value in function.values:
        if value in live and value.is_memory:
            (loads if value.op is Op.LOAD else stores)[value.array].append(value)
    lasting: list[Space] = []
    passing: list[Space] = []
    for name, array in function.arrays.items():
        if not array.placed or not early.issuperset(loads[name]):
            continue
        if array.role in (Role.SCRATCH, Role.IN_SCRATCH):
            if not stores[name] and array.length:
                lasting.append(Space(array.base, array.length, tuple(loads[name])))
        elif array.role.observable and len(stores[name]) == 1 and len(loads[name]) <= 1:
            store = stores[name][0]
            accesses = [store, *loads[name]]
            index = {forms[value.args[0]] for value in accesses}
            one_loop = {value.loop for value in accesses} == {store.loop} and store.loop >= 0
            if len(index) == 1 and one_loop and next(iter(index)).is_consecutive:
                base = array.base + next(iter(index)).const
                for group in reversed(range(function.loops[store.loop].extent // vlen)):
                    start = base + group * vlen
                    passing.append(Space(start, vlen, tuple(loads[name]), store, group))
    return lasting, passing


def _early_loads(function: Function) -> set[Value]:
    """The loads that depend on no other memory operation."""
    early: set[Value] = set()
    waiting: set[Value] = set()
    for value in function.values:
        if value.op is Op.REDUCE or value.order or any(arg in waiting for arg in value.args):
            waiting.add(value)
        elif value.op is Op.LOAD:
            early.add(value)
            waiting.add(value)
    return early


@dataclass(frozen=True)
class Lenders:
    """How many groups may lend the words of their results until they store them: of arrays whose
    input words must wait in scratch meanwhile, and of arrays of which nothing is read."""

    with_input: int
    without_input: int

    def most(self, spaces: Iterable[Space]) -> int:
        """How many of ``spaces`` may be lent."""
        waiting = [bool(space.after) for space in spaces]
        read = sum(waiting)
        return min(read, self.with_input) + min(len(waiting) - read, self.without_input)


@dataclass(frozen=True)
class Placement:
    """``words`` words from address ``base`` on, made of lasting and passing spaces."""

    base: int
    words: int
    spaces: tuple[Space, ...]


class WorkingMemory:
    """Hands out free words; with ``for_good`` only words that nothing else reads or writes at
    all."""

    def __init__(
        self,
        function: Function,
        forms: dict[Value, Linear],
        vlen: int,
        *,
        for_good: bool = False,
    ) -> None:
        self._vlen = vlen
        self._lasting, self._passing = free_spaces(function, forms, vlen)
        if for_good:
            self._lasting = [space for space in self._lasting if not space.after]
            self._passing = []
        self._limit = function.certain_words

    def capacity(self, loop: int, lenders: Lenders, overrun: int = 0) -> int:
        """Words there are for tables that are last read in loop number ``loop``, with at most
        so many ``lenders``, if reads run ``overrun`` words past the end of each table."""
        lasting = sum(space.length for space in self._lasting)
        passing = [s for s in self._passing_for(loop) if s.end + overrun <= self._limit]
        return lasting + self._vlen * lenders.most(passing)

    def _passing_for(self, loop: int) -> list[Space]:
        """Stores of an earlier loop would wait for reads that may wait for them."""
        return [s for s in self._passing if s.before is not None and s.before.loop >= loop]

    def place(self, words: int, overrun: int, loop: int, lenders: Lenders) -> Placement | None:
        """Room for ``words`` words that are last read in loop number ``loop``, or None.

        Whole vectors are stored, so the words are rounded up to vectors.  Reads may run
        ``overrun`` words past the end, which must exist.  A lasting space is taken if one has room,
        the smallest; else spaces side by side of which the fewest have input to be read, then the
        fewest are lent, by groups that run as late as possible.  At most so many ``lenders`` give
        up words of theirs.
        """
        size = -(-words // self._vlen) * self._vlen
        last = self._limit - size - overrun
        fitting = [s for s in self._lasting if s.length >= size and s.base <= last]
        if fitting:
            space = min(fitting, key=lambda s: (s.length, s.base))
            return self._take(space.base, size, [space])
        best: tuple[tuple[int, int, int], int, list[Space]] | None = None
        for run in self._runs(loop):
            starts = [space.base for space in run]
            starts += [space.end - size for space in run]
            for base in starts:
                used = [s for s in run if s.base < base + size and base < s.end]
                lent = [space for space in used if space.before is not None]
                if base < run[0].base or base + size > run[-1].end:
                    continue
                if base > last or lenders.most(lent) < len(lent):
                    continue
                rank = (sum(bool(space.after) for space in lent), len(lent), -base)
                if best is None or rank < best[0]:
                    best = rank, base, used
        return None if best is None else self._take(best[1], size, best[2])

    def _runs(self, loop: int) -> list[list[Space]]:
        """The free spaces by address, those that lie side by side together."""
        found: list[list[Space]] = []
        spaces = [*self._lasting, *self._passing_for(loop)]
        for space in sorted(spaces, key=lambda space: space.base):
            if found and found[-1][-1].end == space.base:
                found[-1].append(space)
            else:
                found.append([space])
        return found

    def _take(self, base: int, size: int, spaces: list[Space]) -> Placement:
        """Words ``base .. base + size`` of ``spaces``; what is left of lasting ones stays free."""
        taken: list[Space] = []
        for space in spaces:
            if space.before is not None:
                self._passing.remove(space)
                taken.append(space)
                continue
            self._lasting.remove(space)
            first, end = max(base, space.base), min(base + size, space.end)
            taken.append(Space(first, end - first, space.after))
            for start, stop in ((space.base, first), (end, space.end)):
                if start < stop:
                    self._lasting.append(Space(start, stop - start, space.after))
        return Placement(base, size, tuple(taken))

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
        if not early.issuperset(loads[name]):
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
    """``words`` words from address ``base`` on, made of one lasting or several passing spaces."""

    base: int
    words: int
    spaces: tuple[Space, ...]


class WorkingMemory:
    """Hands out free words, lasting spaces first; with ``for_good`` only words that nothing else
    reads or writes at all."""

    def __init__(
        self,
        function: Function,
        forms: dict[Value, Linear],
        vlen: int,
        *,
        for_good: bool = False,
    ) -> None:
        self._vlen = vlen
        self._lasting, passing = free_spaces(function, forms, vlen)
        if for_good:
            self._lasting = [space for space in self._lasting if not space.after]
            passing = []
        self._passing = sorted(passing, key=lambda space: bool(space.after))
        self._limit = max((array.end for array in function.arrays.values()), default=0)

    def capacity(self, loop: int, lenders: Lenders) -> int:
        """Words there are for tables that are last read in loop number ``loop``, with at most
        so many ``lenders``."""
        lasting = sum(space.length for space in self._lasting)
        return lasting + self._vlen * lenders.most(self._passing_for(loop))

    def _passing_for(self, loop: int) -> list[Space]:
        """Stores of an earlier loop would wait for reads that may wait for them."""
        return [s for s in self._passing if s.before is not None and s.before.loop >= loop]

    def place(self, words: int, overrun: int, loop: int, lenders: Lenders) -> Placement | None:
        """Room for ``words`` words that are last read in loop number ``loop``, or None.

        Whole vectors are stored, so the words are rounded up to vectors.  Reads may run
        ``overrun`` words past the end, which must exist.  Of passing spaces those of which
        nothing is read come first; at most so many ``lenders`` give up words of theirs.
        """
        size = -(-words // self._vlen) * self._vlen
        fitting = [s for s in self._lasting if s.length >= size]
        fitting = [s for s in fitting if s.base + size + overrun <= self._limit]
        if fitting:
            space = min(fitting, key=lambda s: (s.length, s.base))
            self._lasting.remove(space)
            rest = Space(space.base + size, space.length - size, space.after)
            if rest.length:
                self._lasting.append(rest)
            return Placement(space.base, size, (space,))
        return self._place_passing(size, overrun, loop, lenders)

    def _place_passing(
        self, size: int, overrun: int, loop: int, lenders: Lenders
    ) -> Placement | None:
        count = size // self._vlen
        passing = self._passing_for(loop)
        for at in range(len(passing) - count + 1):
            run = passing[at : at + count]
            base = run[-1].base
            adjacent = all(
                a.base == b.base + self._vlen and a.before is b.before
                for a, b in zip(run, run[1:], strict=False)
            )
            few = lenders.most(run) == count
            if adjacent and few and base + size + overrun <= self._limit:
                self._passing = [space for space in self._passing if space not in run]
                return Placement(base, size, tuple(run))
        return None

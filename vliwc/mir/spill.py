"""Values that wait in memory where scratch cannot hold them until they are used.

The operations of a program stand in one order.  Where the words of results that are still needed
exceed those that scratch has, the result that is used last gives up its words (Belady 1966): it is
stored to words of memory that nobody needs at that time, once, and loaded again before each use for
which it has to.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from vliwc.mir.flat import reading
from vliwc.mir.operation import Form, MOp, Operand, Source, operand_sources

FOREVER = 1 << 60
"""A place in the order behind all operations."""


@dataclass(frozen=True, eq=False)
class Spare:
    """Words ``base .. base + length`` that nobody needs once operations ``after`` are done, which
    end at place ``first`` of the order, until the first of ``before``, at place ``end``."""

    base: int
    length: int
    first: int = 0
    end: int = FOREVER
    after: tuple[MOp, ...] = ()
    before: tuple[MOp, ...] = ()


@dataclass(frozen=True)
class Spilled:
    """The operations with the ``stores`` and ``loads`` of values that wait, and how many those are,
    in so many ``words`` of memory."""

    ops: list[MOp]
    stores: int
    loads: int
    words: int


class NoRoom(Exception):
    """Scratch holds no more values, and there is no memory for them: ``holders`` are results that
    wait then, ``words`` how many words all of them take."""

    def __init__(self, holders: Sequence[MOp], words: int) -> None:
        super().__init__("no room for values that wait")
        self.holders = holders
        self.words = words


def spilled(ops: Sequence[MOp], words: int, spares: Iterable[Spare], vlen: int) -> Spilled:
    """Let results wait in ``spares`` where more than ``words`` words of scratch would be needed.

    The operations are changed in place.  Raises :class:`NoRoom`.
    """
    return _Spilling(ops, words, vlen, list(spares)).run()


@dataclass(eq=False)
class _Slot:
    """A part of a spare for one value at a time; ``left``: its last loads and stores."""

    spare: Spare
    address: int
    width: int
    free_at: int = 0
    left: list[MOp] = field(default_factory=list[MOp])


class _Spilling:
    """``held``: results in scratch with the places at which they are read from then on; ``now``
    the operation that has a result, itself or a load; ``latest`` a heap of the places at which
    results are read next, the last one first; ``slots`` where results wait."""

    def __init__(self, ops: Sequence[MOp], words: int, vlen: int, spares: list[Spare]) -> None:
        self.ops = ops
        self.words = words
        self.vlen = vlen
        self.used = 0
        self.place = 0
        self.made: list[MOp] = []
        self.uses: dict[MOp, list[int]] = {op: [] for op in ops if op.width}
        self.shared: set[Source] = {op.into for op in ops if op.into is not None}
        for place, op in enumerate(ops):
            for source in _read(op):
                if source.width:
                    self.uses[source].append(place)
        self.now: dict[MOp, MOp] = {}
        self.slots: dict[MOp, tuple[_Slot, MOp]] = {}
        self.latest: list[tuple[int, int, MOp]] = []
        self.notes = 0
        self.free: list[_Slot] = []
        self.left = {spare: spare.base for spare in spares}
        self.doors: dict[Spare, MOp] = {}
        self.closing: dict[Spare, list[MOp]] = {spare: [] for spare in spares}
        self.loads = 0

    def run(self) -> Spilled:
        for place, op in enumerate(self.ops):
            self.place = place
            self._execute(op)
        for spare, used in self.closing.items():
            if used and spare.before:
                self._close(spare, used)
        words = sum(at - spare.base for spare, at in self.left.items())
        return Spilled(self.made, len(self.slots), self.loads, words)

    def _execute(self, op: MOp) -> None:
        wanted = _read(op)
        for source in wanted:
            if source.width and source not in self.now:
                self._load(source, wanted)
        if op.width:
            self._room(op.width, wanted)
        instead: dict[Source, Source] = {s: self.now[s] for s in wanted if s in self.now}
        op.forms = reading(op.forms, instead)
        self.made.append(op)
        if op.width:
            self._hold(op, op)
        for source in (*wanted, op):
            if source not in self.now or not source.forms:
                continue
            if self._next(source) != FOREVER:
                self._note(source)
                continue
            self._drop(source)
            if source in self.slots:
                slot = self.slots[source][0]
                slot.free_at = self.place
                self.free.append(slot)

    def _next(self, value: MOp) -> int:
        """The place of the next use of a value, after this one."""
        places = self.uses[value]
        at = bisect_right(places, self.place)
        return places[at] if at < len(places) else FOREVER

    def _hold(self, value: MOp, result: MOp) -> None:
        self.now[value] = result
        self.used += value.width

    def _note(self, value: MOp) -> None:
        """Remember when a value is used next."""
        self.notes += 1
        heappush(self.latest, (-self._next(value), self.notes, value))

    def _drop(self, value: MOp) -> None:
        del self.now[value]
        self.used -= value.width

    def _load(self, value: MOp, wanted: Collection[MOp]) -> None:
        """Load a value that waits in memory."""
        self._room(value.width, wanted)
        slot, store = self.slots[value]
        opcode = "load" if value.width == 1 else "vload"
        form = Form("load", opcode, (self._address(slot),))
        load = MOp(f"{value.name}.again", (form,), width=value.width, origin=value.origin)
        load.order.append((store, 1))
        self.made.append(load)
        self.loads += 1
        slot.left.append(load)
        self.closing[slot.spare].append(load)
        self._hold(value, load)

    def _room(self, width: int, wanted: Collection[MOp]) -> None:
        """Let values go until there is room for ``width`` more words."""
        aside: list[MOp] = []
        while self.used + width > self.words:
            if not self.latest:
                raise NoRoom(list(self.now), self.used + width)
            place, _, value = heappop(self.latest)
            if value not in self.now or not self._movable(value):
                continue
            if value in wanted:
                aside.append(value)
            elif -place == self._next(value):
                if value not in self.slots:
                    self._store(value)
                self._drop(value)
        for value in aside:
            self._note(value)

    def _movable(self, value: MOp) -> bool:
        plain = value.into is None and value not in self.shared and bool(value.forms)
        return plain and value.width in (1, self.vlen)

    def _store(self, value: MOp) -> None:
        slot = self._slot(value.width, self.uses[value][-1])
        if slot is None:
            raise NoRoom(list(self.now), self.used)
        opcode = "store" if value.width == 1 else "vstore"
        data = Operand(value, stride=int(value.width > 1))
        form = Form("store", opcode, (self._address(slot), data))
        store = MOp(f"{value.name}.wait", (form,), width=0, origin=value.origin)
        # Who used the words before has read them.
        store.order += [(each, 1 if each.width == 0 else 0) for each in slot.left]
        if slot.spare.after:
            store.order.append((self._door(slot.spare), 0))
        slot.left = [store]
        self.closing[slot.spare].append(store)
        self.made.append(store)
        self.slots[value] = slot, store

    def _slot(self, width: int, until: int) -> _Slot | None:
        """Words of memory for a value that is last used at place ``until``."""
        for slot in self.free:
            if slot.width == width and slot.free_at < self.place and until < slot.spare.end:
                self.free.remove(slot)
                return slot
        fitting = [
            spare
            for spare, at in self.left.items()
            if spare.first <= self.place
            and until < spare.end
            and at + width <= spare.base + spare.length
        ]
        if not fitting:
            return None
        spare = min(fitting, key=lambda each: (each.end, each.base))
        slot = _Slot(spare, self.left[spare], width)
        self.left[spare] += width
        return slot

    def _address(self, slot: _Slot) -> Operand:
        address = MOp(f"a{slot.address}", (Form("load", "const", imm=slot.address),))
        self.made.append(address)
        return Operand(address, stride=0)

    def _door(self, spare: Spare) -> MOp:
        """What a store to a spare waits for: that nobody needs its words any more."""
        if spare not in self.doors:
            door = self.doors[spare] = MOp("barrier", (), lanes=0, width=0)
            door.order += [(each, 0) for each in spare.after]
            self.made.append(door)
        return self.doors[spare]

    def _close(self, spare: Spare, used: list[MOp]) -> None:
        """Let those who need the words again wait until nothing waits there."""
        door = MOp("barrier", (), lanes=0, width=0)
        door.order += [(each, 1 if each.width == 0 else 0) for each in used]
        again = set(spare.before)
        first = next(place for place, each in enumerate(self.made) if each in again)
        self.made.insert(first, door)
        for each in spare.before:
            each.order.append((door, 0))


def _read(op: MOp) -> dict[MOp, None]:
    """The results whose words ``op`` reads, or writes a part of."""
    found = operand_sources(op)
    if op.into is not None:
        found.append(op.into)
    return dict.fromkeys(source for source in found if isinstance(source, MOp))

"""Runs of stores at the top level become parallel loops, sums along them running totals.

``t1 = t0 + load x[1]; store y[1] = t1; t2 = t1 + load x[2]; store y[2] = t2; …`` ->
``loop: t = scan sum of load x[lane]; store y[lane] = t0 + t``

A run is made of stores to neighbouring words whose values are computed alike, word by word: the
same operations on operands that are the same for all, constants a stride apart, loads of words a
stride apart, or alike themselves.  Nothing else may access the arrays between the first of the
stores and the last.  Where each value is the one before combined with another operand by addition
or xor, a `scan` gives them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vliwc.ir.builder import Builder
from vliwc.ir.graph import Function
from vliwc.ir.loop_numbers import loops_in_order
from vliwc.ir.rebuild import Rebuild
from vliwc.ir.value import MASK, TOP_LEVEL, Op, Reduction, Value

MAX_DEPTH = 100
"""Values computed by more operations, one inside the other, are left alone."""
CHAINS = {Op.ADD: Reduction.SUM, Op.XOR: Reduction.XOR}
"""The operations that a scan combines with."""


@dataclass(frozen=True, slots=True)
class PackStores:
    """Replace runs of at least ``least`` stores."""

    least: int = 16
    name: str = "pack-stores"

    def run(self, function: Function) -> Function:
        """The function with a loop for each run, one after the other."""
        before = len(function.loops)
        while runs := _first_runs(function, self.least):
            function = _packed(function, runs)
        # A run may come before other loops.
        return loops_in_order(function) if len(function.loops) > before else function


@dataclass(frozen=True, eq=False)
class _Pack:
    """Values computed alike, one for each lane.

    ``op`` is `Op.LANE`: ``base + step * lane``; `Op.SCAN`: ``start``
    combined by ``kind`` with all lanes of the only part up to each; `Op.LOAD`: the words of the
    ``loads``, at the part; else ``op`` of the parts.  ``values`` are those that are packed.
    """

    op: Op
    values: tuple[Value, ...]
    parts: tuple[_Pack | Value, ...] = ()
    base: int = 0
    step: int = 0
    loads: tuple[Value, ...] = ()
    kind: Reduction | None = None
    start: Value | None = None

    def all_packs(self) -> list[_Pack]:
        """The pack and all that it is made of."""
        found: list[_Pack] = [self]
        for pack in found:
            found += [part for part in pack.parts if isinstance(part, _Pack)]
        return found

    def all_loads(self) -> list[Value]:
        """The single loads that the pack stands for."""
        return [load for pack in self.all_packs() for load in pack.loads]


@dataclass(frozen=True, eq=False)
class _Run:
    """Stores to neighbouring words and what they store."""

    stores: list[Value]
    word: _Pack

    @property
    def own(self) -> list[Value]:
        """The accesses that the run replaces."""
        return [*self.stores, *self.word.all_loads()]


def _first_runs(function: Function, least: int) -> list[_Run]:
    """Runs that can be one loop, none if there is none."""
    by_array: dict[str, list[Value]] = {}
    for store in function.roots:
        if store.loop == TOP_LEVEL and store.args[0].is_const:
            by_array.setdefault(store.array, []).append(store)
    runs: list[_Run] = []
    for stores in by_array.values():
        at = 0
        for end in range(1, len(stores) + 1):
            before = stores[end - 1].args[0].imm
            if end < len(stores) and stores[end].args[0].imm == before + 1:
                continue
            if end - at >= least:
                word = _Packer().pack([store.args[1] for store in stores[at:end]])
                if isinstance(word, _Pack):
                    runs.append(_Run(stores[at:end], word))
            at = end
    for run in runs:
        # Of one loop before: then each may read what the others write.
        together = [each for each in runs if len(each.stores) == len(run.stores)]
        for chosen in (together, [run]):
            if _apart(function, chosen):
                return chosen
    return []


def _apart(function: Function, runs: Sequence[_Run]) -> bool:
    """Whether the loads can come before all stores of the runs, and the stores after all of them:
    no store writes a word that is loaded later, and nothing else comes in between."""
    own = {value for run in runs for value in run.own}
    first = min(value.id for value in own)
    last = max(value.id for value in own)
    arrays = {value.array for value in own}
    for value in function:
        if first < value.id < last and value.is_memory and value.array in arrays:
            if value not in own:
                return False
    written: dict[tuple[str, int], int] = {}
    for value in sorted(own, key=lambda value: value.id):
        word = value.array, value.args[0].imm
        if word in written:
            return False
        if value.op is Op.STORE:
            written[word] = value.id
    return True


class _Packer:
    """Packs values, equal rows of them once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Value, ...], _Pack | Value | None] = {}
        self._depth = 0

    def pack(self, values: Sequence[Value]) -> _Pack | Value | None:
        """The pack of ``values``, the value if they are all the same; None if there is none."""
        key = tuple(values)
        if key not in self._known:
            if self._depth == MAX_DEPTH:
                return None
            self._depth += 1
            self._known[key] = self._pack(values)
            self._depth -= 1
        return self._known[key]

    def _pack(self, values: Sequence[Value]) -> _Pack | Value | None:
        first = values[0]
        if all(value is first for value in values):
            return first
        if all(value.is_const for value in values):
            return _steps(values, [value.imm for value in values])
        if any(value.loop != TOP_LEVEL for value in values):
            return None
        chain = self._chain(values)
        if chain is not None:
            return chain
        if any(value.op is not first.op for value in values):
            return None
        if first.op is Op.LOAD:
            return self._loaded(values)
        if not first.info.arithmetic or first.op in (Op.DIV, Op.MOD):
            return None
        columns = list(zip(*(value.args for value in values), strict=True))
        parts = [self.pack(column) for column in columns]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        return _Pack(first.op, tuple(values), tuple(known))

    def _loaded(self, values: Sequence[Value]) -> _Pack | None:
        first = values[0]
        if any(v.array != first.array or not v.args[0].is_const for v in values):
            return None
        indices = [value.args[0] for value in values]
        steps = _steps(indices, [index.imm for index in indices])
        if steps is None or len(set(values)) < len(values):
            return None
        return _Pack(Op.LOAD, tuple(values), (steps,), loads=tuple(values))

    def _chain(self, values: Sequence[Value]) -> _Pack | None:
        """Each value after the first is the one before combined with something."""
        kind = CHAINS.get(values[1].op)
        if kind is None:
            return None
        others: list[Value] = []
        for before, value in zip(values, values[1:], strict=False):
            if value.op is not values[1].op or before not in value.args:
                return None
            others.append(value.args[1] if value.args[0] is before else value.args[0])
        first = values[0]
        for start, other in ((None, first), *_ends(first, values[1].op)):
            word = self.pack([other, *others])
            if word is not None:
                return _Pack(Op.SCAN, tuple(values), (word,), kind=kind, start=start)
        return None


def _ends(value: Value, op: Op) -> list[tuple[Value, Value]]:
    """The ways to take ``value`` as a start combined with a first word."""
    if value.op is not op:
        return []
    first, second = value.args
    return [(first, second), (second, first)]


def _steps(values: Sequence[Value], words: Sequence[int]) -> _Pack | None:
    step = words[1] - words[0]
    if any(b - a != step for a, b in zip(words, words[1:], strict=False)):
        return None
    return _Pack(Op.LANE, tuple(values), base=words[0], step=step)


def _packed(function: Function, runs: Sequence[_Run]) -> Function:
    """The function with ``runs`` as a loop, where the last of their accesses stands."""
    rebuild = Rebuild(function)
    last = max((value for run in runs for value in run.own), key=lambda value: value.id)
    needed = _needed(function, runs, last)
    users = function.users()
    for value in function:
        if value not in needed:
            rebuild.drop(value)
        else:
            rebuild.keep(value)
        if value is last:
            loop = rebuild.builder.loop(len(runs[0].stores), "packed").number
            emitted = [_Emitter(rebuild, run, loop) for run in runs]
            words = [each.value(each.run.word) for each in emitted]
            loads = [load for each in emitted for load in each.loads]
            for run, word in zip(runs, words, strict=True):
                _store(rebuild, run, word, loads)
            later = {value for value, by in users.items() if any(u.id > last.id for u in by)}
            for each in emitted:
                for pack, word in each.made:
                    for k, single in enumerate(pack.values):
                        if single in later and not single.is_const:
                            moved = rebuild.builder.move(TOP_LEVEL, [(word, k)], single.span)
                            rebuild.new[single] = moved
    return rebuild.finish()


def _needed(function: Function, runs: Sequence[_Run], last: Value) -> set[Value]:
    """What is needed beside the loop, which gives what comes after ``last`` the packed values."""
    packs = [pack for run in runs for pack in run.word.all_packs()]
    packed = {value for pack in packs for value in pack.values if not value.is_const}
    stores = {store for run in runs for store in run.stores}
    stack = [value for value in function.roots if value not in stores]
    stack += function.assumptions
    for pack in packs:
        stack += [part for part in pack.parts if isinstance(part, Value)]
        stack += [] if pack.start is None else [pack.start]
    found: set[Value] = set()
    while stack:
        value = stack.pop()
        if value not in found:
            found.add(value)
            stack += [arg for arg in value.args if value.id < last.id or arg not in packed]
    return found


def _store(rebuild: Rebuild, run: _Run, word: Value, loads: Sequence[Value]) -> None:
    """Store the words of a run in their loop."""
    builder, origin = rebuild.builder, run.stores[0]
    index = _lane(builder, word.loop, origin.args[0].imm, 1, origin)
    order = dict.fromkeys(before for store in run.stores for before in rebuild.order(store))
    order.update((load, None) for load in loads if load.array == origin.array)
    store = builder.store(origin.array, index, word, order, loop=word.loop, span=origin.span)
    for old in run.stores:
        rebuild.move(old, store)


class _Emitter:
    """The values of a pack in a loop."""

    def __init__(self, rebuild: Rebuild, run: _Run, loop: int) -> None:
        self.rebuild = rebuild
        self.run = run
        self.loop = loop
        self.loads: list[Value] = []
        self.made: list[tuple[_Pack, Value]] = []

    def value(self, pack: _Pack | Value) -> Value:
        """The value with the word of the pack in each iteration."""
        if isinstance(pack, Value):
            return self.rebuild.new[pack]
        self.made.append((pack, self._value(pack)))
        return self.made[-1][1]

    def _value(self, pack: _Pack) -> Value:
        builder, origin = self.rebuild.builder, self.run.stores[0]
        if pack.op is Op.LANE:
            return _lane(builder, self.loop, pack.base, pack.step, origin)
        parts = [self.value(part) for part in pack.parts]
        if pack.op is Op.LOAD:
            order = dict.fromkeys(b for load in pack.loads for b in self.rebuild.order(load))
            load = builder.load(pack.loads[0].array, parts[0], order, span=origin.span)
            self.loads.append(load)
            return load
        if pack.op is Op.SCAN and pack.kind is not None:
            total = builder.scan(pack.kind, self.loop, parts[0], origin.span)
            if pack.start is None:
                return total
            combine = next(op for op, kind in CHAINS.items() if kind is pack.kind)
            return builder.op(combine, self.rebuild.new[pack.start], total, span=origin.span)
        return builder.op(pack.op, *parts, span=origin.span)


def _lane(builder: Builder, loop: int, base: int, step: int, origin: Value) -> Value:
    """``base + step * lane``."""
    lane = builder.lane(loop, origin.span)
    scaled = lane
    if step != 1:
        factor = builder.const(step & MASK, origin.span)
        scaled = builder.op(Op.MUL, lane, factor, span=origin.span)
    return builder.op(Op.ADD, scaled, builder.const(base & MASK, origin.span), span=origin.span)

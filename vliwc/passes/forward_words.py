"""Words go from loop to loop in scratch: loads of what other iterations have stored disappear.

``store a[lane] = x in loop 0; y = load a[lane ^ 1] in loop 1`` ->
``y = move loop 1 of x[1], x[0], x[3], x[2], …``

Where all accesses of an array have indices that are known when compiling, each word is followed
from the store that sets it to the loads that read it, through copies as well.  A load all of whose
words are known is a `move`; words that are still as they were at entry come from a load that waits
for nothing.  Stores of words that are stored again, or that nobody sees at exit, go.  So an array
that fits stays in scratch: memory is read at the first read and written at the last write.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from vliwc.analysis.facts import Facts
from vliwc.analysis.known_places import known_indices
from vliwc.analysis.lane_cases import Lanes, lane_cases
from vliwc.analysis.lane_words import Words, lane_words
from vliwc.ir.graph import Function
from vliwc.ir.rebuild import Rebuild
from vliwc.ir.value import TOP_LEVEL, Op, Value

VECTOR = 8
"""Iterations whose words stay in scratch together, in the estimate of what is there."""

Pick = tuple[Value, int]
"""The word of a value in one of its iterations; of a load that is replaced, its word at entry."""


@dataclass(frozen=True, slots=True)
class ForwardWords:
    """Replace loads of known words; at most ``words`` of them wait in scratch at any time, and no
    array whose accesses touch more than ``touches`` words in all is followed."""

    words: int = 1152
    touches: int = 1 << 18
    name: str = "forward-words"

    def run(self, function: Function) -> Function:
        """The function without loads of words that a store tells, and without unseen stores."""
        flow = _chosen(function, self.words, self.touches)
        if flow is None or not flow.moves:
            return function
        rebuild = Rebuild(function)
        entry: dict[Value, Value] = {}
        dead = flow.dead_stores()
        for value in function:
            picks = flow.moves.get(value)
            if value in dead:
                rebuild.drop(value)
            elif picks is None:
                rebuild.keep(value)
            else:
                before: list[Value] = []
                if any(source is value for source, _ in picks):
                    index = rebuild.new[value.args[0]]
                    entry[value] = rebuild.builder.load(value.array, index, span=value.span)
                    before.append(entry[value])
                words = [(entry.get(v) or rebuild.new[v], at) for v, at in picks]
                rebuild.replace(value, rebuild.builder.move(value.loop, words, value.span), *before)
        return rebuild.finish()


def _chosen(function: Function, words: int, touches: int) -> _Flow | None:
    """The flow of words through the arrays that can stay in scratch together."""
    stored = dict.fromkeys(store.array for store in function.roots)
    loaded = {value.array for value in function if value.op is Op.LOAD and value.order}
    arrays = [name for name in stored if name in loaded and function.arrays[name].placed]
    if not arrays:
        return None
    indices = known_indices(function)
    sizes = dict.fromkeys(arrays, 0)
    for value, index in indices.items():
        if value.array in sizes:
            sizes[value.array] += len(index)
    arrays = [name for name in arrays if sizes[name] <= touches]
    while arrays:
        flow = _Flow(function, indices, arrays)
        if flow.most_waiting() <= words:
            return flow
        arrays.remove(max(arrays, key=lambda name: function.arrays[name].length))
    return None


@dataclass
class _Flow:
    """``moves[load][k]`` is the word that a load reads in iteration ``k``, if a store tells."""

    function: Function
    indices: Mapping[Value, Words]
    arrays: Collection[str]
    moves: dict[Value, list[Pick]] = field(default_factory=dict[Value, "list[Pick]"])

    def __post_init__(self) -> None:
        function = self.function
        live = function.live()
        wanted = _Wanted(function)
        now: dict[str, list[Pick | None]] = {}
        """What each word is; None: what it was at entry."""
        lost: dict[str, set[int]] = {name: set() for name in self.arrays}
        """The words that only memory knows."""
        for value in function:
            if not value.is_memory or value.array not in self.arrays or value not in live:
                continue
            words = now.setdefault(value.array, [None] * function.arrays[value.array].length)
            known = self.indices.get(value)
            if known is None:
                if value.op is Op.STORE:
                    lost[value.array].update(range(len(words)))
                continue
            at: list[int] = known.tolist()
            if value.op is Op.STORE:
                lost[value.array].difference_update(at)
                for k, word in enumerate(at):
                    words[word] = self._origin(value.args[1], k)
            elif lost[value.array].isdisjoint(at) and any(words[w] is not None for w in at):
                self._load(value, [words[word] or (value, k) for k, word in enumerate(at)], wanted)

    def _load(self, load: Value, picks: list[Pick], wanted: _Wanted) -> None:
        """Follow a load, if it is not only of words at entry; where nobody asks for a word, what
        its neighbours suggest will do."""
        asked = wanted.lanes(load)
        if asked is None:
            self.moves[load] = picks
            return
        lanes = np.flatnonzero(asked)
        if all(picks[k][0] is load for k in lanes):
            return
        for k in np.flatnonzero(~asked).tolist():
            near = int(lanes[np.argmin(np.abs(lanes - k))])
            value, at = picks[near]
            extent = 1 if value.loop == TOP_LEVEL else self.function.loops[value.loop].extent
            beside = k if value is load else at + k - near
            picks[k] = value, beside if 0 <= beside < extent else at
        self.moves[load] = picks

    def _origin(self, value: Value, k: int) -> Pick:
        """Where the word of ``value`` in iteration ``k`` comes from, through moves."""
        if value.loop == TOP_LEVEL:
            k = 0
        return self.moves[value][k] if value in self.moves else (value, k)

    def most_waiting(self) -> int:
        """The most words that wait in scratch at any time for iterations of other loops."""
        until: dict[tuple[Value, int], int] = {}
        for load, picks in self.moves.items():
            for value, at in picks:
                if value.loop != load.loop:
                    until[value, at // VECTOR] = load.id
        change: dict[int, int] = {}
        for (value, _), end in until.items():
            size = 1 if value.loop == TOP_LEVEL else VECTOR
            change[value.id] = change.get(value.id, 0) + size
            change[end] = change.get(end, 0) - size
        most = waiting = 0
        for when in sorted(change):
            waiting += change[when]
            most = max(most, waiting)
        return most

    def dead_stores(self) -> set[Value]:
        """The stores all of whose words are stored again, or not seen at exit, before anything but
        a followed load reads them."""
        function = self.function
        live = function.live()
        seen = {
            name: np.full(function.arrays[name].length, function.arrays[name].role.observable)
            for name in self.arrays
        }
        dead: set[Value] = set()
        for value in reversed(function.values):
            if not value.is_memory or value.array not in seen or value not in live:
                continue
            index = self.indices.get(value)
            words = seen[value.array]
            if value.op is Op.STORE:
                if index is not None:
                    if not words[index].any():
                        dead.add(value)
                    words[index] = False
            elif value not in self.moves:
                words[slice(None) if index is None else index] = True
        return dead


class _Wanted:
    """In which iterations the words of loads are asked for, loop by loop."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._facts: Facts | None = None
        self._by_loop: dict[int, Mapping[Value, Lanes] | None] = {}

    def lanes(self, load: Value) -> Lanes | None:
        """The ``(extent,)`` iterations; None: all."""
        if load.loop == TOP_LEVEL:
            return None
        if load.loop not in self._by_loop:
            loop = self._function.loops[load.loop]
            facts = self._facts = self._facts or Facts(self._function)
            cases = lane_cases(self._function, loop, lane_words(self._function, loop), facts, 1)
            self._by_loop[load.loop] = None if cases is None else cases.wanted
        wanted = self._by_loop[load.loop]
        if wanted is None:
            return None
        found = wanted.get(load)
        return found if found is not None and found.any() else None

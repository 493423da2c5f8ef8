"""Peak-memory feasibility: is there any order of the operations in which their results fit into
scratch?

Slots and lengths do not matter here, only which results are alive when a set of operations has
ended: those with readers left.  The search goes over such sets (as for register sufficiency, Sethi
1975).  An operation that frees at least as many words as it takes is executed at once: whatever
comes later can only profit.  Operations that end in the same cycle are one step where they free a
result together; for all others, one after the other is as good.  An operation that takes several
cycles writes its first lanes before it has read its last: for a while its result is alive beside
all its inputs.  (Of those that end in the same cycle, put these first: each leaves at least as much
room as all of them had together.)

Every schedule gives such a sequence of sets: sums of words only, results without readers left out,
and order without latency left out.  If there is no sequence, no schedule
fits into scratch, however long it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush

from vliwc.sched.exact.limits import MODELS
from vliwc.sched.problem.view import View


class _Live:
    """Words alive after sets of operations (bits of an integer)."""

    def __init__(self, view: View) -> None:
        n = len(view)
        self.before = [0] * n
        self.after: list[list[int]] = [[] for _ in range(n)]
        for source, target, latency in view.dependences:
            if latency > 0:
                self.before[target] |= 1 << source
                self.after[source].append(target)
        self.width = view.width
        # Beside all that is alive, while such an operation has begun and has not ended.
        self.meanwhile = [
            width if span > 1 and own and not zero else 0
            for width, span, own, zero in zip(
                view.width, view.span, view.readers, view.is_zero, strict=True
            )
        ]
        self.readers = [sum(1 << reader for reader in set(own)) for own in view.readers]
        self.inputs: list[list[int]] = [[] for _ in range(n)]
        for value, own in enumerate(view.readers):
            for reader in set(own):
                self.inputs[reader].append(value)
        # Words that stay zero are taken from the start, until they have been read.
        self.taken = [
            0 if zero else width for zero, width in zip(view.is_zero, view.width, strict=True)
        ]
        self.at_start = sum(
            width
            for width, zero, own in zip(view.width, view.is_zero, view.readers, strict=True)
            if zero and own
        )

    def change(self, ended: int, step: int, operations: tuple[int, ...]) -> int:
        """Words that ``operations``, whose bits are ``step``, add when they end together."""
        now = ended | step
        words = sum(self.taken[op] for op in operations if self.readers[op])
        for value in {value for op in operations for value in self.inputs[op]}:
            if not self.readers[value] & ~now:
                words -= self.width[value]
        return words

    def ready_after(self, ended: int, ready: frozenset[int], step: tuple[int, ...]) -> set[int]:
        """Operations that may come next, once ``step`` has ended, too."""
        left = set(ready).difference(step)
        left.update(
            target for op in step for target in self.after[op] if not self.before[target] & ~ended
        )
        return left

    def shared(self, ended: int, ready: frozenset[int]) -> list[int]:
        """Sets of several operations, all ready, that are all the readers left of some value."""
        found: set[int] = set()
        for value in {value for op in ready for value in self.inputs[op]}:
            left = self.readers[value] & ~ended
            if left & (left - 1) and ready.issuperset(_bits(left)):
                found.add(left)
        return sorted(found)


def _unions(sets: list[int]) -> Iterator[tuple[int, ...]]:
    """All unions of some of these sets of bits, each once."""
    unions = {0}
    for one in sets:
        unions |= {union | one for union in unions}
    for union in sorted(unions - {0}):
        yield tuple(_bits(union))


def _bits(number: int) -> list[int]:
    found: list[int] = []
    while number:
        low = number & -number
        found.append(low.bit_length() - 1)
        number ^= low
    return found


def order_exists(view: View, words: int, max_sets: int) -> tuple[bool | None, int]:
    """Whether there is an order in which ``words`` are enough (None: not known after ``max_sets``
    sets of operations), and the number of sets looked at."""
    live = _Live(view)
    if live.at_start > words:
        return False, 0
    ready = {op for op in range(len(view)) if not live.before[op]}
    first, alive, waiting = _settled(live, words, 0, live.at_start, ready)
    seen = {first}
    # Most operations first: an order is found by going deep, a proof needs all sets anyway.
    heap = [(-first.bit_count(), first, alive, waiting)]
    while heap:
        _, ended, alive, waiting = heappop(heap)
        if ended.bit_count() == len(view):
            return True, len(seen)
        if len(seen) > max_sets:
            return None, len(seen)
        shared = live.shared(ended, waiting)
        if len(shared) > MODELS.max_shared:
            return None, len(seen)
        for step in [*((op,) for op in sorted(waiting)), *_unions(shared)]:
            bits = sum(1 << op for op in step)
            more = live.change(ended, bits, step)
            if alive + max(more, *(live.meanwhile[op] for op in step)) > words:
                continue
            left = live.ready_after(ended | bits, waiting, step)
            after, now, following = _settled(live, words, ended | bits, alive + more, left)
            if after not in seen:
                seen.add(after)
                heappush(heap, (-after.bit_count(), after, now, following))
    return False, len(seen)


def _settled(
    live: _Live, words: int, ended: int, alive: int, ready: set[int]
) -> tuple[int, int, frozenset[int]]:
    """Execute, one after the other, whatever takes no more words than it frees."""
    waiting = sorted(ready)
    while waiting:
        again: list[int] = []
        for op in waiting:
            more = live.change(ended, 1 << op, (op,))
            if more > 0 or alive + live.meanwhile[op] > words:
                again.append(op)
                continue
            ended |= 1 << op
            alive += more
            again += [target for target in live.after[op] if not live.before[target] & ~ended]
        if len(again) == len(waiting) and set(again) == set(waiting):
            break
        waiting = sorted(set(again))
    return ended, alive, frozenset(waiting)

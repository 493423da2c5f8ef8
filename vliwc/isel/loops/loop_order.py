"""Which groups of one loop wait for which of another: those that access the same words.

Loops run one after the other, but a group of a later loop may start as soon as the words that it
reads are written, and those that it writes are read, by the groups before that can touch them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vliwc.analysis.linear import signed
from vliwc.ir.value import MASK, TOP_LEVEL, Op, Value
from vliwc.isel.program import LaneProgram
from vliwc.mir.operation import MOp, Source


@dataclass(frozen=True)
class OrderTuning:
    """The tuned number of this module, set by hand: ``python -m benchmarks.compile_time``."""

    max_comparisons: int = 1 << 15
    """All pairs of accesses of an array are compared, group by group; where that would take more
    than this, whole loops wait for each other."""


TUNING = OrderTuning()
MAX_PRODUCT = 1 << 48
"""Larger products of coefficients and words are not followed: sums of them stay far below 2**63."""

Ints = NDArray[np.int64]
Edge = tuple[Source, Source, int]
Access = tuple[Value, int]
"""A load or store, and the number of the group in its loop."""


@dataclass(frozen=True)
class _Extent:
    """(groups,) lowest and highest index that each group of an access may touch."""

    lo: Ints
    hi: Ints


class LoopOrder:
    """Order edges between the accesses of different loops and those of the top level.

    ``instances(value, group)`` are the operations that an access has become in a group of its
    loop, the first being 0; ``barrier()`` makes an operation without a slot.
    """

    def __init__(
        self,
        program: LaneProgram,
        instances: Callable[[Value, int], Sequence[Source]],
        barrier: Callable[[], MOp],
    ) -> None:
        self._program = program
        self._instances = instances
        self._new_barrier = barrier
        self._extents: dict[Value, _Extent] = {}
        self._barriers: dict[tuple[Access, ...], MOp] = {}

    def edges(self) -> list[Edge]:
        """The edges, array by array."""
        accesses: dict[str, list[Value]] = {}
        for value in self._program.function.values:
            if value.is_memory:
                accesses.setdefault(value.array, []).append(value)
        found: list[Edge] = []
        for group in accesses.values():
            if any(value.order for value in group):
                found += self._of_array(group)
        return found

    def _of_array(self, accesses: Sequence[Value]) -> list[Edge]:
        groups = max(self._groups(value) for value in accesses)
        by_group = len(accesses) ** 2 * groups <= TUNING.max_comparisons
        position = {value: k for k, value in enumerate(accesses)}
        earlier: list[int] = []
        found: list[Edge] = []
        for value in accesses:
            mask = 0
            for before in value.order:
                mask |= earlier[position[before]] | 1 << position[before]
            earlier.append(mask)
            if by_group:
                # All that is ordered before, directly or not: what stands between may belong to
                # groups that have nothing to do with these.
                befores = [accesses[k] for k in range(len(earlier) - 1) if mask >> k & 1]
            else:
                befores = ordered_before(value)
            befores = [
                before
                for before in befores
                if not _one_iteration(before, value) and Op.STORE in (before.op, value.op)
            ]
            if by_group and befores:
                found += self._after_groups(value, befores)
            elif befores:
                for before in befores:
                    found += self._after_all(value, before)
        return found

    def _groups(self, value: Value) -> int:
        if value.loop == TOP_LEVEL:
            return 1
        return self._program.groups(self._program.function.loops[value.loop])

    def _after_all(self, value: Value, before: Value) -> list[Edge]:
        """The edges from all groups of ``before`` to all of ``value``."""
        barrier = self._barrier(tuple((before, group) for group in range(self._groups(before))))
        targets = [op for g in range(self._groups(value)) for op in self._instances(value, g)]
        return [(barrier, target, 0) for target in dict.fromkeys(targets)]

    def _after_groups(self, value: Value, befores: Sequence[Value]) -> list[Edge]:
        """The edges to each group of ``value`` from those that may touch the same words."""
        own = self._extent(value)
        met: list[list[Access]] = [[] for _ in own.lo]
        for before in befores:
            other = self._extent(before)
            for group in range(len(own.lo)):
                meets = (other.lo <= own.hi[group]) & (own.lo[group] <= other.hi)
                met[group] += [(before, int(number)) for number in np.flatnonzero(meets)]
        found: list[Edge] = []
        for group, sources in enumerate(met):
            targets = self._instances(value, group)
            if sources and targets:
                barrier = self._barrier(tuple(sources))
                found += [(barrier, target, 0) for target in targets]
        return found

    def _barrier(self, sources: tuple[Access, ...]) -> MOp:
        """The barrier after some accesses; it keeps the number of edges small."""
        known = self._barriers.get(sources)
        if known is None:
            known = self._new_barrier()
            order: dict[tuple[Source, int], None] = {}
            for value, group in sources:
                latency = int(value.op is Op.STORE)
                order.update(((op, latency), None) for op in self._instances(value, group))
            known.order.extend(order)
            self._barriers[sources] = known
        return known

    def _extent(self, value: Value) -> _Extent:
        found = self._extents.get(value)
        if found is None:
            found = self._top_level(value) if value.loop == TOP_LEVEL else self._in_loop(value)
            self._extents[value] = found
        return found

    def _top_level(self, value: Value) -> _Extent:
        facts, index = self._program.facts, value.args[0]
        return _Extent(np.array([facts.lo(index)]), np.array([facts.hi(index)]))

    def _in_loop(self, value: Value) -> _Extent:
        program, index = self._program, value.args[0]
        loop, vlen = program.function.loops[value.loop], program.machine.vlen
        known = program.words(loop)
        if index in known:
            return _extent_of(known[index].astype(np.int64), vlen)
        first, last = program.facts.lo(index), program.facts.hi(index)
        groups = program.groups(loop)
        lo = np.full(groups, signed(program.forms[index].const), dtype=np.int64)
        hi = lo.copy()
        for atom, coefficient in program.forms[index].terms:
            factor = signed(coefficient)
            if abs(factor) * program.facts.hi(atom) > MAX_PRODUCT:
                hi[:] = MASK + 1
                break
            if atom in known:
                part = _extent_of(factor * known[atom].astype(np.int64), vlen)
                lo += part.lo
                hi += part.hi
            else:
                words = factor * program.facts.lo(atom), factor * program.facts.hi(atom)
                lo += min(words)
                hi += max(words)
        # Where sums may wrap into the array, only the range of the whole index is known.
        wraps = (lo + MASK < program.function.arrays[value.array].length) | (hi > MASK)
        lo = np.where(wraps, first, np.maximum(lo, first))
        hi = np.where(wraps, last, np.minimum(hi, last))
        return _Extent(lo, hi)


def _extent_of(words: Ints, vlen: int) -> _Extent:
    """The extent of (lanes,) known words."""
    starts = np.arange(0, len(words), vlen)
    return _Extent(np.minimum.reduceat(words, starts), np.maximum.reduceat(words, starts))


def _one_iteration(a: Value, b: Value) -> bool:
    """Whether two accesses can only meet within an iteration of their loop."""
    return a.loop == b.loop != TOP_LEVEL


def ordered_before(value: Value) -> list[Value]:
    """The memory operations that must be complete before ``value``.

    The order of two loads of one iteration says nothing by itself, and what loads the words of one
    may load those of the other as well: what is ordered after the second one is ordered after both.
    """
    found = dict.fromkeys(value.order)
    if value.op is Op.LOAD:
        return [before for before in found if before.op is Op.STORE or before.loop != value.loop]
    stack = [before for before in found if before.op is Op.LOAD]
    while stack:
        for before in stack.pop().order:
            if before.op is Op.LOAD and before not in found:
                found[before] = None
                stack.append(before)
    return list(found)

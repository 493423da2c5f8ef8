"""Loops over products of ranges and arrays of several dimensions, in row-major order.

A loop over a product of ranges becomes one loop over all its iterations, whose counters are digits
of the iteration's number `lane`. Indices are built so that they name `lane` itself where they can:
with `i = lane / w` and `j = lane % w`, element `a[i + 1][j]` of `u32[h][w]` is word `lane + w`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from vliwc.diagnostics import Span
from vliwc.ir.builder import Builder
from vliwc.ir.value import MASK, Op, Value

MAX_SUM = 64
"""Sums and products looked at in one index; what lies behind them is taken as it is."""


@dataclass(frozen=True, slots=True)
class Counter:
    """The digit `(lane / stride) % extent` of an iteration's number; strides are exact."""

    stride: int
    extent: int


class Iterations:
    """The iterations of one parallel loop: `lane` counts them, `extents` are those of its ranges.

    `digits` are the counters of the ranges, each from 0 on, outermost first.
    """

    def __init__(self, builder: Builder, lane: Value, extents: Sequence[int], span: Span) -> None:
        self._builder = builder
        self._lane = lane
        self._total = builder.loops[lane.imm].extent
        self._span = span
        self._counters: list[tuple[Counter, Value]] = []
        self.digits: list[Value] = []
        stride = self._total
        if len(extents) == 1:
            self.digits.append(lane)
            self._counters.append((Counter(1, stride), lane))
            return
        for extent in extents:
            stride //= extent
            counter = Counter(stride, extent)
            self.digits.append(self._digit(counter))
            if extent > 1:
                self._counters.append((counter, self.digits[-1]))

    def _digit(self, counter: Counter) -> Value:
        if counter.extent == 1:
            return self._word(0)
        value = self._lane
        if counter.stride > 1:
            value = self._op(Op.DIV, value, self._word(counter.stride))
        if counter.stride * counter.extent < self._total:
            value = self._op(Op.MOD, value, self._word(counter.extent))
        return value

    def extent(self, value: Value) -> int:
        """A number that `value` is always below: the extent of the counter that it is, if any."""
        if value is self._lane:
            return self._total
        return next((c.extent for c, digit in self._counters if digit is value), 1 << 32)

    def own_word(self, index: Value, length: int) -> tuple[int, int]:
        """`(first, factor)` if `index` is `first + factor * lane`, less than `length` in every
        iteration, each of which has a place of its own; else `(0, 0)`."""
        first, terms = linear(index)
        factor = terms.pop(self._lane, 0)
        own = not any(terms.values()) and (factor > 0 or self._total == 1)
        last = first + factor * (self._total - 1)
        return (first, max(factor, 1)) if own and last < length else (0, 0)

    def index(self, flat: Value) -> Value:
        """An equal word to `flat`, made of digits of several counters where it names them all."""
        if len(self._counters) < 2:
            return flat
        const, terms = linear(flat)
        left = dict(terms)
        merged: list[tuple[Counter, int]] = []
        for counter, value in self._counters:
            factor = left.pop(value, 0)
            # a * (f * extent) + b * f == (a * extent + b) * f
            while merged and factor and merged[-1][1] == factor * counter.extent & MASK:
                outer, _ = merged.pop()
                counter = Counter(counter.stride, outer.extent * counter.extent)
            merged.append((counter, factor))
        if len(merged) == len(self._counters):
            return flat
        total: Value | None = None
        for counter, factor in merged:
            total = self._plus(total, self._digit(counter), factor)
        for value, factor in left.items():
            total = self._plus(total, value, factor)
        assert total is not None
        return total if const == 0 else self._op(Op.ADD, total, self._word(const))

    def _plus(self, total: Value | None, value: Value, factor: int) -> Value | None:
        if factor == 0:
            return total
        if factor != 1:
            value = self._op(Op.MUL, value, self._word(factor))
        return value if total is None else self._op(Op.ADD, total, value)

    def _op(self, op: Op, *args: Value) -> Value:
        return self._builder.op(op, *args, span=self._span)

    def _word(self, word: int) -> Value:
        return self._builder.const(word, self._span)


def linear(value: Value) -> tuple[int, dict[Value, int]]:
    """`value` as a constant plus multiples of values, modulo 2**32.

    Sums are taken apart from the last one computed to the first, so that each is met once with
    all its uses.
    """
    const, looked_at = 0, 0
    terms: dict[Value, int] = {}
    factors: dict[Value, int] = {value: 1}
    queue = [(-value.id, value)]
    while queue:
        _, value = heappop(queue)
        factor = factors.pop(value)
        parts: tuple[tuple[Value, int], ...] = ()
        match value.op:
            case Op.CONST:
                const = (const + factor * value.imm) & MASK
                continue
            case Op.ADD:
                parts = tuple((arg, factor) for arg in value.args)
            case Op.SUB:
                parts = ((value.args[0], factor), (value.args[1], -factor))
            case Op.MUL if value.args[1].is_const:
                parts = ((value.args[0], factor * value.args[1].imm),)
            case _:
                pass
        looked_at += 1
        if not parts or looked_at > MAX_SUM:
            terms[value] = factor & MASK
        for part, multiple in parts if looked_at <= MAX_SUM else ():
            if part not in factors:
                heappush(queue, (-part.id, part))
            factors[part] = factors.get(part, 0) + multiple
    return const, terms

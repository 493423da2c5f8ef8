"""A builder for tests, which have no source text: every value stands on a line of its own."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from vliwc.diagnostics import Span
from vliwc.ir.builder import Builder
from vliwc.ir.graph import Array
from vliwc.ir.value import TOP_LEVEL, Op, Reduction, Value


class Sketch(Builder):
    """A builder whose values get new source lines unless a span is given."""

    def __init__(
        self, name: str, arrays: dict[str, Array], *, memory_words: int | None = None
    ) -> None:
        super().__init__(name, arrays, memory_words=memory_words)
        self._lines = count(1)

    def _line(self) -> Span:
        line = next(self._lines)
        return Span("sketch", line, 1, line, 2)

    def const(self, word: int, span: Span | None = None) -> Value:
        return super().const(word, span or self._line())

    def lane(self, loop: int, span: Span | None = None) -> Value:
        return super().lane(loop, span or self._line())

    def op(self, op: Op, *args: Value, span: Span | None = None) -> Value:
        return super().op(op, *args, span=span or self._line())

    def load(
        self, array: str, index: Value, order: Iterable[Value] = (), *, span: Span | None = None
    ) -> Value:
        return super().load(array, index, order, span=span or self._line())

    def store(
        self,
        array: str,
        index: Value,
        word: Value,
        order: Iterable[Value] = (),
        *,
        loop: int = TOP_LEVEL,
        span: Span | None = None,
    ) -> Value:
        return super().store(array, index, word, order, loop=loop, span=span or self._line())

    def reduce(self, kind: Reduction, loop: int, value: Value, span: Span | None = None) -> Value:
        return super().reduce(kind, loop, value, span or self._line())

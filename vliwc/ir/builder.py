"""Construction of functions: interning (global value numbering) and constant folding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import networkx as nx

from vliwc.diagnostics import InternalError, Span
from vliwc.ir.graph import Array, Function, Loop, link
from vliwc.ir.value import MASK, OPS, TOP_LEVEL, Op, Reduction, Value

if TYPE_CHECKING:
    from vliwc.ir.graph import ValueGraph

Key = tuple[object, ...]


class Builder:
    """Adds values to a new function.

    Pure values are interned: asking twice for the same operation on the same operands gives the
    same object.  Operands of commutative operations, and the two factors of a ``madd``, are put in
    a canonical order (constants last, otherwise by id), so that interning sees through
    commutation.  With ``fold`` (the default) an
    arithmetic operation on constants becomes a constant unless the machine would trap on it.

    Whoever builds a value has to say where in the source it comes from: ``span`` has no default,
    and is None only where there is no source.  A value that is asked for again keeps the first.
    """

    def __init__(
        self,
        name: str,
        arrays: dict[str, Array],
        loops: Iterable[Loop] = (),
        *,
        memory_words: int | None = None,
        params: dict[str, int] | None = None,
        fold: bool = True,
    ) -> None:
        self.name = name
        self.arrays = dict(arrays)
        self.loops: list[Loop] = list(loops)
        self.memory_words = memory_words
        self.params = dict(params or {})
        self.fold = fold
        self._graph: ValueGraph = nx.DiGraph()
        self._interned: dict[Key, Value] = {}
        self._roots: list[Value] = []
        self._assumptions: list[Value] = []
        self._next_id = 0

    @classmethod
    def like(cls, function: Function, *, fold: bool = True) -> Builder:
        """A builder for a new version of ``function`` (same name, arrays, loops, parameters)."""
        return cls(
            function.name,
            function.arrays,
            function.loops,
            memory_words=function.memory_words,
            params=function.params,
            fold=fold,
        )

    def loop(self, extent: int, name: str = "") -> Loop:
        """Declare the next parallel loop."""
        loop = Loop(len(self.loops), extent, name)
        self.loops.append(loop)
        return loop

    def const(self, word: int, span: Span | None) -> Value:
        """The constant ``word`` modulo 2**32."""
        word &= MASK
        return self._intern((Op.CONST, word), Op.CONST, (), imm=word, span=span)

    def lane(self, loop: int, span: Span | None) -> Value:
        """The iteration number (from 0) in parallel loop ``loop``."""
        return self._intern((Op.LANE, loop), Op.LANE, (), imm=loop, loop=loop, span=span)

    def op(self, op: Op, *args: Value, span: Span | None) -> Value:
        """An arithmetic operation; interned, folded if all operands are constants."""
        info = OPS[op]
        if info.evaluate is None or len(args) != info.arity:
            raise InternalError(f"op() cannot build {op} with {len(args)} operands")
        if self.fold and all(arg.op is Op.CONST for arg in args):
            words = [arg.imm for arg in args]
            if not (info.can_trap and words[1] == 0):
                return self.const(info.evaluate(*words), span)
        if info.commutative and _rank(args[0]) > _rank(args[1]):
            args = (args[1], args[0], *args[2:])
        return self._intern((op, *(arg.id for arg in args)), op, args, span=span)

    def load(
        self, array: str, index: Value, order: Iterable[Value] = (), *, span: Span | None
    ) -> Value:
        """Read ``array[index]`` after the memory operations in ``order``; equal loads intern."""
        before = _ordered(order)
        key = (Op.LOAD, array, index.id, *(value.id for value in before))
        return self._intern(key, Op.LOAD, (index,), array=array, order=before, span=span)

    def store(
        self,
        array: str,
        index: Value,
        word: Value,
        order: Iterable[Value] = (),
        *,
        loop: int = TOP_LEVEL,
        span: Span | None,
    ) -> Value:
        """Write ``array[index] = word`` in ``loop``; becomes a root."""
        value = self._add(
            Op.STORE, (index, word), array=array, order=_ordered(order), loop=loop, span=span
        )
        self._roots.append(value)
        return value

    def reduce(self, kind: Reduction, loop: int, value: Value, span: Span | None) -> Value:
        """Combine ``value`` over all iterations of ``loop``; the result is uniform.

        A loop with no iterations gives the identity: 0 for sum, xor and max, 2**32 - 1 for min.
        """
        key = (Op.REDUCE, kind, loop, value.id)
        return self._intern(key, Op.REDUCE, (value,), imm=loop, reduction=kind, span=span)

    def scan(
        self, kind: Reduction, loop: int, value: Value, span: Span | None, *, before: bool = False
    ) -> Value:
        """Combine ``value`` over the iterations of ``loop`` up to each, itself included or not
        (``before``); nothing is the identity, as with :meth:`reduce`."""
        key = (Op.SCAN, kind, loop, before, value.id)
        return self._intern(
            key,
            Op.SCAN,
            (value,),
            imm=int(before),
            reduction=kind,
            loop=loop,
            span=span,
        )

    def move(self, loop: int, words: Sequence[tuple[Value, int]], span: Span | None) -> Value:
        """What has in iteration ``k`` of ``loop`` the word of ``words[k]``, a value and one of its
        iterations; an operand itself, if it is that one everywhere."""
        # What a pass found to be the same in all iterations has only one.
        words = [(value, 0 if value.loop == TOP_LEVEL else at) for value, at in words]
        numbers: dict[Value, int] = {}
        for value, _ in words:
            numbers.setdefault(value, len(numbers))
        args = tuple(numbers)
        only = args[0]
        in_place = only.loop == loop and all(k == at for k, (_, at) in enumerate(words))
        if len(args) == 1 and (only.loop == TOP_LEVEL or in_place):
            return only
        picks = tuple((numbers[value], at) for value, at in words)
        key = (Op.MOVE, loop, picks, *(arg.id for arg in args))
        return self._intern(key, Op.MOVE, args, loop=loop, span=span, picks=picks)

    def assume(self, value: Value) -> None:
        """Record that ``value`` is nonzero on every valid input."""
        if not value.is_const:
            self._assumptions.append(value)

    def rebuild(self, old: Value, args: tuple[Value, ...], order: Iterable[Value] = ()) -> Value:
        """``old`` on new operands: what a pass does to a value that it leaves as it is."""
        match old.op:
            case Op.CONST:
                return self.const(old.imm, old.span)
            case Op.LANE:
                return self.lane(old.imm, old.span)
            case Op.LOAD:
                return self.load(old.array, args[0], order, span=old.span)
            case Op.STORE:
                return self.store(old.array, args[0], args[1], order, loop=old.loop, span=old.span)
            case Op.REDUCE:
                if old.reduction is None:
                    raise InternalError(f"{old!r} has no reduction operator")
                return self.reduce(old.reduction, old.imm, args[0], old.span)
            case Op.SCAN:
                if old.reduction is None:
                    raise InternalError(f"{old!r} has no operator")
                return self.scan(old.reduction, old.loop, args[0], old.span, before=bool(old.imm))
            case Op.MOVE:
                words = [(args[number], at) for number, at in old.picks]
                return self.move(old.loop, words, old.span)
            case _:
                return self.op(old.op, *args, span=old.span)

    @property
    def next_id(self) -> int:
        """The id that the next new value gets: all values so far have smaller ones."""
        return self._next_id

    def finish(self) -> Function:
        """The function built so far."""
        return Function(
            self.name,
            self.arrays,
            tuple(self.loops),
            self._graph,
            tuple(self._roots),
            tuple(dict.fromkeys(self._assumptions)),
            self.memory_words,
            self.params,
        )

    def _intern(
        self,
        key: Key,
        op: Op,
        args: tuple[Value, ...],
        *,
        imm: int = 0,
        array: str = "",
        reduction: Reduction | None = None,
        order: tuple[Value, ...] = (),
        loop: int | None = None,
        span: Span | None,
        picks: tuple[tuple[int, int], ...] = (),
    ) -> Value:
        found = self._interned.get(key)
        if found is None:
            found = self._add(
                op,
                args,
                imm=imm,
                array=array,
                reduction=reduction,
                order=order,
                loop=loop,
                span=span,
                picks=picks,
            )
            self._interned[key] = found
        return found

    def _add(
        self,
        op: Op,
        args: tuple[Value, ...],
        *,
        imm: int = 0,
        array: str = "",
        reduction: Reduction | None = None,
        order: tuple[Value, ...] = (),
        loop: int | None = None,
        span: Span | None,
        picks: tuple[tuple[int, int], ...] = (),
    ) -> Value:
        if loop is None:
            loop = TOP_LEVEL if op is Op.REDUCE else max((a.loop for a in args), default=TOP_LEVEL)
        value = Value(self._next_id, op, args, imm, array, reduction, order, loop, span, picks)
        self._next_id += 1
        link(self._graph, value)
        return value


def _rank(value: Value) -> tuple[bool, int]:
    return (value.op is Op.CONST, value.id)


def _ordered(order: Iterable[Value]) -> tuple[Value, ...]:
    return tuple(sorted(dict.fromkeys(order), key=lambda value: value.id))

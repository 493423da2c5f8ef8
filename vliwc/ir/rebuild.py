"""Copying a function into a new builder while changing some of its values.

Every pass is one walk in topological order over the old function.  This class remembers what each
old value has become; it also mends the order edges of memory operations that disappear.
"""

from __future__ import annotations

from vliwc.diagnostics import InternalError
from vliwc.ir.builder import Builder
from vliwc.ir.graph import Function
from vliwc.ir.value import TOP_LEVEL, Op, Value


class Rebuild:
    """The state of one walk: ``new`` maps each old value visited so far to its successor.

    Call :meth:`keep`, :meth:`replace` or :meth:`drop` once for every value, in topological order;
    values that nothing needs may be left out.
    """

    def __init__(self, function: Function, *, fold: bool = True) -> None:
        self.function = function
        self.builder = Builder.like(function, fold=fold)
        self.new: dict[Value, Value] = {}
        self._after: dict[Value, tuple[Value, ...]] = {}

    def args(self, old: Value) -> tuple[Value, ...]:
        """The successors of the operands of ``old``."""
        return tuple(self.new[arg] for arg in old.args)

    def order(self, old: Value) -> tuple[Value, ...]:
        """What the successor of ``old`` must come after.

        Where a memory operation has disappeared, whatever it came after takes its place, so that
        operations which were ordered through it stay ordered.
        """
        found: dict[Value, None] = {}
        for before in old.order:
            found.update(dict.fromkeys(self._after[before]))
        return tuple(found)

    def keep(self, old: Value) -> Value:
        """Copy ``old`` on the successors of its operands."""
        new = self.builder.rebuild(old, self.args(old), self.order(old))
        self.new[old] = new
        if old.is_memory:
            self._after[old] = (new,)
        return new

    def replace(self, old: Value, new: Value, *before: Value) -> Value:
        """Let ``new`` stand for ``old`` from now on; what came after ``old`` comes after whatever
        it came after, and after the memory operations ``before``."""
        self.new[old] = new
        if old.is_memory:
            self._after[old] = (*self.order(old), *before)
        return new

    def move(self, old: Value, new: Value) -> Value:
        """Let the memory operation ``new``, with the same order edges, stand for ``old``."""
        self.new[old] = new
        self._after[old] = (new,)
        return new

    def drop(self, old: Value) -> None:
        """Leave out ``old``, which nothing uses; a memory operation hands its order edges on."""
        if old.is_memory:
            self._after[old] = self.order(old)

    def finish(self, *, assumptions: bool = True) -> Function:
        """The new function; ``assumptions`` carries the successors of the old assumptions over.

        Raises :class:`InternalError` if a store was forgotten.
        """
        for root in self.function.roots:
            if root not in self.new and root not in self._after:
                raise InternalError(f"the store {root!r} was forgotten in a rebuild")
        if assumptions:
            for value in self.function.assumptions:
                self.builder.assume(self.new[value])
        return self.builder.finish()


def reachable(roots: tuple[Value, ...] | list[Value]) -> set[Value]:
    """The values that ``roots`` are computed from, themselves included: operands, not order."""
    seen: set[Value] = set()
    stack = list(roots)
    while stack:
        value = stack.pop()
        if value not in seen:
            seen.add(value)
            stack.extend(value.args)
    return seen


def runs(function: Function, value: Value) -> bool:
    """Whether ``value`` is ever evaluated: not if its loop has no iterations."""
    return value.loop == TOP_LEVEL or function.loops[value.loop].extent > 0


def executed(function: Function) -> set[Value]:
    """The values that stores with at least one iteration are computed from.

    Nothing under a reduction over no iterations is executed; the reduction itself is.
    """
    seen: set[Value] = set()
    stack = [root for root in function.roots if runs(function, root)]
    while stack:
        value = stack.pop()
        if value in seen:
            continue
        seen.add(value)
        if value.op is not Op.REDUCE or function.loops[value.imm].extent > 0:
            stack.extend(value.args)
    return seen

"""Loops that an iteration of a parallel loop may leave early, as code that all of them execute.

A `while`, or a `for` with a `break`, is unrolled up to its limit. One word says where a lane still
is in the loop; where it has left, variables keep what they were, stores write what stands there,
and nothing may trap.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from vliwc.ir.value import Op, Value
from vliwc.lang import ast
from vliwc.lang.operations import Operations
from vliwc.lang.symbols import Symbol

State = dict[Symbol, Value]
"""The values of the variables that a loop assigns to and that are declared before it."""


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """The condition under which an expression is evaluated: `flag` is `wanted`, and `outer`."""

    outer: Path | None
    flag: Value
    wanted: bool


@dataclass(eq=False)
class Leaving:
    """A loop on its way: `active` is 1 in the lanes that are in it, None if these are all.

    `values` are the variables' values, changed in place; `kept` those of the variables that the
    loop assigns to, as they are in the lanes that have left it. `over`: all lanes have left.
    """

    emit: Operations
    values: State
    active: Value | None
    kept: State
    over: bool = False

    def path(self, outer: Path | None) -> Path | None:
        """The condition under which an iteration does something, inside of `outer`."""
        return outer if self.active is None else Path(outer, self.active, True)

    def merge(self, node: ast.Node) -> None:
        """Variables become what they are in the lanes of the loop, or were in those that left."""
        for symbol, old in self.kept.items():
            new = self.values[symbol]
            if new is not old and self.active is not None:
                new = self.emit.select(self.active, new, old, node)
            self.values[symbol] = self.kept[symbol] = new

    def stay(self, condition: Value, outer: Value | None, node: ast.Node) -> None:
        """Lanes of `outer` go on where `condition` holds."""
        if condition.is_const:
            self.over = condition.imm == 0
        else:
            self.active = condition
            if outer is not None:
                self.active = self.emit.op(Op.AND, node, outer, condition)

    def leave(self, condition: Value, node: ast.Node) -> None:
        """Lanes leave where `condition` holds."""
        self.merge(node)
        if condition.is_const:
            self.over = condition.imm != 0
        elif self.active is None:
            self.active = self.emit.invert(condition, node)
        else:
            # Of two truth values: the second one, and not the first.
            self.active = self.emit.op(Op.LT, node, condition, self.active)


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """A store to word `first + factor * lane` of an array, which is in bounds; `factor` is 0 if
    the word may be another one. Lanes may skip it if `masked`."""

    first: int
    factor: int
    masked: bool
    node: ast.Store


@dataclass(eq=False)
class OwnWords:
    """The stores of one parallel loop of `total` iterations, by array.

    An iteration that skips a store writes what stands there, so the word has to be its own: no
    other iteration may write it.
    """

    total: int
    words: dict[str, list[Word]] = field(default_factory=dict[str, list[Word]])

    def shared(self) -> Iterable[Word]:
        """The masked stores whose words another iteration may write."""
        for words in self.words.values():
            masked = [word for word in words if word.masked]
            if masked and self.total > 1 and not self._apart(words):
                yield masked[0]

    def _apart(self, words: list[Word]) -> bool:
        factor = words[0].factor
        if factor == 0 or any(word.factor != factor for word in words):
            return False
        places = sorted({(word.first % factor, word.first) for word in words})
        return all(
            one[0] != two[0] or two[1] - one[1] >= factor * self.total
            for one, two in pairwise(places)
        )

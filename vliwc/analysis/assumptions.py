"""What the assumptions of a function say about single values.

``assume x < 10`` bounds ``x``; ``assume (x < y) == 0`` bounds both from the other side.  An
assumption is taken apart down to comparisons (its *spine*); the values compared are constrained.
A pass has to copy the spine as it is: simplifying ``x < 10`` by a fact that this very assumption
gave would destroy it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from vliwc.ir.graph import Function
from vliwc.ir.value import MASK, Op, Value


class Relation(Enum):
    """How a constrained value relates to another one (unsigned)."""

    BELOW = auto()
    ABOVE = auto()
    AT_LEAST = auto()
    AT_MOST = auto()
    EQUAL = auto()
    DIFFERENT = auto()
    NONZERO = auto()


@dataclass(frozen=True, slots=True)
class Constraint:
    """``value & mask`` stands in ``relation`` to ``other``; the mask is full but for EQUAL."""

    relation: Relation
    other: Value
    mask: int = MASK


@dataclass(frozen=True, slots=True)
class Assumed:
    """The constraints on each value, and the spine, in topological order."""

    constraints: dict[Value, list[Constraint]]
    spine: tuple[Value, ...]

    @property
    def leaves(self) -> list[Value]:
        """The operands of the spine that are not on it, by id."""
        spine = set(self.spine)
        found = {arg for value in self.spine for arg in value.args if arg not in spine}
        return sorted(found, key=lambda value: value.id)


_TRUE_FALSE = {
    # Relations of the left and of the right operand where the comparison is true, where false.
    Op.LT: ((Relation.BELOW, Relation.ABOVE), (Relation.AT_LEAST, Relation.AT_MOST)),
    Op.EQ: ((Relation.EQUAL, Relation.EQUAL), (Relation.DIFFERENT, Relation.DIFFERENT)),
}


def assumed(function: Function) -> Assumed:
    """Take the assumptions of ``function`` apart."""
    constraints: dict[Value, list[Constraint]] = {}
    spine: set[Value] = set()
    stack = [(value, True) for value in reversed(function.assumptions)]
    seen: set[tuple[Value, bool]] = set()
    while stack:
        value, truth = stack.pop()
        if (value, truth) in seen:
            continue
        seen.add((value, truth))
        parts = _conjuncts(value, truth)
        if parts:
            spine.add(value)
            stack += parts
        elif value.op in _TRUE_FALSE:
            spine.add(value)
            for leaf, constraint in _comparison(value, truth, spine):
                constraints.setdefault(leaf, []).append(constraint)
        elif truth:
            constraints.setdefault(value, []).append(Constraint(Relation.NONZERO, value))
    return Assumed(constraints, tuple(sorted(spine, key=lambda value: value.id)))


def _conjuncts(value: Value, truth: bool) -> list[tuple[Value, bool]]:
    """Simpler statements that together mean ``value`` is true (or false); none if it is simple."""
    if value.op in (Op.EQ, Op.XOR):
        left, right = value.args
        negates = right.is_const and right.imm == (0 if value.op is Op.EQ else 1)
        if negates and _is_truth(left):
            return [(left, not truth)]
    if value.op is Op.AND and truth and all(_is_truth(arg) for arg in value.args):
        return [(arg, True) for arg in value.args]
    return []


def _is_truth(value: Value) -> bool:
    """Whether ``value`` is visibly 0 or 1 because comparisons and connectives made it."""
    stack = [value]
    seen: set[Value] = set()
    while stack:
        value = stack.pop()
        if value in seen:
            continue
        seen.add(value)
        if value.op in (Op.AND, Op.OR, Op.XOR):
            stack.extend(value.args)
        elif value.op not in (Op.LT, Op.EQ) and not (value.is_const and value.imm <= 1):
            return False
    return True


def _comparison(value: Value, truth: bool, spine: set[Value]) -> Iterator[tuple[Value, Constraint]]:
    left, right = value.args
    relations = _TRUE_FALSE[value.op][0 if truth else 1]
    if not left.is_const:
        yield left, Constraint(relations[0], right)
    if not right.is_const:
        yield right, Constraint(relations[1], left)
    if relations[0] is Relation.EQUAL and right.is_const:
        masked = _masked(left)
        if masked is not None:
            # `x & C == D` says something of x; then `x & C` must survive as well.
            spine.add(left)
            yield left.args[0], Constraint(Relation.EQUAL, right, masked)


def _masked(value: Value) -> int | None:
    """``C`` if ``value`` is ``x & C`` or ``x % (C + 1)`` with a power of two."""
    if value.op not in (Op.AND, Op.MOD) or not value.args[1].is_const or value.args[0].is_const:
        return None
    word = value.args[1].imm
    if value.op is Op.AND:
        return word
    return word - 1 if word and word & (word - 1) == 0 else None

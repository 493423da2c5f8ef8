"""Constants that can be folded into the words of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from vliwc.analysis.linear import Linear
from vliwc.ir.graph import Function
from vliwc.ir.value import Op, Value
from vliwc.isel.scalar import OPCODES, shifted_out

Fold = tuple[str, int]
"""A machine operation and the constant to apply to each table word with it."""

CHAINS = (Op.XOR, Op.ADD)
"""Associative operations through which a constant reaches the word read."""


class Early(NamedTuple):
    """``user`` combines ``other`` with a word; ``fold`` may be applied to ``other`` before."""

    user: Value
    other: Value
    fold: Fold


@dataclass(frozen=True)
class Folds:
    """``of[load]``: what to apply to the words that ``load`` reads; ``aliases[y] = x``: ``y`` is
    then the same as ``x``."""

    of: dict[Value, Fold] = field(default_factory=dict[Value, Fold])
    aliases: dict[Value, Value] = field(default_factory=dict[Value, Value])

    def before(self, load: Value) -> Early | None:
        """The constant of ``(x op load) op c`` applied to ``x``, if ``load`` is in such a sum."""
        if load not in self.of:
            return None
        for user in self.aliases.values():
            if user is not load and load in user.args:
                return Early(user, next(arg for arg in user.args if arg is not load), self.of[load])
        return None


def find_folds(function: Function, forms: Mapping[Value, Linear]) -> Folds:
    """Constants that meet a word of a never-written table and nothing else on their way.

    ``load op c`` folds for any operation; ``(x op load) op c`` for an associative one.  Values
    that index arithmetic is computed from (atoms of linear forms) keep their own words.
    """
    folds = Folds()
    live = function.computed()
    atoms = {atom for value in live if value.is_memory for atom in forms[value.args[0]].atoms}
    users: dict[Value, list[Value]] = {value: [] for value in live}
    written: set[str] = set()
    for value in function.values:
        if value in live:
            for arg in value.args:
                users[arg].append(value)
            if value.op is Op.STORE:
                written.add(value.array)
    for load in function.values:
        if load not in live or load.op is not Op.LOAD or load.loop < 0 or load.array in written:
            continue
        if len(users[load]) != 1 or load in atoms or users[load][0] in atoms:
            continue
        user = users[load][0]
        if _by_constant(user, load):
            folds.of[load] = (OPCODES[user.op], user.args[1].imm)
            folds.aliases[user] = load
        elif user.op in CHAINS and len(users[user]) == 1:
            outer = users[user][0]
            taken = outer in folds.aliases
            if outer.op is user.op and _by_constant(outer, user) and not taken:
                folds.of[load] = (OPCODES[outer.op], outer.args[1].imm)
                folds.aliases[outer] = user
    return folds


def _by_constant(user: Value, operand: Value) -> bool:
    if user.op not in OPCODES or shifted_out(user):
        return False
    return user.args[0] is operand and user.args[1].is_const

"""Ways to read a table: broadcast, select tree, gather, records; and plans made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from vliwc.analysis.linear import Linear, combinations
from vliwc.ir.value import Value
from vliwc.mir.operation import Operand

if TYPE_CHECKING:
    from vliwc.isel.select import Lanes

Fold = tuple[str, int]
"""A machine operation and the constant to apply to each table word with it."""


class Read(Protocol):
    """A way to do one table read."""

    @property
    def name(self) -> str:
        """A short name for reports."""
        ...

    def emit(self, lanes: Lanes, value: Value, fold: Fold | None) -> Operand:
        """Emit the operations of the read; the vector of words read, ``fold`` applied."""
        ...


@dataclass(frozen=True, eq=False)
class Plan:
    """How each read of a loop is done, and which constants are folded into table words.

    ``aliases[y] = x``: ``y`` is ``x`` combined with a constant that is folded into a word read.
    """

    reads: dict[Value, Read]
    folds: dict[Value, Fold] = field(default_factory=dict[Value, Fold])
    aliases: dict[Value, Value] = field(default_factory=dict[Value, Value])

    def read(self, lanes: Lanes, value: Value) -> Operand:
        """Emit the read of ``value``."""
        return self.reads[value].emit(lanes, value, self.folds.get(value))


def folded(lanes: Lanes, words: Operand, fold: Fold | None) -> Operand:
    """``fold`` applied to a vector of table words that was read raw."""
    if fold is None:
        return words
    return lanes.elementwise(fold[0], words, lanes.uniform.vector(fold[1]), "fold")


@dataclass(frozen=True)
class Consecutive:
    """Neighbouring lanes read neighbouring words."""

    name: str = "vload"

    def emit(self, lanes: Lanes, value: Value, fold: Fold | None) -> Operand:
        array = lanes.function.arrays[value.array]
        form = lanes.forms[value.args[0]]
        return folded(lanes, lanes.load_consecutive(value, array.base + form.const), fold)


@dataclass(frozen=True)
class Gather:
    """One scalar load per lane; ``choice_bits``: see :func:`vliwc.isel.address.plan_sum`."""

    choice_bits: int = 1
    name: str = "gather"

    def emit(self, lanes: Lanes, value: Value, fold: Fold | None) -> Operand:
        array = lanes.function.arrays[value.array]
        form = lanes.forms[value.args[0]].plus(Linear(array.base))
        address = lanes.addresses.address(form, self.choice_bits)
        return folded(lanes, lanes.gather(value, address, f"{value.array}{value.id}"), fold)


@dataclass(frozen=True, eq=False)
class SelectTree:
    """All words the read can touch wait in scratch; the atoms of the index select one.

    The atom that is known first is used first, on the most pairs, so that only one selection is
    left to do when the last atom arrives.  If it is a bit, its choices between words of the table
    can be arithmetic as well.
    """

    domains: dict[Value, tuple[int, ...]]
    name: str = "select"

    def emit(self, lanes: Lanes, value: Value, fold: Fold | None) -> Operand:
        array = lanes.function.arrays[value.array]
        form = lanes.forms[value.args[0]]
        uniform = lanes.uniform
        scalars = {
            key: uniform.table_word(array, index, fold)
            for key, index in combinations(form, self.domains)
        }
        entries: dict[tuple[int, ...], Operand] = {}
        atoms = form.atoms
        if atoms and self.domains[atoms[0]] == (0, 1):
            bit = lanes.vector(atoms[0])
            for rest in dict.fromkeys(key[1:] for key in scalars):
                one, zero = scalars[1, *rest], scalars[0, *rest]
                entries[rest] = lanes.word_choice(bit, one, zero, f"{value.id}s0")
            atoms = atoms[1:]
        else:
            entries = {key: uniform.splat(word, "entry") for key, word in scalars.items()}
        for position, atom in enumerate(atoms):
            words = self.domains[atom]
            name = f"{value.id}s{position + 1}"
            rests = dict.fromkeys(key[1:] for key in entries)
            entries = {
                rest: lanes.choose(atom, words, [entries[word, *rest] for word in words], name)
                for rest in rests
            }
        return entries[()]

"""Neighbouring words at an address that differs from lane to lane: one ``vload`` per lane.

Reads at ``x``, ``x + 1``, ... of a run-time ``x`` (the words of a node, a record, a probed bucket)
find their words in one row for each lane.  The rows of a group's lanes overlap in scratch as those
of records do: each overwrites what the one before has loaded too much.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.analysis.linear import Linear
from vliwc.ir.value import Value
from vliwc.isel.reads.fold import Fold
from vliwc.isel.reads.table_reads import Alternatives, ReadSite, folded
from vliwc.mir.operation import Form, MOp, Operand


@dataclass(frozen=True, eq=False)
class RowOfNeighbours:
    """Loads the rows and gives one of their words.

    A row starts ``back`` words before the index of this read, ``pitch`` of its words are used.
    ``choice_bits``: see :func:`vliwc.isel.address.plan_sum`.
    """

    back: int
    pitch: int
    choice_bits: int = 1
    name: str = "row"

    def emit(self, site: ReadSite, value: Value, fold: Fold | None) -> Operand:
        group = site.group
        array = group.function.arrays[value.array]
        form = group.forms[value.args[0]].plus(Linear(array.base)).minus(Linear(self.back))
        address = site.addresses.address(form, self.choice_bits)
        width = self.pitch * (group.lanes - 1) + group.vlen
        load = Form("load", "vload", (address,), scalarised=True, dest_stride=self.pitch)
        op = MOp(f"row{value.id}", (load,), group.lanes, width, serial=self.pitch < group.vlen)
        group.template.ops.append(op)
        group.memory.setdefault(value, []).append(op)
        site.row_of[value] = op
        return word_in_row(site, value, Operand(op, self.back, self.pitch), fold)

    def needs(self, index: Linear) -> tuple[Value, ...]:
        """The atoms of the index."""
        return index.atoms

    def in_place(self, site: ReadSite, fold: Fold | None) -> Alternatives | None:
        """None: there is one word, not several to choose from."""
        return None


@dataclass(frozen=True, eq=False)
class InRow:
    """Word ``place`` of the row that the read ``first`` has loaded."""

    first: Value
    place: int
    pitch: int
    name: str = "in row"

    def emit(self, site: ReadSite, value: Value, fold: Fold | None) -> Operand:
        row = site.row_of[self.first]
        site.group.memory.setdefault(value, []).append(row)
        return word_in_row(site, value, Operand(row, self.place, self.pitch), fold)

    def needs(self, index: Linear) -> tuple[Value, ...]:
        """The atoms of the index: the row needs them."""
        return index.atoms

    def in_place(self, site: ReadSite, fold: Fold | None) -> Alternatives | None:
        """None: there is one word, not several to choose from."""
        return None


def word_in_row(site: ReadSite, value: Value, word: Operand, fold: Fold | None) -> Operand:
    """A word of a row for what uses ``value``, copied if that is more than one operation."""
    if fold is None and site.readers[value] > 1:
        word = site.group.adjacent(word)
    return folded(site.group, word, fold)

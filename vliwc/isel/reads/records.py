"""Record packing: one row of memory words that serves two related table reads.

When a table is read at ``x`` and later at ``scale * x + offset[t]``, where ``t`` is one of a few
values known only then, a record ``[T[x], T[scale*x + offset[0]], ...]`` for every ``x`` lets one
``vload`` per lane serve both reads.  The rows of a group's lanes overlap in scratch: rows are
loaded in ascending order and each overwrites the unused tail of the one before.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.analysis.linear import Linear
from vliwc.ir.value import Value
from vliwc.isel.reads.fold import Fold
from vliwc.isel.reads.record_table import RecordTable
from vliwc.isel.reads.table_reads import Alternatives, ReadSite, folded
from vliwc.mir.operation import Form, MOp, Operand


@dataclass(frozen=True, eq=False)
class RecordFirst:
    """Loads the rows and gives their first words."""

    table: RecordTable
    choice_bits: int = 1
    name: str = "record"

    def emit(self, site: ReadSite, value: Value, fold: Fold | None) -> Operand:
        table = self.table
        placed = site.placed(table)
        address = self.row_address(site, value)
        width = table.pitch * (site.group.lanes - 1) + site.group.vlen
        load = Form("load", "vload", (address,), scalarised=True, dest_stride=table.pitch)
        op = MOp(
            f"row{value.id}", (load,), site.group.lanes, width, serial=table.pitch < site.group.vlen
        )
        op.order.append((placed.ready, 0))
        site.group.template.ops.append(op)
        site.rows.setdefault(table, []).append(op)
        site.row_of[value] = op
        row = Operand(op, 0, table.pitch)
        return row if fold == table.folds[0] else folded(site.group, row, fold)

    def row_address(self, site: ReadSite, value: Value, before: int = 0) -> Operand:
        """The vector of the addresses of all lanes' records, less ``before``."""
        table = self.table
        form = site.group.forms[value.args[0]]
        start = Linear(site.placed(table).base - table.first * table.pitch - before)
        return site.addresses.address(form.times(table.pitch).plus(start), self.choice_bits)

    def needs(self, index: Linear) -> tuple[Value, ...]:
        """The atoms of the index."""
        return index.atoms

    def in_place(self, site: ReadSite, fold: Fold | None) -> Alternatives | None:
        """None: the first word of a record is not a choice."""
        return None


@dataclass(frozen=True, eq=False)
class RecordSecond:
    """The other words of the row that the read ``first`` has loaded; ``atom`` says which one."""

    table: RecordTable
    first: Value
    atom: Value
    words: tuple[int, ...]
    name: str = "in record"

    def arms(self, site: ReadSite) -> list[Operand]:
        """The candidate words, one operand for each of ``words``."""
        row = site.row_of[self.first]
        return [Operand(row, 1 + t, self.table.pitch) for t in range(len(self.words))]

    def needs(self, index: Linear) -> tuple[Value, ...]:
        """The atoms of the index."""
        return index.atoms

    def in_place(self, site: ReadSite, fold: Fold | None) -> Alternatives | None:
        """The words where they stand in the row, if ``fold`` is packed into them."""
        if fold != self.table.folds[1]:
            return None
        return Alternatives(self.atom, self.words, tuple(self.arms(site)))

    def emit(self, site: ReadSite, value: Value, fold: Fold | None) -> Operand:
        vectors = [site.group.elementwise("|", arm, arm, "field") for arm in self.arms(site)]
        return site.group.choose(self.atom, self.words, vectors, f"pick{value.id}")

"""Record packing: one row of memory words that serves two related table reads.

When a table is read at ``x`` and later at ``scale * x + offset[t]``, where ``t`` is one of a few
values known only then, a record ``[T[x], T[scale*x + offset[0]], ...]`` for every ``x`` lets one
``vload`` per lane serve both reads.  The rows of a group's lanes overlap in scratch: rows are
loaded in ascending order and each overwrites the unused tail of the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vliwc.analysis.linear import Linear
from vliwc.ir.value import MASK, Value
from vliwc.isel.table_reads import Fold, folded
from vliwc.mir.operation import Form, MOp, Operand

if TYPE_CHECKING:
    from vliwc.isel.scalar import Uniform
    from vliwc.isel.select import Lanes


@dataclass(frozen=True)
class RecordTable:
    """Records for ``count`` neighbouring indices from ``first`` on.

    Record ``i`` holds ``array[x]`` and ``array[scale * x + offsets[t]]`` for ``x = first + i``,
    with ``folds[0]`` applied to the first word and ``folds[1]`` to the others.
    """

    array: str
    first: int
    count: int
    scale: int
    offsets: tuple[int, ...]
    folds: tuple[Fold | None, Fold | None]

    @property
    def pitch(self) -> int:
        """Words per record."""
        return 1 + len(self.offsets)

    @property
    def words(self) -> int:
        """Memory words of the whole table."""
        return self.count * self.pitch

    def content(self, position: int) -> tuple[int, Fold | None]:
        """The index in the array and the fold of table word ``position``."""
        x = self.first + position // self.pitch
        field = position % self.pitch
        if field == 0:
            return x, self.folds[0]
        return self.scale * x + self.offsets[field - 1], self.folds[1]


@dataclass(frozen=True, eq=False)
class PlacedTable:
    """A record table at its address; ``stores`` build it, ``ready`` follows them."""

    table: RecordTable
    base: int
    stores: tuple[MOp, ...]
    ready: MOp


NEUTRAL = {"|": 0, "^": 0, "+": 0, "-": 0, "<<": 0, ">>": 0, "*": 1, "//": 1, "&": MASK}
"""The second operand with which a machine operation gives its first one."""


def _fold_opcode(table: RecordTable) -> str:
    """The operation that puts the words of ``table`` together and folds, if it can, as well."""
    opcodes = {fold[0] for fold in table.folds if fold is not None}
    only = opcodes.pop() if len(opcodes) == 1 else "|"
    return only if only in NEUTRAL else "|"


def build_table(uniform: Uniform, table: RecordTable, base: int) -> PlacedTable:
    """Emit the shared operations that build ``table`` at memory address ``base``.

    Words are put together by scalar operations, so that folding a constant interleaves the
    records for free.  The last vector store may write up to ``vlen - 1`` words past the table.
    """
    array = uniform.function.arrays[table.array]
    vlen = uniform.vlen
    opcode = _fold_opcode(table)
    stores: list[MOp] = []
    for start in range(0, table.words, vlen):
        lanes: list[tuple[Operand, ...]] = []
        for position in range(start, start + vlen):
            index, fold = table.content(min(position, table.words - 1))
            if fold is not None and fold[0] == opcode:
                lanes.append((uniform.table_word(array, index), uniform.word(fold[1])))
            else:
                word = uniform.table_word(array, index, fold)
                lanes.append((word, uniform.word(NEUTRAL[opcode])))
        form = Form("alu", opcode, split=True, per_lane=tuple(lanes))
        pack = uniform.add(MOp(f"rec{base + start}", (form,), vlen, vlen))
        address = uniform.word(base + start)
        store = Form("store", "vstore", (address, Operand(pack)))
        stores.append(uniform.add(MOp(f"rec{base + start}=", (store,), width=0)))
    ready = uniform.add(MOp("records", (), lanes=0, width=0))
    ready.order.extend((store, 1) for store in stores)
    return PlacedTable(table, base, tuple(stores), ready)


@dataclass(frozen=True, eq=False)
class RecordFirst:
    """Loads the rows and gives their first words."""

    table: RecordTable
    choice_bits: int = 1
    name: str = "record"

    def emit(self, lanes: Lanes, value: Value, fold: Fold | None) -> Operand:
        table = self.table
        placed = lanes.placed(table)
        form = lanes.forms[value.args[0]]
        start = Linear(placed.base - table.first * table.pitch)
        form = form.times(table.pitch).plus(start)
        address = lanes.addresses.address(form, self.choice_bits)
        width = table.pitch * (lanes.lanes - 1) + lanes.vlen
        load = Form("load", "vload", (address,), split=True, dest_stride=table.pitch)
        op = MOp(f"row{value.id}", (load,), lanes.lanes, width, serial=table.pitch < lanes.vlen)
        op.order.append((placed.ready, 0))
        lanes.template.ops.append(op)
        lanes.rows.setdefault(table, []).append(op)
        lanes.row_of[value] = op
        row = Operand(op, 0, table.pitch)
        return row if fold == table.folds[0] else folded(lanes, row, fold)


@dataclass(frozen=True, eq=False)
class RecordSecond:
    """The other words of the row that the read ``first`` has loaded; ``atom`` says which one."""

    table: RecordTable
    first: Value
    atom: Value
    words: tuple[int, ...]
    name: str = "in record"

    def arms(self, lanes: Lanes) -> list[Operand]:
        """The candidate words, one operand for each of ``words``."""
        row = lanes.row_of[self.first]
        return [Operand(row, 1 + t, self.table.pitch) for t in range(len(self.words))]

    def emit(self, lanes: Lanes, value: Value, fold: Fold | None) -> Operand:
        vectors = [lanes.elementwise("|", arm, arm, "field") for arm in self.arms(lanes)]
        return lanes.choose(self.atom, self.words, vectors, f"pick{value.id}")

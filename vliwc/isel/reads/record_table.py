"""Record tables: rows of memory words that serve two related reads; the code that builds them."""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.ir.value import MASK
from vliwc.isel.reads.fold import Fold
from vliwc.isel.scalar import Uniform
from vliwc.mir.operation import Form, MOp, Operand


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
        form = Form("alu", opcode, scalarised=True, per_lane=tuple(lanes))
        pack = uniform.add(MOp(f"rec{base + start}", (form,), vlen, vlen))
        address = uniform.word(base + start)
        store = Form("store", "vstore", (address, Operand(pack)))
        stores.append(uniform.add(MOp(f"rec{base + start}=", (store,), width=0)))
    ready = uniform.add(MOp("records", (), lanes=0, width=0))
    ready.order.extend((store, 1) for store in stores)
    return PlacedTable(table, base, tuple(stores), ready)

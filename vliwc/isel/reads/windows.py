"""A raw table read at an address without the constant that its chain of addresses would need.

Where one address follows from the one before as ``A' = m * A + b + K``, the constant ``K`` takes an
operation or a choice between constants at every step.  A ``vload`` brings ``vlen`` words at once:
``D = A - offset`` with an ``offset`` at which the constants cancel out is a multiply-add of the one
before and ``b`` alone, and the word wanted is number ``offset`` of the window at ``D``.

The windows of a group's lanes overlap in scratch.  In ascending order each leaves the first words
of the one before, in descending order the last ones, so that they stand closer.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.analysis.linear import Linear
from vliwc.ir.value import Value
from vliwc.isel.address import Flip
from vliwc.isel.reads.fold import Fold
from vliwc.isel.reads.neighbour_reads import word_in_row
from vliwc.isel.reads.table_reads import Alternatives, ReadSite
from vliwc.mir.operation import Form, MOp, Operand


def window_stride(offset: int, vlen: int) -> int:
    """The step from one lane's window to the next at which word ``offset`` of all of them stays,
    negative if the last lane's has to come first."""
    return offset + 1 if 2 * offset + 1 < vlen else offset - vlen


@dataclass(frozen=True)
class Window:
    """One ``vload`` per lane at ``offset`` words before the one wanted.

    ``choice_bits`` and ``flip``: see :func:`vliwc.isel.address.plan_sum`.
    """

    offset: int
    flip: Flip | None = None
    choice_bits: int = 1
    name: str = "window"

    def emit(self, site: ReadSite, value: Value, fold: Fold | None) -> Operand:
        group = site.group
        array = group.function.arrays[value.array]
        form = group.forms[value.args[0]].plus(Linear(array.base)).minus(Linear(self.offset))
        address = site.addresses.address(form, self.choice_bits, self.flip)
        stride = window_stride(self.offset, group.vlen)
        if stride < 0:
            # From the last lane to the first.
            source, first, step = address
            address = Operand(source, first + step * (group.lanes - 1), -step)
        load = Form("load", "vload", (address,), scalarised=True, dest_stride=stride)
        room = abs(stride) * (group.lanes - 1)
        op = MOp(f"window{value.id}", (load,), group.lanes, room + group.vlen, serial=True)
        op.start = room if stride < 0 else 0
        group.template.ops.append(op)
        group.memory.setdefault(value, []).append(op)
        return word_in_row(site, value, Operand(op, self.offset, abs(stride)), fold)

    def needs(self, index: Linear) -> tuple[Value, ...]:
        """The atoms of the index."""
        return index.atoms

    def in_place(self, site: ReadSite, fold: Fold | None) -> Alternatives | None:
        """None: there is one word, not several to choose from."""
        return None

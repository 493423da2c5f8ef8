"""Sums of an index's parts that a loop needs as words, made of an address that was computed anyway.

A walk that returns where it has come to computes ``4 * x + 2 * a + b`` of the same bits as the
addresses of its reads, ``3 * x + base`` for instance.  Such a linear form is computed like the next
address (:mod:`vliwc.isel.address`): a multiple of one that is there, with what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.analysis.linear import Linear
from vliwc.diagnostics import InternalError
from vliwc.ir.value import Value
from vliwc.isel.reads.fold import Fold
from vliwc.isel.reads.table_reads import Alternatives, ReadSite
from vliwc.mir.operation import Operand


@dataclass(frozen=True)
class AsWritten:
    """A sum as the lane function computes it: instruction selection needs no advice."""

    name: str = "as written"

    def emit(self, site: ReadSite, value: Value, fold: Fold | None) -> Operand:
        raise InternalError(f"{value!r} is computed as it is written")

    def needs(self, index: Linear) -> tuple[Value, ...]:
        """The atoms of the sum."""
        return index.atoms

    def in_place(self, site: ReadSite, fold: Fold | None) -> Alternatives | None:
        """None: nothing is read."""
        return None


@dataclass(frozen=True)
class FromAddress:
    """A sum as the next address would be computed; ``choice_bits``: see
    :func:`vliwc.isel.address.plan_sum`."""

    choice_bits: int = 1
    name: str = "from address"

    def emit(self, site: ReadSite, value: Value, fold: Fold | None) -> Operand:
        return site.addresses.address(site.group.forms[value], self.choice_bits)

    def needs(self, index: Linear) -> tuple[Value, ...]:
        """The atoms of the sum."""
        return index.atoms

    def in_place(self, site: ReadSite, fold: Fold | None) -> Alternatives | None:
        """None: nothing is read."""
        return None

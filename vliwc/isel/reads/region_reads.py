"""Reads of words that chunks of memory in scratch already hold."""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.analysis.linear import Linear
from vliwc.ir.value import Value
from vliwc.isel.reads.fold import Fold
from vliwc.isel.reads.table_reads import Alternatives, ReadSite, folded
from vliwc.mir.operation import Form, Operand


@dataclass(frozen=True)
class RegionRead:
    """The words stand in chunks (:mod:`vliwc.isel.memory.regions`): an operand, or one for each
    lane."""

    name: str = "region"

    def emit(
        self, site: ReadSite, value: Value, fold: Fold | None
    ) -> Operand | tuple[Operand, ...]:
        group = site.group
        found = site.region_word(value)
        if not isinstance(found, Operand):
            if fold is None:
                return found
            constant = Operand(group.uniform.vector(fold[1]).source, stride=0)
            lanes = tuple((word, constant) for word in found)
            return group.emit("fold", Form("alu", fold[0], scalarised=True, per_lane=lanes))
        if site.readers[value] > 1:
            # What several operations read is better copied once than read by alu each time.
            found = group.adjacent(found)
        return folded(group, found, fold)

    def needs(self, index: Linear) -> tuple[Value, ...]:
        """Nothing: the address is known."""
        return ()

    def in_place(self, site: ReadSite, fold: Fold | None) -> Alternatives | None:
        """None: there is one word, not several to choose from."""
        return None

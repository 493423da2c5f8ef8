"""Machine operations: the nodes of the machine DAG, with virtual registers for results.

An operation has one or several *forms*, each of which computes its result on some engine.  A
vector operation, for instance, is one ``valu`` slot or ``vlen`` ``alu`` slots; a choice between
two constants by a bit is a ``flow`` select, or a subtraction on ``valu`` or ``alu``.  Which form
is used is decided when the operation is scheduled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from vliwc.diagnostics import InternalError
from vliwc.ir.value import Value


@dataclass(slots=True, eq=False)
class MOp:
    """One machine operation.

    ``lanes``: lane tasks of a scalarised execution (1 for scalar operations, 0 for a barrier).
    ``width``: scratch words of the result (0 without one).
    ``serial``: lanes must issue in ascending order, one per cycle (their writes overlap).
    ``into``: an operation whose result it writes words of instead of one of its own, so that
    several operations fill one run of scratch words, a *buffer*; the one that has the width issues
    no later than the others, and what reads their words is ordered after each of them.
    ``start``: the first word that it writes, of its own result or of the buffer.
    ``order``: operations that must come before, with the latency (0: same cycle allowed).
    ``origin``: the lane value that the operation was selected for; of shared set-up, the first one
    that needed it (None: of no single value, such as records and strides of addresses).
    """

    name: str
    forms: tuple[Form, ...]
    lanes: int = 1
    width: int = 1
    serial: bool = False
    order: list[tuple[Source, int]] = field(default_factory=list["tuple[Source, int]"])
    origin: Value | None = None
    into: Source | None = None
    start: int = 0

    def __repr__(self) -> str:
        return f"<{self.name} {'|'.join(form.opcode for form in self.forms)}>"


@dataclass(frozen=True, slots=True, eq=False)
class PerGroup:
    """A family of operations that are shared or of other groups, one for each group from group
    number ``first`` on."""

    name: str
    first: int
    members: Sequence[MOp | InGroup]

    def member(self, group: int) -> MOp | InGroup:
        """The operation that belongs to ``group``."""
        if not 0 <= group - self.first < len(self.members):
            raise InternalError(f"{self.name} has no member for group {group}")
        return self.members[group - self.first]


class InGroup(NamedTuple):
    """The result of template operation ``op`` in group ``group``, seen from outside the group."""

    group: int
    op: MOp


Source: TypeAlias = MOp | PerGroup | InGroup
"""What an operand or an order edge may refer to."""


class Operand(NamedTuple):
    """A scratch operand: lane ``k`` uses word ``offset + stride * k`` of ``source``'s result.

    Whole-vector forms (valu, vload, vselect …) need stride 1 and use the words from ``offset``;
    scalar operands have stride 0.
    """

    source: Source
    offset: int = 0
    stride: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """One way to execute an operation.

    ``scalarised``: one slot per lane, each free to issue in its own cycle, with scalar ``opcode``;
    lane ``k`` writes word ``dest_stride * k`` from where the operation's words start.
    ``per_lane``, if given, lists the operands of each lane instead of ``operands``.  ``imm`` is
    appended to the slot; with ``per_lane_imm`` each lane has its own.
    """

    engine: str
    opcode: str
    operands: tuple[Operand, ...] = ()
    imm: int | None = None
    scalarised: bool = False
    dest_stride: int = 1
    per_lane: tuple[tuple[Operand, ...], ...] | None = None
    per_lane_imm: tuple[int, ...] | None = None

    def all_operands(self) -> tuple[Operand, ...]:
        """The operands of all lanes."""
        if self.per_lane is None:
            return self.operands
        return tuple(operand for lane in self.per_lane for operand in lane)


def operand_sources(op: MOp) -> list[Source]:
    """The values ``op`` reads in any of its forms, each once, in a fixed order."""
    seen: dict[Source, None] = {}
    for form in op.forms:
        for operand in form.all_operands():
            seen.setdefault(operand.source)
    return list(seen)


def providers(op: MOp) -> list[Source]:
    """The operations that compute what ``op`` reads, those among them that write into buffers."""
    writers = (b for b, _ in op.order if isinstance(b, MOp) and b.into is not None)
    return list(dict.fromkeys((*operand_sources(op), *writers)))


def sources(op: MOp) -> list[Source]:
    """The results whose words ``op`` reads in any of its forms or writes, each once."""
    found = operand_sources(op)
    return found if op.into is None or op.into in found else [*found, op.into]


@dataclass(slots=True, eq=False)
class Template:
    """The operations of one group of ``lanes`` lanes, in topological order."""

    name: str
    lanes: int
    ops: list[MOp] = field(default_factory=list[MOp])

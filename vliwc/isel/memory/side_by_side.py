"""Results of a loop that stand side by side in scratch, as an array does.

A later loop that reads the words of lanes beside its own, ``x[i + 1]`` or ``x[i - 4]``, finds most
of them in two results.  Where the vectors of all groups stand in one run of words, a *buffer*, such
words are a vector as well: it starts somewhere in between.  The first group's operation owns the
buffer, the others write into it, and what reads some of its words waits for those who write them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from vliwc.ir.graph import is_uniform
from vliwc.ir.value import Value
from vliwc.isel.group import Group
from vliwc.isel.memory.row_buffers import follow
from vliwc.isel.program import LaneProgram
from vliwc.isel.repair import MIN_LANES_A_REPAIR
from vliwc.mir.operation import Form, InGroup, MOp, Operand, PerGroup, Source, Template

ADJACENT = "adjacent"
"""What leaves it out."""
MOST_GROUPS = 512
"""Groups of loops whose results stand side by side: each has a template of its own."""
SHARE_OF_SCRATCH = 3
"""A buffer takes at most one in so many words of scratch: two are in use, one after the other."""


@dataclass(frozen=True)
class Layout:
    """A buffer of ``words`` words: lane ``k`` of group ``g`` writes word ``before + vlen * g + k``,
    the others are there for lanes that are done anew."""

    before: int
    words: int


class Lay(NamedTuple):
    """Where a group puts the vector of ``value``: from word ``start`` of the buffer on that
    ``owner`` has, or of its own one of ``words`` words."""

    value: Value
    start: int
    words: int
    owner: InGroup | None


def layouts(program: LaneProgram, moves: Sequence[Value]) -> dict[Value, Layout]:
    """The values whose vectors had better stand side by side, since many of the vectors that
    ``moves`` take of them start in the middle of one."""
    if program.cut is not None or ADJACENT in program.left_out:
        return {}
    function, vlen = program.function, program.machine.vlen
    most_words = program.machine.scratch_words // SHARE_OF_SCRATCH
    gain: Counter[Value] = Counter()
    starts: dict[Value, list[int]] = {}
    for move in moves:
        picks = move.picks
        for first in range(0, len(picks) - vlen + 1, vlen):
            found = _run(move, first, vlen)
            if found is not None:
                value, start, lanes = found
                starts.setdefault(value, []).append(start)
                if start % vlen:
                    gain[value] += lanes
    chosen: dict[Value, Layout] = {}
    left = MOST_GROUPS
    for value, lanes in gain.items():
        groups = -(-function.loops[value.loop].extent // vlen)
        before = max(0, -min(starts[value]))
        words = before + max(groups * vlen, max(starts[value]) + vlen)
        if 2 * lanes < groups * vlen or words > most_words or groups > left:
            continue
        left -= groups
        chosen[value] = Layout(before, words)
    return chosen


def _run(move: Value, first: int, vlen: int) -> tuple[Value, int, int] | None:
    """The value of another loop of which most lanes of a group take words side by side, the word
    of the first lane, and how many do; None if too many others take other words."""
    runs: Counter[tuple[Value, int]] = Counter()
    for lane, (number, at) in enumerate(move.picks[first : first + vlen]):
        value = move.args[number]
        if not is_uniform(value) and value.loop != move.loop:
            runs[value, at - lane] += 1
    if not runs:
        return None
    (value, start), lanes = runs.most_common(1)[0]
    return (value, start, lanes) if (vlen - lanes) * MIN_LANES_A_REPAIR <= vlen else None


def put(group: Group, lay: Lay, kept: Collection[Source]) -> tuple[MOp, Operand]:
    """Let the operation that computes a vector write it to its place, or a copy of it do where
    others want it as it is (``kept``); that operation, and the vector."""
    vector = group.vector(lay.value)
    op = vector.source
    able = (
        isinstance(op, MOp)
        and op in group.template.ops
        and op not in kept
        and vector == Operand(op)
        and (op.into, op.start, op.width, op.serial) == (None, 0, group.vlen, False)
        and all(form.dest_stride == 1 for form in op.forms)
        and not any(other.into is op for other in group.template.ops)
    )
    if not able:
        name = f"{lay.value.array or 'lanes'}{lay.value.id}"
        op = group.elementwise("|", vector, vector, name).source
    assert isinstance(op, MOp)
    op.start = lay.start
    op.into = lay.owner
    op.width = lay.words if lay.owner is None else 0
    placed = Operand(lay.owner or op, lay.start)
    for reader in group.template.ops:
        follow(reader, {op: placed})
    return op, placed


@dataclass(eq=False)
class Buffer:
    """The buffer of a value: what writes its words, by the group's number in its loop."""

    layout: Layout
    writers: dict[int, InGroup] = field(default_factory=dict[int, InGroup])

    @property
    def owner(self) -> InGroup | None:
        """The operation whose result it is, the first one."""
        return next(iter(self.writers.values()), None)

    def lay(self, value: Value, number: int, vlen: int) -> Lay:
        """Where a group puts ``value``."""
        return Lay(value, self.layout.before + number * vlen, self.layout.words, self.owner)

    def writers_of(self, words: Iterable[int], vlen: int) -> Iterator[InGroup]:
        """Who writes some of its words, but for those that no group does."""
        for number in dict.fromkeys((word - self.layout.before) // vlen for word in words):
            if number in self.writers:
                yield self.writers[number]


def order_after_writers(
    buffers: Iterable[Buffer], shared: Iterable[MOp], groups: Sequence[Template], vlen: int
) -> list[tuple[Source, Source, int]]:
    """Let what reads words of ``buffers`` wait for what writes them; the edges between groups."""
    by_owner = {buffer.owner: buffer for buffer in buffers if buffer.owner is not None}
    if not by_owner:
        return []
    for op in shared:
        op.order.extend((writer, 1) for writer in _writers(op, -1, by_owner, vlen))
    return [
        (writer, InGroup(group, op), 1)
        for group, template in enumerate(groups)
        for op in template.ops
        for writer in _writers(op, group, by_owner, vlen)
    ]


def _writers(
    op: MOp, group: int, buffers: Mapping[InGroup, Buffer], vlen: int
) -> dict[InGroup, None]:
    """The operations that write the words which ``op`` of ``group`` reads in buffers, but for
    their owners and its own group, which it waits for anyway."""
    found: dict[InGroup, None] = {}
    for form in op.forms:
        for operand, lanes in _operands(form, op.lanes):
            source = operand.source
            if isinstance(source, PerGroup):
                source = source.member(group)
            buffer = buffers.get(source) if isinstance(source, InGroup) else None
            if buffer is None:
                continue
            words = [operand.offset + lane * operand.stride for lane in range(lanes)]
            for writer in buffer.writers_of(words, vlen):
                if writer != buffer.owner and writer.group != group:
                    found[writer] = None
    return found


def _operands(form: Form, lanes: int) -> Iterator[tuple[Operand, int]]:
    """The operands, and how many lanes read each."""
    if form.per_lane is None:
        yield from ((operand, lanes) for operand in form.operands)
    else:
        yield from ((operand, 1) for words in form.per_lane for operand in words)

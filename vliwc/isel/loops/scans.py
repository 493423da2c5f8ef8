"""Running totals: a `scan` of the lane IR by groups of lanes.

Each group combines its words one after the other in a buffer, ``p[k] = p[k - 1] op word[k]``, one
scalar operation for each lane.  The totals of the groups are combined by shared scalar operations
to what each group carries in from those before it, and one vector operation applies that to all
lanes.  So the groups work side by side, and only the scalar totals wait for each other: in a chain,
or where there are many groups, in blocks whose totals form a chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from vliwc.diagnostics import InternalError
from vliwc.ir.graph import Function, Loop
from vliwc.ir.value import MASK, Op, Reduction, Value
from vliwc.isel.group import Group
from vliwc.isel.loops.accumulators import OPCODES, combine
from vliwc.isel.scalar import Uniform
from vliwc.mir.operation import Form, InGroup, MOp, Operand, PerGroup

LONG_CHAIN = 24
"""Totals of more groups than this are combined in blocks."""
BLOCK = 8
"""Groups in a block: for a hundred groups, about as many as there are blocks."""
FLOW_LANES = 1
"""Lanes of a group whose least or greatest word flow selects; alu does the others by arithmetic,
four slots each, so that both engines take about as long."""


class Key(NamedTuple):
    """Scans that differ only in whether their own iteration counts share all operations but one."""

    kind: Reduction
    word: Value


class Total(NamedTuple):
    """The total of a group: where it stands once the operation ``last`` is done."""

    word: Operand
    last: MOp


@dataclass(eq=False)
class LoopScans:
    """The scans of a loop, with what each group carries in.

    ``totals[key]`` are those of the groups selected so far; what is carried in is there after
    :meth:`finish`.
    """

    uniform: Uniform
    first_group: int
    scans: dict[Key, list[Value]]
    totals: dict[Key, list[Total]] = field(default_factory=dict[Key, "list[Total]"])
    _carried: dict[Key, list[MOp | InGroup]] = field(
        default_factory=dict[Key, "list[MOp | InGroup]"]
    )
    _families: dict[Key, PerGroup] = field(default_factory=dict[Key, PerGroup])

    def carried(self, key: Key) -> Operand:
        """What the group carries in, in all lanes."""
        if key not in self._families:
            self._carried[key] = []
            self._families[key] = PerGroup("carried", self.first_group, self._carried[key])
        return Operand(self._families[key])

    def add(self, totals: Mapping[Key, Total]) -> None:
        """The next group has these totals."""
        for key, total in totals.items():
            self.totals.setdefault(key, []).append(total)

    def finish(self) -> None:
        """Combine the totals of all groups."""
        for key, family in self._carried.items():
            start = self.uniform.word(identity(key.kind))
            totals = self.totals[key]
            for word in _running(self.uniform, key.kind, start, totals, self.first_group):
                source = self.uniform.splat(word, "carried").source
                assert isinstance(source, MOp)
                family.append(source)


def loop_scans(
    function: Function, loop: Loop, uniform: Uniform, first_group: int
) -> LoopScans | None:
    """The scans of ``loop`` that something needs, None if there are none."""
    live = function.computed()
    found: dict[Key, list[Value]] = {}
    for value in function.values:
        if value.op is Op.SCAN and value.loop == loop.number and value in live:
            found.setdefault(key_of(value), []).append(value)
    return LoopScans(uniform, first_group, found) if found else None


def key_of(scan: Value) -> Key:
    """The operator and the combined value of a scan."""
    if scan.reduction is None:
        raise InternalError(f"{scan!r} has no operator")
    return Key(scan.reduction, scan.args[0])


def identity(kind: Reduction) -> int:
    """The word that changes no total."""
    return MASK if kind is Reduction.MIN else 0


@dataclass(eq=False)
class GroupScans:
    """The scans of one group of lanes."""

    group: Group
    scans: LoopScans
    totals: dict[Key, Total] = field(default_factory=dict[Key, Total])
    _buffers: dict[Key, tuple[MOp, int]] = field(default_factory=dict[Key, "tuple[MOp, int]"])

    def vector(self, scan: Value) -> Operand:
        """The running totals of the group's lanes."""
        key = key_of(scan)
        if key not in self._buffers:
            self._fill(key)
        buffer, start = self._buffers[key]
        here = Operand(buffer, start - scan.imm)
        before = len(self.group.template.ops)
        found = self._combined(key.kind, here, self.scans.carried(key), f"{scan.op}{scan.id}")
        for op in self.group.template.ops[before:]:
            if any(o.source is buffer for form in op.forms for o in form.all_operands()):
                op.order.append((self.totals[key].last, 1))
        return found

    def _fill(self, key: Key) -> None:
        """Combine the words of the lanes one after the other, after the identity where a scan
        leaves out its own iteration."""
        group, kind = self.group, key.kind
        words = group.words(key.word)
        start = max(scan.imm for scan in self.scans.scans[key])
        width = -(-(group.vlen + start) // group.vlen) * group.vlen
        before = group.uniform.word(identity(kind)) if start else words[0]
        buffer = last = self._add(MOp(f"{kind}", (_copy(before),), 1, width))
        for lane, word in enumerate(words):
            if lane or start:
                done = Operand(buffer, start + lane - 1, 0)
                last = self._step(kind, done, word, last, buffer, start + lane, lane)
        self._buffers[key] = buffer, start
        self.totals[key] = Total(Operand(buffer, start + len(words) - 1, 0), last)

    def _step(
        self,
        kind: Reduction,
        done: Operand,
        word: Operand,
        after: MOp,
        buffer: MOp,
        at: int,
        lane: int,
    ) -> MOp:
        """Write what has been combined so far with one more word into the buffer."""
        name = f"{kind}{at}"
        if kind in OPCODES:
            form = Form("alu", OPCODES[kind], (done, word))
        else:
            # The least of `done` and `word` is `done + (word < done) * (word - done)`.
            pair = (word, done) if kind is Reduction.MIN else (done, word)
            better = Operand(self._after(after, MOp("better", (Form("alu", "<", pair),))), 0, 0)
            if lane <= FLOW_LANES:
                form = Form("flow", "select", (better, word, done))
            else:
                change = MOp("change", (Form("alu", "-", (word, done)),))
                change = Operand(self._after(after, change), 0, 0)
                step = self._add(MOp("step", (Form("alu", "*", (better, change)),)))
                form = Form("alu", "+", (done, Operand(step, 0, 0)))
        return self._after(after, MOp(name, (form,), 1, 0, into=buffer, start=at))

    def _combined(self, kind: Reduction, a: Operand, b: Operand, name: str) -> Operand:
        group = self.group
        if kind in OPCODES:
            return group.elementwise(OPCODES[kind], a, b, name)
        less = group.elementwise("<", a, b, "less")
        first, second = (a, b) if kind is Reduction.MIN else (b, a)
        return group.select(less, first, second, name)

    def _add(self, op: MOp) -> MOp:
        self.group.template.ops.append(op)
        return op

    def _after(self, before: MOp, op: MOp) -> MOp:
        op.order.append((before, 1))
        return self._add(op)


def _copy(word: Operand) -> Form:
    return Form("alu", "|", (word, word))


def _running(
    uniform: Uniform, kind: Reduction, start: Operand, totals: list[Total], first: int
) -> list[Operand]:
    """What is combined before each of ``totals``, of groups from number ``first`` on, by shared
    scalar operations."""
    words = [_arrived(uniform, total, first + group) for group, total in enumerate(totals)]
    if len(words) <= LONG_CHAIN:
        return _chain(uniform, kind, start, words)
    blocks = [words[at : at + BLOCK] for at in range(0, len(words), BLOCK)]
    inside = [_chain(uniform, kind, block[0], block[1:]) for block in blocks]
    ends = [
        combine(uniform, kind, (within[-1], block[-1])) if len(block) > 1 else block[0]
        for within, block in zip(inside, blocks, strict=True)
    ]
    found: list[Operand] = []
    carried = _chain(uniform, kind, start, ends)
    for word, within, block in zip(carried, inside, blocks, strict=True):
        found.append(word)
        found += [combine(uniform, kind, (word, other)) for other in within[: len(block) - 1]]
    return found


def _arrived(uniform: Uniform, total: Total, group: int) -> Operand:
    """The total of a group as a word that shared operations can read."""
    word = Operand(InGroup(group, _of_template(total.word)), total.word.offset, 0)
    op = MOp("total", (_copy(word),), order=[(InGroup(group, total.last), 1)])
    return Operand(uniform.add(op), 0, 0)


def _of_template(word: Operand) -> MOp:
    assert isinstance(word.source, MOp)
    return word.source


def _chain(
    uniform: Uniform, kind: Reduction, start: Operand, words: list[Operand]
) -> list[Operand]:
    """``start``, and ``start`` combined with more and more of ``words``, but for the last."""
    found = [start]
    for word in words[:-1]:
        found.append(combine(uniform, kind, (found[-1], word)))
    return found

"""Uniform code: constants, broadcasts and scalar arithmetic that all groups share."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vliwc.diagnostics import InternalError
from vliwc.ir.graph import Array, Function, Where, is_uniform
from vliwc.ir.value import MASK, WORD_BITS, Op, Value
from vliwc.isel.program import Overlap
from vliwc.mir.operation import Form, MOp, Operand, PerGroup

OPCODES: dict[Op, str] = {
    Op.ADD: "+",
    Op.SUB: "-",
    Op.MUL: "*",
    Op.DIV: "//",
    Op.MOD: "%",
    Op.AND: "&",
    Op.OR: "|",
    Op.XOR: "^",
    Op.SHL: "<<",
    Op.SHR: ">>",
    Op.LT: "<",
    Op.EQ: "==",
}
"""Machine operation names of the lane IR's binary operations."""


def shifted_out(value: Value) -> bool:
    """Whether ``value`` is a word shifted left by a constant that leaves nothing of it.

    The machine description forbids such an operation: the original simulator computes the whole
    product first.
    """
    return value.op is Op.SHL and value.args[1].is_const and value.args[1].imm >= WORD_BITS


def _nothing(value: Value, at: int) -> Operand:
    raise InternalError(f"{value!r} of iteration {at} is moved before its loop is there")


class Uniform:
    """Builds shared machine operations, interning equal ones.

    A scalar result is one word; :meth:`splat` gives the vector with that word in every lane.

    Of a machine loop each trip executes ``block`` groups (0: there is no machine loop).  What
    depends on the number of the group is right in the first trip then, and ``running`` has what is
    to be added to it after each.  ``kept``: the words in scratch that parts of the program hand on;
    ``left`` has the operations that write them for the next part.  ``overlap``: the groups begin
    where it says.
    """

    def __init__(
        self,
        function: Function,
        vlen: int,
        block: int = 0,
        *,
        after: bool = False,
        kept: Mapping[str, MOp] | None = None,
        overlap: Overlap | None = None,
    ) -> None:
        self.function = function
        self.vlen = vlen
        self.block = block
        self.overlap = overlap
        self.running: dict[MOp, Operand] = {}
        self.kept = kept or {}
        self.left: dict[str, MOp] = {}
        self.ops: list[MOp] = []
        self.memory: dict[Value, list[MOp]] = {}
        self.table_loads: dict[str, list[MOp]] = {}
        self.masks: dict[MOp, None] = {}
        self._written = {root.array for root in function.roots}
        self._interned: dict[tuple[object, ...], MOp] = {}
        self._scalars: dict[Value, Operand] = {}
        self._words: dict[tuple[str, int], Operand] = {}
        self._families: dict[tuple[object, ...], PerGroup] = {}
        self.constants: dict[int, MOp] = {}
        self.origin: Value | None = None
        """The lane value for which operations are being added now."""
        self.moved: Callable[[Value, int], Operand] = _nothing
        """Where the word of a value of a loop stands in one of its iterations."""
        # No word is zero from the start after other code.
        forms = (Form("load", "const", imm=0),) if after else ()
        self._zero = self.add(MOp("zero", forms, lanes=len(forms)))

    def add(self, op: MOp) -> MOp:
        """Append a shared operation, which comes from the lane value that is being lowered."""
        op.origin = self.origin
        self.ops.append(op)
        return op

    def intern(self, key: tuple[object, ...], op: MOp) -> MOp:
        """``op``, or the operation added earlier under the same key."""
        found = self._interned.get(key)
        if found is None:
            found = self._interned[key] = self.add(op)
        return found

    def word(self, word: int) -> Operand:
        """A scalar constant: a ``const`` load, or an ``add_imm`` to a word that is still zero."""
        word &= MASK
        zero = Operand(self._zero, stride=0)
        if word == 0:
            return zero
        op = self.constants.get(word)
        if op is None:
            forms = (
                Form("load", "const", imm=word),
                Form("flow", "add_imm", (zero,), imm=word),
            )
            op = self.constants[word] = self.add(MOp(f"c{word}", forms))
        return Operand(op, stride=0)

    def splat(self, scalar: Operand, name: str = "splat") -> Operand:
        """The vector with ``scalar`` in every lane."""
        key = ("splat", scalar.source, scalar.offset)
        forms = (
            Form("valu", "vbroadcast", (scalar,)),
            Form("alu", "|", (scalar, scalar), scalarised=True),
        )
        op = self.intern(key, MOp(name, forms, lanes=self.vlen, width=self.vlen))
        return Operand(op)

    def vector(self, word: int) -> Operand:
        """The vector with constant ``word`` in every lane."""
        return self.splat(self.word(word), f"v{word & MASK}")

    def mask(self, lanes: tuple[bool, ...]) -> Operand:
        """The vector with 1 in some of the ``lanes`` and 0 in the others."""
        words = [self.word(int(k < len(lanes) and lanes[k])) for k in range(self.vlen)]
        form = Form("alu", "|", scalarised=True, per_lane=tuple((word, word) for word in words))
        op = self.intern(("mask", lanes), MOp("mask", (form,), lanes=self.vlen, width=self.vlen))
        self.masks[op] = None
        return Operand(op)

    def scalar_op(self, opcode: str, a: Operand, b: Operand, name: str = "") -> Operand:
        """Scalar arithmetic on two words."""
        key = (opcode, a.source, a.offset, b.source, b.offset)
        op = self.intern(key, MOp(name or "u", (Form("alu", opcode, (a, b)),)))
        return Operand(op, stride=0)

    def select(self, c: Operand, a: Operand, b: Operand) -> Operand:
        """``a`` if word ``c`` is nonzero, else ``b``."""
        key = ("select", c.source, c.offset, a.source, a.offset, b.source, b.offset)
        op = self.intern(key, MOp("usel", (Form("flow", "select", (c, a, b)),)))
        return Operand(op, stride=0)

    def scalar(self, value: Value) -> Operand:
        """The word of a uniform value, computed once for the whole kernel."""
        stack = [value]
        outer = self.origin
        while stack:
            top = stack[-1]
            if top in self._scalars:
                stack.pop()
                continue
            missing = [arg for arg in top.args if arg not in self._scalars and is_uniform(arg)]
            if missing and top.op is not Op.REDUCE:
                stack.extend(missing)
                continue
            self.origin = top
            self._scalars[top] = self._lower(top)
            stack.pop()
        self.origin = outer
        return self._scalars[value]

    def define(self, value: Value, operand: Operand) -> None:
        """Say where the word of a uniform value stands (for the results of reductions)."""
        self._scalars[value] = operand

    def table_word(self, array: Array, index: int, fold: tuple[str, int] | None = None) -> Operand:
        """Word ``index`` of an array that is never written, with ``fold`` applied to it.

        Neighbouring words come with one ``vload``, whether they are asked for upwards or
        downwards.
        """
        key = (array.name, index)
        if key not in self._words:
            if array.placed and array.length >= self.vlen:
                end = index + 1
                while end < index + self.vlen and (array.name, end) not in self._words:
                    end += 1
                first = min(max(end - self.vlen, 0), array.length - self.vlen)
                form = Form("load", "vload", (self.word(array.base + first),))
                op = self.add(MOp(f"{array.name}[{first}..]", (form,), width=self.vlen))
                for lane in range(self.vlen):
                    self._words.setdefault((array.name, first + lane), Operand(op, lane, 0))
            else:
                form = Form("load", "load", (self.word(array.base + index),))
                op = self.add(MOp(f"{array.name}[{index}]", (form,)))
                self._words[key] = Operand(op, stride=0)
            self.table_loads.setdefault(array.name, []).append(op)
        word = self._words[key]
        if fold is None:
            return word
        return self.scalar_op(fold[0], word, self.word(fold[1]), f"{array.name}[{index}]'")

    def sum(self, terms: tuple[tuple[Value, int], ...]) -> Operand | None:
        """The word with the sum of multiples of uniform values; None if there are none."""
        total: Operand | None = None
        for value, factor in terms:
            word = self.scalar(value)
            minus = factor == MASK and total is not None
            if factor != 1 and not minus:
                word = self.scalar_op("*", word, self.word(factor))
            if total is not None:
                word = self.scalar_op("-" if minus else "+", total, word)
            total = word
        return total

    def addresses(
        self, base: int, first_group: int, groups: int, step: int, start: Operand | None = None
    ) -> PerGroup:
        """Scalar addresses ``start + base + step * g`` for the groups of a loop."""
        key = ("addresses", base, first_group, step, start)
        family = self._families.get(key)
        if family is None:
            if self.block:
                members = self._running_addresses(base, step, start)
            elif self.overlap is not None:
                members = self._overlapping(base, groups, step, start)
            elif start is not None:
                members = self._sums(self._first(base, start), groups, step)
            else:
                members = [self._address(base + group * step) for group in range(groups)]
            family = self._families[key] = PerGroup(f"a{base}", first_group, members)
        return family

    def _running_addresses(self, base: int, step: int, start: Operand | None) -> list[MOp]:
        """Addresses of the groups of a block: only the first one stays in scratch, and each trip
        adds to it."""
        first = self._first(base, self.word(0) if start is None else start)
        self.running[first] = self.word(self.block * step)
        return self._sums(first, self.block, step)

    def _overlapping(self, base: int, groups: int, step: int, start: Operand | None) -> list[MOp]:
        """Addresses of groups that overlap."""
        first = self._first(base, self.word(0) if start is None else start)
        members = self._sums(first, min(self._certain, groups), step)
        for group in range(len(members), groups):
            terms = Operand(first, stride=0), self.first_lane(group)
            members.append(self.add(MOp(f"{first.name}+{group}", (Form("alu", "+", terms),))))
        return members

    def first_lane(self, group: int) -> Operand:
        """The number of the first lane of a group among those that overlap."""
        first = self.word(group * self.vlen)
        if self.overlap is None or group < self._certain:
            return first
        rest = Operand(self.overlap.rest, stride=0)
        return self._least(first, self.scalar_op("-", rest, self.word(self.vlen), "last"))

    def lane_number(self, lane: int) -> Operand:
        """The number of a lane of the only group, of which those past the end do the last one."""
        if self.overlap is None or not lane:
            return self.word(lane)
        rest = Operand(self.overlap.rest, stride=0)
        return self._least(self.word(lane), self.scalar_op("-", rest, self.word(1), "last"))

    def _least(self, a: Operand, b: Operand) -> Operand:
        return self.select(self.scalar_op("<", a, b, "less"), a, b)

    @property
    def ragged(self) -> bool:
        """Whether lanes of the only group may do the same iteration."""
        return self.overlap is not None and not self.overlap.certain

    @property
    def _certain(self) -> int:
        return 0 if self.overlap is None else max(self.overlap.certain, 1)

    def _first(self, base: int, start: Operand) -> MOp:
        return self.add(MOp(f"a{base}", (Form("alu", "+", (self.word(base), start)),)))

    def _sums(self, first: MOp, groups: int, step: int) -> list[MOp]:
        """``first`` and what a few strides make of it, none after many sums."""
        members = [first]
        for group in range(1, groups):
            nearest = group & (group - 1)
            terms = Operand(members[nearest], stride=0), self.word((group - nearest) * step)
            members.append(self.add(MOp(f"{first.name}+{group}", (Form("alu", "+", terms),))))
        return members

    def _address(self, base: int) -> MOp:
        source = self.word(base).source
        assert isinstance(source, MOp)
        return source

    def lane_numbers(self, first_group: int, groups: int) -> PerGroup:
        """The vectors of iteration numbers of the groups of a loop."""
        key = ("lanes", first_group)
        family = self._families.get(key)
        if family is None:
            iota = self._ragged_lanes() if self.ragged else self._iota()
            if self.block:
                members = self._running_lanes(iota)
            else:
                members = [iota]
                for group in range(1, groups):
                    step = self.splat(self.first_lane(group), f"v{group * self.vlen}")
                    members.append(self.elementwise("+", Operand(iota), step, f"lane{group}"))
            family = self._families[key] = PerGroup("lane", first_group, members)
        return family

    def _running_lanes(self, iota: MOp) -> list[MOp]:
        """The iteration numbers of the groups of a block, each from those before: only the first
        ones stay in scratch, and each trip adds to them."""
        first = Operand(iota)
        forms = (
            Form("valu", "|", (first, first)),
            Form("alu", "|", (first, first), scalarised=True),
        )
        members = [self.add(MOp("lane0", forms, lanes=self.vlen, width=self.vlen))]
        self.running[members[0]] = self.vector(self.block * self.vlen)
        for group in range(1, self.block):
            step = self.vector(self.vlen)
            members.append(self.elementwise("+", Operand(members[-1]), step, f"lane{group}"))
        return members

    def _ragged_lanes(self) -> MOp:
        words = map(self.lane_number, range(self.vlen))
        form = Form("alu", "|", scalarised=True, per_lane=tuple((word, word) for word in words))
        return self.intern(("lanes",), MOp("lane", (form,), lanes=self.vlen, width=self.vlen))

    def elementwise(self, opcode: str, a: Operand, b: Operand, name: str) -> MOp:
        """Shared vector arithmetic."""
        key = ("v" + opcode, a, b)
        forms = (
            Form("valu", opcode, (a, b)),
            Form("alu", opcode, (a, b), scalarised=True),
        )
        return self.intern(key, MOp(name, forms, lanes=self.vlen, width=self.vlen))

    def _iota(self) -> MOp:
        form = Form("load", "const", scalarised=True, per_lane_imm=tuple(range(self.vlen)))
        return self.intern(("iota",), MOp("iota", (form,), lanes=self.vlen, width=self.vlen))

    def _lower(self, value: Value) -> Operand:
        assert is_uniform(value)
        if value.op is Op.CONST:
            return self.word(value.imm)
        if value.op is Op.LOAD:
            return self._load(value)
        if value.op is Op.MOVE:
            ((number, at),) = value.picks
            return self.moved(value.args[number], at)
        args = [self._scalars[arg] for arg in value.args]
        if value.op is Op.MADD:
            return self.scalar_op("+", self.scalar_op("*", args[0], args[1]), args[2])
        if value.op is Op.SELECT:
            return self.select(args[0], args[1], args[2])
        if shifted_out(value):
            return self.word(0)
        return self.scalar_op(OPCODES[value.op], args[0], args[1], f"u{value.id}")

    def _load(self, value: Value) -> Operand:
        array = self.function.arrays[value.array]
        if array.where is Where.SCRATCH:
            return Operand(self.kept[array.name], stride=0)
        index = value.args[0]
        if index.is_const and array.name not in self._written:
            return self.table_word(array, index.imm)
        if index.is_const:
            address = self.word(array.base + index.imm)
        else:
            address = self.scalar_op("+", self._scalars[index], self.word(array.base))
        op = self.add(MOp(f"{value.array}@{value.id}", (Form("load", "load", (address,)),)))
        self.memory[value] = [op]
        return Operand(op, stride=0)

    def _leave(self, name: str, word: Operand) -> None:
        """Write a word for the next part; not from another such word, which might be written from
        this one."""

        def copy(source: Operand, name: str) -> MOp:
            return self.add(MOp(name, (Form("alu", "|", (source, source)),)))

        made = word.source
        if isinstance(made, MOp) and self._is_alone(made):
            # Compute it there at once.
            self.left[name] = self.add(MOp(f"{name}'", made.forms))
            return
        if word.source in self.kept.values():
            word = Operand(copy(word, f"{name}+"), stride=0)
        self.left[name] = copy(word, f"{name}'")

    def _is_alone(self, op: MOp) -> bool:
        """Whether ``op`` is scalar arithmetic on words that no part hands on."""
        others = set(self.kept.values())
        return (
            op.width == 1
            and all(
                form.engine == "alu" and others.isdisjoint(o.source for o in form.operands)
                for form in op.forms
            )
            and bool(op.forms)
        )

    def store(self, value: Value) -> None:
        """A store at the top level."""
        self.origin = value
        array = self.function.arrays[value.array]
        index, word = value.args
        word_operand = self.scalar(word)
        if array.where is Where.SCRATCH:
            self._leave(array.name, word_operand)
            self.origin = None
            return
        if index.is_const:
            address = self.word(array.base + index.imm)
        else:
            address = self.scalar_op("+", self.scalar(index), self.word(array.base))
        form = Form("store", "store", (address, word_operand))
        self.memory[value] = [self.add(MOp(f"{value.array}={value.id}", (form,), width=0))]
        self.origin = None

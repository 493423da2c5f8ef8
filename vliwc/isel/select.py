"""Instruction selection: the lane IR of one parallel loop to the template of one group.

Every value that varies between lanes becomes a vector operation of the group; how table reads
are done is decided outside (:mod:`vliwc.strategy.options`) and handed in as a plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from vliwc.analysis.linear import Linear
from vliwc.ir.graph import is_uniform
from vliwc.ir.value import Op, Value
from vliwc.isel.address import AddressBook
from vliwc.isel.group import Group
from vliwc.isel.loops.scans import GroupScans, Key, LoopScans, Total
from vliwc.isel.memory.lane_buffer import Turn
from vliwc.isel.memory.moves import LoopMoves
from vliwc.isel.memory.regions import RegionLoads
from vliwc.isel.memory.row_buffers import RowBuffer, fill
from vliwc.isel.memory.side_by_side import Lay, put
from vliwc.isel.reads.fold import Early
from vliwc.isel.reads.record_table import PlacedTable, RecordTable
from vliwc.isel.reads.selections import masks
from vliwc.isel.reads.table_reads import Plan, ReadSite
from vliwc.isel.repair import order_readers
from vliwc.isel.scalar import OPCODES, shifted_out
from vliwc.mir.operation import Form, MOp, Operand, Source, Template, sources

UNSAFE_SECONDS = (Op.DIV, Op.MOD, Op.SHL, Op.SHR)
"""Operations whose second word may not be just any: zero traps, and no program of ours executes a
huge shift count."""


@dataclass(frozen=True, eq=False)
class Selected:
    """A group whose operations are selected: ``reduced`` are the vectors that the loop's
    reductions combine, ``stored`` those that the rows of :mod:`vliwc.isel.memory.store_rows` take
    words from, ``writers`` what writes these where they are in a buffer, ``laid`` what writes the
    vectors that stand side by side with those of other groups, ``taken`` where values
    stand that other loops take words of, ``totals`` what the group adds to running totals, ``rows``
    the loads of rows of each record table, ``turns`` the uses of the lane buffer."""

    group: Group
    reduced: dict[Value, Operand]
    stored: dict[Value, Operand]
    writers: dict[Value, tuple[MOp, ...]]
    laid: dict[Value, MOp]
    taken: dict[Value, Operand | tuple[Operand, ...]]
    totals: dict[Key, Total]
    rows: dict[RecordTable, list[MOp]]
    turns: list[Turn]

    @property
    def results(self) -> list[Operand]:
        """What operations outside of the group read."""
        return [*self.reduced.values(), *self.stored.values(), *flat(self.taken.values())]

    @property
    def template(self) -> Template:
        """The operations, in topological order."""
        return self.group.template

    @property
    def memory(self) -> dict[Value, list[MOp]]:
        """The operations that each load or store of the lane IR has become."""
        return self.group.memory


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What a group has to do with others: it is number ``member`` of its loop.

    ``regions`` are the chunks of memory that the loop keeps in scratch, ``moves`` the words that it
    takes from other loops, ``scans`` its running totals; ``taken`` are the values of which others
    take words, ``laid`` those of them that stand side by side with those of other groups,
    ``buffers`` say where rows of stored words are put together; ``lane_buffer`` is the
    address of the words through which lanes are moved.
    """

    regions: RegionLoads | None = None
    moves: LoopMoves | None = None
    scans: LoopScans | None = None
    member: int = 0
    buffers: Sequence[RowBuffer] = ()
    taken: Sequence[Value] = ()
    laid: Sequence[Lay] = ()
    lane_buffer: int | None = None


ALONE = Surroundings()


def select_group(
    group: Group,
    plan: Plan,
    placed: Callable[[RecordTable], PlacedTable],
    around: Surroundings = ALONE,
) -> Selected:
    """Select operations of ``group`` for everything its loop's stores and reductions need, with
    table reads as ``plan`` says; ``placed`` gives record tables at their addresses."""
    site = ReadSite(
        group,
        AddressBook(group),
        placed,
        regions=around.regions,
        moves=around.moves,
        member=around.member,
        buffer=around.lane_buffer,
    )
    return _Walk(plan, site, around).run()


def flat(found: Iterable[Operand | tuple[Operand, ...]]) -> list[Operand]:
    """Vectors, and the words of those whose lanes stand here and there."""
    return [
        operand for each in found for operand in ((each,) if isinstance(each, Operand) else each)
    ]


class _Walk:
    """One walk over the lane IR in topological order."""

    def __init__(self, plan: Plan, site: ReadSite, around: Surroundings) -> None:
        self.around = around
        self.group = site.group
        self.scans = None if around.scans is None else GroupScans(site.group, around.scans)
        self.plan = plan
        self.site = site
        self.reduced: dict[Value, Operand] = {}
        self.stored: dict[Value, Operand] = {}
        self.writers: dict[Value, tuple[MOp, ...]] = {}
        self.laid: dict[Value, MOp] = {}
        self.taken: dict[Value, Operand | tuple[Operand, ...]] = {}
        self.in_rows = plan.in_rows

    def run(self) -> Selected:
        """The group with all its operations."""
        needed = self._needed()
        leaving = self.group.leaving
        leaving.update(self.around.taken)
        for value in reversed(self.group.function.values):
            if value in needed:
                # What has the word of another value passes it on to all its readers.
                passes_on = value in self.group.cases or value in self.plan.aliases
                same = self.site.readers[value] if value in self.group.cases else 1
                for arg in self._inputs(value):
                    self.site.readers[arg] += same
                if value.op is Op.REDUCE or value in self.in_rows or passes_on & (value in leaving):
                    leaving.update(self._inputs(value))
        for value in self.group.function.values:
            if value not in needed:
                continue
            emitted = len(self.group.template.ops)
            self.group.uniform.origin = value
            if value in self.in_rows:
                if not is_uniform(value.args[1]):
                    self.stored[value] = self.group.vector(value.args[1])
            elif value.op is Op.STORE:
                self._store(value)
            elif value.op is Op.REDUCE:
                self.reduced[value] = self.group.adjacent(self.group.vector(value.args[0]))
            elif value in self.group.cases and value not in self.plan.aliases:
                self.group.resolve(value)
            else:
                self.group.define(value, self._lower(value))
            for op in self.group.template.ops[emitted:]:
                op.origin = value
        for value in self.around.taken:
            self.taken[value] = self.group.stands(value)
        order_readers(self.group.template.ops, self.group.repairs)
        for buffer in self.around.buffers:
            self._fill(buffer)
        for lay in self.around.laid:
            self._lay(lay)
        self.group.uniform.origin = None
        self._remove_dead()
        return Selected(
            self.group,
            self.reduced,
            self.stored,
            self.writers,
            self.laid,
            self.taken,
            {} if self.scans is None else self.scans.totals,
            self.site.rows,
            self.site.turns,
        )

    def _results(self) -> list[Operand]:
        """What others read."""
        return [*self.reduced.values(), *self.stored.values(), *flat(self.taken.values())]

    def _fill(self, buffer: RowBuffer) -> None:
        stores = [lay.store for lay in buffer.lays]
        others = [vector for store, vector in self.stored.items() if store not in stores]
        filled = fill(
            self.group, buffer, (*self.reduced.values(), *others, *flat(self.taken.values()))
        )
        self.stored.update(filled.vectors)
        self.writers.update(dict.fromkeys(stores, filled.writers))
        for op, store in zip(filled.writers, stores, strict=True):
            op.origin = op.origin or store

    def _lay(self, lay: Lay) -> None:
        """Put a vector beside those of other groups; whatever reads it finds it there."""
        totals = {} if self.scans is None else self.scans.totals
        kept: set[Source] = {o.source for o in (*self.reduced.values(), *self.stored.values())}
        kept.update(source for t in totals.values() for source in (t.word.source, t.last))
        kept.update(turn.load for turn in self.site.turns)
        kept.update(self.laid.values())
        others = (stands for value, stands in self.taken.items() if value is not lay.value)
        kept.update(o.source for o in flat(others))
        op, self.taken[lay.value] = put(self.group, lay, kept)
        self.laid[lay.value] = op
        op.origin = op.origin or lay.value

    def _needed(self) -> set[Value]:
        """What has to be lowered, given that planned reads replace their index arithmetic."""
        needed = {
            value
            for value in self.group.function.computed()
            if (value.op is Op.STORE and value.loop == self.group.loop.number)
            or (value.op is Op.REDUCE and value.imm == self.group.loop.number)
        }
        needed.update(self.around.taken)
        if self.around.scans is not None:
            # Later groups need the totals of this one.
            needed.update(v for values in self.around.scans.scans.values() for v in values)
        for value in reversed(self.group.function.values):
            if value in needed:
                # Uniform values (the results of earlier loops among them) are shared code.
                needed.update(v for v in self._inputs(value) if not is_uniform(v))
        return needed

    def _inputs(self, value: Value) -> list[Value]:
        if value in self.plan.aliases:
            return [self.plan.aliases[value]]
        if value in self.group.cases:
            return list(dict.fromkeys(c for c in self.group.cases[value] if isinstance(c, Value)))
        if value.op is Op.LOAD:
            return list(self.plan.reads[value].needs(self.group.forms[value.args[0]]))
        if value in self.plan.reads:
            return list(self.plan.reads[value].needs(self.group.forms[value]))
        if value.op is Op.MOVE:
            return [arg for arg in value.args if arg.loop == value.loop]
        if value in self.in_rows:
            return [value.args[1]]
        if value.op is Op.STORE:
            return [*self.group.forms[value.args[0]].atoms, value.args[1]]
        return list(value.args)

    def _lower(self, value: Value) -> Operand | tuple[Operand, ...]:
        computed = self.site.computed.get(value)
        if computed is not None:
            return computed
        alias = self.plan.aliases.get(value)
        if alias is not None:
            return self.group.vector(alias)
        name = f"{value.op}{value.id}"
        if value in self.plan.reads:
            return self.plan.read(self.site, value)
        match value.op:
            case Op.LANE:
                family = self.group.uniform.lane_numbers(self.group.first_group, self.group.groups)
                return Operand(family)
            case Op.MOVE:
                return self._move(value)
            case Op.SCAN if self.scans is not None:
                return self.scans.vector(value)
            case Op.SELECT:
                return self._select(value, name)
            case Op.MADD:
                return self._madd(value, name)
            case _:
                return self._binary(value, name)

    def _madd(self, value: Value, name: str) -> Operand:
        a, b, c = value.args
        group = self.group
        if a is not b and self._scattered(a) and self._scattered(b):
            # Two copies would take twice the slots of alu that the product takes where it stands.
            product = group.by_lanes("*", a, b, name, value, safe=False)
            return group.elementwise("+", product, group.vector(c), name)
        return group.madd(group.vector(a), group.vector(b), group.vector(c), name)

    def _move(self, value: Value) -> Operand | tuple[Operand, ...]:
        found = self.site.moved(value)
        if isinstance(found, Operand) and self.site.readers[value] > 1:
            # What several operations read is better copied once than read by alu each time.
            return self.group.adjacent(found)
        return found

    def _select(self, value: Value, name: str) -> Operand:
        c, a, b = value.args
        condition = self.group.vector(c)
        if a.is_const and b.is_const and self.group.facts.hi(c) <= 1:
            return self.group.bit_choice(condition, a.imm, b.imm, name)
        if masks(value, self.group.facts):
            return self.group.masked(condition, self.group.vector(a), name)
        if value in self.plan.arithmetic:
            return self._blend(value, condition, name)
        return self.group.select(condition, self.group.vector(a), self.group.vector(b), name)

    def _blend(self, value: Value, condition: Operand, name: str) -> Operand:
        """A selection on valu and alu."""
        group = self.group
        c, a, b = value.args
        zero = group.uniform.vector(0)
        if a is c:
            # Where the condition is zero, so is the word to choose otherwise.
            missing = group.once("==", condition, zero)
            if b.is_const and b.imm == 1:
                return group.elementwise("+", condition, missing, name)
            return group.madd(group.vector(b), missing, condition, name)
        bit = condition if group.facts.hi(c) <= 1 else group.once("<", zero, condition)
        return group.blend(bit, group.vector(a), group.vector(b), name)

    def _on_fields(self, value: Value, field: Value, other: Value, name: str) -> Operand | None:
        """``value`` computed on each candidate word of a record, then the right one chosen.

        Scalar operations read the words where the rows stand, so that none needs moving.  A word
        with several readers is better moved once.
        """
        if field is value.args[1] and value.op in UNSAFE_SECONDS:
            return None  # only the word that is chosen is known to be a good divisor or count
        read = self.plan.reads.get(field)
        if read is None or self.site.readers[field] != 1:
            return None
        found = read.in_place(self.site, self.plan.folds.get(field))
        if found is None:
            return None
        a = self.group.vector(other)
        swap = value.args[0] is field
        arms = [
            self.group.elementwise(OPCODES[value.op], *((arm, a) if swap else (a, arm)), name)
            for arm in found.arms
        ]
        return self.group.choose(found.atom, found.words, arms, name)

    def _binary(self, value: Value, name: str) -> Operand:
        x, y = value.args
        if shifted_out(value):
            return self.group.uniform.vector(0)
        if value in self.plan.early:
            return self._after_constant(self.plan.early[value], x, y, name)
        on_fields = self._on_fields(value, x, y, name) or self._on_fields(value, y, x, name)
        if on_fields is not None:
            return on_fields
        opcode = OPCODES[value.op]
        if self._scattered(x) or self._scattered(y):
            safe = y.is_const or value.op not in UNSAFE_SECONDS
            return self.group.by_lanes(opcode, x, y, name, value, safe=safe)
        a, b = self.group.vector(x), self.group.vector(y)
        short = self.group.lanes < self.group.vlen
        if short and not y.is_const and value.op in UNSAFE_SECONDS:
            # Lanes past the end hold garbage.
            return self.group.emit(name, Form("alu", opcode, (a, b), scalarised=True))
        return self.group.elementwise(opcode, a, b, name)

    def _after_constant(self, early: Early, x: Value, y: Value, name: str) -> Operand:
        """A word read, combined with what a constant has been applied to: the read takes longest,
        and nothing that waits for it is left to do."""
        group, (opcode, constant) = self.group, early.fold
        constants = group.uniform.word(constant)
        if self._scattered(early.other):
            lanes = tuple((word, constants) for word in group.words(early.other))
            form = Form("alu", opcode, scalarised=True, per_lane=lanes)
            other = group.emit("fold", form)
        else:
            other = group.once(opcode, group.vector(early.other), group.uniform.vector(constant))
        group.folded.add(other.source)
        load = y if early.other is x else x
        return group.elementwise(opcode, other, group.vector(load), name)

    def _scattered(self, value: Value) -> bool:
        """Whether the words of ``value`` are best read where they stand: nothing else does."""
        found = value in self.group.scattered and value not in self.group.vectors
        return found and self.site.readers[value] == 1

    def _store(self, value: Value) -> None:
        group = self.group
        array = group.function.arrays[value.array]
        index, word = value.args
        form = self.group.forms[index]
        name = f"{value.array}={value.id}"
        if form.is_row:
            row = form.plus(Linear(array.base))
            address = self.group.group_address(row)
            if group.whole_rows:
                data = group.adjacent(group.vector(word))
                op = MOp(name, (Form("store", "vstore", (address, data)),), width=0)
            else:
                lanes = tuple(
                    (group.lane_address(row, k), data) for k, data in enumerate(group.words(word))
                )
                op = self.group.lane_op(name, "store", "store", lanes, 0)
        else:
            address = self.site.addresses.address(form.plus(Linear(array.base)))
            data = group.adjacent(group.vector(word))
            scalarised = Form("store", "store", (address, data), scalarised=True)
            op = MOp(name, (scalarised,), self.group.lanes, 0)
        # Lanes that do the same iteration store to one word, in different cycles.
        op.serial = group.uniform.ragged
        self.group.template.ops.append(op)
        self.group.memory[value] = [op]

    def _remove_dead(self) -> None:
        wanted = {op for op in self.group.template.ops if op.width == 0 and op.into is None}
        wanted.update(op for writers in self.writers.values() for op in writers)
        wanted.update(self.laid.values())
        if self.scans is not None:
            wanted.update(total.last for total in self.scans.totals.values())
        wanted.update(o.source for o in self._results() if isinstance(o.source, MOp))
        for op in reversed(self.group.template.ops):
            if op in wanted:
                wanted.update(s for s in sources(op) if isinstance(s, MOp))
                wanted.update(s for s, _ in op.order if isinstance(s, MOp))
        self.group.template.ops = [op for op in self.group.template.ops if op in wanted]
        for value, ops in list(self.group.memory.items()):
            self.group.memory[value] = [op for op in ops if op in wanted]

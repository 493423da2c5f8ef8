"""From an optimised lane function and a choice of plans to the machine DAG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vliwc.diagnostics import InternalError
from vliwc.ir.graph import Loop, is_uniform
from vliwc.ir.value import TOP_LEVEL, Op, Reduction, Value
from vliwc.isel.group import Group
from vliwc.isel.loops.accumulators import OPCODES, combine
from vliwc.isel.loops.loop_order import LoopOrder, ordered_before
from vliwc.isel.loops.overlap import overlap_order
from vliwc.isel.loops.scans import loop_scans
from vliwc.isel.loops.updates import after_readers
from vliwc.isel.memory.lane_buffer import LaneBuffer, one_after_the_other
from vliwc.isel.memory.moves import loop_moves, needed_moves, taken_in, taken_words
from vliwc.isel.memory.regions import RegionLoads, Regions
from vliwc.isel.memory.row_buffers import row_buffers
from vliwc.isel.memory.side_by_side import Buffer, Lay, layouts, order_after_writers
from vliwc.isel.memory.store_rows import Row, StoreRows, Word, emit_row
from vliwc.isel.memory.working_memory import Placement, Space
from vliwc.isel.program import LaneProgram
from vliwc.isel.reads.record_table import PlacedTable, RecordTable, build_table
from vliwc.isel.reads.records import RecordFirst
from vliwc.isel.reads.table_reads import Plan
from vliwc.isel.scalar import Uniform
from vliwc.isel.select import Selected, Surroundings, select_group
from vliwc.mir.dag import MachineDag
from vliwc.mir.operation import Form, InGroup, MOp, Operand, PerGroup, Source, Template

Assignment = Sequence[Sequence[Plan]]
"""For each loop, the plan of each of its groups."""
Placements = Mapping["RecordTable | LaneBuffer", Placement]
"""Where record tables and lane buffers stand."""


@dataclass(frozen=True, eq=False)
class Instance:
    """A machine DAG and where it comes from.

    ``selected``: the selection of each group of the kernel; ``first_group``: for each loop the
    number of its first group; ``uniform``: the shared code; ``chunks``: the loads of regions.
    """

    dag: MachineDag
    selected: list[Selected]
    first_group: list[int]
    uniform: Uniform
    chunks: list[MOp]


def instantiate(
    program: LaneProgram,
    assignment: Assignment,
    placements: Placements | None = None,
) -> Instance:
    """Instantiate ``program`` so that each group follows its plan of ``assignment``.

    ``placements`` says where the record tables and lane buffers stand that the plans use.
    """
    return Instantiation(program).run(assignment, placements or {})


class Instantiation:
    """The state while the groups of all loops are selected one after the other.

    ``before``: groups of the same loop that were selected, with all shared operations; ``done``
    lanes are executed before those of ``program``.
    """

    def __init__(
        self, program: LaneProgram, before: Instantiation | None = None, done: int = 0
    ) -> None:
        self.program = program
        self.function = program.function
        self.vlen = program.machine.vlen
        self.done = done
        block = sum(map(program.groups, self.function.loops)) if program.trips else 0
        self.uniform = (
            before.uniform
            if before
            else Uniform(
                self.function,
                self.vlen,
                block,
                after=program.after,
                kept=self._kept(),
                overlap=program.overlap,
            )
        )
        self.groups: list[Template] = []
        self.selected: list[Selected] = []
        self.first_group: list[int] = []
        self.tables: dict[RecordTable, tuple[PlacedTable, Placement]] = {}
        if before is not None:
            self.tables.update(before.tables)
        self.buffers: dict[int, Placement] = {}
        self.regions: list[RegionLoads | None] = []
        self._loads: dict[Regions, RegionLoads] = {}
        self._stored: dict[tuple[int, Value], list[MOp]] = {}
        self._in_rows: dict[Value, frozenset[Value]] = {}
        self._words: dict[tuple[Value, int], list[Operand]] = {}
        self._own: dict[Template, frozenset[MOp]] = {}
        moves = needed_moves(program.function)
        self.taken = taken_words(moves)
        self.moves: dict[int, list[Value]] = {}
        for move in moves:
            self.moves.setdefault(move.loop, []).append(move)
        self.side_by_side = {
            value: Buffer(layout) for value, layout in layouts(program, moves).items()
        }
        self.uniform.moved = self._word

    def run(self, assignment: Assignment, placements: Placements) -> Instance:
        """The machine DAG in which each group follows its plan."""
        order = self.select(assignment, placements)
        uniform = self.uniform
        machine = self.program.machine
        fixed, before = self._handed_on(order)
        dag = MachineDag(machine, uniform.ops, self.groups, order, uniform.constants, fixed, before)
        chunks = [op for loads in self._loads.values() for op in loads.all_loads()]
        return Instance(dag, self.selected, self.first_group, uniform, chunks)

    def _kept(self) -> dict[str, MOp]:
        return self.program.kept.of if self.program.kept is not None else {}

    def _handed_on(
        self, order: list[tuple[Source, Source, int]]
    ) -> tuple[dict[MOp, int], frozenset[MOp]]:
        """The places of words that parts of the program hand on, and those among them that stand
        there already; they are written once all that reads them is done."""
        kept = self.program.kept
        if kept is None:
            return {}, frozenset()
        left = self.uniform.left
        fixed = {op: kept.places[op] for op in kept.of.values()}
        fixed.update((op, fixed[kept.of[name]]) for name, op in left.items())
        updates = {op: kept.of[name] for name, op in left.items()}
        order += after_readers(updates, self.uniform.ops, self.groups)
        return fixed, frozenset(kept.of.values())

    def select(
        self, assignment: Assignment, placements: Placements
    ) -> list[tuple[Source, Source, int]]:
        """Select the operations of all groups; the order edges between them."""
        for place, placement in placements.items():
            if isinstance(place, LaneBuffer):
                self.buffers[place.loop] = placement
        read = {
            way.table
            for plans in assignment
            for plan in plans
            for way in plan.reads.values()
            if isinstance(way, RecordFirst)
        }
        for table, placement in placements.items():
            if isinstance(table, LaneBuffer) or table not in read or table in self.tables:
                continue
            self.tables[table] = (build_table(self.uniform, table, placement.base), placement)
        # What follows a machine loop is none of a trip's business.
        whole = self.program.cut is None
        live = self.function.computed() if whole else set[Value]()
        reductions = [v for v in self.function.values if v.op is Op.REDUCE and v in live]
        for loop, plans in zip(self.function.loops, assignment, strict=True):
            self._loop(loop, plans)
            for rows in plans[0].rows if plans else ():
                self._store_rows(rows, loop)
            for value in reductions:
                if value.imm == loop.number:
                    self.uniform.origin = value
                    self.uniform.define(value, self._reduction(value))
                    self.uniform.origin = None
        for value in self.function.values:
            if whole and value.op is Op.STORE and value.loop == TOP_LEVEL:
                self.uniform.store(value)
        order = self._memory_order() + self._table_order() + self._buffer_order()
        return order + self._side_by_side_order()

    def _loop(self, loop: Loop, plans: Sequence[Plan]) -> None:
        first = len(self.groups)
        self.first_group.append(first)
        if len(plans) != self.program.groups(loop):
            raise InternalError(f"loop {loop.number}: {len(plans)} plans")
        moves = loop_moves(loop, self.moves.get(loop.number, ()), self.uniform, first, self._word)
        scans = loop_scans(self.function, loop, self.uniform, first)
        taken = self.taken.get(loop.number, {})
        made: dict[tuple[object, ...], Selected] = {}
        cases = self.program.cases(loop)
        buffer = self.buffers.get(loop.number)
        for number, plan in enumerate(plans):
            lanes = min(self.vlen, loop.extent - number * self.vlen)
            regions = self._region_loads(plan, first)
            pattern = 0 if regions is None else regions.regions.pattern[number]
            edge = 0 if cases is None else cases.pattern[number]
            buffers = row_buffers(plan.rows, self.program.words(loop), number, self.vlen)
            around = Surroundings(
                regions,
                moves,
                scans,
                number,
                buffers,
                taken_in(taken, number, self.vlen),
                self._lays(number, taken_in(taken, number, self.vlen)),
                None if buffer is None else buffer.base,
            )
            places = None if moves is None else moves.groups[number].places
            key = (id(plan), lanes, pattern, edge, buffers, places, around.taken, around.laid)
            if key not in made:
                group = Group(
                    self.function,
                    self.program.facts,
                    self.program.forms,
                    self.uniform,
                    loop,
                    first,
                    lanes,
                    None if cases is None else cases.views[number],
                    self.done,
                )
                made[key] = select_group(group, plan, self._placed, around)
            for value, op in made[key].laid.items():
                self.side_by_side[value].writers[number] = InGroup(len(self.groups), op)
            self.selected.append(made[key])
            self.regions.append(regions)
            self.groups.append(made[key].template)
            if scans is not None:
                scans.add(made[key].totals)
        if scans is not None:
            scans.finish()

    def _lays(self, number: int, taken: Sequence[Value]) -> tuple[Lay, ...]:
        """Where a group puts those of the vectors that others take which stand side by side."""
        buffers = [(value, self.side_by_side.get(value)) for value in taken]
        return tuple(buffer.lay(value, number, self.vlen) for value, buffer in buffers if buffer)

    def _region_loads(self, plan: Plan, first: int) -> RegionLoads | None:
        if plan.regions is None:
            return None
        if plan.regions not in self._loads:
            self._loads[plan.regions] = RegionLoads(plan.regions, self.uniform, first)
        return self._loads[plan.regions]

    def _store_rows(self, rows: StoreRows, loop: Loop) -> None:
        """Put words that the groups of ``loop`` compute together and store them.

        What comes after one of the stores in an iteration comes after all of them.
        """
        first = self.first_group[loop.number]

        def operand(word: Word) -> Operand:
            data = word.store.args[1]
            if is_uniform(data):
                return self.uniform.scalar(data)
            group, lane = first + word.lane // self.vlen, word.lane % self.vlen
            vector = self.seen_outside(group, self.selected[group].stored[word.store])
            return Operand(vector.source, vector.offset + lane * vector.stride, 0)

        before: tuple[Row, MOp] | None = None
        stored: dict[int, dict[MOp, None]] = {}
        for row in rows.rows:
            self.uniform.origin = row.words[0].store
            overlapped = before is not None and before[0].base + self.vlen > row.base
            written = dict.fromkeys(
                InGroup(group, writer)
                for group, store in dict.fromkeys(
                    (first + word.lane // self.vlen, word.store) for word in row.words
                )
                for writer in self.selected[group].writers.get(store, ())
            )
            after = before[1] if before and overlapped else None
            op = emit_row(self.uniform, row, operand, after, list(written))
            before = row, op
            for word in row.words:
                stored.setdefault(first + word.lane // self.vlen, {})[op] = None
        self.uniform.origin = None
        self._in_rows.update(dict.fromkeys(rows.stores, rows.stores))
        for group, ops in stored.items():
            self._stored.update({(group, store): list(ops) for store in rows.stores})

    def _word(self, value: Value, at: int) -> Operand:
        """Where the word of ``value`` in iteration ``at`` stands, for what comes later."""
        if is_uniform(value):
            return self.uniform.scalar(value)
        number, lane = divmod(at, self.vlen)
        words = self._words.get((value, number))
        if words is None:
            words = self._words[value, number] = self._words_of(value, number)
        return words[lane]

    def _words_of(self, value: Value, number: int) -> list[Operand]:
        """Where the words of ``value`` stand in the lanes of a group of its loop."""
        group = self.first_group[value.loop] + number
        taken = self.selected[group].taken[value]
        if not isinstance(taken, Operand):
            return [self.seen_outside(group, word) for word in taken]
        source, offset, stride = self.seen_outside(group, taken)
        return [Operand(source, offset + lane * stride, 0) for lane in range(self.vlen)]

    def seen_outside(self, group: int, vector: Operand) -> Operand:
        """A vector of a group as an operand of shared operations."""
        source = vector.source
        if isinstance(source, PerGroup):
            return vector._replace(source=source.member(group))
        if isinstance(source, MOp) and source in self._local(group):
            return vector._replace(source=InGroup(group, source))
        return vector

    def _memory_in(self, group: int, value: Value) -> list[Source]:
        """What a load or store has become in a group, with the loads of chunks that it reads and
        the stores of rows that it writes words of."""
        found: list[Source] = [
            InGroup(group, op) for op in self.selected[group].memory.get(value, [])
        ]
        regions = self.regions[group]
        if regions is not None:
            found += regions.loads_in(group - regions.first_group, value)
        return found + list(self._stored.get((group, value), ()))

    def _placed(self, table: RecordTable) -> PlacedTable:
        return self.tables[table][0]

    def _table_order(self) -> list[tuple[Source, Source, int]]:
        """Order edges of record tables: built in dead words only, read before these are needed."""
        edges: list[tuple[Source, Source, int]] = []
        for table, (placed, placement) in self.tables.items():
            rows: list[Source] = [
                InGroup(group, op)
                for group, lanes in enumerate(self.selected)
                for op in lanes.rows.get(table, [])
            ]
            done: MOp | None = None
            for space in placement.spaces:
                covered = [
                    store
                    for number, store in enumerate(placed.stores)
                    if space.base - self.vlen < placed.base + number * self.vlen < space.end
                ]
                inputs = self._inputs_in(space)
                edges.extend((load, store, 0) for load in inputs for store in covered)
                results = self._results_in(space)
                if results and rows:
                    if done is None:
                        done = self.uniform.add(MOp("records read", (), lanes=0, width=0))
                        done.order.extend((row, 0) for row in rows)
                    edges.extend((done, store, 0) for store in results)
        return edges

    def _buffer_order(self) -> list[tuple[Source, Source, int]]:
        """Order edges of lane buffers: groups use them in turns, in dead words only."""
        edges: list[tuple[Source, Source, int]] = []
        for loop, placement in self.buffers.items():
            turns = [
                (group, turn)
                for group in self._groups_of(loop)
                for turn in self.selected[group].turns
            ]
            edges += one_after_the_other(turns)
            if turns:
                first, last = turns[0], turns[-1]
                for space in placement.spaces:
                    filled = InGroup(first[0], first[1].stores[0])
                    edges.extend((load, filled, 0) for load in self._inputs_in(space))
                    for store in self._results_in(space):
                        edges.append((InGroup(last[0], last[1].load), store, 0))
        return edges

    def _side_by_side_order(self) -> list[tuple[Source, Source, int]]:
        buffers = self.side_by_side.values()
        return order_after_writers(buffers, self.uniform.ops, self.groups, self.vlen)

    def _inputs_in(self, space: Space) -> list[Source]:
        """The loads of input that must be done before the words of ``space`` are written."""
        found: list[Source] = []
        for load in space.after:
            if space.group is None:
                found += self._instances(load) + self._table_loads(load)
            else:
                found += self._memory_in(self.first_group[load.loop] + space.group, load)
        return found

    def _results_in(self, space: Space) -> list[Source]:
        """The stores that follow the last use of the words of ``space``."""
        if space.before is None or space.group is None:
            return []
        group = self.first_group[space.before.loop] + space.group
        return [InGroup(group, store) for store in self.selected[group].memory[space.before]]

    def _groups_of(self, loop: int) -> range:
        first = self.first_group[loop]
        return range(first, first + self.program.groups(self.function.loops[loop]))

    def _reduction(self, value: Value) -> Operand:
        """Combine the groups' vectors one after the other, then the lanes pairwise."""
        kind = value.reduction
        if kind is None:
            raise InternalError(f"{value!r} has no reduction operator")
        uniform = self.uniform
        words: list[Operand] = []
        totals: dict[int, Operand] = {}
        for group in self._groups_of(value.imm):
            lanes = self.selected[group]
            result = self.seen_outside(group, lanes.reduced[value])
            if lanes.group.lanes < self.vlen:
                words.extend(
                    Operand(result.source, result.offset + k * result.stride, 0)
                    for k in range(lanes.group.lanes)
                )
            else:
                chain = group % self.program.chains
                total = totals.get(chain)
                if total is not None:
                    result = self._combine_vectors(kind, total, result)
                totals[chain] = result
        total = None
        for chain in totals.values():
            total = chain if total is None else self._combine_vectors(kind, total, chain)
        if total is not None:
            words.extend(
                Operand(total.source, total.offset + k * total.stride, 0) for k in range(self.vlen)
            )
        return combine(uniform, kind, words)

    def _local(self, group: int) -> frozenset[MOp]:
        template = self.groups[group]
        if template not in self._own:
            self._own[template] = frozenset(template.ops)
        return self._own[template]

    def _combine_vectors(self, kind: Reduction, a: Operand, b: Operand) -> Operand:
        uniform = self.uniform
        if kind in OPCODES:
            return Operand(uniform.elementwise(OPCODES[kind], a, b, "acc"))
        less = Operand(uniform.elementwise("<", a, b, "less"))
        first, second = (a, b) if kind is Reduction.MIN else (b, a)
        form = Form("flow", "vselect", (less, first, second))
        return Operand(uniform.add(MOp("acc", (form,), self.vlen, self.vlen)))

    def _memory_order(self) -> list[tuple[Source, Source, int]]:
        """Order edges between memory operations that the lane function orders.

        Within a loop, iterations are independent and only operations of one group are ordered.
        """
        edges: list[tuple[Source, Source, int]] = []
        for value in self.function.values:
            for before in ordered_before(value):
                if value.loop == before.loop != TOP_LEVEL:
                    if value not in self._in_rows.get(before, ()):
                        edges.extend(self._order_in_groups(before, value))
        if self.program.cut is not None:
            return edges
        if self.program.overlap is not None:
            (loop,) = self.function.loops
            told = self.program.groups(loop), self._accesses, self._barrier
            edges += overlap_order(self.function, loop, self.program.overlap, *told)
        return edges + LoopOrder(self.program, self._accesses, self._barrier).edges()

    def _accesses(self, value: Value, group: int) -> list[Source]:
        """The operations that an access has become in a group of its loop."""
        if value.loop == TOP_LEVEL:
            return list(self.uniform.memory.get(value, []))
        return self._memory_in(self.first_group[value.loop] + group, value)

    def _barrier(self) -> MOp:
        return self.uniform.add(MOp("barrier", (), lanes=0, width=0))

    def _order_in_groups(self, before: Value, after: Value) -> list[tuple[Source, Source, int]]:
        """Order two operations of one iteration: inside the templates where both stand there, by
        the edges returned where one of them is shared by groups.  Stores of the same rows write
        different words."""
        latency = int(before.op is Op.STORE)
        for lanes in dict.fromkeys(self.selected[g] for g in self._groups_of(after.loop)):
            for first in lanes.memory.get(before, []):
                for second in lanes.memory.get(after, []):
                    if (first, latency) not in second.order:
                        second.order.append((first, latency))
        edges: dict[tuple[Source, Source, int], None] = {}
        for group in self._groups_of(after.loop):
            seconds = self._memory_in(group, after)
            for first in self._memory_in(group, before):
                edges.update(
                    ((first, second, latency), None)
                    for second in seconds
                    if not (isinstance(first, InGroup) and isinstance(second, InGroup))
                )
        return list(edges)

    def _table_loads(self, load: Value) -> list[Source]:
        """The loads of words that are kept in scratch for all reads of an array."""
        return list(self.uniform.table_loads.get(load.array, []))

    def _instances(self, value: Value) -> list[Source]:
        if value.loop == TOP_LEVEL:
            return list(self.uniform.memory.get(value, []))
        found = (s for group in self._groups_of(value.loop) for s in self._memory_in(group, value))
        return list(dict.fromkeys(found))

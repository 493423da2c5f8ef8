"""What can be done about each table read of a loop, and what it costs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod

from vliwc.analysis.linear import Linear, combinations, domain, signed
from vliwc.ir.graph import Loop
from vliwc.ir.value import MASK, Op, Value
from vliwc.isel.address import Flip, Sum, plan_sum
from vliwc.isel.cost import NOTHING, EngineDemand, vector_demand
from vliwc.isel.memory.regions import Regions
from vliwc.isel.memory.store_rows import StoreRows
from vliwc.isel.program import LaneProgram
from vliwc.isel.reads.address_sums import AsWritten, FromAddress
from vliwc.isel.reads.fold import Early, Folds, find_folds
from vliwc.isel.reads.neighbour_reads import RowOfNeighbours
from vliwc.isel.reads.records import RecordFirst, RecordSecond, RecordTable
from vliwc.isel.reads.region_reads import RegionRead
from vliwc.isel.reads.split_reads import BitTree, PackedRead
from vliwc.isel.reads.table_reads import Consecutive, Gather, Plan, Read, SelectTree
from vliwc.isel.reads.windows import Window
from vliwc.strategy.move_choice import moved_address, moved_demand, moved_record
from vliwc.strategy.neighbour_choice import find_row, side_by_side, users
from vliwc.strategy.region_choice import loop_regions
from vliwc.strategy.row_choice import loop_rows
from vliwc.strategy.split_choice import Entry, SplitReads, SplitWay, split_reads, split_ways
from vliwc.strategy.sum_choice import written_sums
from vliwc.strategy.tuning import TUNING
from vliwc.strategy.window_choice import find_windows, window_demand


@dataclass(frozen=True, eq=False)
class Step:
    """One way to do the next table reads of a loop: one, two for a record, or a row of them.

    ``reads`` says how; ``demand`` is what it asks for each group beside address arithmetic;
    ``address`` the linear form whose vector it needs (None: none) and leaves behind;
    ``entries`` the words it wants in scratch, ``table`` the record table it wants in memory;
    ``moves`` the vectors that it moves through the loop's lane buffer; ``shareable`` the part of
    ``demand`` that other reads may ask for as well, and do together, or users do without; ``flip``
    a bit of ``address`` of which the opposite is there for nothing.
    """

    name: str
    reads: tuple[tuple[Value, Read], ...]
    demand: EngineDemand
    address: Linear | None = None
    entries: tuple[Entry, ...] = ()
    table: RecordTable | None = None
    shareable: EngineDemand = NOTHING
    flip: Flip | None = None
    moves: int = 0


@dataclass(frozen=True, eq=False)
class LoopReads:
    """The table reads of a loop with the steps that can start at each, in program order but for
    those of neighbouring words, which stand together."""

    loop: Loop
    program: LaneProgram
    folds: Folds
    fixed: dict[Value, Read]
    table: list[Value]
    steps: list[list[Step]]
    regions: Regions | None = None
    rows: tuple[StoreRows, ...] = ()
    splits: SplitReads = field(default_factory=SplitReads)

    def own(self, value: Value) -> int:
        """Vector operations that compute the index of a read and are of no other use."""
        return self.splits.own.get(value, 0)

    def plan(self, steps: Sequence[tuple[Step, int]]) -> Plan:
        """The plan that follows ``steps``, each with its number of choice bits."""
        reads = dict(self.fixed)
        for step, choice_bits in steps:
            for value, read in step.reads:
                if isinstance(read, Gather | RecordFirst | RowOfNeighbours | Window | FromAddress):
                    read = replace(read, choice_bits=choice_bits)
                if not isinstance(read, AsWritten):
                    reads[value] = read
        folds = {load: fold for load, fold in self.folds.of.items() if load in reads}
        early: dict[Value, Early] = {}
        for value, read in reads.items():
            before = self.folds.before(value) if isinstance(read, Gather | Window) else None
            if before is not None:
                early[before.user] = before
                del folds[value]
        aliases = dict(self.folds.aliases)
        return Plan(reads, folds, aliases, self.regions, rows=self.rows, early=early)

    def without(self, tables: Collection[object]) -> LoopReads:
        """The reads without the steps that need one of ``tables``."""
        steps = [[step for step in at if step.table not in tables] for at in self.steps]
        return replace(self, steps=steps)

    def direct(self) -> LoopReads:
        """The reads without the steps that work on the bits of an index."""
        return self._other_than(BitTree, PackedRead)

    def quick(self) -> LoopReads:
        """The reads without the steps that take longer to save operations: those that load one
        lane a cycle, and sums that wait for an address."""
        return self._other_than(Window, FromAddress)

    def moving(self, firsts: Collection[Value]) -> LoopReads:
        """The reads without the steps that need a lane buffer, but for records that start with one
        of the reads ``firsts``."""
        steps = [[s for s in at if not s.moves or s.reads[0][0] in firsts] for at in self.steps]
        return replace(self, steps=steps)

    def _other_than(self, *kinds: type) -> LoopReads:
        steps = [[s for s in at if not isinstance(s.reads[0][1], kinds)] for at in self.steps]
        return replace(self, steps=steps)

    def is_bit(self, atom: Value) -> bool:
        """Whether an atom is 0 or 1."""
        return self.program.facts.hi(atom) <= 1

    def address_sum(self, step: Step, known: Linear | None, choice_bits: int) -> Sum | None:
        """How the address of ``step`` is computed after an address with form ``known``."""
        if step.address is None:
            return None
        before = [] if known is None else [known]
        return plan_sum(step.address, before, self.is_bit, choice_bits, step.flip)


def loop_reads(
    program: LaneProgram, loop: Loop, *, records: bool = True, block: int = 1, moves: bool = False
) -> LoopReads:
    """Find the table reads of ``loop`` and the ways to do them.

    Words at known addresses are loaded for ``block`` groups at a time where that saves loads, not
    at all so if it is 0; then there are no rows of stored words either.  With ``moves``, words of
    records may move through memory.
    """
    function, forms = program.function, program.forms
    folds = find_folds(function, forms)
    live = function.computed()
    written = {v.array for v in function.values if v.op is Op.STORE and v in live}
    left_out = program.left_out
    regions = loop_regions(program, loop, block) if block and "chunks" not in left_out else None
    fixed: dict[Value, Read] = {}
    table: list[Value] = []
    for value in function.values:
        if value.op is Op.LOAD and value.loop == loop.number and value in live:
            form = forms[value.args[0]]
            if regions is not None and value in regions.reads:
                fixed[value] = RegionRead()
            elif form.is_row:
                fixed[value] = Consecutive()
            elif value.array in written:
                fixed[value] = Gather()
            else:
                table.append(value)
    if "neighbours" not in left_out:
        table = side_by_side(program, table)
    rows = loop_rows(program, loop) if block and "rows" not in left_out else ()
    known = [value for value, read in fixed.items() if isinstance(read, RegionRead)]
    splits = split_reads(program, loop, table, folds, known)
    ways = split_ways(program, splits, table, folds)
    found = LoopReads(loop, program, folds, fixed, table, [], regions, rows, splits)
    used_by = users(program, folds)
    order = {value: number for number, value in enumerate(function.values)}
    vlen = program.machine.vlen
    windows = {} if "windows" in left_out else find_windows(program, table, folds)
    for position, value in enumerate(table):
        steps = [_gather(found, value)]
        select = None if "select" in left_out else _select(found, value)
        if select is not None:
            steps.append(select)
        if select is None or len(table) <= TUNING.split_reads:
            steps += [
                _split(way, value)
                for way in ways.get(value, [])
                if ("bits" if isinstance(way.read, BitTree) else "packed") not in left_out
            ]
        steps = _undominated(steps)
        for place in windows.get(value, ()):
            demand, shareable = window_demand(value, found.own(value), folds, used_by, vlen)
            read = Window(place.offset, place.flip)
            array = program.function.arrays[value.array]
            start = program.forms[value.args[0]].plus(Linear(array.base - place.offset))
            steps.append(
                Step("window", ((value, read),), demand, start, (), None, shareable, place.flip)
            )
        row = None
        if "neighbours" not in left_out:
            row = find_row(program, table, position, folds, used_by, order)
        if row is not None and all(_read_together(found, row.loader, v) for v, _ in row.reads):
            steps.append(Step("row", row.reads, row.demand, row.address, shareable=row.uncertain))
        if records and "records" not in left_out and position + 1 < len(table):
            second = table[position + 1]
            record = _record(found, value, second) if order[value] < order[second] else None
            if record is not None and _read_together(found, value, second):
                steps.append(record)
                if moves and "moves" not in left_out:
                    steps += _moved(found, record, used_by, order)
        found.steps.append(steps)
    if "sums" not in left_out:
        _add_sums(found, used_by, order)
    return found


def _add_sums(
    reads: LoopReads, used_by: Mapping[Value, Sequence[Value]], order: Mapping[Value, int]
) -> None:
    """Sums that may be computed from addresses, as reads of nothing behind all others."""
    program, vlen = reads.program, reads.program.machine.vlen
    addresses = dict.fromkeys(s.address for at in reads.steps for s in at if s.address is not None)
    sums = written_sums(program, reads.loop, reads.table, addresses, reads.folds, used_by, order)
    for value, demand, shareable in sums:
        written = Step("as written", ((value, AsWritten()),), demand, shareable=shareable)
        form = program.forms[value]
        summed = Step("from address", ((value, FromAddress()),), vector_demand(vlen), form)
        reads.table.append(value)
        reads.steps.append([written, summed])


def _moved(
    reads: LoopReads,
    record: Step,
    used_by: Mapping[Value, Sequence[Value]],
    order: Mapping[Value, int],
) -> list[Step]:
    """The step with the words of ``record`` moved through memory, if they can be."""
    (first, _), (second, choice) = record.reads
    table, address, vlen = record.table, record.address, reads.program.machine.vlen
    assert table is not None and address is not None and isinstance(choice, RecordSecond)
    pair = moved_record(reads.program, table, first, choice, reads.folds, used_by, order)
    if pair is None:
        return []
    step = replace(
        record,
        name="moved record",
        reads=((first, pair[0]), (second, pair[1])),
        demand=moved_demand(record.demand, vlen),
        address=moved_address(address, table, vlen),
        moves=1,
    )
    return [step]


def _gather(reads: LoopReads, value: Value) -> Step:
    array = reads.program.function.arrays[value.array]
    address = reads.program.forms[value.args[0]].plus(Linear(array.base))
    vlen = reads.program.machine.vlen
    plain = reads.own(value) + int(value in reads.folds.of)
    demand = vector_demand(vlen, load=vlen, plain=plain)
    return Step("gather", ((value, Gather()),), demand, address)


def _select(reads: LoopReads, value: Value) -> Step | None:
    form = reads.program.forms[value.args[0]]
    array = reads.program.function.arrays[value.array]
    domains: dict[Value, tuple[int, ...]] = {}
    for atom in form.atoms:
        words = domain(atom, reads.program.facts)
        if words is None:
            return None
        domains[atom] = words
    count = prod(len(words) for words in domains.values())
    if count > TUNING.select_words(reads.program.machine.vlen):
        return None
    indices = [index for _, index in combinations(form, domains)]
    if any(index >= array.length for index in indices):
        return None
    comparisons = sum(len(words) - 2 + (words[0] != 0) for words in domains.values())
    fold = reads.folds.of.get(value)
    entries = tuple(Entry(array.name, index, fold) for index in indices)
    first = next(iter(domains.values()), ())
    either = count // 2 if first == (0, 1) else 0
    vlen = reads.program.machine.vlen
    plain = reads.own(value) + comparisons
    demand = vector_demand(vlen, either=either, flow=count - 1 - either, plain=plain)
    return Step("select", ((value, SelectTree(domains)),), demand, None, entries)


def _split(way: SplitWay, value: Value) -> Step:
    reads = ((value, way.read),)
    return Step(way.name, reads, way.demand, None, way.entries, None, way.shareable)


def _undominated(steps: Sequence[Step]) -> list[Step]:
    """The steps, without trees that want the words of another one before or after and ask for no
    less than that on any engine."""

    def covers(step: Step, other: Step) -> bool:
        a, b = step.demand, other.demand
        return (
            step.entries != ()
            and set(step.entries) == set(other.entries)
            and a.compute <= b.compute
            and a.valu <= b.valu
            and a.flow <= b.flow
            and a.flow + a.either <= b.flow + b.either
        )

    found: list[Step] = []
    for step in steps:
        if not any(covers(other, step) for other in found):
            found = [other for other in found if not covers(step, other)]
            found.append(step)
    return found


def _read_together(reads: LoopReads, first: Value, second: Value) -> bool:
    """Whether all groups that do the second of two reads do the first one too."""
    cases = reads.program.cases(reads.loop)
    if cases is None:
        return True
    lanes, others = cases.groups_wanting(first), cases.groups_wanting(second)
    return bool((lanes | ~others).all())


def _record(reads: LoopReads, first: Value, second: Value) -> Step | None:
    """Records of both reads, if the second index is a multiple of the first plus one atom."""
    program = reads.program
    if first.array != second.array:
        return None
    array = program.function.arrays[first.array]
    lead, follow = program.forms[first.args[0]], program.forms[second.args[0]]
    if not lead.terms:
        return None
    atom, coefficient = lead.terms[0]
    for scale in range(1, TUNING.record_scales + 1):
        if (coefficient * scale - follow.coefficient(atom)) & MASK == 0:
            break
    else:
        return None
    rest = follow.minus(lead.times(scale))
    if len(rest.terms) != 1:
        return None
    picker, step = rest.terms[0]
    words = domain(picker, program.facts)
    index = first.args[0]
    lo, hi = program.facts.lo(index), program.facts.hi(index)
    vlen = program.machine.vlen
    most = TUNING.records_per_lane * vlen
    if words is None or hi - lo >= most or len(words) + 1 > vlen:
        return None
    offsets = tuple((rest.const + step * word) & MASK for word in words)
    for x in (lo, hi):
        if any((scale * x + offset) & MASK >= array.length for offset in offsets):
            return None
    if hi >= array.length:
        return None
    folds = (reads.folds.of.get(first), reads.folds.of.get(second))
    table = RecordTable(array.name, lo, hi - lo + 1, scale, tuple(map(signed, offsets)), folds)
    extra = len(words) - 1
    plain = reads.own(first) + reads.own(second) + len(words) - 2 + (words[0] != 0)
    demand = vector_demand(vlen, flow=extra, plain=plain, lanes=extra, load=vlen)
    return Step(
        "record",
        ((first, RecordFirst(table)), (second, RecordSecond(table, first, picker, words))),
        demand,
        lead.times(table.pitch).plus(Linear(-lo * table.pitch & MASK)),
        (),
        table,
    )

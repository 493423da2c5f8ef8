"""The work of a kernel that no strategy assignment avoids.

Counted on one machine DAG, the one that gathers whatever tables it reads, by walking back from
stores, reductions and the values that addresses are made of.  Three kinds of operations of that
DAG are not counted as they stand:

* reads at addresses that are known when compiling: the words must come to scratch somehow, so
  their *distinct* words count, by the fewest ``vload``s that could bring them all;
* stores at such addresses: each word is written once, by a ``vstore`` where ``vlen`` neighbours are
  written, by a ``store`` where fewer are;
* what only moves operands to neighbouring words, and scalar constants: nothing.

Table reads and the arithmetic of run-time addresses are for :mod:`vliwc.strategy.bound`, which
knows their alternatives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from vliwc.analysis.known_addresses import known_addresses, words_asked
from vliwc.analysis.linear import BitFacts
from vliwc.ir.graph import is_uniform
from vliwc.ir.value import TOP_LEVEL, Op, Value
from vliwc.isel.cost import NOTHING, EngineDemand
from vliwc.isel.instantiate import Instance, instantiate
from vliwc.isel.memory.side_by_side import ADJACENT
from vliwc.isel.program import LaneProgram
from vliwc.isel.scalar import shifted_out
from vliwc.isel.select import Selected
from vliwc.mir.operation import InGroup, MOp, PerGroup, Source, providers
from vliwc.strategy.certain_ends import CertainWork, GroupEnds, first_load
from vliwc.strategy.chains import chain_over_loops
from vliwc.strategy.choose import gather_only, only_flow
from vliwc.strategy.least_latency import (
    copies_words,
    is_move,
    least_latency,
    sure_atoms,
    to_buffer,
)
from vliwc.strategy.options import LoopReads, loop_reads


@dataclass(frozen=True)
class Unavoidable:
    """What every machine DAG contains in which reads share chunks of ``block`` groups.

    ``demand``: arithmetic, and memory operations at run-time addresses; ``words``: the memory
    addresses of words that must be read, ``loads`` the fewest operations that bring those that
    lanes read; ``more_words``: the least number of further words that must be read; ``stores``:
    operations that write the words at known addresses; ``selects``: how
    many selections take flow, or instead of it the demand that is their key; ``latency``: cycles
    of the longest chain; ``busiest``: those of the engine that is busiest with such work, and of
    the chains before and after it; ``reads``: the table reads, by loop.
    """

    block: int
    demand: EngineDemand
    words: frozenset[int]
    loads: int
    stores: int
    selects: tuple[tuple[EngineDemand, int], ...]
    latency: int
    busiest: int
    reads: tuple[LoopReads, ...]
    more_words: int = 0

    def same_but_for_block(self, other: Unavoidable) -> bool:
        """Whether chunks shared by another number of groups make no difference."""
        tables = [reads.table for reads in self.reads] == [reads.table for reads in other.reads]
        return tables and replace(self, block=other.block, reads=other.reads) == other


def ways_to_share(program: LaneProgram, blocks: Iterable[int]) -> list[Unavoidable]:
    """The unavoidable work for each of ``blocks`` and for 0, equal ones once."""
    found: list[Unavoidable] = []
    alike = False
    for block in dict.fromkeys((*blocks, 0)):
        reads = _reads(program, block)
        plain = all(at.regions is None and not at.rows for at in reads)
        if not (plain and alike):
            work = _unavoidable(program, block, reads)
            if not any(work.same_but_for_block(other) for other in found):
                found.append(work)
        alike = alike or plain
    return found


def unavoidable_work(program: LaneProgram, block: int) -> Unavoidable:
    """Walk back through the DAG of ``program`` with chunks shared by ``block`` groups (0: none)."""
    return _unavoidable(program, block, _reads(program, block))


def _reads(program: LaneProgram, block: int) -> tuple[LoopReads, ...]:
    return tuple(
        loop_reads(program, loop, block=block, moves=True) for loop in program.function.loops
    )


def _unavoidable(program: LaneProgram, block: int, reads: tuple[LoopReads, ...]) -> Unavoidable:
    """The work that is counted by the walk, with all ways to do the ``reads`` of each loop."""
    # Words that stand side by side take one operation, others one for each lane: the same lanes.
    program = replace(program, left_out=program.left_out | {ADJACENT})
    instance = instantiate(program, gather_only(program, block))
    vlen, function = program.machine.vlen, program.function
    places = known_addresses(function)
    if block:
        reads = tuple(_without_known(at, places) for at in reads)
    else:
        # Without rows, words that do not stand together are stored one by one.
        places = {v: at for v, at in places.items() if not _scattered(program, v)}
    total, latency = NOTHING, 0
    shared: dict[Source, None] = dict.fromkeys(_shared_roots(instance))
    selects: Counter[EngineDemand] = Counter()
    words: set[int] = set()
    certain = CertainWork(program.machine)
    for loop in function.loops:
        first = instance.first_group[loop.number]
        cases = program.cases(loop)
        walked: dict[Selected, _Path] = {}
        ends: dict[tuple[Selected, int], GroupEnds] = {}
        for group in range(first, first + program.groups(loop)):
            lanes = instance.selected[group]
            if lanes not in walked:
                walked[lanes] = _data_path(program, lanes, reads[loop.number], places)
            path = walked[lanes]
            total = total.plus(path.work)
            selects.update(path.selects)
            start = (group - first) * vlen
            asked = {
                value: words_asked(places, value, cases, start, lanes.group.lanes)
                for value in (*path.known, *path.stored)
            }
            known = {word for v in path.known for word in asked[v] if word is not None}
            words |= known
            if program.cut is None and not reads[loop.number].table:
                at = (lanes, first_load(min(known, default=0), vlen))
                if at not in ends:
                    ends[at] = GroupEnds(lanes, places, at[1])
                _add_certain(certain, ends[at], path, asked)
            shared.update(
                (s.member(group) if isinstance(s, PerGroup) else s, None)
                for s in path.outside
                if not isinstance(s, InGroup)
            )
        chains = [least_latency(lanes, reads[loop.number], places) for lanes in walked]
        latency = max([latency, *chains])
    latency = max(latency, chain_over_loops(program, instance, places))
    busiest = certain.cycles(
        lambda some: fewest_windows(some, vlen), lambda some: fewest_stores(some, vlen)
    )
    common, other_words = _shared_work(instance, shared, places)
    written = {word for value in function.roots for word in places.get(value, ())}
    found = Unavoidable(
        block,
        total,
        frozenset(words | other_words),
        fewest_windows(words, vlen),
        fewest_stores(written, vlen),
        tuple(sorted(selects.items())),
        latency,
        busiest,
        reads,
    )
    if program.trips > 1:
        found = _repeated(program, found, {v for v in function.computed() if v in places})
    return replace(found, demand=found.demand.plus(common))


def _repeated(program: LaneProgram, work: Unavoidable, known: set[Value]) -> Unavoidable:
    """What all trips of a machine loop cannot avoid, if one has ``work``.

    Where neighbouring lanes use neighbouring words, each trip uses words that no trip before has
    used; a load that brings the last words of one may bring the first of the next.
    """
    vlen, trips = program.machine.vlen, program.trips
    lanes = sum(loop.extent for loop in program.function.loops)
    fresh = {
        (value.op, value.array)
        for value in known
        if value.loop != TOP_LEVEL and program.forms[value.args[0]].is_consecutive
    }
    read = sum(op is Op.LOAD for op, _ in fresh)
    return replace(
        work,
        demand=NOTHING.plus(work.demand, trips),
        more_words=(trips - 1) * lanes * read,
        loads=max(work.loads - read, 0) + read * ((trips - 1) * lanes // vlen),
        stores=max(work.stores, trips * lanes // vlen * (len(fresh) - read)),
        selects=tuple((demand, count * trips) for demand, count in work.selects),
    )


def _scattered(program: LaneProgram, value: Value) -> bool:
    in_loop = value.op is Op.STORE and value.loop != TOP_LEVEL
    return in_loop and not program.forms[value.args[0]].is_row


def _without_known(reads: LoopReads, places: Mapping[Value, Sequence[int]]) -> LoopReads:
    """The table reads at run-time addresses, and those that records could serve."""
    recorded = {v for at in reads.steps for s in at if len(s.reads) > 1 for v, _ in s.reads}
    kept = [n for n, v in enumerate(reads.table) if v not in places or v in recorded]
    table, steps = [reads.table[n] for n in kept], [reads.steps[n] for n in kept]
    return replace(reads, table=table, steps=steps)


def fewest_windows(words: Iterable[int], vlen: int) -> int:
    """The fewest ranges of ``vlen`` neighbouring words that contain all ``words``: from each word
    not yet covered upwards."""
    count, end = 0, -1
    for word in sorted(words):
        if word >= end:
            count, end = count + 1, word + vlen
    return count


def fewest_stores(words: Iterable[int], vlen: int) -> int:
    """The fewest operations that write ``words`` and no others: a vector at a time where at least
    ``vlen`` neighbours are written, else one by one."""
    count = length = 0
    previous: int | None = None
    for word in [*sorted(set(words)), None]:
        if previous is not None and word != previous + 1:
            count += -(-length // vlen) if length >= vlen else length
            length = 0
        length, previous = length + 1, word
    return count


@dataclass(eq=False)
class _Path:
    """The data path of a group: its work, selections apart, and the operations that it is
    ``counted`` of; ``outside`` is what it takes from
    shared operations, ``known`` the reads at known addresses that it needs, ``stored`` the
    stores at such addresses."""

    known: list[Value]
    stored: list[Value]
    counted: list[tuple[MOp, EngineDemand]] = field(default_factory=list[tuple[MOp, EngineDemand]])
    selects: Counter[EngineDemand] = field(default_factory=Counter[EngineDemand])
    outside: list[Source] = field(default_factory=list[Source])
    work: EngineDemand = NOTHING


def _add_certain(
    certain: CertainWork,
    ends: GroupEnds,
    path: _Path,
    asked: Mapping[Value, Sequence[int | None]],
) -> None:
    """The work of one group, with what comes before and after it for certain."""
    for value in path.known:
        certain.reads(asked[value], ends.after_load(value))
    for value in path.stored:
        certain.writes(asked[value], ends.before_store(value))
    certain.others.update((ends.of(op), demand) for op, demand in path.counted)


def _data_path(
    program: LaneProgram, lanes: Selected, reads: LoopReads, places: Mapping[Value, Sequence[int]]
) -> _Path:
    """The work of a group beside table reads, addresses and moves."""
    own, table = set(lanes.template.ops), set(reads.table)
    needed = _needed(program, reads, places, lanes)
    path = _Path(
        [v for v in places if v in needed and v.op is Op.LOAD and v not in table],
        [v for v in places if v.op is Op.STORE and v.loop == reads.loop.number],
    )
    stack: list[Source] = [operand.source for operand in lanes.results]
    stack.extend(total.last for total in lanes.totals.values())
    stack.extend(op for writers in lanes.writers.values() for op in writers)
    leaves = {lanes.group.vectors[value].source for value in table & needed}
    for value, ops in lanes.memory.items():
        if value.op is Op.STORE:
            stack.extend(operand.source for operand in lanes.group.operands(value.args[1]))
        if (value in places and value not in table) or value not in needed:
            leaves.update(ops)
            continue
        in_table = value in table
        atoms = sure_atoms(reads, value) if in_table else lanes.group.forms[value.args[0]].atoms
        stack.extend(operand.source for operand in lanes.group.all_operands(atoms))
        if not in_table:
            leaves.update(ops)
            path.counted += [(op, _slots(op)) for op in ops]
    for value in table & needed:
        if not value.is_memory:
            atoms = sure_atoms(reads, value)
            stack.extend(operand.source for operand in lanes.group.all_operands(atoms))
    seen: set[Source] = set(leaves)
    selections: list[MOp] = []
    while stack:
        source = stack.pop()
        if source in seen:
            continue
        seen.add(source)
        if not isinstance(source, MOp) or source not in own:
            path.outside.append(source)
            continue
        if _is_selection(source):
            selections.append(source)
        elif to_buffer(source) or not is_move(lanes, source):
            path.counted.append((source, _slots(source)))
        stack.extend(providers(source))
    path.selects.update(_without_flow(selections, program.facts))
    path.work = reduce(EngineDemand.plus, (demand for _, demand in path.counted), NOTHING)
    return path


def _needed(
    program: LaneProgram,
    reads: LoopReads,
    places: Mapping[Value, Sequence[int]],
    lanes: Selected,
) -> set[Value]:
    """The values of a group from which its results follow, table reads and addresses included."""
    function, forms = program.function, program.forms
    aliases = reads.folds.aliases
    number, table = reads.loop.number, set(reads.table)
    cases = lanes.group.cases
    needed = (
        set(lanes.taken)
        | {key.word for key in lanes.totals}
        | {
            value
            for value in function.computed()
            if (value.op is Op.STORE and value.loop == number)
            or (value.op is Op.REDUCE and value.imm == number)
        }
    )
    for value in reversed(function.values):
        shared = is_uniform(value) and not (value.op is Op.REDUCE and value.imm == number)
        if value not in needed or shared or shifted_out(value):
            continue
        if value in aliases:
            needed.add(aliases[value])
        elif value in cases:
            needed.update(case for case in cases[value] if isinstance(case, Value))
        elif value.op is Op.MOVE:
            needed.update(arg for arg in value.args if arg.loop == value.loop)
        elif value in table:
            needed.update(sure_atoms(reads, value))
        elif value.is_memory:
            needed.update(() if value in places else forms[value.args[0]].atoms)
            needed.update(value.args[1:])
        else:
            needed.update(value.args)
    return needed


def _is_selection(op: MOp) -> bool:
    return only_flow(op) and op.origin is not None and op.origin.op is Op.SELECT


def _without_flow(selections: Iterable[MOp], facts: BitFacts) -> Iterator[EngineDemand]:
    """What each selection takes on valu and alu in place of a flow slot, at least: of operations
    that it could share with others, its part."""
    values = [(op, op.origin.args) for op in selections if op.origin is not None]
    differences = Counter((a, b) for _, (c, a, b) in values if a is not c)
    missing = Counter(c for _, (c, a, _) in values if a is c)
    tests = Counter(c for _, (c, a, _) in values if a is not c)
    for op, (c, a, b) in values:
        if a is c:
            extra, valu = op.lanes // missing[c], not (b.is_const and b.imm == 1)
        else:
            extra, valu = op.lanes // differences[a, b], True
            extra += op.lanes // tests[c] if facts.hi(c) > 1 else 0
        yield EngineDemand(compute=op.lanes + extra, valu=int(valu))


def _shared_roots(instance: Instance) -> Iterator[MOp]:
    return (op for op in instance.dag.shared if op.width == 0 and op.forms)


def _shared_work(
    instance: Instance, roots: Iterable[Source], places: Mapping[Value, Sequence[int]]
) -> tuple[EngineDemand, set[int]]:
    """The work of shared operations that ``roots`` need, and the addresses of words they read."""
    dag, uniform = instance.dag, instance.uniform
    at_known = {
        op: places[value] for value, ops in uniform.memory.items() for op in ops if value in places
    }
    word_of = {op: word for word, op in dag.constants.items()}
    table_loads = {op for ops in uniform.table_loads.values() for op in ops}
    rows = set(_shared_roots(instance)) - {op for ops in uniform.memory.values() for op in ops}
    # Lanes may be copied without a mask.
    free = {
        *uniform.masks,
        *instance.chunks,
        *dag.constants.values(),
        *at_known,
        *table_loads,
        *rows,
    }
    total, words = NOTHING, set[int]()
    wanted = dict.fromkeys(op for op in roots if isinstance(op, MOp))
    stack = list(wanted)
    while stack:
        op = stack.pop()
        if op in at_known and op.width:
            words.update(at_known[op])
        from_table = False
        for operand in (operand for form in op.forms for operand in form.all_operands()):
            source = operand.source
            if source in table_loads:
                assert isinstance(source, MOp)
                from_table = True
                address = source.forms[0].operands[0].source
                words.add((word_of[address] if address in word_of else 0) + operand.offset)
            if isinstance(source, MOp) and source not in wanted:
                wanted[source] = None
                stack.append(source)
        # Table words may be broadcast as entries in another assignment.
        if op not in free and not from_table:
            total = total.plus(_slots(op))
    return total, words


def _slots(op: MOp) -> EngineDemand:
    """The slots of one operation, by what can take them."""
    engines = {form.engine for form in op.forms}
    vector = any(not form.scalarised for form in op.forms)
    slots = 1 if vector else op.lanes
    if not engines:
        return NOTHING
    if engines == {"valu"}:
        return EngineDemand(compute=op.lanes, valu=1)
    if engines == {"alu"}:
        # Words that stand here and there can be copied to a vector before, but what is to stand
        # apart takes a slot of alu for each word.
        apart = any(form.per_lane is not None for form in op.forms)
        apart = apart and not copies_words(op) and not to_buffer(op)
        return EngineDemand(compute=op.lanes, alu=0 if apart else op.lanes)
    if engines == {"alu", "valu"}:
        return EngineDemand(compute=op.lanes)
    if _is_selection(op):
        # Of uniform words: without flow it takes one operation or more.
        return EngineDemand(either=1) if op.lanes > 1 else NOTHING
    if engines == {"flow"}:
        return EngineDemand(flow=slots)
    if engines == {"load"}:
        return EngineDemand(load=slots)
    if engines == {"store"}:
        return EngineDemand(store=slots)
    # Only flow competes with compute for vector operations; what load takes too is not counted.
    return EngineDemand(either=1) if op.lanes > 1 and "load" not in engines else NOTHING

"""A parallel loop cut into trips of a machine loop: which operations belong to which part.

``set-up; trip, as often as there are trips; rest; end``: the trips execute a block of groups each,
the rest those that do not fill a block; what the kernel does after the loop is the end.  What no
lane number decides is set-up: constants, tables, addresses of the first trip.  Its results that
groups read stay at fixed places in scratch.  Those that depend on the number of the group are right
for the first trip only, and each trip adds to them where they stand when its last reader is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from isa.machine import MachineSpec
from vliwc.diagnostics import InternalError
from vliwc.ir.graph import Function, is_uniform
from vliwc.ir.value import Op, Value
from vliwc.isel.instantiate import Assignment, Instantiation, Placements
from vliwc.isel.loops.accumulators import Accumulators
from vliwc.isel.loops.top_level import TopLevel
from vliwc.isel.loops.updates import after_readers
from vliwc.isel.program import Cut, LaneProgram
from vliwc.mir.dag import MachineDag
from vliwc.mir.operation import Form, InGroup, MOp, Operand, PerGroup, Source, sources
from vliwc.sched.problem.schedule import OutOfScratch

Order = list[tuple[Source, Source, int]]


@dataclass(frozen=True, eq=False)
class CutDags:
    """The machine DAGs of the parts; ``count``: the word with the number of trips to go, which is
    right at the end of each trip."""

    setup: MachineDag
    trip: MachineDag
    rest: MachineDag | None
    end: MachineDag | None
    count: MOp


def can_cut(function: Function) -> bool:
    """Whether the loop of ``function`` can become a machine loop: it is the only one, and no word
    of a certain lane is taken from it in scratch, nor do its iterations take words from others."""
    return len(function.loops) == 1 and all(
        value.op not in (Op.MOVE, Op.SCAN) for value in function
    )


def alike(function: Function) -> bool:
    """Whether no condition, mask or factor of ``function`` follows from the lane number alone, so
    that nothing could be left out in some groups."""
    known: set[Value] = set()
    for value in function:
        if value.op in (Op.CONST, Op.LANE) or (
            value.info.arithmetic and all(arg in known for arg in value.args)
        ):
            known.add(value)
    deciding = (Op.SELECT, Op.MUL, Op.AND, Op.OR, Op.MADD)
    return not any(
        arg in known and not is_uniform(arg)
        for value in function
        if value.op in deciding and value not in known
        for arg in value.args
    )


def trip_of(program: LaneProgram, cut: Cut) -> LaneProgram:
    """One trip as a program of its own."""
    if cut.stays:
        return _piece(program, cut, program.function.loops[0].extent)
    return _piece(program, cut, cut.groups * program.machine.vlen)


def _piece(program: LaneProgram, cut: Cut, lanes: int) -> LaneProgram:
    loops = tuple(replace(loop, extent=lanes) for loop in program.function.loops)
    function = replace(program.function, loops=loops)
    return LaneProgram(
        function,
        program.facts,
        program.forms,
        program.machine,
        program.left_out,
        cut,
        program.after,
    )


def cut_dags(trip: LaneProgram, assignment: Assignment, placements: Placements) -> CutDags:
    """The machine DAGs of a loop whose trips are ``trip``, each group of which follows its plan of
    ``assignment``; those of the rest follow plans of groups that are spread over the trip."""
    cut = trip.cut
    if cut is None:
        raise InternalError("a program without a machine loop has no trips")
    groups = Instantiation(trip)
    uniform = groups.uniform
    top = TopLevel(trip.function, uniform)
    top.before()
    kept = [op for ops in uniform.memory.values() for op in ops if op.width]
    reductions = top.reductions
    totals = Accumulators(uniform)
    for value in reductions:
        totals.begin(value)
    order = groups.select(assignment, placements)
    _accumulate(totals, groups, reductions)
    adding = totals.made
    rest: Instantiation | None = None
    rest_order: Order = []
    totals.new_part()
    if cut.rest:
        rest = Instantiation(
            _piece(trip, cut, cut.rest), groups, cut.trips * cut.groups * trip.machine.vlen
        )
        rest_order = rest.select(_spread(assignment, rest.program), {})
        _accumulate(totals, rest, reductions)
    count = uniform.add(MOp("trips", (Form("load", "const", imm=cut.trips),)))
    uniform.running[count] = uniform.word(-1)
    zero = uniform.word(0).source
    assert isinstance(zero, MOp)
    varying = _varying(uniform.ops, uniform.running)
    once = frozenset(op for op in uniform.ops if op not in varying)
    top.after(totals)

    each = [*(op for op in uniform.ops if op in varying), *adding]
    # What the groups need is known once they are there, and only then which words trips add to.
    draft = MachineDag(trip.machine, each, groups.groups, order, {}, dict.fromkeys(adding, 0), once)
    read = dict.fromkeys([count, *_read_from(draft, once)])
    late = [*(op for op in uniform.ops if op in varying), *totals.made]
    if rest is not None:
        late_fixed = dict.fromkeys(totals.made, 0)
        other = MachineDag(trip.machine, late, rest.groups, rest_order, {}, late_fixed, once)
        read.update(dict.fromkeys(_read_from(other, once)))
    if cut.stays:
        read = {count: None}
    updates = {_update(op, by): op for op, by in uniform.running.items() if op in read}
    order += after_readers(updates, draft.shared, groups.groups)
    each += updates

    def dag_of_trip(machine: MachineSpec, fixed: dict[MOp, int]) -> MachineDag:
        return MachineDag(machine, each, groups.groups, order, {}, fixed, once)

    draft = dag_of_trip(trip.machine, dict.fromkeys([*updates, *totals.place], 0))
    crossing = dict.fromkeys([zero, *kept, *_read_from(draft, once)])
    fixed, left = _places(crossing, trip.machine)
    machine = replace(trip.machine, scratch_words=left)
    at = {op: fixed[op] for op in crossing}
    fixed.update((update, fixed[op]) for update, op in updates.items())
    fixed.update(totals.fixed(at))
    shared, constants = [op for op in uniform.ops if op in once], uniform.constants
    setup = MachineDag(machine, shared, [], top.order(once), constants, at)
    dags = CutDags(setup, dag_of_trip(machine, fixed), None, None, count)
    # What does not stay in scratch is made once more.
    ready = frozenset(op for op in once if op in crossing or not op.width)
    again = [op for op in uniform.ops if op not in ready]
    if rest is not None:
        shared = [*(op for op in again if op in once or op in varying), *totals.made]
        last = MachineDag(machine, shared, rest.groups, rest_order, constants, fixed, ready)
        dags = replace(dags, rest=last)
    if top.late:
        done = ready | frozenset(totals.place)
        end = MachineDag(machine, again, [], top.order(frozenset(again)), constants, fixed, done)
        dags = replace(dags, end=end)
    return dags


def _accumulate(totals: Accumulators, of: Instantiation, reductions: Iterable[Value]) -> None:
    """Add the results of all groups to the accumulators."""
    for value in reductions:
        for number, lanes in enumerate(of.selected):
            result = of.seen_outside(number, lanes.reduced[value])
            totals.add(value, result, lanes.group.lanes)


def _spread(assignment: Assignment, rest: LaneProgram) -> Assignment:
    wanted = [rest.groups(loop) for loop in rest.function.loops]
    return [
        [plans[(2 * k + 1) * len(plans) // (2 * count)] for k in range(count)]
        for plans, count in zip(assignment, wanted, strict=True)
    ]


def _varying(ops: Iterable[MOp], running: Mapping[MOp, Operand]) -> set[MOp]:
    """The shared operations that need a word that trips add to, or something from a group: each
    trip executes them."""
    found: set[MOp] = set()
    for op in ops:
        needs = [*sources(op), *(before for before, _ in op.order)]
        if any(isinstance(need, InGroup) or need in running or need in found for need in needs):
            found.add(op)
    return found.difference(running)


def _update(op: MOp, by: Operand) -> MOp:
    """Add ``by`` to the result of ``op`` where it stands."""
    operands = (Operand(op, stride=int(op.width > 1)), by)
    forms = (Form("alu", "+", operands, scalarised=op.width > 1),)
    if op.width > 1:
        forms = (Form("valu", "+", operands), *forms)
    return MOp(f"{op.name}'", forms, op.lanes, op.width)


def _read_from(dag: MachineDag, before: frozenset[MOp]) -> list[MOp]:
    """The results of operations ``before`` a part that the part reads."""
    found: dict[MOp, None] = {}
    by_template = {t: [s for op in t.ops for s in sources(op)] for t in dict.fromkeys(dag.groups)}
    read: list[tuple[Source, int]] = [(s, -1) for op in dag.shared for s in sources(op)]
    for group, template in enumerate(dag.groups):
        read += [(source, group) for source in by_template[template]]
    for source, group in read:
        op = source.member(group) if isinstance(source, PerGroup) else source
        if isinstance(op, MOp) and op in before:
            found[op] = None
    return list(found)


def _places(crossing: Iterable[MOp], machine: MachineSpec) -> tuple[dict[MOp, int], int]:
    """Addresses at the end of scratch, vectors last; the words that are left before them."""
    found: dict[MOp, int] = {}
    at = machine.scratch_words // machine.vlen * machine.vlen
    for op in sorted(crossing, key=lambda op: -op.width):
        at -= op.width if op.width == 1 else -(-op.width // machine.vlen) * machine.vlen
        found[op] = at
    left = at // machine.vlen * machine.vlen
    if left < machine.vlen:
        raise OutOfScratch(
            f"what all trips of a loop share does not fit into {machine.scratch_words} words"
        )
    return found, left

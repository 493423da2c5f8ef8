"""The way of a kernel as one list of stages, from text to a checked program.

Read :func:`stages` from top to bottom.  Each stage has a name, is timed under it, and can show what
it has made (``vliwc ir --stage NAME``); those that are passes can be left out (``--without``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from isa.arrays import KEY as ARRAYS
from isa.arrays import ArrayPlace
from isa.assembly import format_assembly
from isa.emitted import check_emitted
from isa.program import JSON, Program
from vliwc.analysis.bounds import check_bounds
from vliwc.analysis.facts import Facts
from vliwc.analysis.independence import clash
from vliwc.backend import parts as program_parts
from vliwc.backend.apply_scheduler import rescheduled
from vliwc.backend.candidates import Generated, balanced, generate
from vliwc.backend.emit import emit_parts
from vliwc.backend.machine_loop import choose_cut, generate_loop, may_be_cut
from vliwc.backend.relief import generate_spilled
from vliwc.backend.resume import KEY, read_hint
from vliwc.backend.rounds import RoundTrips, plan_rounds
from vliwc.clock import Clock
from vliwc.diagnostics import NOT_INDEPENDENT, Diagnostic, KernelError
from vliwc.ir.graph import Function
from vliwc.ir.text import print_function, print_value
from vliwc.isel.cut import can_cut, trip_of
from vliwc.isel.instantiate import instantiate
from vliwc.isel.program import STRATEGIES, Cut, LaneProgram
from vliwc.lang import CheckedKernel, ast
from vliwc.lang.binding import require_size
from vliwc.lang.lower import lower
from vliwc.mir.scheduling_problem import problem_of
from vliwc.mir.text import print_dag
from vliwc.options import Options, Relief
from vliwc.passes.base import Pass, run_passes
from vliwc.passes.forward_words import ForwardWords
from vliwc.passes.pipeline import passes_for
from vliwc.sched.check import check_schedule
from vliwc.sched.problem.bounds import lower_bound
from vliwc.sched.problem.json import problem_to_json
from vliwc.sched.problem.schedule import OutOfScratch
from vliwc.sched.problem.schedule_json import schedule_to_json
from vliwc.strategy.choose import Strategy, gather_only

SHORT = 100
"""Cycles of a program up to which the kernel as it is written, without passes, is tried as well:
passes spare little then, and what they leave may be for the engines that are busy.  By hand, on
outside inputs and random kernels."""
FEW = 5000
"""Values of a kernel as it is written, each as often as groups compute it, up to which it is
tried."""


@dataclass(eq=False)
class Unit:
    """A kernel on its way: each stage reads what those before it have made, and adds its own.

    ``relief``: what is done because scratch does not suffice.  ``counts``: the rounds
    of loops that have another number of them than in the text; None: that is to be found out.
    ``after``: the code comes after other code.  ``functions``: those that the program was chosen
    for, if there are several.
    """

    load: Callable[[], CheckedKernel]
    options: Options
    clock: Clock
    relief: Relief = Relief.NONE
    notes: list[str] = field(default_factory=list[str])
    counts: dict[ast.For, int] | None = None
    after: bool = False
    rounds: RoundTrips | None = None
    functions: tuple[Function, ...] = ()
    kernel: CheckedKernel = field(init=False)
    function: Function = field(init=False)
    lanes: LaneProgram = field(init=False)
    cut: Cut | None = field(init=False)
    strategies: list[Strategy] = field(init=False)
    generated: Generated = field(init=False)
    program: Program = field(init=False)
    lengths: tuple[int, ...] = field(init=False)


@dataclass(frozen=True)
class Part:
    """Something that a stage does for each of many candidates, shown for the one it chose."""

    name: str
    makes: str
    show: Callable[[Unit], str]


@dataclass(frozen=True)
class Stage:
    """One step of the way: ``run`` adds to the unit, ``show`` prints what the stage has made
    (``lane_ir``: it is the unit's function).

    ``show`` is for right after ``run``: later stages may put something else in its place.
    """

    name: str
    makes: str
    run: Callable[[Unit], None]
    show: Callable[[Unit], str]
    parts: tuple[Part, ...] = ()
    lane_ir: bool = False


def stages(options: Options) -> list[Stage]:
    """The stages of a compilation under ``options``, in order.

    Raises :class:`vliwc.options.OptionsError` for passes or strategies to leave out that do not
    exist.
    """
    also = STRATEGIES if options.level else ()
    selected = Part("instantiate", "machine DAG: a template per kind of group", _show_selected)
    derived = Part("derive-constants", "machine DAG, late constants as sums", _show_dag)
    problem = Part("problem", "scheduling problem of the DAG", _show_problem)
    return [
        Stage("front-end", "checked kernel with its sizes bound", _front_end, _show_kernel),
        Stage("lower", "lane IR: SSA values of one lane", _lower, _show_function, lane_ir=True),
        # The passes; their order, with its reasons, is in `vliwc.passes.pipeline`.
        *(_of_pass(each) for each in passes_for(options.level, options.without, also)),
        # Facts once more: the back end may ask about values that no pass has seen.
        Stage("analyse", "facts and affine forms of all values", _analyse, _show_facts),
        # Whether the groups of a loop are code of their own or trips of a machine loop: what
        # follows costs time for each group.
        Stage("cut", "number of groups in a trip of a machine loop", _cut, _show_cut),
        # Which group reads which table how, before any operation of a group exists: the choice
        # needs counts of operations only, and there are too many choices to build each.
        Stage("balance", "strategies to try", _balance, _show_strategies),
        # Its parts are the way of one candidate, a strategy under one order of groups.  Constants
        # are derived once a machine DAG tells when each of them is due.
        Stage(
            "schedule",
            "schedule of the best candidate",
            _schedule,
            _show_schedule,
            (selected, derived, problem) if options.level >= 2 else (selected, problem),
        ),
        # Another scheduler than `list` gets the best list schedule as a hint.
        Stage("apply-scheduler", "schedule of the scheduler asked for", _apply, _show_schedule),
        # By code that no scheduler shares.
        Stage("check", "the schedule, checked", _check, _show_schedule),
        Stage("emit", "program: bundles of slots", _emit, _show_program),
        # By rules of the machine that the emitter does not know.
        Stage("validate", "the program, checked", _validate, _show_program),
    ]


Result = TypeVar("Result")


def fitting(
    options: Options, attempt: Callable[[Options, Relief], Result]
) -> tuple[Result, list[str]]:
    """What ``attempt`` makes under ``options``, or at the highest level below at which the kernel
    fits into scratch: a level never fails where a lower one succeeds.  Where none does, once more
    from the top with each kind of relief.  With a note for the user on what was done.

    Raises :class:`vliwc.diagnostics.KernelError` where nothing fits.
    """
    refused: OutOfScratch | None = None
    hopeless: KernelError | None = None
    for relief in Relief:
        for level in range(options.level, -1, -1):
            at = options if refused is None else replace(options, level=level, without=())
            try:
                result = attempt(at, relief)
            except OutOfScratch as error:
                refused = error
            except KernelError as error:
                # Too many operations without a machine loop: what was wrong before counts.
                if relief is Relief.NONE:
                    raise
                if error.diagnostics[0].code == "E0901":
                    hopeless = hopeless or error
            else:
                note = [] if refused is None else [_fallen_back(options.level, level, relief)]
                return result, note
    if hopeless is not None:
        raise hopeless
    assert refused is not None
    raise KernelError([Diagnostic("E0901", str(refused))]) from refused


def _fallen_back(asked: int, level: int, relief: Relief) -> str:
    """What was done where the level that was asked for did not fit into scratch."""
    if relief is Relief.NONE:
        return f"-O{asked} does not fit into scratch: compiled at -O{level}"
    note = (
        "what operations share does not fit into scratch: each makes its own constants and loads "
        "its own table words"
    )
    if relief is Relief.SPILLED:
        note = "results that wait do not fit into scratch: they wait in memory that is free"
    return note if level == asked else f"{note}; compiled at -O{level}"


def _front_end(unit: Unit) -> None:
    unit.kernel = unit.load()


def _lower(unit: Unit) -> None:
    if unit.counts is None:
        unit.rounds = None if unit.relief else plan_rounds(unit.kernel, unit.options)
        unit.counts = {unit.rounds.loop: unit.rounds.rounds} if unit.rounds else {}
    unit.function = lower(unit.kernel, unit.options.max_unrolled, unit.counts)
    if unit.options.hint is not None:
        read_hint(unit.options.hint, unit.function)  # a wrong file is better refused at once


def _of_pass(each: Pass) -> Stage:
    def run(unit: Unit) -> None:
        # No trip of a machine loop knows the words of single lanes.
        if not isinstance(each, ForwardWords) or not may_be_cut(
            unit.kernel, unit.function, unit.options
        ):
            unit.function = run_passes(unit.function, [each], check=unit.options.verify)

    return Stage(each.name, "lane IR", run, _show_function, lane_ir=True)


def _analyse(unit: Unit) -> None:
    function = unit.function
    facts = Facts(function)
    unit.notes += [
        f"cannot prove that {value.array}[...] stays inside the array"
        + (f" ({value.span})" if value.span else "")
        for value in check_bounds(function, facts)
    ]
    left_out = {name for name in unit.options.without if name in STRATEGIES}
    if unit.options.level == 0:
        left_out.add("edges")
    unit.lanes = LaneProgram.of(
        function, facts, unit.options.machine, left_out=left_out, after=unit.after
    )


def _cut(unit: Unit) -> None:
    # Trips share what was made before the first one.
    if unit.relief:
        unit.cut = None
    elif unit.rounds is not None and can_cut(unit.function):
        groups = unit.lanes.groups(unit.function.loops[0])
        unit.cut = Cut(groups, unit.rounds.trips, 0, stays=True)
    else:
        unit.cut = choose_cut(unit.lanes, unit.options)
    if unit.cut is None and not unit.counts:
        machine = unit.options.machine
        require_size(unit.kernel, machine.vlen, unit.options.max_operations)
    if unit.cut is None:
        _require_independence(unit)


def _require_independence(unit: Unit) -> None:
    """Of loops that are no loops of the machine: those may have any number of iterations."""
    for loop in unit.function.loops:
        found = clash(unit.function, loop, unit.lanes.words(loop))
        if found is not None:
            message = (
                f"iterations {found.first} and {found.second} of a parallel loop both write "
                f"`{found.store.array}[{found.word}]`"
            )
            raise KernelError(
                [Diagnostic(NOT_INDEPENDENT, message, found.store.span)], unit.kernel.source
            )


def _balance(unit: Unit) -> None:
    lanes = unit.lanes if unit.cut is None else trip_of(unit.lanes, unit.cut)
    unit.strategies = [] if unit.relief else balanced(lanes, unit.options)


def _schedule(unit: Unit) -> None:
    told = unit.strategies, unit.options, unit.clock
    if unit.relief is Relief.SPILLED:
        unit.generated = generate_spilled(unit.lanes, unit.options, unit.clock, unit.kernel)
    elif unit.cut is None:
        unit.generated = generate(unit.lanes, *told, unshared=unit.relief is Relief.UNSHARED)
        if unit.relief is Relief.NONE and unit.rounds is None:
            _as_written(unit)
    else:
        unit.generated = generate_loop(unit.lanes, unit.cut, *told)
    if unit.rounds is not None and unit.rounds.rest:
        parts = *unit.generated.every_part, *_last_rounds(unit, unit.rounds)
        unit.generated = replace(unit.generated, parts=parts)


def _as_written(unit: Unit) -> None:
    """Take the program of -O0 where that is shorter: a level is never worse than one below."""
    options, cycles = unit.options, unit.generated.schedule.cycles
    if not options.level or options.without or options.hint is not None or cycles > SHORT:
        return
    plain = Unit(
        unit.load, replace(options, level=0), Clock(), counts=unit.counts, after=unit.after
    )
    plain.kernel, plain.cut, plain.strategies = unit.kernel, None, []
    _lower(plain)
    if _size(plain.function, options.machine.vlen) > FEW:
        return
    _analyse(plain)
    dag = instantiate(plain.lanes, gather_only(plain.lanes)).dag
    if lower_bound(problem_of(dag)).cycles >= cycles:
        return
    unit.functions = (*(unit.functions or (unit.function,)), plain.function)
    with suppress(OutOfScratch):
        _schedule(plain)
        if plain.generated.schedule.cycles < cycles:
            unit.function, unit.lanes = plain.function, plain.lanes
            unit.generated = replace(plain.generated, state=None)
            unit.notes.append("the operations as they are written, at -O0, gave the better program")


def _size(function: Function, vlen: int) -> int:
    """The values of a function, each as often as groups of lanes compute it."""
    groups = {loop.number: -(-loop.extent // vlen) for loop in function.loops}
    return sum(groups.get(value.loop, 1) for value in function)


def _last_rounds(unit: Unit, rounds: RoundTrips) -> Iterator[program_parts.Part]:
    """The rounds that fill no trip: the kernel once more, with so many rounds, after the others."""
    options = replace(unit.options, level=min(unit.options.level, 1))
    clock = Clock(unit.clock.progress)
    last = Unit(unit.load, options, clock, counts={rounds.loop: rounds.rest}, after=True)
    last.kernel = unit.kernel
    for stage in stages(options)[1:]:
        stage.run(last)
        if stage.name == "schedule":
            break
    for part in last.generated.every_part:
        alone = not last.generated.parts
        yield replace(part, name="last rounds" if alone else f"last rounds, {part.name}")


def _apply(unit: Unit) -> None:
    unit.generated = rescheduled(unit.generated, unit.options, unit.clock.progress)


def _check(unit: Unit) -> None:
    for part in unit.generated.every_part:
        check_schedule(part.problem, part.schedule)


def _emit(unit: Unit) -> None:
    program, unit.lengths = emit_parts(unit.generated.every_part, unit.options.machine)
    unit.program = replace(program, meta=_meta(unit))


def _validate(unit: Unit) -> None:
    check_emitted(unit.program)


def _meta(unit: Unit) -> dict[str, JSON]:
    """What the program file says of its origin, and what a later search can go on from."""
    meta: dict[str, JSON] = {
        "kernel": unit.kernel.name,
        "params": dict(unit.kernel.params),
        "level": unit.options.level,
        "seed": unit.options.seed,
    }
    places = [
        ArrayPlace(each.name, each.base, each.dimensions, each.role.value).to_json()
        for each in unit.kernel.arrays.values()
        if each.placed
    ]
    if places:
        meta[ARRAYS] = cast("list[JSON]", places)
    if unit.options.without:
        meta["without"] = list(unit.options.without)
    if unit.generated.state is not None:
        meta[KEY] = unit.generated.state.to_json()
    return meta


# What the stages show


def _show_kernel(unit: Unit) -> str:
    sizes = ", ".join(f"{name} = {value}" for name, value in unit.kernel.params.items())
    return f"// {unit.kernel.name}: {sizes or 'no parameters'}\n{unit.kernel.source.text}"


def _show_function(unit: Unit) -> str:
    return print_function(unit.function)


def _show_facts(unit: Unit) -> str:
    """The function with the interval and the known bits of each value."""
    facts = unit.lanes.facts
    known = {
        f"  {print_value(value)}": f"# {facts.lo(value)} .. {facts.hi(value)}, "
        f"zeros {facts.known_zero(value):#x}, ones {facts.known_one(value):#x}"
        for value in unit.function
    }
    lines = print_function(unit.function).splitlines()
    return "\n".join(f"{line}  {known[line]}" if line in known else line for line in lines) + "\n"


def _show_cut(unit: Unit) -> str:
    if unit.cut is None:
        return "no machine loop\n"
    return f"{unit.cut.trips} trips of {unit.cut.groups} groups, then {unit.cut.rest} lanes\n"


def _show_strategies(unit: Unit) -> str:
    """Which groups read which word how: a line for each read of each group of equal plans."""
    if not unit.strategies:
        return "gathers only\n"
    lines: list[str] = []
    for number, strategy in enumerate(unit.strategies):
        lines.append(f"strategy {number}")
        for part in strategy.loops:
            for path, plan in zip(part.assignment.paths, part.plans, strict=True):
                lines.append(f"  loop {part.loop.number}: {path.groups} groups")
                lines += [f"    {print_value(v)}: {way.name}" for v, way in plan.reads.items()]
    return "\n".join(lines) + "\n"


def _show_selected(unit: Unit) -> str:
    """The machine DAG anew: deriving constants has changed the one that is kept."""
    found = unit.generated
    if unit.cut is not None:
        return print_dag(found.dag)
    return print_dag(instantiate(unit.lanes, found.assignment, found.placements).dag)


def _show_dag(unit: Unit) -> str:
    return print_dag(unit.generated.dag)


def _show_problem(unit: Unit) -> str:
    return json.dumps(problem_to_json(unit.generated.problem)) + "\n"


def _show_schedule(unit: Unit) -> str:
    return json.dumps(schedule_to_json(unit.generated.schedule)) + "\n"


def _show_program(unit: Unit) -> str:
    return format_assembly(unit.program)
